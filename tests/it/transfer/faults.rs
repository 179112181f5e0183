//! What fails ends in the right bytes, or in a clear failure that left everything as it was.

use std::sync::Arc;

use bifold::model::{ErrorKind, Freshness, S3Uri, Uri};
use bifold::transfer::{Choice, JobEvent, JobKind, JobOptions, SourceItem, Target};
use bifold::vfs::faulty::{Call, Fault};
use bifold::vfs::memory::Memory;
use demo::{Effect, Rule};

use super::bed::{Bed, PAIRS, Pair, finish, noise};

fn in_parts(pair: Pair) -> Bed {
    Bed::with_memory(pair, Memory::like_s3("mem").with_part_size(64 << 10))
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again() {
    let faults = [
        (Call::Read, Fault::Fail(ErrorKind::Throttled)),
        (Call::Read, Fault::Cut(1000)),
        (Call::Read, Fault::Truncate(1000)),
        (Call::Create, Fault::Fail(ErrorKind::Unavailable)),
        (Call::WritePart, Fault::Fail(ErrorKind::Throttled)),
        (Call::WritePart, Fault::LoseAnswer(ErrorKind::Timeout)),
        (Call::Commit, Fault::Fail(ErrorKind::Throttled)),
        (Call::Commit, Fault::Fail(ErrorKind::Timeout)),
        (Call::List, Fault::Fail(ErrorKind::Throttled)),
        (Call::Stat, Fault::Fail(ErrorKind::Unavailable)),
    ];
    for pair in [Pair::LocalMemory, Pair::MemoryLocal] {
        for (call, fault) in &faults {
            let bed = in_parts(pair);
            bed.left.put("d/a", &noise(300_000)).await;
            bed.script.once(*call, fault.clone());
            let outcome = bed.copy(&["d/"], Choice::Cancel).await;
            assert_eq!(outcome.failures, [], "{pair:?} {call:?} {fault:?}");
            assert!(bed.right.get("d/a").await.unwrap() == noise(300_000), "{pair:?} {call:?} {fault:?}");
            assert_eq!(outcome.progress.done.bytes, 300_000);
            bed.check_clean();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_a_native_copy_is_looked_up() {
    let bed = Bed::new(Pair::MemoryMemory);
    bed.left.put("a", b"1").await;
    bed.script.once(Call::Copy, Fault::Fail(ErrorKind::Timeout));
    assert_eq!(bed.copy(&["a"], Choice::Cancel).await.failures, []);
    assert_eq!(bed.right.get("a").await.as_deref(), Some(&b"1"[..]));
}

#[tokio::test]
async fn a_failure_keeps_what_was_there_and_leaves_nothing_behind() {
    for pair in PAIRS {
        let bed = in_parts(pair);
        bed.left.put("a", &noise(300_000)).await;
        bed.right.put("a", b"old").await;
        for call in [Call::Copy, Call::Read, Call::WritePart, Call::Commit] {
            bed.script.once(call, Fault::Fail(ErrorKind::NoSpace));
        }
        let mut failed = 0;
        for _ in 0..5 {
            let outcome = bed.copy(&["a"], Choice::Overwrite).await;
            if outcome.failures.is_empty() {
                break;
            }
            failed += 1;
            assert_eq!(outcome.failures[0].error.kind, ErrorKind::NoSpace);
            assert_eq!(bed.right.get("a").await.as_deref(), Some(&b"old"[..]), "{pair:?}");
            assert!(bed.left.get("a").await.is_some());
            bed.check_clean();
        }
        assert!(failed > 0, "{pair:?}");
        assert!(bed.right.get("a").await.unwrap() == noise(300_000), "{pair:?}");
    }
}

#[tokio::test]
async fn a_source_that_changes_midway_is_begun_anew() {
    let bed = Bed::new(Pair::MemoryLocal);
    bed.left.put("a", &noise(17 << 20)).await;
    let memory = bed.memory.clone();
    let change = Arc::new(move || memory.put("left/a", noise(200_000)));
    bed.script.add(Call::Read, None, 1, 1, Fault::Before(change));
    let outcome = bed.copy(&["a"], Choice::Cancel).await;
    assert_eq!(outcome.failures, []);
    assert!(bed.right.get("a").await.unwrap() == noise(200_000), "one version, and the newer one");
    bed.check_clean();
}

#[tokio::test]
async fn a_source_that_goes_midway_is_a_failure() {
    let bed = Bed::new(Pair::MemoryLocal);
    bed.left.put("a", &noise(17 << 20)).await;
    let memory = bed.memory.clone();
    bed.script.add(Call::Read, None, 1, 1, Fault::Before(Arc::new(move || memory.forget("left/a"))));
    let outcome = bed.copy(&["a"], Choice::Cancel).await;
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(outcome.failures[0].error.kind, ErrorKind::NotFound);
    assert_eq!(bed.right.get("a").await, None);
    bed.check_clean();
}

#[tokio::test]
async fn cancelling_midway_leaves_nothing_behind() {
    for pair in PAIRS {
        let bed = in_parts(pair);
        for n in 0..20 {
            bed.left.put(&format!("d/f{n}"), &noise(200_000)).await;
        }
        bed.right.put("d/f3", b"old").await;
        for call in [Call::Read, Call::Copy] {
            bed.script.add(call, None, 8, usize::MAX, Fault::Hang);
        }
        let options = JobOptions::default();
        let mut job = bed.begin(JobKind::Copy, &["d/"], options).await;
        while bed.script.count(Call::Read) + bed.script.count(Call::Copy) < 12 {
            tokio::select! {
                event = job.next() => assert!(!matches!(event, Some(JobEvent::Finished(_)) | None)),
                () = tokio::task::yield_now() => {}
            }
        }
        job.cancel();
        let outcome = finish(job, Choice::Skip).await;
        assert!(outcome.cancelled, "{pair:?}");
        bed.becomes_clean().await;
        assert_eq!(bed.right.get("d/f3").await.as_deref(), Some(&b"old"[..]), "{pair:?}");
        assert_eq!(bed.left.tree().await.len(), 20, "{pair:?}");
        for bytes in bed.right.tree().await.into_values() {
            assert!(bytes == b"old" || bytes == noise(200_000), "nothing is half");
        }
    }
}

#[tokio::test]
async fn a_panic_in_a_backend_fails_one_file() {
    let bed = in_parts(Pair::LocalMemory);
    bed.left.put("d/a", &noise(300_000)).await;
    bed.left.put("d/b", b"1").await;
    let panic = Arc::new(|| panic!("a defect, on purpose"));
    bed.script.add(Call::WritePart, Some("right/d/a"), 1, 1, Fault::Before(panic));
    let outcome = bed.copy(&["d/"], Choice::Cancel).await;
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(bed.right.get("d/b").await.as_deref(), Some(&b"1"[..]));
    bed.check_clean();
}

#[tokio::test]
async fn a_job_that_nobody_can_answer_ends() {
    let bed = Bed::new(Pair::LocalMemory);
    bed.left.put("a", b"new").await;
    bed.right.put("a", b"old").await;
    let mut job = bed.begin(JobKind::Copy, &["a"], JobOptions::default()).await;
    while !matches!(job.next().await, Some(JobEvent::Asks(..))) {}
    drop(job);
    assert_eq!(bed.right.get("a").await.as_deref(), Some(&b"old"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_fails_for_good_is_tried_a_bounded_number_of_times() {
    let bed = Bed::new(Pair::MemoryMemory);
    bed.left.put("a", b"1").await;
    bed.script.add(Call::Copy, None, 0, usize::MAX, Fault::Fail(ErrorKind::Throttled));
    let outcome = bed.copy(&["a"], Choice::Cancel).await;
    assert_eq!(outcome.failures[0].error.kind, ErrorKind::Throttled);
    assert!((2..=12).contains(&bed.script.count(Call::Copy)));
}

#[tokio::test]
async fn what_a_cancel_could_not_clean_up_is_told() {
    let bed = in_parts(Pair::LocalMemory);
    bed.left.put("a", &noise(300_000)).await;
    bed.script.add(Call::WritePart, None, 1, usize::MAX, Fault::Hang);
    bed.script.add(Call::Abort, None, 0, usize::MAX, Fault::Fail(ErrorKind::Denied));
    let mut job = bed.begin(JobKind::Copy, &["a"], JobOptions::default()).await;
    while bed.script.count(Call::WritePart) < 2 {
        tokio::select! {
            event = job.next() => assert!(!matches!(event, Some(JobEvent::Finished(_)) | None)),
            () = tokio::task::yield_now() => {}
        }
    }
    job.cancel();
    let outcome = finish(job, Choice::Cancel).await;
    assert!(outcome.cancelled);
    assert_eq!(outcome.failures.len(), 1);
    assert!(outcome.failures[0].error.to_string().contains("cleaned up"), "{}", outcome.failures[0].error);
}

#[tokio::test]
async fn a_checksum_that_got_no_answer_is_asked_for_again() {
    let bed = Bed::new(Pair::S3Local);
    bed.server().store().put("left", "a", noise(17 << 20));
    let source = Uri::S3(S3Uri::new("checked", "left", "a"));
    let entry = bed.registry().resolve(&source).unwrap().stat(Freshness::Past).await.unwrap();
    bed.server().faults().add(Rule::on("GetObject", Effect::FlipBit(5000)));
    bed.script.add(Call::Stat, Some("left/a"), 0, 1, Fault::Fail(ErrorKind::Unavailable));
    let item = SourceItem { uri: source, entry };
    let outcome = bed.copy_to(JobKind::Move, vec![item], Target::As(bed.right.uri("a"))).await;
    assert_eq!(outcome.failures, []);
    assert!(bed.right.get("a").await.unwrap() == noise(17 << 20));
}
