//! What the journal tells: [`JobRecord`], [`Recalled`], [`RecordedUpload`], [`Undo`].

use crate::model::{Entry, Timestamp, Uri};
use crate::transfer::job::{JobSpec, Progress};
use crate::vfs::{CreateHint, Placed, SinkState};

/// A job as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRecord {
    /// Its number, which people call it by.
    pub number: u64,
    /// What it is to do.
    pub spec: JobSpec,
    /// How it stands.
    pub state: JobState,
    /// Who runs it.
    pub owner: Ownership,
    /// How often it was begun.
    pub attempts: u32,
    /// When it was begun first.
    pub created: Timestamp,
    /// When it was begun last.
    pub last_attempt: Timestamp,
    /// The last 20 failures, oldest first.
    pub errors: Vec<String>,
    /// What its connections were when it was begun, in the words of whoever began it.
    pub identities: Vec<String>,
    /// How far it was when it last told.
    pub progress: Progress,
    /// Files half done.
    pub open: u64,
    /// Deletions and overwrites that can be undone.
    pub undoable: u64,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    /// A live program runs it.
    Running,
    /// The program that ran it died.
    Interrupted,
    /// Left on purpose, to be resumed.
    Suspended,
    /// It ended, and something of it failed.
    Failed,
    /// It was given up.
    Cancelled,
    /// All of it worked.
    Done,
}

impl JobState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Suspended => "suspended",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
        }
    }

    /// Whether it stopped on the way, and waits to be resumed.
    pub fn waits(self) -> bool {
        matches!(self, Self::Interrupted | Self::Suspended)
    }
}

/// Who runs a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// This program.
    This,
    /// A live program on this machine, or one on another machine, of which nothing more can be known.
    Other {
        /// The machine's name.
        host: String,
        /// The process there.
        pid: u32,
        /// Whether it is another machine.
        elsewhere: bool,
    },
    /// Nobody.
    Nobody,
}

/// What somebody else wants of a job's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To leave it, to be resumed.
    Pause,
    /// To give it up.
    Cancel,
}

/// What an earlier attempt did with a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    /// The source.
    pub source: Uri,
    /// The source as it was then.
    pub entry: Entry,
    /// Where it went.
    pub target: Uri,
    /// How far it came.
    pub step: Step,
}

/// How far a file came.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It was about to be begun: maybe there is an upload of which nobody knows the id.
    Intended,
    /// It is open, with the parts that are recorded, and the hint that it was begun with.
    Open(Box<(SinkState, CreateHint)>),
    /// It is whole at its place.
    Placed(Box<Placed>),
    /// And its source was removed after that.
    SourceRemoved,
}

/// An upload that this journal knows of, and that isn't known to be over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedUpload {
    /// Names it to [`super::Journal::forget_upload`].
    pub row: u64,
    /// What was to be written.
    pub uri: Uri,
    /// The upload's id; `None` where the answer that told it was lost, if there was one.
    pub upload: Option<String>,
    /// When it was begun.
    pub since: Timestamp,
    /// The job that may go on with it; `None` where that is forgotten.
    pub job: Option<u64>,
}

/// One thing that can be undone on a bucket that keeps versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The object.
    pub uri: Uri,
    /// The version to remove.
    pub version: String,
    /// What it is.
    pub kind: UndoKind,
}

/// What is removed to undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoKind {
    /// A delete marker: the object shows again.
    Marker,
    /// A newer version: the one before it shows again.
    Version,
}
