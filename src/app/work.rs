//! Jobs and other work.
use super::msg::ReqId;
use super::state::State;
use crate::model::VfsError;
use crate::transfer::{JobEvent, JobId};
pub(super) fn tick(_state: &mut State) {}
pub(super) fn made_dir(_state: &mut State, _req: ReqId, _result: Result<(), VfsError>) {}
pub(super) fn heard(_state: &mut State, _id: JobId, _event: JobEvent) {}
pub(super) fn leave(_state: &mut State) {}
