//! The panels of jobs and of statistics.

use super::{Dialog, TextView, ask, text};
use crate::app::action::{Action, Scope};
use crate::app::cmd::Cmd;
use crate::app::jobs::Job;
use crate::app::key::{Code, Key};
use crate::app::state::State;
use crate::app::work;
use crate::transfer::{Failure, Outcome};

/// How many failures are listed one by one.
const LISTED: usize = 1_000;

/// Shows the jobs, with the cursor on the newest.
pub(in crate::app) fn open_jobs(state: &mut State) {
    let selected = state.jobs.len().saturating_sub(1);
    state.dialogs.push(Dialog::Jobs { selected });
}

/// The job that the cursor of the panel is on.
pub(in crate::app) fn selected_job(state: &State) -> Option<&Job> {
    let selected = state.dialogs.iter().rev().find_map(|dialog| match dialog {
        Dialog::Jobs { selected } => Some(*selected),
        _ => None,
    })?;
    state.jobs.at(selected)
}

pub(super) fn press_jobs(state: &mut State, key: Key) {
    if let Some(action) = state.keymap.action(Scope::Jobs, key) {
        return run_in_panel(state, action);
    }
    if leaves(state, key, Action::Jobs) {
        state.dialogs.pop();
        return;
    }
    let (last, page) = (state.jobs.len().saturating_sub(1), state.height());
    let Some(Dialog::Jobs { selected }) = state.dialogs.last_mut() else { return };
    text::scroll(selected, last + 1, page, key);
}

pub(super) fn press_stats(state: &mut State, key: Key) {
    if let Some(action) = state.keymap.action(Scope::Stats, key) {
        return run_in_panel(state, action);
    }
    if leaves(state, key, Action::Stats) {
        state.dialogs.pop();
        return;
    }
    let (lines, page) = (state.stats.lines(), state.height());
    let Some(Dialog::Stats { top }) = state.dialogs.last_mut() else { return };
    text::scroll(top, lines, page, key);
}

/// Whether this key leaves a panel: Esc, q, or the one that opened it.
fn leaves(state: &State, key: Key, opened_by: Action) -> bool {
    matches!(key.code, Code::Esc | Code::Char('q'))
        || state.keymap.action(Scope::Panes, key) == Some(opened_by)
}

/// Does what an action of the panels does.
pub(in crate::app) fn run_in_panel(state: &mut State, action: Action) {
    if action == Action::ClearCache {
        state.send(Cmd::ClearCache);
        return state.tell("the cache is empty");
    }
    let Some(id) = selected_job(state).filter(|_| action.applies(state)).map(|job| job.id) else { return };
    match action {
        Action::JobCancel => work::cancel(state, id),
        Action::JobRetry => work::retry(state, id),
        Action::JobFailures => show_failures(state),
        Action::JobAnswer => ask::ask_again(state, id),
        Action::JobForget => forget(state),
        _ => {}
    }
}

fn show_failures(state: &mut State) {
    let Some(outcome) = selected_job(state).and_then(Job::outcome) else { return };
    let title = format!("{} of {} failed", outcome.failures.len(), outcome.files());
    let view = TextView { title, text: failures(outcome), top: 0 };
    state.dialogs.push(Dialog::Text(view));
}

fn failures(outcome: &Outcome) -> String {
    let line = |Failure { item, error }: &Failure| {
        let why = if error.uri == item.uri { error.without_location() } else { error.to_string() };
        format!("{}\n  {why}\n", item.uri)
    };
    let lines = outcome.failures.iter().take(LISTED).map(line);
    let more = outcome.failures.len().saturating_sub(LISTED);
    let rest = (more > 0).then(|| format!("and {more} more\n"));
    lines.chain(rest).collect()
}

fn forget(state: &mut State) {
    if let Some(id) = selected_job(state).map(|job| job.id) {
        state.jobs.forget(id);
    }
    let last = state.jobs.len().saturating_sub(1);
    if let Some(Dialog::Jobs { selected }) = state.dialogs.last_mut() {
        *selected = (*selected).min(last);
    }
}
