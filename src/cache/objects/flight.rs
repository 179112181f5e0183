//! Reads that are under way, so that others join them: [`Flights`].
//!
//! Whoever sends a request whose bytes are kept has the [`Lead`] of them. Who wants the same bytes meanwhile
//! watches it as a [`Flight`], and takes them from the disk as they are kept, piece by piece. A lead that is
//! dropped, fails, or keeps nothing any more ends its flight: the first of those who waited asks, and the others
//! wait for that one.
//!
//! Nobody waits for long: a flight is joined only where its next bytes are the wanted ones, and one whose reader
//! takes no more bytes is left behind.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::cache::disk::{BLOCK, FileName};
use crate::model::ETag;

/// How long a flight is waited for that has no answer yet.
const ANSWER: Duration = Duration::from_secs(10);

/// How long one is waited for that has kept nothing more: who reads it may have stopped to.
const PATIENCE: Duration = Duration::from_secs(1);

/// The reads that are under way. A clone is another handle on the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Flights(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    next: AtomicU64,
    /// Those of a body.
    open: Mutex<HashMap<FileName, Vec<Flight>>>,
}

/// A read of another that is under way.
#[derive(Clone, Debug)]
pub struct Flight {
    id: u64,
    range: Range<u64>,
    state: watch::Receiver<State>,
}

/// How far a read is.
#[derive(Clone, Debug)]
struct State {
    /// What the service answered with, once it did.
    tag: Option<ETag>,
    /// Bytes before this one are kept.
    kept: u64,
}

/// That one sends a request whose bytes others may wait for. Dropped, it lets them go on.
#[derive(Debug)]
pub struct Lead {
    flights: Flights,
    name: FileName,
    id: u64,
    state: watch::Sender<State>,
}

/// What is to be done about bytes that aren't held.
#[derive(Debug)]
pub enum Turn {
    /// Ask for them.
    Lead(Lead),
    /// Another asks for them.
    Follow(Flight),
}

impl Flights {
    /// The flight whose next bytes are wanted, or the lead of a new one. `left` are those that were waited for
    /// in vain.
    pub(super) fn turn(&self, name: FileName, range: &Range<u64>, left: &[u64]) -> Turn {
        let mut open = self.0.open.lock();
        let of = open.entry(name).or_default();
        match of.iter().find(|flight| !left.contains(&flight.id) && flight.brings(range.start)) {
            Some(flight) => Turn::Follow(flight.clone()),
            None => Turn::Lead(self.begin(name, range.clone(), of)),
        }
    }

    /// The lead of a new one, whatever others ask for.
    pub(super) fn lead(&self, name: FileName, range: &Range<u64>) -> Lead {
        self.begin(name, range.clone(), self.0.open.lock().entry(name).or_default())
    }

    /// The flight whose next bytes are wanted.
    pub(super) fn joinable(&self, name: FileName, at: u64) -> Option<Flight> {
        self.0.open.lock().get(&name)?.iter().find(|flight| flight.brings(at)).cloned()
    }

    fn begin(&self, name: FileName, range: Range<u64>, of: &mut Vec<Flight>) -> Lead {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (sender, state) = watch::channel(State { tag: None, kept: range.start });
        of.push(Flight { id, range, state });
        Lead { flights: self.clone(), name, id, state: sender }
    }

    /// Nobody joins any more what was begun before: a write may have changed it. Who waits goes on to wait.
    pub(super) fn part(&self) {
        self.0.open.lock().clear();
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.0.open.lock().values().map(Vec::len).sum()
    }
}

impl Flight {
    /// Whether this byte is one of the next that come, or came.
    fn brings(&self, at: u64) -> bool {
        let near = at.saturating_sub(self.state.borrow().kept) <= BLOCK;
        near && self.range.contains(&at) && self.state.has_changed().is_ok()
    }

    /// Whether this byte was kept already: then a look tells what became of it.
    pub fn has(&self, at: u64) -> bool {
        self.state.borrow().kept > at
    }

    /// Its number, for [`super::Objects::turn`].
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether it brings all of these bytes.
    pub fn covers(&self, range: &Range<u64>) -> bool {
        self.range.start <= range.start && range.end <= self.range.end
    }

    /// Whether the service has answered. What is answered after a question is as good as asked by it.
    pub fn is_answered(&self) -> bool {
        self.state.borrow().tag.is_some()
    }

    /// Waits until this byte is kept, or the flight is over: then it is `true`. `false` where it stands still. Gives
    /// the tag of the answer as well, where there was one.
    pub async fn kept(&mut self, at: u64) -> (bool, Option<ETag>) {
        loop {
            let State { tag, kept } = self.state.borrow_and_update().clone();
            if kept > at {
                return (true, tag);
            }
            let patience = if tag.is_some() { PATIENCE } else { ANSWER };
            match tokio::time::timeout(patience, self.state.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return (true, self.state.borrow().tag.clone()),
                Err(_) => return (false, tag),
            }
        }
    }
}

impl Lead {
    /// The service answered with this tag.
    pub fn answered(&self, tag: Option<&ETag>) {
        self.state.send_modify(|state| state.tag = tag.cloned());
    }

    /// All bytes before this one are kept.
    pub fn kept(&self, to: u64) {
        self.state.send_if_modified(|state| {
            let more = to > state.kept;
            state.kept = state.kept.max(to);
            more
        });
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        let mut open = self.flights.0.open.lock();
        if let Some(of) = open.get_mut(&self.name) {
            of.retain(|flight| flight.id != self.id);
            if of.is_empty() {
                open.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> FileName {
        FileName::of(&[b"k"])
    }

    fn lead(turn: Turn) -> Lead {
        match turn {
            Turn::Lead(lead) => lead,
            Turn::Follow(flight) => panic!("{flight:?}"),
        }
    }

    fn follow(turn: Turn) -> Flight {
        match turn {
            Turn::Follow(flight) => flight,
            Turn::Lead(lead) => panic!("{lead:?}"),
        }
    }

    #[tokio::test]
    async fn one_leads_and_when_it_is_dropped_one_of_those_who_waited_does() {
        let flights = Flights::default();
        let first = lead(flights.turn(name(), &(0..100), &[]));
        let mut waits = Vec::new();
        for _ in 0..5 {
            let (flights, mut flight) = (flights.clone(), follow(flights.turn(name(), &(0..100), &[])));
            waits.push(tokio::spawn(async move {
                assert!(flight.kept(0).await.0);
                flights.turn(name(), &(0..100), &[])
            }));
        }
        drop(first);
        let mut turns = Vec::new();
        for wait in waits {
            turns.push(wait.await.unwrap());
        }
        assert_eq!(turns.iter().filter(|turn| matches!(turn, Turn::Lead(_))).count(), 1);
        drop(turns);
        assert_eq!(flights.count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_what_stands_still() {
        let flights = Flights::default();
        let first = lead(flights.turn(name(), &(0..100), &[]));
        let mut flight = follow(flights.turn(name(), &(10..50), &[]));
        assert!(!flight.is_answered() && flight.covers(&(10..50)) && !flight.covers(&(10..500)));
        assert_eq!(flight.kept(10).await, (false, None));
        let tag = ETag::new("\"t\"");
        first.answered(Some(&tag));
        first.kept(10);
        assert_eq!(flight.kept(10).await, (false, Some(tag.clone())));
        first.kept(11);
        first.kept(5);
        assert_eq!(flight.kept(10).await, (true, Some(tag)));
        let second = lead(flights.turn(name(), &(20..30), &[flight.id()]));
        assert_eq!(follow(flights.turn(name(), &(20..30), &[flight.id()])).id(), second.id);
    }

    #[test]
    fn only_the_next_bytes_are_waited_for() {
        let flights = Flights::default();
        let far = 100 * BLOCK;
        let first = lead(flights.turn(name(), &(0..far), &[]));
        for not in [2 * BLOCK, far] {
            assert!(flights.joinable(name(), not).is_none(), "{not}");
        }
        assert!(flights.joinable(name(), BLOCK).is_some());
        first.kept(50 * BLOCK);
        assert!(flights.joinable(name(), 50 * BLOCK).is_some());
        assert!(flights.joinable(name(), 0).unwrap().has(0), "that came meanwhile");
        assert!(flights.joinable(FileName::of(&[b"other"]), 0).is_none());
        flights.part();
        assert!(flights.joinable(name(), 50 * BLOCK).is_none(), "a write came between");
        drop((first, flights.lead(name(), &(0..1))));
        assert_eq!(flights.count(), 0);
    }
}
