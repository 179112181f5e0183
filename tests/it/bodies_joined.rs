//! Reads of one body at the same time: one asks, and the others have it from what that one keeps.

use std::time::{Duration, Instant};

use bifold::model::ErrorKind;
use bifold::vfs::{Fetch, Trust};
use futures::{StreamExt, TryStreamExt};

use crate::bodies::{Bed, get, part, row};
use crate::support::*;

const MIB: usize = 1 << 20;

/// Long enough for whoever was begun to have come to the point where it waits.
async fn begun() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_want_the_same_bytes_at_the_same_time_cost_one_request() {
    let bed = Bed::new();
    let bytes = noise(5 * MIB + 3);
    bed.server.store().put("box", "k", bytes.clone());
    let registry = bed.begin();
    let path = at(&registry, "k");
    let shown = row(&path).await;
    bed.cost();
    let gate = bed.server.faults().hold("GetObject");
    // Two views, a copy and a `cat`: the first is under way when the others come.
    let hows =
        [Fetch::view(shown.clone()), Fetch::view(shown), Fetch::now(), Fetch { keep: false, ..Fetch::now() }];
    let read = |how: &Fetch| {
        let (path, how) = (path.clone(), how.clone());
        tokio::spawn(async move { get(&path, &how).await })
    };
    let mut reads = vec![read(&hows[0])];
    gate.arrived(1).await;
    reads.extend(hows[1..].iter().map(read));
    begun().await;
    gate.open();
    for read in reads {
        assert!(read.await.expect("it ends") == bytes);
    }
    assert_eq!(bed.cost(), (1, bytes.len() as u64));
    let stats = registry.disk().objects.stats().await.all;
    assert_eq!((stats.hits, stats.misses), (3, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_one_who_asked_leaves_one_of_those_who_waited_asks() {
    let bed = Bed::new();
    let bytes = noise(2 * MIB);
    bed.server.store().put("box", "k", bytes.clone());
    let registry = bed.begin();
    let path = at(&registry, "k");
    let gate = bed.server.faults().hold("GetObject");
    let read = || {
        let path = path.clone();
        tokio::spawn(async move { get(&path, &Fetch::now()).await })
    };
    let first = read();
    gate.arrived(1).await;
    let waiting: Vec<_> = (0..5).map(|_| read()).collect();
    begun().await;
    bed.cost();
    first.abort();
    assert!(first.await.is_err());
    gate.open();
    for read in waiting {
        assert!(read.await.expect("it ends") == bytes);
    }
    assert_eq!(bed.server.counts().get("GetObject"), 1, "one for five: {:?}", bed.server.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_comes_midway_follows_the_one_before_it() {
    let bed = Bed::new();
    let bytes = noise(6 * MIB);
    bed.server.store().put("box", "k", bytes.clone());
    let registry = bed.begin();
    let path = at(&registry, "k");
    let view = Fetch::view(row(&path).await);
    bed.cost();
    let mut first = path.fetch(None, &view).await.expect("a body").body;
    let mut seen = 0;
    while seen < 2 * MIB {
        seen += first.next().await.expect("more").expect("bytes").len();
    }
    let second = {
        let (path, view) = (path.clone(), view.clone());
        tokio::spawn(async move { part(&path, 0..6 * MIB as u64, &view).await })
    };
    begun().await;
    while let Some(chunk) = first.next().await {
        seen += chunk.expect("bytes").len();
    }
    assert_eq!(seen, bytes.len());
    assert!(second.await.expect("it ends") == bytes);
    assert_eq!(bed.cost(), (1, bytes.len() as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_must_have_what_is_there_now_asks_when_the_answer_came_before_his_question() {
    let bed = Bed::new();
    let bytes = noise(4 * MIB);
    bed.server.store().put("box", "k", bytes.clone());
    let registry = bed.begin();
    let path = at(&registry, "k");
    let mut first = path.fetch(None, &Fetch::now()).await.expect("a body").body;
    let mut seen = 0;
    while seen < 2 * MIB {
        seen += first.next().await.expect("more").expect("bytes").len();
    }
    bed.cost();
    let second = {
        let path = path.clone();
        tokio::spawn(async move { get(&path, &Fetch::now()).await })
    };
    begun().await;
    first.try_for_each(|_| async { Ok(()) }).await.expect("the rest");
    assert!(second.await.expect("it ends") == bytes);
    assert_eq!(bed.cost(), (1, 0), "a 304, and no byte");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_reader_who_takes_no_more() {
    let bed = Bed::new();
    let bytes = noise(4 * MIB);
    bed.server.store().put("box", "k", bytes.clone());
    let registry = bed.begin();
    let path = at(&registry, "k");
    let view = Fetch::view(row(&path).await);
    bed.cost();
    let mut first = path.fetch(None, &view).await.expect("a body").body;
    first.next().await.expect("some").expect("bytes");
    let asked = Instant::now();
    assert!(get(&path, &view).await == bytes);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let asked = Instant::now();
    assert!(part(&path, 3 * MIB as u64..4 * MIB as u64, &view).await == bytes[3 * MIB..]);
    assert!(asked.elapsed() < Duration::from_millis(900), "what is far from there isn't waited for");
    drop(first);
    assert_eq!(bed.server.counts().get("GetObject"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_meanwhile_is_not_joined() {
    let bed = Bed::new();
    bed.server.store().put("box", "k", "one");
    let registry = bed.begin();
    let path = at(&registry, "k");
    let gate = bed.server.faults().hold("GetObject");
    let early = {
        let path = path.clone();
        tokio::spawn(async move { path.fetch(None, &Fetch::now()).await })
    };
    gate.arrived(1).await;
    write(&path, "two", bifold::vfs::Precondition::None).await.expect("written");
    let late = {
        let path = path.clone();
        let refreshed = Fetch { trust: Trust::Held, ..Fetch::now() };
        tokio::spawn(async move { get(&path, &refreshed).await })
    };
    begun().await;
    gate.open();
    assert_eq!(late.await.expect("it ends"), "two");
    early.await.expect("it ends").expect("whichever it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_the_one_s_own_who_asked() {
    let bed = Bed::new();
    bed.server.store().put("box", "k", "bytes");
    let registry = bed.begin();
    let path = at(&registry, "k");
    let stale = {
        let mut shown = row(&path).await;
        bed.server.store().put("box", "k", "other");
        shown.size = Some(5);
        Fetch::view(shown)
    };
    let gate = bed.server.faults().hold("GetObject");
    let first = {
        let path = path.clone();
        tokio::spawn(async move { path.fetch(None, &stale).await.map(drop) })
    };
    gate.arrived(1).await;
    let second = {
        let path = path.clone();
        tokio::spawn(async move { get(&path, &Fetch::now()).await })
    };
    begun().await;
    gate.open();
    fails(first.await.expect("it ends"), ErrorKind::Conflict);
    assert_eq!(second.await.expect("it ends"), "other");
}
