//! Leaving a job and going on with it, after what may have happened meanwhile.

use std::sync::Arc;
use std::time::Duration;

use bifold::model::{ErrorKind, Freshness, Timestamp};
use bifold::transfer::{
    Choice, Engine, JobEvent, JobHandle, JobId, JobKind, JobOptions, JobSpec, Journal, Outcome, ResumeError,
    Target,
};
use bifold::vfs::Placed;
use demo::{Effect, Gate, Rule};

use super::bed::{Bed, Pair, finish, noise};

const PART: usize = 5 << 20;

/// An upload of three parts that was left while its last part was on its way.
struct Left {
    bed: Bed,
    engine: Engine,
    number: u64,
    gate: Gate,
}

fn options() -> JobOptions {
    JobOptions { part_size: Some(PART as u64), at_once: Some(1), ..JobOptions::default() }
}

async fn journal(bed: &Bed) -> Journal {
    let (journal, told) = Journal::open(Some(&bed.dir.path().join("state"))).await;
    assert_eq!(told, None);
    journal
}

async fn spec(bed: &Bed, kind: JobKind, options: JobOptions) -> JobSpec {
    let sources = bed.left.items(&["big"]).await;
    let target = Some(Target::Into(bed.right.root.uri().clone()));
    JobSpec { kind, sources, target, options }
}

async fn left() -> Left {
    let bed = Bed::new(Pair::LocalS3);
    bed.left.put("big", &noise(2 * PART + 77)).await;
    let engine = bed.engine.clone().with_journal(journal(&bed).await);
    let gate = Gate::new();
    bed.server().faults().add(Rule::on("UploadPart", Effect::Hold(gate.clone())).skip(2));
    let job = engine.start(JobId(1), spec(&bed, JobKind::Copy, options()).await);
    gate.arrived(1).await;
    job.control().suspend();
    let outcome = finish(job, Choice::Cancel).await;
    assert!(outcome.suspended && !outcome.cancelled, "{outcome:?}");
    let number = outcome.number.expect("the journal keeps it");
    bed.server().faults().clear();
    bed.server().reset_counts();
    Left { bed, engine, number, gate }
}

impl Left {
    async fn resume(&self) -> JobHandle {
        self.engine.resume(JobId(2), self.number).await.expect("it can be resumed")
    }

    async fn go_on(&self) -> (Outcome, Vec<String>) {
        let mut job = self.resume().await;
        let mut notes = Vec::new();
        let run = async {
            loop {
                match job.next().await.expect("it ends with a word") {
                    JobEvent::Note(note) => notes.push(note),
                    JobEvent::Asks(number, _) => {
                        job.answer(number, bifold::transfer::Answer { choice: Choice::Skip, for_all: false });
                    }
                    JobEvent::Finished(outcome) => return *outcome,
                    _ => {}
                }
            }
        };
        let outcome = tokio::time::timeout(Duration::from_mins(1), run).await.expect("the job ends");
        (outcome, notes)
    }

    fn parts(&self) -> u64 {
        self.bed.server().counts().get("UploadPart")
    }
}

#[tokio::test]
async fn what_was_left_goes_on_with_the_part_that_is_missing() {
    let left = left().await;
    assert_eq!(left.bed.server().store().open_uploads("right").len(), 1, "it is kept");
    let (outcome, _) = left.go_on().await;
    assert_eq!(outcome.failures, []);
    assert_eq!(left.parts(), 1);
    assert_eq!(outcome.progress.kept.bytes, 2 * PART as u64);
    assert_eq!(left.bed.right.get("big").await, Some(noise(2 * PART + 77)));
    left.bed.check_clean();
    let again = left.engine.resume(JobId(3), left.number).await.expect_err("it is done");
    assert!(again.to_string().contains("is done"), "{again}");
}

#[tokio::test]
async fn a_job_isnt_gone_on_with_under_another_identity() {
    let left = left().await;
    let other =
        left.engine.clone().with_identities(Arc::new(|name| Some(format!("{name} of somebody else"))));
    let refused = other.resume(JobId(2), left.number).await.expect_err("another identity");
    assert!(matches!(refused, ResumeError::Identity { .. }), "{refused}");
    assert!(refused.to_string().contains("s3 of somebody else"), "{refused}");
    assert_eq!(left.bed.server().counts().total(), 0, "nothing was asked under it");
    let (outcome, _) = left.go_on().await;
    assert_eq!(outcome.failures, []);
}

#[tokio::test]
async fn a_job_has_one_owner() {
    let left = left().await;
    left.bed.server().faults().add(Rule::on("UploadPart", Effect::Hold(left.gate.clone())));
    let job = left.resume().await;
    let second = left.bed.engine.clone().with_journal(journal(&left.bed).await);
    let refused = second.resume(JobId(3), left.number).await.expect_err("it is running");
    assert!(refused.to_string().contains("running"), "{refused}");
    left.gate.open();
    let outcome = finish(job, Choice::Cancel).await;
    assert_eq!(outcome.failures, []);
    left.bed.check_clean();
}

#[tokio::test]
async fn a_changed_source_starts_over_and_says_so() {
    let left = left().await;
    let mut bytes = noise(2 * PART + 77);
    bytes[3] ^= 1;
    left.bed.left.put("big", &bytes).await;
    let (outcome, notes) = left.go_on().await;
    assert_eq!(outcome.failures, []);
    assert_eq!(left.parts(), 3);
    assert!(notes.iter().any(|note| note.contains("changed since")), "{notes:?}");
    assert_eq!(left.bed.right.get("big").await, Some(bytes));
    left.bed.check_clean();
}

#[tokio::test]
async fn the_upload_of_a_source_that_is_gone_is_aborted_and_told() {
    let left = left().await;
    std::fs::remove_file(left.bed.dir.path().join("left/big")).expect("it was there");
    let (outcome, notes) = left.go_on().await;
    let kinds: Vec<_> = outcome.failures.iter().map(|failure| failure.error.kind).collect();
    assert_eq!(kinds, [ErrorKind::NotFound]);
    assert!(notes.iter().any(|note| note.contains("is given up")), "{notes:?}");
    left.bed.check_clean();
}

#[tokio::test]
async fn an_upload_that_somebody_aborted_starts_over_and_says_so() {
    let left = left().await;
    let (_, id) = left.bed.server().store().open_uploads("right").remove(0);
    let path = left.bed.right.path("big");
    let state = bifold::vfs::SinkState {
        id: format!("x:{id}"),
        part_size: PART as u64,
        size: Some(2 * PART as u64 + 77),
        parts: Vec::new(),
    };
    path.resume(state, bifold::vfs::CreateHint::default())
        .await
        .expect("it is open")
        .abort()
        .await
        .expect("aborted");
    let (outcome, notes) = left.go_on().await;
    assert_eq!((outcome.failures.len(), left.parts()), (0, 3));
    assert!(notes.iter().any(|note| note.contains("nothing is left")), "{notes:?}");
    assert_eq!(left.bed.right.get("big").await, Some(noise(2 * PART + 77)));
    left.bed.check_clean();
}

#[tokio::test]
async fn what_another_client_wrote_meanwhile_is_not_overwritten() {
    let left = left().await;
    left.bed.server().store().put("right", "big", "theirs");
    let (outcome, _) = left.go_on().await;
    assert_eq!((outcome.failures.len(), outcome.progress.skipped), (0, 1));
    assert_eq!(left.bed.right.get("big").await.as_deref(), Some(&b"theirs"[..]));
    left.bed.check_clean();
}

#[tokio::test]
async fn a_job_can_be_left_twice() {
    let left = left().await;
    let gate = Gate::new();
    left.bed.server().faults().add(Rule::on("UploadPart", Effect::Hold(gate.clone())));
    let job = left.resume().await;
    gate.arrived(1).await;
    job.control().suspend();
    assert!(finish(job, Choice::Cancel).await.suspended);
    left.bed.server().faults().clear();
    left.bed.server().reset_counts();
    let (outcome, _) = left.go_on().await;
    assert_eq!((outcome.failures.len(), left.parts()), (0, 1));
    assert_eq!(left.bed.right.get("big").await, Some(noise(2 * PART + 77)));
    left.bed.check_clean();
}

#[tokio::test]
async fn a_lost_answer_to_the_beginning_of_an_upload_leaves_an_intent() {
    let bed = Bed::new(Pair::LocalS3);
    bed.left.put("big", &noise(2 * PART + 77)).await;
    let kept = journal(&bed).await;
    let engine = bed.engine.clone().with_journal(kept.clone());
    bed.server().faults().add(Rule::on("CreateMultipartUpload", Effect::LoseAnswer));
    let outcome =
        finish(engine.start(JobId(1), spec(&bed, JobKind::Copy, options()).await), Choice::Cancel).await;
    assert_eq!(outcome.failures, []);
    assert_eq!(bed.right.get("big").await, Some(noise(2 * PART + 77)));
    let known = kept.uploads().await.expect("a journal");
    assert_eq!(bed.server().store().open_uploads("right").len(), 1);
    let [orphan] = &known[..] else { panic!("one is known: {known:?}") };
    assert_eq!((&orphan.uri, &orphan.upload), (&bed.right.uri("big"), &None));
}

#[tokio::test]
async fn a_paused_job_does_nothing_until_it_goes_on() {
    let bed = Bed::new(Pair::LocalS3);
    bed.left.put("big", &noise(2 * PART + 77)).await;
    let gate = bed.server().faults().hold("UploadPart");
    let mut job = bed.engine.start(JobId(1), spec(&bed, JobKind::Copy, options()).await);
    gate.arrived(1).await;
    job.control().pause();
    while !matches!(job.next().await.expect("an event"), JobEvent::Paused(true)) {}
    gate.open();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(bed.server().counts().get("UploadPart"), 1, "what was under way came to its end, and no more");
    job.control().go_on();
    let outcome = finish(job, Choice::Cancel).await;
    assert_eq!(outcome.failures, []);
    bed.check_clean();
}

/// A download of `name` by a move that died once the copy was placed and recorded.
async fn placed(name: &str) -> (Bed, Engine, u64) {
    let bed = Bed::new(Pair::S3Local);
    bed.left.put(name, b"theirs").await;
    bed.right.put(name, b"theirs").await;
    let journal = journal(&bed).await;
    let sources = bed.left.items(&[name]).await;
    let (uri, entry) = (sources[0].uri.clone(), sources[0].entry.clone());
    let target = Some(Target::Into(bed.right.root.uri().clone()));
    let spec = JobSpec { kind: JobKind::Move, sources, target, options: JobOptions::default() };
    let engine = bed.engine.clone().with_journal(journal.clone());
    let identities = ["s3://".to_owned()];
    let log = journal.begin(&spec, &identities, now()).await.expect("it is kept");
    let there = bed.right.path(name).stat(Freshness::Past).await.expect("it is there");
    log.placed(&uri, &entry, &bed.right.uri(name), &Placed::by_size(there), false).await;
    let number = log.number();
    (bed, engine, number)
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
    Timestamp(i64::try_from(since.as_millis()).expect("not yet"))
}

#[tokio::test]
async fn a_source_stays_whose_copy_on_a_disk_is_gone_or_another_by_now() {
    for change in ["none", "gone", "replaced"] {
        let (bed, engine, number) = placed("f").await;
        let copy = bed.dir.path().join("right/f");
        match change {
            "gone" => std::fs::remove_file(&copy).expect("it was there"),
            "replaced" => {
                std::fs::remove_file(&copy).expect("it was there");
                std::fs::write(&copy, "others").expect("written");
            }
            _ => {}
        }
        let job = engine.resume(JobId(2), number).await.expect("it can be resumed");
        let outcome = finish(job, Choice::Cancel).await;
        let kept = change != "none";
        assert_eq!(outcome.failures.len(), usize::from(kept), "{change}: {outcome:?}");
        assert_eq!(bed.left.get("f").await.is_some(), kept, "{change}");
    }
}

#[tokio::test]
async fn a_deletion_that_goes_on_leaves_what_came_since_it_was_begun() {
    for pair in [Pair::LocalS3, Pair::S3Local] {
        let bed = Bed::new(pair);
        bed.left.put("d/old", b"old").await;
        let journal = journal(&bed).await;
        let sources = bed.left.items(&["d/"]).await;
        let spec = JobSpec { kind: JobKind::Delete, sources, target: None, options: JobOptions::default() };
        let identities: &[String] = if pair == Pair::S3Local { &["s3://".to_owned()] } else { &[] };
        // The server tells times to the second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let log = journal.begin(&spec, identities, now()).await.expect("it is kept");
        let number = log.number();
        drop(log);
        tokio::time::sleep(Duration::from_millis(1100)).await;
        bed.left.put("d/new", b"new").await;
        let engine = bed.engine.clone().with_journal(journal);
        let job = engine.resume(JobId(2), number).await.expect("it can be resumed");
        let outcome = finish(job, Choice::Cancel).await;
        assert_eq!(bed.left.get("d/old").await, None, "{pair:?}");
        assert_eq!(bed.left.get("d/new").await.as_deref(), Some(&b"new"[..]), "{pair:?}");
        let why: Vec<_> = outcome.failures.iter().map(|failure| failure.error.to_string()).collect();
        assert!(why.len() == 1 && why[0].contains("since"), "{pair:?}: {why:?}");
    }
}
