//! Jobs as the screen knows them: [`Jobs`], [`Job`].

mod left;

use std::collections::VecDeque;

use crate::model::{Kind, Timestamp, Uri};
use crate::transfer::{
    FileEnd, FileReport, JobId, JobKind, JobSpec, Outcome, Progress, Question, SourceItem,
};

pub use left::Left;

/// How many finished jobs stay in the list.
const KEPT: usize = 50;
/// How many jobs run at once; further ones wait for their turn.
const AT_ONCE: usize = 4;
/// How many files and notes of a job are remembered.
const REMEMBERED: usize = 100;
/// The bandwidth limits that the keys step through, in bytes a second, from the loosest.
const LIMITS: [u64; 10] = [
    500_000_000,
    200_000_000,
    100_000_000,
    50_000_000,
    20_000_000,
    10_000_000,
    5_000_000,
    2_000_000,
    1_000_000,
    200_000,
];

/// What a job is about, for its line on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What it does.
    pub kind: JobKind,
    /// Whether it undoes what another job of this kind did.
    pub undoes: bool,
    /// How many things were chosen.
    pub count: usize,
    /// The first of them.
    pub first: Option<Uri>,
    /// The directory that they are in.
    pub origin: Option<Uri>,
    /// Where they go; none for a delete.
    pub target: Option<Uri>,
}

impl Label {
    /// The bucket that it is about, where it is about one as a whole.
    pub fn bucket(&self) -> Option<&str> {
        let place = self.first.as_ref()?.as_s3().filter(|place| self.count == 1 && place.key.is_empty())?;
        let buckets = self.origin.as_ref()?.as_s3().is_some_and(|origin| origin.bucket.is_none());
        place.bucket.as_deref().filter(|_| buckets)
    }

    /// What this job is about.
    pub fn of(spec: &JobSpec) -> Self {
        let first = spec.sources.first().map(|item| item.uri.clone());
        Self {
            kind: spec.kind,
            undoes: false,
            count: spec.sources.len(),
            origin: spec.sources.first().and_then(directory_of),
            first,
            target: spec.target.as_ref().map(|target| target.place().clone()),
        }
    }

    /// The directories that it changes, each with all that is below: where things go, and where they are
    /// taken away.
    pub fn changes(&self) -> impl Iterator<Item = &Uri> {
        let origin = self.origin.as_ref().filter(|_| self.kind != JobKind::Copy || self.undoes);
        origin.into_iter().chain(&self.target)
    }
}

/// The directory that holds this. The marker of a directory is written as the directory is.
fn directory_of(item: &SourceItem) -> Option<Uri> {
    let marker = item.entry.name.is_empty() && item.entry.kind == Kind::File;
    if marker { Some(item.uri.clone()) } else { item.uri.parent() }
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// It waits for its turn.
    Waiting(Box<JobSpec>),
    /// It runs.
    Running,
    /// It was told to pause, and hands out nothing new.
    Paused,
    /// It was told to stop, and is cleaning up.
    Cancelling,
    /// It was told to stop where it is, to be resumed.
    Suspending,
    /// It stands in the journal: an earlier run left it, or another window has it.
    Left(Left),
    /// It is over.
    Finished(Box<Outcome>),
}

/// A question that waits for its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// Its number within the job.
    pub number: u64,
    /// The question.
    pub question: Question,
    /// Whether the person put it off: it is asked again only from the jobs panel.
    pub put_off: bool,
}

/// Bytes a second, smoothed over the last seconds so that the eye can read it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// Bytes a second.
    pub per_second: f64,
    at: Option<(Timestamp, u64)>,
}

impl Rate {
    /// Whether nothing was heard for so long that the rate has to be taken down.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.at.is_some_and(|(then, _)| now.0 - then.0 >= 1_000)
    }

    /// Takes in how many bytes are done by now.
    pub fn observe(&mut self, now: Timestamp, bytes: u64) {
        let Some((then, before)) = self.at else {
            self.at = Some((now, bytes));
            return;
        };
        let seconds = now.0.saturating_sub(then.0) as f64 / 1000.0;
        if seconds < 0.05 {
            return;
        }
        let fresh = bytes.saturating_sub(before) as f64 / seconds;
        let weight = if self.per_second == 0.0 { 1.0 } else { 1.0 - (-seconds / 3.0).exp() };
        self.per_second += (fresh - self.per_second) * weight;
        self.at = Some((now, bytes));
    }
}

/// A job on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it is about.
    pub label: Label,
    /// Where it stands.
    pub phase: Phase,
    /// How far it is.
    pub progress: Progress,
    /// How fast it is.
    pub rate: Rate,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What it asks, the oldest first.
    pub questions: VecDeque<Pending>,
    /// The number under which the journal keeps it.
    pub number: Option<u64>,
    /// The most bytes a second.
    pub limit: Option<u64>,
    /// How often it was begun.
    pub attempts: u32,
    /// The last files that are over, as far as they are told: only of a job that is looked at.
    pub files: VecDeque<FileReport>,
    /// What a person should know of it, the newest last.
    pub notes: VecDeque<String>,
}

impl Job {
    /// Whether it isn't over yet, and is this window's.
    pub fn is_active(&self) -> bool {
        !matches!(self.phase, Phase::Finished(_) | Phase::Left(_))
    }

    /// Whether it was begun and still goes on.
    pub fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }

    /// Whether it waits in the journal to be resumed from here.
    pub fn can_resume(&self) -> bool {
        matches!(&self.phase, Phase::Left(left) if left.is_ours())
    }

    /// Whether the figures of its rate mean anything.
    pub fn moves(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Cancelling | Phase::Suspending)
    }

    /// Takes in how many bytes passed by now: what an earlier attempt had done passed then.
    pub fn observe(&mut self, now: Timestamp) {
        let Progress { done, kept, .. } = &self.progress;
        self.rate.observe(now, done.bytes.saturating_sub(kept.bytes));
    }

    /// Remembers a file that is over; one that failed stands in the outcome as well.
    pub fn remember(&mut self, file: FileReport) {
        if matches!(file.end, FileEnd::AsBefore) {
            return;
        }
        self.files.push_back(file);
        if self.files.len() > REMEMBERED {
            self.files.pop_front();
        }
    }

    /// Remembers what was said of it.
    pub fn note(&mut self, text: String) {
        self.notes.push_back(text);
        if self.notes.len() > REMEMBERED {
            self.notes.pop_front();
        }
    }

    /// The next looser (`up`) or tighter limit.
    pub fn next_limit(&self, up: bool) -> Option<u64> {
        match (self.limit, up) {
            (None, true) => None,
            (None, false) => LIMITS.first().copied(),
            (Some(now), true) => LIMITS.iter().rev().copied().find(|limit| *limit > now),
            (Some(now), false) => LIMITS.iter().copied().find(|limit| *limit < now).or(Some(now)),
        }
    }

    /// How it ended, if it did.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Finished(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// The share that is done, 0 to 1, as far as it is known: of bytes, or of files where there are none.
    pub fn share(&self) -> Option<f64> {
        let Progress { total, done, .. } = &self.progress;
        let (done, total) =
            if total.bytes > 0 { (done.bytes, total.bytes) } else { (done.files, total.files) };
        (self.progress.total_known && total > 0).then(|| (done as f64 / total as f64).min(1.0))
    }

    /// The seconds that are left at the present rate, where it can be told.
    pub fn seconds_left(&self) -> Option<u64> {
        let Progress { total, done, total_known, .. } = &self.progress;
        let left = total.bytes.saturating_sub(done.bytes) as f64;
        (self.is_running() && *total_known && self.rate.per_second >= 1.0 && left > 0.0)
            .then(|| (left / self.rate.per_second).ceil() as u64)
    }
}

/// All jobs since the program began, the newest last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Jobs {
    list: Vec<Job>,
    last: u64,
}

impl Jobs {
    /// The jobs in the order in which they began.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Job> + ExactSizeIterator {
        self.list.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The job at this line of the panel.
    pub fn at(&self, line: usize) -> Option<&Job> {
        self.list.get(line)
    }

    /// The job of this id.
    pub fn get(&self, id: JobId) -> Option<&Job> {
        self.list.iter().find(|job| job.id == id)
    }

    /// The job of this id, to change it.
    pub fn get_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.list.iter_mut().find(|job| job.id == id)
    }

    /// The jobs that aren't over.
    pub fn active(&self) -> impl Iterator<Item = &Job> {
        self.list.iter().filter(|job| job.is_active())
    }

    /// Adds a job that begins now, or waits for its turn.
    pub fn add(&mut self, spec: JobSpec, now: Timestamp) -> JobId {
        let label = Label::of(&spec);
        let limit = spec.options.rate;
        let id = self.insert(label, Phase::Waiting(Box::new(spec)), now);
        if let Some(job) = self.get_mut(id) {
            job.limit = limit;
        }
        self.forget_oldest();
        id
    }

    fn insert(&mut self, label: Label, phase: Phase, now: Timestamp) -> JobId {
        self.last += 1;
        let id = JobId(self.last);
        self.list.push(Job {
            id,
            label,
            phase,
            progress: Progress::default(),
            rate: Rate::default(),
            started: now,
            ended: None,
            questions: VecDeque::new(),
            number: None,
            limit: None,
            attempts: 1,
            files: VecDeque::new(),
            notes: VecDeque::new(),
        });
        id
    }

    /// Adds a job that undoes what job `number` of the journal did to so many files, and begins at once.
    pub fn add_undo(&mut self, label: Label, number: u64, files: u64, now: Timestamp) -> JobId {
        let id = self.insert(label, Phase::Running, now);
        if let Some(job) = self.get_mut(id) {
            job.number = Some(number);
            job.progress.total.files = files;
            job.progress.total_known = true;
        }
        self.forget_oldest();
        id
    }

    /// The jobs whose turn has come, with what they are to do; they run from now on.
    pub fn take_turns(&mut self, now: Timestamp) -> Vec<(JobId, Box<JobSpec>)> {
        let busy = |job: &&Job| matches!(job.phase, Phase::Running | Phase::Cancelling | Phase::Suspending);
        let room = AT_ONCE.saturating_sub(self.list.iter().filter(busy).count());
        let mut begun = Vec::new();
        for job in self.list.iter_mut().filter(|job| matches!(job.phase, Phase::Waiting(_))).take(room) {
            job.started = now;
            if let Phase::Waiting(spec) = std::mem::replace(&mut job.phase, Phase::Running) {
                begun.push((job.id, spec));
            }
        }
        begun
    }

    /// Lets a waiting job change places with the waiting one before (`up`) or behind it; gives its new line.
    pub fn reorder(&mut self, id: JobId, up: bool) -> Option<usize> {
        let waits = |job: &Job| matches!(job.phase, Phase::Waiting(_));
        let at = self.list.iter().position(|job| job.id == id).filter(|at| waits(&self.list[*at]))?;
        let other = if up {
            (0..at).rev().find(|other| waits(&self.list[*other]))
        } else {
            (at + 1..self.list.len()).find(|other| waits(&self.list[*other]))
        }?;
        self.list.swap(at, other);
        Some(other)
    }

    /// Removes a job from the list that is over or stands in the journal; one that runs stays.
    pub fn forget(&mut self, id: JobId) {
        self.list.retain(|job| job.id != id || job.is_active());
    }

    fn forget_oldest(&mut self) {
        let finished = |job: &Job| job.outcome().is_some();
        if self.list.iter().filter(|job| finished(job)).count() > KEPT
            && let Some(at) = self.list.iter().position(finished)
        {
            self.list.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::Counts;

    #[test]
    fn a_rate_settles_on_what_is_steady() {
        let mut rate = Rate::default();
        for second in 0..30 {
            rate.observe(Timestamp(second * 1000), second as u64 * 500);
        }
        assert!((rate.per_second - 500.0).abs() < 1.0, "{}", rate.per_second);
        rate.observe(Timestamp(29_500), 15_000);
        assert!(rate.per_second > 500.0 && rate.per_second < 700.0, "{}", rate.per_second);
    }

    #[test]
    fn what_is_left_is_told_only_when_the_total_is_known() {
        let spec = JobSpec {
            kind: JobKind::Copy,
            sources: Vec::new(),
            target: None,
            options: crate::transfer::JobOptions::default(),
        };
        let mut jobs = Jobs::default();
        let id = jobs.add(spec, Timestamp(0));
        jobs.take_turns(Timestamp(0));
        let job = jobs.get_mut(id).unwrap();
        job.progress.total = Counts { files: 1, dirs: 0, bytes: 1000 };
        job.progress.done.bytes = 400;
        job.rate.per_second = 100.0;
        assert_eq!((job.share(), job.seconds_left()), (None, None));
        job.progress.total_known = true;
        assert_eq!((job.share(), job.seconds_left()), (Some(0.4), Some(6)));
    }
}
