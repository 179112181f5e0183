//! The operation cache by its size: a look-up, a store, and the invalidation of a prefix.
//!
//! Aims: a look-up within 1 µs; an invalidation that follows what is dropped, not what is held.

use std::hint::black_box;
use std::sync::Arc;

use bifold::cache::ops::{Answer, OpCache, OpKey, Query};
use bifold::cache::{ConnectionId, Moment};
use bifold::config::OpCacheSettings;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// How many entries one invalidation drops, whatever is held.
const BELOW: usize = 10;

fn connection() -> Arc<ConnectionId> {
    Arc::new(ConnectionId { name: "s3".into(), endpoint: "aws".into(), profile: None, anonymous: false })
}

/// Ten keys to a prefix, as `data/0012/part-00007`.
fn key(connection: &Arc<ConnectionId>, at: usize) -> OpKey {
    let key = format!("data/{:06}/part-{:05}", at / BELOW, at % BELOW);
    OpKey::new(connection, Query::Head { bucket: "lake".into(), key: key.into(), version: None })
}

fn answer() -> Answer {
    Answer::Region(Some("eu-west-1".into()))
}

fn filled(keys: &[OpKey]) -> OpCache {
    let mut cache = OpCache::new(OpCacheSettings {
        max_entries: keys.len() + 1,
        max_bytes: u64::MAX,
        ..Default::default()
    });
    for key in keys {
        cache.put(key, answer(), Moment::default(), None, Moment::default());
    }
    cache
}

fn ops(bench: &mut Criterion) {
    let connection = connection();
    let (endpoint, bucket) = (connection.endpoint.clone(), Arc::from("lake"));
    let now = Moment::default();
    for size in SIZES {
        let keys: Vec<OpKey> = (0..size).map(|at| key(&connection, at)).collect();
        // Far from each other, so that it isn't the processor's cache that is measured.
        let mut turn = (0..size).map(|at| &keys[(at * 7_919) % size]).cycle();
        let mut cache = filled(&keys);
        bench.bench_function(&format!("get, {size} held"), |it| {
            it.iter(|| black_box(cache.get(turn.next().expect("a cycle"), now)));
        });
        bench.bench_function(&format!("put, {size} held"), |it| {
            it.iter(|| cache.put(turn.next().expect("a cycle"), answer(), now, None, now));
        });
        let mut group = (0..size / BELOW).cycle();
        bench.bench_function(&format!("invalidate 10 below a prefix, {size} held"), |it| {
            // Each drops one prefix of an otherwise full cache; what was dropped is put back unmeasured.
            let cache = std::cell::RefCell::new(filled(&keys));
            it.iter_batched(
                || {
                    let at = group.next().expect("a cycle") * BELOW;
                    for key in &keys[at..at + BELOW] {
                        cache.borrow_mut().put(key, answer(), now, None, now);
                    }
                    Arc::from(format!("data/{:06}/", at / BELOW))
                },
                |prefix: Arc<str>| {
                    let dropped = cache.borrow_mut().invalidate_prefix(&endpoint, &bucket, &prefix);
                    assert_eq!(dropped, BELOW);
                },
                BatchSize::PerIteration,
            );
        });
    }
}

criterion_group!(benches, ops);
criterion_main!(benches);
