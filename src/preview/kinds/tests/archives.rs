//! Archives as listings.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{LocalPath, Source, document, shape, show_as, text};
use crate::model::{ErrorKind, Freshness, ViewKind};

pub(super) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(super) fn tar_of(members: usize, size: usize) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for at in 0..members {
        let mut header = tar::Header::new_gnu();
        header.set_size(size as u64);
        header.set_mode(0o755);
        header.set_mtime(1_700_000_000);
        builder.append_data(&mut header, format!("dir/file-{at}"), &vec![0; size][..]).unwrap();
    }
    builder.into_inner().unwrap()
}

#[tokio::test]
async fn an_archive_is_listed() {
    for (name, bytes) in [("x.tar", tar_of(2, 10)), ("x.tgz", gz(&tar_of(2, 10)))] {
        let document = show_as(ViewKind::Archive, name, &bytes).await.unwrap();
        let lines = text(&document);
        assert_eq!(lines[0], "mode       │ size │ modified         │ name", "{name}");
        assert_eq!(lines[2], "-rwxr-xr-x │   10 │ 2023-11-14 22:13 │ dir/file-0", "{name}");
        assert_eq!((lines.len(), document.warning), (4, None), "{name}");
    }
}

#[tokio::test]
async fn an_archive_bomb_is_cut_and_says_so() {
    let begin = Instant::now();
    let bomb = gz(&tar_of(12, 4 << 20));
    let document = show_as(ViewKind::Archive, "x.tar.gz", &bomb).await.unwrap();
    let warning = document.warning.unwrap();
    assert!(warning.starts_with("only the first") && document.lines.len() < 14, "{warning}");
    let many = tar_of(10_050, 0);
    let document = show_as(ViewKind::Archive, "x.tar", &many).await.unwrap();
    // On a busy machine its time may be over first.
    assert!(document.warning.is_some() && document.lines.len() <= 10_002);
    assert!(begin.elapsed() < Duration::from_mins(2), "it is bounded, whatever else the machine does");
}

/// A zip file of empty members, so many that its directory alone is large.
pub(super) fn zip_of(members: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..members {
        let mut head = [0u8; 46];
        head[..4].copy_from_slice(b"PK\x01\x02");
        head[28] = 1;
        out.extend(head);
        out.push(b'a');
    }
    let size = out.len() as u32;
    let mut end = [0u8; 22];
    end[..4].copy_from_slice(b"PK\x05\x06");
    end[12..16].copy_from_slice(&size.to_le_bytes());
    out.extend(end);
    out
}

#[tokio::test]
async fn a_zip_of_half_a_million_members_is_cut_early() {
    let document = show_as(ViewKind::Archive, "x.zip", &zip_of(500_000)).await.unwrap();
    assert!(document.warning.unwrap().contains("more than 10000 members"));
    assert_eq!(document.lines.len(), 10_002);
}

#[tokio::test]
async fn a_packed_member_is_shown_from_its_beginning_only() {
    use crate::model::archive::ArchiveUri;
    use crate::vfs::archive::{ArchivePath, Shelf};
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("big", zip::write::SimpleFileOptions::default()).unwrap();
    let lines = "a line of text\n".repeat(1 << 16);
    for _ in 0..48 {
        writer.write_all(lines.as_bytes()).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.zip");
    std::fs::write(&file, writer.finish().unwrap().into_inner()).unwrap();
    let at = ArchiveUri::new(crate::model::Uri::Local(file.clone()), b"big");
    let path = Arc::new(ArchivePath::new(Arc::<Shelf>::default(), LocalPath::at(file), at));
    let entry = crate::vfs::VfsPath::stat(&*path, Freshness::Cached).await.unwrap();
    let source = Arc::new(Source::open(path, entry).await.unwrap());
    assert_eq!(source.len(), 32 << 20);
    assert_eq!(source.read((32 << 20) - 5..u64::MAX).await.unwrap().len(), 5);
    let error = document(ViewKind::Parquet, &source, &shape(40)).await.unwrap_err();
    assert!(error.kind == ErrorKind::Unsupported && error.reason.contains("it is packed"), "{error}");
    let table = document(ViewKind::Table, &source, &shape(40)).await.unwrap();
    assert!(
        table.warning.as_ref().unwrap().contains("only the first 33.6 MB of 47.2 MB"),
        "{:?}",
        table.warning
    );
}
