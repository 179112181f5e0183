//! What jobs ask, and whether to leave while they run.
use super::*;
pub(in crate::app) fn ask_next(_state: &mut State) {}
pub(in crate::app) fn open_quit(_state: &mut State) {}
pub(super) fn press(state: &mut State, _key: Key) {
    state.dialogs.pop();
}
pub(super) fn press_quit(state: &mut State, _key: Key) {
    state.dialogs.pop();
}
