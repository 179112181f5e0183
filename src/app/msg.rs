//! What happened, as plain data: [`Msg`].

use std::path::PathBuf;

use crate::model::{Kind, Name, Order, Page, Seen, SignedLink, Uri, VfsError};
use crate::transfer::journal::{JobRecord, RecordedUpload};
use crate::transfer::{JobEvent, JobId, Plan};

use super::dialog::Heard;
use super::edit::{EditId, Saved};
use super::key::Key;
use super::stats::Stats;

/// Tells one request from another. A reply whose request nobody waits for any more is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ReqId(pub u64);

/// One name that completes what is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The name within the directory that was asked about.
    pub name: Name,
    /// What it is: what can be entered ends in `/` when it is taken.
    pub kind: Kind,
}

/// Something that happened: a key, a reply to a [`super::Cmd`], a signal, the time.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this size now.
    Resize {
        /// Columns of the whole terminal.
        columns: u16,
        /// Rows of the whole terminal.
        rows: u16,
        /// Rows of a listing that a pane shows at once, as the view lays them out.
        pane_rows: u16,
    },
    /// Time passed. The time itself is an argument of [`super::update`].
    Tick,
    /// A page of a listing arrived.
    PageArrived {
        /// The request.
        req: ReqId,
        /// The rows.
        page: Page,
    },
    /// A listing is complete.
    ListDone {
        /// The request.
        req: ReqId,
    },
    /// A listing failed; the pages before it stay.
    ListFailed {
        /// The request.
        req: ReqId,
        /// Why.
        error: VfsError,
    },
    /// A large listing was sorted and filtered.
    Sorted {
        /// The request.
        req: ReqId,
        /// The rows that are shown, in order.
        order: Order,
    },
    /// What a question is about was planned, so far or in the end.
    Planned {
        /// The request.
        req: ReqId,
        /// The plan.
        plan: Box<Plan>,
    },
    /// It couldn't be planned.
    PlanFailed {
        /// The request.
        req: ReqId,
        /// Why.
        error: VfsError,
    },
    /// Names that complete what is being typed. A failure is an empty list.
    Completed {
        /// The request.
        req: ReqId,
        /// The names that begin as asked.
        candidates: Vec<Candidate>,
    },
    /// Whether a typed local destination is a directory that exists.
    Probed {
        /// The request.
        req: ReqId,
        /// Whether it is one, links followed.
        is_dir: bool,
    },
    /// A directory or bucket was made, or not.
    MadeDir {
        /// The request.
        req: ReqId,
        /// How it ended.
        result: Result<(), VfsError>,
    },
    /// Something is heard of a job.
    Job(JobId, JobEvent),
    /// What stands in the journal.
    Kept {
        /// The jobs.
        jobs: Vec<JobRecord>,
        /// The uploads that no job will go on with.
        uploads: Vec<RecordedUpload>,
    },
    /// A job couldn't be resumed, or undone; it stands in the journal as before.
    NotResumed {
        /// The job.
        id: JobId,
        /// Why.
        reason: String,
    },
    /// What was asked ahead is there, or isn't to be had.
    WentAhead {
        /// The request.
        req: ReqId,
        /// How many requests of a service it took.
        requests: u32,
    },
    /// An open view tells something; one that is closed is no longer heard.
    Seen(ReqId, Seen),
    /// The copy of an edit is there, or can't be.
    DraftFetched {
        /// The edit.
        id: EditId,
        /// Where it lies.
        result: Result<PathBuf, VfsError>,
    },
    /// An editor has ended, or couldn't begin.
    EditorClosed {
        /// The edit.
        id: EditId,
        /// What failed.
        result: Result<(), String>,
    },
    /// A save has ended.
    DraftSaved {
        /// The edit.
        id: EditId,
        /// How.
        saved: Saved,
    },
    /// A copy was removed, or stays.
    DraftDropped {
        /// The edit.
        id: EditId,
        /// Where what was written into it at the last moment was saved, if anything was; or why it wasn't.
        result: Result<Option<Uri>, VfsError>,
    },
    /// A program that goes on running saved its copy.
    DraftTouched(EditId),
    /// A file was given to the desktop's program for it, or not.
    Opened {
        /// What was opened.
        uri: Uri,
        /// Why it couldn't be.
        result: Result<(), String>,
    },
    /// What tells a copy from what is there.
    DraftCompared {
        /// The edit.
        id: EditId,
        /// The difference as a text.
        result: Result<String, VfsError>,
    },
    /// The numbers of cache and requests changed.
    Stats(Box<Stats>),
    /// The indexes of the caches on disk were read: the next [`Self::Stats`] have it.
    Sampled {
        /// The request.
        req: ReqId,
    },
    /// What a cache holds, or what became of it.
    Held {
        /// The request.
        req: ReqId,
        /// The answer.
        heard: Box<Heard>,
    },
    /// Links were signed, or not, in the order in which they were asked for.
    Presigned {
        /// The request.
        req: ReqId,
        /// The links.
        links: Vec<Result<SignedLink, VfsError>>,
    },
    /// Something that is good to know.
    Told(&'static str),
    /// Something failed that belongs to no request: a task's panic, a file that can't be written.
    Trouble(String),
    /// The program is asked to end (SIGTERM, SIGHUP, a closed terminal).
    Terminate,
}
