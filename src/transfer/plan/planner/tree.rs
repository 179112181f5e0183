//! Directories: what both sides hold, page by page.

use super::super::super::job::JobKind;
use super::super::super::names;
use super::super::there::There;
use super::super::way::{At, Way};
use super::super::{Asked, RefusalKind, Request, Requests};
use super::{Planner, Root, Visit, VisitId};
use crate::model::{Entry, ErrorKind, Kind, Name, Result, Uri, VfsError};

impl Planner {
    /// What the destination holds. `false` when there is nothing to look at any more.
    pub fn there(&mut self, id: VisitId, found: Result<There>) -> bool {
        let Some(dir) = self.visits.get(&id) else { return false };
        let at = dir.target.clone().unwrap_or_else(|| dir.source.clone());
        match found {
            Ok(there) => self.arrived(id, Some(there).filter(|there| !there.is_empty())),
            Err(error) if error.kind == ErrorKind::NotFound => self.arrived(id, None),
            Err(error) if error.kind == ErrorKind::NotADirectory => {
                let why = "something that is no directory is in the way at the destination";
                self.plan.refuse(&at, RefusalKind::InTheWay, why);
                self.visits.remove(&id);
                return false;
            }
            Err(error) => {
                self.refuse(&at, &error);
                self.arrived(id, Some(There::default()));
            }
        }
        self.visits.get(&id).is_some_and(|dir| dir.waiting.is_empty())
    }

    /// `None` is nothing at all.
    pub(super) fn arrived(&mut self, id: VisitId, there: Option<There>) {
        let Some(dir) = self.visits.get_mut(&id) else { return };
        if dir.waiting.is_empty() {
            dir.there = there;
            return;
        }
        let Some(dir) = self.visits.remove(&id) else { return };
        for root in dir.waiting {
            let Root { item, target: Some(target), .. } = &self.roots[root] else { continue };
            let (item, target) = (item.clone(), target.clone());
            let at = self.standing(there.as_ref(), &target, item.entry.kind);
            // No directory was made for it, so that nobody knows that nothing can be there.
            let at = if at == At::Fresh { At::Free } else { at };
            self.file(root, item.uri, item.entry, &target, at);
        }
    }

    /// What stands where a file goes.
    pub(super) fn standing(&self, there: Option<&There>, target: &Uri, kind: Kind) -> At {
        let Some(there) = there else { return At::Fresh };
        let marker = kind == Kind::File && target.as_s3().is_some_and(|s3| s3.key.ends_with('/'));
        let name = if marker { Name::default() } else { target.name() };
        let blocks = self.to.is_some_and(|to| !to.caps.file_beside_dir) && there.dir(&name);
        if blocks {
            return At::Taken(Box::new(Entry::new(name, Kind::Dir)));
        }
        there.file(&name).map_or(At::Free, |entry| At::Taken(Box::new(entry)))
    }

    /// A page of the source of a visit.
    pub fn page(&mut self, id: VisitId, entries: &[Entry]) -> Vec<Visit> {
        let Some(dir) = self.visits.get(&id) else { return Vec::new() };
        let Some(way) = self.roots[dir.root].way else { return Vec::new() };
        let pages = u64::from(way.reads.is_some());
        self.ask(&way, Asked { from: Requests::of(Request::List, pages), ..Asked::default() });
        let mut visits = Vec::new();
        for entry in entries {
            if !self.matcher.takes_all() && !self.takes(id, entry) {
                continue;
            }
            visits.extend(if way.kind == JobKind::Delete {
                self.removal(id, &way, entry)
            } else {
                self.child(id, &way, entry)
            });
        }
        visits
    }

    /// Whether the job is about this child. A marker is no file of its own.
    pub(super) fn takes(&self, id: VisitId, entry: &Entry) -> bool {
        let marker = entry.name.is_empty() && entry.kind == Kind::File;
        let relative = self.visits.get(&id).map_or("", |dir| &dir.relative);
        !marker && self.matcher.takes(&format!("{relative}{}", entry.name.to_lossy()), entry.kind.is_dir())
    }

    /// The path of a directory below the source.
    pub(super) fn below(&self, id: VisitId, entry: &Entry) -> String {
        match self.visits.get(&id) {
            Some(dir) if !self.matcher.takes_all() => format!("{}{}/", dir.relative, entry.name.to_lossy()),
            _ => String::new(),
        }
    }

    pub(super) fn removal(&mut self, id: VisitId, way: &Way, entry: &Entry) -> Option<Visit> {
        if !entry.kind.is_dir() {
            self.remove(way, entry);
            self.visits.get_mut(&id)?.removals += 1;
            return None;
        }
        let dir = self.visits.get(&id)?;
        let (root, source) = (dir.root, dir.source.join(&entry.name, entry.kind));
        let relative = self.below(id, entry);
        self.plan.counts.dirs += 1;
        Some(self.dir_below(relative, root, source, None, true))
    }

    pub(super) fn child(&mut self, id: VisitId, way: &Way, entry: &Entry) -> Option<Visit> {
        let to = way.to?;
        let dir = self.visits.get_mut(&id)?;
        let above = dir.target.clone()?;
        let marker = entry.name.is_empty() && entry.kind == Kind::File;
        let source = dir.source.join(&entry.name, entry.kind);
        if marker && to.real_dirs {
            dir.marker = true;
            if entry.size.unwrap_or(0) > 0 {
                self.plan.counts.files += 1;
                let why = "it is the marker of a directory and has content, which a disk can't keep";
                self.plan.refuse(&source, RefusalKind::Name, why);
            }
            return None;
        }
        dir.empty = false;
        let target = above.join(&entry.name, entry.kind);
        let refused = names::refusal(&entry.name, &target, &to).filter(|_| !marker);
        let refused = refused.map(|why| (RefusalKind::Name, why)).or_else(|| {
            let free = marker || dir.taken.take(&entry.name);
            let why = "another source has the same name at the destination";
            (!free).then(|| (RefusalKind::Collision, why.to_owned()))
        });
        if let Some((kind, why)) = refused {
            self.plan.counts.files += 1;
            self.plan.refuse(&source, kind, why);
            return None;
        }
        let (root, there) = (dir.root, dir.there.as_ref());
        if entry.kind.is_dir() {
            let blocked = !to.file_beside_dir && there.is_some_and(|there| there.file(&entry.name).is_some());
            let fresh = there.is_none_or(|there| !there.dir(&entry.name));
            let relative = self.below(id, entry);
            return self.child_dir(relative, root, source, target, blocked, fresh);
        }
        let dir = self.visits.get(&id)?;
        let at = self.standing(dir.there.as_ref(), &target, entry.kind);
        self.file(root, source, entry.clone(), &target, at)
    }

    pub(super) fn child_dir(
        &mut self,
        relative: String,
        root: usize,
        source: Uri,
        target: Uri,
        blocked: bool,
        fresh: bool,
    ) -> Option<Visit> {
        self.count_dir(root);
        if blocked {
            let why = "something that is no directory is in the way at the destination";
            self.plan.refuse(&source, RefusalKind::InTheWay, why);
            return None;
        }
        Some(self.dir_below(relative, root, source, Some(target), fresh))
    }

    /// A visit is over.
    pub fn ended(&mut self, id: VisitId, failed: Option<VfsError>) {
        let Some(mut dir) = self.visits.remove(&id) else { return };
        if let Some(error) = failed {
            dir.failed = true;
            self.refuse(&dir.source, &error);
        }
        let Some(way) = self.roots[dir.root].way else { return };
        self.ask(&way, way.removals(dir.removals, 0));
        if dir.target.is_some() && dir.empty && !dir.failed && self.matcher.takes_empty(&dir.relative) {
            self.ask(&way, way.mark());
        }
        if way.kind == JobKind::Move && dir.marker {
            self.ask(&way, way.marker_removal());
        }
    }
}
