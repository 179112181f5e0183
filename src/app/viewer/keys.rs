//! Keys while a view has them.

use super::{Typed, Viewer, ask, close, front, show, typing};
use crate::app::action::{Action, Scope};
use crate::app::actions;
use crate::app::dialog::EqInput;
use crate::app::key::Key;
use crate::app::pane::Row;
use crate::app::state::State;
use crate::model::{Ask, ViewKind, Viewed};

/// How many columns a key moves sideways.
const SIDEWAYS: i32 = 8;

/// A key while a view has the keys.
pub(in crate::app) fn press(state: &mut State, key: Key) {
    if front(state).is_some_and(|viewer| viewer.typing.is_some()) {
        return typing::press(state, key);
    }
    if let Some(action) = leads_out(state, key) {
        return leave_beside(state, Some(action));
    }
    let outside = state.keymap.action(Scope::Panes, key);
    match (outside, state.keymap.action(Scope::Viewer, key)) {
        (_, Some(action)) => run(state, action),
        (Some(Action::Help | Action::ErrorText | Action::Suspend | Action::Jobs | Action::Stats), None) => {
            if let Some(action) = outside {
                actions::run(state, action);
            }
        }
        _ => {}
    }
}

/// What this key does that leads out of the view beside the cursor, where that has the keys.
pub(in crate::app) fn leads_out(state: &State, key: Key) -> Option<Action> {
    let beside = state.viewer.is_none() && state.front_view().is_some();
    let action = state.keymap.action(Scope::Panes, key).filter(|_| beside)?;
    matches!(action, Action::Switch | Action::QuickView | Action::View).then_some(action)
}

/// Leaves the view beside the cursor.
fn leave_beside(state: &mut State, action: Option<Action>) {
    if let Some(quick) = &mut state.quick {
        quick.focus = false;
    }
    match action {
        Some(Action::QuickView) => super::toggle_quick(state),
        Some(Action::View) => super::open(state),
        _ => {}
    }
}

/// Does what an action of the viewer does.
pub(in crate::app) fn run(state: &mut State, action: Action) {
    let Some(viewer) = state.front_view() else { return };
    if !applies(action, viewer) {
        return state.refuse("that means nothing in this kind of view");
    }
    match action {
        Action::ViewUp => ask(state, Ask::Lines(-1)),
        Action::ViewDown => ask(state, Ask::Lines(1)),
        Action::ViewPageUp => ask(state, Ask::Pages(-1)),
        Action::ViewOn if viewer.has_cursor() => ask(state, Ask::Fold),
        Action::ViewPageDown | Action::ViewOn => ask(state, Ask::Pages(1)),
        Action::ViewTop => ask(state, Ask::Top),
        Action::ViewBottom => ask(state, Ask::Bottom),
        Action::ViewLeft => ask(state, Ask::Columns(-SIDEWAYS)),
        Action::ViewRight => ask(state, Ask::Columns(SIDEWAYS)),
        Action::ViewFold => ask(state, Ask::Fold),
        Action::ViewFoldAll => ask(state, Ask::FoldAll),
        Action::ViewNext => ask(state, Ask::Next { back: false }),
        Action::ViewPrevious => ask(state, Ask::Next { back: true }),
        Action::ViewEncoding => ask(state, Ask::Encoding),
        other => run_rest(state, other),
    }
}

fn run_rest(state: &mut State, action: Action) {
    match action {
        Action::ViewWrap => flip(state, |screen| Ask::Wrap(!screen.wrap)),
        Action::ViewFollow => flip(state, |screen| Ask::Follow(!screen.following)),
        Action::ViewHex => hex(state),
        Action::ViewKind => next_kind(state),
        Action::ViewSearch => type_search(state, false),
        Action::ViewSearchUp => type_search(state, true),
        Action::ViewGoTo => type_in(state, Typed::GoTo(EqInput::default())),
        Action::ViewAnew => anew(state),
        Action::ViewNextFile => neighbour(state, 1),
        Action::ViewPreviousFile => neighbour(state, -1),
        Action::ViewClose => leave(state),
        _ => {}
    }
}

/// Whether an action means something to what is shown.
pub(in crate::app) fn applies(action: Action, viewer: &Viewer) -> bool {
    let Some(screen) = &viewer.screen else {
        return !matches!(action, Action::ViewFold | Action::ViewFoldAll);
    };
    let text = matches!(screen.kind, ViewKind::Text | ViewKind::Hex);
    match action {
        Action::ViewFold | Action::ViewFoldAll => screen.cursor.is_some(),
        Action::ViewEncoding | Action::ViewFollow => text,
        Action::ViewWrap => !matches!(screen.kind, ViewKind::Hex | ViewKind::Image),
        Action::ViewKind => screen.kinds.len() > 1,
        Action::ViewSearch | Action::ViewSearchUp | Action::ViewGoTo => screen.kind != ViewKind::Image,
        _ => true,
    }
}

impl Viewer {
    /// Whether there is a cursor among its lines.
    pub fn has_cursor(&self) -> bool {
        self.screen.as_ref().is_some_and(|screen| screen.cursor.is_some())
    }
}

fn flip(state: &mut State, what: impl FnOnce(&crate::model::Screenful) -> Ask) {
    if let Some(wanted) = front(state).and_then(|viewer| viewer.screen.as_deref().map(what)) {
        ask(state, wanted);
    }
}

/// Shows bytes, or again what was shown before.
fn hex(state: &mut State) {
    let Some(viewer) = front(state) else { return };
    let before = viewer.before_hex.take();
    let kind = match viewer.kind() {
        Some(ViewKind::Hex) => before.unwrap_or(ViewKind::Text),
        kind => {
            viewer.before_hex = kind;
            ViewKind::Hex
        }
    };
    ask(state, Ask::Show(kind));
}

fn next_kind(state: &mut State) {
    let Some(screen) = front(state).and_then(|viewer| viewer.screen.as_deref()) else { return };
    let at = screen.kinds.iter().position(|kind| *kind == screen.kind);
    let next = at.map_or(0, |at| (at + 1) % screen.kinds.len());
    if let Some(kind) = screen.kinds.get(next).copied() {
        ask(state, Ask::Show(kind));
    }
}

fn type_search(state: &mut State, up: bool) {
    type_in(state, Typed::Search { input: EqInput::default(), up });
}

fn type_in(state: &mut State, typed: Typed) {
    if let Some(viewer) = front(state) {
        viewer.typing = Some(typed);
    }
}

/// Opens the same once more, and asks how it is now.
fn anew(state: &mut State) {
    let Some(viewer) = front(state) else { return };
    let (what, kind) = (viewer.what.clone(), viewer.kind());
    if state.viewer.is_some() {
        return show(state, Viewed { kind, ..what }, true);
    }
    super::quick::anew(state);
}

/// Leaves the view, or only the search that it is at.
fn leave(state: &mut State) {
    if front(state).is_some_and(|viewer| viewer.searching.take().is_some()) {
        return ask(state, Ask::Stop);
    }
    if state.viewer.is_some() {
        return close(state);
    }
    leave_beside(state, None);
}

/// Goes to the next file of the pane that can be viewed, down or up.
fn neighbour(state: &mut State, step: isize) {
    let height = state.height();
    let pane = state.active_pane();
    let is_file = |at: &usize| matches!(pane.row(*at), Some(Row::Entry { entry, .. }) if super::refusal(&pane.uri, entry).is_none());
    let found = if step > 0 {
        (pane.cursor + 1..pane.len()).find(is_file)
    } else {
        (0..pane.cursor).rev().find(is_file)
    };
    let Some(at) = found else {
        let text = if step > 0 { "this is the last file here" } else { "this is the first file here" };
        return state.refuse(text);
    };
    let pane = state.active_mut();
    pane.wanted = None;
    pane.set_cursor(at, height);
    if state.viewer.is_some() {
        return super::open(state);
    }
    super::quick::jump(state);
}
