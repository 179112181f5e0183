//! The keys at the foot of the screen: [`bar`].

use super::action::Action;
use super::key::{Code, Key};
use super::state::State;

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

/// Those that it may show in a view.
const IN_VIEW: [Action; 10] = [
    Action::Help,
    Action::ViewWrap,
    Action::ViewHex,
    Action::ViewGoTo,
    Action::ViewSearch,
    Action::ViewKind,
    Action::ViewFollow,
    Action::ViewEncoding,
    Action::ViewFoldAll,
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
    let shown = possible(state).iter().filter(|action| action.applies(state));
    shown.filter_map(|action| item(state, *action)).collect()
}

/// All that [`bar`] can show, whatever is selected: how much room the bar may need.
pub fn full(state: &State) -> Vec<BarItem> {
    possible(state).iter().filter_map(|action| item(state, *action)).collect()
}

fn possible(state: &State) -> &'static [Action] {
    if state.front_view().is_some() { &IN_VIEW } else { &SHOWN }
}

fn item(state: &State, action: Action) -> Option<BarItem> {
    let keys = state.keymap.keys(action);
    let twin = keys.iter().find(|key| !matches!(key.code, Code::F(_))).copied();
    let key = *keys.first()?;
    Some(BarItem { key, twin: twin.filter(|twin| *twin != key), action })
}
