//! What the work of a job tells its journal: [`Record`].

use tokio_util::task::TaskTracker;

use super::super::io::{Earlier, Left};
use super::super::journal::{JobLog, Recalled, Step};
use crate::model::{Entry, ErrorKind, Result, Uri};
use crate::vfs::{CreateHint, PartRecord, Placed, Removal, Removed, SinkState};

/// Passes what is a fact on to the journal, where there is one. Nothing here fails: a journal that can't be
/// written is told of once, and the job goes on.
#[derive(Debug, Default)]
pub struct Record {
    log: Option<JobLog>,
    /// Whether a source goes once its copy is placed, so that the record of it has to be there before.
    moves: bool,
    /// Records that nothing waits for but the end.
    late: TaskTracker,
}

impl Record {
    /// The records of one job.
    pub fn new(log: Option<JobLog>, moves: bool) -> Self {
        Self { log, moves, late: TaskTracker::new() }
    }

    /// The log itself.
    pub fn log(&self) -> Option<&JobLog> {
        self.log.as_ref()
    }

    /// Names the job's temporary files.
    pub fn tag(&self) -> Option<u32> {
        self.log.as_ref().map(JobLog::tag)
    }

    /// An upload in parts is about to be begun.
    pub async fn intend(&self, source: &Uri, entry: &Entry, target: &Uri) {
        if let Some(log) = &self.log {
            log.intend(source, entry, target).await;
        }
    }

    /// Something that goes in parts was begun.
    pub async fn opened(
        &self,
        source: &Uri,
        entry: &Entry,
        target: &Uri,
        state: &SinkState,
        hint: &CreateHint,
    ) {
        if let Some(log) = &self.log {
            log.opened(source, entry, target, state, hint).await;
        }
    }

    /// A part is safe.
    pub fn part(&self, source: &Uri, target: &Uri, part: Option<PartRecord>) {
        if let (Some(log), Some(part)) = (&self.log, part) {
            log.part(source, target, part);
        }
    }

    /// A file is whole and in place. A copy goes on while that is being written down.
    pub async fn placed(&self, source: &Uri, entry: &Entry, target: &Uri, placed: &Placed, overwrote: bool) {
        let Some(log) = self.log.clone() else { return };
        if self.moves {
            return log.placed(source, entry, target, placed, overwrote).await;
        }
        let (source, entry) = (source.clone(), entry.clone());
        let (target, placed) = (target.clone(), placed.clone());
        self.late.spawn(async move { log.placed(&source, &entry, &target, &placed, overwrote).await });
    }

    /// The source of something placed is gone.
    pub async fn source_removed(&self, source: &Uri, removed: &Removed) {
        if let Some(log) = &self.log {
            log.source_removed(source, removed).await;
        }
    }

    /// Something was deleted.
    pub async fn deleted(&self, uri: &Uri, removed: &Removed) {
        if let Some(log) = &self.log {
            log.deleted(uri, removed).await;
        }
    }

    /// Several things of a directory were deleted, or weren't.
    pub async fn deleted_many(&self, dir: &Uri, removals: &[Removal], outcomes: &[Result<Removed>]) {
        let Some(log) = &self.log else { return };
        let marked = |(removal, outcome): (&Removal, &Result<Removed>)| {
            let removed = outcome.as_ref().ok().filter(|removed| removed.marker.is_some())?;
            Some((dir.join(&removal.name, removal.kind), removed.clone()))
        };
        let marked: Vec<_> = removals.iter().zip(outcomes).filter_map(marked).collect();
        log.deleted_all(marked.iter().map(|(uri, removed)| (uri, removed))).await;
    }

    /// Nothing is open of it any more.
    pub async fn closed(&self, source: &Uri, target: &Uri) {
        if let Some(log) = &self.log {
            log.closed(source, target).await;
        }
    }

    /// What is open of it can't be taken up again.
    pub async fn lost(&self, source: &Uri, target: &Uri, why: ErrorKind) {
        match (&self.log, why) {
            (Some(log), ErrorKind::NotFound) => log.closed(source, target).await,
            (Some(log), ErrorKind::Invalid) => log.orphaned(source, target).await,
            _ => {}
        }
    }

    /// What earlier attempts did about a source.
    pub async fn recall(&self, source: &Uri) -> Vec<Earlier> {
        let Some(log) = &self.log else { return Vec::new() };
        log.recall(source).await.into_iter().map(earlier).collect()
    }

    /// Once all that was told late is written.
    pub async fn settled(&self) {
        self.late.close();
        self.late.wait().await;
    }
}

fn earlier(recalled: Recalled) -> Earlier {
    let Recalled { entry, target, step, .. } = recalled;
    let what = match step {
        Step::Intended => Left::Intended,
        Step::Open(open) => {
            let (state, hint) = *open;
            Left::Open(Box::new(state), Box::new(hint))
        }
        Step::Placed(placed) => Left::Placed(placed),
        Step::SourceRemoved => Left::SourceRemoved,
    };
    Earlier { entry, target, what }
}
