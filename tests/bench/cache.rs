//! The caches on disk with 10,000 entries: how long a hit takes, and what they add to a start.

use std::path::Path;
use std::time::Duration;

use bifold::cache::DiskCaches;
use bifold::cache::previews::PreviewKey;
use bifold::config::{Dirs, Settings};
use criterion::{Criterion, criterion_group, criterion_main};

const ENTRIES: u32 = 10_000;

fn caches(home: &Path) -> DiskCaches {
    let mut settings = Settings::default();
    settings.cache.previews.max_entries = 2 * ENTRIES as usize;
    let dirs = Dirs { state: Some(home.join("state")), cache: Some(home.join("cache")), ..Dirs::default() };
    DiskCaches::new(&settings.cache, &dirs)
}

fn key(at: u32) -> PreviewKey {
    PreviewKey::of(&[&at.to_le_bytes()])
}

fn cache(c: &mut Criterion) {
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    let home = tempfile::tempdir().expect("a directory");
    let filled = caches(home.path());
    tokio.block_on(async {
        for at in 0..ENTRIES {
            filled.previews.put(&key(at), vec![7; 1000]).await;
        }
        filled.settle().await;
        assert_eq!(filled.previews.stats().await.entries, u64::from(ENTRIES));
    });
    let mut at = 0;
    c.bench_function("a hit on disk, 10,000 held", |bench| {
        bench.iter(|| {
            at = (at + 7919) % ENTRIES;
            assert!(tokio.block_on(filled.previews.get(&key(at))).is_some());
        });
    });
    c.bench_function("a miss, 10,000 held", |bench| {
        bench.iter(|| assert!(tokio.block_on(filled.previews.get(&key(ENTRIES + 1))).is_none()));
    });
    // What a start does, and what the first look into the cache adds behind the first frame.
    c.bench_function("a start with 10,000 held", |bench| {
        bench.iter(|| tokio.block_on(async { caches(home.path()) }));
    });
    c.bench_function("the first hit after a start with 10,000 held", |bench| {
        bench.iter(|| {
            let begun = caches(home.path());
            assert!(tokio.block_on(begun.previews.get(&key(1))).is_some());
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = cache
}
criterion_main!(benches);
