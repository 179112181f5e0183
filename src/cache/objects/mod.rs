//! Bodies of objects on disk: [`Objects`].
//!
//! A body belongs to a connection, so that what one account read is never shown to another, and to a version
//! where one was asked for. Ranges that were read are kept as they came; a later read asks for what is missing.
//!
//! What a write touches is forgotten before it is sent and after it ended, across connections. An upload fills
//! the cache with what it sent where this program forgot, or looked for, a body of that key before: who reads
//! what he writes gets it back without a request for its bytes, and who only writes keeps nothing.
//!
//! Two who read the same at the same time cost one request: one has the lead, the other follows ([`Turn`]).
//!
//! A copy to a disk keeps what is small ([`KEPT_OF_COPIES`]); what is larger only with the blocks of the copy, where
//! the file system shares blocks, and never above a quarter of the bound.

mod flight;
mod key;

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use lru::LruCache;
use parking_lot::Mutex;

use self::flight::Flights;
pub use self::flight::{Flight, Lead, Turn};
pub use self::key::BodyKey;
use super::disk::{About, Came, DiskStats, FileName, Fill, Held, Lent, Piece, Shelf, Tally};
use super::ops::{BodyTicket, Touch};
use crate::config::Validate;
use crate::model::{ETag, Head, Timestamp};

/// The largest body that copies and uploads keep, in bytes.
pub const KEPT_OF_COPIES: u64 = 16 << 20;

/// How many keys are remembered as read.
const WANTED: usize = 4096;

/// The cache of bodies. A clone is another handle on the same.
#[derive(Clone, Debug, Default)]
pub struct Objects(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    shelf: Shelf,
    validate: Validate,
    wanted: Mutex<LruCache<FileName, ()>>,
    flights: Flights,
}

/// A body as it was found.
#[derive(Clone, Debug)]
pub struct Body {
    /// The entity tag of what is held.
    pub tag: ETag,
    /// What its headers told, where that was kept.
    pub head: Option<Head>,
    held: Held,
}

impl Body {
    /// The size of the whole, in bytes.
    pub fn size(&self) -> u64 {
        self.held.about.size
    }

    /// The pieces that are held of what was asked for, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.held.pieces
    }
}

impl Objects {
    /// A cache on a shelf.
    pub fn new(shelf: Shelf, validate: Validate) -> Self {
        let wanted = Mutex::new(LruCache::new(WANTED.try_into().expect("it isn't zero")));
        Self(Some(Arc::new(Inner { shelf, validate, wanted, flights: Flights::default() })))
    }

    /// One that keeps nothing.
    pub fn off() -> Self {
        Self(None)
    }

    /// Whether anything is kept.
    pub fn enabled(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| !inner.shelf.is_off())
    }

    /// When the settings want a service to be asked.
    pub fn validate(&self) -> Validate {
        self.0.as_ref().map_or(Validate::Auto, |inner| inner.validate)
    }

    /// The largest part of a body that is kept, in bytes.
    pub fn largest(&self) -> u64 {
        self.0.as_ref().map_or(0, |inner| inner.shelf.bounds().max_size / 4)
    }

    /// Where the bodies are, with what those need who look after them; `None` where nothing is kept.
    pub fn shelf(&self) -> Option<&Shelf> {
        self.0.as_ref().map(|inner| &inner.shelf)
    }

    /// The figures.
    pub async fn stats(&self) -> DiskStats {
        match &self.0 {
            Some(inner) => inner.shelf.stats().await,
            None => DiskStats::default(),
        }
    }

    /// What is held of an object, with the pieces that reach into `want`.
    pub async fn find(&self, key: &BodyKey, want: Range<u64>) -> Option<Body> {
        let inner = self.0.as_ref()?;
        inner.wanted.lock().put(key.name(), ());
        let held = inner.shelf.find(key.name(), want).await?;
        let head = held.about.head.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Some(Body { tag: ETag::new(&held.about.tag), head, held })
    }

    /// How long ago the service said that a body is right, in milliseconds; `None` where the clock was set back
    /// since.
    pub fn age(&self, body: &Body) -> Option<u64> {
        let Timestamp(now) = self.0.as_ref()?.shelf.now();
        u64::try_from(now - body.held.validated.0).ok()
    }

    /// Whether a body's age is over.
    pub fn is_old(&self, body: &Body) -> bool {
        let Some(inner) = &self.0 else { return true };
        let most = inner.shelf.bounds().max_age.as_millis();
        self.age(body).is_none_or(|age| u128::from(age) > most)
    }

    /// The bytes of a piece, checked; nothing where it is damaged.
    pub async fn bytes(&self, body: &Body, piece: &Piece) -> Option<Bytes> {
        self.0.as_ref()?.shelf.bytes(&body.held, piece).await
    }

    /// The file of what is held, where the kernel can copy this range from it.
    pub fn lend(&self, body: &Body, want: &Range<u64>) -> Option<Lent> {
        self.0.as_ref()?.shelf.lend(&body.held, want)
    }

    /// Keeps what was downloaded into a file, by sharing its blocks. `false` where that can't be, or it is held.
    pub async fn adopt(
        &self,
        key: &BodyKey,
        head: &Head,
        right: &BodyTicket,
        file: File,
        came: Vec<Came>,
    ) -> bool {
        let Some(inner) = &self.0 else { return false };
        let (Some(tag), Some(size)) = (head.entry.etag(), head.entry.size) else { return false };
        let is_whole = |held: &Held| held.pieces.iter().map(|piece| piece.len).sum::<u64>() == size;
        let held = inner.shelf.find(key.name(), 0..u64::MAX).await;
        if held.is_some_and(|held| *held.about.tag == *tag.to_string() && is_whole(&held)) {
            return false;
        }
        let about = key.about(tag, size, serde_json::to_string(head).ok());
        let kept = inner.shelf.adopt(about, right, file, came).await;
        if kept {
            tracing::debug!(location = %key.location(), size, reason = "a copy was made", "object cache: kept with the copy's blocks");
        }
        kept
    }

    /// Begins to keep more of a body that is held.
    pub fn extend(&self, key: &BodyKey, body: &Body) -> Option<Fill> {
        let inner = self.0.as_ref()?;
        let about = About { name: key.name(), ..body.held.about.clone() };
        Some(inner.shelf.fill(about, Some(&body.held)))
    }

    /// Begins to keep a body in the place of what is held of it. `None` where its tag or its size isn't told.
    pub fn replace(&self, key: &BodyKey, head: &Head) -> Option<Fill> {
        let inner = self.0.as_ref()?;
        let (tag, size) = (head.entry.etag()?, head.entry.size?);
        let text = serde_json::to_string(head).ok();
        Some(inner.shelf.fill(key.about(tag, size, text), None))
    }

    /// Whether somebody asks for these bytes already, or the caller is to do so. `left` are the flights that were
    /// waited for in vain, by number. `None` where nothing is kept.
    pub fn turn(&self, key: &BodyKey, range: &Range<u64>, left: &[u64]) -> Option<Turn> {
        self.0.as_ref().map(|inner| inner.flights.turn(key.name(), range, left))
    }

    /// The read under way whose next bytes are these.
    pub fn joinable(&self, key: &BodyKey, at: u64) -> Option<Flight> {
        self.0.as_ref()?.flights.joinable(key.name(), at)
    }

    /// Lets others join a read, whoever else reads the same.
    pub fn lead(&self, key: &BodyKey, range: &Range<u64>) -> Option<Lead> {
        self.0.as_ref().map(|inner| inner.flights.lead(key.name(), range))
    }

    /// Notes a read that needed no byte of the service; `validated`: it was asked whether they are right.
    pub fn hit(&self, key: &BodyKey, bytes: u64, validated: bool, why: &str) {
        let Some(inner) = &self.0 else { return };
        tracing::debug!(location = %key.location(), bytes, reason = why, "object cache: hit");
        inner.shelf.count(&key.connection.name, |tally: &mut Tally| {
            tally.hits += 1;
            tally.bytes_saved += bytes;
            tally.validations += u64::from(validated);
            tally.requests_saved += u64::from(!validated);
        });
        inner.shelf.served(key.name(), validated);
    }

    /// Notes a read that needed bytes of the service; `saved` came from here all the same.
    pub fn miss(&self, key: &BodyKey, saved: u64, why: &str) {
        let Some(inner) = &self.0 else { return };
        tracing::debug!(location = %key.location(), saved, reason = why, "object cache: miss");
        let again = inner.shelf.was_evicted(&key.name());
        inner.shelf.count(&key.connection.name, |tally: &mut Tally| {
            tally.misses += 1;
            tally.bytes_saved += saved;
            tally.evicted_again += u64::from(again);
        });
        if saved > 0 {
            inner.shelf.served(key.name(), true);
        }
    }

    /// Forgets a body.
    pub async fn forget(&self, key: &BodyKey, why: &str) {
        if let Some(inner) = &self.0 {
            tracing::debug!(location = %key.location(), reason = why, "object cache: invalid");
            inner.shelf.remove(key.name()).await;
        }
    }

    /// Forgets what a write touches.
    pub fn touched(&self, touch: &Touch) {
        if let Some(inner) = &self.0 {
            inner.flights.part();
            inner.shelf.touched(touch);
        }
    }

    /// Whether an upload of this key should keep what it sends: it was read before by this program.
    pub fn wants(&self, key: &BodyKey, size: u64) -> bool {
        let small = size <= KEPT_OF_COPIES.min(self.largest());
        small && self.0.as_ref().is_some_and(|inner| inner.wanted.lock().contains(&key.name()))
    }

    /// Waits until all that was noted is written.
    pub async fn settle(&self) {
        if let Some(inner) = &self.0 {
            inner.shelf.settle().await;
        }
    }
}
