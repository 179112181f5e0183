//! Streaming a file through a sink, and removing the source of a move.

use super::super::io::{Copied, Io, ItemId, Reply};
use super::super::job::JobKind;
use super::file::Item;
use super::look::Looking;
use super::tasks::{Owner, Task};
use super::{Machine, VfsError};
use crate::model::{Entry, ErrorKind, Op, Result};
use crate::vfs::{Attributes, CreateHint, Layout, Precondition};

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
        let mut attributes = Attributes { mode: item.entry.mode, ..Attributes::default() };
        if disk {
            attributes.date_from(&item.entry);
        }
        CreateHint { size: Some(item.size()), attributes, ..CreateHint::default() }
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
            (Io::Create { .. }, Ok(Reply::Created(layout))) => self.created(id, layout),
            (Io::Part { len, .. }, Ok(_)) => self.part_done(id, *len),
            (Io::Part { .. }, Err(error)) => self.part_failed(id, error),
            (Io::Commit { .. }, Ok(Reply::Committed(placed))) => {
                if let Some(item) = self.items.get_mut(&id) {
                    item.sink_open = false;
                }
                self.copied(id, Some(&placed.entry));
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

    fn created(&mut self, id: ItemId, layout: Layout) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.sink_open = true;
        item.layout = Some(layout);
        item.next = 0;
        self.more_parts(id);
    }

    fn more_parts(&mut self, id: ItemId) {
        let most = self.limits.parts;
        let Some(item) = self.items.get_mut(&id) else { return };
        let Some(layout) = item.layout else { return };
        let (size, most) = (item.size(), most.min(layout.parallel).max(1));
        let precondition = item.entry.tag.clone().map_or(Precondition::None, Precondition::Matches);
        // What is said to be empty is read, too: it may tell no size, or have grown.
        while item.open < most && item.next < size.max(1) {
            let len = layout.part_size.max(1).min(size - item.next);
            let (offset, from) = (item.next, item.source.clone());
            item.next += len.max(1);
            item.open += 1;
            let whole = len == size;
            let precondition = precondition.clone();
            let part = Io::Part { item: id, from, precondition, offset, len, whole };
            self.tasks.push(Owner::Item(id), part);
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

    fn part_failed(&mut self, id: ItemId, error: VfsError) {
        if let Some(item) = self.items.get_mut(&id) {
            item.open -= 1;
        }
        match error.kind {
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
        if let Some(at) = self.items.get(&id).map(|item| item.target.clone()) {
            self.tasks.push(Owner::Item(id), Io::Abort { item: id, at });
        }
    }

    fn aborted(&mut self, id: ItemId, result: Result<Reply>) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.sink_open = false;
        item.layout = None;
        let (bytes, after) = (std::mem::take(&mut item.bytes), item.after.take());
        self.uncount(bytes);
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

    /// The destination is whole and in place.
    pub(super) fn copied(&mut self, id: ItemId, entry: Option<&Entry>) {
        let Some(item) = self.items.get(&id) else { return };
        let (size, counted, target) = (item.size(), item.bytes, item.target.clone());
        self.touch(&target);
        if let Some(found) = entry.and_then(|entry| entry.size).filter(|found| *found != size) {
            let why = format!("it has {found} bytes where the source has {size}");
            let hint = "the source was kept; look at both before trying again";
            return self.fail(id, VfsError::new(Op::Write, target, ErrorKind::Corrupt, why).with_hint(hint));
        }
        self.progress.done.files += 1;
        self.progress.done.bytes += size - counted;
        let Some(item) = self.items.get_mut(&id) else { return };
        item.bytes = 0;
        if self.kind != JobKind::Move || item.followed {
            return self.over(id, true);
        }
        let tag = entry.and_then(|entry| entry.tag.clone());
        let copy = Copied { at: target, tag, streamed: item.streams || !item.natively() };
        let (at, entry) = (item.source.clone(), Box::new(item.entry.clone()));
        let io = Io::RemoveSource { at, entry, copy: Some(Box::new(copy)) };
        self.tasks.push(Owner::Item(id), io);
    }

    pub(super) fn source_removed(&mut self, id: ItemId, result: Result<Reply>) {
        match result {
            Err(error) if error.kind != ErrorKind::NotFound => self.fail(id, error),
            _ => {
                if let Some(source) = self.items.get(&id).map(|item| item.source.clone()) {
                    self.touch(&source);
                }
                self.over(id, false);
            }
        }
    }

    /// What a piece of work that ended after a cancel still tells.
    pub(super) fn settle(&mut self, id: ItemId, task: &Task, result: Result<Reply>) {
        let Some(item) = self.items.get_mut(&id) else { return };
        match (&task.io, result) {
            (Io::Create { .. }, Ok(_)) => item.sink_open = true,
            (Io::Abort { .. }, result) => {
                item.sink_open = false;
                let bytes = std::mem::take(&mut item.bytes);
                self.uncount(bytes);
                let item = result.err().zip(self.items.remove(&id));
                if let Some((left, item)) = item {
                    self.record(&item, left.with_hint("what was begun there could not be cleaned up"));
                }
            }
            (Io::Commit { .. }, Ok(_)) => {
                item.sink_open = false;
                self.settled(id);
            }
            (Io::Native { .. }, Ok(Reply::Native(Some(_)))) | (Io::Rename { .. }, Ok(_)) => self.settled(id),
            _ => {}
        }
    }

    fn settled(&mut self, id: ItemId) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let left = item.size() - item.bytes;
        let target = item.target.clone();
        item.bytes = 0;
        self.progress.done.files += 1;
        self.progress.done.bytes += left;
        self.touch(&target);
    }
}
