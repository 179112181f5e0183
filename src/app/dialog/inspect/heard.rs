//! What the caches answer to the inspector.

use super::{Checked, Heard, HeldPage, Layer, WorkKind, have, inspector, list};
use crate::app::dialog::confirm;
use crate::app::msg::ReqId;
use crate::app::state::State;
use crate::model::Uri;

/// An answer came. One that nobody waits for is dropped.
pub(in crate::app) fn heard(state: &mut State, req: ReqId, heard: Heard) {
    match heard {
        Heard::Page(page) => paged(state, req, page),
        Heard::Verifying(checked) => progressed(state, req, checked),
        done => ended(state, req, done),
    }
}

fn paged(state: &mut State, req: ReqId, page: HeldPage) {
    let Some(inspector) = inspector(state) else { return };
    if inspector.listing.is_none_or(|(asked, _)| asked != req) {
        return;
    }
    inspector.listing = None;
    inspector.cursor = inspector.cursor.min(page.total.saturating_sub(1));
    inspector.page = Some(page);
    have(state);
}

fn progressed(state: &mut State, req: ReqId, checked: Checked) {
    let work = inspector(state).and_then(|inspector| inspector.work.as_mut());
    if let Some(work) = work.filter(|work| work.req == req) {
        work.kind = WorkKind::VerifyAll(checked);
    }
}

fn ended(state: &mut State, req: ReqId, done: Heard) {
    let Some(inspector) = inspector(state) else { return };
    let layer = inspector.layer;
    let Some(work) = inspector.work.take_if(|work| work.req == req) else { return };
    match (done, work.kind) {
        (Heard::Counted { entries, bytes }, WorkKind::Count(uri)) => {
            return counted(state, layer, uri, entries, bytes);
        }
        (Heard::Dropped(1), _) => state.tell("1 entry is forgotten"),
        (Heard::Dropped(entries), _) => state.tell(format!("{entries} entries are forgotten")),
        (Heard::Pinned(false), _) => state.refuse("it is gone meanwhile"),
        (Heard::Pinned(true), WorkKind::Pin(true)) => state.tell("pinned: it stays whatever the bounds say"),
        (Heard::Pinned(true), _) => state.tell("no longer pinned"),
        (Heard::Verified(found), _) if found.damaged > 0 => state.refuse(checked(found)),
        (Heard::Verified(found), _) => state.tell(checked(found)),
        _ => {}
    }
    list(state);
}

/// `3 of 12 entries checked, 1.2 MB, nothing is damaged`.
pub(super) fn checked(found: Checked) -> String {
    let of = if found.entries == found.total { String::new() } else { format!(" of {}", found.total) };
    let noun = if found.total == 1 { "entry" } else { "entries" };
    let damaged = match found.damaged {
        0 => "nothing is damaged".to_owned(),
        1 => "1 damaged piece was forgotten".to_owned(),
        pieces => format!("{pieces} damaged pieces were forgotten"),
    };
    format!("{}{of} {noun} checked, {}, {damaged}", found.entries, amount(found.bytes))
}

/// Bytes in a unit that fits.
fn amount(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let unit = units.into_iter().find(|(size, _)| bytes >= *size);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(size, unit)| format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size),
    )
}

/// Asks whether to forget so much, unless there is nothing.
fn counted(state: &mut State, layer: Layer, below: Uri, entries: u64, bytes: u64) {
    if entries == 0 {
        return state.tell(format!("nothing is held below {below}"));
    }
    let what = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
    let harm = match layer {
        Layer::Previews => "Nothing else changes: what is viewed again is rendered again.",
        _ => "Nothing changes at the service: what is wanted again is fetched again.",
    };
    let title = layer.title().to_lowercase();
    let text = format!("Forget {what}, {}, of the {title} below {below} ?\n{harm}", amount(bytes));
    confirm::drop_held(state, text, layer, below);
}
