use super::*;

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
    let shared = SharedOpCache::with_clock(OpCacheSettings::default(), clock.clone());
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
