//! Files that share their blocks with what is held.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crc_fast::{CrcAlgorithm, Digest};

use super::super::adopt::{copied, shares};
use super::super::files::Files;
use super::*;

const SIZE: u64 = 5 * BLOCK + 77;

fn large() -> Bounds {
    Bounds { max_size: 64 << 20, ..bounds(Eviction::Lru) }
}

fn content() -> Vec<u8> {
    (0..SIZE).map(|at| (((at * at) >> 7) ^ (at >> 20)) as u8).collect()
}

/// A file that was downloaded in parts of two blocks, and what came.
fn download(bed: &Bed) -> (File, Vec<Came>) {
    let bytes = content();
    let path = bed.dir.path().join("download");
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
    let parts = bytes.chunks(2 * BLOCK as usize).enumerate();
    let came = parts.map(|(at, part)| {
        let mut crc = Digest::new(CrcAlgorithm::Crc64Nvme);
        crc.update(part);
        (at as u64 * 2 * BLOCK, part.len() as u64, crc.finalize())
    });
    (file, came.collect())
}

/// A layer whose files are copied where blocks would be shared.
fn sharing(bounds: Bounds, share: fn(&File, &File) -> io::Result<()>) -> Bed {
    let mut bed = bed(bounds);
    let inner = Arc::get_mut(&mut bed.shelf.0).unwrap();
    inner.files = Files::sharing(&inner.files, share);
    bed
}

impl Bed {
    async fn adopt(&self, about: About, file: File, came: Vec<Came>) -> bool {
        self.shelf.adopt(about, &ticket(&operations()), file, came).await
    }
}

#[tokio::test]
async fn a_download_is_kept_with_its_blocks_and_lent_again() {
    let bed = sharing(large(), copied);
    let (file, came) = download(&bed);
    assert!(bed.adopt(about("k", SIZE), file, came).await);
    let held = bed.shelf.find(about("k", 0).name, 0..SIZE).await.unwrap();
    assert_eq!(held.pieces.len(), 6);
    let verified = bed.shelf.verify_all(&Selection::default(), |_, _| ()).await;
    assert_eq!(verified, Verified { files: 1, bytes: SIZE, damaged: 0 });
    let stats = bed.shelf.stats().await;
    assert_eq!((stats.bytes, stats.entries), (SIZE, 1));
    assert_eq!(bed.files().len(), 1);

    let lent = bed.shelf.lend(&held, &(0..SIZE)).unwrap();
    let mut bytes = vec![0; SIZE as usize];
    lent.open().unwrap().read_exact_at(&mut bytes, 0).unwrap();
    assert!(bytes == content());
    let first = &bytes[..BLOCK as usize];
    assert!(lent.is_right(&lent.pieces()[0], first) && !lent.is_right(&lent.pieces()[1], first));
    let some = bed.shelf.find(about("k", 0).name, 0..10).await.unwrap();
    assert!(bed.shelf.lend(&some, &(0..BLOCK)).is_some());
    assert!(bed.shelf.lend(&some, &(0..10)).is_none() && bed.shelf.lend(&some, &(0..2 * BLOCK)).is_none());
}

#[tokio::test]
async fn what_is_not_what_came_is_not_kept() {
    let bed = sharing(large(), copied);
    let (file, came) = download(&bed);
    let again = || file.try_clone().unwrap();
    assert!(!bed.adopt(about("short", SIZE - 1), again(), came.clone()).await);
    assert!(!bed.adopt(about("gap", SIZE), again(), came[1..].to_vec()).await);
    file.write_all_at(b"!", 3 * BLOCK).unwrap();
    assert!(!bed.adopt(about("changed", SIZE), again(), came).await);
    assert_eq!((bed.keys().await.len(), bed.files().len()), (0, 0), "nothing is left of them");
}

#[tokio::test]
async fn a_download_that_a_write_overtook_is_not_kept() {
    let bed = sharing(large(), copied);
    let operations = operations();
    let (before, (file, came)) = (ticket(&operations), download(&bed));
    operations.fence(touch_of(1)).end(Outcome::Known);
    let again = file.try_clone().unwrap();
    assert!(!bed.shelf.adopt(about("k1", SIZE), &before, again, came.clone()).await);
    assert_eq!((bed.keys().await.len(), bed.files().len()), (0, 0));
    assert!(bed.shelf.adopt(about("k1", SIZE), &ticket(&operations), file, came).await);
}

#[tokio::test]
async fn a_file_system_that_shares_nothing_and_bounds_that_are_too_small_keep_nothing() {
    let bed = sharing(large(), |_, _| Err(io::ErrorKind::Unsupported.into()));
    let (file, came) = download(&bed);
    assert!(!bed.adopt(about("k", SIZE), file, came).await);
    assert!(!bed.shelf.is_off(), "that is no failure");
    for bounds in [Bounds { max_size: 4 * SIZE - 4, ..large() }, Bounds { compress: true, ..large() }] {
        let bed = sharing(bounds, copied);
        let (file, came) = download(&bed);
        assert!(!bed.adopt(about("k", SIZE), file, came).await, "{bounds:?}");
        assert_eq!(bed.files().len(), 0);
    }
}

#[tokio::test]
async fn where_the_file_system_can_blocks_are_shared_and_else_nothing_is_copied() {
    let bed = bed(large());
    let (file, came) = download(&bed);
    let can = shares(bed.dir.path());
    assert_eq!(bed.adopt(about("k", SIZE), file, came).await, can);
    assert_eq!(bed.files().len(), usize::from(can));
}

#[tokio::test]
async fn what_is_packed_is_not_lent() {
    let bed = bed(Bounds { compress: true, ..large() });
    let mut fill = bed.shelf.fill(about("k", BLOCK), None);
    fill.push(&vec![7; BLOCK as usize].into()).await;
    assert!(fill.finish().await);
    let held = bed.shelf.find(about("k", 0).name, 0..BLOCK).await.unwrap();
    assert!(bed.shelf.lend(&held, &(0..BLOCK)).is_none());
}
