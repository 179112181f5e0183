use bifold::config::{ChecksumMode, Connection};
use bifold::model::{ErrorKind, Freshness, Result, StorageClass};
use bifold::vfs::{CopyOptions, CreateHint, DynPath, Precondition, Proof, Sink};
use demo::{Attributes, Blob, Effect, Options, Rule, Server};

use crate::support::*;

fn dressed() -> Attributes {
    Attributes {
        content_type: Some("text/x-odd".into()),
        content_encoding: Some("br".into()),
        content_disposition: Some("inline".into()),
        content_language: Some("de".into()),
        cache_control: Some("no-store".into()),
        expires: Some(std::time::SystemTime::UNIX_EPOCH.into()),
        class: Some("STANDARD_IA".into()),
        encryption: Some(("aws:kms".into(), Some("arn:aws:kms:::key/1".into()))),
        metadata: [("who".to_owned(), "me".to_owned())].into(),
        tags: vec![("a b".into(), "c&d".into())],
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

const LARGE: u64 = (4 << 30) + (600 << 20);

/// Begins a copy by parts.
async fn begin_copy(from: &DynPath, to: &DynPath, size: u64) -> Box<dyn Sink> {
    let attributes = from.carried().await.expect("what it carries");
    let hint = CreateHint { size: Some(size), copies: true, attributes, ..CreateHint::default() };
    to.create(hint).await.expect("begun")
}

/// Copies all parts, one after the other.
async fn copy_parts(sink: &dyn Sink, from: &DynPath, size: u64) -> Result<()> {
    let part = sink.layout().part_size;
    for offset in (0..size).step_by(usize::try_from(part).expect("it fits")) {
        let len = part.min(size - offset);
        assert!(sink.copy_part(&**from, &Precondition::None, offset, len).await?);
    }
    Ok(())
}

/// What an object carries, without the id of its write.
fn carried(server: &Server, key: &str) -> Attributes {
    let mut has = server.store().info("box", key).expect("there").attributes;
    has.metadata.remove("bifold-id");
    has
}

#[tokio::test]
async fn a_large_copy_goes_by_parts_and_keeps_as_much() {
    let server = serve(Options::default());
    server.store().put_with("box", "k", Blob::repeat("0123456789", LARGE), dressed());
    let registry = uncached(&server);
    let (from, to) = (at(&registry, "k"), at(&registry, "c"));
    let whole = CopyOptions::default();
    assert!(from.copy_native(&*to, &whole, &|_| ()).await.expect("no failure").is_none());
    server.reset_counts();
    let sink = begin_copy(&from, &to, LARGE).await;
    assert_eq!((sink.layout().part_size, sink.layout().parallel), (512 << 20, 16));
    copy_parts(&*sink, &from, LARGE).await.expect("copied");
    let placed = sink.commit(Precondition::None).await.expect("committed");
    assert_eq!(placed.entry.size, Some(LARGE));
    assert_eq!(carried(&server, "c"), dressed());
    assert_eq!(server.store().info("box", "c").expect("there").size, LARGE);
    assert!(server.store().open_uploads("box").is_empty());
    let (counts, parts) = (server.counts(), LARGE.div_ceil(512 << 20));
    assert_eq!(counts.get("UploadPartCopy"), parts);
    // Two looks at the source, its tags, the beginning and the end.
    assert_eq!((counts.get("HeadObject"), counts.get("GetObjectTagging"), counts.total()), (2, 1, parts + 5));
}

#[tokio::test]
async fn a_copy_by_parts_is_verified_by_the_checksum_of_the_source() {
    let server = serve(Options::default());
    server.store().put("box", "k", noise(20 << 20));
    let told = Some(ChecksumMode::WhenSupported);
    let connection =
        Connection { request_checksums: told, response_checksums: told, ..Connection::default() };
    let registry = registry_of(&server, connection);
    let (from, size) = (at(&registry, "k"), 20 << 20);
    let attributes = from.carried().await.expect("what it carries");
    let hint = || CreateHint {
        size: Some(size),
        copies: true,
        part_size: Some(5 << 20),
        attributes: attributes.clone(),
        ..CreateHint::default()
    };
    let sink = at(&registry, "c").create(hint()).await.expect("begun");
    copy_parts(&*sink, &from, size).await.expect("copied");
    let placed = sink.commit(Precondition::Absent).await.expect("committed");
    assert_eq!(placed.proof, Proof::Checksum);
    assert_eq!(server.store().get("box", "c").expect("there"), noise(20 << 20));

    // One part of something else: the service refuses the whole.
    server.store().put("box", "other", noise((20 << 20) + 7).slice(7..));
    let sink = at(&registry, "d").create(hint()).await.expect("begun");
    copy_parts(&*sink, &from, size).await.expect("copied");
    let other = at(&registry, "other");
    let its = Precondition::Matches(other.stat(Freshness::Past).await.expect("a row").tag.expect("a tag"));
    sink.copy_part(&*other, &its, 0, 5 << 20).await.expect("copied");
    fails(sink.commit(Precondition::Absent).await, ErrorKind::Corrupt);
    sink.abort().await.expect("aborted");
    assert_eq!(server.store().keys("box"), ["c", "k", "other"]);
}

#[tokio::test]
async fn a_copy_by_parts_goes_on_in_another_process() {
    let server = serve(Options::default());
    server.store().put_with("box", "k", Blob::repeat("0123456789", LARGE), dressed());
    let registry = uncached(&server);
    let (from, to) = (at(&registry, "k"), at(&registry, "c"));
    let sink = begin_copy(&from, &to, LARGE).await;
    for offset in [0, 2 << 29, 4 << 29] {
        assert!(sink.copy_part(&*from, &Precondition::None, offset, 1 << 29).await.expect("copied"));
    }
    let kept = sink.state();
    drop(sink);
    server.reset_counts();
    let hint = CreateHint { size: Some(LARGE), copies: true, ..CreateHint::default() };
    let sink = to.resume(kept.clone(), hint).await.expect("resumed");
    assert_eq!(sink.state(), kept);
    assert!(sink.unproven().is_empty());
    assert_eq!(sink.layout().parallel, 16);
    for offset in (0..LARGE).step_by(1 << 29).filter(|at| !kept.parts.iter().any(|part| part.offset == *at)) {
        let len = (1 << 29).min(LARGE - offset);
        assert!(sink.copy_part(&*from, &Precondition::None, offset, len).await.expect("copied"));
    }
    sink.commit(Precondition::None).await.expect("committed");
    assert_eq!(server.counts().get("UploadPartCopy"), LARGE.div_ceil(1 << 29) - 3);
    assert_eq!(carried(&server, "c"), dressed());
}

#[tokio::test]
async fn a_copy_by_parts_is_bound_to_its_source() {
    let server = serve(Options::default());
    server.store().put("box", "k", Blob::repeat("x", 5 << 30));
    let registry = uncached(&server);
    let (from, to) = (at(&registry, "k"), at(&registry, "c"));
    let shown = Precondition::Matches(from.stat(Freshness::Past).await.expect("a row").tag.expect("a tag"));
    let sink = begin_copy(&from, &to, 5 << 30).await;
    assert!(sink.copy_part(&*from, &shown, 0, 1 << 29).await.expect("copied"));
    server.store().put("box", "k", Blob::repeat("y", 5 << 30));
    fails(sink.copy_part(&*from, &shown, 1 << 29, 1 << 29).await, ErrorKind::Conflict);
    fails(sink.copy_part(&*from, &Precondition::None, 1 << 29, 1 << 29).await, ErrorKind::Conflict);
    fails(sink.copy_part(&*from, &shown, 7, 1 << 29).await, ErrorKind::Invalid);
    let sink = begin_copy(&from, &to, 5 << 30).await;
    fails(sink.copy_part(&*from, &shown, 0, 1 << 29).await, ErrorKind::Conflict);
    server.store().set_class("box", "k", "GLACIER");
    let sink = begin_copy(&from, &to, 5 << 30).await;
    let error = fails(sink.copy_part(&*from, &Precondition::None, 0, 1 << 29).await, ErrorKind::Archived);
    assert!(error.to_string().contains("restore"), "{error}");
}

#[tokio::test]
async fn a_copy_replaces_what_it_is_told_to() {
    let server = serve(Options::default());
    server.store().put_with("box", "k", "hello", dressed());
    let registry = uncached(&server);
    let copy = async |attributes: bifold::vfs::Attributes| {
        let options = CopyOptions { attributes, ..CopyOptions::default() };
        at(&registry, "k").copy_native(&*at(&registry, "c"), &options, &|_| ()).await
    };
    let glacier = Some(StorageClass::new("GLACIER_IR"));
    let class = bifold::vfs::Attributes { class: glacier, ..Default::default() };
    let placed = copy(class).await.expect("copied").expect("by the service");
    assert_eq!(placed.entry.class, Some(StorageClass::new("GLACIER_IR")));
    assert_eq!(carried(&server, "c"), Attributes { class: Some("GLACIER_IR".into()), ..dressed() });
    let typed = bifold::vfs::Attributes {
        content_type: Some("text/plain".into()),
        tags: vec![("x".into(), "y".into())],
        ..Default::default()
    };
    copy(typed).await.expect("copied").expect("by the service");
    let expected = Attributes {
        content_type: Some("text/plain".into()),
        tags: vec![("x".into(), "y".into())],
        ..dressed()
    };
    assert_eq!(carried(&server, "c"), expected);
    let tags = (0..11).map(|at| (format!("k{at}"), "v".to_owned())).collect();
    let error = fails(copy(bifold::vfs::Attributes { tags, ..Default::default() }).await, ErrorKind::Invalid);
    assert!(error.to_string().contains("at most 10"), "{error}");
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
    let far = place(&registry, "far", "box", "c");
    assert!(from.copies_to(&*place(&registry, "same", "box", "c")) && !from.copies_to(&*far));
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
