use std::sync::atomic::{AtomicU64, Ordering};

use bifold::config::Connection;
use bifold::model::{ErrorKind, Freshness};
use bifold::vfs::{CopyOptions, Precondition};
use demo::{Attributes, Blob, Effect, Options, Rule};

use crate::support::*;

fn dressed() -> Attributes {
    Attributes {
        content_type: Some("text/x-odd".into()),
        content_encoding: Some("br".into()),
        content_disposition: Some("inline".into()),
        content_language: Some("de".into()),
        cache_control: Some("no-store".into()),
        class: Some("STANDARD_IA".into()),
        encryption: Some(("aws:kms".into(), Some("arn:aws:kms:::key/1".into()))),
        metadata: [("who".to_owned(), "me".to_owned())].into(),
        tags: vec![("a b".into(), "c&d".into())],
        ..Attributes::default()
    }
}

#[tokio::test]
async fn a_copy_on_the_service_keeps_what_the_source_carries() {
    let server = serve(Options::default());
    server.store().create_bucket("other");
    server.store().put_with("box", "k", "hello", dressed());
    let registry = uncached(&server);
    let to = place(&registry, "s3", "other", "d/k");
    let entry = at(&registry, "k").copy_native(&*to, &CopyOptions::default(), &|_| ()).await;
    assert_eq!(entry.expect("copied").expect("by the service").entry.size, Some(5));
    let info = server.store().info("other", "d/k").expect("there");
    assert_eq!(info.attributes, dressed());
    let counts = server.counts();
    assert_eq!((counts.get("HeadObject"), counts.get("CopyObject"), counts.total()), (1, 1, 2));
}

#[tokio::test]
async fn a_large_copy_goes_by_parts_and_keeps_as_much() {
    let server = serve(Options::default());
    let len = (4 << 30) + (600 << 20);
    server.store().put_with("box", "k", Blob::repeat("0123456789", len), dressed());
    let registry = uncached(&server);
    let done = AtomicU64::new(0);
    let hear = |more| {
        done.fetch_add(more, Ordering::Relaxed);
    };
    let copied = at(&registry, "k").copy_native(&*at(&registry, "c"), &CopyOptions::default(), &hear).await;
    assert_eq!(copied.expect("copied").expect("by the service").entry.size, Some(len));
    assert_eq!(done.into_inner(), len);
    assert_eq!(server.counts().get("UploadPartCopy"), len.div_ceil(512 << 20));
    let info = server.store().info("box", "c").expect("there");
    assert_eq!(info.size, len);
    assert_eq!(info.attributes, dressed());
    assert!(server.store().open_uploads("box").is_empty());
}

#[tokio::test]
async fn a_large_copy_that_fails_leaves_no_upload() {
    let server = serve(Options::default());
    server.store().put("box", "k", Blob::repeat("x", 5 << 30));
    server.faults().add(Rule::on("UploadPartCopy", Effect::access_denied()).skip(3));
    let registry = uncached(&server);
    let copied = at(&registry, "k").copy_native(&*at(&registry, "c"), &CopyOptions::default(), &|_| ()).await;
    fails(copied, ErrorKind::Denied);
    assert!(server.store().open_uploads("box").is_empty(), "it is ended before the failure is told");
    assert_eq!(server.store().keys("box"), ["k"]);
}

#[tokio::test]
async fn a_copy_is_bound_on_both_sides() {
    let server = serve(Options::default());
    server.store().put("box", "k", "shown");
    server.store().put("box", "there", "kept");
    let registry = uncached(&server);
    let (from, to) = (at(&registry, "k"), at(&registry, "there"));
    let absent = CopyOptions { precondition: Precondition::Absent, ..CopyOptions::default() };
    fails(from.copy_native(&*to, &absent, &|_| ()).await, ErrorKind::Conflict);
    let shown = from.stat(Freshness::Past).await.expect("a row");
    server.store().put("box", "k", "changed");
    let bound = CopyOptions { source: Some(shown), ..CopyOptions::default() };
    fails(from.copy_native(&*to, &bound, &|_| ()).await, ErrorKind::Conflict);
    assert_eq!(server.store().get("box", "there").expect("kept"), "kept");
}

#[tokio::test]
async fn an_archived_source_says_so() {
    let server = serve(Options::default());
    server.store().put("box", "k", "cold");
    server.store().set_class("box", "k", "DEEP_ARCHIVE");
    let registry = uncached(&server);
    let path = at(&registry, "k");
    let copied = path.copy_native(&*at(&registry, "c"), &CopyOptions::default(), &|_| ()).await;
    let error = fails(copied, ErrorKind::Archived);
    assert!(error.to_string().contains("restore"), "{error}");
    fails(read(&path).await, ErrorKind::Archived);
}

#[tokio::test]
async fn only_one_service_copies_by_itself() {
    let (server, another) = (serve(Options::default()), serve(Options::default()));
    server.store().put("box", "k", "x");
    let registry = uncached(&server);
    registry.connect("same", &Connection::default(), &env(&server));
    registry.connect("far", &Connection::default(), &env(&another));
    let from = at(&registry, "k");
    let copy = |name: &'static str| {
        let (from, to) = (from.clone(), place(&registry, name, "box", "c"));
        async move { from.copy_native(&*to, &CopyOptions::default(), &|_| ()).await.expect("no failure") }
    };
    assert!(copy("same").await.is_some());
    assert!(copy("far").await.is_none());
    assert_eq!(another.counts().total(), 0);
}

#[tokio::test]
async fn a_lost_answer_to_a_copy_is_no_failure() {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    server.faults().add(Rule::on("CopyObject", Effect::LoseAnswer));
    let registry = uncached(&server);
    let copied = at(&registry, "k").copy_native(&*at(&registry, "c"), &CopyOptions::default(), &|_| ()).await;
    assert!(copied.expect("it is there").is_some());
    server.faults().add(Rule::on("CopyObject", Effect::Drop));
    let copied = at(&registry, "k").copy_native(&*at(&registry, "d"), &CopyOptions::default(), &|_| ()).await;
    fails(copied, ErrorKind::Unavailable);
}
