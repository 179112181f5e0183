//! What to do next, as plain data: [`Cmd`].

use std::path::PathBuf;

use crate::model::{Arrangement, Ask, Frame, Freshness, LinkAsk, Pages, Redacted, Uri, Viewed};
use crate::transfer::journal::RecordedUpload;
use crate::transfer::{Answer, JobId, JobSpec};

use super::ahead::Next;
use super::dialog::HeldAsk;
use super::edit::{EditId, SaveHow};
use super::msg::ReqId;
use super::state::Session;

/// Something for the runtime to do. What answers comes back as a [`super::Msg`] with the same id.
#[derive(Clone, Debug, PartialEq)]
pub enum Cmd {
    /// List a directory: `PageArrived`s, then `ListDone` or `ListFailed`.
    List {
        /// The request.
        req: ReqId,
        /// The directory.
        uri: Uri,
        /// Whether the cache may answer.
        freshness: Freshness,
        /// Whether all of an archive on a service may be fetched to know what is in it, however large it is.
        whole: bool,
    },
    /// Nobody waits for this request any more. It has no answer; one that is on its way is dropped.
    Cancel(ReqId),
    /// Sort and filter a large listing off the loop, by [`crate::model::sort::arrange`]: `Sorted`.
    Sort {
        /// The request.
        req: ReqId,
        /// The rows.
        pages: Pages,
        /// How.
        arrangement: Arrangement,
    },
    /// Plan a job, past the cache: `Planned` from time to time, the last one with a plan that is known.
    Plan {
        /// The request.
        req: ReqId,
        /// The job.
        spec: Box<JobSpec>,
    },
    /// Find the names in `dir` that begin with `prefix` (from the cache where it knows): `Completed`.
    Complete {
        /// The request.
        req: ReqId,
        /// The directory.
        dir: Uri,
        /// How they begin.
        prefix: String,
    },
    /// Tell whether a local location is a directory: `Probed`.
    Probe {
        /// The request.
        req: ReqId,
        /// The location.
        uri: Uri,
    },
    /// Make a directory or a bucket: `MadeDir`.
    Mkdir {
        /// The request.
        req: ReqId,
        /// The directory.
        uri: Uri,
    },
    /// Have in the caches what is likely to be wanted next: `WentAhead`.
    GoAhead {
        /// The request.
        req: ReqId,
        /// What.
        what: Next,
        /// The most requests of a service.
        most: u32,
    },
    /// Open a view: `Seen` with its id until it is closed.
    View {
        /// The view.
        id: ReqId,
        /// What to view.
        what: Box<Viewed>,
        /// The place that it is drawn into.
        frame: Frame,
        /// Whether to look first how the file is now, whatever its row tells.
        anew: bool,
    },
    /// Ask an open view.
    AskView(ReqId, Ask),
    /// Close a view: what it is at is given up.
    CloseView(ReqId),
    /// Start a job: `Job` events until `Finished`.
    StartJob(JobId, Box<JobSpec>),
    /// Answer question number `.1` of a job.
    Answer(JobId, u64, Answer),
    /// Cancel a job. Its `Finished` still comes.
    CancelJob(JobId),
    /// Let a job hand out nothing new (`true`), or go on: `Job` tells when it does.
    PauseJob(JobId, bool),
    /// Leave a job as it is, to be resumed from the journal. Its `Finished` still comes.
    SuspendJob(JobId),
    /// The most bytes a second of a job from now on.
    LimitJob(JobId, Option<u64>),
    /// Tell each file of a job that is over, or no longer.
    WatchJob(JobId, bool),
    /// Go on with the job that the journal keeps under this number: `Job` events, or `NotResumed`.
    ResumeJob(JobId, u64),
    /// Undo what the job of this number deleted and overwrote: `Job` events, or `NotResumed`.
    UndoJob(JobId, u64),
    /// Tell what stands in the journal: `Kept`.
    ListKept,
    /// Forget the job that the journal keeps under this number.
    ForgetKept(u64),
    /// Abort uploads of our own that nobody goes on with: `Kept` tells what remains.
    AbortUploads(Vec<RecordedUpload>),
    /// Fetch a copy to be edited: `DraftFetched`.
    FetchDraft {
        /// The edit.
        id: EditId,
        /// What.
        uri: Uri,
    },
    /// Give the terminal to the editor, on this file: `EditorClosed`.
    RunEditor {
        /// The edit.
        id: EditId,
        /// The file.
        file: PathBuf,
    },
    /// Open a copy in the desktop's program, and tell each save: `DraftTouched`, or `EditorClosed` where none begins.
    OpenWatched {
        /// The edit.
        id: EditId,
        /// The copy.
        file: PathBuf,
    },
    /// The same for a program that has the copy already.
    WatchDraft {
        /// The edit.
        id: EditId,
        /// The copy.
        file: PathBuf,
    },
    /// Open a local file in the desktop's program: `Opened`.
    OpenFile {
        /// What it is.
        uri: Uri,
        /// The same as a path.
        file: PathBuf,
    },
    /// Fetch a copy that can't be written to, and open it: `Opened`.
    OpenCopy(Uri),
    /// Nobody writes into a copy any more: save what isn't saved of it, then remove it: `DraftDropped`.
    DropDraft(EditId),
    /// Write a copy back, if it changed: `DraftSaved`.
    SaveDraft {
        /// The edit.
        id: EditId,
        /// What may be replaced.
        how: SaveHow,
    },
    /// Tell what changed: `DraftCompared`.
    CompareDraft(EditId),
    /// Nobody saves this copy any more; it stays where it is.
    LeaveDraft(EditId),
    /// Make oneself heard: a job that took a while is over.
    Notify(String),
    /// Put a text into the terminal's clipboard (OSC 52).
    CopyToClipboard(String),
    /// The same with a text that stands in no log and no trace, and the system's clipboard.
    CopySecret(Redacted<String>),
    /// Sign links to these objects: `Presigned`, in order.
    Presign {
        /// The request.
        req: ReqId,
        /// The objects.
        uris: Vec<Uri>,
        /// What is asked for.
        ask: Box<LinkAsk>,
    },
    /// Read the indexes of the caches on disk: `Sampled`.
    SampleCaches {
        /// The request.
        req: ReqId,
    },
    /// Ask a cache what it holds, or change it: `Held`.
    Held {
        /// The request.
        req: ReqId,
        /// What is asked.
        ask: Box<HeldAsk>,
    },
    /// Empty the operation cache.
    ClearCache,
    /// Remember where one left off.
    SaveSession(Session),
    /// Suspend the program, as Ctrl-Z in a shell.
    Suspend,
    /// End the program. Jobs that still run are cancelled, and waited for a little.
    Quit,
}
