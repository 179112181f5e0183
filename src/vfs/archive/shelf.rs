//! The archives that were opened: [`Shelf`].

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lru::LruCache;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::opened::Opened;
use super::outer::Place;
use crate::model::archive::ArchiveKind;
use crate::model::{Entry, ErrorKind, Freshness, Kind, Op, Result, Tag, Timestamp, Uri, VfsError};
use crate::vfs::DynPath;

/// How many archives are held.
const HELD: NonZeroUsize = NonZeroUsize::new(4).expect("it isn't zero");
/// How long what is held of an archive on a service is taken for what is there.
const FRESH: Duration = Duration::from_mins(1);

/// The archives that were opened last.
pub struct Shelf(Mutex<LruCache<Uri, Arc<Slot>>>);

pub(super) struct Slot {
    tag: Option<Tag>,
    size: Option<u64>,
    modified: Option<Timestamp>,
    seen: Mutex<Instant>,
    opened: OnceCell<Arc<Opened>>,
}

impl Slot {
    pub fn new(entry: &Entry) -> Self {
        Self {
            tag: entry.tag.clone(),
            size: entry.size,
            modified: entry.modified,
            seen: Mutex::new(Instant::now()),
            opened: OnceCell::new(),
        }
    }

    /// Whether what was read is still what is there. Where no tag tells, its size and time do, but for whoever must
    /// have what is there now.
    pub fn is_of(&self, entry: &Entry, freshness: Freshness) -> bool {
        let dated =
            self.modified.is_some() && self.modified == entry.modified && freshness != Freshness::Past;
        self.tag == entry.tag && self.size == entry.size && (self.tag.is_some() || dated)
    }
}

impl Default for Shelf {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(HELD)))
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").field("held", &self.0.lock().len()).finish()
    }
}

impl Shelf {
    /// The archive at a path. What is held is given where it still is what is there: `Past` always looks.
    pub(super) async fn open(&self, path: &DynPath, freshness: Freshness) -> Result<Arc<Opened>> {
        let held = self.0.lock().get(path.uri()).cloned();
        if let Some(slot) = held.filter(|_| freshness != Freshness::Past && path.caps().metered)
            && let Some(opened) = slot.opened.get().filter(|_| slot.seen.lock().elapsed() < FRESH)
        {
            return Ok(opened.clone());
        }
        let mut place = Place { path: path.clone(), entry: path.stat(freshness).await? };
        if place.entry.kind == Kind::Symlink {
            place.path = path.follow().await?;
            place.entry = place.path.stat(freshness).await?;
        }
        if place.entry.kind != Kind::File {
            let why = "it is no file, so it can't be an archive";
            return Err(VfsError::new(Op::List, path.uri().clone(), ErrorKind::NotADirectory, why));
        }
        let slot = self.slot(path.uri(), &place.entry, freshness);
        let opened = slot.opened.get_or_try_init(|| Opened::read(place)).await.cloned();
        *slot.seen.lock() = Instant::now();
        opened
    }

    /// How many bytes of a service have to be fetched before anything of the archive is known: none where it is held,
    /// and where a part of it tells what is in it.
    pub(super) async fn unread(&self, path: &DynPath) -> Result<u64> {
        let whole = ArchiveKind::of(path.uri().name().as_bytes()).is_some_and(ArchiveKind::is_read_whole);
        if !whole || !path.caps().metered {
            return Ok(0);
        }
        let entry = path.stat(Freshness::Cached).await?;
        let held = self.0.lock().peek(path.uri()).cloned();
        let is_held =
            held.is_some_and(|slot| slot.is_of(&entry, Freshness::Cached) && slot.opened.initialized());
        Ok(if is_held { 0 } else { entry.size.unwrap_or(0) })
    }

    fn slot(&self, uri: &Uri, entry: &Entry, freshness: Freshness) -> Arc<Slot> {
        let mut held = self.0.lock();
        if let Some(slot) = held.get(uri).filter(|slot| slot.is_of(entry, freshness)) {
            return slot.clone();
        }
        let slot = Arc::new(Slot::new(entry));
        held.put(uri.clone(), slot.clone());
        slot
    }
}
