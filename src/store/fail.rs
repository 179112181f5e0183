//! Fail points of the state file, for the tests of what must hold when the program is killed. Only debug
//! builds have them.

use crate::config::Env;

/// Kills the program, as `kill -9` does, at one of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailPoint {
    before: bool,
    /// The records until then.
    records: u64,
}

impl FailPoint {
    /// The one that `BIFOLD_FAIL_POINT` names: `journal:3` right after the third record is written,
    /// `journal-before:3` right before.
    pub fn from_env(env: &Env) -> Option<Self> {
        let named = env.get("BIFOLD_FAIL_POINT").filter(|_| cfg!(debug_assertions))?;
        let (part, number) = named.split_once(':')?;
        let before = match part {
            "journal" => false,
            "journal-before" => true,
            _ => return None,
        };
        Some(Self { before, records: number.parse().ok()? })
    }

    /// A record is about to be written.
    pub(super) fn before(&mut self) {
        self.records = self.records.wrapping_sub(1);
        if self.before && self.records == 0 {
            die();
        }
    }

    /// It is written.
    pub(super) fn after(&self) {
        if !self.before && self.records == 0 {
            die();
        }
    }
}

/// Nothing of this program runs any more after it: no destructor, no flush.
fn die() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    loop {
        std::thread::park();
    }
}
