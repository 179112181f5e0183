//! Whether a search reads on in an object that is long.

use super::buttons::Press;
use super::{Button, Buttons, Dialog};
use crate::app::key::Key;
use crate::app::msg::ReqId;
use crate::app::state::State;
use crate::app::viewer;
use crate::model::{StorageClass, Uri};
use crate::transfer::plan::{NanoDollars, Request, Requests, price};

/// About how many bytes a search reads in one request.
const AT_ONCE: u64 = 4 << 20;

const BUTTONS: &[Button] = &[
    Button { label: "Stop here", letter: 's', danger: false },
    Button { label: "Read on", letter: 'r', danger: false },
];

/// A search in a view would read much.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadQuestion {
    /// The view.
    pub id: ReqId,
    /// What is searched.
    pub uri: Uri,
    /// The bytes that it would read at the most.
    pub bytes: u64,
    /// The requests that this takes, about.
    pub requests: u64,
    /// What that costs by the list, where the service has one.
    pub cost: Option<NanoDollars>,
    /// The ways out; the safe one first.
    pub buttons: Buttons,
}

/// Asks whether the search of a view may read so many bytes more.
pub(in crate::app) fn ask(state: &mut State, id: ReqId, bytes: u64, uri: Uri, class: Option<&StorageClass>) {
    let requests = bytes.div_ceil(AT_ONCE);
    let cost = cost(state, &uri, bytes, requests, class);
    let buttons = Buttons::new(BUTTONS);
    let question = ReadQuestion { id, uri, bytes, requests, cost, buttons };
    state.dialogs.push(Dialog::ReadOn(Box::new(question)));
}

/// What reading so much costs by the list, where the service has one.
pub(super) fn cost(
    state: &State,
    uri: &Uri,
    bytes: u64,
    requests: u64,
    class: Option<&StorageClass>,
) -> Option<NanoDollars> {
    let uri = uri.as_archive().map_or(uri, |inside| &*inside.outer);
    let priced = uri.as_s3().is_some_and(|s3| state.priced.contains(&s3.connection));
    priced.then(|| {
        price::requests(&Requests::of(Request::Get, requests), class)
            + price::retrieval(bytes, class)
            + price::egress(bytes)
    })
}

pub(super) fn press(state: &mut State, key: Key) {
    let Some(Dialog::ReadOn(question)) = state.dialogs.last_mut() else { return };
    let (id, press) = (question.id, question.buttons.press(key));
    if press == Press::Nothing {
        return;
    }
    state.dialogs.pop();
    viewer::answer_read(state, id, press == Press::Chosen(1));
}
