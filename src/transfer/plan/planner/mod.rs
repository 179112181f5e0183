//! Makes a plan of what it is told: [`Planner`].

mod begin;
mod file;
mod tree;

use std::collections::HashMap;

use super::super::io::Relation;
use super::super::job::{JobKind, JobSpec, SourceItem, Verify};
use super::super::machine::{place, read_only};
use super::super::names::Taken;
use super::super::selection::Matcher;
use super::there::There;
use super::way::{At, Way};
use super::{Asked, Plan, RefusalKind};
use crate::model::{Entry, ErrorKind, Kind, Op, Result, Tag, Uri, VfsError};
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
    /// The service of the archive that it is in.
    pub outer_terms: Option<Terms>,
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
    /// The path below the source, with a `/` at its end; only where names are chosen.
    relative: String,
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
    matcher: Matcher,
}

impl Planner {
    /// A planner of a job; `large_from` is the size from which on a file is large to the engine.
    pub fn new(spec: JobSpec, to: Option<Target>, large_from: u64) -> Self {
        let mut plan = Plan::new(spec.kind);
        plan.priced = to.and_then(|to| to.terms).is_some_and(|terms| terms.aws);
        // What can't be read is refused where it is given.
        let matcher = spec.options.selection.compile().unwrap_or_default();
        let (roots, visits, followed) = (Vec::new(), HashMap::new(), Vec::new());
        Self { spec, plan, roots, to, large_from, visits, next: 0, followed, matcher }
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
            return Err(read_only(Op::Remove, &item.uri));
        }
        let to = self.to.map(|to| to.caps);
        let target = match kind {
            JobKind::Delete => None,
            _ => Some(place(kind, item, at, self.spec.target.as_ref(), to.as_ref(), taken)?),
        };
        self.plan.priced |= source.terms.or(source.outer_terms).is_some_and(|terms| terms.aws);
        let part = options.part_size.map_or(u64::MAX, |part| part.saturating_add(1));
        let way = Way {
            kind,
            part_size: options.part_size,
            large_from: self.large_from.min(part),
            from: source.caps,
            to,
            reads: source.terms,
            unpacks: source.outer_terms,
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
            relative: String::new(),
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
        self.dir_below(String::new(), root, source, target, fresh)
    }

    fn dir_below(
        &mut self,
        relative: String,
        root: usize,
        source: Uri,
        target: Option<Uri>,
        fresh: bool,
    ) -> Visit {
        let taken = self.roots[root].way.map_or_else(Taken::default, |way| {
            way.to.map_or_else(Taken::default, |to| Taken::new(&way.from, &to))
        });
        let (from, to) = (source.clone(), target.clone());
        let dir = Dir { source: from, target: to, taken, relative, ..self.blank(root) };
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
}

/// The size in bytes; a link has none.
fn size(entry: &Entry) -> u64 {
    if entry.kind == Kind::File { entry.size.unwrap_or(0) } else { 0 }
}
