//! What a person is asked of a copy that wasn't written back: [`Question`].

use super::super::cmd::Cmd;
use super::super::dialog::{self, Button, Buttons, DEAF, Dialog, Press, PromptKind};
use super::super::key::Key;
use super::super::state::State;
use super::super::watch::{self, Watch};
use super::{Edit, EditId, Phase, SaveHow, end, of, save, take_question};
use crate::model::{ErrorKind, Timestamp, VfsError};

/// What is to be asked: the text, and the ways out, the safe one first.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    text: String,
    buttons: &'static [Button],
}

/// The question as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct EditQuestion {
    /// Which edit.
    pub id: EditId,
    /// What happened, in full.
    pub text: String,
    /// The ways out; the safe one first.
    pub buttons: Buttons,
    /// Since when it is shown: at first it hears no key.
    pub since: Timestamp,
}

const KEEP: Button = Button { label: "Keep the copy", letter: 'k', danger: false };
const SAVE_AS: Button = Button { label: "Save as", letter: 's', danger: false };

const CONFLICT: &[Button] = &[
    KEEP,
    Button { label: "Show the difference", letter: 'd', danger: false },
    SAVE_AS,
    Button { label: "Overwrite", letter: 'o', danger: true },
];

const FAILED: &[Button] = &[KEEP, Button { label: "Try again", letter: 't', danger: false }, SAVE_AS];

const A_MOMENT: &[Button] = &[
    KEEP,
    Button { label: "Watch it", letter: 'w', danger: false },
    Button { label: "Drop it", letter: 'd', danger: false },
];

pub(super) fn after_failed_editor(edit: &mut Edit, why: &str) {
    let text = format!("{why}.\nNothing was written to {}. What it left is in {}.", edit.uri, edit.copy());
    edit.phase = Phase::Asking(Question { text, buttons: FAILED });
}

pub(super) fn after_failed_save(edit: &mut Edit, error: &VfsError) {
    let (uri, file, reason) = (&edit.uri, edit.copy(), &error.reason);
    edit.phase = Phase::Asking(if error.kind == ErrorKind::Conflict {
        let text = format!(
            "{uri} was changed by somebody else.\nIt isn't what you began with ({reason}), so nothing was written. \
             Your text is in {file}."
        );
        Question { text, buttons: CONFLICT }
    } else {
        let hint = error.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let text = format!("{uri} wasn't saved.\n{reason}{hint}. Your text is in {file}.");
        Question { text, buttons: FAILED }
    });
}

pub(super) fn after_a_moment(edit: &mut Edit) {
    let text = format!(
        "The editor ended at once, and changed nothing.\nIf it goes on in a window of its own, watch the copy: each \
         save is written back to {}. It is in {}.",
        edit.uri,
        edit.copy()
    );
    edit.phase = Phase::Asking(Question { text, buttons: A_MOMENT });
}

/// Brings up the next question of an edit.
pub(in super::super) fn ask_next(state: &mut State) {
    let asks = |edit: &Edit| match &edit.phase {
        Phase::Asking(Question { text, buttons }) => Some((edit.id, text.clone(), *buttons)),
        _ => None,
    };
    let Some((id, text, buttons)) = state.edits.iter().find_map(asks) else { return };
    let question = EditQuestion { id, text, buttons: Buttons::new(buttons), since: state.now };
    state.dialogs.push(Dialog::Edit(Box::new(question)));
}

/// Gives a key to the question on top.
pub(in super::super) fn press(state: &mut State, key: Key) {
    let now = state.now;
    let Some(Dialog::Edit(question)) = state.dialogs.last_mut() else { return };
    if now.0 - question.since.0 < DEAF {
        return;
    }
    let id = question.id;
    let label = match question.buttons.press(key) {
        Press::Nothing => return,
        Press::Left => KEEP.label,
        Press::Chosen(at) => question.buttons.all[at].label,
    };
    match label {
        "Show the difference" => state.send(Cmd::CompareDraft(id)),
        "Save as" => ask_name(state, id),
        "Overwrite" => save(state, id, SaveHow::Over),
        "Try again" => save(state, id, SaveHow::Bound),
        "Watch it" => watch_it(state, id),
        "Drop it" => drop_it(state, id),
        _ => keep(state, id),
    }
}

/// Asks for another location.
fn ask_name(state: &mut State, id: EditId) {
    let Some(edit) = of(state, id) else { return };
    let (text, uri) = (edit.uri.to_string(), edit.uri.clone());
    dialog::open_prompt(state, PromptKind::SaveAs(id), text, Some(uri));
}

/// The editor goes on by itself. What it saved in the meantime is written at once.
fn watch_it(state: &mut State, id: EditId) {
    let Some(edit) = of(state, id) else { return };
    let Some(file) = edit.file.clone() else { return };
    edit.watch = Some(Watch::default());
    save(state, id, SaveHow::Bound);
    state.send(Cmd::WatchDraft { id, file });
    watch::tell_begun(state, id);
}

fn drop_it(state: &mut State, id: EditId) {
    take_question(state, id);
    if let Some(edit) = of(state, id) {
        edit.phase = Phase::Saving;
        state.send(Cmd::DropDraft(id));
    }
}

/// Leaves the copy where it is, and tells where.
fn keep(state: &mut State, id: EditId) {
    let Some(edit) = end(state, id) else { return };
    state.send(Cmd::LeaveDraft(id));
    let stays = format!("your text stays in {}", edit.copy());
    // Nothing that its program saves from now on is written back.
    let watched = edit.watch.map(|_| format!("{} is no longer watched; ", edit.uri)).unwrap_or_default();
    state.tell(watched + &stays);
}
