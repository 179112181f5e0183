//! Texts that scroll: the help, an error in full.

use super::{Dialog, HelpRow, TextView};
use crate::app::action::Group;
use crate::app::key::{Code, Key};
use crate::app::state::State;
use crate::app::viewer;
use crate::model::VfsError;

/// The narrowest that a text is taken to be wrapped to, to know where its end may be.
const NARROW: usize = 40;

/// Shows the keys and what they do.
pub(in crate::app) fn open_help(state: &mut State) {
    let rows = state.keymap.help();
    let wanted = HelpRow::Heading(Group::View.title());
    let top = rows.iter().position(|row| *row == wanted).filter(|_| viewer::has_keys(state));
    state.dialogs.push(Dialog::Help { rows, top: top.unwrap_or_default() });
}

/// Shows a text.
pub(in crate::app) fn show(state: &mut State, title: impl Into<String>, text: impl Into<String>) {
    state.dialogs.push(Dialog::Text(TextView { title: title.into(), text: text.into(), top: 0 }));
}

/// Shows the error of the active pane in full, or else the last thing that went wrong.
pub(in crate::app) fn show_error(state: &mut State) {
    let of_pane = state.active_pane().error.clone();
    match (of_pane, state.last_refused.clone(), state.last_error.clone()) {
        (None, Some(text), _) => show(state, "Error", text),
        (Some(error), ..) | (None, None, Some(error)) => show_failure(state, &error),
        (None, None, None) => {}
    }
}

/// Shows an error in full.
pub(in crate::app) fn show_failure(state: &mut State, error: &VfsError) {
    show(state, "Error", describe(error));
}

fn describe(error: &VfsError) -> String {
    let what = format!("Could not {} {}\n\n{}\n", error.op.verb(), error.uri, error.reason);
    let hint = error.hint.iter().map(|hint| format!("\nWhat to do: {hint}\n"));
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let text: String = std::iter::once(what).chain(hint).collect();
    causes.map(ToString::to_string).fold(text, |text, cause| {
        // Each error beneath repeats what those above it took from it.
        if text.contains(&cause) { text } else { format!("{text}\nCaused by: {cause}\n") }
    })
}

pub(super) fn press(state: &mut State, key: Key) {
    let page = state.height();
    let (top, lines) = match state.dialogs.last_mut() {
        Some(Dialog::Help { rows, top }) => (top, rows.len()),
        Some(Dialog::Text(view)) => {
            let lines = view.text.lines().map(|line| line.len() / NARROW + 1).sum();
            (&mut view.top, lines)
        }
        _ => return,
    };
    if !scroll(top, lines, page, key) {
        state.dialogs.pop();
    }
}

/// Scrolls by this key; `false` for a key that leaves.
pub(super) fn scroll(top: &mut usize, lines: usize, page: usize, key: Key) -> bool {
    let last = lines.saturating_sub(1);
    *top = match key.code {
        Code::Up | Code::Char('k') => top.saturating_sub(1),
        Code::Down | Code::Char('j') => *top + 1,
        Code::PageUp => top.saturating_sub(page),
        Code::PageDown | Code::Char(' ') => *top + page,
        Code::Home | Code::Char('g') => 0,
        Code::End | Code::Char('G') => last,
        Code::Esc | Code::Enter | Code::F(_) | Code::Char('q' | '?') => return false,
        _ => *top,
    }
    .min(last);
    true
}
