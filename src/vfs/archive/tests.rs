//! Archives made by other programs' libraries, and by hand where those refuse; read as directories.

mod bounds;
mod hostile;

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use zip::write::SimpleFileOptions;

use super::opened::Opened;
use super::{ArchivePath, Data, Member, Most, Shelf, contents};
use crate::model::archive::{ArchiveKind, ArchiveUri};
use crate::model::{Entry, ErrorKind, Freshness, Kind, Name, Result, Uri};
use crate::vfs::local::LocalPath;
use crate::vfs::{DynPath, Precondition};

/// A member of a tar file as it is written by hand.
fn tarred(name: &[u8], kind: u8, link: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut block = [0u8; 512];
    block[..name.len()].copy_from_slice(name);
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
    block[136..148].copy_from_slice(b"00000001750\0");
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link);
    block[257..263].copy_from_slice(b"ustar\0");
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut out = block.to_vec();
    out.extend_from_slice(bytes);
    out.resize(out.len().div_ceil(512) * 512, 0);
    out
}

/// A member of a tar file: its name, kind, what it links to, its bytes.
type Tarred<'a> = (&'a [u8], u8, &'a [u8], &'a [u8]);

fn tar(members: &[Tarred<'_>]) -> Vec<u8> {
    let mut out: Vec<u8> =
        members.iter().flat_map(|(name, kind, link, bytes)| tarred(name, *kind, link, bytes)).collect();
    out.resize(out.len() + 1024, 0);
    out
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zip_of(members: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method).unix_permissions(0o640);
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.add_symlink("to", "a/one.txt", options).unwrap();
    writer.finish().unwrap().into_inner()
}

struct Place {
    dir: tempfile::TempDir,
    shelf: Arc<Shelf>,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), shelf: Arc::default() }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.dir.path().join(name), bytes).unwrap();
    }

    fn at(&self, name: &str, inner: &[u8]) -> DynPath {
        let file = self.dir.path().join(name);
        let at = ArchiveUri::new(Uri::Local(file.clone()), inner);
        Arc::new(ArchivePath::new(self.shelf.clone(), LocalPath::at(file), at))
    }
}

impl Place {
    async fn open(&self, name: &str) -> Arc<Opened> {
        self.shelf.open(&LocalPath::at(self.dir.path().join(name)), Freshness::Cached).await.unwrap()
    }
}

async fn rows(path: &DynPath) -> Result<Vec<Entry>> {
    let pages: Vec<_> = path.list(Freshness::Cached).try_collect().await?;
    Ok(pages.iter().flat_map(|page| page.entries.iter().cloned()).collect())
}

async fn names(path: &DynPath) -> Vec<(String, Kind)> {
    let rows = rows(path).await.unwrap();
    rows.iter().map(|row| (row.name.to_lossy().into_owned(), row.kind)).collect()
}

async fn read(path: &DynPath, range: Option<std::ops::Range<u64>>) -> Result<Bytes> {
    let pieces: Vec<Bytes> = path.read(range, Precondition::None).await?.try_collect().await?;
    Ok(pieces.concat().into())
}

fn noise(len: usize) -> Vec<u8> {
    (0..len as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 23) as u8).collect()
}

#[tokio::test]
async fn each_kind_is_listed_and_read_alike() {
    let place = Place::new();
    let big = noise(3_000_000);
    let plain = tar(&[
        (b"./a/one.txt", b'0', b"", b"one"),
        (b"a/b/big", b'0', b"", &big),
        (b"to", b'2', b"a/one.txt", b""),
    ]);
    place.write("x.tar", &plain);
    place.write("x.tar.gz", &gz(&plain));
    place.write("x.tar.zst", &zstd::encode_all(&plain[..], 1).unwrap());
    let members = [("a/one.txt", &b"one"[..]), ("a/b/big", &big)];
    place.write("x.zip", &zip_of(&members, zip::CompressionMethod::Deflated));
    place.write("y.zip", &zip_of(&members, zip::CompressionMethod::Stored));
    place.write("z.zip", &zip_of(&members, zip::CompressionMethod::Zstd));
    for name in ["x.tar", "x.tar.gz", "x.tar.zst", "x.zip", "y.zip", "z.zip"] {
        let root = place.at(name, b"");
        assert_eq!(names(&root).await, [("a".into(), Kind::Dir), ("to".into(), Kind::Symlink)], "{name}");
        let link = rows(&root).await.unwrap().remove(1).link.unwrap();
        assert_eq!((link.target, link.leads_to), (Name::from("a/one.txt"), None), "{name}");
        let dir = root.join(&Name::from("a"), Kind::Dir).unwrap();
        assert_eq!(names(&dir).await, [("one.txt".into(), Kind::File), ("b".into(), Kind::Dir)], "{name}");
        assert_eq!(read(&place.at(name, b"a/one.txt"), None).await.unwrap(), &b"one"[..], "{name}");
        let file = place.at(name, b"a/b/big");
        assert_eq!(read(&file, None).await.unwrap(), big, "{name}");
        for range in [0..10, 5..300_000, 1_000_000..2_500_000, 2_999_999..9_000_000, 300_000..300_001] {
            let wanted = &big[range.start as usize..(range.end as usize).min(big.len())];
            assert_eq!(read(&file, Some(range.clone())).await.unwrap(), wanted, "{name} {range:?}");
        }
        assert_eq!(read(&file, Some(3_000_000..3_000_001)).await.unwrap_err().kind, ErrorKind::Invalid);
        let entry = file.stat(Freshness::Past).await.unwrap();
        assert_eq!((entry.kind, entry.size), (Kind::File, Some(3_000_000)));
    }
}

#[tokio::test]
async fn parts_at_once_come_out_right() {
    let place = Place::new();
    let big = noise(6_000_000);
    place.write("x.zip", &zip_of(&[("big", &big)], zip::CompressionMethod::Deflated));
    let parts = (0..6u64).rev().map(|part| {
        let file = place.at("x.zip", b"big");
        async move { read(&file, Some(part * 1_000_000..(part + 1) * 1_000_000)).await.unwrap() }
    });
    let mut parts = futures::future::join_all(parts).await;
    parts.reverse();
    assert_eq!(parts.concat(), big);
}

#[tokio::test]
async fn hostile_names_are_names_by_their_bytes() {
    let place = Place::new();
    let members: &[Tarred<'_>] = &[
        (b"../up", b'0', b"", b"1"),
        (b"/abs", b'0', b"", b"2"),
        (b"a/../../b", b'0', b"", b"3"),
        (b"\xff\x1b[31m", b'0', b"", b"4"),
        (b"twice", b'0', b"", b"old"),
        (b"twice", b'0', b"", b"new"),
        (b"same", b'1', b"twice", b""),
        (b"lost", b'1', b"nowhere", b""),
        (b"dev", b'3', b"", b""),
    ];
    place.write("x.tar", &tar(members));
    let root = rows(&place.at("x.tar", b"")).await.unwrap();
    let shown: Vec<_> = root.iter().map(|row| (row.name.as_bytes(), row.kind)).collect();
    let wanted: Vec<(&[u8], Kind)> = vec![
        (b"..", Kind::Dir),
        (b"", Kind::Dir),
        (b"a", Kind::Dir),
        (b"\xff\x1b[31m", Kind::File),
        (b"twice", Kind::File),
        (b"same", Kind::File),
        (b"lost", Kind::File),
        (b"dev", Kind::Special),
    ];
    assert_eq!(shown, wanted);
    assert_eq!(read(&place.at("x.tar", b"../up"), None).await.unwrap(), &b"1"[..]);
    assert_eq!(read(&place.at("x.tar", b"/abs"), None).await.unwrap(), &b"2"[..]);
    assert_eq!(read(&place.at("x.tar", b"twice"), None).await.unwrap(), &b"new"[..]);
    assert_eq!(read(&place.at("x.tar", b"same"), None).await.unwrap(), &b"new"[..]);
    assert_eq!(read(&place.at("x.tar", b"lost"), None).await.unwrap_err().kind, ErrorKind::Unsupported);
    assert_eq!(read(&place.at("x.tar", b"dev"), None).await.unwrap_err().kind, ErrorKind::Unsupported);
    assert!(place.at("x.tar", b"").join(&Name::from("a/b"), Kind::File).is_err());
}

#[tokio::test]
async fn what_lies_about_its_bytes_is_damage() {
    let place = Place::new();
    let mut bytes = zip_of(&[("f", &noise(100_000))], zip::CompressionMethod::Deflated);
    let directory = bytes.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    let directory =
        bytes[..directory].windows(4).rposition(|four| four == b"PK\x01\x02").unwrap_or(directory);
    for (name, at, value) in [("crc.zip", 16, 7u32), ("less.zip", 24, 99_999), ("more.zip", 24, 100_001)] {
        let mut lying = bytes.clone();
        lying[directory + at..directory + at + 4].copy_from_slice(&value.to_le_bytes());
        place.write(name, &lying);
        let error = read(&place.at(name, b"f"), None).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt, "{name}: {error}");
    }
    bytes.truncate(bytes.len() / 2);
    place.write("cut.zip", &bytes);
    assert_eq!(rows(&place.at("cut.zip", b"")).await.unwrap_err().kind, ErrorKind::Corrupt);
    let plain = tar(&[(b"f", b'0', b"", &noise(9_000))]);
    place.write("cut.tar", &plain[..5_000]);
    assert_eq!(rows(&place.at("cut.tar", b"")).await.unwrap_err().kind, ErrorKind::Corrupt);
}

#[tokio::test]
async fn another_version_is_never_taken_for_this_one() {
    let place = Place::new();
    place.write("x.tar", &tar(&[(b"f", b'0', b"", b"one")]));
    let file = place.at("x.tar", b"f");
    let entry = file.stat(Freshness::Past).await.unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    place.write("x.tar", &tar(&[(b"other", b'0', b"", b"2"), (b"f", b'0', b"", b"two")]));
    let bound = Precondition::Matches(entry.tag.unwrap());
    assert_eq!(file.open(None, bound).await.unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(read(&file, None).await.unwrap(), &b"two"[..]);
}

#[tokio::test]
async fn nothing_is_written_and_what_is_missing_is_missing() {
    let place = Place::new();
    place.write("x.tar", &tar(&[(b"d/f", b'0', b"", b"one")]));
    for inner in [&b"no"[..], b"d/no", b"f"] {
        let path = place.at("x.tar", inner);
        assert_eq!(path.stat(Freshness::Cached).await.unwrap_err().kind, ErrorKind::NotFound);
        assert_eq!(rows(&path).await.unwrap_err().kind, ErrorKind::NotFound);
    }
    let file = place.at("x.tar", b"d/f");
    assert_eq!(rows(&file).await.unwrap_err().kind, ErrorKind::NotADirectory);
    assert_eq!(file.remove(Precondition::None).await.unwrap_err().kind, ErrorKind::ReadOnly);
    assert_eq!(file.mkdir().await.unwrap_err().kind, ErrorKind::ReadOnly);
    assert_eq!(file.parent().unwrap().uri(), place.at("x.tar", b"d/").uri());
    let above = place.at("x.tar", b"").parent().unwrap();
    assert_eq!(above.uri(), &Uri::Local(place.dir.path().to_path_buf()));
}

#[test]
fn a_directory_beyond_the_bounds_is_told() {
    let many: Vec<u8> = (0..50).flat_map(|at| tarred(format!("f{at}").as_bytes(), b'0', b"", b"")).collect();
    let most = Most { members: 20, held: 1 << 20, unpacked: 1 << 20 };
    let mut members = Vec::new();
    let error = contents(ArchiveKind::Tar, std::io::Cursor::new(&many), most, &mut members).unwrap_err();
    assert_eq!((error.kind(), members.len()), (std::io::ErrorKind::FileTooLarge, 20));
    let bomb = gz(&tar(&[(b"zeros", b'0', b"", &vec![0; 4 << 20])]));
    let error = contents(ArchiveKind::TarGz, std::io::Cursor::new(bomb), most, &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
}

proptest::proptest! {
    #[test]
    fn no_bytes_break_a_listing(
        mut bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2000),
        cut in 0usize..4000,
        at in 0usize..4000,
    ) {
        let most = Most { members: 100, held: 1 << 20, unpacked: 1 << 20 };
        let whole = zip_of(&[("a", b"one"), ("b", &noise(500))], zip::CompressionMethod::Deflated);
        let plain = tar(&[(b"a", b'0', b"", b"one"), (b"p", b'x', b"", b"12 path=abc\n"), (b"b", b'0', b"", b"")]);
        for seed in [whole, plain] {
            let mut seed = seed[..seed.len().min(cut)].to_vec();
            for (place, byte) in bytes.iter().take(3).enumerate() {
                if let Some(hit) = seed.get_mut(at + place * 7) {
                    *hit = *byte;
                }
            }
            bytes.extend(seed.clone());
            for bytes in [&seed, &bytes] {
                for kind in [ArchiveKind::Zip, ArchiveKind::Tar, ArchiveKind::TarGz, ArchiveKind::TarZst] {
                    let mut members = Vec::new();
                    let _ = contents(kind, std::io::Cursor::new(bytes), most, &mut members);
                    proptest::prop_assert!(members.len() <= 100);
                    let _ = super::tree::Tree::of(members, Some(""));
                }
            }
        }
    }
}
