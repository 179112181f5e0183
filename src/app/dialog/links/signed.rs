//! Links that were signed: copied, or shown as text or as a QR code.

use super::Code;
use crate::app::cmd::Cmd;
use crate::app::dialog::{Button, Buttons, Dialog, buttons::Press, text};
use crate::app::key::{Code as KeyCode, Key};
use crate::app::msg::ReqId;
use crate::app::state::State;
use crate::model::units::time_text;
use crate::model::{Redacted, SignedLink, VfsError};

const ONE: &[Button] = &[
    Button { label: "Copy", letter: 'c', danger: false },
    Button { label: "QR code", letter: 'q', danger: false },
    Button { label: "Leave", letter: 'l', danger: false },
];
const MANY: &[Button] = &[
    Button { label: "Copy all, a line each", letter: 'c', danger: false },
    Button { label: "Leave", letter: 'l', danger: false },
];

/// Links that were signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Signed {
    /// The links.
    pub links: Vec<SignedLink>,
    /// Why some weren't.
    pub failed: Vec<VfsError>,
    /// The first line that is shown.
    pub top: usize,
    /// The QR code in place of the text.
    pub code: Option<Code>,
    /// The ways out.
    pub buttons: Buttons,
}

/// The links came: shown in place of the question.
pub(in crate::app) fn signed(state: &mut State, req: ReqId, signed: Vec<Result<SignedLink, VfsError>>) {
    let waits = |dialog: &Dialog| matches!(dialog, Dialog::Links(it) if it.signing == Some(req));
    let Some(at) = state.dialogs.iter().position(waits) else { return };
    let (mut links, mut failed) = (Vec::new(), Vec::new());
    for one in signed {
        match one {
            Ok(link) => links.push(link),
            Err(error) => failed.push(error),
        }
    }
    if links.is_empty() {
        return refused(state, at, failed);
    }
    let buttons = Buttons::new(if links.len() == 1 { ONE } else { MANY });
    state.dialogs[at] = Dialog::Signed(Box::new(Signed { links, failed, top: 0, code: None, buttons }));
}

/// None was made: the question stays, with the reason.
fn refused(state: &mut State, at: usize, failed: Vec<VfsError>) {
    if let Some(Dialog::Links(question)) = state.dialogs.get_mut(at) {
        question.signing = None;
        question.problem = failed.first().map(ToString::to_string);
    }
    if let Some(error) = failed.into_iter().next() {
        state.note(error);
    }
}

pub(in crate::app) fn press(state: &mut State, key: Key) {
    let page = state.height();
    let Some(Dialog::Signed(signed)) = state.dialogs.last_mut() else { return };
    if signed.code.take().is_some() {
        return;
    }
    if matches!(key.code, KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown) {
        let lines = signed.links.iter().map(|link| link.url.expose().len() / 40 + 3).sum();
        text::scroll(&mut signed.top, lines, page, key);
        return;
    }
    match signed.buttons.press(key) {
        Press::Nothing => {}
        Press::Chosen(0) => copy(state),
        Press::Chosen(1) if signed.links.len() == 1 => show_code(state),
        Press::Left | Press::Chosen(_) => {
            state.dialogs.pop();
        }
    }
}

/// Copies the links, one a line.
fn copy(state: &mut State) {
    let Some(Dialog::Signed(signed)) = state.dialogs.pop() else { return };
    let urls: Vec<&str> = signed.links.iter().map(|link| link.url.expose().as_str()).collect();
    state.send(Cmd::CopySecret(Redacted::new(urls.join("\n"))));
    let what = match &signed.links[..] {
        [only] => format!("copied a link to {}", only.uri.name().to_lossy()),
        many => format!("copied {} links", many.len()),
    };
    let life = signed.links.iter().map(|link| link.life).min().unwrap_or_default();
    state.tell(format!("{what}: signed for {}", time_text(life)));
}

/// Shows the link as a QR code, if the screen is large enough.
fn show_code(state: &mut State) {
    let room = (state.screen.columns, state.screen.rows);
    let Some(Dialog::Signed(signed)) = state.dialogs.last_mut() else { return };
    let Some(link) = signed.links.first() else { return };
    match Code::of(link.url.expose()) {
        None => state.refuse("this link is too long for a QR code: copy it"),
        Some(code) if code.columns() > room.0 || code.rows() > room.1 => {
            let (columns, rows) = (code.columns(), code.rows());
            let (wide, high) = room;
            state.refuse(format!("too small for the QR code: {columns} × {rows}, this is {wide} × {high}"));
        }
        Some(code) => signed.code = Some(code),
    }
}
