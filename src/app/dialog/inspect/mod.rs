//! What the caches hold, to be looked at, forgotten, pinned and checked: [`Inspector`].
//!
//! Only a part of a long list is here at a time; the cursor has its place among all of it. Forgetting does no harm
//! to data: what is wanted again is fetched again.

mod acts;
mod heard;
mod words;

use super::{Dialog, panels, text};
use crate::app::action::{Action, Scope};
use crate::app::cmd::Cmd;
use crate::app::key::{Code, Key};
use crate::app::msg::ReqId;
use crate::app::state::State;
use crate::model::Uri;

pub(in crate::app) use acts::{applies, ask_below, drop_below};
pub(in crate::app) use heard::heard;
pub use words::{Checked, Heard, HeldAsk, HeldAt, HeldId, HeldItem, HeldLife, HeldPage, HeldWhat, Layer};

/// The most items that are here at a time.
pub const PAGE: usize = 200;

/// What a cache holds, as far as it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspector {
    /// The cache.
    pub layer: Layer,
    /// Only what lies below this location; none for all.
    pub below: Option<Uri>,
    /// The line of the cursor among all.
    pub cursor: usize,
    /// The part that is here; none before the first.
    pub page: Option<HeldPage>,
    /// What is under way.
    pub work: Option<Work>,
    /// The part that was asked for, and the place of its first item.
    listing: Option<(ReqId, usize)>,
}

/// Something that was asked of the cache and isn't answered yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    req: ReqId,
    /// What.
    pub kind: WorkKind,
}

/// What is under way.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkKind {
    /// Counting what lies below a location, to ask whether to forget it.
    Count(Uri),
    /// Forgetting.
    Drop,
    /// Pinning (`true`) or unpinning.
    Pin(bool),
    /// Checking one.
    Verify,
    /// Checking all: how far it is.
    VerifyAll(Checked),
}

impl Inspector {
    /// How many entries there are, as far as it is known.
    pub fn total(&self) -> usize {
        self.page.as_ref().map_or(0, |page| page.total)
    }

    /// The item on this line, if it is here.
    pub fn item(&self, line: usize) -> Option<&HeldItem> {
        let page = self.page.as_ref()?;
        page.items.get(line.checked_sub(page.skip)?)
    }

    /// The item of the cursor.
    pub fn current(&self) -> Option<&HeldItem> {
        self.item(self.cursor)
    }
}

/// The inspector, wherever it is among the dialogs.
fn inspector(state: &mut State) -> Option<&mut Inspector> {
    state.dialogs.iter_mut().rev().find_map(|dialog| match dialog {
        Dialog::Inspect(inspector) => Some(&mut **inspector),
        _ => None,
    })
}

/// The same, to look at.
fn shown(state: &State) -> Option<&Inspector> {
    state.dialogs.iter().rev().find_map(|dialog| match dialog {
        Dialog::Inspect(inspector) => Some(&**inspector),
        _ => None,
    })
}

/// Shows what the caches hold, what is on disk first: that is what stays.
pub(in crate::app) fn open(state: &mut State) {
    state
        .dialogs
        .push(Dialog::Inspect(Box::new(Inspector { layer: Layer::Objects, ..Inspector::default() })));
    list(state);
}

/// Asks for the part around the cursor.
fn list(state: &mut State) {
    let Some(inspector) = inspector(state) else { return };
    let (layer, below) = (inspector.layer, inspector.below.clone());
    let (before, skip) = (inspector.listing.take(), inspector.cursor.saturating_sub(PAGE / 2));
    state.cancel(before.map(|(req, _)| req));
    let req = ask(state, HeldAsk::List { layer, below, skip, most: PAGE });
    if let Some(inspector) = self::inspector(state) {
        inspector.listing = Some((req, skip));
    }
}

fn ask(state: &mut State, ask: HeldAsk) -> ReqId {
    let req = state.request();
    state.send(Cmd::Held { req, ask: Box::new(ask) });
    req
}

/// Has the part that the cursor is in.
fn have(state: &mut State) {
    let Some(inspector) = inspector(state) else { return };
    let (cursor, total) = (inspector.cursor, inspector.total());
    let coming = inspector.listing.is_some_and(|(_, skip)| (skip..skip + PAGE).contains(&cursor));
    if cursor < total && inspector.item(cursor).is_none() && !coming {
        list(state);
    }
}

/// Lists from the top: another cache, or other entries of it.
fn list_from_top(state: &mut State, change: impl FnOnce(&mut Inspector)) {
    let Some(inspector) = inspector(state) else { return };
    change(inspector);
    inspector.cursor = 0;
    inspector.page = None;
    list(state);
}

pub(super) fn press(state: &mut State, key: Key) {
    if let Some(action) = state.keymap.action(Scope::Held, key) {
        return acts::run(state, action);
    }
    if key.code == Code::Esc && stop(state) {
        return;
    }
    if panels::leaves(state, key, Action::Inspect) {
        return leave(state);
    }
    let page = state.height();
    let Some(inspector) = inspector(state) else { return };
    let total = inspector.total();
    text::scroll(&mut inspector.cursor, total, page, key);
    have(state);
}

/// Stops the checking of all, if it is under way.
fn stop(state: &mut State) -> bool {
    let Some(inspector) = inspector(state) else { return false };
    let Some(Work { req, kind: WorkKind::VerifyAll(checked) }) = inspector.work else { return false };
    inspector.work = None;
    state.cancel(Some(req));
    state.tell(format!("stopped: {}", heard::checked(checked)));
    list(state);
    true
}

/// Leaves. Nobody waits for the list any more; what is being forgotten or pinned goes on.
fn leave(state: &mut State) {
    let Some(inspector) = inspector(state) else { return };
    let listing = inspector.listing.take().map(|(req, _)| req);
    let checking = inspector.work.take().filter(|work| matches!(work.kind, WorkKind::VerifyAll(_)));
    state.cancel(listing);
    state.cancel(checking.map(|work| work.req));
    state.dialogs.pop();
}
