//! The keys at the foot of the screen: [`bar`].

use super::action::{Action, Scope};
use super::key::{Code, Key};
use super::state::State;
use super::viewer;

/// The actions that the bar may show, in order.
const SHOWN: [Action; 11] = [
    Action::Help,
    Action::Menu,
    Action::View,
    Action::Edit,
    Action::Copy,
    Action::Move,
    Action::Mkdir,
    Action::Delete,
    Action::Jobs,
    Action::Rename,
    Action::Quit,
];

/// Those that it may show in a view; `Switch` only beside the panes, where it leads out.
const IN_VIEW: [Action; 11] = [
    Action::Help,
    Action::ViewWrap,
    Action::ViewHex,
    Action::ViewGoTo,
    Action::ViewSearch,
    Action::ViewKind,
    Action::ViewFollow,
    Action::ViewEncoding,
    Action::ViewFoldAll,
    Action::Switch,
    Action::ViewClose,
];

/// One field of the key bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarItem {
    /// The key.
    pub key: Key,
    /// Its twin, for terminals that keep F-keys to themselves.
    pub twin: Option<Key>,
    /// What it does.
    pub action: Action,
}

impl BarItem {
    /// The word that stands beside the key.
    pub fn title(&self) -> &'static str {
        self.action.info().title
    }
}

/// The keys that apply to what is selected now.
pub fn bar(state: &State) -> Vec<BarItem> {
    let shown = possible(state).filter(|action| action.applies(state));
    shown.filter_map(|action| item(state, action)).collect()
}

/// All that [`bar`] can show, whatever is selected: how much room the bar may need.
pub fn full(state: &State) -> Vec<BarItem> {
    possible(state).filter_map(|action| item(state, action)).collect()
}

fn possible(state: &State) -> impl Iterator<Item = Action> {
    let all: &[Action] = if state.front_view().is_some() { &IN_VIEW } else { &SHOWN };
    let over_both = state.viewer.is_some();
    all.iter().copied().filter(move |action| !(over_both && *action == Action::Switch))
}

fn item(state: &State, action: Action) -> Option<BarItem> {
    // A key that leads out of the view beside doesn't do what it does over both panes.
    let is_taken = |key: &&Key| action.scope() == Scope::Viewer && viewer::leads_out(state, **key).is_some();
    let keys = || state.keymap.keys(action).iter().filter(|key| !is_taken(key)).copied();
    let twin = keys().find(|key| !matches!(key.code, Code::F(_)));
    let key = keys().next()?;
    Some(BarItem { key, twin: twin.filter(|twin| *twin != key), action })
}
