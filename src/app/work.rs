//! Jobs on their way, directories being made, and the end of the program.

use crate::model::VfsError;
use crate::transfer::{Counts, JobEvent, JobId, JobKind, JobOptions, JobSpec, Outcome, Target};

use super::action::Action;
use super::cmd::Cmd;
use super::dialog::{self, Chosen, Dialog};
use super::jobs::{Job, Left, Pending, Phase, Rate};
use super::kept;
use super::leaving::quit_if_done;
use super::listings;
use super::msg::ReqId;
use super::pane::Wanted;
use super::state::State;

/// From how many milliseconds on a job makes itself heard when it is over.
const LONG: i64 = 5_000;

/// Starts a job, or lets it wait for its turn.
pub(super) fn start(state: &mut State, spec: JobSpec) {
    state.jobs.add(spec, state.now);
    take_turns(state);
}

/// Begins the jobs whose turn has come.
fn take_turns(state: &mut State) {
    if state.quitting {
        return;
    }
    for (id, spec) in state.jobs.take_turns(state.now) {
        state.send(Cmd::StartJob(id, spec));
    }
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
            job.progress = progress;
            job.observe(now);
        }
        JobEvent::Asks(number, question) => {
            job.questions.push_back(Pending { number, question, put_off: false });
        }
        JobEvent::Touched(dir) => listings::touched(state, &dir),
        JobEvent::Note(text) => {
            job.note(text.clone());
            state.tell(text);
        }
        JobEvent::Kept(number) => job.number = Some(number),
        JobEvent::Paused(on) => paused(job, on),
        JobEvent::File(file) => job.remember(*file),
        JobEvent::Finished(outcome) => finished(state, id, outcome),
    }
}

fn paused(job: &mut Job, on: bool) {
    match (&job.phase, on) {
        (Phase::Running, true) => job.phase = Phase::Paused,
        (Phase::Paused, false) => job.phase = Phase::Running,
        _ => {}
    }
    job.rate = Rate::default();
}

fn finished(state: &mut State, id: JobId, outcome: Box<Outcome>) {
    if outcome.suspended && outcome.number.is_some() {
        return suspended(state, id, &outcome);
    }
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
    if state.jobs.get(id).is_some_and(|job| state.now.0 - job.started.0 >= LONG) {
        state.send(Cmd::Notify(text.clone()));
    }
    match why {
        Some(why) => state.refuse(format!("{text}{why}")),
        None => state.tell(text),
    }
    went_on(state);
}

/// A place among the jobs is free.
pub(super) fn went_on(state: &mut State) {
    take_turns(state);
    if state.jobs.active().next().is_none() {
        dialog::nothing_runs(state);
    }
    quit_if_done(state);
}

/// A job stopped where it is; it stands in the journal from now on.
fn suspended(state: &mut State, id: JobId, outcome: &Outcome) {
    let Some(job) = state.jobs.get_mut(id) else { return };
    job.progress = outcome.progress.clone();
    job.number = outcome.number;
    job.questions.clear();
    job.ended = Some(state.now);
    job.phase = Phase::Left(Left::Suspended);
    let label = job.label.clone();
    listings::job_ended(state, &label);
    state.dialogs.retain(|dialog| !matches!(dialog, Dialog::Job(question) if question.job == id));
    went_on(state);
}

/// How a job ended, in a line.
fn sum_up(job: &Job, outcome: &Outcome) -> String {
    let done = match job.label.kind {
        _ if job.label.undoes => "undid",
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
        (_, 0) if job.label.undoes => format!("undid {}", progress.done.files),
        (_, 0) => match job.label.bucket() {
            Some(bucket) if job.label.kind == JobKind::Delete => format!("deleted the bucket {bucket}"),
            _ => format!("{done} {}{skipped}", what(progress.done)),
        },
        (_, failed) if job.label.undoes => format!("{failed} of {total} not undone"),
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
            job.observe(now);
        }
    }
}

/// Cancels a job; what it wrote half is cleaned up before its end is heard.
pub(super) fn cancel(state: &mut State, id: JobId) {
    let Some(job) = state.jobs.get_mut(id).filter(|job| job.is_active()) else { return };
    job.questions.clear();
    if let Phase::Waiting(spec) = &job.phase {
        // Nothing of it was begun: all of it can be tried again.
        let outcome = Outcome { cancelled: true, retry: vec![(**spec).clone()], ..Outcome::default() };
        job.phase = Phase::Finished(Box::new(outcome));
        job.ended = Some(state.now);
        return;
    }
    job.phase = Phase::Cancelling;
    state.send(Cmd::CancelJob(id));
}

/// Pauses a job, lets it go on, or resumes it from the journal; a deletion is asked about first.
pub(super) fn pause(state: &mut State, id: JobId) {
    let Some(job) = state.jobs.get(id) else { return };
    match job.phase {
        Phase::Running => state.send(Cmd::PauseJob(id, true)),
        Phase::Paused => state.send(Cmd::PauseJob(id, false)),
        Phase::Left(_) if job.label.kind == JobKind::Delete => dialog::resume_deletion(state, id),
        Phase::Left(_) => kept::resume(state, id),
        _ => {}
    }
}

/// Raises or lowers the bandwidth limit of a job.
pub(super) fn limit(state: &mut State, id: JobId, up: bool) {
    let Some(job) = state.jobs.get_mut(id) else { return };
    job.limit = job.next_limit(up);
    let limit = job.limit;
    if let Phase::Waiting(spec) = &mut job.phase {
        spec.options.rate = limit;
        return;
    }
    state.send(Cmd::LimitJob(id, limit));
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
