//! One file on its way: look at the destination, then rename, link, copy natively or stream.

use std::time::Duration;

use super::super::io::{DirId, Io, ItemId, Reply};
use super::super::job::{JobKind, SourceItem};
use super::copy::After;
use super::look::Looking;
use super::report::Failed;
use super::tasks::{Owner, Task};
use super::{Machine, VfsError};
use crate::model::{Entry, ErrorKind, Kind, Op, Result, Uri};
use crate::vfs::{Layout, Precondition};

/// A file, object or link of the plan.
#[derive(Debug)]
pub struct Item {
    pub(super) root: usize,
    pub(super) dir: Option<DirId>,
    pub(super) source: Uri,
    pub(super) entry: Entry,
    pub(super) target: Uri,
    /// The target before "keep both" changed it.
    pub(super) base: Uri,
    pub(super) large: bool,
    /// Whether nothing can be in the way: the directory was made by this job.
    pub(super) fresh: bool,
    /// What must be true of the destination, as it was found or agreed.
    pub(super) agreed: Precondition,
    /// Whether a replacement was agreed.
    pub(super) answered: bool,
    /// What is in the way.
    pub(super) seen: Option<Entry>,
    /// Whether that is something else than what was agreed to replace.
    pub(super) changed: bool,
    /// Whether it goes beside what is there, under the first free name.
    pub(super) keeps_both: bool,
    pub(super) name_try: u32,
    pub(super) sink_open: bool,
    pub(super) layout: Option<Layout>,
    /// Where the next part begins.
    pub(super) next: u64,
    /// Parts queued or under way.
    pub(super) open: usize,
    /// Bytes counted as done.
    pub(super) bytes: u64,
    /// What follows once the sink is aborted.
    pub(super) after: Option<After>,
    pub(super) followed: bool,
    pub(super) streams: bool,
    pub(super) restarts: u32,
    pub(super) looking: Looking,
    pub(super) redone: u32,
}

impl Item {
    pub(super) fn new(root: usize, dir: Option<DirId>, source: Uri, entry: Entry, target: Uri) -> Self {
        Self {
            root,
            dir,
            source,
            entry,
            base: target.clone(),
            target,
            large: false,
            fresh: false,
            agreed: Precondition::Absent,
            answered: false,
            seen: None,
            changed: false,
            keeps_both: false,
            name_try: 1,
            sink_open: false,
            layout: None,
            next: 0,
            open: 0,
            bytes: 0,
            after: None,
            followed: false,
            streams: false,
            restarts: 0,
            looking: Looking::First,
            redone: 0,
        }
    }

    /// The size in bytes; a link has none.
    pub(super) fn size(&self) -> u64 {
        if self.entry.kind == Kind::File { self.entry.size.unwrap_or(0) } else { 0 }
    }

    /// Whether its places are of one family, which may copy by themselves.
    pub(super) fn natively(&self) -> bool {
        matches!((&self.source, &self.target), (Uri::Local(_), Uri::Local(_)) | (Uri::S3(_), Uri::S3(_)))
    }

    fn is_link(&self) -> bool {
        self.entry.kind == Kind::Symlink
    }
}

impl Machine {
    /// Whether a source may simply be given another name.
    pub(super) fn may_rename(&self, root: usize) -> bool {
        let atomic = |caps: &crate::vfs::Caps| caps.atomic_rename;
        self.kind == JobKind::Move
            && !self.no_rename
            && self.roots[root].caps.as_ref().is_ok_and(atomic)
            && self.to.as_ref().is_some_and(atomic)
    }

    pub(super) fn begin_item(&mut self, id: ItemId) {
        let Some(item) = self.items.get(&id) else { return };
        let (large, kind, source) = (item.large, item.entry.kind, item.source.clone());
        let root = item.root;
        self.activate(large, true);
        self.progress.current = Some(source.clone());
        let keeps_links = self.to.is_some_and(|caps| caps.symlinks);
        match kind {
            Kind::Special => {
                let why = "it is a pipe, a socket or a device, which is never opened";
                let error = VfsError::new(Op::Copy, source, ErrorKind::Unsupported, why);
                self.fail(id, error.with_hint("only files, directories and links are copied"));
            }
            Kind::Symlink if !keeps_links => self.link_policy(id),
            _ if self.may_rename(root) => self.advance(id),
            _ => self.look_first(id),
        }
    }

    pub(super) fn activate(&mut self, large: bool, on: bool) {
        let count = if large { &mut self.active_large } else { &mut self.active_small };
        *count = if on { *count + 1 } else { count.saturating_sub(1) };
    }

    /// What a file does next, its destination being settled.
    pub(super) fn next_io(&self, id: ItemId) -> Option<Io> {
        let item = self.items.get(&id)?;
        let (source, to, precondition) = (item.source.clone(), item.target.clone(), item.agreed.clone());
        Some(if item.sink_open {
            // A small file came by one request, which vouches for it.
            let verify = item.large || self.kind == JobKind::Move;
            let verify = verify.then(|| Box::new((source, item.entry.clone())));
            Io::Commit { item: id, at: to, precondition, verify }
        } else if self.may_rename(item.root) && !item.followed {
            Io::Rename { from: source, to, precondition }
        } else if item.is_link() {
            let target = item.entry.link.as_ref().map(|link| link.target.clone()).unwrap_or_default();
            Io::Link { at: to, target, precondition }
        } else if item.natively() && !item.streams {
            Io::Native { from: source, entry: Box::new(item.entry.clone()), to, precondition }
        } else {
            Io::Create { item: id, from: source, at: to, hint: Box::new(self.hint(item)) }
        })
    }

    pub(super) fn advance(&mut self, id: ItemId) {
        if let Some(io) = self.next_io(id) {
            self.tasks.push(Owner::Item(id), io);
        }
    }

    pub(super) fn item_ended(&mut self, id: ItemId, task: &Task, result: Result<Reply>, now: Duration) {
        if self.cancelled {
            return self.settle(id, task, result);
        }
        match (&task.io, result) {
            (Io::Look { .. }, Ok(Reply::Looked(found))) => self.looked(id, found, now),
            (Io::Rename { .. }, Ok(_)) => self.renamed(id),
            (Io::Rename { .. }, Err(error)) if error.kind == ErrorKind::Unsupported => {
                self.no_rename = true;
                self.look_first(id);
            }
            (Io::Link { .. }, Ok(_)) => self.copied(id, None),
            (Io::Native { .. }, Ok(Reply::Native(Some(placed)))) => self.copied(id, Some(&placed.entry)),
            (Io::Native { .. }, Ok(_)) => self.stream(id),
            (Io::Resolve { .. }, Ok(Reply::Resolved(uri, entry))) => self.resolved(id, uri, entry),
            (Io::RemoveSource { .. }, result) => self.source_removed(id, result),
            (Io::Create { .. } | Io::Part { .. } | Io::Commit { .. } | Io::Abort { .. }, result) => {
                self.sink_ended(id, task, result);
            }
            (io, Err(error)) => self.write_failed(id, io, error),
            (_, Ok(_)) => {}
        }
    }

    fn renamed(&mut self, id: ItemId) {
        let Some(item) = self.items.get(&id) else { return };
        let (source, target, size) = (item.source.clone(), item.target.clone(), item.size());
        self.touch(&source);
        self.touch(&target);
        self.progress.done.files += 1;
        self.progress.done.bytes += size;
        self.over(id, false);
    }

    fn resolved(&mut self, id: ItemId, uri: Uri, entry: Entry) {
        let Some(item) = self.items.get_mut(&id) else { return };
        match entry.kind {
            Kind::File => {
                item.followed = true;
                item.source = uri;
                item.entry = Entry { name: item.entry.name.clone(), ..entry };
                self.progress.total.bytes += item.size();
                self.look_first(id);
            }
            kind if kind.is_dir() => self.follow_dir(id, uri, entry),
            _ => self.skip(id),
        }
    }

    fn follow_dir(&mut self, id: ItemId, uri: Uri, entry: Entry) {
        let Some(item) = self.items.remove(&id) else { return };
        self.activate(item.large, false);
        self.progress.total.files -= 1;
        match self.add_followed(&item, uri, entry) {
            Ok(()) => {}
            Err(error) => {
                self.progress.total.files += 1;
                self.record(&item, error);
            }
        }
        self.child_over(item.dir, true);
    }

    pub(super) fn record(&mut self, item: &Item, error: VfsError) {
        self.progress.failed += 1;
        let source = SourceItem { uri: item.source.clone(), entry: item.entry.clone() };
        self.failures.push(Failed { item: source, target: Some(item.base.clone()), error });
    }

    /// Ends a file that failed, its sink first.
    pub(super) fn fail(&mut self, id: ItemId, error: VfsError) {
        let Some(item) = self.items.get(&id) else { return };
        if item.sink_open {
            return self.break_off(id, After::Fail(error));
        }
        if let Some(item) = self.items.remove(&id) {
            self.uncount(item.bytes);
            self.activate(item.large, false);
            self.record(&item, error);
            self.child_over(item.dir, true);
        }
    }

    /// Ends a file that is left where it is.
    pub(super) fn skip(&mut self, id: ItemId) {
        let Some(item) = self.items.get(&id) else { return };
        if item.sink_open {
            return self.break_off(id, After::Skip);
        }
        self.progress.skipped += 1;
        self.over(id, true);
    }

    pub(super) fn uncount(&mut self, bytes: u64) {
        self.progress.done.bytes = self.progress.done.bytes.saturating_sub(bytes);
    }

    pub(super) fn over(&mut self, id: ItemId, kept: bool) {
        if let Some(item) = self.items.remove(&id) {
            self.activate(item.large, false);
            self.child_over(item.dir, kept);
        }
    }
}
