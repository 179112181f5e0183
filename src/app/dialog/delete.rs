//! Whether to delete.
use super::*;
pub(in crate::app) fn open(_state: &mut State) {}
pub(in crate::app) fn counted(_state: &mut State, _req: ReqId, _counts: Counts, _done: bool) {}
pub(in crate::app) fn count_failed(_state: &mut State, _req: ReqId, _error: VfsError) {}
pub(super) fn press(state: &mut State, _key: Key) {
    state.dialogs.pop();
}
