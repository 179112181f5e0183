//! What the keys of the inspector do.

use super::{
    HeldAsk, HeldAt, HeldItem, HeldWhat, Work, WorkKind, ask, inspector, leave, list, list_from_top, shown,
};
use crate::app::action::Action;
use crate::app::actions::resolve;
use crate::app::dialog::inspect::words::Checked;
use crate::app::dialog::{Dialog, Layer, PromptKind, prompt};
use crate::app::listings;
use crate::app::pane::Wanted;
use crate::app::state::State;
use crate::model::{Kind, Uri};

/// Does what an action of the inspector does. Where it can't, it says why.
pub(super) fn run(state: &mut State, action: Action) {
    match action {
        Action::HeldNext => turn(state, true),
        Action::HeldPrevious => turn(state, false),
        Action::HeldGo => go(state),
        Action::HeldFilter => ask_where(state, false),
        Action::HeldDrop => drop_one(state),
        Action::HeldDropBelow => ask_where(state, true),
        Action::HeldPin => pin(state),
        Action::HeldVerify => verify(state),
        Action::HeldVerifyAll => verify_all(state),
        Action::HeldRefresh => list(state),
        _ => {}
    }
}

/// Whether an action of the inspector can do something now.
pub(in crate::app) fn applies(action: Action, state: &State) -> bool {
    let Some(inspector) = shown(state) else { return false };
    let (item, disk) = (inspector.current(), inspector.layer.on_disk());
    match action {
        Action::HeldGo => item.is_some_and(|item| item.at != HeldAt::Typed(String::new())),
        Action::HeldDrop => item.is_some(),
        Action::HeldPin | Action::HeldVerify => item.is_some() && disk,
        Action::HeldVerifyAll => disk && inspector.total() > 0,
        Action::HeldDropBelow => inspector.total() > 0,
        _ => true,
    }
}

fn turn(state: &mut State, forward: bool) {
    if busy(state) {
        return;
    }
    list_from_top(state, |inspector| {
        inspector.layer = inspector.layer.turned(forward);
        // Only previews are made of what lies on this machine.
        let fits = |uri: &Uri| uri.as_s3().is_some() || inspector.layer == Layer::Previews;
        inspector.below = inspector.below.take().filter(fits);
    });
}

/// Whether something is under way that has to end first; then it says so.
fn busy(state: &mut State) -> bool {
    let checking = match shown(state).and_then(|inspector| inspector.work.as_ref()) {
        None => return false,
        Some(work) => matches!(work.kind, WorkKind::VerifyAll(_)),
    };
    if checking {
        state.refuse("all is being checked: Esc stops it");
    }
    true
}

/// The item of the cursor, if nothing else is under way.
fn item(state: &mut State) -> Option<(Layer, HeldItem)> {
    if busy(state) {
        return None;
    }
    let inspector = shown(state)?;
    Some((inspector.layer, inspector.current()?.clone()))
}

fn begin(state: &mut State, asked: HeldAsk, kind: WorkKind) {
    let req = ask(state, asked);
    if let Some(inspector) = inspector(state) {
        inspector.work = Some(Work { req, kind });
    }
}

fn drop_one(state: &mut State) {
    if let Some((layer, item)) = item(state) {
        begin(state, HeldAsk::Drop(layer, item.id), WorkKind::Drop);
    }
}

fn pin(state: &mut State) {
    let Some((layer, item)) = item(state) else { return };
    match item.what {
        HeldWhat::File { pinned, .. } => {
            begin(state, HeldAsk::Pin(layer, item.id, !pinned), WorkKind::Pin(!pinned));
        }
        HeldWhat::Answer { .. } => {
            state.refuse("only what is on disk can be pinned: answers go by their age");
        }
    }
}

const NOTHING_TO_CHECK: &str = "only what is on disk can be damaged: there is nothing to check in memory";

fn verify(state: &mut State) {
    let Some((layer, item)) = item(state) else { return };
    if layer.on_disk() {
        begin(state, HeldAsk::Verify(layer, item.id), WorkKind::Verify);
    } else {
        state.refuse(NOTHING_TO_CHECK);
    }
}

/// Checks all that is held, whether or not its list is here yet.
fn verify_all(state: &mut State) {
    if busy(state) {
        return;
    }
    let Some(inspector) = shown(state) else { return };
    let (layer, below, total) = (inspector.layer, inspector.below.clone(), inspector.total() as u64);
    if inspector.page.is_some() && total == 0 {
        return;
    }
    if !layer.on_disk() {
        return state.refuse(NOTHING_TO_CHECK);
    }
    let checked = Checked { total, ..Checked::default() };
    begin(state, HeldAsk::VerifyAll(layer, below), WorkKind::VerifyAll(checked));
}

/// Asks below which location: to forget all there (`drop`), or to show only that.
fn ask_where(state: &mut State, drop: bool) {
    if busy(state) {
        return;
    }
    let Some(inspector) = shown(state) else { return };
    let around = inspector.current().and_then(|item| directory(state, &item.at));
    let preset = if drop { around.or_else(|| inspector.below.clone()) } else { inspector.below.clone() };
    let text = preset.as_ref().map(ToString::to_string).unwrap_or_default();
    prompt::open(state, PromptKind::HeldBelow { drop }, text, preset);
}

/// The directory that an entry is in; of a listing the one that it lists.
fn directory(state: &State, at: &HeldAt) -> Option<Uri> {
    let uri = located(state, at).ok()?;
    if uri.as_s3().is_some_and(crate::model::S3Uri::is_dir_shaped) {
        return Some(uri);
    }
    uri.parent()
}

/// The location of an entry, or what is wrong with it.
fn located(state: &State, at: &HeldAt) -> Result<Uri, String> {
    match at {
        HeldAt::Uri(uri) => Ok(uri.clone()),
        HeldAt::Typed(text) if text.is_empty() => Err("it isn't known what this was made of".to_owned()),
        HeldAt::Typed(text) => resolve(state, text),
    }
}

/// It is known below which location: shows only that, or counts it and asks whether to forget it.
///
/// # Errors
/// What is wrong with the location.
pub(in crate::app) fn ask_below(state: &mut State, drop: bool, below: Option<Uri>) -> Result<(), String> {
    let layer = shown(state).map(|inspector| inspector.layer).unwrap_or_default();
    if let Some(uri) = below.as_ref().filter(|uri| uri.as_s3().is_none() && layer != Layer::Previews) {
        return Err(format!("nothing of {uri} is held here: type such as s3://bucket/prefix"));
    }
    match (drop, below) {
        (true, None) => return Err("type below which location, such as s3://bucket/prefix".to_owned()),
        (true, Some(uri)) => {
            prompt::leave(state);
            begin(state, HeldAsk::Count(layer, uri.clone()), WorkKind::Count(uri));
        }
        (false, below) => {
            prompt::leave(state);
            list_from_top(state, |inspector| inspector.below = below);
        }
    }
    Ok(())
}

/// It was agreed to forget all that lies below a location.
pub(in crate::app) fn drop_below(state: &mut State, layer: Layer, below: Uri) {
    begin(state, HeldAsk::DropBelow(layer, below), WorkKind::Drop);
}

/// Shows the entry's directory in the active pane, the cursor on what it is of.
fn go(state: &mut State) {
    let Some((_, item)) = item(state) else { return };
    let listing = matches!(item.what, HeldWhat::Answer { rows: Some(_), .. });
    let uri = match located(state, &item.at) {
        Ok(uri) => uri,
        Err(problem) => return state.refuse(problem),
    };
    let parent = uri.parent().filter(|_| !listing);
    leave(state);
    state.dialogs.retain(|dialog| !matches!(dialog, Dialog::Stats { .. }));
    let row = parent.is_some().then(|| Wanted { name: uri.name(), kind: Some(Kind::File) });
    listings::go(state, state.active, parent.unwrap_or(uri), row);
}
