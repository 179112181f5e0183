//! Does one piece of work: [`Worker`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream::{BoxStream, StreamExt};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::super::io::{Copied, DirId, Io, ItemId, Relation, Reply};
use super::budget::Permit;
use super::places::Places;
use super::verify;
use crate::model::{Entry, ErrorKind, Freshness, Head, Kind, Name, Op, Page, Result, Uri, VfsError};
use crate::vfs::{Body, CopyOptions, CreateHint, Precondition, Sink};

type Listing = BoxStream<'static, Result<Page>>;
type Passed = Arc<AtomicU64>;

/// Does the work of one job, and holds what is open: sinks and listings.
#[derive(Debug)]
pub struct Worker {
    pub places: Arc<Places>,
    /// Whether the destination holds a part in memory until it is sent.
    pub buffered: bool,
    sinks: Mutex<HashMap<ItemId, Arc<dyn Sink>>>,
    /// The memory of sinks that hold a whole small file until it is committed.
    held: Mutex<HashMap<ItemId, Permit>>,
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
    pub fn new(places: Arc<Places>, buffered: bool, interrupt: CancellationToken) -> Self {
        Self {
            places,
            buffered,
            sinks: Mutex::default(),
            held: Mutex::default(),
            listings: Listings::default(),
            interrupt,
        }
    }

    /// Does it; `passed` hears of bytes on their way, `permit` is its share of the budget.
    pub async fn perform(&self, io: Io, passed: Passed, permit: Permit) -> Result<Reply> {
        match io {
            Io::Relate { source, target } => self.relate(&source, &target).await,
            Io::Page { dir, page, at } => self.page(dir, page, &at).await,
            Io::MakeDir { at, follow } => self.make_dir(&at, follow).await,
            Io::Mark { at } => self.mark(&at).await,
            Io::Rename { from, to, precondition } => self.rename(&from, &to, precondition).await,
            Io::Look { at } => found(self.places.at(&at)?.stat(Freshness::Past).await).map(Reply::Looked),
            Io::Resolve { link } => self.follow(&link).await,
            Io::Link { at, target, precondition } => self.link(&at, &target, precondition).await,
            Io::Native { from, entry, to, precondition } => {
                self.native(&from, *entry, &to, precondition, &passed).await
            }
            Io::Create { item, from, at, hint } => self.create(item, &from, &at, *hint).await,
            Io::Part { item, from, precondition, offset, len, whole } => {
                let range = (!whole).then(|| offset..offset + len);
                let body = self.places.at(&from)?.read(range, precondition).await?;
                self.sink(item, &from)?.write_part(offset, len, counted(body, passed)).await?;
                if whole && self.buffered {
                    self.held.lock().insert(item, permit.into_memory());
                }
                Ok(Reply::Done)
            }
            Io::Commit { item, at, precondition, verify } => {
                if let Some(of) = verify {
                    let sink = self.sink(item, &at)?;
                    verify::check(&self.places, &of.0, &of.1, &sink.state()).await?;
                }
                self.commit(item, &at, precondition).await
            }
            Io::Abort { item, at } => self.abort(item, &at).await,
            Io::RemoveSource { at, entry, copy } => self.remove_source(&at, &entry, copy.as_deref()).await,
            Io::Remove { at, precondition } | Io::RemoveDir { at, precondition } => {
                self.places.at(&at)?.remove(precondition).await.map(|_| Reply::Done)
            }
            Io::RemoveMany { dir, removals } => {
                Ok(Reply::Removed(self.places.at(&dir)?.remove_many(&removals).await))
            }
        }
    }

    async fn relate(&self, source: &Uri, target: &Uri) -> Result<Reply> {
        let source = self.places.at(source)?.identity().await?;
        let target = self.places.at(target)?.identity().await?;
        Ok(Reply::Relation(match () {
            () if source == target => Relation::Same,
            () if target.is_inside(&source) => Relation::Inside,
            () => Relation::Apart,
        }))
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

    async fn make_dir(&self, at: &Uri, follow: bool) -> Result<Reply> {
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
            return Ok(Reply::Made { fresh: false });
        }
        let why = "something that is no directory is in the way";
        Err(VfsError::new(Op::Mkdir, at.clone(), ErrorKind::AlreadyExists, why))
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
        let name = Name::from(format!(".bifold-{:016x}.part", fastrand::u64(..)).as_str());
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
        let to = self.places.at(to)?;
        let options = CopyOptions {
            source: Some(entry),
            precondition,
            cancel: self.interrupt.clone(),
            ..CopyOptions::default()
        };
        let progress = |bytes: u64| {
            passed.fetch_add(bytes, Ordering::Relaxed);
        };
        self.places
            .at(from)?
            .copy_native(&*to, &options, &progress)
            .await
            .map(|copy| Reply::Native(copy.map(Box::new)))
    }

    async fn create(&self, item: ItemId, from: &Uri, at: &Uri, mut hint: CreateHint) -> Result<Reply> {
        let source = self.places.at(from)?;
        if self.buffered && source.caps().metered {
            let Head { content_type, metadata, .. } = source.head().await?;
            hint.attributes.content_type = content_type;
            hint.attributes.metadata = metadata;
        }
        let sink: Arc<dyn Sink> = Arc::from(self.places.at(at)?.create(hint).await?);
        let layout = sink.layout();
        self.sinks.lock().insert(item, sink);
        Ok(Reply::Created(layout))
    }

    fn sink(&self, item: ItemId, at: &Uri) -> Result<Arc<dyn Sink>> {
        let gone = || VfsError::new(Op::Write, at.clone(), ErrorKind::Io, "the write under way is gone");
        self.sinks.lock().get(&item).cloned().ok_or_else(gone)
    }

    async fn commit(&self, item: ItemId, at: &Uri, precondition: Precondition) -> Result<Reply> {
        let sink = self.sink(item, at)?;
        let entry = sink.commit(precondition).await?;
        self.close(item);
        Ok(Reply::Committed(Box::new(entry)))
    }

    async fn abort(&self, item: ItemId, at: &Uri) -> Result<Reply> {
        if let Ok(sink) = self.sink(item, at) {
            sink.abort().await?;
            self.close(item);
        }
        Ok(Reply::Done)
    }

    fn close(&self, item: ItemId) {
        self.sinks.lock().remove(&item);
        self.held.lock().remove(&item);
    }

    /// Looks at both sides first: not every service checks a condition on a removal, and two names can
    /// lead to one object.
    async fn remove_source(&self, at: &Uri, read: &Entry, copy: Option<&Copied>) -> Result<Reply> {
        let path = self.places.at(at)?;
        let now = verify::known(&path).await?;
        if !verify::same_version(read, &now.entry) {
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
            removed => removed.map(|_| Reply::Done),
        }
    }
}

/// Takes absence for an answer.
fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(it) => Ok(Some(it)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn counted(body: Body, passed: Passed) -> Body {
    let count = move |chunk: &Result<bytes::Bytes>| {
        if let Ok(chunk) = chunk {
            passed.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
    };
    body.inspect(count).boxed()
}
