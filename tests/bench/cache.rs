//! The caches on disk with 10,000 entries: how long a hit takes beside the same with 100 and beside reading such a
//! file, and what they add to a start. The second look at a rendered preview. What packing a large listing in memory
//! would save, and cost.
//!
//! Aims: a start within 20 ms of one without a cache; a preview's second look within 5 ms and without a request.
//! They are held in release builds.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bifold::cache::DiskCaches;
use bifold::cache::previews::{PreviewKey, Previews};
use bifold::config::{Dirs, Env, PreviewSettings, Settings};
use bifold::model::{
    ETag, Entry, Frame, Freshness, Kind, Name, S3Uri, Seen, StorageClass, Tag, Timestamp, Uri, Viewed,
};
use bifold::preview::{Backstage, view};
use bifold::vfs::registry::Registry;
use criterion::{Criterion, criterion_group, criterion_main};
use demo::{Options, Server};
use futures::TryStreamExt;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::unbounded_channel;

const ENTRIES: u32 = 10_000;
const FEW: u32 = 100;
const BYTES: usize = 1000;

fn caches(home: &Path) -> DiskCaches {
    let mut settings = Settings::default();
    settings.cache.previews.max_entries = 2 * ENTRIES as usize;
    let dirs = Dirs { state: Some(home.join("state")), cache: Some(home.join("cache")), ..Dirs::default() };
    DiskCaches::new(&settings.cache, &dirs)
}

fn key(at: u32) -> PreviewKey {
    PreviewKey::of(&[&at.to_le_bytes()])
}

/// A home whose cache holds so many entries.
fn filled(tokio: &Runtime, entries: u32) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    tokio.block_on(async {
        let caches = caches(home.path());
        for at in 0..entries {
            caches.previews.put(&key(at), vec![7; BYTES]).await;
        }
        caches.settle().await;
        assert_eq!(caches.previews.stats().await.entries, u64::from(entries));
    });
    home
}

/// The median of so many times.
fn median(times: usize, mut act: impl FnMut() -> Duration) -> Duration {
    let mut took: Vec<Duration> = (0..times).map(|_| act()).collect();
    took.sort_unstable();
    took[times / 2]
}

fn timed<T>(act: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    black_box(act());
    begun.elapsed()
}

fn hit(tokio: &Runtime, caches: &DiskCaches, at: u32) {
    assert!(tokio.block_on(caches.previews.get(&key(at))).is_some());
}

fn hits(c: &mut Criterion, tokio: &Runtime, home: &Path) {
    let many = caches(home);
    let few_home = filled(tokio, FEW);
    let few = caches(few_home.path());
    let mut at = 0;
    c.bench_function("cache/a hit, 10,000 held", |bench| {
        bench.iter(|| {
            at = (at + 7919) % ENTRIES;
            hit(tokio, &many, at);
        });
    });
    c.bench_function("cache/a miss, 10,000 held", |bench| {
        bench.iter(|| assert!(tokio.block_on(many.previews.get(&key(ENTRIES + 1))).is_none()));
    });
    let file = home.join("file");
    std::fs::write(&file, vec![7; BYTES]).expect("written");
    let read = median(1000, || timed(|| std::fs::read(&file).expect("read")));
    let of_few = median(1000, || {
        at = (at + 7919) % FEW;
        timed(|| hit(tokio, &few, at))
    });
    let of_many = median(1000, || {
        at = (at + 7919) % ENTRIES;
        timed(|| hit(tokio, &many, at))
    });
    let ratio = |to: Duration| of_many.as_secs_f64() / to.as_secs_f64();
    println!(
        "a hit with 10,000 held: {of_many:?}, {:.2} times one with 100 held ({of_few:?}),",
        ratio(of_few)
    );
    println!("  {:.1} times a plain read of such a file ({read:?})", ratio(read));
}

/// What a start does, and what the first look into the cache adds behind the first frame.
fn starts(c: &mut Criterion, tokio: &Runtime, home: &Path) {
    c.bench_function("cache/a start, 10,000 held", |bench| {
        bench.iter(|| tokio.block_on(async { caches(home) }));
    });
    let first = |home: &Path, at: u32| {
        let begun = Instant::now();
        let caches = caches(home);
        let found = tokio.block_on(caches.previews.get(&key(at)));
        (begun.elapsed(), found, caches)
    };
    c.bench_function("cache/the first hit after a start, 10,000 held", |bench| {
        bench.iter(|| assert!(first(home, 1).1.is_some()));
    });
    let one = filled(tokio, 1);
    let alone = median(30, || first(one.path(), 0).0);
    let among = median(30, || first(home, 1).0);
    let added = among.saturating_sub(alone);
    println!("the first hit after a start: {among:?} with 10,000 held, {alone:?} with one: {added:?} added");
    let start = median(30, || timed(|| tokio.block_on(async { caches(home) })));
    println!("a start with 10,000 held, before the first look: {start:?}");
    assert!(cfg!(debug_assertions) || added + start <= Duration::from_millis(20), "{added:?} and {start:?}");
}

fn cache(c: &mut Criterion) {
    let tokio = Runtime::new().expect("a runtime");
    let home = filled(&tokio, ENTRIES);
    hits(c, &tokio, home.path());
    starts(c, &tokio, home.path());
}

/// From the opening of a view to its first screen.
async fn first_screen(back: Arc<Backstage>, what: Viewed) {
    let (_asks, heard) = unbounded_channel();
    let (tells, mut seen) = unbounded_channel();
    let frame = Frame { columns: 160, rows: 50 };
    let task = tokio::spawn(view(back, what, frame, heard, move |it| drop(tells.send(it))));
    loop {
        match seen.recv().await.expect("an open view") {
            Seen::Screenful(_) => return task.abort(),
            Seen::Failed(error) => panic!("{error}"),
            _ => {}
        }
    }
}

fn preview(c: &mut Criterion) {
    let latency = Duration::from_millis(50);
    let server = Server::start(Options { latency, ..Options::default() }).expect("a free port");
    server.store().create_bucket("lake");
    let chapter = "# A chapter\n\nSome *words* and a [link](https://example.org), again and again.\n\n```rust\nfn f() {}\n```\n";
    server.store().put("lake", "a.md", chapter.repeat(2000));
    let (tokio, home) = (Runtime::new().expect("a runtime"), tempfile::tempdir().expect("a directory"));
    let disk = caches(home.path());
    let env: Env = server.env().into_iter().collect();
    let registry = Registry::new(&Settings::default(), &env);
    let dir = registry.resolve(&Uri::S3(S3Uri::new("s3", "lake", ""))).expect("a path");
    let listing = dir.list(Freshness::Past).try_collect::<Vec<_>>();
    let entry = tokio.block_on(listing).expect("a listing")[0].entries[0].clone();
    let back = |previews: Previews| {
        let (registry, settings) = (registry.clone(), PreviewSettings::default());
        let resolve = Arc::new(move |uri: &Uri| registry.resolve(uri));
        Arc::new(Backstage { resolve, previews, settings, cell: (8, 16) })
    };
    let uri = Uri::S3(S3Uri::new("s3", "lake", "a.md"));
    let what = || Viewed { uri: uri.clone(), entry: entry.clone(), kind: None, quick: false };
    let kept = back(disk.previews.clone());
    let first = timed(|| tokio.block_on(first_screen(kept.clone(), what())));
    tokio.block_on(async { tokio::time::sleep(Duration::from_millis(200)).await });
    server.reset_counts();
    c.bench_function("cache/the second look at a preview", |bench| {
        bench.iter(|| tokio.block_on(first_screen(kept.clone(), what())));
    });
    let second = median(100, || timed(|| tokio.block_on(first_screen(kept.clone(), what()))));
    println!(
        "a preview at 50 ms: first look {first:?}, second {second:?}, which asked {} times",
        server.counts().total()
    );
    assert_eq!(server.counts().total(), 0, "{:?}", server.log());
    assert!(cfg!(debug_assertions) || second <= Duration::from_millis(5), "{second:?}");
}

/// Rows as a data lake has them.
fn rows(count: usize) -> Vec<Entry> {
    let row = |at: usize| Entry {
        size: Some(1_000_000 + at as u64 * 7919),
        modified: Some(Timestamp(1_760_000_000_000 + at.cast_signed() as i64 * 1000)),
        tag: Some(Tag::ETag(ETag::of_md5(fastrand::u128(..).to_be_bytes()))),
        class: Some(StorageClass::new("STANDARD")),
        ..Entry::new(Name::from(&*format!("part-{at:08}-of-00100000.snappy.parquet")), Kind::File)
    };
    (0..count).map(row).collect()
}

/// A row as it would be packed: name, size, time, tag.
type Flat = (String, u64, i64, String);

fn flat(row: &Entry) -> Flat {
    let tag = row.etag().expect("it has one").to_string();
    (row.name.to_lossy().into_owned(), row.size.unwrap_or(0), row.modified.map_or(0, |at| at.0), tag)
}

fn entry_of((name, size, at, tag): Flat) -> Entry {
    Entry {
        size: Some(size),
        modified: Some(Timestamp(at)),
        tag: Some(Tag::ETag(ETag::new(&tag))),
        ..Entry::new(Name::from(&*name), Kind::File)
    }
}

/// Whether large listings are worth packing in memory, see the page of `cache::ops`.
fn packing(_: &mut Criterion) {
    let rows = rows(100_000);
    let held: usize = rows.iter().map(|row| size_of::<Entry>() + row.name.as_bytes().len()).sum();
    let pack = |rows: &[Entry]| {
        let rows: Vec<Flat> = rows.iter().map(flat).collect();
        zstd::bulk::compress(&postcard::to_stdvec(&rows).expect("bytes"), 3).expect("packed")
    };
    let packed = pack(&rows);
    let unpack = || -> Vec<Entry> {
        let bytes = zstd::bulk::decompress(&packed, 64 << 20).expect("bytes");
        let rows: Vec<Flat> = postcard::from_bytes(&bytes).expect("rows");
        rows.into_iter().map(entry_of).collect()
    };
    let packing = median(5, || timed(|| pack(&rows)));
    let unpacking = median(5, || timed(unpack));
    assert_eq!(unpack().len(), rows.len());
    let shared = Arc::new(rows);
    let sharing = median(1000, || timed(|| shared.clone()));
    let each = |bytes: usize| bytes as f64 / shared.len() as f64;
    println!("100,000 rows: {:.0} bytes each in memory, {:.0} packed;", each(held), each(packed.len()));
    println!("  packing {packing:?}, unpacking {unpacking:?}, handing out what is held {sharing:?}");
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = cache, preview, packing
}
criterion_main!(benches);
