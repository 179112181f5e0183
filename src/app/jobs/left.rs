//! Jobs that stand in the journal: [`Left`].

use super::{Job, Jobs, Label, Phase};
use crate::model::Timestamp;
use crate::transfer::JobKind;
use crate::transfer::journal::{JobRecord, JobState, Ownership};

/// Why a job stands in the journal and doesn't run here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// The program that ran it died.
    Interrupted,
    /// It was left on purpose.
    Suspended,
    /// Another window runs it.
    Elsewhere {
        /// The machine.
        host: String,
        /// The process there.
        pid: u32,
    },
}

impl Left {
    /// Whether it can be resumed from here.
    pub fn is_ours(&self) -> bool {
        !matches!(self, Self::Elsewhere { .. })
    }

    /// How a record stands; none for one that is over.
    fn of(record: &JobRecord) -> Option<Self> {
        match (&record.owner, record.state) {
            (Ownership::This, _) | (_, JobState::Failed | JobState::Cancelled | JobState::Done) => None,
            (Ownership::Other { host, pid, .. }, JobState::Running | JobState::Interrupted) => {
                Some(Self::Elsewhere { host: host.clone(), pid: *pid })
            }
            (_, JobState::Interrupted | JobState::Running) => Some(Self::Interrupted),
            (_, JobState::Suspended) => Some(Self::Suspended),
        }
    }
}

impl Jobs {
    /// Takes in what the journal tells; a job that is listed already stays as it is.
    pub fn keep(&mut self, records: Vec<JobRecord>, now: Timestamp) {
        for record in records {
            let known = self.iter().any(|job| job.number == Some(record.number));
            if let Some(left) = Left::of(&record).filter(|_| !known) {
                self.keep_one(record, left, now);
            }
        }
    }

    fn keep_one(&mut self, record: JobRecord, left: Left, now: Timestamp) {
        let id = self.insert(Label::of(&record.spec), Phase::Left(left), now);
        let Some(job) = self.get_mut(id) else { return };
        job.number = Some(record.number);
        job.progress = record.progress;
        job.attempts = record.attempts;
        job.limit = record.spec.options.rate;
        job.started = record.created;
        job.ended = Some(record.last_attempt);
        job.notes = record.errors.into();
    }

    /// The jobs that can be resumed from here, but for deletions, which are asked about one by one.
    pub fn resumable(&self) -> impl Iterator<Item = &Job> {
        self.iter().filter(|job| job.can_resume() && job.label.kind != JobKind::Delete)
    }

    /// How many jobs wait in the journal to be resumed from here.
    pub fn left(&self) -> usize {
        self.iter().filter(|job| job.can_resume()).count()
    }
}
