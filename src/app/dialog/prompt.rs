//! Questions that are answered by typing: the keys of a [`Prompt`].

use super::{Completion, Dialog, EqInput, Prompt, PromptKind, complete, submit};
use crate::app::key::{Code, Key};
use crate::app::msg::ReqId;
use crate::app::state::{State, Typing};
use crate::model::Uri;

/// Asks, with a text to begin with; `preset` is the location that it stands for.
pub(in crate::app) fn open(state: &mut State, kind: PromptKind, text: String, preset: Option<Uri>) {
    state.dialogs.push(Dialog::Prompt(Box::new(Prompt {
        kind,
        preset: preset.map(|uri| (text.clone(), uri)),
        input: EqInput::new(text),
        problem: None,
        completion: Completion::default(),
        checking: None,
    })));
}

/// Types pasted text where something is being typed.
pub(in crate::app) fn paste(state: &mut State, text: &str) {
    let input = match (state.dialogs.last_mut(), &mut state.typing) {
        (Some(Dialog::Prompt(prompt)), _) => &mut prompt.input,
        (Some(Dialog::Delete(question)), _) => match &mut question.bucket {
            Some(bucket) => &mut bucket.input,
            None => return,
        },
        (None, Some(Typing::Filter(input) | Typing::Search(input))) => input,
        _ => return,
    };
    input.paste(text);
    if state.dialogs.is_empty() {
        crate::app::actions::typed(state);
    } else {
        edited(state);
    }
}

/// The prompt on top, if one is.
pub(super) fn top(state: &mut State) -> Option<&mut Prompt> {
    match state.dialogs.last_mut() {
        Some(Dialog::Prompt(prompt)) => Some(prompt),
        _ => None,
    }
}

pub(super) fn press(state: &mut State, key: Key) {
    match key.code {
        Code::Esc => leave(state),
        Code::Enter => submit::submit(state),
        Code::Tab if key.shift => complete::choose(state, -1),
        Code::Up => complete::choose(state, -1),
        Code::Down => complete::choose(state, 1),
        Code::Tab => complete::ask(state),
        _ => {
            if top(state).is_some_and(|prompt| prompt.input.press(key)) {
                edited(state);
            }
        }
    }
}

/// What was typed changed: what was found out about it before is void.
fn edited(state: &mut State) {
    if let Some(prompt) = top(state) {
        prompt.problem = None;
    }
    forget_requests(state);
}

/// Gives up on what was asked about the text.
pub(super) fn forget_requests(state: &mut State) {
    let Some(prompt) = top(state) else { return };
    let requests = [prompt.checking.take(), std::mem::take(&mut prompt.completion).req];
    for req in requests {
        state.cancel(req);
    }
}

/// Leaves the prompt; nobody waits for what it asked any more.
pub(super) fn leave(state: &mut State) {
    forget_requests(state);
    state.dialogs.pop();
}

/// Tells what is wrong with what was typed.
pub(super) fn object(state: &mut State, problem: impl Into<String>) {
    if let Some(prompt) = top(state) {
        prompt.problem = Some(problem.into());
    }
}

/// Whether the destination that was typed is a directory.
pub(in crate::app) fn probed(state: &mut State, req: ReqId, is_dir: bool) {
    match top(state) {
        Some(prompt) if prompt.checking == Some(req) => prompt.checking = None,
        _ => return,
    }
    submit::submit_checked(state, is_dir);
}
