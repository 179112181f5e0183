//! The writes under way, [`OpenWrites`]; and what one leaves behind when nobody knows whether it happened:
//! [`Doubts`].

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::bodies::Place;
use super::key::{OpKey, Touch};
use crate::cache::Moment;

/// How long a write without an answer may still be applied by the service.
pub const DOUBT: Duration = Duration::from_secs(30);

/// Whether it is known what became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered: done or refused.
    Known,
    /// It timed out, the connection broke, or nobody waited for the answer.
    Unknown,
}

/// The places that a write of unknown outcome touches: served, but not stored.
#[derive(Debug, Default)]
pub(super) struct Doubts(Vec<(Touch, Moment)>);

impl Doubts {
    /// From now on this place is in doubt, for a while.
    pub(super) fn raise(&mut self, touch: Touch, now: Moment) {
        self.settle(now);
        self.0.retain(|(held, _)| *held != touch);
        self.0.push((touch, now.plus(DOUBT)));
    }

    /// Whether the answer to this question can't be relied on for later.
    pub(super) fn about(&mut self, key: &OpKey, now: Moment) -> bool {
        self.settle(now);
        self.0.iter().any(|(touch, _)| touch.touches(key))
    }

    /// Whether the body of this object may be another in a moment.
    pub(super) fn about_body(&mut self, of: &Place, now: Moment) -> bool {
        self.settle(now);
        self.0.iter().any(|(touch, _)| touch.holds(of))
    }

    fn settle(&mut self, now: Moment) {
        self.0.retain(|(_, until)| *until > now);
    }
}

/// The writes that have begun and not ended.
#[derive(Debug, Default)]
pub(super) struct OpenWrites {
    open: Vec<OpenWrite>,
    /// The endpoints that were ever written to.
    written: HashSet<Arc<str>>,
}

#[derive(Debug)]
struct OpenWrite {
    touch: Touch,
    serial: u64,
    /// Whether another write of a key of this one was under way at the same time: nobody knows which came last.
    crossed: bool,
}

impl OpenWrites {
    /// A write begins, and gets this number.
    pub(super) fn begin(&mut self, touch: &Touch, serial: u64) {
        let mut crossed = false;
        for open in self.open.iter_mut().filter(|open| open.touch.crosses(touch)) {
            open.crossed = true;
            crossed = true;
        }
        if !self.written.contains(&touch.endpoint) {
            self.written.insert(touch.endpoint.clone());
        }
        self.open.push(OpenWrite { touch: touch.clone(), serial, crossed });
    }

    /// A write has ended. Gives its number, if it was alone with its keys all the time.
    pub(super) fn end(&mut self, touch: &Touch) -> Option<u64> {
        let at = self.open.iter().position(|open| open.touch == *touch)?;
        let open = self.open.swap_remove(at);
        (!open.crossed).then_some(open.serial)
    }

    /// Whether a write was ever begun there.
    pub(super) fn has_written(&self, endpoint: &str) -> bool {
        self.written.contains(endpoint)
    }
}
