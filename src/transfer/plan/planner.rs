//! Makes a plan of what it is told: [`Planner`].

use std::collections::{BTreeMap, HashMap};

use super::super::io::Relation;
use super::super::job::{Conflict, JobKind, JobSpec, LinkPolicy, SourceItem, Verify};
use super::super::machine::{batch_dir, is_marker, place};
use super::super::names::{self, Taken};
use super::there::There;
use super::way::{At, Way};
use super::{Asked, Plan, RefusalKind, Request, Requests, Tally};
use crate::model::{Entry, ErrorKind, Kind, Result, StorageClass, Tag, Uri, VfsError};
use crate::vfs::s3::limits::Beyond;
use crate::vfs::{Caps, Terms};

/// Tells one visit from another.
pub type VisitId = u64;

/// Something to look at: first what the destination has, then what the source holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// Its number.
    pub id: VisitId,
    /// What to look at.
    pub what: Look,
}

/// What a visit looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// Lists the directory of the destination, where there is one to list, then that of the source:
    /// [`Planner::there`], [`Planner::page`], [`Planner::ended`].
    Dir {
        /// At the destination.
        there: Option<Uri>,
        /// At the source.
        source: Uri,
    },
    /// Lists a directory of the destination alone: [`Planner::there`].
    Names(Uri),
    /// Asks for one thing at the destination: [`Planner::there`] with what is there.
    One(Uri),
    /// Follows a link: [`Planner::followed`].
    Link(Uri),
}

/// What is known of a source before it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// What its place can do.
    pub caps: Caps,
    /// Its service.
    pub terms: Option<Terms>,
    /// Whether its bytes reach the destination without passing through here.
    pub native: bool,
    /// Whether it is on the disk of the destination.
    pub one_disk: bool,
}

/// The destination.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What it can do.
    pub caps: Caps,
    /// Its service.
    pub terms: Option<Terms>,
}

#[derive(Debug)]
struct Root {
    item: SourceItem,
    target: Option<Uri>,
    way: Option<Way>,
}

/// A visit under way.
#[derive(Debug)]
struct Dir {
    root: usize,
    source: Uri,
    target: Option<Uri>,
    there: Option<There>,
    taken: Taken,
    empty: bool,
    marker: bool,
    failed: bool,
    /// Files to remove.
    removals: u64,
    /// Sources that wait for what the destination has.
    waiting: Vec<usize>,
    /// The file that a link is.
    link: Option<(Entry, At)>,
}

/// Makes a [`Plan`].
#[derive(Debug)]
pub struct Planner {
    spec: JobSpec,
    plan: Plan,
    roots: Vec<Root>,
    to: Option<Target>,
    large_from: u64,
    visits: HashMap<VisitId, Dir>,
    next: VisitId,
    followed: Vec<Tag>,
}

impl Planner {
    /// A planner of a job; `large_from` is the size from which on a file is large to the engine.
    pub fn new(spec: JobSpec, to: Option<Target>, large_from: u64) -> Self {
        let mut plan = Plan::new(spec.kind);
        plan.priced = to.and_then(|to| to.terms).is_some_and(|terms| terms.aws);
        let next = 0;
        let (roots, visits, followed) = (Vec::new(), HashMap::new(), Vec::new());
        Self { spec, plan, roots, to, large_from, visits, next, followed }
    }

    /// The plan so far.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What is free at a local destination.
    pub fn room(&mut self, bytes: Option<u64>) {
        self.plan.room = bytes;
    }

    /// All is looked at.
    pub fn finish(&mut self) {
        self.plan.known = true;
    }

    /// Where each source goes, exactly; to be called once, with what is known of them in their order.
    pub fn settle(&mut self, sources: Vec<Result<Source>>) -> Vec<(usize, SourceItem, Uri)> {
        let caps = |source: &Result<Source>| source.as_ref().ok().map(|source| source.caps);
        let first = sources.first().and_then(caps);
        let mut taken =
            first.zip(self.to).map_or_else(Taken::default, |(from, to)| Taken::new(&from, &to.caps));
        let items = std::mem::take(&mut self.spec.sources);
        let mut goes = Vec::new();
        for (at, (item, source)) in items.into_iter().zip(sources).enumerate() {
            let (target, way) = match source.and_then(|source| self.way(&item, at, source, &mut taken)) {
                Ok((target, way)) => (target, Some(way)),
                Err(error) => {
                    self.count_refused(&item);
                    self.refuse(&item.uri, &error);
                    (None, None)
                }
            };
            if let Some(target) = &target {
                goes.push((at, item.clone(), target.clone()));
            }
            self.roots.push(Root { item, target, way });
        }
        goes
    }

    fn way(
        &mut self,
        item: &SourceItem,
        at: usize,
        source: Source,
        taken: &mut Taken,
    ) -> Result<(Option<Uri>, Way)> {
        let (kind, options) = (self.spec.kind, &self.spec.options);
        if kind != JobKind::Copy && !source.caps.write {
            return Err(super::super::machine::read_only(crate::model::Op::Remove, &item.uri));
        }
        let to = self.to.map(|to| to.caps);
        let target = match kind {
            JobKind::Delete => None,
            _ => Some(place(kind, item, at, self.spec.target.as_ref(), to.as_ref(), taken)?),
        };
        self.plan.priced |= source.terms.is_some_and(|terms| terms.aws);
        let part = options.part_size.map_or(u64::MAX, |part| part.saturating_add(1));
        let way = Way {
            kind,
            part_size: options.part_size,
            large_from: self.large_from.min(part),
            from: source.caps,
            to,
            reads: source.terms,
            writes: self.to.and_then(|to| to.terms),
            native: source.native,
            one_disk: source.one_disk,
            verifies: options.verify == Verify::Always,
        };
        Ok((target, way))
    }

    /// A source turned out to be its own destination, or to hold it, or can't be told.
    pub fn related(&mut self, root: usize, relation: Result<Relation>) {
        let Root { item, way, .. } = &mut self.roots[root];
        let why = match relation {
            Ok(Relation::Same) => "the destination is the very same thing".to_owned(),
            Ok(Relation::Inside) if item.entry.kind.is_dir() => "the destination lies inside it".to_owned(),
            Ok(_) => return,
            Err(error) => error.to_string(),
        };
        *way = None;
        let item = item.clone();
        self.count_refused(&item);
        self.plan.refuse(&item.uri, RefusalKind::Invalid, why);
    }

    /// What to look at first.
    pub fn begin(&mut self) -> Vec<Visit> {
        if self.spec.kind == JobKind::Delete { self.begin_delete() } else { self.begin_copy() }
    }

    fn begin_copy(&mut self) -> Vec<Visit> {
        let mut visits = Vec::new();
        let mut beside: BTreeMap<Uri, Vec<usize>> = BTreeMap::new();
        for root in 0..self.roots.len() {
            let Root { item, target: Some(target), way: Some(_) } = &self.roots[root] else { continue };
            let (item, target) = (item.clone(), target.clone());
            let to_disk = self.to.is_some_and(|to| to.caps.real_dirs);
            if is_marker(&item) && to_disk {
                self.plan.counts.dirs += 1;
            } else if item.entry.kind.is_dir() {
                self.count_dir(root);
                visits.push(self.dir(root, item.uri, Some(target), false));
            } else if is_marker(&item) {
                visits.push(self.visit(Dir { waiting: vec![root], ..self.blank(root) }, Look::One(target)));
            } else if let Some(above) = target.parent() {
                beside.entry(above).or_default().push(root);
            }
        }
        for (above, waiting) in beside {
            let one = waiting.len() == 1;
            let first = waiting[0];
            let at = self.roots[first].target.clone().unwrap_or_else(|| above.clone());
            let look = if one { Look::One(at) } else { Look::Names(above) };
            let dir = Dir { waiting, ..self.blank(first) };
            visits.push(self.visit(dir, look));
        }
        visits
    }

    fn begin_delete(&mut self) -> Vec<Visit> {
        let mut visits = Vec::new();
        let mut beside: BTreeMap<Uri, Vec<usize>> = BTreeMap::new();
        for root in 0..self.roots.len() {
            let Root { item, way: Some(way), .. } = &self.roots[root] else { continue };
            let (item, way) = (item.clone(), *way);
            match item.entry.kind {
                Kind::Dir | Kind::Bucket => {
                    self.plan.counts.dirs += 1;
                    let alone = u64::from(item.entry.kind == Kind::Bucket && way.reads.is_some());
                    self.ask(&way, Asked { from: Requests::of(Request::Delete, alone), ..Asked::default() });
                    visits.push(self.dir(root, item.uri, None, true));
                }
                _ => {
                    self.remove(&way, &item.entry);
                    match batch_dir(&item) {
                        Some(dir) => beside.entry(dir).or_default().push(root),
                        None => self.remove_alone(&way, &item.entry),
                    }
                }
            }
        }
        for roots in beside.values() {
            let bound = roots.iter().filter(|root| self.roots[**root].item.entry.tag.is_some()).count();
            if let Some(way) = self.roots[roots[0]].way {
                self.ask(&way, way.removals(roots.len() as u64, bound as u64));
            }
        }
        visits
    }

    /// A key that no listing of its parent would show.
    fn remove_alone(&mut self, way: &Way, entry: &Entry) {
        let Some(terms) = way.reads else { return };
        let looks = entry.tag.is_none() || !terms.limits.conditional_delete;
        let mut from = Requests::of(Request::Delete, 1);
        from.add(Request::Head, u64::from(looks));
        self.ask(way, Asked { from, ..Asked::default() });
    }

    fn remove(&mut self, way: &Way, entry: &Entry) {
        let size = size(entry);
        self.plan.counts.files += 1;
        self.plan.counts.bytes += size;
        self.plan.sure.carry(way, entry, size);
    }

    fn blank(&self, root: usize) -> Dir {
        Dir {
            root,
            source: self.roots[root].item.uri.clone(),
            target: None,
            there: None,
            taken: Taken::default(),
            empty: true,
            marker: false,
            failed: false,
            removals: 0,
            waiting: Vec::new(),
            link: None,
        }
    }

    fn visit(&mut self, dir: Dir, what: Look) -> Visit {
        self.next += 1;
        self.visits.insert(self.next, dir);
        Visit { id: self.next, what }
    }

    /// A directory to look into; `fresh` where nothing is at its destination.
    fn dir(&mut self, root: usize, source: Uri, target: Option<Uri>, fresh: bool) -> Visit {
        let taken = self.roots[root].way.map_or_else(Taken::default, |way| {
            way.to.map_or_else(Taken::default, |to| Taken::new(&way.from, &to))
        });
        let dir = Dir { source: source.clone(), target: target.clone(), taken, ..self.blank(root) };
        self.visit(dir, Look::Dir { there: target.filter(|_| !fresh), source })
    }

    fn count_dir(&mut self, root: usize) {
        self.plan.counts.dirs += 1;
        if let Some(way) = self.roots[root].way {
            self.plan.looks.ask(&way, way.directory(false), None);
            self.plan.blind.ask(&way, way.directory(true), None);
        }
    }

    fn count_refused(&mut self, item: &SourceItem) {
        let counts = &mut self.plan.counts;
        *(if item.entry.kind.is_dir() { &mut counts.dirs } else { &mut counts.files }) += 1;
    }

    fn ask(&mut self, way: &Way, asked: Asked) {
        self.plan.sure.ask(way, asked, None);
    }

    fn refuse(&mut self, uri: &Uri, error: &VfsError) {
        let kind = match error.kind {
            ErrorKind::Invalid | ErrorKind::ReadOnly => RefusalKind::Invalid,
            _ => RefusalKind::Unreadable,
        };
        let why = if error.uri == *uri { error.without_location() } else { error.to_string() };
        self.plan.refuse(uri, kind, why);
    }

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
    fn arrived(&mut self, id: VisitId, there: Option<There>) {
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
    fn standing(&self, there: Option<&There>, target: &Uri, kind: Kind) -> At {
        let Some(there) = there else { return At::Fresh };
        let marker = kind == Kind::File && target.as_s3().is_some_and(|s3| s3.key.ends_with('/'));
        let name = if marker { crate::model::Name::default() } else { target.name() };
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
            visits.extend(if way.kind == JobKind::Delete {
                self.removal(id, &way, entry)
            } else {
                self.child(id, &way, entry)
            });
        }
        visits
    }

    fn removal(&mut self, id: VisitId, way: &Way, entry: &Entry) -> Option<Visit> {
        if !entry.kind.is_dir() {
            self.remove(way, entry);
            self.visits.get_mut(&id)?.removals += 1;
            return None;
        }
        let dir = self.visits.get(&id)?;
        let (root, source) = (dir.root, dir.source.join(&entry.name, entry.kind));
        self.plan.counts.dirs += 1;
        Some(self.dir(root, source, None, true))
    }

    fn child(&mut self, id: VisitId, way: &Way, entry: &Entry) -> Option<Visit> {
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
            return self.child_dir(root, source, target, blocked, fresh);
        }
        let dir = self.visits.get(&id)?;
        let at = self.standing(dir.there.as_ref(), &target, entry.kind);
        self.file(root, source, entry.clone(), &target, at)
    }

    fn child_dir(
        &mut self,
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
        Some(self.dir(root, source, Some(target), fresh))
    }

    /// A file, an object or a link.
    fn file(&mut self, root: usize, source: Uri, entry: Entry, target: &Uri, at: At) -> Option<Visit> {
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

    fn carry(&mut self, way: &Way, source: Uri, entry: &Entry, target: &Uri, at: At) {
        let size = size(entry);
        self.plan.counts.files += 1;
        self.plan.counts.bytes += size;
        let asked = match self.asked(way, entry, size) {
            Ok(asked) => asked,
            Err((kind, why)) => return self.plan.refuse(&source, kind, why),
        };
        self.lose(way, entry);
        self.plan.looks.ask(way, way.look(size, &at, false), None);
        self.plan.blind.ask(way, way.look(size, &at, true), None);
        let mut one = Tally::default();
        one.carry(way, entry, size);
        one.ask(way, asked, entry.class.as_ref());
        match at {
            At::Fresh | At::Free => self.plan.sure += one,
            At::Taken(there) if there.kind.is_dir() => {
                self.plan.refuse(&source, RefusalKind::InTheWay, "a directory is in the way");
            }
            At::Taken(there) => self.conflict(way, one, source, entry, target, *there),
        }
    }

    fn conflict(&mut self, way: &Way, one: Tally, source: Uri, entry: &Entry, target: &Uri, there: Entry) {
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
    fn asked(
        &self,
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

    fn lose(&mut self, way: &Way, entry: &Entry) {
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
    fn followed_dir(&mut self, root: usize, uri: Uri, entry: Entry, target: &Uri) -> Option<Visit> {
        let target = match target {
            Uri::S3(s3) => Uri::S3(s3.as_prefix()),
            local @ Uri::Local(_) => local.clone(),
        };
        let tag = entry.tag?;
        if self.followed.contains(&tag) {
            return None;
        }
        self.followed.push(tag);
        self.count_dir(root);
        Some(self.dir(root, uri, Some(target), false))
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
        if dir.target.is_some() && dir.empty && !dir.failed {
            self.ask(&way, way.mark());
        }
        if way.kind == JobKind::Move && dir.marker {
            self.ask(&way, way.marker_removal());
        }
    }
}

/// The size in bytes; a link has none.
fn size(entry: &Entry) -> u64 {
    if entry.kind == Kind::File { entry.size.unwrap_or(0) } else { 0 }
}
