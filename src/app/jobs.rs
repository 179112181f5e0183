//! Jobs as the screen knows them: [`Jobs`], [`Job`].

use std::collections::VecDeque;

use crate::model::{Kind, Timestamp, Uri};
use crate::transfer::{JobId, JobKind, JobSpec, Outcome, Progress, Question, SourceItem};

/// How many finished jobs stay in the list.
const KEPT: usize = 50;

/// What a job is about, for its line on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What it does.
    pub kind: JobKind,
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
            count: spec.sources.len(),
            origin: spec.sources.first().and_then(directory_of),
            first,
            target: spec.target.as_ref().map(|target| target.place().clone()),
        }
    }

    /// The directories that it changes, each with all that is below: where things go, and where they are
    /// taken away.
    pub fn changes(&self) -> impl Iterator<Item = &Uri> {
        let origin = self.origin.as_ref().filter(|_| self.kind != JobKind::Copy);
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
    /// It runs.
    Running,
    /// It was told to stop, and is cleaning up.
    Cancelling,
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
}

impl Job {
    /// Whether it isn't over yet.
    pub fn is_active(&self) -> bool {
        !matches!(self.phase, Phase::Finished(_))
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
        (self.is_active() && *total_known && self.rate.per_second >= 1.0 && left > 0.0)
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

    /// Adds a job that begins now.
    pub fn add(&mut self, spec: &JobSpec, now: Timestamp) -> JobId {
        self.last += 1;
        let id = JobId(self.last);
        self.list.push(Job {
            id,
            label: Label::of(spec),
            phase: Phase::Running,
            progress: Progress::default(),
            rate: Rate::default(),
            started: now,
            ended: None,
            questions: VecDeque::new(),
        });
        self.forget_oldest();
        id
    }

    /// Removes a finished job from the list; one that runs stays.
    pub fn forget(&mut self, id: JobId) {
        self.list.retain(|job| job.id != id || job.is_active());
    }

    fn forget_oldest(&mut self) {
        let finished = self.list.iter().filter(|job| !job.is_active()).count();
        if finished > KEPT
            && let Some(at) = self.list.iter().position(|job| !job.is_active())
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
        let id = jobs.add(&spec, Timestamp(0));
        let job = jobs.get_mut(id).unwrap();
        job.progress.total = Counts { files: 1, dirs: 0, bytes: 1000 };
        job.progress.done.bytes = 400;
        job.rate.per_second = 100.0;
        assert_eq!((job.share(), job.seconds_left()), (None, None));
        job.progress.total_known = true;
        assert_eq!((job.share(), job.seconds_left()), (Some(0.4), Some(6)));
    }
}
