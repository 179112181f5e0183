//! What jobs did, so that they can be resumed after anything: [`Journal`].
//!
//! A record is made of what is a fact already, never before: a part when it is flushed or acknowledged, a
//! file when it is placed. Only an intention is recorded beforehand, since an upload whose beginning was
//! answered to nobody could never be found again.
//!
//! Several programs share the journal. A job has one owner: a program on this machine, known by a lock that
//! the kernel takes back when the program dies. A job of another machine is never taken silently.
//!
//! A journal that can't be written never fails a job. It goes on unrecorded, and [`JobLog::trouble`] tells
//! so once.

mod columns;
mod error;
mod jobs;
mod log;
mod owner;
mod pack;
mod record;
mod remembered;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod tidy;

use std::path::Path;
use std::sync::Arc;

pub use error::JournalError;
pub use log::JobLog;
pub use record::{JobRecord, JobState, Ownership, Recalled, RecordedUpload, Step, Undo, UndoKind, Wish};
pub use remembered::{Learnt, Remembered};

use rusqlite::Connection;

use self::owner::Owner;
use self::rows::Of;
use super::job::JobSpec;
use crate::model::Timestamp;
use crate::store::{FailPoint, Store, StoreError, StoreErrorKind, Worth};

/// What jobs did. Cheap to clone: the clones are one journal, and one owner of jobs.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    kept: Option<Arc<Kept>>,
}

/// A journal that is really kept.
#[derive(Debug)]
struct Kept {
    store: Store,
    owner: Arc<Owner>,
}

impl Journal {
    /// Keeps nothing: everything works, and nothing can be resumed.
    pub fn none() -> Self {
        Self::default()
    }

    /// The journal of a state directory, and what a person must be told: that a damaged file was set aside,
    /// or why nothing is kept.
    pub async fn open(state_dir: Option<&Path>) -> (Self, Option<String>) {
        Self::open_with(state_dir, None).await
    }

    /// The same, which kills the program at one of its records.
    pub async fn open_with(state_dir: Option<&Path>, fail: Option<FailPoint>) -> (Self, Option<String>) {
        let Some(dir) = state_dir else {
            return (Self::none(), Some("no state directory is known: jobs can't be resumed".to_owned()));
        };
        let opened = async {
            let (store, told) = Store::open(dir, fail).await?;
            store.own(schema::JOURNAL).await?;
            Ok((store, told))
        };
        match opened.await {
            Ok((store, told)) => {
                tidy::begin(&store, log::wall_clock());
                let kept = Kept { store, owner: Arc::new(Owner::new(dir)) };
                (Self { kept: Some(Arc::new(kept)) }, told)
            }
            Err(error) => (Self::none(), Some(error::unusable(dir, &error))),
        }
    }

    /// Whether anything is kept.
    pub fn keeps(&self) -> bool {
        self.kept.is_some()
    }

    /// What is remembered beside jobs, in the same file; `None` where nothing is kept.
    pub async fn remembered(&self) -> Option<Remembered> {
        Remembered::on(&self.kept.as_ref()?.store).await
    }

    /// Records a job, which this program owns from now on.
    pub async fn begin(
        &self,
        spec: &JobSpec,
        identities: &[String],
        now: Timestamp,
    ) -> Result<JobLog, JournalError> {
        let kept = self.kept()?;
        let (tag, moves) = (fastrand::u32(..), jobs::moves(spec));
        let (spec, identities) = (pack::json(spec), pack::json(identities));
        let begin = move |db: &Connection, owner: &Owner| match owner.hold() {
            Ok(id) => jobs::insert(db, &spec, &identities, tag, &id, now).map(Ok),
            Err(error) => Ok(Err(unheld(&error))),
        };
        let job = kept.write(Worth::Durable, begin).await?;
        Ok(JobLog::new(kept.clone(), Of { job, tag, attempt: 1, moves }))
    }

    /// Takes over a job whose owner is gone. The record tells how it was left.
    pub async fn claim(&self, number: u64, now: Timestamp) -> Result<(JobRecord, JobLog), JournalError> {
        let kept = self.kept()?;
        let claim = move |db: &Connection, owner: &Owner| match owner.hold() {
            Ok(id) => jobs::claim(db, owner, &id, number, now),
            Err(error) => Ok(Err(unheld(&error))),
        };
        let (record, of) = kept.write(Worth::Durable, claim).await?;
        Ok((record, JobLog::new(kept.clone(), of)))
    }

    /// Says that the bifold on another machine that had this job is gone for good. Refused for one that
    /// lives on this machine.
    pub async fn disown(&self, number: u64) -> Result<(), JournalError> {
        self.kept()?.write(Worth::Record, move |db, owner| jobs::disown(db, owner, number)).await
    }

    /// All jobs, oldest first.
    pub async fn jobs(&self) -> Result<Vec<JobRecord>, JournalError> {
        self.kept()?.read(jobs::all).await
    }

    /// One job.
    pub async fn job(&self, number: u64) -> Result<Option<JobRecord>, JournalError> {
        self.kept()?.read(move |db, owner| jobs::one(db, owner, number)).await
    }

    /// Leaves a wish for the program that runs a job. It looks for wishes every few seconds.
    pub async fn request(&self, number: u64, wish: Wish) -> Result<(), JournalError> {
        self.kept()?.write(Worth::Note, move |db, owner| jobs::wish(db, owner, number, wish)).await
    }

    /// Forgets a job. Refused while somebody runs it. Its uploads stay known: see [`Self::uploads`].
    pub async fn forget(&self, number: u64) -> Result<(), JournalError> {
        let kept = self.kept()?;
        kept.write(Worth::Record, move |db, owner| jobs::forget(db, owner, number)).await?;
        tidy::begin(&kept.store, log::wall_clock());
        Ok(())
    }

    /// The uploads that we began, and that aren't known to be over.
    pub async fn uploads(&self) -> Result<Vec<RecordedUpload>, JournalError> {
        self.kept()?.read(|db, _| rows::uploads(db)).await
    }

    /// One of those is over: completed or aborted.
    pub async fn forget_upload(&self, row: u64) -> Result<(), JournalError> {
        self.kept()?.write(Worth::Record, move |db, _| rows::forget_upload(db, row).map(Ok)).await
    }

    /// What can be undone of a job, behind the row `after`, in the order in which it is to be undone.
    pub async fn undo_page(
        &self,
        number: u64,
        after: u64,
        most: usize,
    ) -> Result<Vec<(u64, Undo)>, JournalError> {
        self.kept()?.read(move |db, _| rows::undo_page(db, number, after, most)).await
    }

    /// These are undone.
    pub async fn undone(&self, number: u64, rows: Vec<u64>) -> Result<(), JournalError> {
        self.kept()?.write(Worth::Record, move |db, _| rows::undone(db, number, &rows).map(Ok)).await
    }

    fn kept(&self) -> Result<&Arc<Kept>, JournalError> {
        self.kept.as_ref().ok_or(JournalError::NotKept)
    }
}

/// What a write came to: the file may fail, or the journal refuse.
type Attempt<T> = rusqlite::Result<Result<T, JournalError>>;

impl Kept {
    async fn read<T, F>(&self, act: F) -> Result<T, JournalError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Owner) -> rusqlite::Result<T> + Send + 'static,
    {
        let owner = self.owner.clone();
        Ok(self.store.read(move |db| act(db, &owner)).await?)
    }

    async fn write<T, F>(&self, worth: Worth, act: F) -> Result<T, JournalError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Owner) -> Attempt<T> + Send + 'static,
    {
        let owner = self.owner.clone();
        self.store.write(worth, move |db| act(db, &owner)).await?
    }
}

fn unheld(error: &std::io::Error) -> JournalError {
    JournalError::Store(StoreError::new(StoreErrorKind::NotWritable, error.to_string()))
}
