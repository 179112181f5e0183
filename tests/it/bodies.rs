//! Bodies of objects on disk, over HTTP: requests and bytes are counted at the server.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bifold::cache::DiskCaches;
use bifold::cache::disk::{Cabinet, Selection};
use bifold::cache::ops::SharedOpCache;
use bifold::config::{Connection, Dirs, Settings};
use bifold::model::{Entry, ErrorKind, Freshness};
use bifold::vfs::registry::Registry;
use bifold::vfs::{DynPath, Fetch, Precondition, Trust};
use bytes::Bytes;
use demo::{Options, Server};
use parking_lot::Mutex;
use tempfile::TempDir;

use crate::support::*;

const MIB: usize = 1 << 20;

/// A home for caches, and bifold on a server with that home.
pub struct Bed {
    pub server: Server,
    pub home: TempDir,
    pub settings: Settings,
}

impl Bed {
    pub fn new() -> Self {
        let mut settings = Settings::default();
        settings.cache.operations.enabled = false;
        Self { server: serve(Options::default()), home: tempfile::tempdir().expect("a directory"), settings }
    }

    pub fn dirs(&self) -> Dirs {
        let below = |name: &str| Some(self.home.path().join(name));
        Dirs { state: below("state"), cache: below("cache"), ..Dirs::default() }
    }

    /// Bifold, begun anew.
    pub fn begin(&self) -> Registry {
        self.with(DiskCaches::new(&self.settings.cache, &self.dirs()))
    }

    pub fn with(&self, disk: DiskCaches) -> Registry {
        let operations = SharedOpCache::new(self.settings.cache.operations());
        Registry::with_caches(&self.settings, &env(&self.server), operations, disk)
    }

    /// The files that hold bodies.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = shards(&self.home.path().join("cache/objects"));
        files.sort();
        files
    }

    /// Requests that were sent, and bytes of bodies that came, since the last time.
    pub fn cost(&self) -> (u64, u64) {
        let counts = self.server.counts();
        self.server.reset_counts();
        (counts.total(), counts.bytes_out)
    }
}

fn shards(dir: &Path) -> Vec<PathBuf> {
    let Ok(listed) = fs::read_dir(dir) else { return Vec::new() };
    let paths = listed.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { shards(&path) } else { vec![path] }).collect()
}

pub async fn get(path: &DynPath, how: &Fetch) -> Bytes {
    gather(path.fetch(None, how).await.expect("a body").body).await.expect("its bytes")
}

pub async fn part(path: &DynPath, range: std::ops::Range<u64>, how: &Fetch) -> Bytes {
    gather(path.fetch(Some(range), how).await.expect("a body").body).await.expect("its bytes")
}

pub async fn row(path: &DynPath) -> Entry {
    path.stat(Freshness::Past).await.expect("a row")
}

#[tokio::test]
async fn what_was_read_yesterday_costs_one_small_request() {
    let bed = Bed::new();
    let bytes = noise(3 * MIB + 17);
    bed.server.store().put("box", "k", bytes.clone());
    let registry = bed.begin();
    assert_eq!(get(&at(&registry, "k"), &Fetch::now()).await, bytes);
    assert_eq!(bed.cost(), (1, bytes.len() as u64));
    for _ in 0..2 {
        registry.disk().settle().await;
        let again = bed.begin();
        assert_eq!(get(&at(&again, "k"), &Fetch::now()).await, bytes);
        assert_eq!(bed.cost(), (1, 0), "a 304");
        let stats = again.disk().objects.stats().await;
        assert_eq!((stats.bytes, stats.entries), (bytes.len() as u64, 1));
    }
    let stats = bed.begin().disk().objects.stats().await;
    assert_eq!((stats.all.hits, stats.all.misses, stats.all.validations), (2, 1, 2));
    assert_eq!(stats.all.bytes_saved, 2 * bytes.len() as u64);
    assert_eq!(stats.connections[0].name, "s3");
}

#[tokio::test]
async fn the_tag_of_a_listing_costs_nothing() {
    let bed = Bed::new();
    bed.server.store().put("box", "k", "one");
    let registry = bed.begin();
    let path = at(&registry, "k");
    let shown = row(&path).await;
    get(&path, &Fetch::view(shown.clone())).await;
    bed.cost();
    assert_eq!(get(&path, &Fetch::view(shown.clone())).await, "one");
    assert_eq!(bed.cost(), (0, 0));
    let stats = registry.disk().objects.stats().await;
    assert_eq!((stats.all.hits, stats.all.requests_saved, stats.all.validations), (1, 1, 0));
    bed.server.store().put("box", "k", "two!");
    let other = row(&path).await;
    bed.cost();
    assert_eq!(get(&path, &Fetch::view(other)).await, "two!");
    assert_eq!(bed.cost(), (1, 4));
    fails(path.fetch(None, &Fetch::view(shown)).await, ErrorKind::Conflict);
}

#[tokio::test]
async fn a_new_body_comes_in_the_answer_that_tells_of_it() {
    let bed = Bed::new();
    bed.server.store().put("box", "k", "one");
    let registry = bed.begin();
    let path = at(&registry, "k");
    get(&path, &Fetch::now()).await;
    bed.server.store().put("box", "k", "another");
    bed.cost();
    assert_eq!(get(&path, &Fetch::now()).await, "another");
    assert_eq!(bed.cost(), (1, 7));
    assert_eq!(get(&path, &Fetch::now()).await, "another");
    assert_eq!(bed.cost(), (1, 0));
    assert_eq!(bed.files().len(), 1, "the old one went");
    bed.server.store().delete("box", "k");
    fails(path.fetch(None, &Fetch::now()).await, ErrorKind::NotFound);
    assert_eq!(bed.files().len(), 0);
}

#[tokio::test]
async fn each_read_may_skip_the_cache_or_refresh_it_or_trust_it() {
    let bed = Bed::new();
    bed.server.store().put("box", "k", "one");
    let registry = bed.begin();
    let path = at(&registry, "k");
    let how = |trust| Fetch { trust, ..Fetch::now() };
    get(&path, &how(Trust::Skip)).await;
    assert_eq!(bed.files().len(), 0);
    get(&path, &how(Trust::Ask)).await;
    bed.server.store().put("box", "k", "two");
    bed.cost();
    assert_eq!(get(&path, &how(Trust::Held)).await, "one", "as asked: unvalidated");
    assert_eq!(bed.cost(), (0, 0));
    assert_eq!(get(&path, &how(Trust::Skip)).await, "two");
    assert_eq!(get(&path, &how(Trust::Held)).await, "one");
    bed.cost();
    assert_eq!(get(&path, &how(Trust::Refresh)).await, "two");
    assert_eq!(bed.cost(), (1, 3));
    assert_eq!(get(&path, &how(Trust::Held)).await, "two");
    let unkept = Fetch { keep: false, ..Fetch::now() };
    bed.server.store().put("box", "other", "three");
    get(&at(&registry, "other"), &unkept).await;
    assert_eq!(bed.files().len(), 1);
}

#[tokio::test]
async fn ranges_that_were_seen_are_not_fetched_again() {
    let bed = Bed::new();
    let bytes = noise(5 * MIB);
    bed.server.store().put("box", "k", bytes.clone());
    let registry = bed.begin();
    let path = at(&registry, "k");
    let view = Fetch::view(row(&path).await);
    for range in [0..65_536, 3_000_000..3_140_000] {
        let cut = range.start as usize..range.end as usize;
        assert_eq!(part(&path, range, &view).await, bytes[cut]);
    }
    bed.cost();
    assert_eq!(part(&path, 100..60_000, &view).await, bytes[100..60_000]);
    assert_eq!(part(&path, 3_050_000..3_100_000, &view).await, bytes[3_050_000..3_100_000]);
    assert_eq!(bed.cost(), (0, 0));
    assert_eq!(get(&path, &Fetch::now()).await, bytes);
    let missing = bytes.len() - 65_536 - 140_000;
    assert_eq!(bed.cost(), (2, missing as u64), "two gaps, the first of which asks as well");
    assert_eq!(get(&path, &Fetch::now()).await, bytes);
    assert_eq!(bed.cost(), (1, 0));
}

#[tokio::test]
async fn what_changed_between_two_ranges_is_not_mixed() {
    let bed = Bed::new();
    bed.server.store().put("box", "k", vec![b'a'; 300_000]);
    let registry = bed.begin();
    let path = at(&registry, "k");
    let old = Fetch::view(row(&path).await);
    part(&path, 0..100_000, &old).await;
    bed.server.store().put("box", "k", vec![b'b'; 300_000]);
    assert_eq!(get(&path, &Fetch::now()).await, vec![b'b'; 300_000]);
    fails(path.fetch(Some(0..300_000), &old).await, ErrorKind::Conflict);
    let ends = path.fetch(Some(300_000..300_001), &Fetch::now()).await;
    fails(ends, ErrorKind::Invalid);
    assert_eq!(part(&path, 299_999..400_000, &Fetch::now()).await, "b");
    assert_eq!(part(&path, 0..0, &Fetch::now()).await, "");
}

/// What is done to a file of the cache behind its back.
type Harm = fn(&Path);

#[tokio::test]
async fn damage_is_a_miss_and_never_a_lie() {
    let bed = Bed::new();
    let bytes = noise(3 * MIB);
    bed.server.store().put("box", "k", bytes.clone());
    let harms: [(&str, Harm); 3] = [
        ("one bit", |file| {
            let mut all = fs::read(file).expect("it is there");
            all[MIB + 5] ^= 1;
            fs::write(file, all).expect("written");
        }),
        ("its end", |file| {
            fs::OpenOptions::new().write(true).open(file).expect("it opens").set_len(2_500_000).expect("cut");
        }),
        ("all of it", |file| fs::remove_file(file).expect("removed")),
    ];
    for (what, harm) in harms {
        let registry = bed.begin();
        get(&at(&registry, "k"), &Fetch::now()).await;
        let before = registry.disk().objects.stats().await.all.corrupt;
        harm(&bed.files()[0]);
        bed.cost();
        let view = Fetch::view(row(&at(&registry, "k")).await);
        assert_eq!(get(&at(&registry, "k"), &view).await, bytes, "{what}");
        let fetched = bed.cost().1;
        let expected = if what == "all of it" { 3 * MIB } else { MIB };
        assert_eq!(fetched, expected as u64, "{what}: the damaged blocks alone");
        assert!(registry.disk().objects.stats().await.all.corrupt > before, "{what} is in the figures");
        assert_eq!(get(&at(&registry, "k"), &view).await, bytes);
        registry.disk().settle().await;
    }
}

#[tokio::test]
async fn own_writes_invalidate_across_connections_and_uploads_fill() {
    let bed = Bed::new();
    bed.server.store().put("box", "k", "one");
    bed.server.store().put("box", "unread", "one");
    let registry = bed.begin();
    let alias = Connection { endpoint_url: Some(bed.server.endpoint()), ..Connection::default() };
    registry.connect("other", &alias, &env(&bed.server));
    let (own, other) = (at(&registry, "k"), place(&registry, "other", "box", "k"));
    let held = Fetch { trust: Trust::Held, ..Fetch::now() };
    get(&own, &held).await;
    get(&other, &held).await;
    assert_eq!(bed.files().len(), 2, "a connection never sees what another read");
    write(&own, "mine", Precondition::None).await.expect("written");
    write(&at(&registry, "unread"), "mine", Precondition::None).await.expect("written");
    registry.disk().settle().await;
    assert_eq!(bed.files().len(), 1, "what was read before, of this connection alone");
    bed.cost();
    assert_eq!(get(&own, &Fetch::now()).await, "mine");
    assert_eq!(bed.cost(), (1, 0), "what was sent is held");
    let head = own.fetch(None, &Fetch::now()).await.expect("a body").head.expect("a head");
    assert!(head.write_id().is_some(), "with what it was sent with");
    assert_eq!(get(&other, &held).await, "mine");
    own.remove(Precondition::None).await.expect("removed");
    fails(other.fetch(None, &held).await, ErrorKind::NotFound);
    registry.disk().settle().await;
    assert_eq!(bed.files().len(), 0);
}

#[tokio::test]
async fn a_full_disk_turns_the_cache_off_and_nothing_else_fails() {
    let bed = Bed::new();
    let bytes = noise(5 * MIB);
    bed.server.store().put("box", "k", bytes.clone());
    let quota = Arc::new(AtomicU64::new(2 * MIB as u64));
    let cabinet = Cabinet::new(bed.dirs().state);
    let registry = bed.with(DiskCaches::on(&cabinet, &bed.settings.cache, &bed.dirs(), Some(&quota)));
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = told.clone();
    cabinet.voice().heard_by(move |text| hears.lock().push(text));
    for _ in 0..3 {
        assert_eq!(get(&at(&registry, "k"), &Fetch::now()).await, bytes);
    }
    assert_eq!(told.lock().len(), 1, "{:?}", told.lock());
    assert!(told.lock()[0].contains("no longer cached"), "{:?}", told.lock());
    assert!(registry.disk().objects.stats().await.off);
    assert_eq!(bed.cost().1, 15 * MIB as u64);
}

#[tokio::test]
async fn no_body_above_a_quarter_is_kept_but_its_head_is() {
    let mut bed = Bed::new();
    bed.settings.cache.objects.max_size = 4 * MIB as u64;
    bed.server.store().put("box", "k", noise(2 * MIB));
    let registry = bed.begin();
    let path = at(&registry, "k");
    get(&path, &Fetch::now()).await;
    assert_eq!(bed.files().len(), 0);
    let view = Fetch::view(row(&path).await);
    part(&path, 0..65_536, &view).await;
    bed.cost();
    part(&path, 0..65_536, &view).await;
    assert_eq!(bed.cost(), (0, 0));
}

#[tokio::test]
async fn a_body_that_may_no_longer_be_read_is_not_served() {
    let bed = Bed::new();
    bed.server.store().put("box", "k", "secret");
    let registry = bed.begin();
    get(&at(&registry, "k"), &Fetch::now()).await;
    bed.server.store().set_denied("box", true);
    fails(at(&registry, "k").fetch(None, &Fetch::now()).await, ErrorKind::Denied);
}

#[tokio::test]
async fn equal_bodies_are_one_file_and_packed_ones_are_smaller() {
    let mut bed = Bed::new();
    bed.settings.cache.objects.compress = true;
    let text = Bytes::from("all work and no play ".repeat(100_000));
    for key in ["a", "b", "c"] {
        bed.server.store().put("box", key, text.clone());
    }
    let registry = bed.begin();
    for key in ["a", "b", "c"] {
        get(&at(&registry, key), &Fetch::now()).await;
    }
    let stats = registry.disk().objects.stats().await;
    assert_eq!(stats.entries, 3);
    assert!(stats.bytes < 100_000, "{} bytes, counted once", stats.bytes);
    let inodes =
        |path: &PathBuf| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).expect("it is there"));
    let mut inodes: Vec<u64> = bed.files().iter().map(inodes).collect();
    inodes.dedup();
    assert_eq!(inodes.len(), 1);
    let shelf = registry.disk().objects.shelf().expect("it is on");
    let first = shelf.list(&Selection::default(), 0, 1).await.remove(0);
    shelf.remove(first.name).await;
    let left = registry.disk().objects.stats().await;
    assert_eq!((left.entries, left.bytes), (2, stats.bytes), "the bytes count for another");
    bed.cost();
    for key in ["b", "c"] {
        assert_eq!(get(&at(&registry, key), &Fetch::now()).await, text);
    }
    assert_eq!(bed.cost().1, 0);
}
