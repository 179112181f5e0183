//! The view beside the cursor: it follows the cursor of the active pane once that rests. [`Quick`].

use super::{Viewer, begin, refusal};
use crate::app::cmd::Cmd;
use crate::app::state::State;
use crate::model::{Entry, Timestamp, Uri, Viewed};

/// How long the cursor rests on a row before that is looked into, in milliseconds.
const REST: i64 = 60;
/// The same while a key is held: moves that follow one another faster than this are one.
const HELD: i64 = 160;

/// The view in the pane that isn't active.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quick {
    /// What is viewed.
    pub view: Option<Box<Viewer>>,
    /// The row that it is about.
    pub of: Option<Beside>,
    /// When that is looked into.
    pub due: Option<Timestamp>,
    /// When the cursor moved last.
    pub moved: Option<Timestamp>,
    /// Whether the view has the keys.
    pub focus: bool,
}

/// A row, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The directory.
    pub dir: Uri,
    /// The row as it is shown.
    pub entry: Entry,
}

/// Shows what the cursor is on in the other pane, or no longer.
pub(in crate::app) fn toggle(state: &mut State) {
    if let Some(quick) = state.quick.take() {
        return end(state, quick.view);
    }
    if state.screen.quick_frame().columns == 0 {
        return state.refuse("there is no room for a second pane here: 60 columns would do");
    }
    state.quick = Some(Quick::default());
}

fn end(state: &mut State, view: Option<Box<Viewer>>) {
    if let Some(view) = view {
        state.send(Cmd::CloseView(view.id));
    }
}

/// Gives the keys to the view; `false` where it shows nothing that keys could move.
pub(in crate::app) fn enter(state: &mut State) -> bool {
    let Some(quick) = &mut state.quick else { return false };
    quick.focus = quick.view.is_some();
    if !quick.focus {
        state.refuse("the quick view shows no file to move in");
    }
    true
}

/// Brings the view to where the cursor is, once that rests.
pub(in crate::app) fn follow(state: &mut State) {
    let Some(mut quick) = state.quick.take() else { return };
    if state.viewer.is_none() {
        if !is_of(&quick, state) {
            let left = leave(&mut quick, state);
            end(state, left);
        }
        if quick.due.is_some_and(|due| due <= state.now) {
            look(&mut quick, state);
        }
    }
    state.quick = Some(quick);
}

fn is_of(quick: &Quick, state: &State) -> bool {
    let pane = state.active_pane();
    match (&quick.of, pane.current()) {
        (Some(of), Some(entry)) => of.dir == pane.uri && of.entry == *entry,
        (None, None) => true,
        _ => false,
    }
}

/// Turns to another row: what was on its way is given up at once.
fn leave(quick: &mut Quick, state: &State) -> Option<Box<Viewer>> {
    let pane = state.active_pane();
    quick.of = pane.current().map(|entry| Beside { dir: pane.uri.clone(), entry: entry.clone() });
    let wait = match quick.moved {
        None => 0,
        Some(moved) if state.now.0 - moved.0 <= HELD => HELD,
        Some(_) => REST,
    };
    quick.moved = Some(state.now);
    let file = quick.of.as_ref().is_some_and(|of| refusal(&of.dir, &of.entry).is_none());
    quick.due = file.then_some(Timestamp(state.now.0 + wait));
    quick.focus = false;
    quick.view.take()
}

/// Looks at once into the row that the cursor went to, and keeps the keys.
pub(super) fn jump(state: &mut State) {
    let Some(mut quick) = state.quick.take() else { return };
    let left = leave(&mut quick, state);
    end(state, left);
    look(&mut quick, state);
    quick.focus = quick.view.is_some();
    state.quick = Some(quick);
}

/// The screen has another size: where there is no room nothing has the keys, and where there is room again
/// the row is looked into.
pub(super) fn fit(state: &mut State) {
    let (now, room) = (state.now, state.screen.quick_frame().columns > 0);
    let Some(quick) = &mut state.quick else { return };
    quick.focus &= room;
    let file = quick.of.as_ref().is_some_and(|of| refusal(&of.dir, &of.entry).is_none());
    if room && file && quick.view.is_none() {
        quick.due.get_or_insert(now);
    }
}

/// Looks into the row that the cursor rests on.
fn look(quick: &mut Quick, state: &mut State) {
    quick.due = None;
    let frame = state.screen.quick_frame();
    let Some(of) = quick.of.as_ref().filter(|_| frame.columns > 0) else { return };
    let uri = of.dir.join(&of.entry.name, of.entry.kind);
    let what = Viewed { uri, entry: of.entry.clone(), kind: None, quick: true };
    quick.view = Some(Box::new(begin(state, what, frame, false)));
}

/// Opens the same once more, and asks how it is now.
pub(super) fn anew(state: &mut State) {
    let Some(view) = state.quick.as_mut().and_then(|quick| quick.view.take()) else { return };
    state.send(Cmd::CloseView(view.id));
    let kind = view.kind();
    let begun = begin(state, Viewed { kind, ..view.what }, view.frame, true);
    if let Some(quick) = &mut state.quick {
        quick.view = Some(Box::new(begun));
    }
}
