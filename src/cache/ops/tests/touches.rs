use super::*;

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
