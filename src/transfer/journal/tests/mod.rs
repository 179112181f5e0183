//! The journal on a real file.

use std::path::Path;

use super::*;
use crate::model::{ETag, Entry, Kind, S3Uri, Tag, Uri};
use crate::transfer::job::{JobKind, JobOptions, Progress, SourceItem, Target};
use crate::vfs::{CreateHint, PartRecord, Placed, Proof, Removed, SinkState};

mod keeping;
mod uploads;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(super) async fn open(dir: &Path) -> Journal {
    let (journal, told) = Journal::open(Some(dir)).await;
    assert_eq!(told, None);
    journal
}

pub(super) fn local(path: &str) -> Uri {
    Uri::Local(path.into())
}

pub(super) fn s3(key: &str) -> Uri {
    Uri::S3(S3Uri::new("s3", "box", key))
}

pub(super) fn entry(uri: &Uri) -> Entry {
    let mut entry = Entry::new(uri.name(), Kind::File);
    (entry.size, entry.modified, entry.mode) = (Some(7), Some(Timestamp(5)), Some(0o100_644));
    entry.tag = Some(Tag::File { dev: 1, ino: u64::MAX, mtime_ns: -7 });
    entry
}

pub(super) fn placed(uri: &Uri, version: Option<&str>) -> Placed {
    let mut now = Entry::new(uri.name(), Kind::File);
    (now.size, now.tag) = (Some(7), Some(Tag::ETag(ETag::new("0cc175b9c0f1b6a831c399e269772661"))));
    Placed { entry: now, version: version.map(Into::into), proof: Proof::Checksum }
}

pub(super) fn spec(kind: JobKind) -> JobSpec {
    let source = local("/s");
    JobSpec {
        kind,
        sources: vec![SourceItem { entry: Entry::new(source.name(), Kind::Dir), uri: source }],
        target: (kind != JobKind::Delete).then(|| Target::Into(s3("t/"))),
        options: JobOptions::default(),
    }
}

pub(super) async fn begin(journal: &Journal, kind: JobKind) -> JobLog {
    journal.begin(&spec(kind), &["s3 = here".to_owned()], NOW).await.unwrap()
}

fn part(offset: u64) -> PartRecord {
    PartRecord { offset, len: 5, tag: Some(format!("t{offset}")), crc64: u64::MAX - offset }
}

fn state(id: &str, parts: Vec<PartRecord>) -> SinkState {
    SinkState { id: id.to_owned(), part_size: 5, size: Some(7), parts }
}

fn step(recalled: Vec<Recalled>) -> Step {
    recalled.into_iter().next().expect("something is known").step
}

#[tokio::test]
async fn a_file_is_recalled_as_far_as_it_came() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Move).await;
    let (source, target) = (local("/s/a"), s3("t/s/a"));
    let seen = entry(&source);
    assert_eq!(log.recall(&source).await, []);
    log.intend(&source, &seen, &target).await;
    assert_eq!(step(log.recall(&source).await), Step::Intended);
    let hint = CreateHint { size: Some(7), job: Some(log.tag()), copies: true, ..CreateHint::default() };
    log.opened(&source, &seen, &target, &state("up", vec![]), &hint).await;
    log.part(&source, &target, part(5));
    log.part(&source, &target, part(0));
    let open = Step::Open(Box::new((state("up", vec![part(0), part(5)]), hint)));
    assert_eq!(step(log.recall(&source).await), open);
    assert_eq!(journal.job(log.number()).await.unwrap().unwrap().open, 1);
    log.placed(&source, &seen, &target, &placed(&target, Some("v1")), false).await;
    let whole = Recalled {
        source: source.clone(),
        entry: seen,
        target: target.clone(),
        step: Step::Placed(Box::new(placed(&target, Some("v1")))),
    };
    assert_eq!(log.recall(&source).await, [whole]);
    assert!(log.still_open(0, 10).await.is_empty());
    log.source_removed(&source, &Removed::default()).await;
    assert_eq!(step(log.recall(&source).await), Step::SourceRemoved);
    assert_eq!(log.trouble(), None);
}

#[tokio::test]
async fn what_is_open_hides_what_was_placed_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Copy).await;
    let (source, target) = (local("/s/a"), s3("t/s/a"));
    let seen = entry(&source);
    log.placed(&source, &seen, &target, &placed(&target, None), false).await;
    // The source changed, and is sent again.
    log.intend(&source, &seen, &target).await;
    let hint = CreateHint { size: Some(7), job: Some(log.tag()), ..CreateHint::default() };
    log.opened(&source, &seen, &target, &state("up", vec![]), &hint).await;
    assert_eq!(step(log.recall(&source).await), Step::Open(Box::new((state("up", vec![]), hint))));
    log.closed(&source, &target).await;
    assert!(matches!(step(log.recall(&source).await), Step::Placed(_)));
}

/// A copy of the files as a loss of the program at this moment would leave them.
fn crashed(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["state.db", "state.db-wal"] {
        if dir.join(name).exists() {
            std::fs::copy(dir.join(name), copy.path().join(name)).unwrap();
        }
    }
    copy
}

/// What a second program finds of a job after a crash.
async fn after_crash(dir: &Path, number: u64) -> (tempfile::TempDir, JobRecord, JobLog) {
    let copy = crashed(dir);
    let journal = open(copy.path()).await;
    let kept = journal.job(number).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.owner), (JobState::Interrupted, Ownership::Nobody));
    let (record, log) = journal.claim(number, NOW).await.unwrap();
    (copy, record, log)
}

#[tokio::test]
async fn a_crash_after_any_record_loses_nothing_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let log = begin(&open(dir.path()).await, JobKind::Move).await;
    let (source, target) = (local("/s/a"), s3("t/s/a"));
    let (seen, hint) = (entry(&source), CreateHint { job: Some(log.tag()), ..CreateHint::default() });
    let now = async || {
        let (_copy, record, again) = after_crash(dir.path(), log.number()).await;
        assert_eq!((record.spec, record.attempts, again.tag()), (spec(JobKind::Move), 2, log.tag()));
        again.recall(&source).await.into_iter().next().map(|recalled| recalled.step)
    };
    assert_eq!(now().await, None);
    log.intend(&source, &seen, &target).await;
    assert_eq!(now().await, Some(Step::Intended));
    log.opened(&source, &seen, &target, &state("up", vec![]), &hint).await;
    let open = |parts| Some(Step::Open(Box::new((state("up", parts), hint.clone()))));
    assert_eq!(now().await, open(vec![]));
    log.part(&source, &target, part(0));
    log.recall(&source).await;
    assert_eq!(now().await, open(vec![part(0)]));
    log.part(&source, &target, part(5));
    log.recall(&source).await;
    assert_eq!(now().await, open(vec![part(0), part(5)]));
    log.placed(&source, &seen, &target, &placed(&target, None), false).await;
    assert_eq!(now().await, Some(Step::Placed(Box::new(placed(&target, None)))));
    log.source_removed(&source, &Removed::default()).await;
    assert_eq!(now().await, Some(Step::SourceRemoved));
}

#[tokio::test]
async fn a_job_has_one_owner_and_goes_on_when_that_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (open(dir.path()).await, open(dir.path()).await);
    let log = begin(&one, JobKind::Copy).await;
    let number = log.number();
    let owned = |pid| JournalError::Owned { number, pid };
    assert_eq!(other.claim(number, NOW).await.unwrap_err(), owned(Some(std::process::id())));
    assert_eq!(one.claim(number, NOW).await.unwrap_err(), owned(None));
    assert_eq!(other.forget(number).await.unwrap_err(), owned(Some(std::process::id())));
    assert_eq!(other.job(number).await.unwrap().unwrap().state, JobState::Running);
    drop((log, one));
    let (record, again) = other.claim(number, NOW).await.unwrap();
    assert_eq!((record.state, record.owner, record.attempts), (JobState::Interrupted, Ownership::Nobody, 2));
    again.ended(JobState::Done, &Progress::default()).await;
    assert_eq!(other.claim(number, NOW).await.unwrap_err(), JournalError::Done(number));
    assert_eq!(other.claim(77, NOW).await.unwrap_err(), JournalError::Unknown(77));
}

#[tokio::test]
async fn a_job_of_another_machine_is_taken_only_when_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let number = begin(&journal, JobKind::Copy).await.number();
    let elsewhere = |db: &Connection, _: &Owner| {
        db.execute("UPDATE jobs SET host = 'far', boot = 'b', lock = '1-a', pid = 1", []).map(|_| Ok(()))
    };
    journal.kept().unwrap().write(Worth::Record, elsewhere).await.unwrap();
    let refused = journal.claim(number, NOW).await.unwrap_err();
    assert_eq!(refused, JournalError::Elsewhere { number, host: "far".to_owned() });
    assert!(refused.to_string().contains("--take-over"));
    journal.disown(number).await.unwrap();
    let (_, log) = journal.claim(number, NOW).await.unwrap();
    assert!(matches!(journal.disown(number).await, Err(JournalError::Owned { .. })));
    drop(log);
}

/// Not a test of its own: the process that the next one kills.
#[test]
fn the_child_that_is_killed() {
    let Some(dir) = std::env::var_os("BIFOLD_TEST_STATE") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = open(Path::new(&dir)).await;
        let log = begin(&journal, JobKind::Copy).await;
        log.failed("ready").await;
        std::future::pending::<()>().await;
    });
}

#[tokio::test]
async fn the_kernel_frees_the_jobs_of_a_process_that_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "transfer::journal::tests::the_child_that_is_killed"])
        .env("BIFOLD_TEST_STATE", dir.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let journal = open(dir.path()).await;
    let job = loop {
        match journal.job(1).await.unwrap() {
            Some(job) if job.errors == ["ready"] => break job,
            _ => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
        }
    };
    assert_eq!(job.state, JobState::Running);
    assert!(matches!(job.owner, Ownership::Other { pid, elsewhere: false, .. } if pid == child.id()));
    assert!(matches!(journal.claim(1, NOW).await, Err(JournalError::Owned { pid: Some(_), .. })));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(journal.job(1).await.unwrap().unwrap().state, JobState::Interrupted);
    journal.claim(1, NOW).await.unwrap();
}

#[tokio::test]
async fn a_wish_reaches_the_owner_once() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (open(dir.path()).await, open(dir.path()).await);
    let log = begin(&one, JobKind::Copy).await;
    assert_eq!(log.wishes().await, None);
    other.request(log.number(), Wish::Pause).await.unwrap();
    assert_eq!((log.wishes().await, log.wishes().await), (Some(Wish::Pause), None));
    log.ended(JobState::Suspended, &Progress::default()).await;
    let refused = other.request(log.number(), Wish::Cancel).await.unwrap_err();
    assert_eq!(refused, JournalError::NotRunning(log.number()));
}

#[tokio::test]
async fn the_last_failures_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Copy).await;
    for number in 0..25 {
        log.failed(&format!("e{number}")).await;
    }
    let progress = Progress { failed: 25, ..Progress::default() };
    log.progress(&progress).await;
    let job = journal.job(log.number()).await.unwrap().unwrap();
    assert_eq!((job.errors.len(), &*job.errors[0], &*job.errors[19]), (20, "e5", "e24"));
    assert_eq!((job.progress, job.identities), (progress, vec!["s3 = here".to_owned()]));
}
