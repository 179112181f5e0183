//! Which actions can do something now.

use crate::app::action::Action;
use crate::app::dialog::selected_job;
use crate::app::pane::{Pane, Row};
use crate::app::state::State;
use crate::model::{Entry, Op};

impl Action {
    /// Whether it can do something with what is selected now. The key bar and the menu show only those.
    pub fn applies(self, state: &State) -> bool {
        let pane = state.active_pane();
        match self {
            Self::Copy => has_choice(pane),
            Self::Delete => has_choice(pane) && writable(state),
            Self::Move => has_choice(pane) && writable(state) && !pane.is_buckets(),
            Self::Rename => pane.current().is_some() && writable(state) && !pane.is_buckets(),
            Self::Mkdir => writable(state),
            Self::ErrorText => pane.error.is_some() || state.last_error.is_some(),
            Self::Open => can_open(pane),
            Self::Parent => pane.above() > 0,
            Self::Back => !pane.back.is_empty(),
            Self::Forward => !pane.forward.is_empty(),
            Self::Mark => pane.current().is_some(),
            Self::MarkGlob | Self::Invert | Self::MarkAll | Self::Search => pane.rows.shown() > 0,
            Self::UnmarkGlob | Self::MarkNone => pane.rows.marks().count() > 0,
            Self::JobCancel | Self::JobRetry | Self::JobFailures | Self::JobAnswer | Self::JobForget => {
                applies_to_job(self, state)
            }
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
        Some(Row::Entry { entry, .. }) => Entry::can_enter(entry),
        None => false,
    }
}

fn applies_to_job(action: Action, state: &State) -> bool {
    let Some(job) = selected_job(state) else { return false };
    match action {
        Action::JobCancel => job.is_active(),
        Action::JobRetry => job.outcome().is_some_and(|outcome| !outcome.retry.is_empty()),
        Action::JobFailures => job.outcome().is_some_and(|outcome| !outcome.failures.is_empty()),
        Action::JobAnswer => !job.questions.is_empty(),
        _ => !job.is_active(),
    }
}
