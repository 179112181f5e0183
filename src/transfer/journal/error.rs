//! Why the journal refuses, in words: [`JournalError`].

use std::fmt;
use std::path::Path;

use crate::store::{StoreError, StoreErrorKind};

/// A refusal or a failure of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalError {
    /// Nothing is kept at all, see [`super::Journal::none`].
    NotKept,
    /// No job has this number.
    Unknown(u64),
    /// Another program on this machine, or this one, runs the job.
    Owned {
        /// The job.
        number: u64,
        /// The process that runs it; `None` for this one.
        pid: Option<u32>,
    },
    /// A program on another machine ran the job last; whether it lives can't be known from here.
    Elsewhere {
        /// The job.
        number: u64,
        /// The machine.
        host: String,
    },
    /// There is nothing left to do.
    Done(u64),
    /// Nobody runs the job.
    NotRunning(u64),
    /// The state file.
    Store(StoreError),
}

impl From<StoreError> for JournalError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotKept => write!(f, "no journal is kept, so no job is known"),
            Self::Unknown(number) => write!(f, "there is no job {number}: `bifold jobs ls` lists them"),
            Self::Owned { number, pid: Some(pid) } => {
                write!(f, "job {number} is running in another bifold (process {pid})")
            }
            Self::Owned { number, pid: None } => write!(f, "job {number} is running here"),
            Self::Elsewhere { number, host } => write!(
                f,
                "job {number} belongs to a bifold on {host}: resume it there, or, if that one is gone for good, take it \
                 over with `bifold jobs resume --take-over {number}`"
            ),
            Self::Done(number) => write!(f, "job {number} is done: nothing is left to do"),
            Self::NotRunning(number) => write!(f, "job {number} isn't running"),
            Self::Store(error) => write!(f, "the journal can't be used: {error}"),
        }
    }
}

impl std::error::Error for JournalError {}

/// What a person is told when a state file can't be used at all.
pub(super) fn unusable(dir: &Path, error: &StoreError) -> String {
    let hint = match error.kind {
        StoreErrorKind::NotWritable => "check the owner and the permissions of the directory",
        StoreErrorKind::NoSpace => "free some space",
        StoreErrorKind::Busy => "another program holds it",
        _ => "everything else works",
    };
    format!("jobs can't be resumed, since {} can't be used: {error} ({hint})", dir.join("state.db").display())
}
