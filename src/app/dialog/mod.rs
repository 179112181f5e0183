//! What lies over the panes and has the keys: [`Dialog`].
//!
//! Dialogs are a stack in [`super::State::dialogs`]; the last one is on top and hears every key. Esc always
//! leaves without doing anything.

mod ask;
mod buttons;
mod complete;
mod confirm;
mod delete;
mod edit;
mod inspect;
mod links;
mod panels;
mod pick;
mod plan;
mod prompt;
mod read_on;
mod submit;
mod text;

use tui_input::Input;

use crate::model::{Timestamp, Uri};
use crate::transfer::{Counts, JobId, JobKind, Question, SourceItem};

use super::action::Action;
use super::edit::{EditId, EditQuestion};
use super::key::Key;
use super::keymap::HelpRow;
use super::msg::{Candidate, ReqId};
use super::state::State;

pub(super) use buttons::Press;
pub use buttons::{Button, Buttons};
pub use confirm::{Confirm, Then};
pub use inspect::{
    Checked, Heard, HeldAsk, HeldAt, HeldId, HeldItem, HeldLife, HeldPage, HeldWhat, Inspector, Layer, Work,
    WorkKind,
};
pub use links::{Code, Field, LinkQuestion, Signed};
pub use plan::Planning;
pub use read_on::ReadQuestion;

/// What was chosen when a question was asked, by full locations: what happens to the rows since then
/// changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The directory that they are in.
    pub origin: Uri,
    /// The things.
    pub sources: Vec<SourceItem>,
    /// The bytes of those whose size is known (files, not what directories hold).
    pub bytes: u64,
}

/// A text that scrolls.
#[derive(Clone, Debug, PartialEq)]
pub struct TextView {
    /// What it is.
    pub title: String,
    /// The whole text; the view escapes and wraps it.
    pub text: String,
    /// The first line that is shown.
    pub top: usize,
}

/// What a prompt is for.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptKind {
    /// Where the active pane should go.
    GoTo,
    /// Where to copy or move what was chosen.
    Transfer {
        /// Copy or move.
        kind: JobKind,
        /// What.
        chosen: Box<Chosen>,
    },
    /// The new name.
    Rename(Box<SourceItem>),
    /// The name of a new directory, or bucket, in this one.
    Mkdir(Uri),
    /// Where to save an edited copy.
    SaveAs(EditId),
    /// A pattern of names to mark (`true`) or unmark.
    Glob(bool),
    /// The beginning of locations whose held entries are shown, or forgotten.
    HeldBelow {
        /// Whether they are forgotten.
        drop: bool,
    },
}

impl PromptKind {
    /// Whether a location is typed, which can be completed.
    pub fn takes_location(&self) -> bool {
        matches!(self, Self::GoTo | Self::Transfer { .. } | Self::HeldBelow { .. })
    }
}

/// A question that is answered by typing.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// What it is for.
    pub kind: PromptKind,
    /// What is typed.
    pub input: EqInput,
    /// The location that the text stood for before it was edited: a text may not tell it exactly.
    pub preset: Option<(String, Uri)>,
    /// What is wrong with what was typed.
    pub problem: Option<String>,
    /// What completes it.
    pub completion: Completion,
    /// A check that runs before the answer counts.
    pub checking: Option<ReqId>,
    /// What a copy or move would do.
    pub planning: Option<Box<Planning>>,
}

/// Names that complete a location as it is typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    /// The request under way.
    pub req: Option<ReqId>,
    /// The part of the text that stays: up to the last `/`.
    pub stem: String,
    /// The names.
    pub candidates: Vec<Candidate>,
    /// The one that was taken over into the text.
    pub selected: Option<usize>,
}

/// A line of editing that can be compared.
#[derive(Clone, Debug, Default)]
pub struct EqInput(pub Input);

impl EqInput {
    /// A line with this text, the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Input::new(text.into()))
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.value()
    }

    /// Takes a key in; `false` for one that means nothing to a line of text.
    pub(super) fn press(&mut self, key: Key) -> bool {
        let request = edit::request(key);
        if let Some(request) = request {
            self.0.handle(request);
        }
        request.is_some()
    }

    /// Types all of this but for control characters, which come with pasted lines.
    pub(super) fn paste(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            self.0.handle(tui_input::InputRequest::InsertChar(c));
        }
    }
}

impl PartialEq for EqInput {
    fn eq(&self, other: &Self) -> bool {
        (self.0.value(), self.0.cursor()) == (other.0.value(), other.0.cursor())
    }
}

/// Whether to delete what was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteQuestion {
    /// What.
    pub chosen: Box<Chosen>,
    /// What it all holds, as far as it is counted.
    pub counts: Counts,
    /// The counting under way; none when `counts` is final.
    pub counting: Option<ReqId>,
    /// Why it couldn't be counted to the end.
    pub failed: Option<String>,
    /// For a bucket: its name must be typed.
    pub bucket: Option<BucketName>,
    /// The ways out; the safe one first.
    pub buttons: Buttons,
}

/// The name of a bucket that must be typed before it is deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct BucketName {
    /// The name.
    pub name: String,
    /// What is typed.
    pub input: EqInput,
    /// Why it isn't deleted yet.
    pub problem: Option<String>,
}

/// A job's question.
#[derive(Clone, Debug, PartialEq)]
pub struct JobQuestion {
    /// The job.
    pub job: JobId,
    /// The number of the question.
    pub number: u64,
    /// The question.
    pub question: Question,
    /// Whether the answer is for all further ones of this kind.
    pub for_all: bool,
    /// The ways out; the safe one first.
    pub buttons: Buttons,
    /// When it came up. Keys of the first moments were meant for what was there before.
    pub since: Timestamp,
}

/// A list to choose from.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    /// What it is.
    pub title: &'static str,
    /// The lines.
    pub items: Vec<PickItem>,
    /// The line of the cursor.
    pub selected: usize,
}

/// A line of a [`Pick`].
#[derive(Clone, Debug, PartialEq)]
pub enum PickItem {
    /// Something to do.
    Action(Action),
    /// Somewhere to go.
    Place(Uri),
    /// A copy that is watched, and what it is of.
    Watched(EditId, Uri),
}

/// Something that lies over the panes.
#[derive(Clone, Debug, PartialEq)]
pub enum Dialog {
    /// The keys and what they do.
    Help {
        /// The rows, from the keymap.
        rows: Vec<HelpRow>,
        /// The first row that is shown.
        top: usize,
    },
    /// A text: an error in full, a job's failures.
    Text(TextView),
    /// A question that is answered by typing.
    Prompt(Box<Prompt>),
    /// Whether to delete.
    Delete(Box<DeleteQuestion>),
    /// A job's question.
    Job(Box<JobQuestion>),
    /// Whether to leave although jobs run.
    Quit(Buttons),
    /// The jobs.
    Jobs {
        /// The line of the cursor.
        selected: usize,
    },
    /// One job in full.
    JobDetail {
        /// The job.
        id: JobId,
        /// The first line that is shown.
        top: usize,
    },
    /// What becomes of an edited copy that can't just be written back.
    Edit(Box<EditQuestion>),
    /// Whether to do something that can't be taken back.
    Confirm(Box<Confirm>),
    /// Whether a search in a view reads on.
    ReadOn(Box<ReadQuestion>),
    /// Which presigned links to make.
    Links(Box<LinkQuestion>),
    /// Presigned links.
    Signed(Box<Signed>),
    /// Requests and the cache in full.
    Stats {
        /// The first line that is shown.
        top: usize,
    },
    /// What the caches hold.
    Inspect(Box<Inspector>),
    /// A list to choose from.
    Pick(Pick),
}

impl Dialog {
    /// The buttons, where it has some.
    pub fn buttons(&self) -> Option<&Buttons> {
        match self {
            Self::Delete(question) if question.bucket.is_none() => Some(&question.buttons),
            Self::Job(question) => Some(&question.buttons),
            Self::Quit(buttons) => Some(buttons),
            Self::Edit(question) => Some(&question.buttons),
            Self::Confirm(confirm) => Some(&confirm.buttons),
            Self::ReadOn(question) => Some(&question.buttons),
            Self::Signed(signed) => Some(&signed.buttons),
            _ => None,
        }
    }
}

/// Gives a key to the dialog on top.
pub(super) fn press(state: &mut State, key: Key) {
    match state.dialogs.last() {
        Some(Dialog::Help { .. } | Dialog::Text(_)) => text::press(state, key),
        Some(Dialog::Prompt(_)) => prompt::press(state, key),
        Some(Dialog::Delete(_)) => delete::press(state, key),
        Some(Dialog::Job(_)) => ask::press(state, key),
        Some(Dialog::Quit(_)) => ask::press_quit(state, key),
        Some(Dialog::Jobs { .. }) => panels::press_jobs(state, key),
        Some(Dialog::JobDetail { .. }) => panels::press_detail(state, key),
        Some(Dialog::Edit(_)) => crate::app::edit::press(state, key),
        Some(Dialog::Confirm(_)) => confirm::press(state, key),
        Some(Dialog::ReadOn(_)) => read_on::press(state, key),
        Some(Dialog::Links(_)) => links::press(state, key),
        Some(Dialog::Signed(_)) => links::press_signed(state, key),
        Some(Dialog::Stats { .. }) => panels::press_stats(state, key),
        Some(Dialog::Inspect(_)) => inspect::press(state, key),
        Some(Dialog::Pick(_)) => pick::press(state, key),
        None => {}
    }
}

pub(super) use ask::{DEAF, ask_next, may_ask, nothing_runs, open_quit};
pub(super) use complete::completed;
pub(super) use confirm::{
    edit as ask_edit, enter_large as ask_enter, open_large as ask_open, resume_deletion,
};
pub(super) use delete::open as open_delete;
pub(super) use inspect::{applies as applies_to_held, heard as heard_of_held, open as open_inspector};
pub(super) use links::{open as open_links, signed};
pub(super) use panels::{keep_cursor, open_jobs, run_in_panel, selected_job};
pub(super) use pick::{open_menu, open_places};
pub(super) use plan::{plan_failed, planned};
pub(super) use prompt::{open as open_prompt, open_transfer, paste, probed};
pub(super) use read_on::ask as ask_to_read;
pub(super) use text::{open_help, show, show_error, show_failure};
