//! Conflicts and links: what the policy decides, and what is asked, one question at a time.

use std::collections::VecDeque;

use super::super::io::{Action, Io, ItemId};
use super::super::job::{Answer, Choice, Conflict, ConflictPolicy, LinkPolicy, Question};
use super::super::names;
use super::copy::After;
use super::look::Looking;
use super::tasks::Owner;
use super::tree::same_inode;
use super::{Machine, VfsError};
use crate::model::{Entry, ErrorKind, Op};
use crate::vfs::Precondition;

/// How many names are tried beside a taken one.
pub const NAMES: u32 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Conflict(ItemId),
    Links,
}

/// The question that is open and those that wait behind it.
#[derive(Debug, Default)]
pub struct Questions {
    number: u64,
    open: Option<Asked>,
    conflicts: VecDeque<ItemId>,
    links: Vec<ItemId>,
}

impl Questions {
    /// Forgets all of them.
    pub fn clear(&mut self) {
        *self = Self { number: self.number, ..Self::default() };
    }
}

impl Machine {
    /// Something is at the destination of a file.
    pub(super) fn in_the_way(&mut self, id: ItemId, found: Entry) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let refuse = |kind, why: &str| VfsError::new(Op::Copy, item.target.clone(), kind, why);
        if same_inode(&item.entry, &found) {
            let error = refuse(ErrorKind::Invalid, "the destination is the very same file");
            return self.fail(id, error);
        }
        if found.kind.is_dir() {
            let error = refuse(ErrorKind::AlreadyExists, "a directory is in the way");
            return self.fail(id, error);
        }
        if let Some(io) = self.may_be_own(id, &found) {
            return self.tasks.push(Owner::Item(id), io);
        }
        let Some(item) = self.items.get_mut(&id) else { return };
        item.seen = Some(found);
        let policy = if item.keeps_both { ConflictPolicy::Rename } else { self.options.conflict };
        self.decide(id, policy);
    }

    fn decide(&mut self, id: ItemId, policy: ConflictPolicy) {
        let Some(item) = self.items.get(&id) else { return };
        match policy {
            _ if item.changed => self.ask_conflict(id),
            ConflictPolicy::Ask => self.ask_conflict(id),
            ConflictPolicy::Overwrite => self.overwrite(id),
            ConflictPolicy::Skip => self.skip(id),
            ConflictPolicy::Rename => self.keep_both(id),
            ConflictPolicy::Newer => self.overwrite_if_newer(id),
        }
    }

    pub(super) fn overwrite(&mut self, id: ItemId) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let tag = item.seen.as_ref().and_then(|seen| seen.tag.clone());
        item.agreed = tag.map_or(Precondition::None, Precondition::Matches);
        item.answered = true;
        item.changed = false;
        self.advance(id);
    }

    fn overwrite_if_newer(&mut self, id: ItemId) {
        let Some(item) = self.items.get(&id) else { return };
        let there = item.seen.as_ref().and_then(|seen| seen.modified);
        let newer = item.entry.modified.zip(there).is_some_and(|(own, there)| own > there);
        if newer { self.overwrite(id) } else { self.skip(id) }
    }

    fn keep_both(&mut self, id: ItemId) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.name_try += 1;
        let name = names::beside(&item.base.name(), item.name_try);
        let target = names::sibling(&item.base, &name).filter(|_| item.name_try <= NAMES);
        let fits = |target: &crate::model::Uri| {
            self.to.is_some_and(|caps| names::refusal(&name, target, &caps).is_none())
        };
        let Some(target) = target.filter(fits) else {
            let why = "no free name could be found beside it";
            let error = VfsError::new(Op::Copy, item.base.clone(), ErrorKind::AlreadyExists, why);
            return self.fail(id, error);
        };
        item.target = target;
        item.agreed = Precondition::Absent;
        // Under the new name may be what an earlier attempt put there.
        (item.answered, item.changed, item.recognized) = (false, false, false);
        // Once both are to be kept, every further name that is taken leads to the next one.
        item.keeps_both = true;
        if item.sink_open { self.break_off(id, After::Anew) } else { self.look(id, Looking::First) }
    }

    fn ask_conflict(&mut self, id: ItemId) {
        self.set_active(id, false);
        self.questions.conflicts.push_back(id);
        self.next_question();
    }

    /// Links can't be kept at the destination.
    pub(super) fn link_policy(&mut self, id: ItemId) {
        let Some(item) = self.items.get(&id) else { return };
        match self.options.links {
            LinkPolicy::Skip => self.skip(id),
            LinkPolicy::Follow => {
                let io = Io::Resolve { link: item.source.clone() };
                self.tasks.push(Owner::Item(id), io);
            }
            LinkPolicy::Ask => {
                self.set_active(id, false);
                self.questions.links.push(id);
                self.next_question();
            }
        }
    }

    fn next_question(&mut self) {
        if self.questions.open.is_some() {
            return;
        }
        let (asked, question) = if let Some(first) = self.questions.links.first() {
            let Some(item) = self.items.get(first) else { return };
            (Asked::Links, Question::Links(item.source.clone()))
        } else {
            let Some(id) = self.questions.conflicts.pop_front() else { return };
            let Some(conflict) = self.conflict(id) else { return };
            (Asked::Conflict(id), Question::Conflict(Box::new(conflict)))
        };
        self.questions.number += 1;
        self.questions.open = Some(asked);
        self.actions.push(Action::Ask(self.questions.number, question));
    }

    fn conflict(&self, id: ItemId) -> Option<Conflict> {
        let item = self.items.get(&id)?;
        Some(Conflict {
            source: item.source.clone(),
            source_entry: item.entry.clone(),
            target: item.target.clone(),
            target_entry: item.seen.clone()?,
            changed: item.changed,
        })
    }

    /// Takes an answer; one to a question that isn't open, or that doesn't fit it, is dropped.
    pub(super) fn answered(&mut self, number: u64, answer: Answer) {
        let Some(asked) = self.questions.open.filter(|_| number == self.questions.number) else { return };
        match (asked, answer.choice) {
            (_, Choice::Cancel) => return self.cancel(),
            (Asked::Links, Choice::FollowLinks) => self.settle_links(LinkPolicy::Follow),
            (Asked::Links, Choice::SkipLinks | Choice::Skip) => self.settle_links(LinkPolicy::Skip),
            (Asked::Conflict(id), choice) => match policy(choice) {
                Some(policy) => self.settle_conflict(id, policy, answer.for_all),
                None => return,
            },
            (Asked::Links, _) => return,
        }
        self.next_question();
    }

    fn settle_links(&mut self, policy: LinkPolicy) {
        self.questions.open = None;
        self.options.links = policy;
        for id in std::mem::take(&mut self.questions.links) {
            self.set_active(id, true);
            self.link_policy(id);
        }
    }

    fn settle_conflict(&mut self, id: ItemId, policy: ConflictPolicy, for_all: bool) {
        self.questions.open = None;
        let mut settled = vec![id];
        if for_all {
            self.options.conflict = policy;
            let changed = |id: &ItemId| self.items.get(id).is_some_and(|item| item.changed);
            let waiting = std::mem::take(&mut self.questions.conflicts);
            let (asked, decided): (VecDeque<_>, VecDeque<_>) = waiting.into_iter().partition(changed);
            self.questions.conflicts = asked;
            settled.extend(decided);
        }
        for id in settled {
            let Some(item) = self.items.get_mut(&id) else { continue };
            item.changed = false;
            self.set_active(id, true);
            self.decide(id, policy);
        }
    }
}

fn policy(choice: Choice) -> Option<ConflictPolicy> {
    match choice {
        Choice::Overwrite => Some(ConflictPolicy::Overwrite),
        Choice::Skip => Some(ConflictPolicy::Skip),
        Choice::KeepBoth => Some(ConflictPolicy::Rename),
        Choice::NewerOnly => Some(ConflictPolicy::Newer),
        Choice::FollowLinks | Choice::SkipLinks | Choice::Cancel => None,
    }
}
