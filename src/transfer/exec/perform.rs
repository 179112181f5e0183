//! Does one piece of work: [`Worker`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::stream::{BoxStream, StreamExt};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::super::io::{Copied, DirId, Io, ItemId, Relation, Reply};
use super::super::job::JobOptions;
use super::budget::Permit;
use super::places::Places;
use super::rate::Rate;
use super::record::Record;
use super::verify;
use super::write::Range;
use crate::cache::ops::BodyTicket;
use crate::model::{Entry, ErrorKind, Freshness, Head, Kind, Name, Op, Page, Result, Uri, VfsError};
use crate::transfer::machine::same_version;
use crate::vfs::{Body, CopyOptions, DynPath, Precondition, Sink};

type Listing = BoxStream<'static, Result<Page>>;
pub(super) type Passed = Arc<AtomicU64>;

/// A write under way, and where it goes.
type Open = (Uri, Arc<dyn Sink>);

/// Does the work of one job, and holds what is open: sinks and listings.
#[derive(Debug)]
pub struct Worker {
    pub places: Arc<Places>,
    /// Whether the destination holds a part in memory until it is sent.
    pub buffered: bool,
    /// What the journal hears.
    pub record: Record,
    /// How fast: that of the job, and that of all jobs.
    pub rates: [Arc<Rate>; 2],
    /// How the person wants it.
    pub(super) options: JobOptions,
    /// In a job that goes on: the temporary files that it goes on with. All others of its own are swept.
    keep: Option<Vec<String>>,
    sinks: Mutex<HashMap<ItemId, Open>>,
    /// Whether what is open stays when it is dropped.
    keeps: AtomicBool,
    /// The memory of sinks that hold a whole small file until it is committed.
    pub(super) held: Mutex<HashMap<ItemId, Permit>>,
    /// The part of each file that was read first since it was opened.
    pub(super) firsts: Mutex<HashMap<ItemId, u64>>,
    /// What services told of the large files that come from them.
    pub(super) heads: Mutex<HashMap<ItemId, (Box<Head>, BodyTicket)>>,
    listings: Listings,
    /// That the job is given up.
    interrupt: CancellationToken,
}

#[derive(Default)]
struct Listings(Mutex<HashMap<DirId, Listing>>);

impl std::fmt::Debug for Listings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.lock().keys()).finish()
    }
}

impl Worker {
    pub fn new(
        places: Arc<Places>,
        buffered: bool,
        record: Record,
        rates: [Arc<Rate>; 2],
        options: JobOptions,
        keep: Option<Vec<String>>,
        interrupt: CancellationToken,
    ) -> Self {
        Self {
            places,
            buffered,
            record,
            rates,
            options,
            keep,
            sinks: Mutex::default(),
            keeps: AtomicBool::new(false),
            held: Mutex::default(),
            firsts: Mutex::default(),
            heads: Mutex::default(),
            listings: Listings::default(),
            interrupt,
        }
    }

    /// Does it; `passed` hears of bytes on their way, `permit` is its share of the budget.
    pub async fn perform(&self, io: Io, passed: Passed, permit: Permit) -> Result<Reply> {
        match io {
            Io::Relate { source, target } => self.relate(&source, &target).await,
            Io::Page { dir, page, at } => self.page(dir, page, &at).await,
            Io::MakeDir { at, follow, above } => self.make_dir(&at, follow, above).await,
            Io::Mark { at } => self.mark(&at).await,
            Io::Rename { from, to, precondition } => self.rename(&from, &to, precondition).await,
            Io::Look { at } => found(self.places.at(&at)?.stat(Freshness::Past).await).map(Reply::Looked),
            Io::Resolve { link } => self.follow(&link).await,
            Io::Link { at, target, precondition } => self.link(&at, &target, precondition).await,
            Io::Native { from, entry, to, precondition } => {
                self.native(&from, *entry, &to, precondition, &passed).await
            }
            Io::Create { item, from, entry, at, hint, large } => {
                self.create(item, (&from, &entry), &at, *hint, large).await
            }
            Io::Resume { item, from, at, state, hint } => self.resume(item, &from, &at, *state, *hint).await,
            Io::Part { item, from, precondition, offset, len, whole } => {
                let range = Range { item, from, precondition, offset, len, whole };
                self.part(range, passed, permit).await
            }
            Io::CopyPart { item, from, precondition, offset, len } => {
                self.copy_part(item, &from, &precondition, offset, len).await
            }
            Io::Commit { item, at, precondition, source, verify, .. } => {
                self.commit(item, &at, precondition, &source, verify).await
            }
            Io::Abort { item, from, at } => self.abort(item, &from, &at).await,
            Io::Recall { source } => Ok(Reply::Recalled(self.record.recall(&source).await)),
            Io::Recognize { from, entry, at, found, state } => {
                self.recognize(&from, &entry, &at, &found, state.as_deref()).await
            }
            Io::DressDir { at, attributes } => {
                self.places.at(&at)?.dress(&attributes).await.map(|()| Reply::Done)
            }
            Io::RemoveSource { at, entry, copy } => self.remove_source(&at, &entry, copy.as_deref()).await,
            Io::RemoveDir { at, precondition } => {
                self.places.at(&at)?.remove(precondition).await.map(|_| Reply::Done)
            }
            Io::Remove { at, precondition } => {
                let removed = self.places.at(&at)?.remove(precondition).await?;
                self.record.deleted(&at, &removed).await;
                Ok(Reply::Gone(removed))
            }
            Io::RemoveMany { dir, removals } => {
                let outcomes = self.places.at(&dir)?.remove_many(&removals).await;
                self.record.deleted_many(&dir, &removals, &outcomes).await;
                Ok(Reply::Removed(outcomes))
            }
        }
    }

    async fn relate(&self, source: &Uri, target: &Uri) -> Result<Reply> {
        let source = self.places.at(source)?.identity().await?;
        let target = self.places.at(target)?.identity().await?;
        Ok(Reply::Relation(Relation::of(&source, &target)))
    }

    async fn page(&self, dir: DirId, page: u32, at: &Uri) -> Result<Reply> {
        let open = self.listings.0.lock().remove(&dir).filter(|_| page > 0);
        let mut listing = match open {
            Some(listing) => listing,
            None if page == 0 => self.places.at(at)?.list(Freshness::Past),
            None => {
                let why = "the listing broke off";
                return Err(VfsError::new(Op::List, at.clone(), ErrorKind::Io, why));
            }
        };
        let Some(page) = listing.next().await.transpose()? else { return Ok(Reply::Page(None)) };
        self.listings.0.lock().insert(dir, listing);
        Ok(Reply::Page(Some(page.entries)))
    }

    async fn make_dir(&self, at: &Uri, follow: bool, above: bool) -> Result<Reply> {
        if above {
            self.make_above(at).await?;
        }
        let path = self.places.at(at)?;
        if !path.caps().real_dirs {
            let first = path.list(Freshness::Past).next().await.transpose();
            let there = found(first)?.flatten().is_some_and(|page| !page.entries.is_empty());
            return Ok(Reply::Made { fresh: !there });
        }
        match path.mkdir().await {
            Ok(()) => return Ok(Reply::Made { fresh: true }),
            Err(error) if error.kind == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let there = path.stat(Freshness::Past).await?;
        if there.kind == Kind::Dir || (follow && there.can_enter()) {
            self.sweep(&path).await?;
            return Ok(Reply::Made { fresh: false });
        }
        let why = "something that is no directory is in the way";
        Err(VfsError::new(Op::Mkdir, at.clone(), ErrorKind::AlreadyExists, why))
    }

    /// Makes what is missing above, from the nearest directory that is there.
    async fn make_above(&self, at: &Uri) -> Result<()> {
        let mut missing = Vec::new();
        let mut above = at.parent();
        while let Some(dir) = above {
            if found(self.places.at(&dir)?.stat(Freshness::Past).await)?.is_some() {
                break;
            }
            above = dir.parent();
            missing.push(dir);
        }
        for dir in missing.iter().rev() {
            match self.places.at(dir)?.mkdir().await {
                Err(error) if error.kind != ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Sweeps a directory before the job goes into it. That some of it stays is no reason to stop.
    pub async fn enter(&self, dir: &Uri) {
        if self.keep.is_none() || dir.as_local().is_none() {
            return;
        }
        let Ok(path) = self.places.at(dir) else { return };
        if let Err(error) = self.sweep(&path).await {
            tracing::warn!(%error, "a directory could not be swept");
        }
    }

    /// Removes what a killed attempt of this job left in a directory that it goes into again.
    async fn sweep(&self, dir: &DynPath) -> Result<()> {
        if let (Some(keep), Some(tag)) = (&self.keep, self.record.tag()) {
            dir.sweep(tag, keep).await?;
        }
        Ok(())
    }

    async fn mark(&self, at: &Uri) -> Result<Reply> {
        if at.as_s3().is_some_and(|s3| s3.key.is_empty()) {
            return Ok(Reply::Done);
        }
        match self.places.at(at)?.mkdir().await {
            Err(error) if error.kind != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(Reply::Done),
        }
    }

    async fn rename(&self, from: &Uri, to: &Uri, precondition: Precondition) -> Result<Reply> {
        let to = self.places.at(to)?;
        self.places.at(from)?.rename(&*to, precondition).await.map(|()| Reply::Done)
    }

    async fn follow(&self, link: &Uri) -> Result<Reply> {
        let led = self.places.at(link)?.follow().await?;
        let entry = led.stat(Freshness::Past).await?;
        let uri = led.uri().clone();
        self.places.add_followed(led);
        Ok(Reply::Resolved(uri, entry))
    }

    /// A link that replaces something is made under a name of its own first, so that what was there
    /// stays until the last step.
    async fn link(&self, at: &Uri, target: &Name, precondition: Precondition) -> Result<Reply> {
        let path = self.places.at(at)?;
        if precondition == Precondition::Absent {
            return path.symlink(target).await.map(|()| Reply::Done);
        }
        let above = at.parent().unwrap_or_else(|| at.clone());
        let job = self.record.tag().unwrap_or_else(|| fastrand::u32(..));
        let name = Name::from(format!(".bifold-{job:08x}{:08x}.part", fastrand::u32(..)).as_str());
        let new = self.places.at(&above)?.join(&name, Kind::Symlink)?;
        new.symlink(target).await?;
        match new.rename(&*path, precondition).await {
            Ok(()) => Ok(Reply::Done),
            Err(error) => {
                new.remove(Precondition::None).await?;
                Err(error)
            }
        }
    }

    async fn native(
        &self,
        from: &Uri,
        entry: Entry,
        to: &Uri,
        precondition: Precondition,
        passed: &Passed,
    ) -> Result<Reply> {
        let (at, overwrote) = (to, precondition != Precondition::Absent);
        let to = self.places.at(to)?;
        let options = CopyOptions {
            source: Some(entry.clone()),
            precondition,
            attributes: self.options.attributes.clone(),
            no_flush: self.options.no_flush,
            job: self.record.tag(),
            cancel: self.interrupt.clone(),
        };
        let progress = |bytes: u64| {
            passed.fetch_add(bytes, Ordering::Relaxed);
        };
        let placed = self.places.at(from)?.copy_native(&*to, &options, &progress).await?;
        if let Some(placed) = &placed {
            self.record.placed(from, &entry, at, placed, overwrote).await;
        }
        Ok(Reply::Native(placed.map(Box::new)))
    }

    /// A sink that is open now, and where.
    pub(super) fn hold(&self, item: ItemId, at: &Uri, sink: Arc<dyn Sink>) {
        let mut sinks = self.sinks.lock();
        if self.keeps.load(Ordering::Relaxed) && goes_in_parts(&*sink) {
            sink.keep();
        }
        self.firsts.lock().remove(&item);
        sinks.insert(item, (at.clone(), sink));
    }

    /// From now on nothing that the journal knows as open goes when it is dropped: the job is left, to be
    /// resumed, and who leaves it may not wait for its end.
    pub fn keep_all(&self) {
        let sinks = self.sinks.lock();
        self.keeps.store(true, Ordering::Relaxed);
        sinks.values().filter(|(_, sink)| goes_in_parts(&**sink)).for_each(|(_, sink)| sink.keep());
    }

    pub(super) fn sink(&self, item: ItemId, at: &Uri) -> Result<Arc<dyn Sink>> {
        self.open_sink(item, at).map(|(_, sink)| sink)
    }

    /// A sink that is open, and where it is; `at` is what a failure names.
    pub(super) fn open_sink(&self, item: ItemId, at: &Uri) -> Result<(Uri, Arc<dyn Sink>)> {
        let gone = || VfsError::new(Op::Write, at.clone(), ErrorKind::Io, "the write under way is gone");
        self.sinks.lock().get(&item).cloned().ok_or_else(gone)
    }

    pub(super) fn close(&self, item: ItemId) {
        self.sinks.lock().remove(&item);
        self.held.lock().remove(&item);
        self.heads.lock().remove(&item);
        self.firsts.lock().remove(&item);
    }

    /// Looks at both sides first: not every service checks a condition on a removal, and two names can
    /// lead to one object.
    async fn remove_source(&self, at: &Uri, read: &Entry, copy: Option<&Copied>) -> Result<Reply> {
        let path = self.places.at(at)?;
        let now = verify::known(&path).await?;
        if !same_version(read, &now.entry) {
            let why = "it changed since it was copied, so it stays";
            return Err(VfsError::new(Op::Remove, at.clone(), ErrorKind::Conflict, why));
        }
        if let Some(copy) = copy {
            verify::copy(&self.places, copy, read, &now).await?;
        }
        let bound = path.caps().conditional_remove;
        let tag = read.tag.clone().filter(|_| bound);
        match path.remove(tag.map_or(Precondition::None, Precondition::Matches)).await {
            // The answer to an earlier attempt may have been lost on the way.
            Err(error) if error.kind == ErrorKind::Conflict => {
                let there = found(path.stat(Freshness::Past).await)?;
                if there.is_some() { Err(error) } else { Ok(Reply::Done) }
            }
            removed => {
                let removed = removed?;
                self.record.source_removed(at, &removed).await;
                Ok(Reply::Gone(removed))
            }
        }
    }
}

/// Whether the journal has a record of it, by which it is gone on with.
fn goes_in_parts(sink: &dyn Sink) -> bool {
    sink.layout().part_size < sink.state().size.unwrap_or(u64::MAX)
}

/// Takes absence for an answer.
fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(it) => Ok(Some(it)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn counted(body: Body, passed: Passed) -> Body {
    let count = move |chunk: &Result<bytes::Bytes>| {
        if let Ok(chunk) = chunk {
            passed.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
    };
    body.inspect(count).boxed()
}
