//! Fail points, for the tests of what must hold when bifold itself is broken. Only debug builds have them.

use crate::config::Env;

/// What breaks at the first key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailPoint {
    /// The loop.
    Loop,
    /// A task beside it.
    Task,
}

impl FailPoint {
    /// The one that `BIFOLD_FAIL_POINT` names.
    pub(super) fn from_env(env: &Env) -> Option<Self> {
        match env.get("BIFOLD_FAIL_POINT").filter(|_| cfg!(debug_assertions)) {
            Some("loop") => Some(Self::Loop),
            Some("task") => Some(Self::Task),
            _ => None,
        }
    }

    /// Breaks.
    pub(super) fn reach(self) {
        match self {
            Self::Loop => panic!("the fail point of the loop was reached"),
            Self::Task => {
                tokio::spawn(async { panic!("the fail point of a task was reached") });
            }
        }
    }
}
