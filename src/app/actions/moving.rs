//! Moving the cursor, and going elsewhere.

use crate::app::edit::is_file;
use crate::app::pane::{Row, Wanted};
use crate::app::state::State;
use crate::app::{dialog, listings, watch};
use crate::model::archive::{ArchiveKind, ArchiveUri, MOST_UNASKED};
use crate::model::{Entry, Freshness, Kind};

/// Moves the cursor by this many rows.
pub(super) fn by(state: &mut State, rows: isize) {
    let at = state.active_pane().cursor.saturating_add_signed(rows);
    to(state, at);
}

/// Moves the cursor by this many screens, less a row, which stays in sight.
pub(super) fn by_pages(state: &mut State, pages: isize) {
    let rows = state.height().saturating_sub(1).max(1);
    by(state, pages * rows.cast_signed());
}

/// Moves the cursor to this row, or the last.
pub(super) fn to(state: &mut State, at: usize) {
    let height = state.height();
    let pane = state.active_mut();
    pane.wanted = None;
    pane.set_cursor(at, height);
}

/// Enters what the cursor is on.
pub(super) fn open(state: &mut State) {
    let pane = state.active_pane();
    let entry = match pane.row(pane.cursor) {
        None => return,
        Some(Row::Up) => {
            return match pane.awaited().cloned() {
                Some(uri) => listings::go(state, state.active, uri, None),
                None => parent(state),
            };
        }
        Some(Row::Entry { entry, .. }) => entry,
    };
    if entry.can_enter() {
        let uri = pane.uri.join(&entry.name, entry.kind);
        return listings::go(state, state.active, uri, None);
    }
    let uri = pane.uri.join(&entry.name, entry.kind);
    if let Some(inside) = uri.entered().filter(|_| may_be_archive(entry)) {
        let (size, class) = (entry.size.unwrap_or_default(), entry.class.clone());
        let whole = ArchiveKind::of(entry.name.as_bytes()).is_some_and(ArchiveKind::is_read_whole);
        if whole && size > MOST_UNASKED && uri.as_s3().is_some() {
            return dialog::ask_enter(state, &uri, inside, size, class.as_ref());
        }
        return listings::enter_archive(state, state.active, inside);
    }
    if is_file(entry) {
        return watch::enter(state);
    }
    let why = entry.link.as_ref().and_then(|link| link.refusal(&pane.uri));
    state.refuse(why.unwrap_or_else(|| "this is no directory".to_owned()));
}

/// Whether it has the bytes that an archive must have: a file, or a link to one.
fn may_be_archive(entry: &Entry) -> bool {
    let leads_to_file = entry.link.as_ref().is_some_and(|link| link.leads_to == Some(Kind::File));
    entry.kind == Kind::File || leads_to_file
}

/// Goes to the directory above, onto the row that one came from.
pub(super) fn parent(state: &mut State) {
    let pane = state.active_pane();
    // An archive that is left is a file in the directory that holds it.
    let archive = pane.uri.as_archive().is_some_and(ArchiveUri::is_root);
    let row = Wanted { name: pane.uri.name(), kind: archive.then_some(Kind::File) };
    if let Some(parent) = pane.uri.parent() {
        listings::go(state, state.active, parent, Some(row));
    }
}

/// Goes back, or forward again.
pub(super) fn travel(state: &mut State, forward: bool) {
    listings::travel(state, state.active, forward);
}

/// Shows this directory in the other pane, too.
pub(super) fn same(state: &mut State) {
    let place = state.active_pane().current_place();
    listings::go(state, state.active.other(), place.uri, place.row);
}

/// Lists this directory again, past the cache.
pub(super) fn refresh(state: &mut State) {
    listings::list(state, state.active, Freshness::Past);
}
