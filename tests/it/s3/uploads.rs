use bifold::model::ErrorKind;
use bifold::vfs::{CreateHint, Precondition, Sink};
use bytes::Bytes;
use demo::{Effect, Options, Rule};

use crate::support::*;

const MIB: usize = 1 << 20;

#[tokio::test]
async fn from_sixteen_mebibytes_on_it_goes_in_parts() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    for (len, parts) in [(16 * MIB - 1, 0), (16 * MIB, 2), (16 * MIB + 1, 3)] {
        server.reset_counts();
        write(&at(&registry, "k"), noise(len), Precondition::None).await.expect("written");
        assert_eq!(server.counts().get("UploadPart"), parts, "{len}");
        assert_eq!(server.counts().get("PutObject"), u64::from(parts == 0), "{len}");
        assert_eq!(server.counts().total(), if parts == 0 { 1 } else { parts + 2 }, "{len}");
        assert_eq!(server.store().get("box", "k").expect("there"), noise(len), "{len}");
    }
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let server = serve(Options::default());
    let path = at(&uncached(&server), "k");
    for len in [10, 20 * MIB] {
        let sink = begin(&path, len as u64).await.expect("begun");
        fill(&*sink, &noise(len)).await.expect("written");
        sink.abort().await.expect("aborted");
        sink.abort().await.expect("twice does nothing");
        assert!(server.store().open_uploads("box").is_empty());
        assert!(server.store().keys("box").is_empty());
    }
}

#[tokio::test]
async fn parts_go_in_any_order_and_again() {
    let server = serve(Options::default());
    let path = at(&uncached(&server), "k");
    let bytes = noise(20 * MIB);
    let sink = begin(&path, bytes.len() as u64).await.expect("begun");
    assert_eq!((sink.layout().part_size, sink.layout().parallel), (8 << 20, 8));
    let part = |n: usize| bytes.slice(n * 8 * MIB..bytes.len().min((n + 1) * 8 * MIB));
    for n in [2, 0, 1, 0] {
        let piece = part(n);
        sink.write_part((n * 8 * MIB) as u64, piece.len() as u64, body(piece)).await.expect("a part");
    }
    sink.commit(Precondition::None).await.expect("committed");
    assert_eq!(server.store().get("box", "k").expect("there"), bytes);
}

#[tokio::test]
async fn what_does_not_fit_the_layout_is_refused() {
    let server = serve(Options::default());
    let path = at(&uncached(&server), "k");
    let sink = begin(&path, 20 << 20).await.expect("begun");
    for (offset, len) in [(1, 8 * MIB), (0, MIB), (16 * MIB, 8 * MIB), (24 * MIB, 1)] {
        let outcome = sink.write_part(offset as u64, len as u64, body(noise(len))).await;
        fails(outcome, ErrorKind::Invalid);
    }
    for len in [8 * MIB - 1, 8 * MIB + 1] {
        fails(sink.write_part(0, 8 << 20, body(noise(len))).await, ErrorKind::Invalid);
    }
    fails(sink.commit(Precondition::None).await, ErrorKind::Invalid);
    sink.abort().await.expect("aborted");
    let insisted =
        |part| CreateHint { size: Some(100 << 20), part_size: Some(part), ..CreateHint::default() };
    fails(path.create(insisted((5 << 20) - 1)).await.map(drop), ErrorKind::Invalid);
    path.create(insisted(5 << 20)).await.expect("allowed").abort().await.expect("aborted");
    assert!(server.store().open_uploads("box").is_empty());
}

/// Writes a stream whose length nobody told, in order.
async fn pour(sink: &dyn Sink, bytes: &Bytes) {
    let layout = sink.layout();
    assert_eq!(layout.parallel, 1);
    fill(sink, bytes).await.expect("poured");
}

#[tokio::test]
async fn a_stream_of_unknown_size_is_whole() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    for (len, puts) in [(0, 1), (1000, 1), (16 * MIB - 1, 1), (16 * MIB, 0), (21 * MIB + 5, 0)] {
        server.reset_counts();
        let sink = begin(&at(&registry, "k"), None).await.expect("begun");
        pour(&*sink, &noise(len)).await;
        let entry = sink.commit(Precondition::None).await.expect("committed");
        assert_eq!(entry.entry.size, Some(len as u64));
        assert_eq!(server.store().get("box", "k").expect("there"), noise(len), "{len}");
        assert_eq!(server.counts().get("PutObject"), puts, "{len}");
    }
    assert!(server.store().open_uploads("box").is_empty());
}

#[tokio::test]
async fn a_stream_survives_a_part_that_fails() {
    let server = serve(Options::default());
    let sink = begin(&at(&uncached(&server), "k"), None).await.expect("begun");
    let bytes = noise(24 * MIB);
    server.faults().add(Rule::on("UploadPart", Effect::internal_error()));
    let part = |n: usize| bytes.slice(n * 8 * MIB..(n + 1) * 8 * MIB);
    sink.write_part(0, 8 << 20, body(part(0))).await.expect("held");
    fails(sink.write_part(8 << 20, 8 << 20, body(part(1))).await, ErrorKind::Unavailable);
    sink.write_part(8 << 20, 8 << 20, body(part(1))).await.expect("again");
    sink.write_part(16 << 20, 8 << 20, body(part(2))).await.expect("the rest");
    sink.commit(Precondition::None).await.expect("committed");
    assert_eq!(server.store().get("box", "k").expect("there"), bytes);
}

#[tokio::test]
async fn another_process_goes_on_from_the_journal() {
    let server = serve(Options::default());
    let path = at(&uncached(&server), "k");
    let bytes = noise(20 * MIB);
    let sink = begin(&path, bytes.len() as u64).await.expect("begun");
    for n in [0, 1] {
        let piece = bytes.slice(n * 8 * MIB..(n + 1) * 8 * MIB);
        sink.write_part((n * 8 * MIB) as u64, 8 << 20, body(piece)).await.expect("a part");
    }
    let mut kept = sink.state();
    kept.parts[1].tag = Some("not what the service has".into());
    kept.parts[1].crc64 ^= 1;
    drop(sink);

    let sink = at(&uncached(&server), "k").resume(kept, CreateHint::default()).await.expect("resumed");
    let there: Vec<_> = sink.state().parts.iter().map(|part| part.offset).collect();
    assert_eq!(there, [0], "the service's own list is the truth");
    server.reset_counts();
    for n in [1, 2] {
        let piece = bytes.slice(n * 8 * MIB..bytes.len().min((n + 1) * 8 * MIB));
        sink.write_part((n * 8 * MIB) as u64, piece.len() as u64, body(piece)).await.expect("a part");
    }
    let kept = sink.state();
    sink.commit(Precondition::Absent).await.expect("committed");
    assert_eq!(server.counts().get("UploadPart"), 2);
    assert_eq!(server.store().get("box", "k").expect("there"), bytes);

    let done = path
        .resume(kept.clone(), CreateHint::default())
        .await
        .expect("it was completed before the journal heard of it");
    assert_eq!(done.commit(Precondition::Absent).await.expect("ours").entry.size, Some(bytes.len() as u64));
    server.store().put("box", "k", "somebody else's");
    fails(path.resume(kept, CreateHint::default()).await.map(drop), ErrorKind::NotFound);
}
