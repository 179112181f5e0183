//! One file: whether it gets there, and what that takes.

use super::super::super::job::{Conflict, LinkPolicy};
use super::super::way::{At, Way};
use super::super::{Asked, RefusalKind, Tally};
use super::{Dir, Look, Planner, Visit, VisitId, size};
use crate::model::{Entry, Kind, Result, StorageClass, Uri};
use crate::vfs::s3::limits::Beyond;

impl Planner {
    /// A file, an object or a link.
    pub(super) fn file(
        &mut self,
        root: usize,
        source: Uri,
        entry: Entry,
        target: &Uri,
        at: At,
    ) -> Option<Visit> {
        let way = self.roots[root].way?;
        let keeps_links = way.to.is_some_and(|to| to.symlinks);
        match entry.kind {
            Kind::Special => {
                self.plan.counts.files += 1;
                let why = "it is a pipe, a socket or a device, which is never opened";
                self.plan.refuse(&source, RefusalKind::Unreadable, why);
                None
            }
            Kind::Symlink if !keeps_links && self.spec.options.links == LinkPolicy::Follow => {
                let blank = self.blank(root);
                let (from, link) = (source.clone(), Some((entry, at)));
                let dir = Dir { source: from, target: Some(target.clone()), link, ..blank };
                Some(self.visit(dir, Look::Link(source)))
            }
            Kind::Symlink if !keeps_links => {
                self.plan.counts.files += 1;
                self.plan.losses.links += 1;
                None
            }
            _ => {
                self.carry(&way, source, &entry, target, at);
                None
            }
        }
    }

    pub(super) fn carry(&mut self, way: &Way, source: Uri, entry: &Entry, target: &Uri, at: At) {
        let size = size(entry);
        self.plan.counts.files += 1;
        self.plan.counts.bytes += size;
        let asked = match Self::asked(way, entry, size) {
            Ok(asked) => asked,
            Err((kind, why)) => return self.plan.refuse(&source, kind, why),
        };
        if matches!(&at, At::Taken(there) if there.kind.is_dir()) {
            return self.plan.refuse(&source, RefusalKind::InTheWay, "a directory is in the way");
        }
        self.lose(way, entry);
        self.plan.looks.ask(way, way.look(size, &at, false), None);
        self.plan.blind.ask(way, way.look(size, &at, true), None);
        let mut one = Tally::default();
        one.carry(way, entry, size);
        one.ask(way, asked, entry.class.as_ref());
        match at {
            At::Fresh | At::Free => self.plan.sure += one,
            At::Taken(there) => self.conflict(way, one, source, entry, target, *there),
        }
    }

    pub(super) fn conflict(
        &mut self,
        way: &Way,
        one: Tally,
        source: Uri,
        entry: &Entry,
        target: &Uri,
        there: Entry,
    ) {
        let plan = &mut self.plan;
        plan.replaced += one;
        if entry.modified.zip(there.modified).is_some_and(|(own, there)| own > there) {
            plan.newer += one;
        }
        plan.both += one;
        // A free name is looked for, mostly the first.
        plan.both.ask(way, way.look(u64::MAX, &At::Free, false), None);
        plan.conflicts.add(|| Conflict {
            source,
            source_entry: entry.clone(),
            target: target.clone(),
            target_entry: there,
            changed: false,
        });
    }

    /// The requests of a file, or why it won't be.
    pub(super) fn asked(
        way: &Way,
        entry: &Entry,
        size: u64,
    ) -> std::result::Result<Asked, (RefusalKind, String)> {
        let class = entry.class.as_ref().map(StorageClass::as_str);
        if let Some(class @ ("GLACIER" | "DEEP_ARCHIVE")) = class {
            let why = format!("it is archived ({class}): restore it before it can be read");
            return Err((RefusalKind::Archived, why));
        }
        let most = way.to.map_or(u64::MAX, |to| to.max_size);
        let beyond = |beyond: Beyond| (RefusalKind::Limit, beyond.to_string());
        if size > most {
            return Err(beyond(Beyond::Object(most)));
        }
        way.transfer(size).map_err(beyond)
    }

    pub(super) fn lose(&mut self, way: &Way, entry: &Entry) {
        let runs = entry.kind == Kind::File && entry.mode.is_some_and(|mode| mode & 0o111 != 0);
        let losses = &mut self.plan.losses;
        losses.modes += u64::from(runs && way.writes.is_some());
        losses.metadata += u64::from(way.reads.is_some() && way.writes.is_none());
    }

    /// What a link leads to.
    pub fn followed(&mut self, id: VisitId, led: Result<(Uri, Entry)>) -> Option<Visit> {
        let Dir { root, source, target: Some(target), link: Some((entry, at)), .. } =
            self.visits.remove(&id)?
        else {
            return None;
        };
        let way = self.roots[root].way?;
        match led {
            Err(error) => {
                self.plan.counts.files += 1;
                self.refuse(&source, &error);
                None
            }
            Ok((uri, found)) if found.kind == Kind::File => {
                let found = Entry { name: entry.name, ..found };
                self.carry(&way, uri, &found, &target, at);
                None
            }
            Ok((uri, found)) if found.kind.is_dir() => self.followed_dir(root, uri, found, &target),
            Ok(_) => {
                self.plan.counts.files += 1;
                self.plan.losses.links += 1;
                None
            }
        }
    }

    /// Each directory is entered by a link once, so that a circle ends.
    pub(super) fn followed_dir(
        &mut self,
        root: usize,
        uri: Uri,
        entry: Entry,
        target: &Uri,
    ) -> Option<Visit> {
        let target = target.as_dir();
        let tag = entry.tag?;
        if self.followed.contains(&tag) {
            return None;
        }
        self.followed.push(tag);
        self.count_dir(root);
        Some(self.dir(root, uri, Some(target), false))
    }
}
