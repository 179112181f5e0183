use super::*;

#[tokio::test]
async fn fifteen_hundred_objects_listed_twice_cost_two_requests() {
    let keys: Vec<String> = (0..1_500).map(|n| format!("{n:04}")).collect();
    let it = Setup::new(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(it.list("").await, keys);
    assert_eq!(it.list("").await, keys);
    assert_eq!(it.fake.calls("list"), 2);
    assert_eq!(it.stats().total.saved, 2);
}

#[tokio::test]
async fn a_page_tells_where_it_came_from_and_when_it_was_asked_for() {
    let it = Setup::new(&["k"]);
    it.wait(7);
    let first = it.s3.list(request(""), Freshness::Cached).try_next().await.unwrap().unwrap();
    assert_eq!((first.source, first.read_at), (Source::Backend, Timestamp(7_000)));
    it.list("").await;
    it.wait(20);
    let held = it.s3.list(request(""), Freshness::Cached).try_next().await.unwrap().unwrap();
    assert_eq!((held.source, held.read_at), (Source::Cache, Timestamp(7_000)));
    let again = it.s3.list(request(""), Freshness::Cached).try_next().await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&held.entries, &again.entries), "a hit copies nothing");
}

#[tokio::test]
async fn the_parent_on_the_way_back_costs_nothing() {
    let it = Setup::new(&["a/b/c", "a/k"]);
    for prefix in ["", "a/", "a/b/", "a/", ""] {
        it.list(prefix).await;
    }
    assert_eq!(it.fake.total(), 3);
}

#[tokio::test]
async fn a_listing_answers_for_each_of_its_rows() {
    let keys: Vec<String> = (0..1_000).map(|n| format!("a/{n:04}")).collect();
    let it = Setup::new(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    it.list("a/").await;
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(it.stat(key).await.unwrap(), at as u64 + 1);
    }
    assert_eq!((it.fake.calls("list"), it.fake.calls("head")), (1, 0));
    it.head(&keys[0], Detail::Full, Freshness::Cached).await.unwrap();
    it.head(&keys[0], Detail::Full, Freshness::Cached).await.unwrap();
    assert_eq!(it.fake.calls("head"), 1, "all of a HEAD is asked for, once");
}

#[tokio::test]
async fn a_stream_that_nobody_reads_costs_nothing() {
    let it = Setup::new(&["k"]);
    drop(it.s3.list(request(""), Freshness::Cached));
    assert_eq!((it.fake.total(), it.stats().total.lookups()), (0, 0));
}

#[tokio::test]
async fn two_readers_share_one_listing_each_with_all_its_pages() {
    let it = Setup::around(Fake::with_page(&["1", "2", "3"], 1));
    it.fake.hold("list");
    let mut first = it.s3.list(request(""), Freshness::Cached);
    it.fake.release("list", 1);
    let page = first.try_next().await.unwrap().unwrap();
    assert_eq!(page_names(&page), ["1"]);
    let mut second = it.s3.list(request(""), Freshness::Cached);
    let page = second.try_next().await.unwrap().unwrap();
    assert_eq!((page_names(&page), page.source), (vec!["1".into()], Source::Shared));
    it.fake.release("list", 2);
    assert_eq!(names(first).await.unwrap(), ["2", "3"]);
    assert_eq!(names(second).await.unwrap(), ["2", "3"]);
    assert_eq!(it.fake.calls("list"), 3);
    assert_eq!((it.stats().total.misses, it.stats().total.shared), (2, 1));
}

#[tokio::test]
async fn many_misses_at_once_are_one_call() {
    let it = Setup::new(&["k"]);
    it.fake.hold("head");
    let (asking, release) = (futures::future::join_all((0..50).map(|_| it.stat("k"))), async {
        it.fake.reached("head", 1).await;
        it.fake.release("head", 1);
    });
    let (answers, ()) = tokio::join!(asking, release);
    assert!(answers.into_iter().all(|answer| answer.unwrap() == 1));
    assert_eq!(it.fake.calls("head"), 1);
    assert_eq!(it.stats().total.shared, 49);
}

#[tokio::test]
async fn a_leader_that_leaves_takes_nothing_from_its_followers() {
    let it = Setup::around(Fake::with_page(&["1", "2"], 1));
    it.fake.hold("list");
    let mut leader = it.s3.list(request(""), Freshness::Cached);
    it.fake.release("list", 1);
    leader.try_next().await.unwrap();
    let mut follower = it.s3.list(request(""), Freshness::Cached);
    follower.try_next().await.unwrap();
    drop(leader);
    it.fake.release("list", 1);
    assert_eq!(names(follower).await.unwrap(), ["2"]);
    assert_eq!((it.fake.calls("list"), it.fake.calls("cancelled")), (2, 0));
    assert_eq!(it.list("").await, ["1", "2"]);
    assert_eq!(it.fake.calls("list"), 2, "and it is held");
}

#[tokio::test]
async fn the_last_reader_who_leaves_cancels_the_request() {
    let it = Setup::around(Fake::with_page(&["1", "2"], 1));
    it.fake.hold("list");
    let mut first = it.s3.list(request(""), Freshness::Cached);
    it.fake.release("list", 1);
    first.try_next().await.unwrap();
    let mut second = it.s3.list(request(""), Freshness::Cached);
    second.try_next().await.unwrap();
    it.fake.reached("list", 2).await;
    drop(first);
    drop(second);
    it.fake.reached("cancelled", 1).await;
    it.fake.release("list", 10);
    assert_eq!(it.list("").await, ["1", "2"], "what was cut short is never served as whole");
    assert_eq!(it.fake.calls("list"), 4);
}

/// Asks, and leaves as soon as the request is on its way.
async fn ask_and_leave(it: &Setup) {
    it.fake.hold("head");
    tokio::select! {
        biased;
        _ = it.stat("k") => panic!("it is held back"),
        () = it.fake.reached("head", 1) => {}
    }
}

#[tokio::test]
async fn a_head_whose_asker_leaves_is_cancelled() {
    let it = Setup::new(&["k"]);
    ask_and_leave(&it).await;
    it.fake.reached("cancelled", 1).await;
    it.fake.release("head", 1);
    assert_eq!(it.stat("k").await.unwrap(), 1);
    assert_eq!(it.fake.calls("head"), 2);
}

#[tokio::test]
async fn one_who_comes_before_a_deserted_request_is_cancelled_keeps_it_going() {
    let it = Setup::new(&["k"]);
    ask_and_leave(&it).await;
    it.fake.release("head", 1);
    assert_eq!(it.stat("k").await.unwrap(), 1);
    assert_eq!((it.fake.calls("head"), it.fake.calls("cancelled")), (1, 0));
}

#[tokio::test]
async fn past_the_cache_asks_anew_and_refreshes() {
    let it = Setup::new(&["k"]);
    it.list("").await;
    it.fake.set("new");
    assert_eq!(it.list("").await, ["k"]);
    assert_eq!(it.refresh("").await, ["k", "new"]);
    assert_eq!(it.list("").await, ["k", "new"]);
    assert_eq!(it.fake.calls("list"), 2);
    it.head("k", Detail::Full, Freshness::Cached).await.unwrap();
    it.fake.set("k");
    let fresh = it.head("k", Detail::Full, Freshness::Past).await.unwrap();
    assert_eq!(it.head("k", Detail::Full, Freshness::Cached).await.unwrap(), fresh);
    assert_eq!(it.fake.calls("head"), 2);
    let lookups = it.stats().total;
    assert_eq!((lookups.hits, lookups.misses), (3, 2), "past the cache is no look-up");
}

#[tokio::test]
async fn past_the_cache_doesnt_join_what_began_before_and_later_readers_join_it() {
    let it = Setup::new(&["k"]);
    it.fake.hold("list");
    let old = it.s3.list(request(""), Freshness::Cached);
    let past = it.s3.list(request(""), Freshness::Past);
    let later = it.s3.list(request(""), Freshness::Cached);
    let steps = async {
        it.fake.reached("list", 1).await;
        it.fake.set("new");
        it.fake.reached("list", 2).await;
        it.fake.release("list", 2);
    };
    let begun_in_turn = async {
        let reading = tokio::spawn(names(old));
        it.fake.reached("list", 1).await;
        tokio::task::yield_now().await;
        let past = tokio::spawn(names(past));
        it.fake.reached("list", 2).await;
        let later = tokio::spawn(names(later));
        (reading.await.unwrap().unwrap(), past.await.unwrap().unwrap(), later.await.unwrap().unwrap())
    };
    let ((old, past, later), ()) = tokio::join!(begun_in_turn, steps);
    assert_eq!(
        (old, past, later),
        (vec!["k".to_owned()], vec!["k".into(), "new".into()], vec!["k".into(), "new".into()])
    );
    assert_eq!(it.fake.calls("list"), 2);
    assert_eq!(it.list("").await, ["k", "new"], "the older answer didn't overwrite the newer");
}

#[tokio::test]
async fn absence_and_emptiness_are_held_shortly() {
    let it = Setup::new(&[]);
    for _ in 0..2 {
        assert_eq!(it.stat("k").await.unwrap_err().kind, ErrorKind::NotFound);
        assert!(it.list("").await.is_empty());
    }
    assert_eq!((it.fake.calls("head"), it.fake.calls("list")), (1, 1));
    it.fake.set("k");
    it.wait(5);
    assert_eq!(it.stat("k").await.unwrap(), 1);
    assert_eq!(it.list("").await, ["k"]);
}

#[tokio::test]
async fn no_other_error_is_ever_held() {
    use ErrorKind::{Cancelled, Denied, Throttled, Timeout, Unauthenticated, Unavailable, WrongRegion};
    for kind in [Cancelled, Denied, Throttled, Timeout, Unauthenticated, Unavailable, WrongRegion] {
        let it = Setup::new(&["k"]);
        for op in ["head", "list", "bucket_region"] {
            it.fake.fail(op, &[Fault::Refused(kind)]);
        }
        assert_eq!(it.stat("k").await.unwrap_err().kind, kind);
        let pages = it.s3.list(request(""), Freshness::Cached);
        assert_eq!(names(pages).await.unwrap_err().kind, kind);
        assert_eq!(it.s3.bucket_region("b", Freshness::Cached).await.unwrap_err().kind, kind);
        assert_eq!(it.stats().total.entries, 0);
        assert!(it.stat("k").await.is_ok());
        assert_eq!(it.list("").await, ["k"]);
        assert!(it.s3.bucket_region("b", Freshness::Cached).await.is_ok());
    }
}

#[tokio::test]
async fn one_failure_answers_all_who_wait_for_it() {
    let it = Setup::new(&["k"]);
    it.fake.hold("head");
    it.fake.fail("head", &[Fault::Refused(ErrorKind::Denied)]);
    let release = async {
        it.fake.reached("head", 1).await;
        it.fake.release("head", 1);
    };
    let (first, second, ()) = tokio::join!(it.stat("k"), it.stat("k"), release);
    assert_eq!(first.unwrap_err(), second.unwrap_err());
    assert_eq!(it.fake.calls("head"), 1);
}

#[tokio::test]
async fn a_listing_that_fails_midway_is_told_and_not_held() {
    // Also with a 404: it is no answer to a listing of which a page has come.
    for kind in [ErrorKind::Unavailable, ErrorKind::NotFound] {
        let it = Setup::around(Fake::with_page(&["1", "2"], 1));
        it.fake.hold("list");
        let mut pages = it.s3.list(request(""), Freshness::Cached);
        let failing = async {
            it.fake.reached("list", 1).await;
            it.fake.fail("list", &[Fault::Refused(kind)]);
            it.fake.release("list", 2);
        };
        let (first, ()) = tokio::join!(pages.try_next(), failing);
        assert_eq!(page_names(&first.unwrap().unwrap()), ["1"]);
        assert_eq!(pages.try_next().await.unwrap_err().kind, kind);
        assert!(pages.try_next().await.unwrap().is_none());
        assert_eq!(it.stats().total.entries, 0);
    }
}

#[tokio::test]
async fn a_flight_that_breaks_down_fails_nobody() {
    let it = Setup::new(&["k"]);
    it.fake.fail("head", &[Fault::Panic]);
    it.fake.fail("list", &[Fault::Panic]);
    let (first, second) = tokio::join!(it.stat("k"), it.stat("k"));
    assert_eq!((first.unwrap(), second.unwrap()), (1, 1));
    let (first, second) = tokio::join!(it.list(""), it.list(""));
    assert_eq!((first, second), (vec!["k".to_owned()], vec!["k".to_owned()]));
    assert_eq!(it.list("").await, ["k"], "and the next one is as ever");
}

#[tokio::test]
async fn a_listing_that_breaks_down_midway_ends_with_an_error() {
    let it = Setup::around(Fake::with_page(&["1", "2"], 1));
    it.fake.hold("list");
    let mut pages = it.s3.list(request(""), Freshness::Cached);
    let breaking = async {
        it.fake.reached("list", 1).await;
        it.fake.fail("list", &[Fault::Panic]);
        it.fake.release("list", 1);
    };
    let (first, ()) = tokio::join!(pages.try_next(), breaking);
    assert_eq!(page_names(&first.unwrap().unwrap()), ["1"]);
    assert_eq!(pages.try_next().await.unwrap_err().kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_walk_past_the_cache_over_a_tree_is_passed_through_page_by_page() {
    let it = Setup::around(Fake::with_page(&["a/1", "a/2", "b"], 1));
    let tree = || ListRequest { delimited: false, ..request("") };
    assert_eq!(names(it.s3.list(tree(), Freshness::Cached)).await.unwrap(), ["a/1", "a/2", "b"]);
    it.fake.set("c");
    let mut walk = it.s3.list(tree(), Freshness::Past);
    walk.try_next().await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(it.fake.calls("list"), 4, "no page is read ahead of who walks");
    drop(walk);
    let tree = names(it.s3.list(tree(), Freshness::Cached)).await.unwrap();
    assert_eq!(tree, ["a/1", "a/2", "b", "c"], "what was held is dropped");
}

#[tokio::test]
async fn switched_off_it_passes_everything_through() {
    let it = Setup::new(&["k"]);
    it.s3.cache.configure(OpCacheSettings { enabled: false, ..OpCacheSettings::default() });
    for _ in 0..2 {
        it.list("").await;
        it.stat("k").await.unwrap();
        it.s3.bucket_region("b", Freshness::Cached).await.unwrap();
        names(it.s3.list_buckets(Freshness::Cached)).await.unwrap();
        it.put("k", 1).await.unwrap();
    }
    assert_eq!(it.fake.total(), 10);
    assert_eq!(it.stats().total, crate::cache::Figures::default());
    it.s3.cache.configure(OpCacheSettings::default());
    it.list("").await;
    it.list("").await;
    assert_eq!(it.fake.calls("list"), 3, "and back on");
}

#[tokio::test]
async fn two_connections_share_the_cache_but_no_answers() {
    let it = Setup::new(&["k"]);
    let mut other = Fake::new(&["k", "other"]);
    other.rename("prod");
    let prod = Cached::new(other.clone(), it.s3.cache.clone());
    assert_eq!(it.list("").await, ["k"]);
    assert_eq!(names(prod.list(request(""), Freshness::Cached)).await.unwrap(), ["k", "other"]);
    // Both lead to the same endpoint: a write through one reaches the other.
    it.delete("k").await.unwrap();
    assert_eq!(names(prod.list(request(""), Freshness::Cached)).await.unwrap(), ["other"]);
    assert_eq!(other.calls("list"), 1, "the row went without a listing");
    assert_eq!(it.stats().by_connection.len(), 2);
}

#[tokio::test]
async fn a_prefix_has_the_newest_time_that_is_held_without_a_request() {
    let it = Setup::new(&["a/k"]);
    let newest = || it.s3.newest_below(&"b".into(), &"a/".into());
    assert_eq!(newest(), None);
    it.list("a/").await;
    assert_eq!(newest(), Some(Timestamp(1)));
    assert_eq!((it.fake.total(), it.stats().total.lookups()), (1, 1));
}

#[tokio::test]
async fn a_directory_row_shows_the_newest_time_below_it_once_that_is_known() {
    let it = Setup::new(&["a/k", "b/k"]);
    let dates = async || {
        let pages: Vec<Page> = it.s3.list(request(""), Freshness::Cached).try_collect().await.unwrap();
        let rows = pages.iter().flat_map(|page| page.entries.iter());
        rows.map(|row| (row.name.to_lossy().into_owned(), row.modified)).collect::<Vec<_>>()
    };
    assert_eq!(dates().await, [("a".to_owned(), None), ("b".to_owned(), None)]);
    it.list("a/").await;
    assert_eq!(dates().await, [("a".to_owned(), Some(Timestamp(1))), ("b".to_owned(), None)]);
    assert_eq!(it.fake.total(), 2, "a date never costs a request");
}

#[tokio::test]
async fn past_its_life_a_listing_is_shown_to_who_asks_for_it_and_one_request_reads_it_again() {
    let it = Setup::new(&["k"]);
    let ask = |freshness| it.s3.list(request(""), freshness).try_collect::<Vec<Page>>();
    let source = |pages: &[Page]| pages.iter().map(|page| page.source).collect::<Vec<_>>();
    assert_eq!(source(&ask(Freshness::Stale).await.unwrap()), [Source::Backend], "nothing is held yet");
    it.wait(59);
    assert_eq!(source(&ask(Freshness::Stale).await.unwrap()), [Source::Cache], "it is fresh");
    it.fake.set("new");
    it.wait(1);
    let stale = ask(Freshness::Stale).await.unwrap();
    assert_eq!((source(&stale), stale[0].read_at), (vec![Source::Stale], Timestamp(0)));
    assert_eq!(it.fake.calls("list"), 1);
    assert_eq!(it.list("").await, ["k", "new"], "whoever didn't say so gets none that is stale");
    assert_eq!(it.fake.calls("list"), 2);
    assert_eq!(source(&ask(Freshness::Stale).await.unwrap()), [Source::Cache]);
    let total = it.stats().total;
    assert_eq!((total.stale, total.hits, total.misses), (1, 2, 2));
}

#[tokio::test]
async fn a_look_at_what_is_held_is_never_a_request() {
    let it = Setup::new(&["k"]);
    let ask = || it.s3.list(request(""), Freshness::Held).try_collect::<Vec<Page>>();
    assert!(ask().await.unwrap().is_empty());
    it.list("").await;
    assert_eq!(ask().await.unwrap()[0].source, Source::Cache);
    it.wait(60);
    assert_eq!(ask().await.unwrap()[0].source, Source::Stale);
    it.s3.cache.configure(OpCacheSettings { enabled: false, ..OpCacheSettings::default() });
    assert!(ask().await.unwrap().is_empty());
    assert_eq!(it.fake.calls("list"), 1);
    assert_eq!(it.stats().total.lookups(), 1);
}
