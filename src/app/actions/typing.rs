//! What is typed at the foot of a pane: a filter, a name to jump to.

use super::{moving, showing};
use crate::app::action::{Action, Scope};
use crate::app::dialog::EqInput;
use crate::app::key::{Code, Key};
use crate::app::state::{State, Typing};
use crate::model::filter::begins_with;

/// Begins to type a filter, with the one that there is.
pub(super) fn begin_filter(state: &mut State) {
    let text = state.active_pane().arrangement.filter.text.clone();
    state.typing = Some(Typing::Filter(EqInput::new(text)));
}

/// Begins to type the beginning of a name.
pub(super) fn begin_search(state: &mut State) {
    state.typing = Some(Typing::Search(EqInput::default()));
}

/// A key while something is typed: it is typed, moves the cursor, ends the typing, or ends it and is heard by
/// the panes.
pub(super) fn press(state: &mut State, key: Key) {
    match key.code {
        Code::Esc => leave(state),
        Code::Enter => state.typing = None,
        Code::Up => moving::by(state, -1),
        Code::Down => moving::by(state, 1),
        Code::PageUp => moving::by_pages(state, -1),
        Code::PageDown => moving::by_pages(state, 1),
        _ => type_key(state, key),
    }
}

fn leave(state: &mut State) {
    if let Some(Typing::Filter(_)) = state.typing.take() {
        showing::clear_filter(state);
    }
}

fn type_key(state: &mut State, key: Key) {
    let again = state.keymap.action(Scope::Panes, key) == Some(Action::Search);
    match state.typing.take() {
        Some(Typing::Search(input)) if again => search(state, input.clone(), input, 1),
        Some(Typing::Search(mut input)) => {
            let before = input.clone();
            if input.press(key) {
                search(state, input, before, 0);
            } else {
                super::press(state, key);
            }
        }
        Some(Typing::Filter(mut input)) => {
            if input.press(key) {
                showing::filter(state, input.text());
                state.typing = Some(Typing::Filter(input));
            } else {
                super::press(state, key);
            }
        }
        None => {}
    }
}

/// Text was pasted into what is typed.
pub(in crate::app) fn typed(state: &mut State) {
    match state.typing.clone() {
        Some(Typing::Filter(input)) => showing::filter(state, input.text()),
        Some(Typing::Search(input)) => search(state, input, EqInput::default(), 0),
        None => {}
    }
}

/// Jumps to the next name that begins so, from `skip` rows below the cursor on and round the end. What would
/// lead nowhere isn't typed.
fn search(state: &mut State, input: EqInput, before: EqInput, skip: usize) {
    let found = find(state, input.text(), skip);
    if let Some(place) = found {
        moving::to(state, place);
    }
    let stays = found.is_some() || input.text().is_empty();
    state.typing = Some(Typing::Search(if stays { input } else { before }));
}

fn find(state: &State, text: &str, skip: usize) -> Option<usize> {
    let pane = state.active_pane();
    let (rows, above) = (&pane.rows, pane.above());
    let from = (pane.cursor + skip).saturating_sub(above);
    let begins =
        |place: &usize| rows.entry(*place).is_some_and(|entry| begins_with(entry.name.as_bytes(), text));
    let mut places = (from..rows.shown()).chain(0..from.min(rows.shown()));
    places.find(begins).map(|place| place + above)
}
