//! What changes files: each begins with a question about full locations.

use std::ffi::OsStr;

use crate::app::cmd::Cmd;
use crate::app::dialog::{self, Chosen, PromptKind};
use crate::app::pane::Pane;
use crate::app::state::State;
use crate::model::uri::UriContext;
use crate::model::{Entry, Kind, Op, Uri};
use crate::transfer::{JobKind, SourceItem};

/// What an operation is about: what is marked, or else the row. None on `..` without marks.
pub(in crate::app) fn chosen(pane: &Pane) -> Option<Chosen> {
    let marked = pane.rows.marks().count() > 0;
    let entries: Vec<&Entry> = if marked { pane.rows.marked().collect() } else { vec![pane.current()?] };
    let bytes = entries.iter().filter_map(|entry| entry.size).fold(0, u64::saturating_add);
    let sources = entries.into_iter().map(|entry| source(&pane.uri, entry)).collect();
    Some(Chosen { origin: pane.uri.clone(), sources, bytes })
}

fn source(dir: &Uri, entry: &Entry) -> SourceItem {
    SourceItem { uri: dir.join(&entry.name, entry.kind), entry: entry.clone() }
}

/// Asks where to copy.
pub(super) fn ask_copy(state: &mut State) {
    ask_transfer(state, JobKind::Copy);
}

/// Asks where to move.
pub(super) fn ask_move(state: &mut State) {
    let pane = state.active_pane();
    if pane.is_buckets() {
        return state.refuse("a bucket can't be moved");
    }
    if let Some(error) = state.refusal(Op::Remove, &pane.uri) {
        return state.fail(error);
    }
    ask_transfer(state, JobKind::Move);
}

fn ask_transfer(state: &mut State, kind: JobKind) {
    let Some(chosen) = chosen(state.active_pane()) else {
        return state.refuse("nothing is chosen: put the cursor on a row, or mark some");
    };
    let target = state.pane(state.active.other()).uri.clone();
    dialog::open_transfer(state, kind, chosen, target);
}

/// Asks for another name of the row.
pub(super) fn ask_rename(state: &mut State) {
    let pane = state.active_pane();
    if pane.is_buckets() {
        return state.refuse("a bucket can't be renamed");
    }
    if let Some(error) = state.refusal(Op::Rename, &pane.uri) {
        return state.fail(error);
    }
    let Some(entry) = pane.current() else { return state.refuse("put the cursor on what to rename") };
    if entry.name.is_empty() && entry.kind == Kind::File {
        return state.refuse("the marker of a directory has no name of its own");
    }
    let (item, text) = (source(&pane.uri, entry), entry.name.to_lossy().into_owned());
    let preset = item.uri.clone();
    dialog::open_prompt(state, PromptKind::Rename(Box::new(item)), text, Some(preset));
}

/// Asks for the name of a new directory or bucket.
pub(super) fn ask_mkdir(state: &mut State) {
    let uri = state.active_pane().uri.clone();
    match state.refusal(Op::Mkdir, &uri) {
        Some(error) => state.fail(error),
        None => dialog::open_prompt(state, PromptKind::Mkdir(uri), String::new(), None),
    }
}

/// Puts the row's location into the clipboard; on `..` that of the directory.
pub(super) fn copy_uri(state: &mut State) {
    let pane = state.active_pane();
    let uri = pane.current().map_or_else(|| pane.uri.clone(), |entry| pane.uri.join(&entry.name, entry.kind));
    state.send(Cmd::CopyToClipboard(uri.to_string()));
    state.tell(format!("copied {uri}"));
}

/// The location that a typed text means in the active pane. What is wrong with it is the error.
pub(in crate::app) fn resolve(state: &State, text: &str) -> Result<Uri, String> {
    let base = state.active_pane().uri.as_local().unwrap_or(&state.context.base).to_path_buf();
    let context = UriContext { base, ..state.context.clone() };
    Uri::parse(OsStr::new(text), &context).map_err(|error| error.to_string())
}
