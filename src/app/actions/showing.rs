//! Which rows are shown, and in what order.

use crate::app::listings;
use crate::app::state::State;
use crate::model::{Arrangement, SortBy, SortKey};

/// Changes how the active pane is arranged.
fn change(state: &mut State, change: impl FnOnce(&mut Arrangement)) {
    change(&mut state.active_mut().arrangement);
    listings::arrange(state, state.active);
}

/// Sorts by this; once more turns the order round. Sizes and times begin with the largest.
pub(super) fn sort(state: &mut State, key: SortKey) {
    change(state, |arrangement| {
        let SortBy { key: before, descending } = arrangement.sort;
        let descending = if before == key { !descending } else { key != SortKey::Name };
        arrangement.sort = SortBy { key, descending };
    });
}

/// Shows hidden rows, or hides them again.
pub(super) fn toggle_hidden(state: &mut State) {
    change(state, |arrangement| arrangement.filter.skip_hidden ^= true);
    let skipped = state.active_pane().arrangement.filter.skip_hidden;
    state.tell(if skipped { "hidden files are left out" } else { "hidden files are shown" });
}

/// Shows only names with this part.
pub(super) fn filter(state: &mut State, text: &str) {
    change(state, |arrangement| text.clone_into(&mut arrangement.filter.text));
}

/// Shows all names again.
pub(super) fn clear_filter(state: &mut State) {
    if !state.active_pane().arrangement.filter.text.is_empty() {
        filter(state, "");
    }
}
