//! Removing what was named: directories by their contents, files in batches.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::io::{DirId, Io, Reply};
use super::super::job::{FileEnd, SourceItem};
use super::report::{Failed, Undone};
use super::tasks::{Owner, Task};
use super::tree::Dir;
use super::{Machine, VfsError};
use crate::model::{Entry, ErrorKind, Kind, Op, Result, Uri};
use crate::vfs::{Precondition, Removal, Removed};

/// Removals that go in one request.
#[derive(Debug)]
pub struct Batch {
    at: Uri,
    dir: Option<DirId>,
    entries: Vec<Entry>,
}

impl Batch {
    /// What a person chose is bound to what was shown; what is found below it goes with it.
    fn removals(&self) -> Vec<Removal> {
        let removal = |entry: &Entry| Removal {
            name: entry.name.clone(),
            kind: entry.kind,
            expect: entry.tag.clone().filter(|_| self.dir.is_none()),
        };
        self.entries.iter().map(removal).collect()
    }
}

impl Machine {
    pub(super) fn begin_delete(&mut self) {
        let mut beside: BTreeMap<Uri, Vec<Entry>> = BTreeMap::new();
        for root in 0..self.roots.len() {
            self.roots[root].waits = false;
            let item = self.roots[root].item.clone();
            if let Err(error) = &self.roots[root].caps {
                let error = error.clone();
                self.fail_root(root, error);
                continue;
            }
            match item.entry.kind {
                Kind::Dir => self.delete_dir(Dir::new(root, None, item.uri, item.entry)),
                Kind::Bucket => self.delete_alone(root),
                _ => match batch_dir(&item) {
                    Some(dir) => beside.entry(dir).or_default().push(item.entry),
                    None => self.delete_alone(root),
                },
            }
        }
        for (at, entries) in beside {
            self.count_planned(&entries);
            self.send_batches(&at, None, entries);
        }
    }

    fn batch_size(&self, root: usize) -> usize {
        self.roots[root].caps.as_ref().map_or(1, |caps| caps.remove_batch).clamp(1, 1000)
    }

    fn count_planned(&mut self, entries: &[Entry]) {
        self.progress.total.files += entries.len() as u64;
        self.progress.total.bytes += entries.iter().filter_map(|entry| entry.size).sum::<u64>();
    }

    fn delete_dir(&mut self, dir: Dir) {
        let id = self.new_id();
        self.progress.total.dirs += 1;
        self.unlisted += 1;
        if let Some(parent) = dir.parent.and_then(|parent| self.dirs.get_mut(&parent)) {
            parent.open += 1;
        }
        self.tasks.push(Owner::Dir(id), Io::Page { dir: id, page: 0, at: dir.source.clone() });
        self.dirs.insert(id, dir);
    }

    /// A bucket, or a key that no listing of its parent would show.
    fn delete_alone(&mut self, root: usize) {
        let item = &self.roots[root].item;
        let precondition = item.entry.tag.clone().map_or(Precondition::None, Precondition::Matches);
        let at = item.uri.clone();
        self.progress.total.files += 1;
        self.progress.total.bytes += item.entry.size.unwrap_or(0);
        self.roots[root].waits = true;
        self.tasks.push(Owner::Root(root), Io::Remove { at, precondition });
    }

    pub(super) fn removed_alone(&mut self, root: usize, result: Result<Reply>) {
        let item = self.roots[root].item.clone();
        let size = item.entry.size.unwrap_or(0);
        self.roots[root].waits = false;
        match result {
            Err(error) if !(self.resumed && error.kind == ErrorKind::NotFound) => {
                self.fail_root(root, error);
            }
            removed => {
                self.count_marker(&removed);
                self.progress.done.files += 1;
                self.progress.done.bytes += size;
                self.touch(&item.uri);
                self.tell_over(&item.uri, None, size, || FileEnd::Deleted);
            }
        }
    }

    pub(super) fn plan_removal(&mut self, id: DirId, entry: Entry) {
        let Some(dir) = self.dirs.get_mut(&id) else { return };
        let root = dir.root;
        if entry.kind.is_dir() {
            let source = dir.source.join(&entry.name, entry.kind);
            let dir = self.below(id, root, source, entry);
            return self.delete_dir(dir);
        }
        dir.open += 1;
        dir.pending.push(entry.clone());
        let full = dir.pending.len() >= self.batch_size(root);
        self.count_planned(std::slice::from_ref(&entry));
        if full {
            self.flush_removals(id);
        }
    }

    /// Whether a deletion that goes on was begun before this was there, or was what it is now.
    pub(super) fn came_since(&self, entry: &Entry) -> bool {
        let since = self.begun.zip(entry.modified).is_some_and(|(begun, modified)| modified > begun);
        self.resumed && since && !entry.kind.is_dir()
    }

    /// Nobody asked for the deletion of what wasn't there.
    pub(super) fn leave(&mut self, id: DirId, entry: Entry) {
        let Some(dir) = self.dirs.get(&id) else { return };
        let source = dir.source.join(&entry.name, entry.kind);
        let why = "it came or changed since the deletion was begun, and stays";
        let error = VfsError::new(Op::Remove, source.clone(), ErrorKind::Conflict, why);
        let error = error.with_hint("delete it by itself, if it shall go, too");
        self.fail_child(id, source, entry, error);
    }

    pub(super) fn flush_removals(&mut self, id: DirId) {
        let Some(dir) = self.dirs.get_mut(&id) else { return };
        let (at, entries) = (dir.source.clone(), std::mem::take(&mut dir.pending));
        self.send_batches(&at, Some(id), entries);
    }

    fn send_batches(&mut self, at: &Uri, dir: Option<DirId>, mut entries: Vec<Entry>) {
        let root = dir.map_or(0, |id| self.dirs[&id].root);
        let size = self.batch_size(root);
        while !entries.is_empty() {
            let rest = entries.split_off(entries.len().min(size));
            self.send(Batch { at: at.clone(), dir, entries }, None);
            entries = rest;
        }
    }

    /// Queues a batch; after a failure with a wait, at the given time.
    fn send(&mut self, batch: Batch, again: Option<(u32, Duration)>) {
        let id = self.new_id();
        let owner = Owner::Batch(id);
        let io = Io::RemoveMany { dir: batch.at.clone(), removals: batch.removals() };
        self.batches.insert(id, batch);
        match again {
            Some((failed, now)) => self.tasks.again(&Task { owner, io, failed }, now),
            None => self.tasks.push(owner, io),
        }
    }

    pub(super) fn batch_ended(&mut self, id: u64, task: &Task, result: Result<Reply>, now: Duration) {
        let Some(Batch { at, dir, entries }) = self.batches.remove(&id) else { return };
        let outcomes = match result {
            Ok(Reply::Removed(outcomes)) => outcomes,
            Ok(_) => vec![Ok(Removed::default()); entries.len()],
            Err(error) => vec![Err(error); entries.len()],
        };
        self.touched.insert(at.clone());
        let (mut again, mut over) = (Vec::new(), Vec::new());
        for (entry, outcome) in entries.into_iter().zip(outcomes) {
            let worth = |error: &VfsError| self.worth_again(error, task.failed);
            if outcome.as_ref().is_err_and(worth) {
                again.push(entry);
            } else {
                over.push((entry, outcome));
            }
        }
        if !again.is_empty() {
            self.tasks.slow_down(now);
        }
        for (entry, outcome) in over {
            let gone = dir.is_some() || task.failed > 0 || self.resumed;
            self.removed(&at, dir, entry, outcome, gone);
        }
        if !again.is_empty() {
            self.send(Batch { at, dir, entries: again }, Some((task.failed, now)));
        }
    }

    /// What was chosen by itself and not removed yet.
    pub(super) fn left_batches(&self) -> Vec<Undone> {
        let chosen = self.batches.values().filter(|batch| batch.dir.is_none());
        let all = chosen.flat_map(|batch| batch.entries.iter().map(|entry| (&batch.at, entry)));
        let undone = |(at, entry): (&Uri, &Entry)| {
            let uri = at.join(&entry.name, entry.kind);
            Undone { item: SourceItem { uri, entry: entry.clone() }, target: None }
        };
        all.map(undone).collect()
    }

    fn worth_again(&self, error: &VfsError, failed: u32) -> bool {
        !self.stopping && error.kind.retryable() && failed + 1 < self.limits.tries
    }

    fn removed(&mut self, at: &Uri, dir: Option<DirId>, entry: Entry, outcome: Result<Removed>, gone: bool) {
        let kept = match outcome {
            Err(error) if !(gone && error.kind == ErrorKind::NotFound) => {
                self.progress.failed += 1;
                let uri = at.join(&entry.name, entry.kind);
                self.tell_over(&uri, None, entry.size.unwrap_or(0), || FileEnd::Failed(error.clone()));
                self.failures.push(Failed { item: SourceItem { uri, entry }, target: None, error });
                true
            }
            removed => {
                let size = entry.size.unwrap_or(0);
                self.undoable += u64::from(removed.is_ok_and(|removed| removed.marker.is_some()));
                self.progress.done.files += 1;
                self.progress.done.bytes += size;
                self.tell_over(&at.join(&entry.name, entry.kind), None, size, || FileEnd::Deleted);
                false
            }
        };
        if !self.stopping {
            self.child_over(dir, kept);
        }
    }
}

/// The directory whose listing shows this thing, where there is one.
pub fn batch_dir(item: &SourceItem) -> Option<Uri> {
    let dir = item.uri.parent()?;
    (dir.join(&item.entry.name, item.entry.kind) == item.uri).then_some(dir)
}
