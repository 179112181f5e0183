//! What new objects carry: as callers say, else as the connection's settings, else as name and bytes tell.

use bifold::config::Connection;
use bifold::model::{ErrorKind, StorageClass, Timestamp};
use bifold::vfs::{Attributes, CreateHint, DynPath, Encryption, Precondition};
use demo::{Options, Server};

use crate::support::*;

const LARGE: usize = 16 << 20;

async fn write_with(path: &DynPath, len: usize, attributes: Attributes) -> bifold::vfs::Placed {
    let hint = CreateHint { size: Some(len as u64), attributes, ..CreateHint::default() };
    let sink = path.create(hint).await.expect("begun");
    fill(&*sink, &noise(len)).await.expect("written");
    sink.commit(Precondition::None).await.expect("committed")
}

fn has(server: &Server, key: &str) -> demo::Attributes {
    server.store().info("box", key).expect("there").attributes
}

#[tokio::test]
async fn class_and_encryption_are_as_said_else_as_set() {
    let server = serve(Options::default());
    let set = Connection {
        storage_class: Some("STANDARD_IA".into()),
        encryption: Some("aws:kms".into()),
        kms_key_id: Some("key/1".into()),
        ..Connection::default()
    };
    let registry = registry_of(&server, set);
    let said = Attributes {
        class: Some(StorageClass::new("ONEZONE_IA")),
        encryption: Some(Encryption { kind: "AES256".into(), key: None }),
        ..Attributes::default()
    };
    for len in [10, LARGE] {
        let placed = write_with(&at(&registry, "k"), len, Attributes::default()).await;
        assert_eq!(placed.entry.class, Some(StorageClass::new("STANDARD_IA")));
        assert_eq!(has(&server, "k").class.as_deref(), Some("STANDARD_IA"));
        assert_eq!(has(&server, "k").encryption, Some(("aws:kms".into(), Some("key/1".into()))));
        let placed = write_with(&at(&registry, "k"), len, said.clone()).await;
        assert_eq!(placed.entry.class, Some(StorageClass::new("ONEZONE_IA")));
        assert_eq!(has(&server, "k").class.as_deref(), Some("ONEZONE_IA"));
        assert_eq!(has(&server, "k").encryption, Some(("AES256".into(), None)));
    }
    at(&registry, "d/").mkdir().await.expect("made");
    assert_eq!(has(&server, "d/").encryption, Some(("aws:kms".into(), Some("key/1".into()))));
    assert_eq!(has(&server, "d/").class, None, "a marker in a cold class would only cost");
    let plain = uncached(&server);
    write_with(&at(&plain, "k"), 10, Attributes::default()).await;
    assert_eq!((has(&server, "k").class, has(&server, "k").encryption), (None, None));
}

#[tokio::test]
async fn a_copy_on_the_service_keeps_its_own_class_whatever_is_set() {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    let set = Connection { storage_class: Some("STANDARD_IA".into()), ..Connection::default() };
    let registry = registry_of(&server, set);
    at(&registry, "k")
        .copy_native(&*at(&registry, "c"), &bifold::vfs::CopyOptions::default(), &|_| ())
        .await
        .expect("copied");
    assert_eq!(server.store().info("box", "c").expect("there").class, "STANDARD");
}

#[tokio::test]
async fn the_time_of_modification_is_kept_in_the_form_of_rclone() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    for len in [10, LARGE] {
        let modified = Some(Timestamp(1_700_000_000_123));
        let with = Attributes { modified, nanos: 456_789, ..Attributes::default() };
        write_with(&at(&registry, "k"), len, with).await;
        assert_eq!(has(&server, "k").metadata["mtime"], "1700000000.123456789");
        let head = at(&registry, "k").head().await.expect("a head");
        assert_eq!(head.mtime(), Some(1_700_000_000_123_456_789));
    }
    let kept = Attributes {
        modified: Some(Timestamp(5)),
        metadata: [("mtime".to_owned(), "7.5".to_owned())].into(),
        ..Attributes::default()
    };
    write_with(&at(&registry, "k"), 10, kept).await;
    assert_eq!(has(&server, "k").metadata["mtime"], "7.5", "what the source carries says more");
}

#[tokio::test]
async fn the_content_type_is_told_by_name_and_first_bytes() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    for (key, told) in
        [("a.html", Some("text/html")), ("photo", Some("image/png")), ("d/x.tar", Some("application/x-tar"))]
    {
        write(&at(&registry, key), &png[..], Precondition::None).await.expect("written");
        assert_eq!(has(&server, key).content_type.as_deref(), told, "{key}");
    }
    write(&at(&registry, "LICENSE"), "text", Precondition::None).await.expect("written");
    assert_eq!(has(&server, "LICENSE").content_type.as_deref(), Some("application/octet-stream"));
    let said = Attributes { content_type: Some("text/x-odd".into()), ..Attributes::default() };
    for len in [10, LARGE] {
        write_with(&at(&registry, "a.html"), len, said.clone()).await;
        assert_eq!(has(&server, "a.html").content_type.as_deref(), Some("text/x-odd"));
        write_with(&at(&registry, "b.csv"), len, Attributes::default()).await;
        assert_eq!(has(&server, "b.csv").content_type.as_deref(), Some("text/csv"));
    }
}

#[tokio::test]
async fn what_comes_with_the_first_bytes_dresses_a_small_object() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    let said = Attributes { content_type: Some("text/x-odd".into()), ..Attributes::default() };
    let hint = CreateHint { size: Some(5), attributes: said, ..CreateHint::default() };
    let sink = at(&registry, "k").create(hint).await.expect("begun");
    sink.write_part(0, 5, body("bytes")).await.expect("written");
    sink.dress(&Attributes {
        content_type: Some("text/plain".into()),
        content_language: Some("de".into()),
        metadata: [("who".to_owned(), "me".to_owned())].into(),
        tags: vec![("a".into(), "b".into())],
        ..Attributes::default()
    });
    sink.commit(Precondition::None).await.expect("committed");
    let has = has(&server, "k");
    assert_eq!(has.content_type.as_deref(), Some("text/x-odd"), "what was said stays");
    assert_eq!(has.content_language.as_deref(), Some("de"));
    assert_eq!((has.metadata["who"].as_str(), has.tags.len()), ("me", 1));
}

#[tokio::test]
async fn more_tags_than_an_object_takes_are_refused_before_any_request() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    let tags: Vec<_> = (0..11).map(|at| (format!("k{at}"), "v".to_owned())).collect();
    let with = |size| CreateHint {
        size: Some(size),
        attributes: Attributes { tags: tags.clone(), ..Attributes::default() },
        ..CreateHint::default()
    };
    let error = fails(at(&registry, "k").create(with(LARGE as u64)).await, ErrorKind::Invalid);
    assert!(error.to_string().contains("at most 10"), "{error}");
    let sink = at(&registry, "k").create(with(1)).await.expect("begun");
    sink.write_part(0, 1, body("x")).await.expect("held");
    fails(sink.commit(Precondition::None).await, ErrorKind::Invalid);
    assert_eq!(server.counts().total(), 0);
}
