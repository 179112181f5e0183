//! Listings on their way into the panes: asking for them, taking in their pages, listing again.

use crate::model::{ErrorKind, Freshness, Kind, Order, Page, Source, Timestamp, Uri, VfsError};

use super::cmd::Cmd;
use super::jobs::Label;
use super::msg::ReqId;
use super::pane::{Listing, Pane, Place, Sorting, Wanted};
use super::rows::Rows;
use super::state::{Side, State};

/// Up to how many rows are arranged at once, on the loop.
const AT_ONCE: usize = 20_000;

/// How many places Back and Forward remember.
const REMEMBERED: usize = 100;

/// The least time between two listings of a directory that a job writes into, in milliseconds.
const RELIST_EVERY: i64 = 5_000;

/// The least time between two looks at what the cache holds of such a directory, in milliseconds.
const LOOK_EVERY: i64 = 500;

/// Asks for the rows of the pane's directory. Rows that are there stay until the new ones are complete.
pub(super) fn list(state: &mut State, side: Side, freshness: Freshness) {
    stop(state, side);
    let req = state.request();
    let now = state.now;
    let pane = state.pane_mut(side);
    pane.incoming = (pane.rows.total() > 0).then(|| Rows::new(pane.arrangement.clone()));
    let held = freshness == Freshness::Held;
    pane.listing = Some(Listing { req, started: now, read_at: None, source: None, held });
    pane.relist.look = None;
    pane.relist.due = pane.relist.due.filter(|_| held);
    let uri = pane.uri.clone();
    let whole = uri.as_archive().is_some_and(|at| state.read_whole.contains(&*at.outer));
    state.send(Cmd::List { req, uri, freshness, whole });
}

/// Gives up on the pane's listing.
fn stop(state: &mut State, side: Side) {
    let pane = state.pane_mut(side);
    let listing = pane.listing.take().map(|listing| listing.req);
    pane.incoming = None;
    state.cancel(listing);
}

fn stop_sorting(state: &mut State, side: Side) {
    let sorting = state.pane_mut(side).sorting.take().map(|sorting| sorting.req);
    state.cancel(sorting);
}

/// Shows another directory in the pane, and remembers where it was.
pub(super) fn go(state: &mut State, side: Side, uri: Uri, row: Option<Wanted>) {
    let pane = state.pane_mut(side);
    if pane.uri == uri {
        pane.wanted = row;
        return list(state, side, Freshness::Stale);
    }
    let from = pane.current_place();
    remember(&mut pane.back, from);
    pane.forward.clear();
    enter(state, side, Place { uri, row });
}

/// Shows what was typed: a directory; or, where it turns out to be a file, its row in the directory that it is in.
pub(super) fn go_typed(state: &mut State, uri: Uri) {
    let may_be_file = uri.as_archive().is_none() && uri.parent().is_some();
    go(state, state.active, uri, None);
    state.active_mut().may_be_file = may_be_file;
}

/// Goes to the row of what was typed and is no directory, where it may be one.
fn to_its_row(state: &mut State, side: Side, error: &VfsError) -> bool {
    let pane = state.pane_mut(side);
    let asked = std::mem::take(&mut pane.may_be_file) && pane.rows.total() == 0;
    let is_none = matches!(error.kind, ErrorKind::NotFound | ErrorKind::NotADirectory);
    let Some(parent) = pane.uri.parent().filter(|_| asked && is_none) else { return false };
    let row = Wanted { name: pane.uri.name(), kind: Some(Kind::File) };
    enter(state, side, Place { uri: parent, row: Some(row) });
    state.pane_mut(side).no_directory = Some(Box::new(error.clone()));
    true
}

/// Shows the root of an archive, which may be read whole for it.
pub(super) fn enter_archive(state: &mut State, side: Side, inside: Uri) {
    if let Some(at) = inside.as_archive() {
        state.read_whole.insert((*at.outer).clone());
    }
    go(state, side, inside, None);
}

/// Goes to the last place of the pane's history, back or forward.
pub(super) fn travel(state: &mut State, side: Side, forward: bool) {
    let pane = state.pane_mut(side);
    let here = pane.current_place();
    let (from, to) =
        if forward { (&mut pane.forward, &mut pane.back) } else { (&mut pane.back, &mut pane.forward) };
    if let Some(place) = from.pop() {
        remember(to, here);
        enter(state, side, place);
    }
}

fn remember(places: &mut Vec<Place>, place: Place) {
    if places.len() == REMEMBERED {
        places.remove(0);
    }
    places.push(place);
}

/// Shows a directory in the pane: nothing of the one before stays on screen.
fn enter(state: &mut State, side: Side, place: Place) {
    stop(state, side);
    stop_sorting(state, side);
    let pane = state.pane_mut(side);
    let mut arrangement = pane.arrangement.clone();
    arrangement.filter.text.clear();
    let (back, forward) = (std::mem::take(&mut pane.back), std::mem::take(&mut pane.forward));
    *pane = Pane { back, forward, wanted: place.row, ..Pane::new(place.uri, arrangement) };
    list(state, side, Freshness::Stale);
}

fn side_of(state: &State, is: impl Fn(&Pane) -> bool) -> Option<Side> {
    Side::BOTH.into_iter().find(|side| is(state.pane(*side)))
}

fn listing_of(state: &State, req: ReqId) -> Option<Side> {
    side_of(state, |pane| pane.listing.is_some_and(|listing| listing.req == req))
}

/// Takes in a page.
pub(super) fn page_arrived(state: &mut State, req: ReqId, arrived: Page) {
    let Some(side) = listing_of(state, req) else { return };
    let height = state.height();
    let pane = state.pane_mut(side);
    if let Some(listing) = &mut pane.listing {
        listing.read_at.get_or_insert(arrived.read_at);
        listing.source.get_or_insert(arrived.source);
    }
    if let Some(incoming) = &mut pane.incoming {
        incoming.push(arrived.entries);
        return;
    }
    pane.error = None;
    pane.read_at.get_or_insert(arrived.read_at);
    pane.source.get_or_insert(arrived.source);
    let mut first = 0;
    pane.keeping_cursor(height, |rows| first = rows.push(arrived.entries));
    find_wanted(pane, first, height);
}

/// Puts the cursor on the row that it waits for, if that came among the rows from `first` on.
fn find_wanted(pane: &mut Pane, first: u32, height: usize) {
    let Some(wanted) = &pane.wanted else { return };
    let rows = &pane.rows;
    let found =
        (first..rows.total() as u32).find(|number| rows.get(*number).is_some_and(|entry| wanted.is(entry)));
    if let Some(number) = found {
        pane.wanted = None;
        if let Some(place) = pane.rows.place(number) {
            pane.set_cursor(place + pane.above(), height);
        }
    }
}

/// A listing is complete.
pub(super) fn done(state: &mut State, req: ReqId) {
    let Some(side) = listing_of(state, req) else { return };
    let (now, height) = (state.now, state.height());
    let pane = state.pane_mut(side);
    let Some(listing) = pane.listing.take() else { return };
    let took = now.0.saturating_sub(listing.started.0);
    if listing.held {
        pane.relist.looked = Some((now, took));
        if listing.source.is_none() {
            // Nothing is held: what is shown stays.
            pane.incoming = None;
            return;
        }
    } else {
        pane.relist.last = Some(now);
        pane.relist.took = took;
    }
    pane.error = None;
    pane.read_at = Some(listing.read_at.unwrap_or(listing.started));
    pane.source = listing.source;
    if let Some(rows) = pane.incoming.take() {
        replace_rows(pane, rows, height);
        stop_sorting(state, side);
    }
    arrange(state, side);
    if listing.source == Some(Source::Stale) && !listing.held {
        // What is past its life is shown while it is read again; the row that the cursor waits for may come yet.
        return list(state, side, Freshness::Cached);
    }
    let pane = state.pane_mut(side);
    if let (Some(_), Some(error)) = (pane.wanted.take(), pane.no_directory.take()) {
        state.fail(*error);
    }
}

/// Puts the rows that came in place of those that were there: the cursor stays on its entry, marks on theirs.
fn replace_rows(pane: &mut Pane, mut rows: Rows, height: usize) {
    let current = pane.current().map(Wanted::from);
    rows.carry_marks(&pane.rows);
    pane.rows = rows;
    let had_wish = pane.wanted.is_some();
    pane.set_cursor(pane.cursor, height);
    find_wanted(pane, 0, height);
    if had_wish && pane.wanted.is_none() {
        return;
    }
    pane.wanted = current;
    find_wanted(pane, 0, height);
}

/// A listing failed. What was shown stays, unless the failure says that it can't be true any more.
pub(super) fn failed(state: &mut State, req: ReqId, error: VfsError) {
    let Some(side) = listing_of(state, req) else { return };
    let (now, height) = (state.now, state.height());
    if to_its_row(state, side, &error) {
        return;
    }
    let pane = state.pane_mut(side);
    pane.listing = None;
    pane.wanted = None;
    pane.relist.last = Some(now);
    if pane.incoming.take().is_some() && voids(error.kind) {
        pane.rows = Rows::new(pane.arrangement.clone());
        pane.set_cursor(0, height);
        stop_sorting(state, side);
    }
    state.pane_mut(side).error = Some(error.clone());
    state.note(error);
}

fn voids(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::Denied | ErrorKind::Unauthenticated
    )
}

/// Has the rows arranged as the person wants them: at once, or elsewhere when there are many.
pub(super) fn arrange(state: &mut State, side: Side) {
    let height = state.height();
    let pane = state.pane(side);
    let wanted = pane.arrangement.clone();
    if pane.sorting.as_ref().is_some_and(|sorting| sorting.arrangement == wanted) {
        return;
    }
    stop_sorting(state, side);
    let pane = state.pane_mut(side);
    if *pane.rows.arrangement() == wanted {
        return;
    }
    if pane.rows.total() <= AT_ONCE {
        pane.keeping_cursor(height, |rows| rows.arrange(wanted));
        return;
    }
    let pages = pane.rows.pages().clone();
    let covered = pages.len();
    let req = state.request();
    state.pane_mut(side).sorting = Some(Sorting { req, arrangement: wanted.clone(), covered });
    state.send(Cmd::Sort { req, pages, arrangement: wanted });
}

/// Takes in the order of a large listing.
pub(super) fn sorted(state: &mut State, req: ReqId, order: Order) {
    let is = |pane: &Pane| pane.sorting.as_ref().is_some_and(|sorting| sorting.req == req);
    let Some(side) = side_of(state, is) else { return };
    let height = state.height();
    let pane = state.pane_mut(side);
    let Some(Sorting { arrangement, covered, .. }) = pane.sorting.take() else { return };
    debug_assert!(order.0.iter().all(|number| *number < covered), "an order of other rows");
    pane.keeping_cursor(height, |rows| rows.take_order(order, arrangement, covered));
}

/// A job wrote into or removed from this directory: panes on it or above it list again soon, but not often.
pub(super) fn touched(state: &mut State, dir: &Uri) {
    let now = state.now;
    for pane in state.panes.iter_mut().filter(|pane| pane.shows_changes_of(dir)) {
        let relist = &mut pane.relist;
        let pause = RELIST_EVERY.max(relist.took.saturating_mul(10));
        let last = relist.last.or(pane.listing.map(|listing| listing.started));
        let due = last.map_or(now, |last| Timestamp(last.0.saturating_add(pause)).max(now));
        relist.due.get_or_insert(due);
        if pane.uri.as_s3().is_some() {
            let after = |(last, took): (Timestamp, i64)| {
                Timestamp(last.0.saturating_add(LOOK_EVERY.max(took.saturating_mul(10))))
            };
            let look = relist.looked.map_or(now, after).max(now);
            relist.look.get_or_insert(look);
        }
    }
}

/// A job is over: panes that it concerns list again now.
pub(super) fn job_ended(state: &mut State, job: &Label) {
    let now = state.now;
    for pane in &mut state.panes {
        if job.changes().any(|dir| dir.contains(&pane.uri) || pane.shows_changes_of(dir)) {
            pane.relist.due = Some(now);
        }
    }
}

/// Something was written into this directory: panes on it list again now.
pub(super) fn written(state: &mut State, dir: &Uri) {
    let now = state.now;
    for pane in state.panes.iter_mut().filter(|pane| pane.uri == *dir) {
        pane.relist.due = Some(now);
    }
}

/// This row came into this directory: panes on it list again now, and the active one goes to it.
pub(super) fn changed(state: &mut State, dir: &Uri, row: &Wanted) {
    written(state, dir);
    let pane = state.active_mut();
    if pane.uri == *dir {
        pane.wanted = Some(row.clone());
    }
}

/// Lists again what is due, or shows what is held of it.
pub(super) fn relist_due(state: &mut State) {
    for side in Side::BOTH {
        let pane = state.pane(side);
        let is_due = |due: Option<Timestamp>| due.is_some_and(|due| due <= state.now);
        let freshness = match pane.relist {
            relist if is_due(relist.due) => Freshness::Cached,
            relist if is_due(relist.look) => Freshness::Held,
            _ => continue,
        };
        if pane.listing.is_none() {
            list(state, side, freshness);
        }
    }
}

/// Brings both cursors onto a screen that has another size now.
pub(super) fn fit(state: &mut State) {
    let height = state.height();
    for pane in &mut state.panes {
        pane.show_cursor(height);
    }
}
