//! The application without a terminal, a network or a clock: what is known ([`State`]), what happens
//! ([`Msg`]), what to do next ([`Cmd`]), and [`update`], which leads from one to the other.
//!
//! ```text
//! keys, replies, time ── Msg ──▶ update(&mut State, Msg, now) ── Vec<Cmd> ──▶ runtime
//!                                        │
//!                                        ▼
//!                                 the view draws &State
//! ```
//!
//! Invariants:
//! - No I/O, no clock, no randomness: the same messages lead to the same state and commands.
//! - Each request has an id, kept where its reply is awaited; any other reply is dropped.
//! - What a person agrees to is bound to full locations and entries when the question comes up.
//! - No key press and no draw walks all rows, but for marking many at once and arranging small listings.

pub mod action;
mod actions;
pub mod advice;
pub mod ahead;
pub mod bar;
pub mod cmd;
pub mod dialog;
pub mod edit;
pub mod history;
pub mod jobs;
mod kept;
pub mod key;
pub mod keymap;
mod leaving;
mod listings;
pub mod marks;
pub mod msg;
pub mod pane;
pub mod rows;
pub mod state;
pub mod stats;
pub mod viewer;
pub mod watch;

#[cfg(test)]
mod tests;
mod work;

use crate::model::{Freshness, Timestamp};

pub use action::{Action, Scope};
pub use cmd::Cmd;
pub use dialog::Dialog;
pub use key::{Code, Key};
pub use keymap::Keymap;
pub use msg::{Msg, ReqId};
pub use pane::{Pane, Row};
pub use state::{Session, Side, Start, State};
pub use stats::Stats;
pub use viewer::{Quick, Viewer};

/// Asks for the first listings.
pub fn begin(state: &mut State, now: Timestamp) -> Vec<Cmd> {
    state.now = now;
    for side in Side::BOTH {
        listings::list(state, side, Freshness::Stale);
    }
    state.send(Cmd::ListKept);
    state.take_outbox()
}

/// Takes in what happened at `now`, and tells what to do next.
pub fn update(state: &mut State, msg: Msg, now: Timestamp) -> Vec<Cmd> {
    state.now = now;
    route(state, msg);
    listings::relist_due(state);
    viewer::follow(state);
    ahead::follow(state);
    stats::follow(state);
    dialog::ask_next(state);
    edit::give_terminal(state);
    state.take_outbox()
}

fn route(state: &mut State, msg: Msg) {
    match msg {
        Msg::Key(key) => actions::press(state, key),
        Msg::Paste(text) => dialog::paste(state, &text),
        Msg::Resize { columns, rows, pane_rows } => {
            state.screen = state::Screen { columns, rows, pane_rows };
            listings::fit(state);
            viewer::fit(state);
        }
        Msg::Tick => work::tick(state),
        Msg::PageArrived { req, page } => listings::page_arrived(state, req, page),
        Msg::ListDone { req } => listings::done(state, req),
        Msg::ListFailed { req, error } => listings::failed(state, req, error),
        Msg::Sorted { req, order } => listings::sorted(state, req, order),
        Msg::Planned { req, plan } => dialog::planned(state, req, plan),
        Msg::PlanFailed { req, error } => dialog::plan_failed(state, req, &error),
        Msg::Completed { req, candidates } => dialog::completed(state, req, candidates),
        Msg::Probed { req, is_dir } => dialog::probed(state, req, is_dir),
        Msg::MadeDir { req, result } => work::made_dir(state, req, result),
        Msg::Job(id, event) => work::heard(state, id, event),
        Msg::Stats(numbers) => {
            state.history.take(&numbers, state.now);
            state.stats = *numbers;
        }
        Msg::Held { req, heard } => dialog::heard_of_held(state, req, *heard),
        Msg::Sampled { req } => stats::sampled(state, req),
        Msg::Trouble(text) => state.refuse(text),
        Msg::Kept { jobs, uploads } => kept::kept(state, jobs, uploads),
        Msg::NotResumed { id, reason } => kept::not_resumed(state, id, &reason),
        Msg::WentAhead { req, requests } => ahead::went(state, req, requests),
        Msg::Seen(id, seen) => viewer::seen(state, id, seen),
        Msg::DraftFetched { id, result } => edit::fetched(state, id, result),
        Msg::EditorClosed { id, result } => edit::closed(state, id, result),
        Msg::DraftSaved { id, saved } => edit::saved(state, id, saved),
        Msg::DraftDropped { id, result } => edit::dropped(state, id, result),
        Msg::DraftCompared { id, result } => edit::compared(state, id, result),
        Msg::DraftTouched(id) => watch::touched(state, id),
        Msg::Opened { uri, result } => watch::opened(state, &uri, result),
        Msg::Presigned { req, links } => dialog::signed(state, req, links),
        Msg::Told(text) => state.tell(text),
        Msg::Terminate => leaving::leave(state, leaving::Leaving::Suspend),
    }
}
