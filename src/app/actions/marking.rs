//! Marking rows.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use globset::GlobBuilder;

use crate::app::dialog::{self, PromptKind};
use crate::app::state::State;

/// Marks or unmarks the row, and goes to the next.
pub(super) fn mark_and_go_on(state: &mut State) {
    let pane = state.active_mut();
    if let Some(place) = pane.cursor.checked_sub(pane.above()) {
        let marked = pane.rows.is_marked(place);
        pane.rows.mark(place, !marked);
    }
    super::moving::by(state, 1);
}

/// Marks what isn't, and the other way round, among the rows that are shown.
pub(super) fn invert(state: &mut State) {
    state.active_mut().rows.mark_each(|_, marked| !marked);
}

/// Marks all rows that are shown.
pub(super) fn mark_all(state: &mut State) {
    state.active_mut().rows.mark_each(|_, _| true);
}

/// Asks for a pattern.
pub(super) fn ask_glob(state: &mut State, mark: bool) {
    dialog::open_prompt(state, PromptKind::Glob(mark), "*".to_owned(), None);
}

/// Marks or unmarks the rows whose names match, by smart case. What is wrong with the pattern is the error.
pub(in crate::app) fn mark_glob(state: &mut State, pattern: &str, mark: bool) -> Result<(), String> {
    let any_case = !pattern.chars().any(char::is_uppercase);
    let glob = GlobBuilder::new(pattern).case_insensitive(any_case).build();
    let matcher = glob.map_err(|error| error.kind().to_string())?.compile_matcher();
    let rows = &mut state.active_mut().rows;
    rows.mark_each(|entry, marked| {
        let fits = matcher.is_match(OsStr::from_bytes(entry.name.as_bytes()));
        if fits { mark } else { marked }
    });
    Ok(())
}
