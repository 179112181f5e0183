//! The panels of jobs and of statistics.
use super::*;
pub(in crate::app) fn open_jobs(_state: &mut State) {}
pub(super) fn press_jobs(state: &mut State, _key: Key) {
    state.dialogs.pop();
}
pub(super) fn press_stats(state: &mut State, _key: Key) {
    state.dialogs.pop();
}
