//! Questions that are answered by typing.
use super::*;
pub(in crate::app) fn open(_state: &mut State, _kind: PromptKind, _text: String, _preset: Option<Uri>) {}
pub(in crate::app) fn edit(_input: &mut Input, _key: Key) -> bool {
    false
}
pub(in crate::app) fn paste(_state: &mut State, _text: &str) {}
pub(in crate::app) fn completed(_state: &mut State, _req: ReqId, _candidates: Vec<Candidate>) {}
pub(in crate::app) fn probed(_state: &mut State, _req: ReqId, _is_dir: bool) {}
pub(super) fn press(state: &mut State, _key: Key) {
    state.dialogs.pop();
}
