use bifold::config::Connection;
use bifold::model::{ErrorKind, Freshness, Kind, StorageClass};
use bifold::vfs::{CopyOptions, Precondition};
use demo::{Effect, Options, Rule};

use crate::support::*;

const ODD: [&str; 14] = [
    "/lead",
    "a",
    "a//b",
    "a/",
    "a/b",
    "a-",
    "sp ace+plus%25",
    "ü/ß",
    "tab\there",
    "line\nfeed",
    "cr\rhere",
    "bell\u{7}",
    "e\u{301}",
    "<&>\"'",
];

#[tokio::test]
async fn a_directory_is_whole_by_pages_of_any_size() {
    for (page, requests) in [(1, 6), (2, 3), (1000, 1)] {
        let server = serve(Options::default());
        for key in ["d/a", "d/b", "d/c/x", "d/c/y", "d/e", "d/f/z", "d/g", "other"] {
            server.store().put("box", key, key);
        }
        let registry = registry_of(&server, Connection { page_size: Some(page), ..Connection::default() });
        assert_eq!(names(&at(&registry, "d/")).await, ["a", "b", "c/", "e", "f/", "g"], "pages of {page}");
        assert_eq!(server.counts().get("ListObjectsV2"), requests, "pages of {page}");
        assert_eq!(server.counts().total(), requests);
        assert_eq!(registry.requests()[0].1.total(), requests);
    }
}

#[tokio::test]
async fn a_server_that_pages_by_less_is_followed() {
    let server = serve(Options { max_page: 2, ..Options::default() });
    for n in 0..5 {
        server.store().put("box", &format!("k{n}"), "x");
    }
    assert_eq!(names(&at(&uncached(&server), "")).await.len(), 5);
    assert_eq!(server.counts().get("ListObjectsV2"), 3);
}

#[tokio::test]
async fn a_row_says_what_the_listing_knew() {
    let server = serve(Options::default());
    server.store().put("box", "d/object", "hello");
    server.store().set_class("box", "d/object", "GLACIER");
    server.store().put("box", "d/", "");
    let rows = rows(&at(&uncached(&server), "d/")).await.expect("a listing");
    let marker = rows.iter().find(|row| row.name.is_empty()).expect("the marker");
    assert_eq!((marker.kind, marker.size), (Kind::File, Some(0)));
    let object = rows.iter().find(|row| row.name.as_bytes() == b"object").expect("the object");
    assert_eq!(object.size, Some(5));
    assert!(object.modified.is_some() && object.etag().is_some());
    assert_eq!(object.class.as_ref().map(StorageClass::as_str), Some("GLACIER"));
    assert_eq!(server.counts().total(), 1);
}

#[tokio::test]
async fn odd_keys_are_rows_of_their_own() {
    for page in [1, 2, 1000] {
        let server = serve(Options::default());
        for key in ODD {
            server.store().put("box", key, key);
        }
        server.store().put("box", &"k".repeat(1024), "long");
        let registry = registry_of(&server, Connection { page_size: Some(page), ..Connection::default() });
        let mut expected = vec![
            "/",
            "a",
            "a/",
            "a-",
            "sp ace+plus%25",
            "ü/",
            "tab\there",
            "line\nfeed",
            "cr\rhere",
            "bell\u{7}",
            "e\u{301}",
            "<&>\"'",
        ];
        let long = "k".repeat(1024);
        expected.push(&long);
        expected.sort_unstable();
        assert_eq!(names(&at(&registry, "")).await, expected, "pages of {page}");
        assert_eq!(names(&at(&registry, "a/")).await, ["", "/", "b"], "pages of {page}");
        assert_eq!(names(&at(&registry, "a//")).await, ["b"]);
        assert_eq!(names(&at(&registry, "/")).await, ["lead"]);
    }
}

#[tokio::test]
async fn odd_keys_are_read_copied_and_deleted_as_themselves() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    for key in ODD {
        let path = at(&registry, key);
        write(&path, key, Precondition::None).await.unwrap_or_else(|error| panic!("{key:?}: {error}"));
        assert_eq!(server.store().get("box", key).as_deref(), Some(key.as_bytes()), "{key:?}");
        assert_eq!(read(&path).await.expect("its bytes"), key, "{key:?}");
        assert_eq!(path.stat(Freshness::Past).await.expect("a row").size, Some(key.len() as u64));
        let copy = at(&registry, &format!("copy/{key}"));
        path.copy_native(&*copy, &CopyOptions::default(), &|_| ())
            .await
            .expect("a copy")
            .expect("by the service");
        assert_eq!(server.store().get("box", &format!("copy/{key}")).as_deref(), Some(key.as_bytes()));
    }
    for key in ODD {
        at(&registry, key).remove(Precondition::None).await.expect("a deletion");
        assert_eq!(server.store().get("box", key), None, "{key:?}");
    }
    assert_eq!(server.store().keys("box").len(), ODD.len(), "the copies stay");
}

#[tokio::test]
async fn dot_segments_are_listed_and_refused_before_any_request() {
    let server = serve(Options::default());
    for key in ["a/../b", "./c", "d/."] {
        server.store().put("box", key, "x");
    }
    let registry = uncached(&server);
    assert_eq!(names(&at(&registry, "")).await, ["./", "a/", "d/"]);
    assert_eq!(names(&at(&registry, "a/")).await, ["../"]);
    assert_eq!(names(&at(&registry, "a/../")).await, ["b"]);
    server.reset_counts();
    let path = at(&registry, "a/../b");
    fails(path.stat(Freshness::Past).await, ErrorKind::Unsupported);
    fails(read(&path).await, ErrorKind::Unsupported);
    fails(write(&path, "y", Precondition::None).await, ErrorKind::Unsupported);
    fails(path.remove(Precondition::None).await, ErrorKind::Unsupported);
    let copied = path.copy_native(&*at(&registry, "fine"), &CopyOptions::default(), &|_| ()).await;
    fails(copied, ErrorKind::Unsupported);
    assert_eq!(server.counts().total(), 0);
    assert_eq!(server.store().keys("box").len(), 3);
}

#[tokio::test]
async fn an_empty_page_is_not_the_end() {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    server.faults().add(Rule::on("ListObjectsV2", Effect::EmptyPage));
    assert_eq!(names(&at(&uncached(&server), "")).await, ["k"]);
}

#[tokio::test]
async fn a_token_that_repeats_is_an_error() {
    let server = serve(Options { max_page: 1, ..Options::default() });
    for key in ["a", "b", "c", "d"] {
        server.store().put("box", key, "x");
    }
    server.faults().add(Rule::on("ListObjectsV2", Effect::RepeatToken).skip(1).always());
    fails(rows(&at(&uncached(&server), "")).await, ErrorKind::Corrupt);
    assert!(server.counts().total() < 6, "{:?}", server.counts());
}

#[tokio::test]
async fn a_missing_prefix_is_not_found_and_an_empty_bucket_is_empty() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    assert_eq!(names(&at(&registry, "")).await, Vec::<String>::new());
    fails(rows(&at(&registry, "nothing/")).await, ErrorKind::NotFound);
    let absent = fails(rows(&place(&registry, "s3", "no-such-bucket", "")).await, ErrorKind::NotFound);
    assert!(absent.to_string().contains("no such bucket"), "{absent}");
}

#[tokio::test]
async fn buckets_are_rows() {
    let server = serve(Options::default());
    server.store().create_bucket("another");
    let registry = uncached(&server);
    let top = at(&registry, "").parent().expect("the list of buckets");
    let rows = rows(&top).await.expect("a listing");
    assert!(rows.iter().all(|row| row.kind == Kind::Bucket && row.modified.is_some()));
    assert_eq!(names(&top).await, ["another/", "box/"]);
}

#[tokio::test]
async fn nothing_is_asked_before_it_is_needed() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    let path = at(&registry, "a/b").parent().expect("a prefix").join(&"c".into(), Kind::File).expect("a key");
    path.identity().await.expect("by name alone");
    assert_eq!(server.counts().total(), 0);
}
