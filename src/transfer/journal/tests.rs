//! The journal on a real file.

use std::path::Path;

use super::*;
use crate::model::{ETag, Entry, Kind, S3Uri, Tag, Uri};
use crate::transfer::job::{JobKind, JobOptions, SourceItem, Target};
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
