//! What is asked for before a person asks: while the cursor rests, the next likely thing. [`Ahead`].
//!
//! Only services with a round trip are asked ahead, never a disk. What is sent stays within a number of requests
//! a minute: one that may not be needed after all counts with the most that it could send.

use std::collections::VecDeque;

use super::cmd::Cmd;
use super::msg::ReqId;
use super::state::State;
use crate::model::{Entry, Kind, Timestamp, Uri};

/// How long the cursor rests before something is asked ahead, in milliseconds.
const REST: i64 = 300;
/// How long a request counts, in milliseconds.
const MINUTE: i64 = 60_000;
/// The most requests for a listing that is asked ahead. It isn't kept before its end, so a longer one is given
/// up; the last of them may be on its way before that is known.
const PAGES: u32 = 3;

/// What is likely to be wanted next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// The listing of this directory.
    List(Uri),
    /// The beginning of this file.
    Head(Uri, Box<Entry>),
}

/// What was asked ahead, and what still may be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ahead {
    /// The most requests a minute; 0 for none.
    pub budget: u32,
    /// Whether beginnings of files are of use later: whether a cache keeps them.
    pub heads: bool,
    /// Whether a key was pressed yet: a program that was only started asks nothing ahead.
    pub awake: bool,
    /// When each request of the last minute was sent.
    pub sent: VecDeque<Timestamp>,
    /// When the cursor will have rested long enough.
    pub due: Option<Timestamp>,
    of: Option<Next>,
    under_way: Option<UnderWay>,
}

/// Something that was asked ahead and isn't answered yet.
#[derive(Clone, Debug, PartialEq)]
struct UnderWay {
    req: ReqId,
    what: Next,
    most: u32,
}

impl Ahead {
    /// The requests of the last minute.
    pub fn used(&self) -> u32 {
        u32::try_from(self.sent.len()).unwrap_or(u32::MAX)
    }

    fn forget_old(&mut self, now: Timestamp) {
        while self.sent.front().is_some_and(|at| now.0 - at.0 >= MINUTE) {
            self.sent.pop_front();
        }
    }

    fn count(&mut self, requests: u32, now: Timestamp) {
        self.sent.extend((0..requests).map(|_| now));
    }
}

/// Turns to what is likely now, and asks for it once the cursor has rested.
pub(super) fn follow(state: &mut State) {
    if state.ahead.budget == 0 || !state.ahead.awake {
        return;
    }
    let now = state.now;
    state.ahead.forget_old(now);
    let next = likely(state);
    if next != state.ahead.of {
        leave(state);
        state.ahead.due = next.as_ref().map(|_| Timestamp(now.0 + REST));
        state.ahead.of = next;
    }
    if state.ahead.due.is_some_and(|due| due <= now) {
        state.ahead.due = None;
        ask(state);
    }
}

/// What is likely to be wanted next: what a directory under the cursor holds, or in the quick view the
/// beginning of the file below.
fn likely(state: &State) -> Option<Next> {
    let pane = state.active_pane();
    let busy = state.viewer.is_some() || !state.dialogs.is_empty() || state.typing.is_some();
    if busy || pane.uri.as_s3().is_none() {
        return None;
    }
    let entry = pane.current()?;
    if entry.kind.is_dir() {
        return Some(Next::List(pane.uri.join(&entry.name, entry.kind)));
    }
    state.quick.as_ref().filter(|_| state.ahead.heads)?;
    let place = (pane.cursor + 1).checked_sub(pane.above())?;
    let below = pane.rows.entry(place).filter(|entry| entry.kind == Kind::File)?;
    Some(Next::Head(pane.uri.join(&below.name, below.kind), Box::new(below.clone())))
}

/// Gives up what is under way, unless it is what a person went on to.
fn leave(state: &mut State) {
    let Some(under_way) = &state.ahead.under_way else { return };
    let entered = match &under_way.what {
        Next::List(uri) => state.panes.iter().any(|pane| pane.uri == *uri),
        Next::Head(uri, _) => {
            let pane = state.active_pane();
            pane.current().is_some_and(|entry| pane.uri.join(&entry.name, entry.kind) == *uri)
        }
    };
    if entered {
        return;
    }
    let (req, most, now) = (under_way.req, under_way.most, state.now);
    state.ahead.under_way = None;
    state.ahead.count(most, now);
    state.send(Cmd::Cancel(req));
}

fn ask(state: &mut State) {
    let ahead = &state.ahead;
    let left = ahead.budget.saturating_sub(ahead.used());
    let Some(what) = ahead.of.clone().filter(|_| ahead.under_way.is_none()) else { return };
    let (least, most) = match what {
        Next::List(_) => (2, PAGES),
        Next::Head(..) => (1, 1),
    };
    if left < least {
        return;
    }
    let most = most.min(left);
    let req = state.request();
    state.ahead.under_way = Some(UnderWay { req, what: what.clone(), most });
    state.send(Cmd::GoAhead { req, what, most });
}

/// What was asked ahead is there, or isn't to be had; it took so many requests.
pub(super) fn went(state: &mut State, req: ReqId, requests: u32) {
    let now = state.now;
    if state.ahead.under_way.as_ref().is_some_and(|under_way| under_way.req == req) {
        state.ahead.under_way = None;
        state.ahead.count(requests, now);
    }
}
