//! Directories: made before their contents, listed a page at a time, removed after them.

mod select;

use std::sync::Arc;

use super::super::io::{Action, DirId, Io, ItemId, Reply};
use super::super::job::{FileEnd, JobKind, SourceItem};
use super::super::names::{self, Taken};
use super::file::Item;
use super::report::Failed;
use super::roots::is_marker;
use super::tasks::{Owner, Task};
use super::{Machine, VfsError};
use crate::model::{Entry, ErrorKind, Kind, Op, Result, Tag, Uri};
use crate::vfs::{Attributes, Precondition};

/// A directory of the plan.
#[derive(Debug)]
pub struct Dir {
    pub(super) root: usize,
    pub(super) parent: Option<DirId>,
    pub(super) source: Uri,
    pub(super) entry: Entry,
    /// Where it goes; `None` in a delete.
    pub(super) target: Option<Uri>,
    /// Whether nothing was at the target before.
    pub(super) fresh: bool,
    /// Files and directories below that aren't over.
    pub(super) open: usize,
    /// Whether something below stays at the source.
    pub(super) kept: bool,
    /// What a delete has listed and not yet sent off.
    pub(super) pending: Vec<Entry>,
    /// Its path below the source, for the selection; empty, or ending in `/`.
    relative: String,
    /// Whether a person named the target, so that a link there is meant.
    pub(super) named: bool,
    /// Whether it came by a link, which stays where it is.
    followed: bool,
    pub(super) listed: bool,
    closing: bool,
    failed: bool,
    empty: bool,
    marker: Option<Entry>,
    taken: Taken,
}

impl Dir {
    pub(super) fn new(root: usize, parent: Option<DirId>, source: Uri, entry: Entry) -> Self {
        Self {
            root,
            parent,
            source,
            entry,
            target: None,
            fresh: false,
            open: 0,
            kept: false,
            pending: Vec::new(),
            relative: String::new(),
            named: false,
            followed: false,
            listed: false,
            closing: false,
            failed: false,
            empty: true,
            marker: None,
            taken: Taken::default(),
        }
    }
}

impl Machine {
    /// Plans one source of a copy or move.
    pub(super) fn begin_copy(&mut self, root: usize) {
        let item = self.roots[root].item.clone();
        let Some(target) = self.roots[root].target.clone() else { return };
        let to_disk = self.to.is_some_and(|caps| caps.real_dirs);
        if item.entry.kind.is_dir() || (is_marker(&item) && to_disk) {
            let mut dir = Dir { named: true, ..Dir::new(root, None, item.uri.clone(), item.entry.clone()) };
            if is_marker(&item) {
                dir.marker = Some(item.entry);
                dir.listed = true;
            }
            self.add_dir(dir, target);
        } else {
            self.add_item(Item::new(root, None, item.uri, item.entry, target));
        }
    }

    pub(super) fn add_dir(&mut self, mut dir: Dir, target: Uri) {
        let id = self.new_id();
        self.progress.total.dirs += 1;
        self.unlisted += usize::from(!dir.listed);
        if let (Ok(from), Some(to)) = (&self.roots[dir.root].caps, &self.to) {
            dir.taken = Taken::new(from, to);
        }
        if let Some(parent) = dir.parent.and_then(|parent| self.dirs.get_mut(&parent)) {
            parent.open += 1;
        }
        let whole = self.matcher.takes_all();
        let first = if self.may_rename(dir.root) && !dir.followed && whole {
            let precondition = Precondition::Absent;
            Io::Rename { from: dir.source.clone(), to: target.clone(), precondition }
        } else {
            Io::MakeDir { at: target.clone(), follow: dir.named, above: false }
        };
        let blind = self.puts_blindly() && dir.source.as_local().is_some();
        dir.target = Some(target);
        self.dirs.insert(id, dir);
        if blind {
            return self.dir_made(id, false);
        }
        self.tasks.push(Owner::Dir(id), first);
    }

    /// A link that leads to a directory, being followed: the directory takes the file's place.
    pub(super) fn add_followed(&mut self, item: &Item, source: Uri, entry: Entry) -> Result<()> {
        let mut above = item.dir;
        while let Some(dir) = above.and_then(|id| self.dirs.get(&id)) {
            if same_inode(&dir.entry, &entry) || dir.source == source {
                let why = "the link leads back to a directory above it";
                return Err(VfsError::new(Op::Copy, item.source.clone(), ErrorKind::Invalid, why));
            }
            above = dir.parent;
        }
        let target = item.target.as_dir();
        let dir = Dir { followed: true, kept: true, ..Dir::new(item.root, item.dir, source, entry) };
        self.add_dir(dir, target);
        Ok(())
    }

    pub(super) fn dir_ended(&mut self, id: DirId, task: &Task, result: Result<Reply>) {
        match (&task.io, result) {
            (Io::Rename { .. }, result) => self.dir_renamed(id, result),
            (Io::MakeDir { .. }, Ok(Reply::Made { fresh })) => self.dir_made(id, fresh),
            (Io::Page { page, .. }, Ok(Reply::Page(Some(entries)))) => self.page(id, *page, &entries),
            (Io::Page { .. }, Ok(_)) => self.dir_listed(id),
            (Io::Page { .. }, Err(error)) if self.is_gone_by_now(&error) => {
                if let Some(dir) = self.dirs.get_mut(&id) {
                    dir.empty = false;
                }
                let note = format!("{} is gone: nothing is left to do there", error.uri);
                self.actions.push(Action::Note(note));
                self.dir_listed(id);
            }
            (Io::Page { .. }, Err(error)) => {
                self.fail_dir(id, error);
                self.dir_listed(id);
            }
            (Io::RemoveDir { .. }, Err(error)) if error.kind == ErrorKind::NotFound => self.dir_over(id),
            (Io::RemoveDir { .. }, Ok(_)) => {
                let source = self.dirs[&id].source.clone();
                self.touch(&source);
                self.dir_over(id);
            }
            (Io::Look { at }, Ok(Reply::Looked(found))) => self.dir_found(id, at, found.as_ref()),
            (Io::Mark { .. }, Ok(_)) => self.close_source(id),
            (Io::DressDir { .. }, result) => {
                if let Err(error) = result {
                    self.fail_dir(id, error);
                }
                self.close_source(id);
            }
            (Io::RemoveSource { .. }, removed @ Ok(_)) => {
                self.count_marker(&removed);
                self.dir_over(id);
            }
            (_, Err(error)) => {
                self.fail_dir(id, error);
                self.dir_over(id);
            }
            (_, Ok(_)) => self.dir_over(id),
        }
    }

    /// Whether a directory isn't there any more since an earlier attempt took all of it away.
    fn is_gone_by_now(&self, error: &VfsError) -> bool {
        self.resumed && self.kind != JobKind::Copy && error.kind == ErrorKind::NotFound
    }

    fn dir_made(&mut self, id: DirId, fresh: bool) {
        let Some(dir) = self.dirs.get_mut(&id) else { return };
        dir.fresh = fresh;
        let at = dir.source.clone();
        if let Some(target) = dir.target.clone().filter(|_| fresh) {
            self.touch(&target);
        }
        if self.dirs[&id].listed {
            return self.check_dir(id);
        }
        self.tasks.push(Owner::Dir(id), Io::Page { dir: id, page: 0, at });
    }

    fn page(&mut self, id: DirId, page: u32, entries: &Arc<Vec<Entry>>) {
        for entry in entries.iter() {
            if self.leaves_out(id, entry) {
                continue;
            }
            match self.kind {
                JobKind::Delete => self.page_removal(id, entry),
                JobKind::Copy | JobKind::Move => self.plan_child(id, entry.clone()),
            }
        }
        let at = self.dirs[&id].source.clone();
        self.tasks.push(Owner::Dir(id), Io::Page { dir: id, page: page + 1, at });
    }

    fn plan_child(&mut self, id: DirId, entry: Entry) {
        let Some(dir) = self.dirs.get_mut(&id) else { return };
        let (Some(above), Some(to)) = (dir.target.clone(), self.to) else { return };
        if entry.name.is_empty() && entry.kind == Kind::File {
            return self.plan_marker(id, entry, &above);
        }
        dir.empty = false;
        let (source, target) =
            (dir.source.join(&entry.name, entry.kind), above.join(&entry.name, entry.kind));
        let refused = names::refusal(&entry.name, &target, &to).or_else(|| {
            let free = dir.taken.take(&entry.name);
            (!free).then(|| "another source has the same name at the destination".to_owned())
        });
        let root = dir.root;
        if let Some(why) = refused {
            let error = VfsError::new(Op::Copy, source.clone(), ErrorKind::Invalid, why)
                .with_hint("copy it by itself under another name");
            return self.fail_child(id, source, entry, error);
        }
        if entry.kind.is_dir() {
            let dir = self.below(id, root, source, entry);
            self.add_dir(dir, target);
        } else {
            self.add_item(Item::new(root, Some(id), source, entry, target));
        }
    }

    /// The object of a prefix itself. Where keys are kept it is copied as it is; on a disk it is the
    /// directory, which is made already.
    fn plan_marker(&mut self, id: DirId, entry: Entry, above: &Uri) {
        let Some(dir) = self.dirs.get_mut(&id) else { return };
        let source = dir.source.join(&entry.name, Kind::File);
        if self.to.is_some_and(|caps| !caps.real_dirs) {
            dir.empty = false;
            let target = above.join(&entry.name, Kind::File);
            let item = Item::new(dir.root, Some(id), source, entry, target);
            return self.add_item(item);
        }
        if entry.size.unwrap_or(0) > 0 {
            let why = "it is the marker of a directory and has content, which a disk can't keep";
            let error = VfsError::new(Op::Copy, source.clone(), ErrorKind::Invalid, why);
            return self.fail_child(id, source, entry, error);
        }
        dir.marker = Some(entry);
    }

    pub(super) fn fail_child(&mut self, id: DirId, uri: Uri, entry: Entry, error: VfsError) {
        if let Some(dir) = self.dirs.get_mut(&id) {
            dir.kept = true;
        }
        self.progress.total.files += 1;
        self.progress.failed += 1;
        self.tell_over(&uri, None, entry.size.unwrap_or(0), || FileEnd::Failed(error.clone()));
        self.failures.push(Failed { item: SourceItem { uri, entry }, target: None, error });
    }

    fn fail_dir(&mut self, id: DirId, error: VfsError) {
        let Some(dir) = self.dirs.get_mut(&id) else { return };
        dir.kept = true;
        dir.failed = true;
        let item = SourceItem { uri: dir.source.clone(), entry: dir.entry.clone() };
        let target = dir.target.clone();
        self.progress.failed += 1;
        self.failures.push(Failed { item, target, error });
    }

    fn dir_listed(&mut self, id: DirId) {
        if let Some(dir) = self.dirs.get_mut(&id) {
            dir.listed = true;
            self.unlisted -= 1;
        }
        self.flush_removals(id);
        self.check_dir(id);
    }

    /// Closes a directory once all of it is listed and over.
    pub(super) fn check_dir(&mut self, id: DirId) {
        let Some(dir) = self.dirs.get_mut(&id) else { return };
        if !dir.listed || dir.open > 0 || dir.closing {
            return;
        }
        dir.closing = true;
        // What holds nothing and isn't meant by its name is neither made nor taken away.
        let unmeant = dir.empty && !self.matcher.takes_empty(&dir.relative);
        dir.kept |= unmeant;
        let prefix = self.to.is_some_and(|caps| !caps.real_dirs);
        let marks = prefix && dir.empty && !dir.failed && !unmeant;
        match dir.target.clone() {
            Some(at) if marks => {
                self.tasks.push(Owner::Dir(id), Io::Mark { at });
            }
            Some(at) if !prefix && dir.fresh && dir.entry.mode.is_some() => {
                let mut attributes = Attributes { mode: dir.entry.mode, ..Attributes::default() };
                attributes.date_from(&dir.entry);
                let attributes = Box::new(attributes);
                self.tasks.push(Owner::Dir(id), Io::DressDir { at, attributes });
            }
            _ => self.close_source(id),
        }
    }

    fn close_source(&mut self, id: DirId) {
        let dir = &self.dirs[&id];
        let real = self.roots[dir.root].caps.as_ref().is_ok_and(|caps| caps.real_dirs);
        if self.kind == JobKind::Copy || dir.kept || dir.followed {
            return self.dir_over(id);
        }
        let at = dir.source.clone();
        match &dir.marker {
            _ if real => {
                let tag = dir.entry.tag.clone();
                let precondition = tag.map_or(Precondition::None, Precondition::Matches);
                self.tasks.push(Owner::Dir(id), Io::RemoveDir { at, precondition });
            }
            Some(marker) if self.kind == JobKind::Move => {
                let entry = Box::new(marker.clone());
                self.tasks.push(Owner::Dir(id), Io::RemoveSource { at, entry, copy: None });
            }
            _ => self.dir_over(id),
        }
    }

    pub(super) fn dir_over(&mut self, id: DirId) {
        let Some(dir) = self.dirs.remove(&id) else { return };
        self.unlisted -= usize::from(!dir.listed);
        self.progress.done.dirs += u64::from(!dir.failed);
        self.child_over(dir.parent, dir.kept);
    }

    /// Something below `dir` is over; `kept` where it stays at the source.
    pub(super) fn child_over(&mut self, dir: Option<DirId>, kept: bool) {
        let Some(id) = dir else { return };
        if let Some(dir) = self.dirs.get_mut(&id) {
            dir.open -= 1;
            dir.kept |= kept;
        }
        self.check_dir(id);
    }

    /// Adds a file to the plan.
    pub(super) fn add_item(&mut self, mut item: Item) {
        let id: ItemId = self.new_id();
        if let Some(dir) = item.dir.and_then(|dir| self.dirs.get_mut(&dir)) {
            dir.open += 1;
            item.fresh = dir.fresh;
        }
        let size = item.size();
        item.large = size >= self.limits.large_from;
        self.progress.total.files += 1;
        self.progress.total.bytes += size;
        let queue = if item.large { &mut self.large } else { &mut self.small };
        queue.push_back(id);
        self.items.insert(id, item);
    }
}

/// Whether two entries are one thing of a disk, whatever they are called.
pub fn same_inode(a: &Entry, b: &Entry) -> bool {
    let inode = |entry: &Entry| match entry.tag {
        Some(Tag::File { dev, ino, .. }) => Some((dev, ino)),
        _ => None,
    };
    inode(a).is_some() && inode(a) == inode(b)
}
