//! Which actions can do something now.

use crate::app::action::{Action, Group};
use crate::app::dialog::{self, selected_job};
use crate::app::edit::is_file;
use crate::app::jobs::Phase;
use crate::app::pane::{Pane, Row};
use crate::app::state::State;
use crate::app::viewer;
use crate::model::{Entry, Op};
use crate::transfer::JobKind;

impl Action {
    /// Whether it can do something with what is selected now. The key bar and the menu show only those.
    pub fn applies(self, state: &State) -> bool {
        let pane = state.active_pane();
        match self {
            Self::Copy => has_choice(pane),
            Self::Delete => has_choice(pane) && writable(state),
            Self::Move => has_choice(pane) && writable(state) && !pane.is_buckets(),
            Self::Rename => pane.current().is_some() && writable(state) && !pane.is_buckets(),
            Self::Edit => writable(state) && pane.current().is_some_and(is_file),
            Self::Mkdir => writable(state),
            Self::View => viewer::can_view(pane),
            Self::OpenWith => state.desktop && pane.current().is_some_and(is_file),
            Self::OpenWatched => state.desktop && writable(state) && pane.current().is_some_and(is_file),
            Self::Watched => state.edits.iter().any(|edit| edit.watch.is_some()),
            Self::Links => has_choice(pane) && pane.uri.as_s3().is_some() && !pane.is_buckets(),
            Self::ErrorText => {
                pane.error.is_some() || state.last_error.is_some() || state.last_refused.is_some()
            }
            Self::Open => can_open(pane),
            Self::Parent => pane.above() > 0,
            Self::Back => !pane.back.is_empty(),
            Self::Forward => !pane.forward.is_empty(),
            Self::Mark => pane.current().is_some(),
            Self::MarkGlob | Self::Invert | Self::MarkAll | Self::Search => pane.rows.shown() > 0,
            Self::UnmarkGlob | Self::MarkNone => pane.rows.marks().count() > 0,
            Self::ResumeJobs => state.jobs.resumable().next().is_some(),
            Self::JobUploads => !state.uploads.is_empty(),
            _ if self.info().group == Group::View => {
                state.front_view().is_some_and(|view| viewer::applies(self, view))
            }
            _ if self.info().group == Group::Jobs => applies_to_job(self, state),
            _ if self.info().group == Group::Held => dialog::applies_to_held(self, state),
            _ => true,
        }
    }
}

fn has_choice(pane: &Pane) -> bool {
    pane.rows.marks().count() > 0 || pane.current().is_some()
}

fn writable(state: &State) -> bool {
    state.refusal(Op::Write, &state.active_pane().uri).is_none()
}

fn can_open(pane: &Pane) -> bool {
    match pane.row(pane.cursor) {
        Some(Row::Up) => true,
        Some(Row::Entry { entry, .. }) => Entry::can_enter(entry) || is_file(entry),
        None => false,
    }
}

fn applies_to_job(action: Action, state: &State) -> bool {
    let Some(job) = selected_job(state) else { return false };
    match action {
        Action::JobOpen => true,
        Action::JobPause => {
            !job.label.undoes && matches!(job.phase, Phase::Running | Phase::Paused) || job.can_resume()
        }
        Action::JobCancel => matches!(job.phase, Phase::Waiting(_) | Phase::Running | Phase::Paused),
        Action::JobFaster => job.is_active() && job.limit.is_some(),
        Action::JobSlower => job.is_active() && !job.label.undoes && job.label.kind != JobKind::Delete,
        Action::JobUp | Action::JobDown => matches!(job.phase, Phase::Waiting(_)),
        Action::JobUndo => job.number.is_some() && job.outcome().is_some_and(|outcome| outcome.undoable > 0),
        Action::JobRetry => job.outcome().is_some_and(|outcome| !outcome.retry.is_empty()),
        Action::JobFailures => job.outcome().is_some_and(|outcome| !outcome.failures.is_empty()),
        Action::JobAnswer => !job.questions.is_empty(),
        _ => !job.is_active() && !matches!(&job.phase, Phase::Left(left) if !left.is_ours()),
    }
}
