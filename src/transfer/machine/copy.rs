//! Streaming a file through a sink, and removing the source of a move.

use super::super::io::{Copied, Io, ItemId, Reply};
use super::super::job::{FileEnd, JobKind};
use super::file::Item;
use super::look::Looking;
use super::tasks::{Owner, Task};
use super::{Machine, VfsError};
use crate::model::{ErrorKind, Op, Result};
use crate::vfs::{CreateHint, Layout, Placed, Precondition, Proof};

/// How many parts a service copies at once for one file.
const COPIES: usize = 16;

/// What follows once a sink is aborted.
#[derive(Clone, Debug, PartialEq)]
pub enum After {
    /// The file failed.
    Fail(VfsError),
    /// The file is left.
    Skip,
    /// The source changed, or came otherwise than it is: begin anew with what it is now. The error is for
    /// when that was tried often enough.
    Restart(VfsError),
    /// Begin anew at the (new) target.
    Anew,
}

impl Machine {
    pub(super) fn hint(&self, item: &Item) -> CreateHint {
        let disk = self.to.is_some_and(|caps| caps.real_dirs);
        let mut attributes = self.options.attributes.clone();
        attributes.mode = attributes.mode.or(item.entry.mode);
        if attributes.modified.is_none() && (disk || item.source.as_local().is_some()) {
            attributes.date_from(&item.entry);
        }
        CreateHint {
            size: Some(item.size()),
            attributes,
            part_size: self.options.part_size,
            copies: self.copies_by_parts(item),
            no_flush: self.options.no_flush,
            ..CreateHint::default()
        }
    }

    /// Whether it goes from service to service and is too large to be copied in one request: then, if they
    /// are one, by parts, which a journal can hold.
    pub(super) fn copies_by_parts(&self, item: &Item) -> bool {
        let services = item.natively() && item.target.as_s3().is_some();
        let insisted = self.options.part_size.unwrap_or(u64::MAX);
        let at_once = |caps: crate::vfs::Caps| caps.copy_at_once.min(insisted);
        services && !item.no_copies && self.to.is_some_and(|caps| item.size() > at_once(caps))
    }

    /// The places can't do it by themselves: the bytes pass through here.
    pub(super) fn stream(&mut self, id: ItemId) {
        if let Some(item) = self.items.get_mut(&id) {
            item.streams = true;
        }
        self.advance(id);
    }

    pub(super) fn sink_ended(&mut self, id: ItemId, task: &Task, result: Result<Reply>) {
        match (&task.io, result) {
            (Io::Create { .. }, Ok(Reply::Created { layout, copies })) => self.created(id, layout, copies),
            (Io::Part { len, .. } | Io::CopyPart { len, .. }, Ok(_)) => self.part_done(id, *len),
            (Io::Part { .. } | Io::CopyPart { .. }, Err(error)) => self.part_failed(id, task, error),
            (Io::Commit { .. }, Ok(Reply::Committed(placed))) => {
                if let Some(item) = self.items.get_mut(&id) {
                    item.sink_open = false;
                }
                self.copied(id, Some(&placed));
            }
            (Io::Commit { .. }, Err(error)) if error.kind == ErrorKind::Unsupported => self.lost(id, error),
            (Io::Commit { .. }, Err(error)) if error.kind == ErrorKind::Corrupt => {
                self.break_off(id, After::Restart(error));
            }
            (Io::Abort { .. }, result) => self.aborted(id, result),
            (io, Err(error)) => self.write_failed(id, io, error),
            (_, Ok(_)) => {}
        }
    }

    fn created(&mut self, id: ItemId, layout: Layout, copies: bool) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.sink_open = true;
        item.layout = Some(layout);
        item.copies = copies;
        item.streams |= !copies;
        item.next = 0;
        item.have.clear();
        self.more_parts(id);
    }

    pub(super) fn more_parts(&mut self, id: ItemId) {
        let limit = self.limits.parts;
        let Some(item) = self.items.get_mut(&id) else { return };
        let Some(layout) = item.layout else { return };
        let limit = if item.copies { COPIES.min(self.limits.requests) } else { limit };
        let (size, most) = (item.size(), limit.min(layout.parallel).max(1));
        let precondition = item.entry.tag.clone().map_or(Precondition::None, Precondition::Matches);
        // What is said to be empty is read, too: it may tell no size, or have grown.
        while item.open < most && item.next < size.max(1) {
            let len = layout.part_size.max(1).min(size - item.next);
            let (offset, from) = (item.next, item.source.clone());
            item.next += len.max(1);
            if item.have.contains(&offset) {
                continue;
            }
            item.open += 1;
            let whole = len == size;
            let precondition = precondition.clone();
            self.tasks.push(
                Owner::Item(id),
                if item.copies {
                    Io::CopyPart { item: id, from, precondition, offset, len }
                } else {
                    Io::Part { item: id, from, precondition, offset, len, whole }
                },
            );
        }
        if item.open == 0 {
            self.advance(id);
        }
    }

    fn part_done(&mut self, id: ItemId, len: u64) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.open -= 1;
        item.bytes += len;
        self.progress.done.bytes += len;
        match item.after {
            Some(_) => self.abort_when_still(id),
            None => self.more_parts(id),
        }
    }

    fn part_failed(&mut self, id: ItemId, task: &Task, error: VfsError) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.open -= 1;
        match error.kind {
            ErrorKind::Unsupported if matches!(task.io, Io::CopyPart { .. }) && !item.no_copies => {
                (item.no_copies, item.streams) = (true, true);
                self.break_off(id, After::Anew);
            }
            ErrorKind::Conflict | ErrorKind::Corrupt => self.break_off(id, After::Restart(error)),
            _ => self.break_off(id, After::Fail(error)),
        }
    }

    /// The sink no longer holds what was written: once more from the start.
    fn lost(&mut self, id: ItemId, error: VfsError) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.restarts += 1;
        let after = if item.restarts > 2 { After::Fail(error) } else { After::Anew };
        self.break_off(id, after);
    }

    /// Gives up the open sink; the first reason counts.
    pub(super) fn break_off(&mut self, id: ItemId, after: After) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.after.get_or_insert(after);
        let forgotten = self.tasks.forget(id);
        if let Some(item) = self.items.get_mut(&id) {
            item.open = item.open.saturating_sub(forgotten);
        }
        self.abort_when_still(id);
    }

    fn abort_when_still(&mut self, id: ItemId) {
        if self.items.get(&id).is_some_and(|item| item.open == 0) {
            self.abort(id);
        }
    }

    pub(super) fn abort(&mut self, id: ItemId) {
        if let Some(item) = self.items.get(&id) {
            let (from, at) = (item.source.clone(), item.target.clone());
            self.tasks.push(Owner::Item(id), Io::Abort { item: id, from, at });
        }
    }

    fn aborted(&mut self, id: ItemId, result: Result<Reply>) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.sink_open = false;
        (item.layout, item.next) = (None, 0);
        let (bytes, kept) = (std::mem::take(&mut item.bytes), std::mem::take(&mut item.kept_bytes));
        let after = item.after.take();
        self.uncount(bytes, kept);
        match (after, result) {
            (Some(After::Fail(error)), Err(left)) => {
                let hint = format!("and what was begun could not be cleaned up: {left}");
                self.fail(id, error.with_hint(hint));
            }
            (Some(After::Fail(error)), Ok(_)) | (_, Err(error)) => self.fail(id, error),
            (Some(After::Skip), Ok(_)) => self.skip(id),
            (Some(After::Restart(error)), Ok(_)) => self.restart(id, error),
            (Some(After::Anew) | None, Ok(_)) => self.look(id, Looking::First),
        }
    }

    /// The destination is whole and in place; a link has no bytes to tell of.
    pub(super) fn copied(&mut self, id: ItemId, placed: Option<&Placed>) {
        let Some(item) = self.items.get(&id) else { return };
        let (size, counted, target) = (item.size(), item.bytes, item.target.clone());
        self.touch(&target);
        let told = placed.and_then(|placed| placed.entry.size);
        if let Some(found) = told.filter(|found| *found != size) {
            let why = format!("it has {found} bytes where the source has {size}");
            let hint = "the source was kept; look at both before trying again";
            return self.fail(id, VfsError::new(Op::Write, target, ErrorKind::Corrupt, why).with_hint(hint));
        }
        self.progress.done.files += 1;
        self.progress.done.bytes += size - counted;
        self.count_proof(id, placed);
        let Some(item) = self.items.get_mut(&id) else { return };
        (item.bytes, item.kept_bytes) = (0, 0);
        if self.kind != JobKind::Move || item.followed {
            let end = FileEnd::Copied(item.proof.unwrap_or(Proof::Size));
            return self.over(id, true, end);
        }
        self.remove_source(id, placed);
    }

    fn count_proof(&mut self, id: ItemId, placed: Option<&Placed>) {
        let (Some(item), Some(placed)) = (self.items.get_mut(&id), placed) else { return };
        item.proof = Some(placed.proof);
        item.placed.clone_from(&placed.entry.tag);
        self.proofs[placed.proof as usize] += 1;
        let overwrote = item.agreed != Precondition::Absent;
        self.undoable += u64::from(overwrote && placed.version.is_some());
    }

    pub(super) fn remove_source(&mut self, id: ItemId, placed: Option<&Placed>) {
        let Some(item) = self.items.get(&id) else { return };
        let tag = placed.and_then(|placed| placed.entry.tag.clone());
        let streamed = item.streams || !item.natively();
        let copy = Copied { at: item.target.clone(), tag, streamed };
        let (at, entry) = (item.source.clone(), Box::new(item.entry.clone()));
        let io = Io::RemoveSource { at, entry, copy: Some(Box::new(copy)) };
        self.tasks.push(Owner::Item(id), io);
    }

    pub(super) fn source_removed(&mut self, id: ItemId, result: Result<Reply>) {
        let Some(item) = self.items.get(&id) else { return };
        let source = item.source.clone();
        let end = item.proof.map_or(FileEnd::AsBefore, FileEnd::Copied);
        match result {
            Err(error) if error.kind != ErrorKind::NotFound => self.fail(id, error),
            removed => {
                self.count_marker(&removed);
                self.touch(&source);
                self.over(id, false, end);
            }
        }
    }

    pub(super) fn count_marker(&mut self, removed: &Result<Reply>) {
        if let Ok(Reply::Gone(removed)) = removed {
            self.undoable += u64::from(removed.marker.is_some());
        }
    }

    /// What a piece of work that ended after a cancel still tells.
    pub(super) fn settle(&mut self, id: ItemId, task: &Task, result: Result<Reply>) {
        let Some(item) = self.items.get_mut(&id) else { return };
        match (&task.io, result) {
            (_, Ok(Reply::Created { layout, .. } | Reply::Resumed { layout, .. })) => {
                (item.sink_open, item.layout) = (true, Some(layout));
            }
            (Io::Part { len, .. } | Io::CopyPart { len, .. }, Ok(_)) => {
                item.bytes += len;
                self.progress.done.bytes += len;
            }
            (Io::Abort { .. }, result) => self.settle_abort(id, result),
            (Io::Commit { .. }, Ok(Reply::Committed(placed))) => {
                item.sink_open = false;
                self.settled(id, Some(&placed));
            }
            (Io::Native { .. }, Ok(Reply::Native(Some(placed)))) => self.settled(id, Some(&placed)),
            (Io::Rename { .. } | Io::Link { .. }, Ok(_)) => self.settled(id, None),
            (Io::RemoveSource { .. }, Ok(_)) => item.done = true,
            _ => {}
        }
    }

    fn settle_abort(&mut self, id: ItemId, result: Result<Reply>) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.sink_open = false;
        let (bytes, kept) = (std::mem::take(&mut item.bytes), std::mem::take(&mut item.kept_bytes));
        self.uncount(bytes, kept);
        if let Err(left) = result
            && let Some(item) = self.take_item(id)
        {
            self.record(&item, left.with_hint("what was begun there could not be cleaned up"));
        }
    }

    fn settled(&mut self, id: ItemId, placed: Option<&Placed>) {
        self.count_proof(id, placed);
        let renames = self.items.get(&id).is_some_and(|item| self.may_rename(item.root));
        let Some(item) = self.items.get_mut(&id) else { return };
        let left = item.size() - item.bytes;
        let target = item.target.clone();
        item.done = renames || self.kind != JobKind::Move;
        (item.bytes, item.kept_bytes) = (0, 0);
        self.progress.done.files += 1;
        self.progress.done.bytes += left;
        self.touch(&target);
    }
}
