//! Questions that are answered by typing: the keys of a [`Prompt`].

use super::{Chosen, Completion, Dialog, EqInput, Planning, Prompt, PromptKind, complete, plan, submit};
use crate::app::key::{Code, Key};
use crate::app::msg::ReqId;
use crate::app::state::{State, Typing};
use crate::app::viewer;
use crate::model::Uri;
use crate::transfer::{JobKind, Trust};

/// Asks, with a text to begin with; `preset` is the location that it stands for.
pub(in crate::app) fn open(state: &mut State, kind: PromptKind, text: String, preset: Option<Uri>) {
    state.dialogs.push(Dialog::Prompt(Box::new(Prompt {
        kind,
        preset: preset.map(|uri| (text.clone(), uri)),
        input: EqInput::new(text),
        problem: None,
        completion: Completion::default(),
        checking: None,
        planning: None,
    })));
}

/// Asks where to copy or move what was chosen, `target` to begin with, and plans it meanwhile.
pub(in crate::app) fn open_transfer(state: &mut State, kind: JobKind, chosen: Chosen, target: Uri) {
    let mut text = target.to_string();
    if !text.ends_with('/') {
        text.push('/');
    }
    let mut planning = Planning::default();
    if state.active_pane().is_past() {
        // Nobody knows whether the tags of its rows are still right, whatever the settings trust.
        planning.options.bodies = Trust::Check;
    }
    open(state, PromptKind::Transfer { kind, chosen: Box::new(chosen) }, text, Some(target));
    if let Some(prompt) = top(state) {
        prompt.planning = Some(Box::new(planning));
    }
    submit::plan(state);
}

/// Types pasted text where something is being typed.
pub(in crate::app) fn paste(state: &mut State, text: &str) {
    if state.dialogs.is_empty() && viewer::paste(state, text) {
        return;
    }
    if let Some(Dialog::Links(question)) = state.dialogs.last_mut() {
        return super::links::paste(question, text);
    }
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
        plan::stale(state);
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
    if plan::press(state, key) {
        return;
    }
    match key.code {
        Code::Esc => leave(state),
        Code::Enter => submit::submit(state),
        Code::Tab if key.shift => complete::choose(state, -1),
        Code::Up => complete::choose(state, -1),
        Code::Down => complete::choose(state, 1),
        Code::Tab => complete::ask(state),
        _ => {
            let before = top(state).map(|prompt| prompt.input.text().to_owned());
            if top(state).is_some_and(|prompt| prompt.input.press(key)) {
                edited(state);
            }
            if before != top(state).map(|prompt| prompt.input.text().to_owned()) {
                plan::stale(state);
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

/// Gives up on the plan, too.
pub(super) fn forget_all(state: &mut State) {
    forget_requests(state);
    let planning = top(state).and_then(|prompt| prompt.planning.as_deref_mut());
    let req = planning.and_then(|planning| planning.req.take());
    state.cancel(req);
}

/// Leaves the prompt; nobody waits for what it asked any more.
pub(super) fn leave(state: &mut State) {
    forget_all(state);
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
    let planning = top(state).and_then(|prompt| prompt.planning.as_deref_mut());
    if planning.is_some_and(|planning| std::mem::take(&mut planning.probing)) {
        return submit::plan_checked(state, is_dir);
    }
    submit::submit_checked(state, is_dir);
}
