//! Ending before the end: given up, or left to be resumed.

use super::super::io::{Action, DirId, ItemId};
use super::super::job::{JobKind, SourceItem};
use super::Machine;
use super::report::Undone;

impl Machine {
    /// Gives the job up: nothing that it began stays.
    pub(super) fn cancel(&mut self) {
        if self.finished || (self.stopping && !self.suspended) {
            return;
        }
        let before = std::mem::replace(&mut self.stopping, true);
        self.suspended = false;
        if !before {
            self.stop();
        }
    }

    /// Leaves the job as it is. One that nothing keeps could never be gone on with: it is given up.
    pub(super) fn suspend(&mut self) {
        if self.finished || self.stopping {
            return;
        }
        if !self.recorded {
            return self.cancel();
        }
        (self.stopping, self.suspended) = (true, true);
        self.stop();
    }

    fn stop(&mut self) {
        self.paused = false;
        self.tasks.clear();
        self.questions.clear();
        self.actions.push(Action::Interrupt);
    }

    /// Once nothing is under way any more. A job that is left keeps what the journal has a record of: what
    /// goes in several parts.
    pub(super) fn abort_open_sinks(&mut self) {
        let ends = |item: &super::file::Item| item.sink_open && !(self.suspended && item.is_kept());
        let open: Vec<ItemId> = self.items.iter().filter(|(_, item)| ends(item)).map(|(id, _)| *id).collect();
        for id in open {
            self.abort(id);
        }
    }

    /// What a job that was given up hasn't done, for a retry. What moves or goes away does so from its
    /// topmost directory on, since what is done is gone from there; a copy begins again at the directories
    /// that weren't listed to their end, and at the single files of the others.
    pub(super) fn left(&mut self) -> Vec<Undone> {
        let mut left = self.left_roots();
        let topmost = self.kind != JobKind::Copy;
        let within = |dir: Option<DirId>| if topmost { dir.is_some() } else { self.is_unlisted(dir) };
        for dir in self.dirs.values().filter(|dir| !within(dir.parent) && (topmost || !dir.listed)) {
            let item = SourceItem { uri: dir.source.clone(), entry: dir.entry.clone() };
            left.push(Undone { item, target: dir.target.clone() });
        }
        for item in self.items.values().filter(|item| !item.done && !within(item.dir)) {
            let source = SourceItem { uri: item.source.clone(), entry: item.entry.clone() };
            left.push(Undone { item: source, target: Some(item.base.clone()) });
        }
        left.extend(self.left_batches());
        left
    }

    /// Whether this directory or one above it isn't listed to its end.
    fn is_unlisted(&self, mut dir: Option<DirId>) -> bool {
        while let Some(here) = dir.and_then(|id| self.dirs.get(&id)) {
            if !here.listed {
                return true;
            }
            dir = here.parent;
        }
        false
    }

    fn left_roots(&self) -> Vec<Undone> {
        let waiting = self.roots.iter().filter(|root| root.waits);
        waiting.map(|root| Undone { item: root.item.clone(), target: root.target.clone() }).collect()
    }
}
