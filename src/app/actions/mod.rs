//! What each key does: a small function for each [`Action`]. This file only routes.

mod applies;
mod marking;
mod moving;
mod operations;
mod showing;
mod typing;

use super::action::{Action, Scope};
use super::cmd::Cmd;
use super::dialog;
use super::key::{Code, Key};
use super::state::State;
use super::{edit, kept, leaving, viewer, watch};

pub(super) use marking::mark_glob;
pub(super) use operations::{chosen, resolve};
pub(super) use typing::typed;

/// For how long Esc waits for the digit that it turns into an F key, in milliseconds.
const ESCAPE_LASTS: i64 = 1_500;
/// The same for other keys, which mean something by themselves.
const ESCAPE_LASTS_SHORT: i64 = 400;

/// Ctrl-C: leaves a question or a line that is typed, as Esc does.
const LEAVE: Key = Key { code: Code::Char('c'), ctrl: true, alt: false, shift: false };

/// Gives a key to what has the keys: the dialog on top, the line that is typed, or the panes.
pub(super) fn press(state: &mut State, key: Key) {
    state.notice = None;
    state.ahead.awake = true;
    let leaves =
        key == LEAVE && (!state.dialogs.is_empty() || state.typing.is_some() || viewer::has_keys(state));
    let key = if leaves { Key::from(Code::Esc) } else { key };
    if !state.dialogs.is_empty() {
        dialog::press(state, key);
    } else if state.typing.is_some() {
        typing::press(state, key);
    } else if viewer::has_keys(state) {
        viewer::press(state, key);
    } else {
        press_in_panes(state, key);
    }
}

fn press_in_panes(state: &mut State, key: Key) {
    let digit = key.typed().is_some_and(|c| c.is_ascii_digit());
    let lasts = if digit { ESCAPE_LASTS } else { ESCAPE_LASTS_SHORT };
    let escaped = state.escape.take().is_some_and(|at| state.now.0 - at.0 <= lasts);
    if key == Key::from(Code::Esc) && state.keymap.action(Scope::Panes, key).is_none() {
        state.escape = Some(state.now);
        showing::clear_filter(state);
        return;
    }
    let alt = escaped.then(|| state.keymap.action(Scope::Panes, key.with_alt())).flatten();
    if let Some(action) = alt.or_else(|| state.keymap.action(Scope::Panes, key)) {
        run(state, action);
    }
}

/// Does what an action of the panes does. Where it can't, it says why.
pub(super) fn run(state: &mut State, action: Action) {
    match action {
        Action::Help => dialog::open_help(state),
        Action::Menu => dialog::open_menu(state),
        Action::View => viewer::open(state),
        Action::QuickView => viewer::toggle_quick(state),
        Action::Copy => operations::ask_copy(state),
        Action::Move => operations::ask_move(state),
        Action::Rename => operations::ask_rename(state),
        Action::Mkdir => operations::ask_mkdir(state),
        Action::Delete => dialog::open_delete(state),
        Action::Edit => edit::begin(state),
        Action::OpenWith => watch::open(state),
        Action::OpenWatched => watch::begin(state),
        Action::Watched => watch::list(state),
        Action::Links => dialog::open_links(state),
        Action::CopyUri => operations::copy_uri(state),
        Action::Jobs => dialog::open_jobs(state),
        Action::Stats => state.dialogs.push(dialog::Dialog::Stats { top: 0 }),
        Action::Inspect => dialog::open_inspector(state),
        Action::ErrorText => dialog::show_error(state),
        Action::ResumeJobs => kept::resume_all(state),
        Action::Suspend => state.send(Cmd::Suspend),
        Action::Quit => leaving::ask_quit(state),
        Action::GoTo => dialog::open_prompt(state, dialog::PromptKind::GoTo, String::new(), None),
        Action::Places => dialog::open_places(state),
        Action::Filter => typing::begin_filter(state),
        Action::Search => typing::begin_search(state),
        Action::Mark => marking::mark_and_go_on(state),
        Action::MarkGlob => marking::ask_glob(state, true),
        Action::UnmarkGlob => marking::ask_glob(state, false),
        Action::Invert => marking::invert(state),
        Action::MarkAll => marking::mark_all(state),
        Action::MarkNone => state.active_mut().rows.unmark(),
        other if other.scope() == Scope::Viewer => viewer::run(state, other),
        other if other.scope() != Scope::Panes => dialog::run_in_panel(state, other),
        other => run_view(state, other),
    }
}

/// Likewise, for what changes only what is seen.
fn run_view(state: &mut State, action: Action) {
    match action {
        Action::Up => moving::by(state, -1),
        Action::Down => moving::by(state, 1),
        Action::PageUp => moving::by_pages(state, -1),
        Action::PageDown => moving::by_pages(state, 1),
        Action::Top => moving::to(state, 0),
        Action::Bottom => moving::to(state, usize::MAX),
        Action::Open => moving::open(state),
        Action::Parent => moving::parent(state),
        Action::Switch if viewer::enter_quick(state) => {}
        Action::Switch => state.active = state.active.other(),
        Action::Back => moving::travel(state, false),
        Action::Forward => moving::travel(state, true),
        Action::Same => moving::same(state),
        Action::Swap => state.panes.swap(0, 1),
        Action::Refresh => moving::refresh(state),
        Action::SortName => showing::sort(state, crate::model::SortKey::Name),
        Action::SortSize => showing::sort(state, crate::model::SortKey::Size),
        Action::SortTime => showing::sort(state, crate::model::SortKey::Modified),
        Action::Hidden => showing::toggle_hidden(state),
        _ => {}
    }
}
