//! Versions of objects, and the markers that hide them.

use bifold::config::Connection;
use bifold::model::{ErrorKind, Freshness, Kind, Name};
use bifold::vfs::{DynPath, Precondition, Removal, Version};
use demo::{Effect, Options, Rule, Server, Versioning};
use futures::TryStreamExt;

use crate::support::*;

fn versioned(options: Options) -> Server {
    let server = serve(options);
    server.store().set_versioning("box", Versioning::Enabled);
    server
}

async fn all(path: &DynPath) -> Vec<Version> {
    let pages: Vec<Vec<Version>> = path.versions().try_collect().await.expect("versions");
    pages.concat()
}

fn told(versions: &[Version]) -> Vec<(String, bool, bool)> {
    versions.iter().map(|it| (it.uri.to_string(), it.latest, it.marker)).collect()
}

#[tokio::test]
async fn versions_come_by_key_the_newest_first_whatever_a_page_holds() {
    for max_page in [1, 2, 3, 1000] {
        let server = versioned(Options { max_page, ..Options::default() });
        for key in ["a.txt", "a.txt.bak", "b"] {
            server.store().put("box", key, "one");
            server.store().put("box", key, "three");
        }
        server.store().delete("box", "a.txt");
        let registry = uncached(&server);
        let row = |key: &str, latest, marker| (format!("s3://box/{key}"), latest, marker);
        let expected = [
            row("a.txt", true, true),
            row("a.txt", false, false),
            row("a.txt", false, false),
            row("a.txt.bak", true, false),
            row("a.txt.bak", false, false),
        ];
        let found = all(&at(&registry, "a.txt")).await;
        assert_eq!(told(&found), expected, "{max_page}");
        let mut ids: Vec<_> = found.iter().map(|it| it.id.to_string()).collect();
        let store: Vec<_> =
            server.store().versions("box", "a.txt").into_iter().map(|it| it.version).collect();
        assert_eq!(ids[0], store[0], "the marker is the newest");
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 5);
        assert_eq!(found.iter().map(|it| it.size).max(), Some(Some(5)));
        assert_eq!(all(&at(&registry, "")).await.len(), 7);
        let pages = 7_u64.div_ceil(max_page as u64) + 5_u64.div_ceil(max_page as u64);
        assert_eq!(server.counts().total(), pages, "{max_page}: no request but for pages");
    }
}

#[tokio::test]
async fn a_key_that_xml_cannot_carry_has_versions_too() {
    let server = versioned(Options::default());
    server.store().put("box", "a\u{1}b", "x");
    let found = all(&at(&uncached(&server), "")).await;
    assert_eq!(told(&found), [("s3://box/a\u{1}b".to_owned(), true, false)]);
}

#[tokio::test]
async fn a_marker_that_is_removed_shows_the_object_again() {
    let server = versioned(Options::default());
    server.store().put("box", "k", "bytes");
    let registry = uncached(&server);
    let path = at(&registry, "k");
    let marker = path.remove(Precondition::None).await.expect("hidden").marker.expect("a marker");
    fails(path.stat(Freshness::Past).await, ErrorKind::NotFound);
    path.remove_version(&marker).await.expect("removed");
    assert_eq!(read(&path).await.expect("it shows"), "bytes");
    assert_eq!(server.store().versions("box", "k").len(), 1);

    let removal = Removal { name: Name::from("k"), kind: Kind::File, expect: None };
    let removed = at(&registry, "").remove_many(&[removal]).await.remove(0).expect("hidden");
    path.remove_version(&removed.marker.expect("a marker")).await.expect("removed");
    assert_eq!(read(&path).await.expect("it shows"), "bytes");
}

#[tokio::test]
async fn a_version_that_is_removed_shows_the_one_before() {
    let server = versioned(Options::default());
    server.store().put("box", "k", "before");
    let path = at(&uncached(&server), "k");
    let sink = begin(&path, 3).await.expect("begun");
    fill(&*sink, &"new".into()).await.expect("written");
    let version = sink.commit(Precondition::None).await.expect("committed").version.expect("a version");
    server.faults().add(Rule::on("DeleteObject", Effect::slow_down()));
    path.remove_version(&version).await.expect("removed at the second time");
    path.remove_version(&version).await.expect("once more does nothing");
    assert_eq!(read(&path).await.expect("it shows"), "before");
}

#[tokio::test]
async fn without_versions_there_is_no_marker() {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    let registry = uncached(&server);
    assert_eq!(at(&registry, "k").remove(Precondition::None).await.expect("removed").marker, None);
    let versions = all(&at(&registry, "")).await;
    assert!(versions.is_empty());
    let local = registry.resolve(&bifold::model::Uri::Local("/tmp".into())).expect("a path");
    fails(local.versions().try_collect::<Vec<_>>().await, ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_read_only_connection_removes_no_version_and_ends_no_upload() {
    let server = versioned(Options::default());
    server.store().put("box", "k", "x");
    let registry = registry_of(&server, Connection { read_only: true, ..Connection::default() });
    fails(at(&registry, "k").remove_version("id").await, ErrorKind::ReadOnly);
    fails(at(&registry, "k").abort_upload("id").await, ErrorKind::ReadOnly);
    assert_eq!(server.counts().total(), 0);
}

#[tokio::test]
async fn open_uploads_are_listed_to_the_last_page_with_what_they_hold() {
    let server = serve(Options { max_page: 2, ..Options::default() });
    let registry = uncached(&server);
    let mut kept = Vec::new();
    // Its answer is no XML, so that nobody here learns the id; the upload is there all the same.
    fails(begin(&at(&registry, "a\u{1}"), 20 << 20).await, ErrorKind::Corrupt);
    for key in ["a/1", "a/1", "a/2", "b"] {
        let sink = begin(&at(&registry, key), 20 << 20).await.expect("begun");
        let part = noise(8 << 20);
        sink.write_part(0, 8 << 20, body(part)).await.expect("a part");
        sink.keep();
        kept.push(sink);
    }
    let found = at(&registry, "").uploads().await.expect("uploads");
    let keys: Vec<_> = found.iter().map(|it| it.uri.to_string()).collect();
    assert_eq!(keys, ["s3://box/a\u{1}", "s3://box/a/1", "s3://box/a/1", "s3://box/a/2", "s3://box/b"]);
    assert_eq!(at(&registry, "a/").uploads().await.expect("uploads").len(), 3);
    let one = &found[1];
    let path = registry.resolve(&one.uri).expect("a path");
    assert_eq!(path.upload_size(&one.id).await.expect("its parts"), (8 << 20, 1));
    path.abort_upload(&one.id).await.expect("ended");
    fails(path.abort_upload(&one.id).await, ErrorKind::NotFound);
    fails(path.upload_size(&one.id).await, ErrorKind::NotFound);
    assert_eq!(server.store().open_uploads("box").len(), 4);
    assert!(found.iter().all(|it| it.since.0 > 1_600_000_000_000));
}
