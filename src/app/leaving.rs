//! The end of the program while jobs run: they end first, stay in the journal, or are cancelled.

use super::cmd::Cmd;
use super::dialog;
use super::jobs::Phase;
use super::state::State;
use super::{edit, work};
use crate::transfer::JobId;

/// What becomes of the jobs when the program is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// They end first.
    Wait,
    /// They stay in the journal, to be resumed.
    Suspend,
    /// They are cancelled.
    Cancel,
}

/// Leaves, or asks first while jobs run. Asked for a second time, it no longer waits for them.
pub(super) fn ask_quit(state: &mut State) {
    if state.quitting {
        return state.send(Cmd::Quit);
    }
    if !state.leaves_after_saves && edit::finish_all(state) {
        return;
    }
    state.leaves_after_saves = false;
    if state.jobs.active().next().is_some() {
        return dialog::open_quit(state);
    }
    leave(state, Leaving::Suspend);
}

/// Leaves, and ends the program when the jobs have ended, are cleaned up, or stand in the journal.
pub(super) fn leave(state: &mut State, how: Leaving) {
    if how == Leaving::Wait {
        state.leaving = true;
        state.tell("leaves when the jobs are done");
        return quit_if_done(state);
    }
    if state.quitting {
        return;
    }
    state.quitting = true;
    let session = state.session();
    state.send(Cmd::SaveSession(session));
    for id in state.jobs.active().map(|job| job.id).collect::<Vec<_>>() {
        if how == Leaving::Suspend { suspend(state, id) } else { work::cancel(state, id) }
    }
    quit_if_done(state);
}

/// Leaves a job where it is. One that waits for its turn begins only to be left.
fn suspend(state: &mut State, id: JobId) {
    let Some(job) = state.jobs.get_mut(id).filter(|job| job.is_active()) else { return };
    job.questions.clear();
    if let Phase::Waiting(spec) = std::mem::replace(&mut job.phase, Phase::Suspending) {
        state.send(Cmd::StartJob(id, spec));
    }
    state.send(Cmd::SuspendJob(id));
}

/// Ends the program if it was to end and no job is left.
pub(super) fn quit_if_done(state: &mut State) {
    if state.jobs.active().next().is_some() {
        return;
    }
    if state.leaving && !state.quitting {
        state.quitting = true;
        let session = state.session();
        state.send(Cmd::SaveSession(session));
    }
    if state.quitting {
        state.send(Cmd::Quit);
    }
}
