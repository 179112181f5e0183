//! Lists to choose from.
use super::*;
pub(in crate::app) fn open_menu(_state: &mut State) {}
pub(in crate::app) fn open_places(_state: &mut State) {}
pub(super) fn press(state: &mut State, _key: Key) {
    state.dialogs.pop();
}
