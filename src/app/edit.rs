//! Editing: a copy is fetched, an editor has the terminal, and what it wrote goes back only over what it was
//! made from. Where that is gone, a person chooses.

use std::path::PathBuf;

use super::cmd::Cmd;
use super::dialog::{self, Button, Buttons, Dialog, Press, PromptKind};
use super::key::Key;
use super::listings;
use super::state::State;
use super::watch::{self, Watch};
use crate::model::{Entry, ErrorKind, Kind, Op, Uri, VfsError};

/// From how many bytes on it is asked before an object is fetched to be edited.
pub(super) const LARGE: u64 = 64 << 20;

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

/// An edit under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Which.
    pub id: EditId,
    /// What is edited.
    pub uri: Uri,
    /// Where the copy lies; none while it is fetched. A local file is its own.
    pub file: Option<PathBuf>,
    /// Whether the editor ended with a failure: then nothing goes back unasked.
    pub doubted: Option<String>,
    /// For a program that goes on running: each of its saves goes back.
    pub watch: Option<Watch>,
}

/// Why a person is asked what becomes of a copy, and what may.
#[derive(Clone, Debug, PartialEq)]
pub struct EditQuestion {
    /// Which edit.
    pub id: EditId,
    /// What happened, in full.
    pub text: String,
    /// The ways out; the safe one first.
    pub buttons: Buttons,
}

const CONFLICT: &[Button] = &[
    Button { label: "Keep the copy", letter: 'k', danger: false },
    Button { label: "Show the difference", letter: 'd', danger: false },
    Button { label: "Save as", letter: 's', danger: false },
    Button { label: "Overwrite", letter: 'o', danger: true },
];

const FAILED: &[Button] = &[
    Button { label: "Keep the copy", letter: 'k', danger: false },
    Button { label: "Try again", letter: 't', danger: false },
    Button { label: "Save as", letter: 's', danger: false },
];

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
    if let Some(file) = &file {
        state.send(Cmd::RunEditor { id, file: file.clone() });
    } else {
        state.tell(format!("fetching {uri}"));
        state.send(Cmd::FetchDraft { id, uri: uri.clone() });
    }
    state.edits.push(Edit { id, uri, file, doubted: None, watch });
}

/// The copy is there, or can't be.
pub(super) fn fetched(state: &mut State, id: EditId, result: Result<PathBuf, VfsError>) {
    let Some(edit) = state.edits.iter_mut().find(|edit| edit.id == id) else { return };
    match result {
        Ok(file) => {
            edit.file = Some(file.clone());
            if edit.watch.is_some() {
                let uri = edit.uri.clone();
                state.send(Cmd::OpenWatched { id, file });
                return state.tell(format!("each save of {uri} is written back until its watch is ended"));
            }
            state.notice = None;
            state.send(Cmd::RunEditor { id, file });
        }
        Err(error) => {
            end(state, id);
            state.fail(error);
        }
    }
}

/// The editor has ended; `Err` tells why it couldn't begin, or how it failed.
pub(super) fn closed(state: &mut State, id: EditId, result: Result<(), String>) {
    let Some(edit) = state.edits.iter_mut().find(|edit| edit.id == id) else { return };
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
    if edit.watch.is_none()
        && let Some(why) = edit.doubted.clone()
    {
        let edit = edit.clone();
        let text = format!("{why}.\nNothing was written to {uri}. What it left is in {}.", copy_of(&edit));
        return ask(state, &edit, text, FAILED);
    }
    if let Some(watch) = &mut edit.watch {
        watch.closing = true;
    }
    state.tell(format!("saving {uri}"));
    state.send(Cmd::SaveDraft { id, how: SaveHow::Bound });
}

/// A save has ended.
pub(super) fn saved(state: &mut State, id: EditId, how: Saved) {
    let Some(edit) = state.edits.iter().find(|edit| edit.id == id).cloned() else { return };
    if edit.watch.is_some() {
        return watch::saved(state, edit, how);
    }
    match how {
        Saved::Unchanged => {
            end(state, id);
            match edit.doubted {
                Some(why) => state.refuse(why),
                None => state.tell(format!("{} is unchanged; nothing was written", edit.uri)),
            }
        }
        Saved::Written(uri) => {
            end(state, id);
            changed(state, &uri);
            state.tell(format!("saved {uri}"));
        }
        Saved::Failed(error) => failed(state, &edit, &error),
    }
}

/// The copies that the program leaves behind when it ends now, each in words: what is in them may not be saved.
pub fn left_behind(state: &State) -> impl Iterator<Item = String> {
    let told = |edit: &Edit| {
        let file = edit.file.as_ref().filter(|_| edit.uri.as_local().is_none())?;
        Some(format!("{} was open: what may not be saved of it stays in {}", edit.uri, file.display()))
    };
    state.edits.iter().filter_map(told)
}

/// Asks what becomes of a copy that wasn't written back.
pub(super) fn failed(state: &mut State, edit: &Edit, error: &VfsError) {
    let file = copy_of(edit);
    let (text, buttons) = if error.kind == ErrorKind::Conflict {
        let text = format!(
            "{} was changed by somebody else.\nIt isn't what you began with ({}), so nothing was written. Your text \
             is in {file}.",
            edit.uri, error.reason
        );
        (text, CONFLICT)
    } else {
        let hint = error.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let text = format!("{} wasn't saved.\n{}{hint}. Your text is in {file}.", edit.uri, error.reason);
        (text, FAILED)
    };
    state.last_error = Some(error.clone());
    ask(state, edit, text, buttons);
}

/// Where the copy lies, for a person.
fn copy_of(edit: &Edit) -> String {
    edit.file.as_deref().map(|file| file.display().to_string()).unwrap_or_default()
}

/// Asks what becomes of a copy.
fn ask(state: &mut State, edit: &Edit, text: String, buttons: &'static [Button]) {
    let buttons = Buttons::new(buttons);
    state.dialogs.push(Dialog::Edit(Box::new(EditQuestion { id: edit.id, text, buttons })));
}

/// Gives a key to the question on top.
pub(super) fn press(state: &mut State, key: Key) {
    let Some(Dialog::Edit(question)) = state.dialogs.last_mut() else { return };
    let id = question.id;
    let label = match question.buttons.press(key) {
        Press::Nothing => return,
        Press::Left => CONFLICT[0].label,
        Press::Chosen(at) => question.buttons.all[at].label,
    };
    match label {
        "Show the difference" => state.send(Cmd::CompareDraft(id)),
        "Save as" => ask_name(state, id),
        "Overwrite" => save(state, id, SaveHow::Over),
        "Try again" => save(state, id, SaveHow::Bound),
        _ => keep(state, id),
    }
}

/// Saves, and takes the question away.
pub(super) fn save(state: &mut State, id: EditId, how: SaveHow) {
    state.dialogs.retain(|dialog| !matches!(dialog, Dialog::Edit(question) if question.id == id));
    state.tell("saving");
    state.send(Cmd::SaveDraft { id, how });
}

/// Asks for another location.
fn ask_name(state: &mut State, id: EditId) {
    let Some(edit) = state.edits.iter().find(|edit| edit.id == id) else { return };
    let (text, uri) = (edit.uri.to_string(), edit.uri.clone());
    dialog::open_prompt(state, PromptKind::SaveAs(id), text, Some(uri));
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

/// Leaves the copy where it is, and tells where.
fn keep(state: &mut State, id: EditId) {
    state.dialogs.pop();
    let Some(edit) = end(state, id) else { return };
    state.send(Cmd::LeaveDraft(id));
    let file = edit.file.map(|file| file.display().to_string()).unwrap_or_default();
    state.tell(format!("your text stays in {file}"));
}

/// Forgets an edit.
pub(super) fn end(state: &mut State, id: EditId) -> Option<Edit> {
    let at = state.edits.iter().position(|edit| edit.id == id)?;
    Some(state.edits.remove(at))
}

/// A directory that is shown has changed.
pub(super) fn changed(state: &mut State, uri: &Uri) {
    if let Some(dir) = uri.parent() {
        listings::written(state, &dir);
    }
}
