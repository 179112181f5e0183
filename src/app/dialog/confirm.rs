//! Questions with a plain answer: [`Confirm`].

use std::fmt::Write as _;

use super::buttons::Press;
use super::{Button, Buttons, Dialog, Layer, inspect, read_on};
use crate::app::jobs::Job;
use crate::app::key::Key;
use crate::app::state::State;
use crate::app::{edit, kept, listings, watch, work};
use crate::model::units::{counted, dollars};
use crate::model::{StorageClass, Uri};
use crate::transfer::journal::RecordedUpload;
use crate::transfer::{JobId, JobKind};

/// What is done when the answer is yes.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    /// Gives a job up.
    Cancel(JobId),
    /// Goes on with a deletion.
    Resume(JobId),
    /// Undoes what a job did.
    Undo(JobId),
    /// Forgets a job that stands in the journal.
    Forget(JobId),
    /// Fetches a large object to be edited.
    Edit(Uri),
    /// Fetches a large object to be opened, watched or not.
    Open(Uri, bool),
    /// Reads a large archive to its end, to enter it.
    Enter(Uri),
    /// Aborts uploads.
    Abort(Vec<RecordedUpload>),
    /// Forgets what a cache holds below a location.
    DropHeld(Layer, Uri),
}

/// Whether to do something that can't be taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirm {
    /// What will happen, in full: the first line says it, the others name what it touches.
    pub text: String,
    /// The first line of it that is shown.
    pub top: usize,
    /// The ways out; the safe one first.
    pub buttons: Buttons,
    /// What the second one does.
    pub then: Then,
}

const CANCEL: &[Button] = &[
    Button { label: "Go on", letter: 'g', danger: false },
    Button { label: "Cancel the job", letter: 'c', danger: true },
];
const RESUME: &[Button] = &[
    Button { label: "Leave it", letter: 'l', danger: false },
    Button { label: "Go on deleting", letter: 'd', danger: true },
];
const UNDO: &[Button] = &[
    Button { label: "Leave it", letter: 'l', danger: false },
    Button { label: "Undo", letter: 'u', danger: true },
];
const FORGET: &[Button] = &[
    Button { label: "Keep it", letter: 'k', danger: false },
    Button { label: "Forget it", letter: 'f', danger: true },
];
const EDIT: &[Button] = &[
    Button { label: "Leave it", letter: 'l', danger: false },
    Button { label: "Fetch it", letter: 'f', danger: false },
];
const DROP: &[Button] = &[
    Button { label: "Keep them", letter: 'k', danger: false },
    Button { label: "Forget them", letter: 'f', danger: true },
];
const ABORT: &[Button] = &[
    Button { label: "Leave them", letter: 'l', danger: false },
    Button { label: "Abort them", letter: 'a', danger: true },
];

/// Asks.
fn open(state: &mut State, text: String, then: Then) {
    let buttons = Buttons::new(match then {
        Then::Cancel(_) => CANCEL,
        Then::Resume(_) => RESUME,
        Then::Undo(_) => UNDO,
        Then::Forget(_) => FORGET,
        Then::Edit(_) | Then::Open(..) | Then::Enter(_) => EDIT,
        Then::Abort(_) => ABORT,
        Then::DropHeld(..) => DROP,
    });
    state.dialogs.push(Dialog::Confirm(Box::new(Confirm { text, top: 0, buttons, then })));
}

pub(super) fn press(state: &mut State, key: Key) {
    let (page, lines) = (
        state.height(),
        match state.dialogs.last() {
            Some(Dialog::Confirm(confirm)) => confirm.text.lines().count(),
            _ => return,
        },
    );
    let Some(Dialog::Confirm(confirm)) = state.dialogs.last_mut() else { return };
    let long = matches!(key.code, crate::app::key::Code::PageUp | crate::app::key::Code::PageDown);
    if long {
        super::text::scroll(&mut confirm.top, lines, page, key);
        return;
    }
    match confirm.buttons.press(key) {
        Press::Nothing => {}
        Press::Left | Press::Chosen(0) => {
            state.dialogs.pop();
        }
        Press::Chosen(_) => agreed(state),
    }
}

fn agreed(state: &mut State) {
    let Some(Dialog::Confirm(confirm)) = state.dialogs.pop() else { return };
    match confirm.then {
        Then::Cancel(id) => work::cancel(state, id),
        Then::Resume(id) => kept::resume(state, id),
        Then::Undo(id) => kept::undo(state, id),
        Then::Forget(id) => kept::forget(state, id),
        Then::Edit(uri) => edit::fetch(state, uri),
        Then::Open(uri, true) => watch::fetch(state, uri),
        Then::Open(uri, false) => watch::show(state, uri),
        Then::Enter(inside) => listings::enter_archive(state, state.active, inside),
        Then::Abort(uploads) => kept::abort_uploads(state, uploads),
        Then::DropHeld(layer, below) => inspect::drop_below(state, layer, below),
    }
}

/// What is named one by one in a question.
const NAMED: usize = 20;

/// Asks whether to give a job up.
pub(super) fn cancel(state: &mut State, id: JobId) {
    let Some(job) = state.jobs.get(id) else { return };
    let count = job.progress.done.files;
    let done = files(count);
    let text = if job.label.undoes {
        format!("Stop undoing?\n{done} undone already; the rest can be undone later.")
    } else if job.label.kind == JobKind::Delete {
        format!("Stop deleting?\n{done} gone and stay gone.")
    } else {
        let stay = if count > 0 { format!("{done} done and stay. ") } else { String::new() };
        format!(
            "Cancel this job?\n{stay}What is half done is removed: to keep it, pause the job or leave bifold and let \
             it be resumed."
        )
    };
    open(state, text, Then::Cancel(id));
}

/// Asks whether to go on with a deletion: it lists its directories anew.
pub(in crate::app) fn resume_deletion(state: &mut State, id: JobId) {
    let Some(job) = state.jobs.get(id) else { return };
    let text = format!(
        "Go on deleting {}?\nAll that is there now is deleted, also what came since the job was interrupted. {} gone \
         already.",
        all_of(job),
        files(job.progress.done.files)
    );
    open(state, text, Then::Resume(id));
}

/// Asks whether to undo what a job did.
pub(super) fn undo(state: &mut State, id: JobId) {
    let Some(job) = state.jobs.get(id) else { return };
    let what = match job.outcome().map_or(0, |outcome| outcome.undoable) {
        1 => "1 deletion or overwrite".to_owned(),
        undoable => format!("{undoable} deletions and overwrites"),
    };
    let text = format!(
        "Undo {what}?\nThe delete markers and newer versions that this job made are removed, so that what was there \
         before shows again, of {}. What somebody wrote since is left alone.",
        all_of(job)
    );
    open(state, text, Then::Undo(id));
}

/// Asks whether to fetch so much to edit it.
pub(in crate::app) fn edit(state: &mut State, uri: Uri, size: u64) {
    let text = format!(
        "Fetch {} MB to edit {uri} ?\nAn editor needs the whole object, and all of it is sent again when it is saved.",
        size / 1_000_000
    );
    open(state, text, Then::Edit(uri));
}

/// Asks whether to fetch so much to open it.
pub(in crate::app) fn open_large(state: &mut State, uri: Uri, size: u64, watched: bool) {
    let text = format!(
        "Fetch {} MB to open {uri} ?\nIts program needs the whole object; F3 views it without fetching all of it.",
        size / 1_000_000
    );
    open(state, text, Then::Open(uri, watched));
}

/// How many bytes of an archive are read in one request.
const AT_ONCE: u64 = 8 << 20;

/// Asks whether to read an archive of so many bytes to its end, to enter it. `inside` is its root.
pub(in crate::app) fn enter_large(
    state: &mut State,
    archive: &Uri,
    inside: Uri,
    size: u64,
    class: Option<&StorageClass>,
) {
    let requests = size.div_ceil(AT_ONCE);
    let cost = read_on::cost(state, archive, size, requests, class);
    let cost = cost.map(|cost| format!(", about {} by the list of AWS", dollars(cost))).unwrap_or_default();
    let text = format!(
        "Fetch {} MB to enter {archive} ?\nWhat is in a packed tar is known only once all of it was read: {}{cost}. \
         F3 lists its beginning for less.",
        size / 1_000_000,
        counted(requests, "request", "requests"),
    );
    open(state, text, Then::Enter(inside));
}

/// Asks whether to forget a job of the journal.
pub(super) fn forget(state: &mut State, id: JobId) {
    let Some(job) = state.jobs.get(id) else { return };
    let text = format!(
        "Forget this job of {}?\nIt can't be resumed then. Files that are half done stay where they are; uploads that \
         were begun are offered for abort.",
        all_of(job)
    );
    open(state, text, Then::Forget(id));
}

/// Asks whether to forget what a cache holds below a location.
pub(super) fn drop_held(state: &mut State, text: String, layer: Layer, below: Uri) {
    open(state, text, Then::DropHeld(layer, below));
}

/// `1 file is`, `3 files are`.
fn files(count: u64) -> String {
    if count == 1 { "1 file is".to_owned() } else { format!("{count} files are") }
}

/// Asks whether to abort uploads of our own.
pub(super) fn abort(state: &mut State, uploads: Vec<RecordedUpload>) {
    let count = match uploads.len() {
        1 => "1 upload".to_owned(),
        count => format!("{count} uploads"),
    };
    let mut text = format!("Abort {count} that bifold began and nobody goes on with?\n");
    for upload in uploads.iter().take(NAMED) {
        let id = upload.upload.as_deref().unwrap_or("its id was never told: looked up by its key");
        let _ = writeln!(text, "{} ({id})", upload.uri);
    }
    if uploads.len() > NAMED {
        let _ = writeln!(text, "and {} more", uploads.len() - NAMED);
    }
    open(state, text, Then::Abort(uploads));
}

fn all_of(job: &Job) -> String {
    let first = job.label.first.as_ref().map(ToString::to_string).unwrap_or_default();
    match job.label.count {
        0 | 1 => first,
        count => format!("{first} and {} more", count - 1),
    }
}
