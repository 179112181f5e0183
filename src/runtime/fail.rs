//! Fail points, for the tests of what must hold when bifold itself is broken. Only debug builds have them.

use crate::config::Env;

/// What breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The loop.
    Loop,
    /// A task beside it.
    Task,
}

/// Something that breaks at a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FailPoint {
    part: Part,
    /// The keys until then.
    keys: u32,
}

impl FailPoint {
    /// The one that `BIFOLD_FAIL_POINT` names: `loop` or `task`, at the first key; `loop:3` at the third.
    pub(super) fn from_env(env: &Env) -> Option<Self> {
        let named = env.get("BIFOLD_FAIL_POINT").filter(|_| cfg!(debug_assertions))?;
        let (part, keys) = named.split_once(':').unwrap_or((named, "1"));
        let part = match part {
            "loop" => Part::Loop,
            "task" => Part::Task,
            _ => return None,
        };
        Some(Self { part, keys: keys.parse().ok()? })
    }

    /// Breaks, if this key is the one.
    pub(super) fn pass_key(&mut self) {
        self.keys = self.keys.wrapping_sub(1);
        match self.part {
            _ if self.keys != 0 => {}
            Part::Loop => panic!("the fail point of the loop was reached"),
            Part::Task => {
                tokio::spawn(async { panic!("the fail point of a task was reached") });
            }
        }
    }
}
