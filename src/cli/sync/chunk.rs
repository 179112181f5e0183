//! Some of the differences as a job: [`Chunk`].
//!
//! A copy is bound to what was listed: it replaces that very file, or nothing. What came or changed since is
//! left as it is, and is a failure.

use std::collections::HashMap;

use tokio::sync::mpsc::UnboundedSender;

use crate::model::{Entry, ErrorKind, Op, Tag, Uri, VfsError};
use crate::transfer::job::{FileEnd, FileReport};
use crate::transfer::{
    Answer, Choice, ConflictPolicy, JobEvent, JobHandle, JobKind, JobOptions, JobSpec, Outcome, Progress,
    Question, SourceItem, Target,
};

/// One file that is to be copied.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) source: SourceItem,
    pub(super) target: Uri,
    /// What was listed there.
    pub(super) listed: Option<Entry>,
}

/// What is heard of a chunk on its way.
#[derive(Debug)]
pub(super) enum Heard {
    Progress(Progress),
    Note(String),
}

/// The job of these copies.
pub(super) fn spec(copies: &[Copy], base: &Uri, options: &JobOptions) -> JobSpec {
    JobSpec {
        kind: JobKind::Copy,
        sources: copies.iter().map(|copy| copy.source.clone()).collect(),
        target: Some(Target::Each {
            base: base.clone(),
            targets: copies.iter().map(|copy| copy.target.clone()).collect(),
        }),
        options: JobOptions { conflict: ConflictPolicy::Ask, ..options.clone() },
    }
}

/// How a chunk ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) copies: Vec<Copy>,
    pub(super) outcome: Outcome,
    /// What stood in the way of each of these.
    refused: HashMap<Uri, VfsError>,
    /// The tags of what was written, where they were told.
    pub(super) tags: HashMap<Uri, Tag>,
}

impl Ended {
    #[cfg(test)]
    pub(super) fn of(copies: Vec<Copy>, tags: HashMap<Uri, Tag>) -> Self {
        Self { copies, outcome: Outcome::default(), refused: HashMap::new(), tags }
    }

    /// Why copies weren't made, by where they were to go.
    pub(super) fn failures<'a>(&'a self) -> HashMap<&'a Uri, &'a VfsError> {
        let failed: HashMap<&Uri, &'a VfsError> =
            self.outcome.failures.iter().map(|failure| (&failure.item.uri, &failure.error)).collect();
        let by_target = |copy: &'a Copy| Some((&copy.target, *failed.get(&copy.source.uri)?));
        let refused = self.refused.iter();
        self.copies.iter().filter_map(by_target).chain(refused).collect()
    }
}

/// Hears a job to its end, and answers it by what was listed.
pub(super) async fn drive(mut job: JobHandle, copies: Vec<Copy>, heard: UnboundedSender<Heard>) -> Ended {
    let listed: HashMap<Uri, Option<Entry>> =
        copies.iter().map(|copy| (copy.target.clone(), copy.listed.clone())).collect();
    let (mut refused, mut tags) = (HashMap::new(), HashMap::new());
    job.control().tell_files(true);
    let mut outcome = Outcome { cancelled: true, ..Outcome::default() };
    while let Some(event) = job.next().await {
        match event {
            JobEvent::Progress(progress) => drop(heard.send(Heard::Progress(progress))),
            JobEvent::Note(text) => drop(heard.send(Heard::Note(text))),
            JobEvent::Asks(number, question) => {
                let choice = answer(&question, &listed, &mut refused);
                job.answer(number, Answer { choice, for_all: false });
            }
            JobEvent::Finished(ended) => outcome = *ended,
            JobEvent::File(report) => tags.extend(written(*report)),
            JobEvent::Touched(_) | JobEvent::Kept(_) | JobEvent::Paused(_) => {}
        }
    }
    Ended { copies, outcome, refused, tags }
}

/// Where something was written, and its tag.
fn written(report: FileReport) -> Option<(Uri, Tag)> {
    match report {
        FileReport { target: Some(at), tag: Some(tag), end: FileEnd::Copied(_), .. } => Some((at, tag)),
        _ => None,
    }
}

fn answer(
    question: &Question,
    listed: &HashMap<Uri, Option<Entry>>,
    refused: &mut HashMap<Uri, VfsError>,
) -> Choice {
    let Question::Conflict(conflict) = question else { return Choice::SkipLinks };
    let (at, now) = (&conflict.target, &conflict.target_entry);
    let before = listed.get(at).and_then(Option::as_ref);
    if before.is_some_and(|before| is_same(before, now)) {
        return Choice::Overwrite;
    }
    let why = match before {
        Some(_) => "it changed since it was listed, and was left as it is",
        None => "it came since the listing, and was left as it is",
    };
    let error = VfsError::new(Op::Write, at.clone(), ErrorKind::Conflict, why);
    refused.insert(at.clone(), error.with_hint("sync again: it is compared anew"));
    Choice::Skip
}

fn is_same(before: &Entry, now: &Entry) -> bool {
    before.kind == now.kind && before.size == now.size && before.tag.is_some() && before.tag == now.tag
}
