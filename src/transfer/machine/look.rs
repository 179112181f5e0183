//! Looking at a place before and after a write: is something in the way, did it change, was an answer
//! lost?

use std::time::Duration;

use super::super::io::{Action, Io, ItemId};
use super::super::job::ConflictPolicy;
use super::file::Item;
use super::tasks::{Owner, Task};
use super::{Machine, VfsError};
use crate::model::{Entry, ErrorKind, Op, Tag};
use crate::vfs::{Placed, Precondition, Proof};

/// How often a file is begun anew because its source changed.
const RESTARTS: u32 = 2;

/// Why the machine looks at a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Looking {
    /// To see what is at the destination.
    First,
    /// The destination (or the source) wasn't what was agreed.
    Conflict,
    /// The answer to a write was lost.
    Unknown,
    /// At the source, which changed.
    Source,
    /// At the source, of which an earlier attempt has written something.
    Earlier,
    /// The source is gone: did an earlier attempt give it its new name? Else this is why it failed.
    Moved(Box<VfsError>),
}

impl Item {
    /// Whether `found` is what the next write is bound to.
    fn is_as_agreed(&self, found: Option<&Entry>) -> bool {
        match (&self.agreed, found) {
            (Precondition::Absent, None) => true,
            (Precondition::Matches(tag), Some(found)) => found.tag.as_ref() == Some(tag),
            _ => false,
        }
    }

    /// Whether `found` proves that a native copy went through: one tag, one size.
    fn is_proof(&self, found: &Entry) -> bool {
        let whole = matches!(&self.entry.tag, Some(Tag::ETag(tag)) if tag.parts().is_none());
        !self.streams && whole && found.tag == self.entry.tag && found.size == self.entry.size
    }
}

impl Machine {
    pub(super) fn look_first(&mut self, id: ItemId) {
        match self.items.get(&id) {
            Some(item) if item.fresh || self.is_blind(item) => self.advance(id),
            Some(_) => self.look(id, Looking::First),
            None => {}
        }
    }

    /// Whether a file goes up without a look: the service itself refuses to replace anything, and one
    /// request is all that is lost then.
    fn is_blind(&self, item: &Item) -> bool {
        self.puts_blindly() && !item.large && !item.natively() && item.agreed == Precondition::Absent
    }

    /// Whether small files are put where something may be, since the service can be trusted not to replace
    /// it. Who wants to leave alone what is there looks first: that costs less than a body.
    pub(super) fn puts_blindly(&self) -> bool {
        let asks = matches!(
            self.options.conflict,
            ConflictPolicy::Ask | ConflictPolicy::Overwrite | ConflictPolicy::Rename
        );
        asks && self.to.is_some_and(|caps| caps.conditional_put && !caps.real_dirs)
    }

    pub(super) fn look(&mut self, id: ItemId, why: Looking) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let source = matches!(why, Looking::Source | Looking::Earlier);
        let at = if source { item.source.clone() } else { item.target.clone() };
        item.looking = why;
        self.tasks.push(Owner::Item(id), Io::Look { at });
    }

    /// Does the last step again after a wait, unless that was tried often enough.
    fn redo(&mut self, id: ItemId, now: Duration) {
        let (Some(io), Some(item)) = (self.next_io(id), self.items.get_mut(&id)) else { return };
        item.redone += 1;
        let failed = item.redone;
        if failed >= self.limits.tries {
            let why = "the service gave no clear answer, several times over";
            let error = VfsError::new(Op::Write, item.target.clone(), ErrorKind::Unavailable, why);
            return self.fail(id, error);
        }
        self.tasks.again(&Task { owner: Owner::Item(id), io, failed }, now);
    }

    /// A step that changes the destination failed: was it the destination, or was the answer lost?
    pub(super) fn write_failed(&mut self, id: ItemId, io: &Io, error: VfsError) {
        let writes = io.writes();
        match error.kind {
            ErrorKind::Conflict | ErrorKind::AlreadyExists if writes => self.look(id, Looking::Conflict),
            kind if writes && kind.outcome_unknown() => self.look(id, Looking::Unknown),
            _ => self.fail(id, error),
        }
    }

    pub(super) fn looked(&mut self, id: ItemId, found: Option<Entry>, now: Duration) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let as_agreed = item.is_as_agreed(found.as_ref());
        // In a job that goes on, what its earlier attempt copied may be there without a record of it.
        let copied_before = self.resumed && found.as_ref().is_some_and(|found| item.is_proof(found));
        match (item.looking.clone(), found) {
            (Looking::Source, found) => self.source_seen(id, found),
            (Looking::Earlier, found) => self.source_still(id, found),
            (Looking::Moved(error), found) => self.moved_before(id, *error, found),
            (Looking::Conflict, _) if as_agreed && !item.sink_open => {
                let why = "it changes while it is copied";
                let error = VfsError::new(Op::Read, item.source.clone(), ErrorKind::Conflict, why);
                self.restart(id, error.with_hint("try again when nothing writes to it"));
            }
            (Looking::Conflict | Looking::Unknown, _) if as_agreed => self.redo(id, now),
            (Looking::Unknown, Some(found)) if item.is_proof(&found) => self.proven(id, found),
            (Looking::First | Looking::Conflict, Some(found)) if copied_before => self.proven(id, found),
            (_, None) => {
                item.agreed = Precondition::Absent;
                self.advance(id);
            }
            (why, Some(found)) => {
                item.changed = (item.answered || why == Looking::Unknown) && item.own != found.tag;
                self.in_the_way(id, found);
            }
        }
    }

    /// What is there is a copy by its tag.
    fn proven(&mut self, id: ItemId, entry: Entry) {
        let placed = Placed { entry, version: None, proof: Proof::ETag };
        self.copied(id, Some(&placed));
    }

    /// The source isn't what it was when it was planned: look at it again and begin anew, unless that
    /// was tried often enough.
    pub(super) fn restart(&mut self, id: ItemId, error: VfsError) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.restarts += 1;
        let most = if error.kind == ErrorKind::Corrupt { 1 } else { RESTARTS };
        if item.restarts > most {
            return self.fail(id, error);
        }
        let why = format!("{} starts over: {}", item.source, error.reason);
        self.actions.push(Action::Note(why));
        self.look(id, Looking::Source);
    }

    fn source_seen(&mut self, id: ItemId, found: Option<Entry>) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let Some(found) = found.filter(|found| found.kind == item.entry.kind) else {
            let why = "it is gone, or is something else now";
            let error = VfsError::new(Op::Read, item.source.clone(), ErrorKind::NotFound, why);
            return self.fail(id, error);
        };
        let before = item.size();
        item.entry = Entry { name: item.entry.name.clone(), ..found };
        let total = &mut self.progress.total.bytes;
        *total = (*total).saturating_sub(before) + item.size();
        self.advance(id);
    }
}
