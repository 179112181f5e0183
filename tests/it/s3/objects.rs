use bifold::config::{ChecksumMode, Connection};
use bifold::model::{ETag, ErrorKind, Freshness, Kind, Name, Tag};
use bifold::vfs::{CopyOptions, Precondition, Removal};
use demo::{Effect, Options, Rule};

use crate::support::*;

fn removal(name: &str, kind: Kind) -> Removal {
    Removal { name: Name::from(name), kind, expect: None }
}

#[tokio::test]
async fn both_checksum_modes_carry_the_bytes() {
    for mode in [ChecksumMode::WhenRequired, ChecksumMode::WhenSupported] {
        let server = serve(Options::default());
        let connection = Connection {
            request_checksums: Some(mode),
            response_checksums: Some(mode),
            ..Connection::default()
        };
        let registry = registry_of(&server, connection);
        for (key, len) in [("empty", 0), ("small", 1000), ("parts", 20 << 20)] {
            let bytes = noise(len);
            let entry =
                write(&at(&registry, key), bytes.clone(), Precondition::Absent).await.expect("written");
            let info = server.store().info("box", key).expect("there");
            assert_eq!(entry.etag(), Some(&ETag::new(&info.etag)), "{mode:?} {key}");
            assert_eq!(read(&at(&registry, key)).await.expect("read"), bytes, "{mode:?} {key}");
        }
        assert_eq!(server.store().info("box", "parts").expect("there").parts.len(), 3);
        assert!(server.store().open_uploads("box").is_empty());
    }
}

#[tokio::test]
async fn a_flipped_bit_is_noticed_where_the_service_tells_checksums() {
    let server = serve(Options::default());
    let supported = Some(ChecksumMode::WhenSupported);
    let connection =
        Connection { request_checksums: supported, response_checksums: supported, ..Connection::default() };
    let registry = registry_of(&server, connection);
    write(&at(&registry, "k"), noise(5000), Precondition::None).await.expect("written");
    server.faults().add(Rule::on("GetObject", Effect::FlipBit(4000)));
    fails(read(&at(&registry, "k")).await, ErrorKind::Corrupt);
}

#[tokio::test]
async fn ranges_and_tags_bind_a_read() {
    let server = serve(Options::default());
    server.store().put("box", "k", "0123456789");
    let registry = uncached(&server);
    let path = at(&registry, "k");
    for (range, bytes) in
        [(0..10, "0123456789"), (3..5, "34"), (9..10, "9"), (4..4, ""), (10..10, ""), (5..99, "56789")]
    {
        let body = path.read(Some(range.clone()), Precondition::None).await.expect("a body");
        assert_eq!(gather(body).await.expect("its bytes"), bytes, "{range:?}");
    }
    for beyond in [10..11, 11..11] {
        fails(path.read(Some(beyond), Precondition::None).await.map(drop), ErrorKind::Invalid);
    }
    let shown = path.stat(Freshness::Past).await.expect("a row").tag.expect("a tag");
    drop(path.read(None, Precondition::Matches(shown.clone())).await.expect("unchanged"));
    server.store().put("box", "k", "changed");
    fails(path.read(None, Precondition::Matches(shown.clone())).await.map(drop), ErrorKind::Conflict);
    fails(path.read(Some(0..0), Precondition::Matches(shown)).await.map(drop), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_write_is_bound_to_what_was_shown() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    for (key, len) in [("one", 10), ("parts", 16 << 20)] {
        let path = at(&registry, key);
        let first = write(&path, noise(len), Precondition::Absent).await.expect("absent");
        fails(write(&path, "other", Precondition::Absent).await, ErrorKind::Conflict);
        let shown = Precondition::Matches(first.tag.expect("a tag"));
        server.store().put("box", key, "somebody else's");
        let sink = begin(&path, len as u64).await.expect("begun");
        fill(&*sink, &noise(len)).await.expect("written");
        fails(sink.commit(shown).await, ErrorKind::Conflict);
        assert_eq!(server.store().get("box", key).expect("kept"), "somebody else's");
        let now = path.stat(Freshness::Past).await.expect("a row").tag.expect("a tag");
        sink.commit(Precondition::Matches(now)).await.expect("agreed to again");
        assert_eq!(server.store().get("box", key).expect("there"), noise(len));
        let gone = Precondition::Matches(Tag::ETag(ETag::new("0".repeat(32).as_str())));
        server.store().delete("box", key);
        fails(write(&path, "x", gone).await, ErrorKind::Conflict);
    }
    assert!(server.store().open_uploads("box").is_empty());
}

#[tokio::test]
async fn a_read_only_connection_sends_nothing() {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    let registry = registry_of(&server, Connection { read_only: true, ..Connection::default() });
    let (path, dir) = (at(&registry, "k"), at(&registry, "d/"));
    assert!(!path.caps().write);
    fails(begin(&path, 1).await, ErrorKind::ReadOnly);
    fails(begin(&path, 100 << 20).await, ErrorKind::ReadOnly);
    fails(path.remove(Precondition::None).await, ErrorKind::ReadOnly);
    fails(dir.mkdir().await, ErrorKind::ReadOnly);
    fails(at(&registry, "").mkdir().await, ErrorKind::ReadOnly);
    fails(at(&registry, "").remove(Precondition::None).await, ErrorKind::ReadOnly);
    fails(
        path.copy_native(&*at(&registry, "c"), &CopyOptions::default(), &|_| ()).await,
        ErrorKind::ReadOnly,
    );
    for outcome in at(&registry, "").remove_many(&[removal("k", Kind::File)]).await {
        fails(outcome, ErrorKind::ReadOnly);
    }
    assert_eq!(server.counts().total(), 0);
    assert_eq!(read(&path).await.expect("reading is allowed"), "x");
}

#[tokio::test]
async fn directories_are_markers_and_buckets_are_made() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    at(&registry, "d").mkdir().await.expect("a marker");
    assert_eq!(server.store().keys("box"), ["d/"]);
    fails(at(&registry, "d/").mkdir().await, ErrorKind::AlreadyExists);
    at(&registry, "d/").remove(Precondition::None).await.expect("the marker alone");
    fails(at(&registry, "d/").remove(Precondition::None).await, ErrorKind::NotFound);

    let bucket = place(&registry, "s3", "fresh", "");
    bucket.mkdir().await.expect("a bucket");
    fails(bucket.mkdir().await, ErrorKind::AlreadyExists);
    server.store().put("fresh", "k", "x");
    fails(bucket.remove(Precondition::None).await, ErrorKind::NotEmpty);
    server.store().delete("fresh", "k");
    bucket.remove(Precondition::None).await.expect("an empty bucket");
    assert_eq!(server.store().buckets(), ["box"]);
}

#[tokio::test]
async fn many_go_by_few_requests_each_with_its_outcome() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    let names: Vec<_> = (0..2500).map(|n| format!("k{n:04}")).collect();
    for name in &names {
        server.store().put("box", &format!("d/{name}"), "x");
    }
    server.store().set_locked("box", "d/k1234", true);
    let removals: Vec<_> = names.iter().map(|name| removal(name, Kind::File)).collect();
    let outcomes = at(&registry, "d/").remove_many(&removals).await;
    assert_eq!(server.counts().get("DeleteObjects"), 3);
    assert_eq!(server.counts().total(), 3);
    let failed: Vec<_> = outcomes.iter().enumerate().filter(|(_, it)| it.is_err()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].0, 1234);
    let error = failed[0].1.as_ref().expect_err("locked");
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(
        error.to_string().contains("d/k1234") && error.to_string().contains("s3:DeleteObject"),
        "{error}"
    );
    assert_eq!(server.store().keys("box"), ["d/k1234"]);
}

#[tokio::test]
async fn keys_that_xml_would_change_are_deleted_alone() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    let odd = ["cr\rhere", "bell\u{7}", " space ", "plain"];
    for name in odd.iter().chain(&["cr\nhere", "space"]) {
        server.store().put("box", name, "x");
    }
    let outcomes = at(&registry, "").remove_many(&odd.map(|name| removal(name, Kind::File))).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(server.store().keys("box"), ["cr\nhere", "space"], "their neighbours stay");
    assert_eq!((server.counts().get("DeleteObjects"), server.counts().get("DeleteObject")), (1, 3));
}

#[tokio::test]
async fn a_removal_is_bound_to_what_was_shown() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    for key in ["one", "many"] {
        server.store().put("box", key, "shown");
        let shown = at(&registry, key).stat(Freshness::Past).await.expect("a row").tag;
        server.store().put("box", key, "changed");
        let outcome = if key == "one" {
            at(&registry, key).remove(Precondition::Matches(shown.expect("a tag"))).await
        } else {
            let bound = Removal { expect: shown, ..removal(key, Kind::File) };
            at(&registry, "").remove_many(&[bound]).await.remove(0)
        };
        fails(outcome, ErrorKind::Conflict);
        assert_eq!(server.store().get("box", key).expect("kept"), "changed");
    }
}

#[tokio::test]
async fn a_service_that_ignores_what_a_removal_is_bound_to_is_looked_at_right_before() {
    for count in [1, 16, 17, 40] {
        let server = serve(Options::default());
        let registry = uncached(&server);
        let dir = at(&registry, "d/");
        let names: Vec<String> = (0..count).map(|n| format!("k{n}")).collect();
        for name in &names {
            server.store().put("box", &format!("d/{name}"), "shown");
        }
        let tag = at(&registry, "d/k0").stat(Freshness::Past).await.expect("a row").tag;
        server.store().put("box", "d/k0", "changed");
        for operation in ["DeleteObject", "DeleteObjects"] {
            server.faults().add(demo::Rule::on(operation, demo::Effect::Unconditional).always());
        }
        let one = at(&registry, "d/k0").remove(Precondition::Matches(tag.clone().expect("a tag"))).await;
        fails(one, ErrorKind::Conflict);
        server.reset_counts();
        let bound = |name: &String| Removal { expect: tag.clone(), ..removal(name, Kind::File) };
        let outcomes = dir.remove_many(&names.iter().map(bound).collect::<Vec<_>>()).await;
        fails(outcomes[0].clone(), ErrorKind::Conflict);
        assert!(outcomes[1..].iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(server.store().keys("box"), ["d/k0"]);
        let asked = (server.counts().get("HeadObject"), server.counts().get("ListObjectsV2"));
        assert_eq!(asked, if count <= 16 { (count, 0) } else { (0, 1) });
    }
}

#[tokio::test]
async fn a_key_too_long_is_refused_before_any_request() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    write(&at(&registry, &"k".repeat(1024)), "x", Precondition::None).await.expect("it fits");
    server.reset_counts();
    fails(write(&at(&registry, &"k".repeat(1025)), "x", Precondition::None).await, ErrorKind::Invalid);
    fails(at(&registry, &"k".repeat(1024)).mkdir().await, ErrorKind::Invalid);
    assert_eq!(server.counts().total(), 0);
}
