//! Members that can't be read, bombs, and names that no honest program writes.

use super::*;
use crate::vfs::archive::tree::Tree;

/// The place of a member's entry in the central directory of a zip file.
fn entry_of(bytes: &[u8], name: &[u8]) -> usize {
    let is_it = |at: &usize| bytes[*at..].starts_with(b"PK\x01\x02") && bytes[at + 46..].starts_with(name);
    (0..bytes.len() - 46 - name.len()).find(is_it).unwrap()
}

#[tokio::test]
async fn members_that_cant_be_read_say_why_and_the_others_are_read() {
    let place = Place::new();
    let unread: [(&str, u16, u16, &str); 8] = [
        ("secret", 1, 8, "it is encrypted"),
        ("aes", 1, 99, "it is encrypted"),
        ("bzip2", 0, 12, "by bzip2"),
        ("lzma", 0, 14, "by LZMA"),
        ("xz", 0, 95, "by xz"),
        ("deflate64", 0, 9, "by Deflate64"),
        ("ppmd", 0, 98, "by PPMd"),
        ("odd", 0, 4711, "by a method that isn't known"),
    ];
    let mut members = vec![("plain", &b"read"[..])];
    members.extend(unread.iter().map(|(name, ..)| (*name, &b"bytes"[..])));
    let mut bytes = zip_of(&members, zip::CompressionMethod::Deflated);
    for (name, flags, method, _) in unread {
        let at = entry_of(&bytes, name.as_bytes());
        bytes[at + 8] |= flags as u8;
        bytes[at + 10..at + 12].copy_from_slice(&method.to_le_bytes());
    }
    place.write("x.zip", &bytes);
    let listed = rows(&place.at("x.zip", b"")).await.unwrap();
    assert_eq!(listed.len(), members.len() + 1, "all are listed, and a link");
    assert_eq!(read(&place.at("x.zip", b"plain"), None).await.unwrap(), &b"read"[..]);
    for (name, _, _, why) in unread {
        let error = place.at("x.zip", name.as_bytes()).open(None, Precondition::None).await.unwrap_err();
        let told = error.to_string();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{told}");
        assert!(told.contains(why) && told.contains(&format!("x.zip!/{name}")), "{told}");
        assert!(told.contains("unpack it with another program"), "{told}");
    }
}

/// A zip file of empty members of one name, so many that its directory alone is large.
fn zip_of_many(members: u32) -> Vec<u8> {
    let mut head = [0u8; 47];
    head[..4].copy_from_slice(b"PK\x01\x02");
    head[28] = 1;
    head[46] = b'a';
    let mut out = head.repeat(members as usize);
    let mut end = [0u8; 22];
    end[..4].copy_from_slice(b"PK\x05\x06");
    end[12..16].copy_from_slice(&(out.len() as u32).to_le_bytes());
    out.extend(end);
    out
}

#[tokio::test]
async fn an_archive_of_too_many_members_is_not_entered() {
    let place = Place::new();
    place.write("x.zip", &zip_of_many(200_001));
    let error = rows(&place.at("x.zip", b"")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
    assert!(error.to_string().contains("more than 200000 members"), "{error}");
    place.write("x.zip", &zip_of_many(200_000));
    assert_eq!(rows(&place.at("x.zip", b"")).await.unwrap().len(), 1, "they all have one name");
}

#[test]
fn directories_that_are_only_implied_are_bounded() {
    let member = |at: usize| Member {
        path: [format!("{at}/").as_bytes(), &b"d/".repeat(2_000)].concat(),
        kind: Kind::Dir,
        size: 0,
        modified: None,
        mode: None,
        link: None,
        data: Data::None,
    };
    let error = Tree::of((0..1_000).map(member).collect(), None).unwrap_err();
    assert_eq!(error.to_string(), "its paths take too much memory");
    let long = Member { path: vec![b'x'; 5_000], kind: Kind::File, ..member(0) };
    assert_eq!(Tree::of(vec![long], None).unwrap_err().to_string(), "a path in it is too long");
}

#[tokio::test]
async fn an_archive_in_an_archive_is_a_file() {
    let place = Place::new();
    let inner = zip_of(&[("deep", b"1")], zip::CompressionMethod::Stored);
    place.write("x.zip", &zip_of(&[("in.zip", &inner)], zip::CompressionMethod::Deflated));
    let file = place.at("x.zip", b"in.zip");
    assert_eq!(file.uri().entered(), None, "there is nothing to enter");
    assert_eq!(read(&file, None).await.unwrap(), inner);
    assert_eq!(rows(&file).await.unwrap_err().kind, ErrorKind::NotADirectory);
}

#[tokio::test]
async fn names_of_zip_files_are_names_by_their_bytes() {
    let place = Place::new();
    let names =
        ["../up", "/abs", "C:/x", "..\\back\\x", "nul\0here", "a//b", "e\x1b[31m\u{202e}", "%2e%2e%2fx"];
    let members: Vec<_> = names.iter().map(|name| (*name, name.as_bytes())).collect();
    place.write("x.zip", &zip_of(&members, zip::CompressionMethod::Stored));
    let shown = names_of(&place.at("x.zip", b"")).await;
    let wanted = ["..", "", "C:", "..\\back\\x", "nul\0here", "a", "e\x1b[31m\u{202e}", "%2e%2e%2fx", "to"];
    assert_eq!(shown, wanted);
    for name in names {
        assert_eq!(read(&place.at("x.zip", name.as_bytes()), None).await.unwrap(), name.as_bytes());
    }
    // The same name twice, as an honest library refuses to write it: the later one counts.
    let mut twice = zip_of(&[("one", b"old"), ("two", b"new")], zip::CompressionMethod::Stored);
    while let Some(at) = twice.windows(3).position(|three| three == b"two") {
        twice[at..at + 3].copy_from_slice(b"one");
    }
    place.write("twice.zip", &twice);
    assert_eq!(names_of(&place.at("twice.zip", b"")).await, ["one", "to"]);
    assert_eq!(read(&place.at("twice.zip", b"one"), None).await.unwrap(), &b"new"[..]);
}

async fn names_of(path: &DynPath) -> Vec<String> {
    names(path).await.into_iter().map(|(name, _)| name).collect()
}
