//! Looks at what a plan is about: the sources, and what is at the destination already.
//!
//! Each directory of both sides is listed once, past every cache; no file is asked for by itself, but for
//! one that is the only source. Directories are taken up the deepest first, so that few of them wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, FuturesUnordered, StreamExt, TryStreamExt};

use super::super::io::Relation;
use super::super::job::{JobKind, JobSpec};
use super::super::machine::Limits;
use super::super::plan::{Look, Plan, Planner, Source, Target, There, Visit, VisitId};
use super::Resolver;
use super::places::Places;
use crate::model::{Entry, Freshness, Page, Result, Uri};
use crate::vfs::{self, DynPath, Identity};

/// Between two tellings of what is known so far.
const TELL: Duration = Duration::from_millis(100);

type Listing = BoxStream<'static, Result<Page>>;

/// What came of a step.
enum Seen {
    There(Visit, Result<There>),
    Page(VisitId, Listing, Option<Result<Page>>),
    Link(VisitId, Result<(Uri, Entry)>),
}

struct Survey {
    places: Arc<Places>,
    planner: Planner,
    waiting: Vec<Visit>,
    steps: FuturesUnordered<BoxFuture<'static, Seen>>,
    most: usize,
    told: Option<Instant>,
}

/// The plan of a job, so far and at last. Dropping the stream ends the survey.
pub fn plan(resolve: Resolver, spec: JobSpec, limits: Limits) -> BoxStream<'static, Result<Plan>> {
    let begun = async move { Survey::begin(resolve, spec, limits).await };
    let told = stream::once(begun).map_ok(|survey| {
        stream::unfold(Some(survey), |survey| async move {
            let mut survey = survey?;
            let plan = survey.next().await;
            let rest = (!plan.known).then_some(survey);
            Some((Ok(plan), rest))
        })
    });
    told.try_flatten().boxed()
}

impl Survey {
    async fn begin(resolve: Resolver, spec: JobSpec, limits: Limits) -> Result<Self> {
        let places = Arc::new(Places::new(resolve, &spec));
        let target = spec.target.as_ref().map(|target| places.at(target.place())).transpose()?;
        let to = target.as_ref().map(|path| Target { caps: path.caps(), terms: path.terms() });
        let (kind, items) = (spec.kind, spec.sources.clone());
        let mut planner = Planner::new(spec, to, limits.large_from);
        let mut sources = Vec::with_capacity(items.len());
        for item in &items {
            sources.push(source(&places, &item.uri, target.as_ref(), kind).await);
        }
        let apart = sources.iter().flatten().any(|source| kind == JobKind::Copy || !source.one_disk);
        let goes = planner.settle(sources);
        for (root, item, at) in goes {
            planner.related(root, relate(&places, &item.uri, &at).await);
        }
        if let Some(path) = target.filter(|path| apart && path.caps().real_dirs) {
            planner.room(path.room().await.unwrap_or_default());
        }
        let waiting = planner.begin();
        let (steps, most) = (FuturesUnordered::new(), limits.lists.max(1));
        Ok(Self { places, planner, waiting, steps, most, told: None })
    }

    /// What is known after a while, or in the end.
    async fn next(&mut self) -> Plan {
        loop {
            while self.steps.len() < self.most {
                let Some(visit) = self.waiting.pop() else { break };
                self.open(visit);
            }
            let Some(seen) = self.steps.next().await else {
                self.planner.finish();
                return self.planner.plan().clone();
            };
            self.seen(seen);
            if self.told.is_none_or(|told| told.elapsed() >= TELL) {
                self.told = Some(Instant::now());
                return self.planner.plan().clone();
            }
        }
    }

    fn open(&mut self, visit: Visit) {
        let places = self.places.clone();
        match visit.what.clone() {
            Look::Dir { there: None, source } => self.list(visit.id, &source),
            Look::Dir { there: Some(at), .. } | Look::Names(at) => {
                self.steps.push(Box::pin(async move { Seen::There(visit, names(&places, &at).await) }));
            }
            Look::One(at) => {
                self.steps.push(Box::pin(async move { Seen::There(visit, one(&places, &at).await) }));
            }
            Look::Link(link) => {
                let id = visit.id;
                self.steps.push(Box::pin(async move { Seen::Link(id, follow(&places, &link).await) }));
            }
        }
    }

    fn list(&mut self, id: VisitId, source: &Uri) {
        match self.places.at(source) {
            Ok(path) => self.steps.push(Box::pin(next(id, path.list(Freshness::Past)))),
            Err(error) => self.planner.ended(id, Some(error)),
        }
    }

    fn seen(&mut self, seen: Seen) {
        match seen {
            Seen::There(Visit { id, what }, there) => {
                let goes_on = self.planner.there(id, there);
                if let (true, Look::Dir { source, .. }) = (goes_on, what) {
                    self.list(id, &source);
                }
            }
            Seen::Page(id, listing, Some(Ok(page))) => {
                let visits = self.planner.page(id, &page.entries);
                self.waiting.extend(visits);
                self.steps.push(Box::pin(next(id, listing)));
            }
            Seen::Page(id, _, Some(Err(error))) => self.planner.ended(id, Some(error)),
            Seen::Page(id, _, None) => self.planner.ended(id, None),
            Seen::Link(id, led) => self.waiting.extend(self.planner.followed(id, led)),
        }
    }
}

/// What there is to know of a source without a request.
async fn source(places: &Places, uri: &Uri, target: Option<&DynPath>, kind: JobKind) -> Result<Source> {
    let path = places.at(uri)?;
    let caps = path.caps();
    let moves = kind == JobKind::Move && caps.atomic_rename;
    let one_disk = match target.filter(|_| moves) {
        Some(target) => one_disk(&path.identity().await?, &target.identity().await?),
        None => false,
    };
    let native = target.is_some_and(|target| path.copies_to(&**target));
    Ok(Source { caps, terms: path.terms(), outer_terms: path.outer_terms(), native, one_disk })
}

fn one_disk(from: &Identity, to: &Identity) -> bool {
    match (&from.place, &to.place) {
        (vfs::Place::Inode { dev: from, .. }, vfs::Place::Inode { dev: to, .. }) => from == to,
        (from, to) => from == to,
    }
}

async fn relate(places: &Places, source: &Uri, target: &Uri) -> Result<Relation> {
    let source = places.at(source)?.identity().await?;
    let target = places.at(target)?.identity().await?;
    Ok(Relation::of(&source, &target))
}

async fn next(id: VisitId, mut listing: Listing) -> Seen {
    let page = listing.next().await;
    Seen::Page(id, listing, page)
}

/// The names that a directory of the destination has.
async fn names(places: &Places, at: &Uri) -> Result<There> {
    let path = places.at(at)?;
    let mut there = There::new(path.caps().case_blind);
    let mut pages = path.list(Freshness::Past);
    while let Some(page) = pages.try_next().await? {
        page.entries.iter().for_each(|entry| there.add(entry));
    }
    Ok(there)
}

/// What is exactly there.
async fn one(places: &Places, at: &Uri) -> Result<There> {
    let path = places.at(at)?;
    let entry = path.stat(Freshness::Past).await?;
    let mut there = There::new(path.caps().case_blind);
    let marker = at.as_s3().is_some_and(|s3| s3.key.ends_with('/'));
    let name = if marker { crate::model::Name::default() } else { at.name() };
    there.add(&Entry { name, ..entry });
    Ok(there)
}

async fn follow(places: &Places, link: &Uri) -> Result<(Uri, Entry)> {
    let led = places.at(link)?.follow().await?;
    let entry = led.stat(Freshness::Past).await?;
    let uri = led.uri().clone();
    places.add_followed(led);
    Ok((uri, entry))
}
