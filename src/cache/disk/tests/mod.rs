//! A layer by itself: bounds, orders, ages, what is lost and found.

mod adopt;
mod former;
mod writes;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::cache::ops::{BodyTicket, Change, Extent, Outcome, SharedOpCache, Touch};
use crate::cache::{Clock, Moment};
use crate::config::{Eviction, OpCacheSettings};
use crate::model::{S3Uri, Timestamp};

/// A clock that can be set to any time; before all times it panics.
#[derive(Debug)]
struct Wall(Mutex<i64>);

/// A time at which asking for it is a defect.
const NEVER: i64 = i64::MIN;

impl Clock for Wall {
    fn now(&self) -> Moment {
        Moment::default()
    }

    fn wall(&self) -> Timestamp {
        let now = *self.0.lock();
        assert!(now != NEVER, "a defect between the bytes and their row");
        Timestamp(now)
    }
}

struct Bed {
    dir: TempDir,
    clock: Arc<Wall>,
    shelf: Shelf,
}

const HOUR: i64 = 3_600_000;

fn bounds(eviction: Eviction) -> Bounds {
    Bounds {
        max_size: 4000,
        max_entries: 10,
        max_age: Duration::from_hours(24),
        eviction,
        interval: Duration::from_hours(1),
        compress: false,
    }
}

fn bed(bounds: Bounds) -> Bed {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(Wall(Mutex::new(1000 * HOUR)));
    let cabinet = Cabinet::with_clock(Some(dir.path().join("state")), clock.clone());
    let shelf = cabinet.shelf("objects", dir.path().join("files"), bounds, None);
    Bed { dir, clock, shelf }
}

fn about(key: &str, size: u64) -> About {
    About {
        name: FileName::of(&[key.as_bytes()]),
        connection: "s3".into(),
        endpoint: "aws".into(),
        bucket: "b".into(),
        key: key.into(),
        version: None,
        tag: "tag".into(),
        size,
        head: None,
    }
}

fn operations() -> SharedOpCache {
    SharedOpCache::new(OpCacheSettings::default())
}

/// The right to keep the body of `k1`.
fn ticket(operations: &SharedOpCache) -> BodyTicket {
    operations.begin_body(&"aws".into(), &"b".into(), &"k1".into())
}

fn touch_of(key: usize) -> Touch {
    let extent = Extent::Key(format!("k{key}").into(), Change::Added);
    Touch { endpoint: "aws".into(), bucket: "b".into(), extent }
}

impl Bed {
    async fn put(&self, key: &str, size: usize) -> bool {
        // Of its own, so that no two are one file.
        let bytes: Vec<u8> = key.bytes().cycle().take(size).collect();
        let mut fill = self.shelf.fill(about(key, size as u64), None);
        fill.push(&bytes.into()).await;
        fill.finish().await
    }

    async fn has(&self, key: &str) -> bool {
        self.shelf.find(FileName::of(&[key.as_bytes()]), 0..u64::MAX).await.is_some()
    }

    async fn keys(&self) -> Vec<String> {
        let listed = self.shelf.list(&Selection::default(), 0, 1000).await;
        listed.iter().map(|entry| entry.location.as_ref().unwrap().key.to_string()).collect()
    }

    fn files(&self) -> Vec<PathBuf> {
        let shards = fs::read_dir(self.dir.path().join("files")).into_iter().flatten().flatten();
        shards
            .flat_map(|shard| fs::read_dir(shard.path()).unwrap())
            .map(|file| file.unwrap().path())
            .collect()
    }
}

#[tokio::test]
async fn what_gives_way_is_what_the_setting_says() {
    for (eviction, left) in [
        (Eviction::Lru, ["a", "c", "d"]),
        (Eviction::Fifo, ["b", "c", "d"]),
        (Eviction::Size, ["a", "b", "d"]),
    ] {
        let bed = bed(Bounds { max_entries: 3, ..bounds(eviction) });
        bed.put("a", 100).await;
        bed.put("b", 200).await;
        bed.put("c", 300).await;
        bed.shelf.served(about("a", 0).name, false);
        bed.put("d", 250).await;
        assert_eq!(bed.keys().await, left, "{eviction:?}");
        let stats = bed.shelf.stats().await;
        assert_eq!((stats.entries, stats.all.evictions), (3, 1));
        assert_eq!(bed.files().len(), 3);
    }
}

#[tokio::test]
async fn one_file_takes_a_quarter_at_most() {
    let bed = bed(bounds(Eviction::Lru));
    assert!(bed.put("quarter", 1000).await);
    assert!(!bed.put("more", 1001).await);
    assert_eq!(bed.keys().await, ["quarter"]);
    assert_eq!(bed.files().len(), 1);
}

#[tokio::test]
async fn what_is_pinned_stays() {
    let bed = bed(Bounds { max_entries: 2, ..bounds(Eviction::Lru) });
    bed.put("a", 10).await;
    assert!(bed.shelf.pin(about("a", 0).name, true).await);
    assert!(!bed.shelf.pin(about("none", 0).name, true).await);
    for key in ["b", "c", "d"] {
        bed.put(key, 10).await;
    }
    *bed.clock.0.lock() += 1000 * HOUR;
    bed.shelf.clean().await;
    assert_eq!(bed.keys().await, ["a"]);
    assert!(bed.has("a").await);
}

#[tokio::test]
async fn age_counts_from_the_last_use_and_no_clock_that_is_set_back_breaks_it() {
    let bed = bed(bounds(Eviction::Lru));
    bed.put("old", 10).await;
    bed.put("used", 10).await;
    *bed.clock.0.lock() += 20 * HOUR;
    bed.shelf.served(about("used", 0).name, true);
    *bed.clock.0.lock() += 5 * HOUR;
    assert!(!bed.has("old").await, "past its age, cleaned or not");
    assert!(bed.has("used").await);
    bed.shelf.clean().await;
    assert_eq!((bed.keys().await, bed.files().len()), (vec!["used".to_owned()], 1));

    *bed.clock.0.lock() -= 500 * HOUR;
    assert!(bed.has("used").await);
    bed.put("new", 10).await;
    bed.shelf.clean().await;
    assert_eq!(bed.keys().await, ["new", "used"]);
    *bed.clock.0.lock() += 25 * HOUR;
    assert!(!bed.has("used").await, "a day after the clock was set back, not after 500 hours");
    assert!(!bed.has("new").await);
}

#[tokio::test]
async fn files_and_rows_that_lost_each_other_are_removed() {
    let bed = bed(bounds(Eviction::Lru));
    for key in ["a", "b"] {
        bed.put(key, 10).await;
    }
    let lost = bed.dir.path().join("files").join(about("a", 0).name.path());
    fs::remove_file(lost).unwrap();
    let orphan = bed.dir.path().join("files").join(FileName::of(&[b"orphan"]).path());
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, "x").unwrap();
    let foreign = orphan.with_file_name("somebody's");
    fs::write(&foreign, "x").unwrap();
    let temp = orphan.with_file_name(".new-0");
    fs::write(&temp, "x").unwrap();
    bed.shelf.clean().await;
    assert_eq!(bed.keys().await, ["b"]);
    assert_eq!(
        [orphan.exists(), foreign.exists(), temp.exists()],
        [false, true, true],
        "a new file is in work"
    );
    let past = std::time::SystemTime::now() - Duration::from_hours(1);
    fs::File::options().write(true).open(&temp).unwrap().set_modified(past).unwrap();
    bed.shelf.clean().await;
    assert!(!temp.exists());
    assert_eq!(bed.shelf.stats().await.entries, 1);
}

#[tokio::test]
async fn a_panic_between_the_bytes_and_their_row_leaves_nothing_wrong() {
    let bed = bed(Bounds { max_size: 64 << 20, ..bounds(Eviction::Lru) });
    let size = 3 * BLOCK;
    let mib = bytes::Bytes::from(vec![7; BLOCK as usize]);
    let now = *bed.clock.0.lock();
    // With no piece kept so far, and with one.
    for kept in [0, 1] {
        let (clock, mib) = (bed.clock.clone(), mib.clone());
        let mut fill = bed.shelf.fill(about(&format!("k{kept}"), size), None);
        let task = tokio::spawn(async move {
            for _ in 0..kept {
                fill.push(&mib).await;
            }
            *clock.0.lock() = NEVER;
            fill.push(&mib).await;
        });
        assert!(task.await.unwrap_err().is_panic());
        *bed.clock.0.lock() = now;
    }
    let cabinet = Cabinet::with_clock(Some(bed.dir.path().join("state")), bed.clock.clone());
    let shelf = cabinet.shelf("objects", bed.dir.path().join("files"), *bed.shelf.bounds(), None);
    assert!(shelf.find(about("k0", 0).name, 0..size).await.is_none());
    let held = shelf.find(about("k1", 0).name, 0..size).await.unwrap();
    assert_eq!(held.pieces.iter().map(|piece| (piece.start, piece.len)).collect::<Vec<_>>(), [(0, BLOCK)]);
    let verified = shelf.verify_all(&Selection::default(), |_, _| ()).await;
    assert_eq!(verified, Verified { files: 1, bytes: BLOCK, damaged: 0 });
    let past = std::time::SystemTime::now() - Duration::from_hours(1);
    let left = bed.files();
    assert_eq!(left.len(), 1, "the new file went with its fill: {left:?}");
    for file in left {
        fs::File::options().write(true).open(file).unwrap().set_modified(past).unwrap();
    }
    shelf.clean().await;
    assert_eq!(bed.files(), [bed.dir.path().join("files").join(about("k1", 0).name.path())]);
    let mut fill = shelf.fill(about("k0", size), None);
    for _ in 0..3 {
        fill.push(&mib).await;
    }
    assert!(fill.finish().await, "it is filled as if nothing had been");
}

#[tokio::test]
async fn a_state_file_that_is_replaced_loses_nothing_but_what_was_held() {
    let bed = bed(bounds(Eviction::Lru));
    bed.put("a", 10).await;
    bed.shelf.settle().await;
    let cabinet = Cabinet::new(Some(bed.dir.path().join("another")));
    let shelf = cabinet.shelf("objects", bed.dir.path().join("files"), bounds(Eviction::Lru), None);
    assert!(shelf.find(about("a", 0).name, 0..1).await.is_none());
    shelf.clean().await;
    assert_eq!(bed.files().len(), 1, "another index may know it");
    fs::remove_file(&bed.files()[0]).unwrap();
    assert!(bed.has("a").await, "its row is there");
    let held = bed.shelf.find(about("a", 0).name, 0..10).await.unwrap();
    assert!(bed.shelf.bytes(&held, &held.pieces[0]).await.is_none());
    assert!(!bed.has("a").await, "and goes when its file is missed");
}

#[tokio::test]
async fn verifying_finds_what_is_damaged_and_clearing_leaves_nothing() {
    let bed = bed(bounds(Eviction::Lru));
    for key in ["x/a", "x/b", "y"] {
        bed.put(key, 10).await;
    }
    let path = bed.dir.path().join("files").join(about("x/a", 0).name.path());
    fs::write(path, "xxxxxxxxxx").unwrap();
    let all = Selection::default();
    let told = Mutex::new(BTreeMap::new());
    let verified = bed.shelf.verify_all(&all, |entry, one| {
        told.lock().insert(entry.location.as_ref().unwrap().key.to_string(), one.damaged);
    });
    assert_eq!(verified.await, Verified { files: 3, bytes: 20, damaged: 1 });
    assert_eq!(told.lock()["x/a"], 1);
    let below = Selection { prefix: "x/".into(), ..Selection::default() };
    assert_eq!(bed.shelf.list(&below, 1, 5).await.len(), 1);
    assert_eq!(bed.shelf.remove_selected(&below).await, 2);
    assert_eq!(bed.keys().await, ["y"]);
    assert_eq!(bed.shelf.clear().await, 1);
    assert_eq!((bed.files().len(), bed.shelf.stats().await.bytes), (0, 0));
}

#[tokio::test]
async fn what_was_made_of_members_goes_with_their_archive() {
    let bed = bed(bounds(Eviction::Lru));
    for key in ["s3://b/p/x.zip!/a", "s3://b/q", "minio://b/p/x.zip!/a", "/disk/s3://b/p/x.zip!/a"] {
        let member = About { connection: "".into(), endpoint: "".into(), bucket: "".into(), ..about(key, 1) };
        let mut fill = bed.shelf.fill(member, None);
        fill.push(&key.as_bytes()[..1].to_vec().into()).await;
        assert!(fill.finish().await);
    }
    bed.put("p/x.zip", 10).await;
    let of = Selection::below(&S3Uri::new("s3", "b", "p/x.zip"));
    assert_eq!(bed.shelf.count_selected(&of).await.entries, 2);
    assert_eq!(bed.shelf.list(&of, 0, 9).await.len(), 2);
    assert_eq!(bed.shelf.remove_selected(&of).await, 2);
    assert_eq!(bed.shelf.list(&Selection::default(), 0, 9).await.len(), 3);
    assert_eq!(bed.shelf.remove_selected(&Selection::below(&S3Uri::buckets("s3"))).await, 1);
}

/// What the files take on disk.
fn on_disk(bed: &Bed) -> u64 {
    bed.files().iter().map(|file| file.metadata().unwrap().len()).sum()
}

#[derive(Clone, Debug)]
enum Act {
    Put(u8, u16),
    Use(u8),
    Remove(u8),
    Clean,
    Later(u8),
    Earlier(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..30u8, 0..1200u16).prop_map(|(key, size)| Act::Put(key, size)),
        3 => (0..30u8).prop_map(Act::Use),
        1 => (0..30u8).prop_map(Act::Remove),
        1 => Just(Act::Clean),
        1 => (0..30u8).prop_map(Act::Later),
        1 => (0..30u8).prop_map(Act::Earlier),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_use_takes_it_over_its_bounds(
        acts in prop::collection::vec(act(), 1..60),
        eviction in prop_oneof![Just(Eviction::Lru), Just(Eviction::Fifo), Just(Eviction::Size)],
    ) {
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        tokio.block_on(async {
            let bed = bed(bounds(eviction));
            for act in acts {
                match act {
                    Act::Put(key, size) => drop(bed.put(&key.to_string(), size.into()).await),
                    Act::Use(key) => bed.shelf.served(about(&key.to_string(), 0).name, false),
                    Act::Remove(key) => bed.shelf.remove(about(&key.to_string(), 0).name).await,
                    Act::Clean => bed.shelf.clean().await,
                    Act::Later(hours) => *bed.clock.0.lock() += i64::from(hours) * HOUR,
                    Act::Earlier(hours) => *bed.clock.0.lock() -= i64::from(hours) * HOUR,
                }
                let stats = bed.shelf.stats().await;
                assert!(stats.bytes <= 4000 && stats.entries <= 10, "{stats:?}");
                assert!(on_disk(&bed) <= 4000, "{} bytes on disk", on_disk(&bed));
                assert_eq!(bed.files().len() as u64, stats.entries);
            }
            let verified = bed.shelf.verify_all(&Selection::default(), |_, _| ()).await;
            assert_eq!(verified.damaged, 0);
        });
    }
}
