//! Bodies on their way into the cache on disk: [`BodyTicket`].
//!
//! A body may stream for an hour. What it was asked for under is the same as for any load: an own write that is
//! sent or ends meanwhile takes the right away to keep it, and so does one of unknown outcome for a while.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use super::{OpCache, Touch};
use crate::cache::Moment;

/// How often a write touches what it writes: before it is sent, and when it ended.
const OF_A_WRITE: u32 = 2;
/// More than any number of writes.
const NEVER: u32 = u32::MAX / 2;

/// An object of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub endpoint: Arc<str>,
    pub bucket: Arc<str>,
    pub key: Arc<str>,
}

/// The right to keep the body of an object, as long as nothing has touched that since it was asked for. A clone is
/// the same right.
#[derive(Clone, Debug)]
pub struct BodyTicket {
    state: Arc<State>,
    /// The touches that are its own.
    own: u32,
}

#[derive(Debug)]
struct State {
    place: Place,
    touches: AtomicU32,
}

impl BodyTicket {
    /// Whether the body may be kept.
    pub fn is_live(&self) -> bool {
        self.state.touches.load(Ordering::SeqCst) == self.own
    }

    /// The right to keep what a write sent that was begun and has ended since, if no other came near it.
    #[must_use]
    pub fn of_own_write(self) -> Self {
        Self { own: OF_A_WRITE, ..self }
    }
}

/// The tickets that somebody holds.
#[derive(Debug, Default)]
pub(super) struct BodyTickets {
    open: Vec<Weak<State>>,
    /// How many there were after the last sweep.
    swept: usize,
}

impl BodyTickets {
    pub(super) fn begin(&mut self, place: Place, doubted: bool) -> BodyTicket {
        if self.open.len() > 2 * self.swept + 64 {
            self.open.retain(|held| held.strong_count() > 0);
            self.swept = self.open.len();
        }
        let touches = AtomicU32::new(if doubted { NEVER } else { 0 });
        let state = Arc::new(State { place, touches });
        self.open.push(Arc::downgrade(&state));
        BodyTicket { state, own: 0 }
    }

    pub(super) fn touch(&mut self, touch: &Touch) {
        for state in self.open.iter().filter_map(Weak::upgrade) {
            if touch.holds(&state.place) {
                state.touches.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

impl OpCache {
    /// Begins to read the body of an object that is to be kept elsewhere: see [`BodyTicket`].
    pub fn begin_body(
        &mut self,
        endpoint: &Arc<str>,
        bucket: &Arc<str>,
        key: &Arc<str>,
        now: Moment,
    ) -> BodyTicket {
        let place = Place { endpoint: endpoint.clone(), bucket: bucket.clone(), key: key.clone() };
        let doubted = self.doubts.about_body(&place, now);
        self.bodies.begin(place, doubted)
    }
}
