use super::*;

fn cache() -> OpCache {
    OpCache::new(CacheSettings::default())
}

fn s3() -> Arc<ConnectionId> {
    connection("s3", "aws")
}

fn store(cache: &mut OpCache, key: &OpKey, answer: Answer) {
    assert!(cache.put(key, answer, at(0), None, at(0)), "{key}");
}

fn holds(cache: &mut OpCache, key: &OpKey) -> bool {
    cache.get(key, at(0)).is_some()
}

fn added(key: &str) -> Touch {
    touch(&"aws".into(), &"b".into(), Extent::Key(key.into(), Change::Added))
}

fn removed(key: &str) -> Touch {
    touch(&"aws".into(), &"b".into(), Extent::Key(key.into(), Change::Other))
}

fn write(cache: &mut OpCache, touch: &Touch) {
    cache.begin_write(touch);
    cache.end_write(touch, Outcome::Known, at(0));
}

// Keys.

#[test]
fn each_parameter_and_each_part_of_the_identity_makes_another_question() {
    let base = ConnectionId { name: "s3".into(), endpoint: "aws".into(), profile: None, anonymous: false };
    let connections = [
        base.clone(),
        ConnectionId { name: "prod".into(), ..base.clone() },
        ConnectionId { endpoint: "http://minio".into(), ..base.clone() },
        ConnectionId { profile: Some("dev".into()), ..base.clone() },
        ConnectionId { anonymous: true, ..base },
    ];
    let queries = |connection: &Arc<ConnectionId>| {
        let head = |bucket: &str, key: &str, version: Option<&str>| {
            let version = version.map(Arc::from);
            OpKey::new(connection, Query::Head { bucket: bucket.into(), key: key.into(), version })
        };
        vec![
            OpKey::new(connection, Query::ListBuckets),
            OpKey::new(connection, Query::Region { bucket: "b".into() }),
            list_in(connection, "b", "a", true),
            list_in(connection, "b", "a", false),
            list_in(connection, "b", "a/", true),
            list_in(connection, "c", "a", true),
            head("b", "a", None),
            head("b", "a", Some("1")),
            head("b", "a/", None),
            head("c", "a", None),
        ]
    };
    let keys: Vec<OpKey> = connections.into_iter().flat_map(|id| queries(&Arc::new(id))).collect();
    let mut cache = cache();
    for (at, key) in keys.iter().enumerate() {
        store(&mut cache, key, object(&at.to_string()));
    }
    for (at, key) in keys.iter().enumerate() {
        let answer = cache.get(key, Moment::default()).expect("held");
        assert_eq!(tag_of(&answer), Some(at.to_string()), "{key}");
    }
    assert_sound(&cache);
}

#[test]
fn a_hit_copies_nothing() {
    let mut cache = cache();
    let answer = listing(&["a", "b/"]);
    let Answer::Listing(stored) = &answer else { unreachable!() };
    store(&mut cache, &list(&s3(), ""), answer.clone());
    let Some(Answer::Listing(held)) = cache.get(&list(&s3(), ""), at(0)) else { panic!("a hit") };
    assert!(Arc::ptr_eq(stored, &held));
}

#[test]
fn the_log_quotes_names() {
    let key = head(&s3(), "a\nb\u{1b}[31m");
    assert_eq!(key.to_string(), "HeadObject s3://\"b\"/\"a\\nb\\u{1b}[31m\"");
}

// Lives.

#[test]
fn each_operation_has_its_life() {
    let s3 = s3();
    let region = OpKey::new(&s3, Query::Region { bucket: "b".into() });
    let cases = [
        (list(&s3, ""), listing(&["a"]), 60),
        (OpKey::new(&s3, Query::ListBuckets), listing(&["a"]), 60),
        (head(&s3, "a"), object("t"), 60),
        (region, Answer::Region(Some("eu-west-1".into())), 600),
        (head(&s3, "n"), absent(), 5),
        (list(&s3, "empty/"), listing(&[]), 5),
    ];
    for (key, answer, life) in cases {
        let mut cache = cache();
        store(&mut cache, &key, answer);
        assert!(cache.get(&key, Moment(secs(life) - Duration::from_millis(1))).is_some(), "{key}");
        assert!(cache.get(&key, at(life)).is_none(), "{key}");
        let total = cache.stats().total;
        assert_eq!((total.hits, total.misses, total.expired, total.entries), (1, 1, 1, 0));
        assert_sound(&cache);
    }
}

#[test]
fn a_call_may_give_a_life_of_its_own() {
    let (mut cache, key) = (cache(), head(&s3(), "a"));
    assert!(cache.put(&key, object("t"), at(0), Some(secs(3)), at(0)));
    assert!(cache.get(&key, at(2)).is_some());
    assert!(cache.get(&key, at(3)).is_none());
    assert!(!cache.put(&key, object("t"), at(0), Some(Duration::ZERO), at(0)));
    assert!(cache.get(&key, at(0)).is_none());
}

#[test]
fn zero_is_never_cached_however_long_a_listing_took() {
    let mut settings = CacheSettings::default();
    settings.ttl.list = Duration::ZERO;
    let (mut cache, key) = (OpCache::new(settings), list(&s3(), ""));
    let ticket = cache.begin(&key, at(0));
    assert!(!cache.fill(&ticket, listing(&["a"]), at(100)));
    assert!(cache.get(&key, at(100)).is_none());
}

#[test]
fn a_slow_listing_lives_ten_times_as_long_as_it_took_from_its_first_request() {
    let (mut cache, key) = (cache(), list(&s3(), ""));
    let ticket = cache.begin(&key, at(0));
    assert!(cache.fill(&ticket, listing(&["a"]), at(20)));
    assert!(cache.get(&key, at(199)).is_some());
    assert!(cache.get(&key, at(200)).is_none());
}

#[test]
fn age_counts_from_the_first_request() {
    let (mut cache, key) = (cache(), head(&s3(), "a"));
    let ticket = cache.begin(&key, at(0));
    assert!(cache.fill(&ticket, object("t"), at(50)));
    assert!(cache.get(&key, at(59)).is_some());
    assert!(cache.get(&key, at(60)).is_none());
    // A head that took longer than it may live is not kept at all.
    let ticket = cache.begin(&key, at(100));
    assert!(!cache.fill(&ticket, object("t"), at(160)));
}

// Bounds.

#[test]
fn the_least_recently_used_gives_way() {
    let mut cache = OpCache::new(CacheSettings { max_entries: 2, ..CacheSettings::default() });
    let [a, b, c] = ["a", "b", "c"].map(|key| head(&s3(), key));
    store(&mut cache, &a, object("a"));
    store(&mut cache, &b, object("b"));
    assert!(holds(&mut cache, &a));
    store(&mut cache, &c, object("c"));
    assert!(!holds(&mut cache, &b));
    assert!(holds(&mut cache, &a) && holds(&mut cache, &c));
    assert_eq!(cache.stats().total.evicted, 1);
    assert_sound(&cache);
}

#[test]
fn bytes_are_bounded_and_the_newest_stays_however_large() {
    let mut cache = OpCache::new(CacheSettings { max_bytes: 4_000, ..CacheSettings::default() });
    store(&mut cache, &head(&s3(), "small"), object("t"));
    let names: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let large = list(&s3(), "");
    store(&mut cache, &large, listing(&names));
    assert!(holds(&mut cache, &large));
    assert!(!holds(&mut cache, &head(&s3(), "small")));
    assert!(cache.stats().total.bytes > 100_000);
    store(&mut cache, &head(&s3(), "other"), object("t"));
    assert!(!holds(&mut cache, &large));
    assert!(cache.stats().total.bytes < 4_000);
    assert_sound(&cache);
}

#[test]
fn rows_that_are_looked_up_take_no_entries_of_their_own() {
    let mut cache = OpCache::new(CacheSettings { max_entries: 1, ..CacheSettings::default() });
    let names: Vec<String> = (0..1_000).map(|n| format!("{n:04}")).collect();
    store(&mut cache, &list(&s3(), ""), listing(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    for name in &names {
        assert!(cache.get_row(&head(&s3(), name), at(1)).is_some());
    }
    let stats = cache.stats();
    assert_eq!((stats.total.entries, stats.total.evicted), (1, 0));
    assert_eq!(stats.by_operation[&crate::cache::OpKind::Head].saved, 1_000);
}

// Settings.

#[test]
fn it_can_be_configured_and_cleared_at_run_time() {
    let (mut cache, s3) = (cache(), s3());
    for n in 0..10 {
        store(&mut cache, &head(&s3, &n.to_string()), object("t"));
    }
    cache.configure(CacheSettings { max_entries: 3, ..CacheSettings::default() });
    assert_eq!((cache.stats().total.entries, cache.stats().total.evicted), (3, 7));
    let mut settings = CacheSettings::default();
    settings.ttl.head = secs(1);
    cache.configure(settings);
    assert!(cache.get(&head(&s3, "9"), at(1)).is_none(), "a shorter life holds for what is held");
    assert!(cache.get(&head(&s3, "8"), at(0)).is_some());
    let ticket = cache.begin(&list(&s3, ""), at(0));
    cache.clear();
    assert_eq!((cache.stats().total.entries, cache.stats().total.invalidated), (0, 2));
    assert!(!cache.fill(&ticket, listing(&["a"]), at(0)), "clearing detaches loads");
    assert_sound(&cache);
    store(&mut cache, &head(&s3, "a"), object("t"));
    cache.configure(CacheSettings { enabled: false, ..CacheSettings::default() });
    assert_eq!(cache.stats().total.entries, 0);
    assert!(!cache.put(&head(&s3, "a"), object("t"), at(0), None, at(0)));
    assert_sound(&cache);
}

// Rule 1: what a write touches.

#[test]
fn a_write_drops_its_head_and_every_listing_whose_prefix_it_begins_with() {
    let s3 = s3();
    let touched = ["", "a", "a/", "a/b", "a/b/", "a/b/c", "a/b/c.txt"];
    let untouched = ["b/", "a/b/c.txt.bak", "a/bc/", "a/b/d", "A/", "a//", "a/b/c.txt/"];
    for delimited in [true, false] {
        let mut cache = cache();
        for prefix in touched.iter().chain(&untouched) {
            store(&mut cache, &list_in(&s3, "b", prefix, delimited), listing(&["x"]));
            store(&mut cache, &list_in(&s3, "other", prefix, delimited), listing(&["x"]));
            store(&mut cache, &head(&s3, prefix), object("t"));
        }
        let dropped = cache.invalidate_key(&"aws".into(), &"b".into(), &"a/b/c.txt".into());
        assert_eq!(dropped, touched.len() + 1);
        for prefix in touched {
            assert!(!holds(&mut cache, &list_in(&s3, "b", prefix, delimited)), "{prefix}");
            assert_eq!(holds(&mut cache, &head(&s3, prefix)), prefix != "a/b/c.txt", "{prefix}");
        }
        for prefix in untouched {
            assert!(holds(&mut cache, &list_in(&s3, "b", prefix, delimited)), "{prefix}");
            assert!(holds(&mut cache, &head(&s3, prefix)), "{prefix}");
        }
        assert!(touched.iter().all(|prefix| holds(&mut cache, &list_in(&s3, "other", prefix, delimited))));
        assert_sound(&cache);
    }
}

#[test]
fn a_write_drops_negatives_and_all_versions() {
    let (mut cache, s3) = (cache(), s3());
    let version = |id: &str| {
        OpKey::new(&s3, Query::Head { bucket: "b".into(), key: "k".into(), version: Some(id.into()) })
    };
    store(&mut cache, &head(&s3, "k"), absent());
    store(&mut cache, &version("1"), object("1"));
    store(&mut cache, &version("2"), object("2"));
    write(&mut cache, &added("k"));
    assert_eq!(cache.stats().total.entries, 0);
    assert_eq!(cache.stats().total.invalidated, 3);
    assert_sound(&cache);
}

#[test]
fn an_addition_leaves_the_ancestors_that_show_the_child_prefix() {
    let (mut cache, s3) = (cache(), s3());
    store(&mut cache, &list(&s3, ""), listing(&["a/"]));
    store(&mut cache, &list(&s3, "a/"), listing(&["b/"]));
    store(&mut cache, &list(&s3, "a/b/"), listing(&["old"]));
    store(&mut cache, &list_in(&s3, "b", "", false), listing(&["a/b/old"]));
    write(&mut cache, &added("a/b/new"));
    assert!(holds(&mut cache, &list(&s3, "")));
    assert!(holds(&mut cache, &list(&s3, "a/")));
    assert!(!holds(&mut cache, &list(&s3, "a/b/")), "the parent itself");
    assert!(!holds(&mut cache, &list_in(&s3, "b", "", false)), "a tree has a row for each key");
    // A marker is a row of its own prefix only.
    store(&mut cache, &list(&s3, "a/b/"), listing(&["old"]));
    write(&mut cache, &added("a/b/"));
    assert!(holds(&mut cache, &list(&s3, "a/")));
    assert!(!holds(&mut cache, &list(&s3, "a/b/")));
}

#[test]
fn an_addition_drops_the_ancestors_that_dont_show_the_child_prefix() {
    let (mut cache, s3) = (cache(), s3());
    // A file `a` is no prefix `a/`, and neither is `ab/`.
    store(&mut cache, &list(&s3, ""), listing(&["a", "ab/"]));
    store(&mut cache, &list(&s3, "x/"), listing(&["y"]));
    write(&mut cache, &added("a/b/new"));
    assert!(!holds(&mut cache, &list(&s3, "")));
    assert!(holds(&mut cache, &list(&s3, "x/")));
}

#[test]
fn a_delete_has_no_exception() {
    let (mut cache, s3) = (cache(), s3());
    store(&mut cache, &list(&s3, ""), listing(&["a/"]));
    store(&mut cache, &list(&s3, "a/"), listing(&["b/"]));
    write(&mut cache, &removed("a/b/old"));
    assert_eq!(cache.stats().total.entries, 0);
}

#[test]
fn several_keys_drop_each_of_theirs() {
    let (mut cache, s3) = (cache(), s3());
    let keys = ["a/1", "a/2", "c/3"];
    for key in keys {
        store(&mut cache, &head(&s3, key), object("t"));
    }
    for prefix in ["", "a/", "c/", "d/"] {
        store(&mut cache, &list(&s3, prefix), listing(&["a/", "c/", "x"]));
    }
    write(&mut cache, &touch(&"aws".into(), &"b".into(), Extent::Keys(keys.map(Arc::from).into())));
    assert_eq!(cache.stats().total.invalidated, 6);
    assert!(holds(&mut cache, &list(&s3, "d/")));
    assert_sound(&cache);
}

#[test]
fn a_prefix_write_drops_all_under_it_and_what_shows_it() {
    let (mut cache, s3) = (cache(), s3());
    for prefix in ["", "a/", "a/b/", "a/b/c/", "a/bb/", "z/"] {
        store(&mut cache, &list(&s3, prefix), listing(&["x"]));
    }
    for key in ["a/b/", "a/b/1", "a/b/c/2", "a/b", "a/c"] {
        store(&mut cache, &head(&s3, key), object("t"));
    }
    assert_eq!(cache.invalidate_prefix(&"aws".into(), &"b".into(), &"a/b/".into()), 7);
    for prefix in ["a/bb/", "z/"] {
        assert!(holds(&mut cache, &list(&s3, prefix)), "{prefix}");
    }
    for key in ["a/b", "a/c"] {
        assert!(holds(&mut cache, &head(&s3, key)), "{key}");
    }
    assert_sound(&cache);
}

#[test]
fn creating_or_deleting_a_bucket_drops_all_of_it_its_region_and_the_list_of_buckets() {
    let (mut cache, s3) = (cache(), s3());
    let region = |bucket: &str| OpKey::new(&s3, Query::Region { bucket: bucket.into() });
    let buckets = OpKey::new(&s3, Query::ListBuckets);
    let elsewhere = OpKey::new(&connection("minio", "http://minio"), Query::ListBuckets);
    store(&mut cache, &buckets, listing(&["b/", "c/"]));
    store(&mut cache, &elsewhere, listing(&["b/"]));
    for bucket in ["b", "c"] {
        store(&mut cache, &region(bucket), Answer::Region(None));
        store(&mut cache, &list_in(&s3, bucket, "", true), listing(&["x"]));
        store(&mut cache, &list_in(&s3, bucket, "a/", false), listing(&["x"]));
    }
    store(&mut cache, &head(&s3, "x"), object("t"));
    assert_eq!(cache.invalidate_bucket(&"aws".into(), &"b".into()), 5);
    assert!(!holds(&mut cache, &buckets) && !holds(&mut cache, &region("b")));
    assert!(holds(&mut cache, &region("c")) && holds(&mut cache, &list_in(&s3, "c", "", true)));
    assert!(holds(&mut cache, &elsewhere));
    // A bucket of which nothing is held changes the list, too.
    store(&mut cache, &buckets, listing(&["c/"]));
    assert_eq!(cache.invalidate_bucket(&"aws".into(), &"new".into()), 1);
    assert_sound(&cache);
}

#[test]
fn a_write_to_an_object_leaves_region_and_buckets() {
    let (mut cache, s3) = (cache(), s3());
    let region = OpKey::new(&s3, Query::Region { bucket: "b".into() });
    let buckets = OpKey::new(&s3, Query::ListBuckets);
    store(&mut cache, &region, Answer::Region(None));
    store(&mut cache, &buckets, listing(&["b/"]));
    write(&mut cache, &removed("k"));
    assert!(holds(&mut cache, &region) && holds(&mut cache, &buckets));
}

#[test]
fn a_write_reaches_every_connection_to_the_endpoint_and_no_other() {
    let mut cache = cache();
    let (s3, other_name, elsewhere) = (s3(), connection("prod", "aws"), connection("s3", "http://minio"));
    for id in [&s3, &other_name, &elsewhere] {
        store(&mut cache, &list(id, ""), listing(&["k"]));
        store(&mut cache, &head(id, "k"), object("t"));
    }
    write(&mut cache, &removed("k"));
    assert!(!holds(&mut cache, &list(&s3, "")) && !holds(&mut cache, &head(&other_name, "k")));
    assert!(holds(&mut cache, &list(&elsewhere, "")) && holds(&mut cache, &head(&elsewhere, "k")));
}

#[test]
fn names_that_are_no_ascii_are_found_byte_for_byte() {
    let (mut cache, s3) = (cache(), s3());
    // `é` is C3 A9 and `è` is C3 A8: they share a byte, but no letter.
    for prefix in ["è", "é", "éa", "a\u{301}", "\u{10ffff}"] {
        store(&mut cache, &list(&s3, prefix), listing(&["x"]));
    }
    assert_eq!(cache.invalidate_key(&"aws".into(), &"b".into(), &"éaz".into()), 2);
    assert!(holds(&mut cache, &list(&s3, "è")));
    assert_sound(&cache);
}

// Rules 2 and 3: fences, doubts and tickets.

#[test]
fn a_load_that_a_write_touches_is_handed_out_but_not_stored() {
    let s3 = s3();
    let key = list(&s3, "");
    let mut cache = cache();
    let before = cache.begin(&key, at(0));
    cache.begin_write(&added("a/b"));
    assert!(!cache.is_live(&before), "later readers start anew");
    let between = cache.begin(&key, at(0));
    cache.end_write(&added("a/b"), Outcome::Known, at(0));
    assert!(!cache.is_live(&between));
    assert!(!cache.fill(&before, listing(&["old"]), at(1)));
    assert!(!cache.fill(&between, listing(&["old"]), at(1)));
    let after = cache.begin(&key, at(1));
    assert!(cache.fill(&after, listing(&["a/"]), at(2)));
    assert_sound(&cache);
}

#[test]
fn loads_detach_even_where_a_held_listing_would_stay() {
    let (mut cache, s3) = (cache(), s3());
    store(&mut cache, &list(&s3, ""), listing(&["a/"]));
    let ticket = cache.begin(&list(&s3, ""), at(0));
    write(&mut cache, &added("a/b"));
    assert!(holds(&mut cache, &list(&s3, "")));
    assert!(!cache.fill(&ticket, listing(&["a/"]), at(0)));
}

#[test]
fn a_load_of_something_else_is_left_alone() {
    let (mut cache, s3) = (cache(), s3());
    let ticket = cache.begin(&list(&s3, "x/"), at(0));
    write(&mut cache, &added("a/b"));
    assert!(cache.is_live(&ticket));
    assert!(cache.fill(&ticket, listing(&["k"]), at(0)));
}

#[test]
fn the_later_load_of_one_question_wins() {
    let (mut cache, key) = (cache(), head(&s3(), "k"));
    let first = cache.begin(&key, at(0));
    let second = cache.begin(&key, at(1));
    assert!(cache.fill(&second, object("new"), at(2)));
    assert!(!cache.fill(&first, object("old"), at(3)));
    assert_eq!(cache.get(&key, at(3)).and_then(|answer| tag_of(&answer)), Some("new".into()));
}

#[test]
fn a_load_that_ends_without_an_answer_leaves_nothing() {
    let (mut cache, key) = (cache(), head(&s3(), "k"));
    let ticket = cache.begin(&key, at(0));
    cache.abandon(&ticket);
    assert!(!cache.is_live(&ticket));
    assert!(!cache.fill(&ticket, object("t"), at(0)));
    assert_sound(&cache);
}

#[test]
fn an_old_load_that_ends_doesnt_end_a_newer_one() {
    let (mut cache, key) = (cache(), head(&s3(), "k"));
    let old = cache.begin(&key, at(0));
    let new = cache.begin(&key, at(0));
    cache.abandon(&old);
    assert!(cache.is_live(&new));
}

#[test]
fn after_an_unknown_outcome_its_place_is_served_but_not_stored_for_thirty_seconds() {
    let s3 = s3();
    let doubtful = || {
        let mut cache = cache();
        cache.begin_write(&added("a/k"));
        cache.end_write(&added("a/k"), Outcome::Unknown, at(0));
        cache
    };
    for key in [head(&s3, "a/k"), list(&s3, "a/"), list(&s3, "")] {
        let mut cache = doubtful();
        let ticket = cache.begin(&key, at(29));
        // It ends after the doubt, but it was asked within.
        assert!(!cache.fill(&ticket, listing(&["x"]), at(31)), "{key}");
        assert!(!cache.put(&key, listing(&["x"]), at(29), None, at(29)), "{key}");
        let ticket = cache.begin(&key, at(30));
        assert!(cache.fill(&ticket, listing(&["x"]), at(30)), "{key}");
    }
    let mut cache = doubtful();
    let other = cache.begin(&head(&s3, "a/other"), at(1));
    assert!(cache.fill(&other, object("t"), at(1)), "what it doesn't touch is stored");
}

#[test]
fn a_known_outcome_leaves_no_doubt() {
    let (mut cache, key) = (cache(), head(&s3(), "k"));
    write(&mut cache, &added("k"));
    store(&mut cache, &key, object("t"));
}

#[test]
fn a_fence_that_is_dropped_leaves_a_doubt_and_one_that_is_ended_does_not() {
    let clock = Arc::new(crate::cache::ManualClock::default());
    let shared = SharedOpCache::with_clock(CacheSettings::default(), clock.clone());
    let key = head(&s3(), "k");
    drop(shared.fence(added("k")));
    assert!(!shared.put(&key, object("t"), None));
    clock.advance(DOUBT);
    assert!(shared.put(&key, object("t"), None));
    let fence = shared.fence(added("k"));
    assert!(shared.get(&key).is_none(), "dropped before it is sent");
    let ticket = shared.begin(&key);
    fence.end(Outcome::Known);
    assert!(!shared.is_live(&ticket), "and again when it ends");
    assert!(shared.put(&key, object("t"), None));
}

#[test]
fn forgetting_one_answer_leaves_its_neighbours() {
    let (mut cache, s3) = (cache(), s3());
    store(&mut cache, &list(&s3, ""), listing(&["a"]));
    store(&mut cache, &list_in(&s3, "b", "", false), listing(&["a"]));
    let ticket = cache.begin(&list(&s3, ""), at(0));
    cache.forget(&list(&s3, ""));
    assert!(!holds(&mut cache, &list(&s3, "")) && !cache.is_live(&ticket));
    assert!(holds(&mut cache, &list_in(&s3, "b", "", false)));
    assert_sound(&cache);
}

// Rows of held listings.

fn tagged(name: &str, tag: &str) -> Answer {
    Answer::Listing(Arc::new(Listing::new(vec![Arc::new(vec![row(name, tag)])], Timestamp(0))))
}

fn put_at(cache: &mut OpCache, key: &OpKey, answer: Answer, seconds: u64) {
    assert!(cache.put(key, answer, at(seconds), None, at(seconds)));
}

#[test]
fn a_held_listing_answers_for_its_rows() {
    let s3 = s3();
    for (prefix, delimited, name, key) in [
        ("a/", true, "k", "a/k"),
        ("", false, "a/k", "a/k"),
        ("a", false, "/k", "a/k"),
        ("a/", true, "", "a/"),
        ("a//", true, "k", "a//k"),
    ] {
        let mut cache = cache();
        store(&mut cache, &list_in(&s3, "b", prefix, delimited), tagged(name, "t"));
        let answer = cache.get_row(&head(&s3, key), at(1)).expect(key);
        let Answer::Head(found) = &answer else { panic!("{answer:?}") };
        assert_eq!(found.entry.size, Some(1));
        assert_eq!(Uri::S3(S3Uri::new("s3", "b", key)).name(), found.entry.name, "{key}");
        assert!(cache.get(&head(&s3, key), at(1)).is_none(), "all of a HEAD is not in a row");
        assert!(cache.get_row(&head(&s3, key), at(60)).is_none(), "its life is over");
    }
}

#[test]
fn a_listing_answers_for_files_of_its_own_connection_bucket_and_newest_version_only() {
    let (mut cache, s3) = (cache(), s3());
    store(&mut cache, &list(&s3, ""), listing(&["d/", "k"]));
    assert!(cache.get_row(&head(&s3, "d"), at(0)).is_none(), "a prefix is no object");
    assert!(cache.get_row(&head(&s3, "d/"), at(0)).is_none(), "nor is it its marker");
    assert!(cache.get_row(&head(&connection("prod", "aws"), "k"), at(0)).is_none());
    let elsewhere = Query::Head { bucket: "c".into(), key: "k".into(), version: None };
    assert!(cache.get_row(&OpKey::new(&s3, elsewhere), at(0)).is_none());
    let version = Query::Head { bucket: "b".into(), key: "k".into(), version: Some("1".into()) };
    assert!(cache.get_row(&OpKey::new(&s3, version), at(0)).is_none());
    assert!(cache.get_row(&head(&s3, "k"), at(0)).is_some());
}

#[test]
fn the_newer_of_listing_and_head_wins() {
    let s3 = s3();
    let tag = |cache: &mut OpCache| cache.get_row(&head(&s3, "a/k"), at(9)).as_ref().and_then(tag_of);
    let mut cache = cache();
    put_at(&mut cache, &list(&s3, "a/"), tagged("k", "listing"), 1);
    put_at(&mut cache, &head(&s3, "a/k"), object("head"), 2);
    assert_eq!(tag(&mut cache), Some("head".into()));
    put_at(&mut cache, &list(&s3, "a/"), tagged("k", "newer"), 3);
    assert_eq!(tag(&mut cache), Some("newer".into()));
    put_at(&mut cache, &list_in(&s3, "b", "", false), tagged("a/k", "newest"), 4);
    assert_eq!(tag(&mut cache), Some("newest".into()));
}

#[test]
fn absence_from_a_listing_is_no_answer() {
    let (mut cache, s3) = (cache(), s3());
    put_at(&mut cache, &list(&s3, ""), listing(&["other"]), 2);
    assert!(cache.get_row(&head(&s3, "k"), at(3)).is_none());
    put_at(&mut cache, &head(&s3, "k"), object("t"), 1);
    assert!(cache.get_row(&head(&s3, "k"), at(3)).is_some());
}

#[test]
fn a_newer_listing_refutes_a_held_absence() {
    let (mut cache, s3) = (cache(), s3());
    put_at(&mut cache, &head(&s3, "k"), absent(), 1);
    assert!(matches!(cache.get_row(&head(&s3, "k"), at(2)), Some(Answer::Absent(_))));
    put_at(&mut cache, &list(&s3, ""), tagged("k", "there"), 2);
    assert_eq!(cache.get_row(&head(&s3, "k"), at(3)).as_ref().and_then(tag_of), Some("there".into()));
    assert!(cache.get(&head(&s3, "k"), at(3)).is_none(), "all of it must be asked for");
    put_at(&mut cache, &head(&s3, "k"), absent(), 3);
    assert!(matches!(cache.get(&head(&s3, "k"), at(3)), Some(Answer::Absent(_))));
}

#[test]
fn a_prefix_shows_the_newest_time_that_a_held_listing_knows_and_counts_nothing() {
    let (mut cache, s3) = (cache(), s3());
    let newest = |cache: &OpCache, now| cache.newest_below(&s3, &"b".into(), &"a/".into(), now);
    assert_eq!(newest(&cache, at(0)), None);
    let rows = [7, 3].map(|time| Entry { modified: Some(Timestamp(time)), ..row("x", "t") });
    let answer = Answer::Listing(Arc::new(Listing::new(vec![Arc::new(rows.into())], Timestamp(0))));
    store(&mut cache, &list(&s3, "a/"), answer);
    let before = cache.stats();
    assert_eq!(newest(&cache, at(1)), Some(Timestamp(7)));
    assert_eq!(newest(&cache, at(60)), None);
    assert_eq!(cache.stats(), before);
}

// Figures.

#[test]
fn a_hit_saves_what_it_would_have_cost() {
    let (mut cache, s3) = (cache(), s3());
    let pages = (0..3).map(|n| Arc::new(vec![row(&n.to_string(), "t")])).collect();
    store(&mut cache, &list(&s3, ""), Answer::Listing(Arc::new(Listing::new(pages, Timestamp(0)))));
    store(&mut cache, &head(&s3, "k"), object("t"));
    assert!(holds(&mut cache, &list(&s3, "")) && holds(&mut cache, &head(&s3, "k")));
    assert!(!holds(&mut cache, &head(&s3, "missing")));
    cache.count_shared(&head(&s3, "missing"));
    let stats = cache.stats();
    assert_eq!(stats.total.saved, 4);
    assert_eq!(stats.by_operation[&crate::cache::OpKind::List].saved, 3);
    assert_eq!((stats.total.hits, stats.total.misses, stats.total.shared), (2, 1, 1));
    assert_eq!(stats.by_connection[&Arc::from("s3")], stats.total);
}

#[test]
fn taking_the_numbers_is_no_look_up() {
    let (mut cache, s3) = (cache(), s3());
    store(&mut cache, &head(&s3, "k"), object("t"));
    assert_eq!(cache.stats(), cache.stats());
    assert_eq!(cache.stats().total.lookups(), 0);
}
