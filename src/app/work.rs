//! Jobs on their way, directories being made, and the end of the program.

use crate::model::VfsError;
use crate::transfer::{Counts, JobEvent, JobId, JobKind, JobOptions, JobSpec, Outcome, Target};

use super::action::Action;
use super::cmd::Cmd;
use super::dialog::{self, Chosen, Dialog};
use super::jobs::{Job, Pending, Phase};
use super::listings;
use super::msg::ReqId;
use super::pane::Wanted;
use super::state::State;

/// Starts a job.
pub(super) fn start(state: &mut State, spec: JobSpec) {
    let id = state.jobs.add(&spec, state.now);
    state.send(Cmd::StartJob(id, Box::new(spec)));
}

/// Starts a job on what was chosen in a pane. Where marks chose it, they are done with.
pub(super) fn start_chosen(
    state: &mut State,
    kind: JobKind,
    chosen: Chosen,
    target: Option<Target>,
    options: JobOptions,
) {
    let first = chosen.sources.first().map(|item| item.entry.id());
    for pane in state.panes.iter_mut().filter(|pane| pane.uri == chosen.origin) {
        if pane.rows.marked().any(|entry| Some(entry.id()) == first) {
            pane.rows.unmark();
        }
    }
    start(state, JobSpec { kind, sources: chosen.sources, target, options });
}

/// Something is heard of a job.
pub(super) fn heard(state: &mut State, id: JobId, event: JobEvent) {
    let now = state.now;
    let Some(job) = state.jobs.get_mut(id).filter(|job| job.is_active()) else { return };
    match event {
        JobEvent::Progress(progress) => {
            job.rate.observe(now, progress.done.bytes);
            job.progress = progress;
        }
        JobEvent::Asks(number, question) => {
            job.questions.push_back(Pending { number, question, put_off: false });
        }
        JobEvent::Touched(dir) => listings::touched(state, &dir),
        JobEvent::Note(text) => state.tell(text),
        JobEvent::Kept(_) | JobEvent::Paused(_) | JobEvent::File(_) => {}
        JobEvent::Finished(outcome) => finished(state, id, outcome),
    }
}

fn finished(state: &mut State, id: JobId, outcome: Box<Outcome>) {
    let Some(job) = state.jobs.get_mut(id) else { return };
    job.progress = outcome.progress.clone();
    job.questions.clear();
    job.ended = Some(state.now);
    let text = sum_up(job, &outcome);
    let why = match outcome.failures.as_slice() {
        [] => None,
        [only] => Some(format!(": {}", only.error.reason)),
        _ => {
            let key = state.keymap.keys(Action::Jobs).first();
            Some(format!("; {} shows why", key.map(ToString::to_string).unwrap_or_default()))
        }
    };
    job.phase = Phase::Finished(outcome);
    let label = job.label.clone();
    listings::job_ended(state, &label);
    state.dialogs.retain(|dialog| !matches!(dialog, Dialog::Job(question) if question.job == id));
    match why {
        Some(why) => state.refuse(format!("{text}{why}")),
        None => state.tell(text),
    }
    quit_if_done(state);
}

/// How a job ended, in a line.
fn sum_up(job: &Job, outcome: &Outcome) -> String {
    let done = match job.label.kind {
        JobKind::Copy => "copied",
        JobKind::Move => "moved",
        JobKind::Delete => "deleted",
    };
    let (progress, failed) = (&outcome.progress, outcome.failures.len() as u64);
    let total = outcome.files();
    let skipped = match progress.skipped {
        0 => String::new(),
        skipped => format!(", {skipped} skipped"),
    };
    match (outcome.cancelled, failed) {
        (true, _) => format!("cancelled: {done} {} of {total}{skipped}", progress.done.files),
        (_, 0) => match job.label.bucket() {
            Some(bucket) if job.label.kind == JobKind::Delete => format!("deleted the bucket {bucket}"),
            _ => format!("{done} {}{skipped}", what(progress.done)),
        },
        (_, failed) => format!("{failed} of {total} failed{skipped}"),
    }
}

fn what(done: Counts) -> String {
    let dirs = match done.dirs {
        0 => None,
        1 => Some("1 directory".to_owned()),
        dirs => Some(format!("{dirs} directories")),
    };
    let files = match done.files {
        0 if dirs.is_some() => None,
        1 => Some("1 file".to_owned()),
        files => Some(format!("{files} files")),
    };
    files.into_iter().chain(dirs).collect::<Vec<_>>().join(", ")
}

/// Time passed: rates of jobs from which nothing is heard go down.
pub(super) fn tick(state: &mut State) {
    let (now, ids) = (state.now, state.jobs.active().map(|job| job.id).collect::<Vec<_>>());
    for id in ids {
        if let Some(job) = state.jobs.get_mut(id)
            && job.rate.is_silent(now)
        {
            job.rate.observe(now, job.progress.done.bytes);
        }
    }
}

/// Cancels a job; what it wrote half is cleaned up before its end is heard.
pub(super) fn cancel(state: &mut State, id: JobId) {
    let Some(job) = state.jobs.get_mut(id).filter(|job| job.is_active()) else { return };
    job.phase = Phase::Cancelling;
    job.questions.clear();
    state.send(Cmd::CancelJob(id));
}

/// Does what failed in a job again, as new jobs.
pub(super) fn retry(state: &mut State, id: JobId) {
    let Some(Phase::Finished(outcome)) = state.jobs.get_mut(id).map(|job| &mut job.phase) else { return };
    for spec in std::mem::take(&mut outcome.retry) {
        start(state, spec);
    }
}

/// Makes a directory or a bucket.
pub(super) fn make_dir(state: &mut State, uri: crate::model::Uri) {
    let req = state.request();
    state.making.push((req, uri.clone()));
    state.send(Cmd::Mkdir { req, uri });
}

/// A directory was made, or not.
pub(super) fn made_dir(state: &mut State, req: ReqId, result: Result<(), VfsError>) {
    let Some(at) = state.making.iter().position(|(making, _)| *making == req) else { return };
    let (_, uri) = state.making.remove(at);
    match (result, uri.parent()) {
        (Ok(()), Some(parent)) => {
            listings::changed(state, &parent, &Wanted { name: uri.name(), kind: None });
            state.tell(format!("made {uri}"));
        }
        (Ok(()), None) => {}
        (Err(error), _) => {
            dialog::show_failure(state, &error);
            state.fail(error);
        }
    }
}

/// Leaves, or asks first while jobs run. Asked for a second time, it no longer waits for them.
pub(super) fn ask_quit(state: &mut State) {
    if state.quitting {
        return state.send(Cmd::Quit);
    }
    if state.jobs.active().next().is_some() {
        return dialog::open_quit(state);
    }
    leave(state);
}

/// Leaves: cancels the jobs, and ends the program when they have cleaned up.
pub(super) fn leave(state: &mut State) {
    if state.quitting {
        return;
    }
    state.quitting = true;
    let session = state.session();
    state.send(Cmd::SaveSession(session));
    for id in state.jobs.active().map(|job| job.id).collect::<Vec<_>>() {
        cancel(state, id);
    }
    quit_if_done(state);
}

fn quit_if_done(state: &mut State) {
    if state.quitting && state.jobs.active().next().is_none() {
        state.send(Cmd::Quit);
    }
}
