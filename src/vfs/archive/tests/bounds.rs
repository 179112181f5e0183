//! What archives may cost: memory for names, room on the disk for looks, requests for links.

use std::time::Duration;

use futures::StreamExt;

use super::super::opened::outer_tag;
use super::super::shelf::Slot;
use super::super::tree::Tree;
use super::*;
use crate::model::Timestamp;
use crate::vfs::Fetch;
use crate::vfs::faulty::{Call, Script};
use crate::vfs::memory::Memory;

const MIB: usize = 1 << 20;

fn listed(kind: ArchiveKind, bytes: &[u8], held: usize) -> (String, usize) {
    let most = Most { members: 200_000, held, unpacked: 64 << 30 };
    let mut members = Vec::new();
    let error = contents(kind, std::io::Cursor::new(bytes), most, &mut members).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge, "{error}");
    (error.to_string(), members.iter().map(|member| member.path.len()).sum())
}

#[test]
fn long_names_are_refused_where_they_are_read() {
    let name = vec![b'n'; MIB];
    let half = &name[..MIB / 2];
    let pax = [format!("{} path=", half.len() + 13).as_bytes(), half, b"\n"].concat();
    for (kind, text) in [(b'L', &name), (b'K', &name), (b'x', &pax)] {
        let member = [tarred(b"././@LongLink", kind, b"", text), tarred(b"f", b'0', b"", b"")].concat();
        let mut packer = zstd::Encoder::new(Vec::new(), 1).unwrap();
        for _ in 0..300 {
            packer.write_all(&member).unwrap();
        }
        let (why, held) = listed(ArchiveKind::TarZst, &packer.finish().unwrap(), 128 * MIB);
        assert!(why.contains("longer than 4096 bytes") && held == 0, "{why}, {held} bytes held");
    }
}

#[test]
fn many_names_are_bounded_while_they_are_read() {
    let long = "n".repeat(4_000);
    let member =
        [tarred(b"././@LongLink", b'L', b"", long.as_bytes()), tarred(b"f", b'0', b"", b"")].concat();
    let (why, held) = listed(ArchiveKind::Tar, &member.repeat(600), MIB);
    assert!(why.contains("too much memory") && held <= MIB, "{why}, {held} bytes held");
    let names: Vec<String> = (0..600).map(|at| format!("{at}{long}")).collect();
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let packed = zip_of(&members, zip::CompressionMethod::Stored);
    let (why, held) = listed(ArchiveKind::Zip, &packed, MIB);
    assert!(why.contains("too much memory") && held <= MIB, "{why}, {held} bytes held");
}

#[tokio::test]
async fn a_look_unpacks_no_more_than_its_bound_and_a_copy_all() {
    let place = Place::new();
    let mut bytes = vec![0; 48 * MIB];
    bytes[..4].copy_from_slice(b"PAR1");
    let members = [("big", &bytes[..]), ("small", &bytes[..40])];
    place.write("x.zip", &zip_of(&members, zip::CompressionMethod::Deflated));
    place.write("y.zip", &zip_of(&members, zip::CompressionMethod::Stored));
    let file = place.at("x.zip", b"big");
    let entry = file.stat(Freshness::Cached).await.unwrap();
    let look = Fetch::view(entry);
    assert_eq!(file.reach().await.unwrap(), Some(32 << 20));
    assert_eq!(place.at("x.zip", b"small").reach().await.unwrap(), None);
    assert_eq!(place.at("y.zip", b"big").reach().await.unwrap(), None, "what isn't packed has a middle");
    let end = bytes.len() as u64;
    let seen = async |range: std::ops::Range<u64>| -> Result<Vec<Bytes>> {
        file.fetch(Some(range), &look).await?.body.try_collect().await
    };
    assert_eq!(seen(0..4).await.unwrap().concat(), b"PAR1");
    assert_eq!(seen(end - 8..end).await.unwrap_err().kind, ErrorKind::Unsupported);
    assert_eq!(seen((32 << 20) - 8..32 << 20).await.unwrap().concat(), [0; 8]);
    let opened = place.open("x.zip").await;
    assert!(opened.spooled() <= 33 << 20, "{} bytes on the disk", opened.spooled());
    assert_eq!(read(&file, Some(end - 8..end)).await.unwrap(), [0; 8][..]);
}

#[tokio::test]
async fn what_nobody_reads_any_more_gives_its_room_on_the_disk_back() {
    let place = Place::new();
    let bytes = noise(3 * MIB);
    place.write("x.zip", &zip_of(&[("big", &bytes[..])], zip::CompressionMethod::Deflated));
    let file = place.at("x.zip", b"big");
    let end = bytes.len() as u64;
    assert_eq!(read(&file, Some(end - 8..end)).await.unwrap(), bytes[bytes.len() - 8..]);
    let opened = place.open("x.zip").await;
    // It is in use while it is read.
    let reader = file.read(Some(MIB as u64..end), Precondition::None).await.unwrap();
    assert_eq!(opened.spooled(), end);
    tokio::time::timeout(Duration::from_secs(20), async {
        while opened.spooled() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("it goes");
    let rest: Vec<Bytes> = reader.try_collect().await.unwrap();
    assert!(rest.concat() == bytes[MIB..], "who reads is served");
}

#[tokio::test]
async fn who_reads_is_served_though_the_archive_is_held_no_more() {
    let place = Place::new();
    // What doesn't get smaller, so that the archive itself is read all the while.
    let mut bytes = vec![0; 12 * MIB];
    fastrand::Rng::with_seed(7).fill(&mut bytes);
    place.write("x.zip", &zip_of(&[("big", &bytes[..])], zip::CompressionMethod::Deflated));
    let file = place.at("x.zip", b"big");
    let mut reader = file.read(Some(MIB as u64..bytes.len() as u64), Precondition::None).await.unwrap();
    let mut came = reader.next().await.unwrap().unwrap().to_vec();
    for at in 0..6 {
        let other = format!("{at}.tar");
        place.write(&other, &tar(&[(b"a", b'0', b"", b"a")]));
        rows(&place.at(&other, b"")).await.unwrap();
    }
    while let Some(bytes) = reader.next().await {
        came.extend_from_slice(&bytes.unwrap());
    }
    assert!(came == bytes[MIB..]);
}

#[test]
fn an_archive_without_a_tag_tells_nothing_of_its_members_and_is_known_by_its_time() {
    let entry = |modified| Entry {
        size: Some(10),
        modified: Some(Timestamp(modified)),
        ..Entry::new("x.tar".into(), Kind::File)
    };
    let slot = Slot::new(&entry(1));
    assert!(slot.is_of(&entry(1), Freshness::Cached));
    assert!(!slot.is_of(&entry(1), Freshness::Past), "nothing proves it");
    assert!(!slot.is_of(&entry(2), Freshness::Cached));
    assert_eq!(outer_tag(&entry(1)), None);
    let member = Member {
        path: b"a".to_vec(),
        kind: Kind::File,
        size: 3,
        modified: None,
        mode: None,
        link: None,
        data: Data::At(512),
    };
    let tree = Tree::of(vec![member], None).unwrap();
    assert_eq!(tree.get(b"a").unwrap().entry.tag, None);
}

/// A zip file of links, so much apart.
fn zip_of_links(links: usize, apart: usize) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for at in 0..links {
        writer.add_symlink(format!("l{at:03}"), format!("to{at}"), options).unwrap();
        writer.start_file(format!("f{at:03}"), options).unwrap();
        writer.write_all(&vec![0; apart]).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[tokio::test]
async fn the_links_of_a_zip_on_a_service_cost_few_requests() {
    for (links, apart, told) in [(300, 100, 300), (40, 300 << 10, 16)] {
        let memory = Arc::new(Memory::like_s3("s3"));
        memory.put("b/x.zip", zip_of_links(links, apart));
        let script = Script::new();
        let outer = script.wrap(memory.at_key("b/x.zip"));
        let at = ArchiveUri::new(outer.uri().clone(), b"");
        let root: DynPath = Arc::new(ArchivePath::new(Arc::default(), outer, at));
        let rows = rows(&root).await.unwrap();
        let targets = rows.iter().filter_map(|row| row.link.as_ref()).map(|link| link.target.clone());
        let wanted: Vec<_> = (0..told).map(|at| Name::from(&*format!("to{at}"))).collect();
        assert_eq!(targets.collect::<Vec<_>>(), wanted);
        assert_eq!(rows.iter().filter(|row| row.kind == Kind::Special).count(), links - told);
        assert!(script.count(Call::Read) <= 24, "{} requests", script.count(Call::Read));
    }
}
