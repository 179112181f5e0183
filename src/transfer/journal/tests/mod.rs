//! The journal on a real file.

use std::path::Path;

use super::*;
use crate::model::{ETag, Entry, Kind, S3Uri, Tag, Uri};
use crate::transfer::job::{JobKind, JobOptions, Progress, SourceItem, Target};
use crate::vfs::{CreateHint, PartRecord, Placed, Proof, Removed, SinkState};

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

fn step(recalled: Option<Recalled>) -> Step {
    recalled.expect("something is known").step
}

#[tokio::test]
async fn a_file_is_recalled_as_far_as_it_came() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Move).await;
    let (source, target) = (local("/s/a"), s3("t/s/a"));
    let seen = entry(&source);
    assert_eq!(log.recall(&source).await, None);
    log.intend(&source, &seen, &target).await;
    assert_eq!(step(log.recall(&source).await), Step::Intended);
    let hint = CreateHint { size: Some(7), job: Some(log.tag()), copies: true, ..CreateHint::default() };
    log.opened(&source, &seen, &target, &state("up", vec![]), &hint).await;
    log.part(&source, part(5));
    log.part(&source, part(0));
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
    assert_eq!(log.recall(&source).await, Some(whole));
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
    log.closed(&source).await;
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
        again.recall(&source).await.map(|recalled| recalled.step)
    };
    assert_eq!(now().await, None);
    log.intend(&source, &seen, &target).await;
    assert_eq!(now().await, Some(Step::Intended));
    log.opened(&source, &seen, &target, &state("up", vec![]), &hint).await;
    let open = |parts| Some(Step::Open(Box::new((state("up", parts), hint.clone()))));
    assert_eq!(now().await, open(vec![]));
    log.part(&source, part(0));
    log.recall(&source).await;
    assert_eq!(now().await, open(vec![part(0)]));
    log.part(&source, part(5));
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
async fn uploads_outlive_their_job_and_local_files_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Copy).await;
    let (up, down, lost) = (local("/s/up"), s3("s/down"), local("/s/lost"));
    let hint = CreateHint::default();
    log.opened(&up, &entry(&up), &s3("t/up"), &state("U1", vec![part(0)]), &hint).await;
    log.opened(&down, &entry(&down), &local("/t/down"), &state(".part", vec![]), &hint).await;
    log.intend(&lost, &entry(&lost), &s3("t/lost")).await;
    let number = log.number();
    drop(log);
    // The next attempt intends the same again: what became of the first is still not known.
    let (_, log) = journal.claim(number, NOW).await.unwrap();
    log.intend(&lost, &entry(&lost), &s3("t/lost")).await;
    log.ended(JobState::Cancelled, &Progress::default()).await;
    let known = |uploads: Vec<RecordedUpload>| {
        uploads.into_iter().map(|it| (it.uri, it.upload, it.job)).collect::<Vec<_>>()
    };
    let orphan = (s3("t/lost"), None, None);
    let uploads = known(journal.uploads().await.unwrap());
    assert_eq!(
        uploads,
        [
            (s3("t/up"), Some("U1".to_owned()), Some(number)),
            orphan.clone(),
            (s3("t/lost"), None, Some(number))
        ]
    );
    journal.forget(number).await.unwrap();
    assert_eq!(journal.job(number).await.unwrap(), None);
    let left = journal.uploads().await.unwrap();
    assert_eq!(known(left.clone()), [(s3("t/up"), Some("U1".to_owned()), None), orphan.clone(), orphan]);
    for upload in left {
        journal.forget_upload(upload.row).await.unwrap();
    }
    assert!(journal.uploads().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_can_be_undone_is_told_in_the_order_that_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let marker = |id: &str| Removed { marker: Some(id.into()) };
    let all = async |number| {
        let page = journal.undo_page(number, 0, 10).await.unwrap();
        page.into_iter().map(|(_, it)| (it.uri, it.version, it.kind)).collect::<Vec<_>>()
    };
    let delete = begin(&journal, JobKind::Delete).await;
    delete
        .deleted_all([(&s3("a"), &marker("m1")), (&s3("b"), &Removed::default()), (&s3("c"), &marker("m2"))])
        .await;
    assert_eq!(delete.ended(JobState::Done, &Progress::default()).await, 2);
    assert_eq!(journal.job(delete.number()).await.unwrap().unwrap().undoable, 2);
    let page = journal.undo_page(delete.number(), 0, 1).await.unwrap();
    let next = journal.undo_page(delete.number(), page[0].0, 1).await.unwrap();
    assert_eq!((&page[0].1.uri, &next[0].1.uri), (&s3("a"), &s3("c")));
    journal.undone(delete.number(), vec![page[0].0]).await.unwrap();
    assert_eq!(all(delete.number()).await, [(s3("c"), "m2".to_owned(), UndoKind::Marker)]);

    let (source, target) = (s3("src"), s3("dst"));
    let copy = begin(&journal, JobKind::Copy).await;
    copy.placed(&source, &entry(&source), &target, &placed(&target, Some("v2")), true).await;
    copy.placed(&s3("x"), &entry(&source), &s3("y"), &placed(&s3("y"), Some("v3")), false).await;
    assert_eq!(all(copy.number()).await, [(target.clone(), "v2".to_owned(), UndoKind::Version)]);

    // Of a move, the newer version may be all that is left: it is offered only behind its source.
    let moved = begin(&journal, JobKind::Move).await;
    moved.placed(&source, &entry(&source), &target, &placed(&target, Some("v2")), true).await;
    assert_eq!(all(moved.number()).await, []);
    moved.source_removed(&source, &Removed::default()).await;
    assert_eq!(all(moved.number()).await, []);
    moved.source_removed(&source, &marker("m3")).await;
    let wanted = [(source, "m3".to_owned(), UndoKind::Marker), (target, "v2".to_owned(), UndoKind::Version)];
    assert_eq!(all(moved.number()).await, wanted);
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

#[tokio::test]
async fn without_a_state_directory_nothing_is_kept_and_nothing_fails() {
    let (journal, told) = Journal::open(None).await;
    assert!(told.unwrap().contains("can't be resumed") && !journal.keeps());
    assert_eq!(journal.jobs().await.unwrap_err(), JournalError::NotKept);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("f"), "").unwrap();
    let (journal, told) = Journal::open(Some(&dir.path().join("f/state"))).await;
    assert!(told.unwrap().contains("state.db") && !journal.keeps());
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_says_so_once_and_fails_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Copy).await;
    let full = |db: &Connection, _: &Owner| {
        let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
        db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
    };
    journal.kept().unwrap().read(full).await.unwrap();
    let endless = local(&format!("/{}", "long/".repeat(40_000)));
    for _ in 0..2 {
        log.intend(&endless, &entry(&endless), &s3("t")).await;
        log.part(&endless, part(0));
    }
    assert_eq!(log.recall(&endless).await, None);
    assert!(log.trouble().unwrap().contains("full"));
    assert_eq!(log.trouble(), None);
}

#[tokio::test]
async fn finished_jobs_go_after_a_month_or_two_hundred_others() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let source = s3("a");
    for number in 1..=204 {
        let log = begin(&journal, JobKind::Copy).await;
        log.placed(&source, &entry(&source), &s3("b"), &placed(&s3("b"), Some("v")), true).await;
        let state = if number == 1 { JobState::Suspended } else { JobState::Failed };
        log.ended(state, &Progress::default()).await;
    }
    let old = |db: &Connection, _: &Owner| {
        db.execute("UPDATE jobs SET ended = 1 WHERE number IN (1, 10)", []).map(|_| Ok(()))
    };
    journal.kept().unwrap().write(Worth::Record, old).await.unwrap();
    let running = begin(&journal, JobKind::Copy).await;
    let left = loop {
        let jobs = journal.jobs().await.unwrap();
        if jobs.len() <= 202 {
            break jobs;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let numbers: Vec<u64> = left.iter().map(|job| job.number).collect();
    // The suspended one waits for ever, the one of long ago is gone, and of the others the oldest are.
    assert!(numbers.contains(&1) && !numbers.contains(&10) && !numbers.contains(&2), "{numbers:?}");
    assert!(numbers.contains(&running.number()) && numbers.contains(&204));
    let rest = |db: &Connection, _: &Owner| {
        let sql = "SELECT count(*) FROM undo WHERE job NOT IN (SELECT number FROM jobs)";
        db.query_row(sql, [], |row| row.get::<_, i64>(0))
    };
    while journal.kept().unwrap().read(rest).await.unwrap() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_files_of_a_job_that_is_done_make_room() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let (done, failed) = (begin(&journal, JobKind::Copy).await, begin(&journal, JobKind::Copy).await);
    for log in [&done, &failed] {
        for number in 0..20 {
            let source = s3(&format!("{number}"));
            log.placed(&source, &entry(&source), &source, &placed(&source, None), false).await;
        }
    }
    failed.ended(JobState::Failed, &Progress::default()).await;
    done.ended(JobState::Done, &Progress::default()).await;
    let files = async || {
        let count = |db: &Connection, _: &Owner| {
            db.query_row("SELECT count(*), min(job) FROM files", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })
        };
        journal.kept().unwrap().read(count).await.unwrap()
    };
    while files().await.0 > 20 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(files().await, (20, failed.number().cast_signed()));
}

#[tokio::test]
async fn times_are_remembered_by_tag() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let remembered = journal.remembered().await.unwrap();
    let ask = |etag: &str| vec![("k".to_owned(), etag.to_owned())];
    assert_eq!(remembered.get_many("e", "b", ask("t1")).await, [None]);
    remembered
        .put_many("e", "b", vec![("k".into(), "t1".into(), Some(5)), ("n".into(), "t".into(), None)])
        .await
        .unwrap();
    assert_eq!(remembered.get_many("e", "b", ask("t1")).await, [Some(Some(5))]);
    assert_eq!(remembered.get_many("e", "b", vec![("n".into(), "t".into())]).await, [Some(None)]);
    // Another content, another service, another bucket.
    assert_eq!(remembered.get_many("e", "b", ask("t2")).await, [None]);
    assert_eq!(remembered.get_many("f", "b", ask("t1")).await, [None]);
    assert_eq!(remembered.get_many("e", "c", ask("t1")).await, [None]);
    remembered.put_many("e", "b", vec![("k".into(), "t2".into(), Some(6))]).await.unwrap();
    assert_eq!(remembered.get_many("e", "b", [ask("t1"), ask("t2")].concat()).await, [None, Some(Some(6))]);
    let again = open(dir.path()).await.remembered().await.unwrap();
    assert_eq!(again.get_many("e", "b", ask("t2")).await, [Some(Some(6))]);
}
