//! Going on with a job of the journal: [`Engine::resume`].

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::super::job::{JobEvent, JobId, JobSpec};
use super::super::journal::{Journal, JournalError};
use super::{Engine, JobHandle, leftovers, prepare};
use crate::model::{Timestamp, Uri};

/// Tells what a connection is by its name: endpoint, profile, whether it is anonymous. `None` for one that
/// isn't there.
pub type Identify = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Why a job can't be resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResumeError {
    /// The journal refuses.
    Journal(JournalError),
    /// A connection isn't what it was when the job began.
    Identity {
        /// The job.
        number: u64,
        /// What it was begun with.
        was: Vec<String>,
        /// What its connections are now.
        now: Vec<String>,
    },
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::Identity { number, was, now } => {
                let (was, now) = (was.join(", "), now.join(", "));
                write!(
                    f,
                    "job {number} was begun with {was}, and the connection is {now} now: resume it with what it was \
                     begun with, or forget it with `bifold jobs rm {number}`"
                )
            }
        }
    }
}

impl std::error::Error for ResumeError {}

impl From<JournalError> for ResumeError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl Engine {
    /// An engine whose jobs this journal keeps.
    #[must_use]
    pub fn with_journal(self, journal: Journal) -> Self {
        Self { journal, ..self }
    }

    /// An engine that knows by this what its connections are, so that a job isn't resumed under another
    /// identity than it was begun with.
    #[must_use]
    pub fn with_identities(self, identify: Identify) -> Self {
        Self { identify: Some(identify), ..self }
    }

    /// The journal that keeps the jobs.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The most bytes a second of all jobs together.
    pub fn set_rate(&self, most: Option<u64>) {
        self.rate.set(most);
    }

    /// Goes on with a job of the journal, from what it had done. It plans anew by listing its sources; what
    /// is done already isn't done again.
    ///
    /// # Errors
    /// Why it can't be resumed: it runs, it is done, it was begun under another identity.
    pub async fn resume(&self, id: JobId, number: u64) -> Result<JobHandle, ResumeError> {
        let Some(job) = self.journal.job(number).await? else {
            return Err(JournalError::Unknown(number).into());
        };
        let now = self.identities(&job.spec);
        if now != job.identities {
            return Err(ResumeError::Identity { number, was: job.identities, now });
        }
        let (job, log) = self.journal.claim(number, wall_clock()).await?;
        let (start, handle) = prepare(id, &job.spec);
        let setting = self.setting(&job.spec, &start);
        tokio::spawn(async move {
            start.tell(JobEvent::Kept(number));
            let begun = Some(job.created);
            let keep = Some(leftovers::kept(&log).await);
            start.run(job.spec, super::Setting { log: Some(log), keep, begun, ..setting }).await;
        });
        Ok(handle)
    }

    /// What the connections of a job are, in order.
    pub(super) fn identities(&self, spec: &JobSpec) -> Vec<String> {
        let target = spec.target.as_ref().map(super::super::job::Target::place);
        let places = spec.sources.iter().map(|source| &source.uri).chain(target);
        let names: BTreeSet<_> = places.filter_map(Uri::as_s3).map(|s3| s3.connection.clone()).collect();
        let told = |name: &str| self.identify.as_ref().and_then(|identify| identify(name));
        names.iter().map(|name| told(name).unwrap_or_else(|| format!("{name}://"))).collect()
    }
}

/// The time, for the journal.
pub(super) fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
