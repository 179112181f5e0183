//! The panels of jobs and of statistics.

use super::{Dialog, TextView, ask, confirm, inspect, text};
use crate::app::action::{Action, Scope};
use crate::app::cmd::Cmd;
use crate::app::jobs::Job;
use crate::app::key::{Code, Key};
use crate::app::state::State;
use crate::app::{kept, work};
use crate::transfer::{Failure, JobId, Outcome};

/// How many failures are listed one by one.
const LISTED: usize = 1_000;
/// More lines than one job in full has: the view stops at its last one.
const DETAIL_LINES: usize = 1_000;

/// Shows the jobs, with the cursor on the newest; what stands in the journal is looked up again.
pub(in crate::app) fn open_jobs(state: &mut State) {
    let selected = state.jobs.len().saturating_sub(1);
    state.dialogs.push(Dialog::Jobs { selected });
    state.send(Cmd::ListKept);
}

/// The job that is looked at in full, or that the cursor of the panel is on.
pub(in crate::app) fn selected_job(state: &State) -> Option<&Job> {
    state.dialogs.iter().rev().find_map(|dialog| match dialog {
        Dialog::JobDetail { id, .. } => state.jobs.get(*id),
        Dialog::Jobs { selected } => state.jobs.at(*selected),
        _ => None,
    })
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
pub(super) fn leaves(state: &State, key: Key, opened_by: Action) -> bool {
    matches!(key.code, Code::Esc | Code::Char('q'))
        || state.keymap.action(Scope::Panes, key) == Some(opened_by)
}

/// Does what an action of the panels does.
pub(in crate::app) fn run_in_panel(state: &mut State, action: Action) {
    if action == Action::ClearCache {
        state.send(Cmd::ClearCache);
        return state.tell("no answer is held in memory any more");
    }
    if action == Action::StatsInspect {
        return inspect::open(state);
    }
    if action == Action::JobUploads {
        let uploads = state.uploads.clone();
        return confirm::abort(state, uploads);
    }
    let Some(job) = selected_job(state).filter(|_| action.applies(state)) else { return };
    let (id, can_resume) = (job.id, job.can_resume());
    match action {
        Action::JobOpen => open_detail(state, id),
        Action::JobPause => work::pause(state, id),
        Action::JobCancel => confirm::cancel(state, id),
        Action::JobRetry => work::retry(state, id),
        Action::JobFaster => work::limit(state, id, true),
        Action::JobSlower => work::limit(state, id, false),
        Action::JobUp => reorder(state, id, true),
        Action::JobDown => reorder(state, id, false),
        Action::JobUndo => confirm::undo(state, id),
        Action::JobFailures => show_failures(state),
        Action::JobAnswer => ask::ask_again(state, id),
        Action::JobForget if can_resume => confirm::forget(state, id),
        Action::JobForget => kept::forget(state, id),
        _ => {}
    }
}

fn reorder(state: &mut State, id: JobId, up: bool) {
    let moved = state.jobs.reorder(id, up);
    if let (Some(line), Some(Dialog::Jobs { selected })) = (moved, state.dialogs.last_mut()) {
        *selected = line;
    }
}

fn open_detail(state: &mut State, id: JobId) {
    state.send(Cmd::WatchJob(id, true));
    state.dialogs.push(Dialog::JobDetail { id, top: 0 });
}

/// Keys over one job in full: those of the panel work here, too.
pub(super) fn press_detail(state: &mut State, key: Key) {
    let Some(Dialog::JobDetail { id, .. }) = state.dialogs.last() else { return };
    let id = *id;
    match state.keymap.action(Scope::Jobs, key) {
        Some(Action::JobOpen) => return close_detail(state, id),
        Some(action) if !matches!(action, Action::JobForget | Action::JobUp | Action::JobDown) => {
            return run_in_panel(state, action);
        }
        _ => {}
    }
    if leaves(state, key, Action::Jobs) {
        return close_detail(state, id);
    }
    let page = state.height();
    let Some(Dialog::JobDetail { top, .. }) = state.dialogs.last_mut() else { return };
    text::scroll(top, DETAIL_LINES, page, key);
}

fn close_detail(state: &mut State, id: JobId) {
    state.dialogs.pop();
    state.send(Cmd::WatchJob(id, false));
}

/// Keeps the cursor of the panel on a line that there is.
pub(in crate::app) fn keep_cursor(state: &mut State) {
    let last = state.jobs.len().saturating_sub(1);
    if let Some(Dialog::Jobs { selected }) = state.dialogs.last_mut() {
        *selected = (*selected).min(last);
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
