//! Editing: a copy is fetched, an editor has the terminal, and what it wrote goes back only over what it was
//! made from. Where that is gone, a person chooses.

mod question;

use std::path::{Path, PathBuf};

use super::cmd::Cmd;
use super::dialog::{self, Dialog};
use super::state::State;
use super::watch::{self, Watch};
use super::{leaving, listings};
use crate::model::{Entry, Kind, Op, Timestamp, Uri, VfsError};

pub use question::{EditQuestion, Question};
pub(super) use question::{ask_next, press};

/// From how many bytes on it is asked before an object is fetched to be edited.
pub(super) const LARGE: u64 = 64 << 20;

/// An editor that ends within so many milliseconds and changed nothing may go on in a window of its own.
const AT_ONCE: i64 = 1_000;

/// Tells one edit from another within a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EditId(pub u64);

/// What a save may replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveHow {
    /// What the copy was made from; else it is a conflict.
    Bound,
    /// Whatever is there now.
    Over,
    /// Nothing: this location, which must be free.
    As(Uri),
}

/// How a save ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Saved {
    /// The editor changed nothing, so nothing was written.
    Unchanged,
    /// It is there now, under this location.
    Written(Uri),
    /// It wasn't written; the copy stays.
    Failed(VfsError),
}

/// How far an edit is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Its copy is on the way.
    Fetching,
    /// The copy waits until nothing else has the terminal or the keys.
    Waiting,
    /// Its program has the copy.
    Open,
    /// What the copy holds is written, or the copy goes.
    Saving,
    /// A person has to say what becomes of the copy.
    Asking(Question),
}

/// An edit under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Which.
    pub id: EditId,
    /// What is edited.
    pub uri: Uri,
    /// Where the copy lies; none while it is fetched. A local file is its own.
    pub file: Option<PathBuf>,
    /// How far it is.
    pub phase: Phase,
    /// When its program began.
    pub began: Timestamp,
    /// Whether anything of it was written.
    pub written: bool,
    /// Whether the editor ended with a failure: then nothing goes back unasked.
    pub doubted: Option<String>,
    /// For a program that goes on running: each of its saves goes back.
    pub watch: Option<Watch>,
}

impl Edit {
    /// Where the copy lies, for a person.
    fn copy(&self) -> String {
        self.file.as_deref().map(|file| file.display().to_string()).unwrap_or_default()
    }
}

/// Edits the row of the cursor.
pub(super) fn begin(state: &mut State) {
    let pane = state.active_pane();
    let Some(entry) = pane.current().filter(|entry| is_file(entry)) else {
        return state.refuse("put the cursor on a file to edit it");
    };
    let (uri, size) = (pane.uri.join(&entry.name, entry.kind), entry.size.unwrap_or_default());
    if let Some(error) = state.refusal(Op::Write, &uri) {
        return state.fail(error);
    }
    if state.edits.iter().any(|edit| edit.uri == uri) {
        return state.refuse(format!("{uri} is being edited already"));
    }
    if size >= LARGE && uri.as_local().is_none() {
        return dialog::ask_edit(state, uri, size);
    }
    fetch(state, uri);
}

/// Whether it can be edited: a file with a name, or a link to one.
pub(super) fn is_file(entry: &Entry) -> bool {
    let leads_to_file = || entry.link.as_deref().is_some_and(|link| link.leads_to == Some(Kind::File));
    !entry.name.is_empty() && (entry.kind == Kind::File || leads_to_file())
}

/// Begins to edit: a local file at once, anything else through a copy.
pub(super) fn fetch(state: &mut State, uri: Uri) {
    start(state, uri, None);
}

/// The same, or for a program that goes on running.
pub(super) fn start(state: &mut State, uri: Uri, watch: Option<Watch>) {
    let id = EditId(state.request().0);
    let file = uri.as_local().map(std::path::Path::to_path_buf);
    let phase = if file.is_some() { Phase::Waiting } else { Phase::Fetching };
    if file.is_none() {
        state.tell_begun(format!("fetching {uri}"));
        state.send(Cmd::FetchDraft { id, uri: uri.clone() });
    }
    state.edits.push(Edit { id, uri, file, phase, began: state.now, written: false, doubted: None, watch });
}

/// The edit of this id.
pub(super) fn of(state: &mut State, id: EditId) -> Option<&mut Edit> {
    state.edits.iter_mut().find(|edit| edit.id == id)
}

/// The copy is there, or can't be.
pub(super) fn fetched(state: &mut State, id: EditId, result: Result<PathBuf, VfsError>) {
    let Some(edit) = of(state, id) else { return };
    match result {
        Ok(file) => {
            edit.file = Some(file.clone());
            if edit.watch.is_none() {
                edit.phase = Phase::Waiting;
                return;
            }
            edit.phase = Phase::Open;
            state.send(Cmd::OpenWatched { id, file });
            watch::tell_begun(state, id);
        }
        Err(error) => {
            end(state, id);
            state.fail(error);
        }
    }
}

/// Gives the terminal to the editor of the first copy that waits for it, when nothing else has the keys.
pub(super) fn give_terminal(state: &mut State) {
    let has_it = |edit: &Edit| edit.phase == Phase::Open && edit.watch.is_none();
    if state.edits.iter().any(has_it) || !dialog::may_ask(state) {
        return;
    }
    let now = state.now;
    let Some(edit) = state.edits.iter_mut().find(|edit| edit.phase == Phase::Waiting) else { return };
    let Some(file) = edit.file.clone() else { return };
    let id = edit.id;
    (edit.phase, edit.began) = (Phase::Open, now);
    state.notice = None;
    state.send(Cmd::RunEditor { id, file });
}

/// The editor has ended; `Err` tells why it couldn't begin, or how it failed.
pub(super) fn closed(state: &mut State, id: EditId, result: Result<(), String>) {
    let Some(edit) = of(state, id) else { return };
    let uri = edit.uri.clone();
    if uri.as_local().is_some() {
        end(state, id);
        changed(state, &uri);
        if let Err(why) = result {
            state.refuse(why);
        }
        return;
    }
    edit.doubted = result.err();
    match (&mut edit.watch, &edit.doubted) {
        (Some(watch), _) => watch.closing = true,
        (None, Some(why)) => {
            let why = why.clone();
            return question::after_failed_editor(edit, &why);
        }
        (None, None) => {}
    }
    save(state, id, SaveHow::Bound);
}

/// A save has ended.
pub(super) fn saved(state: &mut State, id: EditId, how: Saved) {
    state.end_begun();
    let now = state.now;
    let Some(edit) = of(state, id) else { return };
    let at_once = edit.watch.is_none() && now.0 - edit.began.0 < AT_ONCE;
    let goes_on = edit.watch.as_ref().is_some_and(|watch| !watch.closing);
    match how {
        Saved::Failed(error) => failed(state, id, error),
        Saved::Unchanged | Saved::Written(_) if goes_on => {
            edit.phase = Phase::Open;
            watch::saved(state, id, how);
        }
        Saved::Unchanged if at_once => question::after_a_moment(edit),
        Saved::Unchanged => state.send(Cmd::DropDraft(id)),
        Saved::Written(uri) => {
            (edit.uri, edit.written) = (uri.clone(), true);
            changed(state, &uri);
            state.send(Cmd::DropDraft(id));
        }
    }
}

/// A copy went, all of it being saved; or what was written into it at the last moment can't be saved.
pub(super) fn dropped(state: &mut State, id: EditId, result: Result<Option<Uri>, VfsError>) {
    let written = match result {
        Err(error) => return failed(state, id, error),
        Ok(written) => written,
    };
    let Some(edit) = end(state, id) else { return };
    if let Some(uri) = &written {
        changed(state, uri);
    }
    match (edit.doubted, edit.watch) {
        (Some(why), _) => state.refuse(why),
        (None, Some(_)) => state.tell(format!("{} is no longer watched", edit.uri)),
        (None, None) if edit.written || written.is_some() => state.tell(format!("saved {}", edit.uri)),
        (None, None) => state.tell(format!("{} is unchanged; nothing was written", edit.uri)),
    }
    if state.leaves_after_saves && !unsaved(state) {
        state.leaves_after_saves = false;
        leaving::ask_quit(state);
    }
}

fn failed(state: &mut State, id: EditId, error: VfsError) {
    state.leaves_after_saves = false;
    if let Some(edit) = of(state, id) {
        question::after_failed_save(edit, &error);
        state.note(error);
    }
}

/// Saves.
pub(super) fn save(state: &mut State, id: EditId, how: SaveHow) {
    let Some(edit) = of(state, id) else { return };
    edit.phase = Phase::Saving;
    let uri = edit.uri.clone();
    take_question(state, id);
    state.tell_begun(format!("saving {uri}"));
    state.send(Cmd::SaveDraft { id, how });
}

/// Whether something of a copy may not be saved yet.
fn unsaved(state: &State) -> bool {
    let open = |edit: &Edit| edit.phase == Phase::Saving || edit.watch.is_some() && edit.file.is_some();
    state.edits.iter().any(open)
}

/// Before the program ends, what is open is saved; `false` where there is nothing to wait for.
pub(super) fn finish_all(state: &mut State) -> bool {
    watch::close_all(state);
    let waits = unsaved(state);
    if waits {
        state.leaves_after_saves = true;
        state.tell_begun("saving what was edited, then leaving");
    }
    waits
}

/// The copies that the program leaves behind when it ends now, with what they are copies of: what is in them may
/// not be saved.
pub fn left_behind(state: &State) -> impl Iterator<Item = (&Uri, &Path)> {
    let objects = state.edits.iter().filter(|edit| edit.uri.as_local().is_none());
    objects.filter_map(|edit| Some((&edit.uri, edit.file.as_deref()?)))
}

/// What changed, as a text.
pub(super) fn compared(state: &mut State, id: EditId, result: Result<String, VfsError>) {
    if !state.edits.iter().any(|edit| edit.id == id) {
        return;
    }
    match result {
        Ok(text) => dialog::show(state, "Difference", text),
        Err(error) => dialog::show_failure(state, &error),
    }
}

/// Forgets an edit, and what was asked of it.
pub(super) fn end(state: &mut State, id: EditId) -> Option<Edit> {
    take_question(state, id);
    let at = state.edits.iter().position(|edit| edit.id == id)?;
    Some(state.edits.remove(at))
}

fn take_question(state: &mut State, id: EditId) {
    state.dialogs.retain(|dialog| !matches!(dialog, Dialog::Edit(question) if question.id == id));
}

/// A directory that is shown has changed.
pub(super) fn changed(state: &mut State, uri: &Uri) {
    if let Some(dir) = uri.parent() {
        listings::written(state, &dir);
    }
}
