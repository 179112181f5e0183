//! What jobs ask, and whether to leave while they run.

use super::buttons::Press;
use super::{Button, Buttons, Dialog, JobQuestion};
use crate::app::cmd::Cmd;
use crate::app::edit;
use crate::app::key::{Code, Key};
use crate::app::leaving::{self, Leaving};
use crate::app::state::State;
use crate::app::work;
use crate::model::Timestamp;
use crate::transfer::{Answer, Choice, JobId, Question};

/// For how long a question that comes up by itself hears no key, in milliseconds: the keys of these moments
/// were meant for what was there before.
pub(in crate::app) const DEAF: i64 = 400;

const CONFLICT: &[Button] = &[
    Button { label: "Skip", letter: 's', danger: false },
    Button { label: "Keep both", letter: 'k', danger: false },
    Button { label: "Newer only", letter: 'n', danger: true },
    Button { label: "Overwrite", letter: 'o', danger: true },
    Button { label: "Cancel job", letter: 'c', danger: false },
];
const CONFLICT_CHOICES: [Choice; 5] =
    [Choice::Skip, Choice::KeepBoth, Choice::NewerOnly, Choice::Overwrite, Choice::Cancel];

const LINKS: &[Button] = &[
    Button { label: "Skip links", letter: 's', danger: false },
    Button { label: "Follow links", letter: 'f', danger: false },
    Button { label: "Cancel job", letter: 'c', danger: false },
];
const LINKS_CHOICES: [Choice; 3] = [Choice::SkipLinks, Choice::FollowLinks, Choice::Cancel];

const QUIT: &[Button] = &[
    Button { label: "Stay", letter: 's', danger: false },
    Button { label: "Wait, then quit", letter: 'w', danger: false },
    Button { label: "Leave them to be resumed", letter: 'l', danger: false },
    Button { label: "Cancel them", letter: 'c', danger: true },
];
/// The same when the last job has ended meanwhile.
const QUIT_DONE: &[Button] = &[
    Button { label: "Stay", letter: 's', danger: false },
    Button { label: "Quit", letter: 'q', danger: false },
];
const QUIT_HOW: [Leaving; 3] = [Leaving::Wait, Leaving::Suspend, Leaving::Cancel];

/// Whether nothing else has the keys, so that a question or an editor may come up by itself.
pub(in crate::app) fn may_ask(state: &State) -> bool {
    let typing = state.typing.is_some() || state.front_view().is_some_and(|view| view.typing.is_some());
    state.dialogs.is_empty() && !typing && !state.quitting
}

/// Brings up the next question of an edit or a job, when nothing else has the keys.
pub(in crate::app) fn ask_next(state: &mut State) {
    if may_ask(state) {
        edit::ask_next(state);
    }
    if !may_ask(state) {
        return;
    }
    let asks = |job: &crate::app::jobs::Job| {
        let next = job.questions.iter().find(|pending| !pending.put_off)?;
        Some((job.id, next.number, next.question.clone()))
    };
    let next = state.jobs.active().find_map(asks);
    if let Some((job, number, question)) = next {
        let since = state.now;
        open(state, job, number, question, since);
    }
}

/// Asks the job's first question again, though it was put off.
pub(super) fn ask_again(state: &mut State, id: JobId) {
    let Some(pending) = state.jobs.get(id).and_then(|job| job.questions.front()) else { return };
    let (number, question) = (pending.number, pending.question.clone());
    let since = Timestamp(state.now.0 - DEAF);
    open(state, id, number, question, since);
}

fn open(state: &mut State, job: JobId, number: u64, question: Question, since: Timestamp) {
    let buttons = Buttons::new(match question {
        Question::Conflict(_) => CONFLICT,
        Question::Links(_) => LINKS,
    });
    let question = JobQuestion { job, number, question, for_all: false, buttons, since };
    state.dialogs.push(Dialog::Job(Box::new(question)));
}

pub(super) fn press(state: &mut State, key: Key) {
    let now = state.now;
    let Some(Dialog::Job(question)) = state.dialogs.last_mut() else { return };
    if now.0 - question.since.0 < DEAF {
        return;
    }
    if matches!(key.typed(), Some('a' | ' ')) && matches!(question.question, Question::Conflict(_)) {
        question.for_all = !question.for_all;
        return;
    }
    match question.buttons.press(key) {
        Press::Chosen(at) => answer(state, at),
        Press::Left => put_off(state),
        Press::Nothing => {}
    }
}

fn answer(state: &mut State, at: usize) {
    let Some(Dialog::Job(question)) = state.dialogs.pop() else { return };
    let links = matches!(question.question, Question::Links(_));
    let choice = if links { LINKS_CHOICES[at] } else { CONFLICT_CHOICES[at] };
    let for_all = question.for_all || links;
    if choice == Choice::Cancel {
        return work::cancel(state, question.job);
    }
    if let Some(job) = state.jobs.get_mut(question.job) {
        let same_kind = |other: &Question| matches!(other, Question::Links(_)) == links;
        job.questions.retain(|pending| {
            pending.number != question.number && !(for_all && same_kind(&pending.question))
        });
    }
    state.send(Cmd::Answer(question.job, question.number, Answer { choice, for_all }));
}

/// Leaves a question open: the job waits, and the jobs panel asks again.
fn put_off(state: &mut State) {
    let Some(Dialog::Job(question)) = state.dialogs.pop() else { return };
    let pending = state.jobs.get_mut(question.job).map(|job| &mut job.questions);
    for pending in pending.into_iter().flatten() {
        pending.put_off = true;
    }
    state.tell("the job waits for an answer: see the jobs panel");
}

/// Asks whether to leave although jobs run.
pub(in crate::app) fn open_quit(state: &mut State) {
    state.dialogs.push(Dialog::Quit(Buttons::new(QUIT)));
}

/// The last job has ended while it was asked whether to leave although it runs: whether to leave is still asked, since
/// its end may be worth a look.
pub(in crate::app) fn nothing_runs(state: &mut State) {
    for dialog in &mut state.dialogs {
        if let Dialog::Quit(buttons) = dialog {
            *buttons = Buttons { all: QUIT_DONE, focus: buttons.focus.min(1) };
        }
    }
}

pub(super) fn press_quit(state: &mut State, key: Key) {
    let Some(Dialog::Quit(buttons)) = state.dialogs.last_mut() else { return };
    let press = if key.code == Code::F(10) { Press::Nothing } else { buttons.press(key) };
    match press {
        Press::Nothing => {}
        Press::Left | Press::Chosen(0) => {
            state.dialogs.pop();
        }
        Press::Chosen(at) => {
            state.dialogs.pop();
            leaving::leave(state, QUIT_HOW[at - 1]);
        }
    }
}
