use super::*;

#[tokio::test]
async fn own_writes_are_seen_at_once_in_every_ancestor_with_and_without_a_slash() {
    let it = Setup::new(&["other/k"]);
    let prefixes = ["", "a", "a/", "a/b", "a/b/"];
    for prefix in prefixes {
        it.list(prefix).await;
    }
    assert!(it.stat("a/b/k").await.is_err());
    it.put("a/b/k", 7).await.unwrap();
    assert_eq!(it.stat("a/b/k").await.unwrap(), 7);
    let expected = [&["a/", "other/"][..], &["/"], &["b/"], &["/"], &["k"]];
    for (prefix, rows) in prefixes.iter().zip(expected) {
        assert_eq!(it.list(prefix).await, rows, "{prefix}");
    }
    it.delete("a/b/k").await.unwrap();
    assert!(it.stat("a/b/k").await.is_err());
    for prefix in &prefixes[1..] {
        assert!(it.list(prefix).await.is_empty(), "{prefix}");
    }
    assert_eq!(it.list("").await, ["other/"]);
}

#[tokio::test]
async fn an_addition_below_what_is_shown_costs_its_parent_alone() {
    let it = Setup::new(&["a/b/old"]);
    for prefix in ["", "a/", "a/b/"] {
        it.list(prefix).await;
    }
    it.put("a/b/new", 1).await.unwrap();
    for prefix in ["", "a/", "a/b/"] {
        it.list(prefix).await;
    }
    assert_eq!(it.fake.calls("list"), 4);
}

#[tokio::test]
async fn a_listing_in_flight_during_a_write_leaves_nothing_stale() {
    let it = Setup::new(&["k"]);
    it.fake.hold("list");
    let early = tokio::spawn(names(it.s3.list(request(""), Freshness::Cached)));
    it.fake.reached("list", 1).await;
    it.put("new", 1).await.unwrap();
    let late = tokio::spawn(names(it.s3.list(request(""), Freshness::Cached)));
    it.fake.reached("list", 2).await;
    it.fake.release("list", 2);
    assert_eq!(early.await.unwrap().unwrap(), ["k"], "who waited before is handed what there was");
    assert_eq!(late.await.unwrap().unwrap(), ["k", "new"], "who came after starts anew");
    assert_eq!(it.list("").await, ["k", "new"], "and that is what is held");
    assert_eq!(it.fake.calls("list"), 2);
}

#[tokio::test]
async fn a_read_between_a_writes_two_ends_isnt_kept() {
    let it = Setup::new(&["k"]);
    it.fake.hold("delete");
    let cached = it.s3.clone();
    let writing = tokio::spawn(async move { cached.delete(&object("k"), &Precondition::None).await });
    it.fake.reached("delete", 1).await;
    it.fake.set("k");
    it.stat("k").await.unwrap();
    it.list("").await;
    assert_eq!(it.stats().total.entries, 2);
    it.fake.release("delete", 1);
    writing.await.unwrap().unwrap();
    assert_eq!(it.stats().total.entries, 0);
}

#[tokio::test]
async fn a_refused_write_leaves_no_doubt() {
    for kind in [ErrorKind::Denied, ErrorKind::Conflict, ErrorKind::Throttled] {
        let it = Setup::new(&["k"]);
        it.list("").await;
        it.fake.fail("put", &[Fault::Refused(kind)]);
        it.put("k", 1).await.unwrap_err();
        it.list("").await;
        it.list("").await;
        assert_eq!(it.fake.calls("list"), 2, "asked anew once, and held again");
    }
}

#[tokio::test]
async fn after_a_lost_answer_its_place_is_served_but_not_kept() {
    for kind in [ErrorKind::Timeout, ErrorKind::Unavailable, ErrorKind::Unreachable] {
        let it = Setup::new(&["k", "other/x"]);
        it.fake.fail("put", &[Fault::Lost(kind)]);
        it.put("a/new", 1).await.unwrap_err();
        for asked in 1..=3 {
            assert_eq!(it.list("").await, ["a/", "k", "other/"]);
            assert_eq!(it.fake.calls("list"), asked);
        }
        it.list("other/").await;
        it.list("other/").await;
        assert_eq!(it.fake.calls("list"), 4, "what it doesn't touch is kept");
        it.wait(30);
        it.list("").await;
        it.list("").await;
        assert_eq!(it.fake.calls("list"), 5);
    }
}

#[tokio::test]
async fn a_write_that_is_dropped_on_its_way_leaves_a_doubt() {
    let it = Setup::new(&["k"]);
    it.fake.hold("put");
    tokio::select! {
        biased;
        _ = it.put("new", 1) => panic!("its answer is held back"),
        () = it.fake.reached("put", 1) => {}
    }
    for asked in 1..=2 {
        assert_eq!(it.list("").await, ["k", "new"]);
        assert_eq!(it.fake.calls("list"), asked);
    }
    it.wait(30);
    it.list("").await;
    it.list("").await;
    assert_eq!(it.fake.calls("list"), 3);
}

#[tokio::test]
async fn one_key_of_unknown_outcome_puts_its_batch_in_doubt() {
    let it = Setup::new(&["a/1", "a/unknown"]);
    it.list("a/").await;
    let known = [("a/1".into(), None)];
    assert!(it.s3.delete_many("b", &known).await.unwrap().iter().all(Result::is_ok));
    assert_eq!(it.list("a/").await, ["unknown"]);
    assert_eq!(it.stats().total.entries, 1);
    let outcomes = it.s3.delete_many("b", &[("a/2".into(), None), ("a/unknown".into(), None)]).await.unwrap();
    assert!(outcomes[0].is_ok() && outcomes[1].is_err());
    it.list("a/").await;
    assert_eq!(it.stats().total.entries, 0);
    it.wait(30);
    it.fake.fail("delete_many", &[Fault::Refused(ErrorKind::Timeout)]);
    it.s3.delete_many("b", &known).await.unwrap_err();
    it.list("a/").await;
    assert_eq!(it.stats().total.entries, 0);
}

#[tokio::test]
async fn clearing_makes_everyone_ask_anew() {
    let it = Setup::new(&["k"]);
    it.list("").await;
    it.s3.cache.clear();
    it.list("").await;
    assert_eq!(it.fake.calls("list"), 2);
}
