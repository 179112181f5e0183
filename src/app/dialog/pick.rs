//! Lists to choose from: the menu of actions, places to go to.

use super::{Dialog, Pick, PickItem, text};
use crate::app::action::{Action, Group, Scope};
use crate::app::key::{Code, Key};
use crate::app::state::State;
use crate::app::{actions, listings, watch};
use crate::model::{S3Uri, Uri};

/// Shows all that can be done now, but for moving the cursor.
pub(in crate::app) fn open_menu(state: &mut State) {
    let of_panes = |action: &Action| action.scope() == Scope::Panes && action.info().group != Group::Move;
    let wanted = |action: &&Action| of_panes(action) && **action != Action::Menu && action.applies(state);
    let items = Action::ALL.iter().filter(wanted).map(|action| PickItem::Action(*action)).collect();
    state.dialogs.push(Dialog::Pick(Pick { title: "What to do", items, selected: 0 }));
}

/// Shows where one may want to go: each connection, the home directory, where the program was started, the root.
pub(in crate::app) fn open_places(state: &mut State) {
    let context = &state.context;
    let connections = context.connections.iter().map(|name| Uri::S3(S3Uri::buckets(name)));
    let local = context.home.iter().cloned().chain([context.base.clone(), "/".into()]);
    let mut places: Vec<Uri> = connections.chain(local.map(Uri::Local)).collect();
    let mut seen = std::collections::HashSet::new();
    places.retain(|place| seen.insert(place.clone()));
    let items = places.into_iter().map(PickItem::Place).collect();
    state.dialogs.push(Dialog::Pick(Pick { title: "Where to go", items, selected: 0 }));
}

pub(super) fn press(state: &mut State, key: Key) {
    let page = state.height();
    let Some(Dialog::Pick(pick)) = state.dialogs.last_mut() else { return };
    match key.code {
        Code::Enter => take(state),
        _ => {
            if !text::scroll(&mut pick.selected, pick.items.len(), page, key) {
                state.dialogs.pop();
            }
        }
    }
}

fn take(state: &mut State) {
    let Some(Dialog::Pick(mut pick)) = state.dialogs.pop() else { return };
    if pick.selected >= pick.items.len() {
        return;
    }
    match pick.items.swap_remove(pick.selected) {
        PickItem::Action(action) => actions::run(state, action),
        PickItem::Watched(id, _) => watch::close(state, id),
        PickItem::Place(uri) => listings::go(state, state.active, uri, None),
    }
}
