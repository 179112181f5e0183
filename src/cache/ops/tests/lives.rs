use super::*;

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
        assert!(cache.get(&key, at(life - 1)).is_some(), "{key}");
        assert!(cache.get(&key, at(life)).is_none(), "{key}");
        assert!(cache.get(&key, at(life)).is_none(), "{key}");
        let total = cache.stats().total;
        assert_eq!((total.hits, total.misses, total.expired), (1, 2, 1));
        // A listing with rows may still be shown while it is read again.
        let shows = matches!(key.query, Query::List { .. } | Query::ListBuckets) && life == 60;
        assert_eq!(total.entries, u64::from(shows));
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
    let mut settings = OpCacheSettings::default();
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

#[test]
fn the_least_recently_used_gives_way() {
    let mut cache = OpCache::new(OpCacheSettings { max_entries: 2, ..OpCacheSettings::default() });
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
    let mut cache = OpCache::new(OpCacheSettings { max_bytes: 4_000, ..OpCacheSettings::default() });
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
    let mut cache = OpCache::new(OpCacheSettings { max_entries: 1, ..OpCacheSettings::default() });
    let names: Vec<String> = (0..1_000).map(|n| format!("{n:04}")).collect();
    store(&mut cache, &list(&s3(), ""), listing(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    for name in &names {
        assert!(cache.get_row(&head(&s3(), name), at(1)).is_some());
    }
    let stats = cache.stats();
    assert_eq!((stats.total.entries, stats.total.evicted), (1, 0));
    assert_eq!(stats.by_operation[&crate::cache::OpKind::Head].saved, 1_000);
}

#[test]
fn it_can_be_configured_and_cleared_at_run_time() {
    let (mut cache, s3) = (cache(), s3());
    for n in 0..10 {
        store(&mut cache, &head(&s3, &n.to_string()), object("t"));
    }
    cache.configure(OpCacheSettings { max_entries: 3, ..OpCacheSettings::default() });
    assert_eq!((cache.stats().total.entries, cache.stats().total.evicted), (3, 7));
    let mut settings = OpCacheSettings::default();
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
    cache.configure(OpCacheSettings { enabled: false, ..OpCacheSettings::default() });
    assert_eq!(cache.stats().total.entries, 0);
    assert!(!cache.put(&head(&s3, "a"), object("t"), at(0), None, at(0)));
    assert_sound(&cache);
}

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

#[test]
fn a_listing_past_its_life_is_shown_for_a_while_and_counted_apart() {
    let (mut cache, key) = (cache(), list(&s3(), ""));
    store(&mut cache, &key, listing(&["a"]));
    assert!(cache.get_stale(&key, at(59)).is_none(), "it is fresh");
    for seconds in [60, 659] {
        assert!(cache.get_stale(&key, at(seconds)).is_some_and(|listing| listing.rows() == 1));
        assert!(cache.get(&key, at(seconds)).is_none(), "nobody else gets it");
        assert!(cache.get_row(&head(&s3(), "a"), at(seconds)).is_none(), "nor a row of it");
        assert_eq!(cache.newest_below(&s3(), &"b".into(), &"".into(), at(seconds)), None);
    }
    let total = cache.stats().total;
    assert_eq!((total.stale, total.hits, total.misses, total.expired, total.saved), (2, 0, 4, 1, 0));
    assert!(cache.get_stale(&key, at(660)).is_none());
    assert!(cache.get(&key, at(660)).is_none());
    assert_eq!(cache.stats().total.entries, 0);
    assert_sound(&cache);
}

#[test]
fn what_a_write_drops_is_not_shown_as_stale_either() {
    let (mut cache, key) = (cache(), list(&s3(), ""));
    store(&mut cache, &key, listing(&["a"]));
    write(&mut cache, &removed("a"));
    assert!(cache.get_stale(&key, at(60)).is_none());
    store(&mut cache, &key, listing(&["a"]));
    cache.clear();
    assert!(cache.get_stale(&key, at(60)).is_none());
}

#[test]
fn nothing_stale_is_shown_where_the_settings_say_so_or_there_is_no_row() {
    let key = list(&s3(), "");
    let mut never = OpCache::new(OpCacheSettings { stale: Duration::ZERO, ..OpCacheSettings::default() });
    store(&mut never, &key, listing(&["a"]));
    assert!(never.get_stale(&key, at(60)).is_none());
    let mut cache = cache();
    store(&mut cache, &key, listing(&[]));
    assert!(cache.get_stale(&key, at(60)).is_none());
}

#[test]
fn a_look_at_what_is_held_counts_nothing() {
    let (mut cache, key) = (cache(), list(&s3(), ""));
    assert!(cache.peek(&key, at(0)).is_none());
    store(&mut cache, &key, listing(&["a"]));
    let told = |cache: &mut OpCache, seconds| cache.peek(&key, at(seconds)).map(|(_, past)| past);
    assert_eq!(
        [0, 59, 60, 659, 660].map(|at| told(&mut cache, at)),
        [Some(false), Some(false), Some(true), Some(true), None]
    );
    let total = cache.stats().total;
    assert_eq!((total.lookups(), total.stale, total.expired), (0, 0, 0));
}

#[test]
fn a_listing_that_keeps_changing_lives_shorter_and_one_that_never_does_longer() {
    let adaptive = OpCacheSettings { adaptive: true, ..OpCacheSettings::default() };
    let (mut cache, key) = (OpCache::new(adaptive), list(&s3(), ""));
    let life = |cache: &mut OpCache, from: u64| {
        (from..from + 1_000_000)
            .find(|seconds| cache.peek(&key, at(*seconds)).is_none_or(|(_, past)| past))
            .unwrap()
            - from
    };
    put_at(&mut cache, &key, listing(&["a"]), 0);
    assert_eq!(life(&mut cache, 0), 60);
    put_at(&mut cache, &key, listing(&["a"]), 100);
    assert_eq!(life(&mut cache, 100), 90);
    put_at(&mut cache, &key, listing(&["a", "b"]), 200);
    assert_eq!(life(&mut cache, 200), 45);
    put_at(&mut cache, &key, listing(&["a"]), 300);
    assert_eq!(life(&mut cache, 300), 23, "22 and a half");
}

#[test]
fn what_an_earlier_run_kept_is_stale_from_the_start_and_makes_room_for_nothing() {
    let Answer::Listing(old) = listing(&["old"]) else { unreachable!() };
    let (mut cache, key) = (cache(), list(&s3(), ""));
    cache.restore(&s3(), [(key.query.clone(), old.clone())]);
    assert!(cache.get(&key, at(0)).is_none());
    assert!(cache.get_stale(&key, at(1_000_000)).is_some());
    store(&mut cache, &key, listing(&["new"]));
    cache.restore(&s3(), [(key.query.clone(), old.clone())]);
    assert!(holds(&mut cache, &key), "what this run read is newer");
    assert_sound(&cache);
    let mut full = OpCache::new(OpCacheSettings { max_entries: 1, ..OpCacheSettings::default() });
    store(&mut full, &list(&s3(), "x/"), listing(&["x"]));
    full.restore(&s3(), [(key.query.clone(), old.clone())]);
    assert!(holds(&mut full, &list(&s3(), "x/")) && full.get_stale(&key, at(0)).is_none());
    let mut off = OpCache::new(OpCacheSettings { enabled: false, ..OpCacheSettings::default() });
    off.restore(&s3(), [(key.query.clone(), old.clone())]);
    assert_eq!(off.stats().total.entries, 0);
    let mut wrote = super::cache();
    write(&mut wrote, &added("elsewhere/k"));
    wrote.restore(&s3(), [(key.query, old)]);
    assert_eq!(wrote.stats().total.entries, 0, "it may be older than what was written");
}

#[test]
fn what_is_held_is_told_with_its_life_and_nothing_is_counted_by_it() {
    let settings = OpCacheSettings { stale: secs(100), ..OpCacheSettings::default() };
    let (list_life, head_life) = (settings.ttl.list, settings.ttl.head);
    let mut cache = OpCache::new(settings);
    store(&mut cache, &list(&s3(), "p/"), listing(&["a", "b/"]));
    store(&mut cache, &head(&s3(), "p/a"), object("t"));
    let told = |cache: &OpCache, now: Moment| {
        let mut held = cache.entries(now);
        held.sort_by_key(|held| held.key.kind());
        held
    };
    let early = told(&cache, at(1));
    let places: Vec<_> = early.iter().map(|held| held.key.location().to_string()).collect();
    assert_eq!(places, ["s3://b/p/", "s3://b/p/a"]);
    assert_eq!((early[0].rows, early[1].rows, early[0].age), (Some(2), None, secs(1)));
    assert_eq!(early[0].life, Life::Fresh(list_life.saturating_sub(secs(1))));
    assert_eq!(early[1].life, Life::Fresh(head_life.saturating_sub(secs(1))));
    let late = told(&cache, Moment(list_life.max(head_life) + secs(1)));
    assert_eq!([late[0].life, late[1].life], [Life::Stale, Life::Over]);
    let stats = cache.stats().total;
    assert_eq!((stats.hits, stats.misses, stats.expired, stats.entries), (0, 0, 0, 2));
}
