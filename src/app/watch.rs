//! Opening in the desktop's programs: a copy that is only looked at, or one that is watched, so that each save
//! of a program that goes on running is written back, until a person ends it.

use super::cmd::Cmd;
use super::dialog::{self, Dialog, Pick, PickItem};
use super::edit::{self, Edit, EditId, LARGE, Phase, SaveHow, Saved};
use super::state::State;
use super::viewer;
use crate::model::{Op, Uri};

/// What is known of an edit by a program that goes on running.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watch {
    /// How often it was written back.
    pub saves: u32,
    /// Whether it ends once its last save is there.
    pub closing: bool,
}

/// The file under the cursor and its size in bytes.
fn chosen(state: &State) -> Option<(Uri, u64)> {
    let pane = state.active_pane();
    let entry = pane.current().filter(|entry| edit::is_file(entry))?;
    Some((pane.uri.join(&entry.name, entry.kind), entry.size.unwrap_or_default()))
}

/// Opens the file under the cursor in the desktop's program for it.
pub(super) fn open(state: &mut State) {
    let Some((uri, size)) = chosen(state) else { return state.refuse("put the cursor on a file to open it") };
    if !has_desktop(state) {
        return;
    }
    if let Some(file) = uri.as_local() {
        let file = file.to_path_buf();
        return state.send(Cmd::OpenFile { uri, file });
    }
    if size >= LARGE {
        return dialog::ask_open(state, uri, size, false);
    }
    show(state, uri);
}

/// Enter on a file: its program, or where there is none, or where a lot would be fetched, the viewer.
pub(super) fn enter(state: &mut State) {
    match chosen(state) {
        Some((uri, size)) if state.desktop && (uri.as_local().is_some() || size < LARGE) => open(state),
        _ => viewer::open(state),
    }
}

/// Fetches a copy that can't be written to, and opens it.
pub(super) fn show(state: &mut State, uri: Uri) {
    state.tell_begun(format!("fetching {uri}"));
    state.send(Cmd::OpenCopy(uri));
}

fn has_desktop(state: &mut State) -> bool {
    if !state.desktop {
        state.refuse("there is no desktop here to open it on: F3 views it, F4 edits it");
    }
    state.desktop
}

/// A file was opened, or not.
pub(super) fn opened(state: &mut State, uri: &Uri, result: Result<(), String>) {
    match result {
        Err(why) => state.refuse(format!("{uri} can't be opened: {why}")),
        Ok(()) if uri.as_local().is_some() => state.tell(format!("opened {uri}")),
        Ok(()) => state.tell(format!("opened a copy of {uri} to look at; to write it back, open it watched")),
    }
}

/// Opens the file under the cursor, and writes each save back. A local file is its own.
pub(super) fn begin(state: &mut State) {
    let Some((uri, size)) = chosen(state) else { return state.refuse("put the cursor on a file to open it") };
    if uri.as_local().is_some() || !has_desktop(state) {
        return open(state);
    }
    if let Some(error) = state.refusal(Op::Write, &uri) {
        return state.fail(error);
    }
    if state.edits.iter().any(|edit| edit.uri == uri) {
        return state.refuse(format!("{uri} is being edited already"));
    }
    if size >= LARGE {
        return dialog::ask_open(state, uri, size, true);
    }
    fetch(state, uri);
}

/// Fetches a copy to be watched.
pub(super) fn fetch(state: &mut State, uri: Uri) {
    edit::start(state, uri, Some(Watch::default()));
}

/// Tells that it has begun.
pub(super) fn tell_begun(state: &mut State, id: EditId) {
    if let Some(edit) = edit::of(state, id) {
        let uri = edit.uri.clone();
        state.tell(format!("each save of {uri} is written back until its watch is ended"));
    }
}

/// A program saved the copy.
pub(super) fn touched(state: &mut State, id: EditId) {
    let heard = |edit: &mut Edit| edit.watch.is_some() && !matches!(edit.phase, Phase::Asking(_));
    if edit::of(state, id).is_some_and(heard) {
        state.send(Cmd::SaveDraft { id, how: SaveHow::Bound });
    }
}

/// A save of a watched copy has ended, and its program goes on.
pub(super) fn saved(state: &mut State, id: EditId, how: Saved) {
    let Saved::Written(uri) = how else { return };
    edit::changed(state, &uri);
    let Some(edit) = edit::of(state, id) else { return };
    // Another name makes the copy another's.
    edit.uri = uri.clone();
    let Some(watch) = &mut edit.watch else { return };
    watch.saves += 1;
    let saves = watch.saves;
    state.tell(format!("saved {uri} (save {saves}; it is watched)"));
}

fn watched(state: &State) -> impl Iterator<Item = &Edit> {
    state.edits.iter().filter(|edit| edit.watch.is_some())
}

/// Shows what is watched; one that is chosen is saved a last time, and watched no longer.
pub(super) fn list(state: &mut State) {
    let items: Vec<_> = watched(state).map(|edit| PickItem::Watched(edit.id, edit.uri.clone())).collect();
    if items.is_empty() {
        return state.refuse("nothing is watched");
    }
    state.dialogs.push(Dialog::Pick(Pick { title: "Watched: Enter ends it", items, selected: 0 }));
}

/// Saves a last time what changed, and ends the watch.
pub(super) fn close(state: &mut State, id: EditId) {
    if let Some(watch) = edit::of(state, id).and_then(|edit| edit.watch.as_mut()) {
        watch.closing = true;
        edit::save(state, id, SaveHow::Bound);
    }
}

/// Ends every watch.
pub(super) fn close_all(state: &mut State) {
    let open = |edit: &&Edit| edit.file.is_some() && edit.watch.as_ref().is_some_and(|watch| !watch.closing);
    let ids: Vec<_> = state.edits.iter().filter(open).map(|edit| edit.id).collect();
    for id in ids {
        close(state, id);
    }
}
