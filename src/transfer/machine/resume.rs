//! Going on after an interruption: what the journal knows of a file decides where it is taken up.

use super::super::io::{Action, Earlier, Io, ItemId, Left, Reply};
use super::super::job::{FileEnd, JobKind};
use super::super::names;
use super::ask::NAMES;
use super::copy::After;
use super::file::Item;
use super::look::Looking;
use super::tasks::Owner;
use super::tree::same_inode;
use super::{Machine, VfsError};
use crate::model::{Entry, ErrorKind, Kind, Op, Result, Uri};
use crate::vfs::{Layout, Placed, SinkState};

impl Item {
    /// Whether it is being written, and some of its parts aren't sent yet.
    pub(super) fn is_unfilled(&self) -> bool {
        self.sink_open && (self.open > 0 || self.next < self.size().max(1))
    }

    /// Whether this is where it goes, or a name beside that which it got since both were kept.
    fn goes_to(&self, target: &Uri) -> bool {
        let name = self.base.name();
        let mut tries = 2..=NAMES;
        *target == self.base
            || (target.parent() == self.base.parent()
                && tries.any(|n| names::beside(&name, n) == target.name()))
    }
}

impl Machine {
    /// The journal told what it knows of a file.
    pub(super) fn recalled(&mut self, id: ItemId, earlier: Vec<Earlier>) {
        let earlier = self.own_of(id, earlier);
        let Some(item) = self.items.get_mut(&id) else { return };
        item.recalled = true;
        let Some(earlier) = earlier.map(Box::new) else { return self.start_item(id) };
        let same = same_version(&earlier.entry, &item.entry);
        match &earlier.what {
            Left::Intended => self.start_item(id),
            Left::Open(..) => {
                item.earlier = Some(earlier);
                self.look(id, Looking::Earlier);
            }
            Left::Placed(placed) if same => self.was_placed(id, &earlier, Some(placed)),
            Left::SourceRemoved if same => self.was_placed(id, &earlier, None),
            left => {
                // What stands there is the job's own, and may be replaced by what the source is now.
                if let Left::Placed(placed) = left {
                    item.own.clone_from(&placed.entry.tag);
                }
                self.note_changed(id);
                self.start_item(id);
            }
        }
    }

    /// The record of this very file: one source may go to several places. What is open is later than what was
    /// placed, and what was placed of this version of the source says more than what was of another.
    fn own_of(&self, id: ItemId, earlier: Vec<Earlier>) -> Option<Earlier> {
        let item = self.items.get(&id)?;
        let others = |target: &Uri| self.items.iter().any(|(other, it)| *other != id && it.base == *target);
        let is_own = |target: &Uri| item.goes_to(target) && (*target == item.base || !others(target));
        let rank = |earlier: &Earlier| match earlier.what {
            Left::Intended | Left::Open(..) => 0,
            _ if same_version(&earlier.entry, &item.entry) => 1,
            _ => 2,
        };
        let own = earlier.into_iter().filter(|earlier| is_own(&earlier.target));
        own.min_by_key(|earlier| (rank(earlier), earlier.target != item.base))
    }

    fn note_changed(&mut self, id: ItemId) {
        let Some(item) = self.items.get(&id) else { return };
        let why = format!("{} changed since it was copied, and starts over", item.source);
        self.actions.push(Action::Note(why));
    }

    /// An earlier attempt finished the copy; of a move the source may still be to remove.
    fn was_placed(&mut self, id: ItemId, earlier: &Earlier, placed: Option<&Placed>) {
        let Some(item) = self.items.get_mut(&id) else { return };
        item.target = earlier.target.clone();
        let (size, followed) = (item.size(), item.followed);
        for counts in [&mut self.progress.done, &mut self.progress.kept] {
            counts.files += 1;
            counts.bytes += size;
        }
        if self.kind == JobKind::Move && !followed {
            return self.remove_source(id, placed);
        }
        self.over(id, true, FileEnd::AsBefore);
    }

    /// The source of what was begun, as it is now.
    pub(super) fn source_still(&mut self, id: ItemId, found: Option<Entry>) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let found = found.filter(|found| found.kind == Kind::File);
        let (Some(found), Some(earlier)) = (found, item.earlier.take()) else {
            let why = "it is gone, or is something else now";
            let error = VfsError::new(Op::Read, item.source.clone(), ErrorKind::NotFound, why);
            return self.fail(id, error);
        };
        let Left::Open(state, hint) = earlier.what else { return self.start_item(id) };
        let same = same_version(&earlier.entry, &found);
        let before = item.size();
        item.entry = Entry { name: item.entry.name.clone(), ..found };
        let total = &mut self.progress.total.bytes;
        *total = (*total).saturating_sub(before) + item.size();
        item.target = earlier.target;
        item.copies = hint.copies;
        let (from, at) = (item.source.clone(), item.target.clone());
        let state = if same { state } else { Box::new(SinkState { parts: Vec::new(), ..*state }) };
        if same {
            item.state = Some(state.clone());
        } else {
            item.after = Some(After::Anew);
            self.note_changed(id);
        }
        self.tasks.push(Owner::Item(id), Io::Resume { item: id, from, at, state, hint });
    }

    /// What was begun is open again, or can't be found.
    pub(super) fn taken_up(&mut self, id: ItemId, result: Result<Reply>) {
        match result {
            Ok(Reply::Resumed { layout, parts, settled }) => self.reopened(id, layout, &parts, settled),
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid) => {
                let Some(item) = self.items.get_mut(&id) else { return };
                (item.after, item.copies) = (None, false);
                let why = format!("{}: nothing is left of what was begun", item.source);
                self.actions.push(Action::Note(why));
                self.look(id, Looking::First);
            }
            Err(error) => self.fail(id, error),
            Ok(_) => {}
        }
    }

    fn reopened(&mut self, id: ItemId, layout: Layout, parts: &[(u64, u64)], settled: bool) {
        let Some(item) = self.items.get_mut(&id) else { return };
        (item.sink_open, item.layout, item.next) = (true, Some(layout), 0);
        // The layout is the one that it was begun with: what came another way since goes on as it was.
        item.streams |= !item.copies;
        if item.after.is_some() {
            return self.abort(id);
        }
        item.have = parts.iter().map(|(offset, _)| *offset).collect();
        let there: u64 = if settled { item.size() } else { parts.iter().map(|(_, len)| len).sum() };
        (item.bytes, item.kept_bytes) = (there, there);
        self.progress.done.bytes += there;
        self.progress.kept.bytes += there;
        if settled {
            item.next = item.size().max(1);
            return self.advance(id);
        }
        self.look(id, Looking::First);
    }

    /// The source of a rename is gone.
    pub(super) fn moved_before(&mut self, id: ItemId, error: VfsError, found: Option<Entry>) {
        let Some(item) = self.items.get(&id) else { return };
        match found.filter(|found| same_inode(found, &item.entry)) {
            Some(_) => self.renamed(id),
            None => self.fail(id, error),
        }
    }

    /// Whether what is in the way may be what an earlier attempt of this job has put there, which died
    /// before it could record it: then that has to be found out.
    pub(super) fn may_be_own(&mut self, id: ItemId, found: &Entry) -> Option<Io> {
        let root = self.items.get(&id)?.root;
        let copied = self.resumed && !self.may_rename(root);
        let item = self.items.get_mut(&id).filter(|item| copied && !item.recognized && !item.answered)?;
        if found.kind != Kind::File && found.kind != Kind::Symlink {
            return None;
        }
        item.seen = Some(found.clone());
        item.recognized = true;
        Some(Io::Recognize {
            from: item.source.clone(),
            entry: Box::new(item.entry.clone()),
            at: item.target.clone(),
            found: Box::new(found.clone()),
            state: item.state.clone(),
        })
    }

    /// What is in the way is the whole copy, though no record says so.
    pub(super) fn recovered(&mut self, id: ItemId, placed: &Placed) {
        let Some(item) = self.items.get(&id) else { return };
        self.progress.kept.bytes += item.size();
        self.progress.kept.files += 1;
        self.copied(id, Some(placed));
    }

    /// What is in the way is the job's own: it is written again, bound to just that. Or it isn't.
    pub(super) fn recognized(&mut self, id: ItemId, own: bool) {
        let Some(item) = self.items.get(&id) else { return };
        let Some(found) = item.seen.clone() else { return };
        if own || (item.own.is_some() && item.own == found.tag) {
            return self.overwrite(id);
        }
        self.in_the_way(id, found);
    }
}

/// Whether `now` is the version that was read. The same bytes written again have the same entity tag, so
/// the time counts, too: to the second, which is all that a HEAD tells of it.
pub fn same_version(read: &Entry, now: &Entry) -> bool {
    let close = match (read.modified, now.modified) {
        (Some(read), Some(now)) => read.0.abs_diff(now.0) <= 1000,
        (read, now) => read == now,
    };
    let same_tag = match (&read.tag, &now.tag) {
        (Some(read), Some(now)) => read == now,
        _ => true,
    };
    same_tag && close && read.size == now.size && read.kind == now.kind
}
