//! Jobs that stand in the journal: resuming, undoing, forgetting; and uploads that nobody goes on with.

use super::action::Action;
use super::cmd::Cmd;
use super::dialog;
use super::jobs::{Label, Left, Phase, Rate};
use super::state::State;
use super::work;
use crate::transfer::journal::{JobRecord, RecordedUpload};
use crate::transfer::{JobId, Outcome};

/// Goes on with a job of the journal.
pub(super) fn resume(state: &mut State, id: JobId) {
    let Some(job) = state.jobs.get_mut(id).filter(|job| job.can_resume()) else { return };
    let Some(number) = job.number else { return };
    job.phase = Phase::Running;
    job.attempts += 1;
    job.started = state.now;
    job.ended = None;
    job.rate = Rate::default();
    state.send(Cmd::ResumeJob(id, number));
}

/// Goes on with all copies and moves of the journal.
pub(super) fn resume_all(state: &mut State) {
    let ids: Vec<JobId> = state.jobs.resumable().map(|job| job.id).collect();
    if ids.is_empty() {
        return state.refuse("no copy or move waits to be resumed; deletions are resumed in the jobs panel");
    }
    for id in ids {
        resume(state, id);
    }
}

/// A job couldn't be resumed, or undone.
pub(super) fn not_resumed(state: &mut State, id: JobId, reason: &str) {
    let now = state.now;
    let Some(job) = state.jobs.get_mut(id) else { return };
    job.note(reason.to_owned());
    let undoes = job.label.undoes;
    if undoes {
        let (undoable, number) = (job.progress.total.files, job.number);
        let outcome = Outcome { cancelled: true, undoable, number, ..Outcome::default() };
        job.phase = Phase::Finished(Box::new(outcome));
        job.ended = Some(now);
    } else {
        job.phase = Phase::Left(Left::Interrupted);
        job.attempts = job.attempts.saturating_sub(1);
    }
    state.refuse(format!("not {}: {reason}", if undoes { "undone" } else { "resumed" }));
    work::went_on(state);
}

/// Undoes what a job did, as a job of its own. What it leaves is undone from there.
pub(super) fn undo(state: &mut State, id: JobId) {
    let Some(job) = state.jobs.get_mut(id) else { return };
    let (Some(number), Phase::Finished(outcome)) = (job.number, &mut job.phase) else { return };
    let files = std::mem::take(&mut outcome.undoable);
    let label = Label { undoes: true, ..job.label.clone() };
    let undoing = state.jobs.add_undo(label, number, files, state.now);
    state.send(Cmd::UndoJob(undoing, number));
}

/// Removes a job from the list, and from the journal where it stands there.
pub(super) fn forget(state: &mut State, id: JobId) {
    let number = state.jobs.get(id).filter(|job| job.can_resume()).and_then(|job| job.number);
    if let Some(number) = number {
        state.send(Cmd::ForgetKept(number));
    }
    state.jobs.forget(id);
    dialog::keep_cursor(state);
}

/// Aborts uploads that nobody goes on with.
pub(super) fn abort_uploads(state: &mut State, uploads: Vec<RecordedUpload>) {
    state.send(Cmd::AbortUploads(uploads));
}

/// What stands in the journal was told.
pub(super) fn kept(state: &mut State, jobs: Vec<JobRecord>, uploads: Vec<RecordedUpload>) {
    let first = state.jobs.left() == 0;
    state.jobs.keep(jobs, state.now);
    state.uploads = uploads;
    let left = state.jobs.left();
    if first && left > 0 {
        let jobs = if left == 1 { "1 job waits".to_owned() } else { format!("{left} jobs wait") };
        let key = |action| state.keymap.keys(action).first().map(ToString::to_string).unwrap_or_default();
        let (show, go_on) = (key(Action::Jobs), key(Action::ResumeJobs));
        state.tell(format!("{jobs} to be resumed: {show} shows, {go_on} resumes"));
    }
}
