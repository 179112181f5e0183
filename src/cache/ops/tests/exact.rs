//! Writes whose answers tell just what they leave, and the listings that take it in.

use super::*;

fn put(key: &str, tag: &str) -> Vec<Patch> {
    vec![Patch::object(&key.into(), row("", tag))]
}

fn gone(key: &str) -> Vec<Patch> {
    vec![Patch::gone(&key.into())]
}

fn rows(cache: &mut OpCache, prefix: &str) -> Option<Vec<String>> {
    let Answer::Listing(listing) = cache.get(&list(&s3(), prefix), at(1))? else { return None };
    let slash = |row: &Entry| if row.kind == Kind::Dir { "/" } else { "" };
    let name = |row: &Entry| format!("{}{}", row.name.to_lossy(), slash(row));
    Some(listing.pages.iter().flat_map(|page| page.iter().map(name)).collect())
}

/// A cache that holds the listings of the bucket, `a/` and `a/b/`.
fn warm() -> OpCache {
    let (mut cache, s3) = (cache(), s3());
    store(&mut cache, &list(&s3, ""), listing(&["a/", "k"]));
    store(&mut cache, &list(&s3, "a/"), listing(&["b/"]));
    store(&mut cache, &list(&s3, "a/b/"), listing(&["old"]));
    cache
}

#[test]
fn a_put_and_a_delete_change_the_listings_that_show_them_and_cost_none() {
    let mut cache = warm();
    cache.begin_exact(&added("a/b/new"));
    assert_eq!(rows(&mut cache, "a/b/").unwrap(), ["old"], "it is served until the write is answered");
    cache.end_exact(&added("a/b/new"), &put("a/b/new", "t"), &s3());
    assert_eq!(rows(&mut cache, "a/b/").unwrap(), ["old", "new"]);
    assert_eq!(rows(&mut cache, "a/").unwrap(), ["b/"]);
    cache.begin_exact(&removed("a/b/old"));
    cache.end_exact(&removed("a/b/old"), &gone("a/b/old"), &s3());
    assert_eq!(rows(&mut cache, "a/b/").unwrap(), ["new"]);
    assert_eq!(rows(&mut cache, "a/"), None, "whether it still shows b/ isn't known here");
    assert_eq!(cache.stats().total.patched, 4);
    assert_sound(&cache);
}

#[test]
fn a_new_child_shows_in_every_ancestor() {
    let mut cache = warm();
    cache.begin_exact(&added("x/y/z"));
    cache.end_exact(&added("x/y/z"), &put("x/y/z", "t"), &s3());
    assert_eq!(rows(&mut cache, "").unwrap(), ["a/", "k", "x/"]);
    assert_eq!(rows(&mut cache, "a/").unwrap(), ["b/"]);
}

#[test]
fn a_patched_listing_is_no_younger() {
    let mut cache = warm();
    cache.begin_exact(&added("a/b/new"));
    cache.end_exact(&added("a/b/new"), &put("a/b/new", "t"), &s3());
    assert!(cache.get(&list(&s3(), "a/b/"), at(59)).is_some());
    assert!(cache.get(&list(&s3(), "a/b/"), at(60)).is_none());
    assert!(cache.get_stale(&list(&s3(), "a/b/"), at(60)).is_some_and(|listing| listing.is_patched()));
}

#[test]
fn heads_go_as_with_any_write_and_loads_detach() {
    let (mut cache, s3) = (warm(), s3());
    store(&mut cache, &head(&s3, "k"), object("old"));
    let before = cache.begin(&list(&s3, ""), at(0));
    cache.begin_exact(&added("k"));
    assert!(!holds(&mut cache, &head(&s3, "k")) && !cache.is_live(&before));
    let between = cache.begin(&list(&s3, "new/"), at(0));
    let touched = cache.begin(&head(&s3, "k"), at(0));
    cache.end_exact(&added("k"), &put("k", "new"), &s3);
    assert!(cache.is_live(&between) && !cache.is_live(&touched));
    let Some(Answer::Head(row)) = cache.get_row(&head(&s3, "k"), at(1)) else { panic!("a row") };
    assert_eq!(row.entry.etag().map(ToString::to_string), Some("new".into()));
}

#[test]
fn two_writes_of_one_key_at_once_leave_it_to_be_read() {
    for (one, other) in [
        (added("k"), added("k")),
        (added("k"), removed("k")),
        (added("k"), touch(&"aws".into(), &"b".into(), Extent::Prefix("".into()))),
        (added("k"), touch(&"aws".into(), &"b".into(), Extent::Keys(vec!["j".into(), "k".into()].into()))),
    ] {
        let mut cache = warm();
        cache.begin_exact(&one);
        cache.begin_exact(&other);
        cache.end_exact(&other, &put("k", "2"), &s3());
        assert_eq!(rows(&mut cache, ""), None, "{other:?}");
        store(&mut cache, &list(&s3(), ""), listing(&["a/", "k"]));
        cache.end_exact(&one, &put("k", "1"), &s3());
        assert_eq!(rows(&mut cache, ""), None, "{other:?}");
    }
}

#[test]
fn writes_of_other_keys_at_once_leave_their_rows_each() {
    let mut cache = warm();
    for key in ["x", "y", "z"] {
        cache.begin_exact(&added(key));
    }
    for key in ["y", "x", "z"] {
        cache.end_exact(&added(key), &put(key, "t"), &s3());
    }
    assert_eq!(rows(&mut cache, "").unwrap(), ["a/", "k", "y", "x", "z"]);
}

#[test]
fn a_listing_that_was_read_while_it_was_written_goes() {
    let mut cache = warm();
    cache.forget(&list(&s3(), ""));
    cache.begin_exact(&added("new"));
    let ticket = cache.begin(&list(&s3(), ""), at(0));
    assert!(cache.fill(&ticket, listing(&["k"]), at(0)));
    cache.end_exact(&added("new"), &put("new", "t"), &s3());
    assert_eq!(rows(&mut cache, ""), None);
}

#[test]
fn a_refusal_and_a_lost_answer_drop_as_they_always_did() {
    for outcome in [Outcome::Known, Outcome::Unknown] {
        let mut cache = warm();
        cache.begin_exact(&added("k"));
        cache.end_write(&added("k"), outcome, at(0));
        assert_eq!(rows(&mut cache, ""), None);
        let kept = cache.put(&list(&s3(), ""), listing(&["k"]), at(1), None, at(1));
        assert_eq!(kept, outcome == Outcome::Known);
        assert_sound(&cache);
    }
}

#[test]
fn every_connection_to_aws_sees_it_and_elsewhere_the_others_ask() {
    for endpoint in ["aws", "http://rgw"] {
        let (own, other) = (connection("s3", endpoint), connection("other", endpoint));
        let mut cache = cache();
        for connection in [&own, &other] {
            store(&mut cache, &list(connection, ""), listing(&["k"]));
        }
        let new = Touch { endpoint: endpoint.into(), ..added("new") };
        cache.begin_exact(&new);
        cache.end_exact(&new, &put("new", "t"), &own);
        let mut shows = |connection| match cache.get(&list(connection, ""), at(1)) {
            Some(Answer::Listing(listing)) => Some(listing.find(b"new", Kind::File).is_some()),
            _ => None,
        };
        assert_eq!(shows(&own), Some(true));
        // There, a bucket of this name may be another to another tenant.
        assert_eq!(shows(&other), (endpoint == "aws").then_some(true), "{endpoint}");
        assert_sound(&cache);
    }
}
