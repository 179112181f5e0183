//! What each key does: a small function for each [`Action`].

use super::action::{Action, Scope};
use super::key::Key;
use super::state::State;

impl Action {
    /// Whether it can do something with what is selected now. The key bar and the menu show only those.
    pub fn applies(self, _state: &State) -> bool {
        true
    }
}

pub(super) fn press(state: &mut State, key: Key) {
    if state.dialogs.is_empty() {
        let _ = state.keymap.action(Scope::Panes, key);
    } else {
        super::dialog::press(state, key);
    }
}
