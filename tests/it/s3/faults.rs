use bifold::cache::OpKind;
use bifold::model::ErrorKind;
use bifold::vfs::{CopyOptions, Precondition};
use demo::{Effect, Options, Rule};
use std::time::Duration;

use crate::support::*;

const MIB: usize = 1 << 20;

#[tokio::test]
async fn calls_without_bodies_are_tried_again_and_each_attempt_counts() {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    for effect in [Effect::slow_down(), Effect::internal_error(), Effect::CutBody(10), Effect::Drop] {
        let registry = uncached(&server);
        server.faults().add(Rule::on("ListObjectsV2", effect.clone()));
        assert_eq!(names(&at(&registry, "")).await, ["k"], "{effect:?}");
        assert_eq!(registry.requests()[0].1.get(OpKind::List), 2, "{effect:?}");
    }
    let registry = uncached(&server);
    server.faults().add(Rule::on("ListObjectsV2", Effect::Delay(Duration::from_millis(30))));
    assert_eq!(names(&at(&registry, "")).await, ["k"]);
    assert_eq!(registry.requests()[0].1.get(OpKind::List), 1);
}

#[tokio::test]
async fn a_service_that_stays_slow_says_so_in_the_end() {
    let server = serve(Options::default());
    server.faults().add(Rule::on("ListObjectsV2", Effect::slow_down()).always());
    let registry = uncached(&server);
    fails(rows(&at(&registry, "")).await, ErrorKind::Throttled);
    assert_eq!(registry.requests()[0].1.get(OpKind::List), 5);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_and_never_a_short_success() {
    let server = serve(Options::default());
    server.store().put("box", "k", noise(100_000));
    let path = at(&uncached(&server), "k");
    for effect in [Effect::CutBody(5000), Effect::TruncateBody(5000), Effect::CutBody(0)] {
        server.faults().add(Rule::on("GetObject", effect.clone()));
        let error = read(&path).await.expect_err("a part of it");
        assert!(error.kind.retryable(), "{effect:?}: {error}");
    }
    server.faults().add(Rule::on("GetObject", Effect::ShortBody(5000)));
    let body = path.read(Some(0..50_000), Precondition::None).await.expect("a body");
    assert!(gather(body).await.expect_err("a part of it").kind.retryable());
    assert_eq!(read(&path).await.expect("whole"), noise(100_000));
}

#[tokio::test]
async fn calls_with_bodies_are_left_to_whoever_owns_the_transfer() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    let path = at(&registry, "k");
    server.faults().add(Rule::on("PutObject", Effect::slow_down()));
    let sink = begin(&path, 5).await.expect("begun");
    fill(&*sink, &"hello".into()).await.expect("held");
    fails(sink.commit(Precondition::Absent).await, ErrorKind::Throttled);
    assert_eq!(registry.requests()[0].1.get(OpKind::Put), 1);
    sink.commit(Precondition::Absent).await.expect("committed again");
    assert_eq!(server.store().get("box", "k").expect("there"), "hello");

    server.faults().add(Rule::on("GetObject", Effect::slow_down()));
    fails(read(&path).await, ErrorKind::Throttled);
}

#[tokio::test]
async fn our_own_success_is_known_though_its_answer_was_lost() {
    for len in [10, 20 * MIB] {
        let server = serve(Options::default());
        let path = at(&uncached(&server), "k");
        let operation = if len < MIB { "PutObject" } else { "CompleteMultipartUpload" };
        server.faults().add(Rule::on(operation, Effect::LoseAnswer));
        let entry = write(&path, noise(len), Precondition::Absent).await.expect("it is there");
        assert_eq!(entry.size, Some(len as u64));
        assert_eq!(server.store().get("box", "k").expect("there"), noise(len));
        assert_eq!(server.counts().get(operation), 1);
        assert!(server.store().open_uploads("box").is_empty());
    }
}

#[tokio::test]
async fn the_echo_of_our_own_success_is_no_conflict() {
    for len in [10, 20 * MIB] {
        let server = serve(Options::default());
        let path = at(&uncached(&server), "k");
        let operation = if len < MIB { "PutObject" } else { "CompleteMultipartUpload" };
        let sink = begin(&path, len as u64).await.expect("begun");
        fill(&*sink, &noise(len)).await.expect("written");
        server.faults().add(Rule::on(operation, Effect::LoseAnswer));
        server.faults().add(Rule::on("HeadObject", Effect::access_denied()));
        fails(sink.commit(Precondition::Absent).await, ErrorKind::Unavailable);
        sink.commit(Precondition::Absent).await.expect("412 or NoSuchUpload was our own doing");
        assert_eq!(server.store().get("box", "k").expect("there"), noise(len));
    }
}

#[tokio::test]
async fn somebody_elses_success_is_not_taken_for_ours() {
    for len in [10, 20 * MIB] {
        let server = serve(Options::default());
        let path = at(&uncached(&server), "k");
        let operation = if len < MIB { "PutObject" } else { "CompleteMultipartUpload" };
        let theirs = noise(len);
        let put = theirs.clone();
        server
            .faults()
            .add(Rule::on(operation, Effect::run(move |store| store.put("box", "k", put.clone()))));
        server.faults().add(Rule::on(operation, Effect::Drop));
        let sink = begin(&path, len as u64).await.expect("begun");
        fill(&*sink, &noise(len)).await.expect("written");
        fails(sink.commit(Precondition::Absent).await, ErrorKind::Unavailable);
        fails(sink.commit(Precondition::Absent).await, ErrorKind::Conflict);
        sink.abort().await.expect("aborted");
        assert!(server.store().open_uploads("box").is_empty());
    }
}

#[tokio::test]
async fn a_part_whose_answer_was_lost_goes_again() {
    for effect in [Effect::LoseAnswer, Effect::Drop, Effect::CutRequest(MIB as u64), Effect::slow_down()] {
        let server = serve(Options::default());
        let bytes = noise(16 * MIB);
        let sink = begin(&at(&uncached(&server), "k"), bytes.len() as u64).await.expect("begun");
        server.faults().add(Rule::on("UploadPart", effect.clone()));
        let part = |n: usize| body(bytes.slice(n * 8 * MIB..(n + 1) * 8 * MIB));
        let error = sink.write_part(0, 8 << 20, part(0)).await.expect_err("no answer");
        assert!(error.kind.retryable(), "{effect:?}: {error}");
        sink.write_part(0, 8 << 20, part(0)).await.expect("again");
        sink.write_part(8 << 20, 8 << 20, part(1)).await.expect("the other");
        sink.commit(Precondition::None).await.expect("committed");
        assert_eq!(server.store().get("box", "k").expect("there"), bytes, "{effect:?}");
    }
}

#[tokio::test]
async fn an_error_inside_a_success_is_an_error() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    let bytes = noise(16 * MIB);
    let sink = begin(&at(&registry, "k"), bytes.len() as u64).await.expect("begun");
    fill(&*sink, &bytes).await.expect("written");
    server.faults().add(Rule::on("CompleteMultipartUpload", Effect::ok_with_error("InternalError")));
    fails(sink.commit(Precondition::None).await, ErrorKind::Unavailable);
    assert!(server.store().keys("box").is_empty());
    sink.commit(Precondition::None).await.expect("committed again");
    server.faults().add(Rule::on("CopyObject", Effect::ok_with_error("SlowDown")));
    let copied = at(&registry, "k").copy_native(&*at(&registry, "c"), &CopyOptions::default(), &|_| ()).await;
    fails(copied, ErrorKind::Throttled);
}

#[tokio::test]
async fn an_upload_that_the_service_lost_has_to_begin_anew() {
    let server = serve(Options::default());
    let bytes = noise(16 * MIB);
    let registry = uncached(&server);
    let sink = begin(&at(&registry, "k"), bytes.len() as u64).await.expect("begun");
    fill(&*sink, &bytes).await.expect("written");
    let again = at(&registry, "k")
        .resume(sink.state(), bifold::vfs::CreateHint::default())
        .await
        .expect("the same upload");
    again.abort().await.expect("ended by somebody");
    fails(sink.commit(Precondition::None).await, ErrorKind::Unsupported);
    assert!(server.store().keys("box").is_empty());
}
