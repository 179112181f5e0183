use super::*;

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
