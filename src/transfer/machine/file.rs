//! One file on its way: look at the destination, then rename, link, copy natively or stream.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::io::{DirId, Earlier, Io, ItemId, Reply};
use super::super::job::{FileEnd, JobKind, Progress, SourceItem, Verify};
use super::copy::After;
use super::look::Looking;
use super::report::Failed;
use super::tasks::{Owner, Task};
use super::{Machine, VfsError};
use crate::model::{Entry, ErrorKind, Kind, Op, Result, Tag, Uri};
use crate::vfs::{Layout, Precondition, Proof, SinkState};

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
    /// Whether it takes one of the places for files under way.
    pub(super) active: bool,
    /// Whether the journal was asked for it.
    pub(super) recalled: bool,
    /// What the journal told.
    pub(super) earlier: Option<Box<Earlier>>,
    /// What the journal kept of a write of which nothing else is left.
    pub(super) state: Option<Box<SinkState>>,
    /// Where the parts begin that an earlier attempt has sent.
    pub(super) have: BTreeSet<u64>,
    /// Of the bytes counted, those that an earlier attempt has sent.
    pub(super) kept_bytes: u64,
    /// What this job is known to have put at the destination in an earlier attempt.
    pub(super) own: Option<Tag>,
    /// Whether what is in the way was looked at for being the job's own.
    pub(super) recognized: bool,
    /// Whether its parts are copied where they are.
    pub(super) copies: bool,
    /// Whether that was found to be impossible.
    pub(super) no_copies: bool,
    /// How it was verified.
    pub(super) proof: Option<Proof>,
    /// The tag of what was written.
    pub(super) placed: Option<Tag>,
    /// Whether it is in place, though the job ended before all of it was.
    pub(super) done: bool,
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
            active: false,
            recalled: false,
            earlier: None,
            state: None,
            have: BTreeSet::new(),
            kept_bytes: 0,
            own: None,
            recognized: false,
            copies: false,
            no_copies: false,
            proof: None,
            placed: None,
            done: false,
        }
    }

    /// Whether a journal keeps what was written of it: it goes in several parts.
    pub(super) fn is_kept(&self) -> bool {
        self.layout.is_some_and(|layout| layout.part_size < self.size())
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
        self.set_active(id, true);
        let Some(item) = self.items.get(&id) else { return };
        self.progress.current = Some(item.source.clone());
        if let Some(error) = self.beyond(item) {
            return self.fail(id, error);
        }
        if self.resumed && !item.recalled {
            let source = item.source.clone();
            return self.tasks.push(Owner::Item(id), Io::Recall { source });
        }
        self.start_item(id);
    }

    /// Why a file can't be copied, as far as its row tells.
    fn beyond(&self, item: &Item) -> Option<VfsError> {
        let most = self.to.map_or(u64::MAX, |caps| caps.max_size);
        let class = item.entry.class.as_ref().map(crate::model::StorageClass::as_str);
        if let Some(class @ ("GLACIER" | "DEEP_ARCHIVE")) = class {
            let why = format!("it is archived ({class}): its bytes can't be read");
            let error = VfsError::new(Op::Read, item.source.clone(), ErrorKind::Archived, why);
            return Some(error.with_hint("restore it first, and copy it when that is done"));
        }
        (item.size() > most).then(|| {
            let why = format!("it has {} bytes, and the destination holds at most {most}", item.size());
            VfsError::new(Op::Copy, item.source.clone(), ErrorKind::Invalid, why)
        })
    }

    /// The first step of a file of which nothing was done before.
    pub(super) fn start_item(&mut self, id: ItemId) {
        let Some(item) = self.items.get(&id) else { return };
        let (kind, source, root) = (item.entry.kind, item.source.clone(), item.root);
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

    /// Takes one of the places for files under way, or gives it back.
    pub(super) fn set_active(&mut self, id: ItemId, on: bool) {
        let Some(item) = self.items.get_mut(&id) else { return };
        if std::mem::replace(&mut item.active, on) != on {
            let count = if item.large { &mut self.active_large } else { &mut self.active_small };
            *count = if on { *count + 1 } else { *count - 1 };
        }
    }

    /// Takes a file out of the plan.
    pub(super) fn take_item(&mut self, id: ItemId) -> Option<Item> {
        self.set_active(id, false);
        self.items.remove(&id)
    }

    /// What a file does next, its destination being settled.
    pub(super) fn next_io(&self, id: ItemId) -> Option<Io> {
        let item = self.items.get(&id)?;
        let (source, to, precondition) = (item.source.clone(), item.target.clone(), item.agreed.clone());
        Some(if item.sink_open {
            // A small file came by one request, which vouches for it; what the service copied by itself
            // it compares by itself.
            let wanted = item.large || self.kind == JobKind::Move || self.options.verify == Verify::Always;
            let verify = wanted && !item.copies;
            let waits = self.waits_for_flush(item);
            let source = Box::new((source, item.entry.clone()));
            Io::Commit { item: id, at: to, precondition, source, verify, waits }
        } else if self.may_rename(item.root) && !item.followed {
            Io::Rename { from: source, to, precondition }
        } else if item.is_link() {
            let target = item.entry.link.as_ref().map(|link| link.target.clone()).unwrap_or_default();
            Io::Link { at: to, target, precondition }
        } else if item.natively() && !item.streams && !self.copies_by_parts(item) {
            Io::Native { from: source, entry: Box::new(item.entry.clone()), to, precondition }
        } else {
            let (entry, hint) = (Box::new(item.entry.clone()), Box::new(self.hint(item)));
            Io::Create { item: id, from: source, entry, at: to, hint, large: item.large }
        })
    }

    /// Whether its commit waits until others are flushed with it: a small file on a disk.
    fn waits_for_flush(&self, item: &Item) -> bool {
        !item.large && self.to.is_some_and(|caps| caps.real_dirs)
    }

    /// The next step: the parts that are missing first, where it is being written.
    pub(super) fn advance(&mut self, id: ItemId) {
        if self.items.get(&id).is_some_and(Item::is_unfilled) {
            return self.more_parts(id);
        }
        let Some(io) = self.next_io(id) else { return };
        if matches!(io, Io::Commit { waits: true, .. }) {
            self.set_active(id, false);
        }
        self.tasks.push(Owner::Item(id), io);
    }

    pub(super) fn item_ended(&mut self, id: ItemId, task: &Task, result: Result<Reply>, now: Duration) {
        if self.stopping {
            return self.settle(id, task, result);
        }
        match (&task.io, result) {
            (Io::Look { .. }, Ok(Reply::Looked(found))) => self.looked(id, found, now),
            (Io::Rename { .. }, Ok(_)) => self.renamed(id),
            (Io::Rename { .. }, Err(error)) if error.kind == ErrorKind::Unsupported => {
                self.no_rename = true;
                self.look_first(id);
            }
            (Io::Rename { .. }, Err(error)) if self.resumed && error.kind == ErrorKind::NotFound => {
                self.look(id, Looking::Moved(Box::new(error)));
            }
            (Io::Recall { .. }, Ok(Reply::Recalled(earlier))) => self.recalled(id, earlier),
            (Io::Recognize { .. }, Ok(Reply::Recognized(own))) => self.recognized(id, own),
            (Io::Recognize { .. }, Ok(Reply::Committed(placed))) => self.recovered(id, &placed),
            (Io::Resume { .. }, result) => self.taken_up(id, result),
            (Io::Link { .. }, Ok(_)) => self.copied(id, None),
            (Io::Native { .. }, Ok(Reply::Native(Some(placed)))) => self.copied(id, Some(&placed)),
            (Io::Native { .. }, Ok(_)) => self.stream(id),
            (Io::Resolve { .. }, Ok(Reply::Resolved(uri, entry))) => self.resolved(id, uri, entry),
            (Io::RemoveSource { .. }, result) => self.source_removed(id, result),
            (
                Io::Create { .. }
                | Io::Part { .. }
                | Io::CopyPart { .. }
                | Io::Commit { .. }
                | Io::Abort { .. },
                result,
            ) => self.sink_ended(id, task, result),
            (io, Err(error)) => self.write_failed(id, io, error),
            (_, Ok(_)) => {}
        }
    }

    pub(super) fn renamed(&mut self, id: ItemId) {
        let Some(item) = self.items.get(&id) else { return };
        let (source, target, size) = (item.source.clone(), item.target.clone(), item.size());
        self.touch(&source);
        self.touch(&target);
        self.progress.done.files += 1;
        self.progress.done.bytes += size;
        self.over(id, false, FileEnd::Renamed);
    }

    fn resolved(&mut self, id: ItemId, uri: Uri, entry: Entry) {
        let Some(item) = self.items.get_mut(&id) else { return };
        match entry.kind {
            Kind::File => {
                item.followed = true;
                item.source = uri;
                item.entry = Entry { name: item.entry.name.clone(), ..entry };
                self.progress.total.bytes += item.size();
                if self.resumed {
                    // The journal knows it by where the link leads.
                    let source = item.source.clone();
                    return self.tasks.push(Owner::Item(id), Io::Recall { source });
                }
                self.look_first(id);
            }
            kind if kind.is_dir() => self.follow_dir(id, uri, entry),
            _ => self.skip(id),
        }
    }

    fn follow_dir(&mut self, id: ItemId, uri: Uri, entry: Entry) {
        let Some(item) = self.take_item(id) else { return };
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
        self.tell_over(&item.source, Some(&item.target), item.size(), || FileEnd::Failed(error.clone()));
        let source = SourceItem { uri: item.source.clone(), entry: item.entry.clone() };
        self.failures.push(Failed { item: source, target: Some(item.base.clone()), error });
    }

    /// Ends a file that failed, its sink first.
    pub(super) fn fail(&mut self, id: ItemId, error: VfsError) {
        let Some(item) = self.items.get(&id) else { return };
        if item.sink_open {
            return self.break_off(id, After::Fail(error));
        }
        if let Some(item) = self.take_item(id) {
            self.uncount(item.bytes, item.kept_bytes);
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
        self.over(id, true, FileEnd::Skipped);
    }

    pub(super) fn uncount(&mut self, bytes: u64, kept: u64) {
        let Progress { done, kept: before, .. } = &mut self.progress;
        done.bytes = done.bytes.saturating_sub(bytes);
        before.bytes = before.bytes.saturating_sub(kept);
    }

    pub(super) fn over(&mut self, id: ItemId, kept: bool, end: FileEnd) {
        if let Some(item) = self.take_item(id) {
            self.report(&item.source, Some(&item.target), item.size(), item.placed.clone(), || end);
            self.child_over(item.dir, kept);
        }
    }
}
