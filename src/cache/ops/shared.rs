//! The one [`OpCache`] of the program, as everybody holds it: [`SharedOpCache`].

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::{Answer, BodyTicket, HeldAnswer, Listing, OpCache, OpKey, Outcome, Patch, Ticket, Touch};
use crate::cache::{CacheStats, Clock, ConnectionId, KeptListings, Moment, SystemClock};
use crate::config::OpCacheSettings;
use crate::model::{ETag, Timestamp};

/// An operation cache behind a lock, with a clock. The lock guards lines, never a wait.
#[derive(Clone, Debug)]
pub struct SharedOpCache {
    cache: Arc<Mutex<OpCache>>,
    clock: Arc<dyn Clock>,
    shelf: Arc<OnceLock<Shelf>>,
    listener: Arc<OnceLock<Listener>>,
}

/// What earlier runs kept: each connection's is loaded once, when somebody browses there first.
#[derive(Debug)]
struct Shelf {
    kept: KeptListings,
    loads: Mutex<HashMap<Arc<ConnectionId>, Arc<OnceCell<()>>>>,
    /// Whether a person emptied the cache: what is on the disk counts for nothing then.
    emptied: AtomicBool,
}

/// Hears of each write before it is sent and after it ended.
struct Listener(Box<dyn Fn(&Touch) + Send + Sync>);

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener")
    }
}

impl SharedOpCache {
    /// An empty cache on the machine's clock.
    pub fn new(settings: OpCacheSettings) -> Self {
        Self::with_clock(settings, Arc::new(SystemClock))
    }

    /// An empty cache on a clock.
    pub fn with_clock(settings: OpCacheSettings, clock: Arc<dyn Clock>) -> Self {
        let cache = Arc::new(Mutex::new(OpCache::new(settings)));
        Self { cache, clock, shelf: Arc::default(), listener: Arc::default() }
    }

    /// From now on `hear` is told of each write that is fenced: right before it is sent, and after it ended. Only
    /// the first who asks for it hears.
    pub fn heard_by(&self, hear: impl Fn(&Touch) + Send + Sync + 'static) {
        let _ = self.listener.set(Listener(Box::new(hear)));
    }

    fn tell(&self, touch: &Touch) {
        if let Some(Listener(hear)) = self.listener.get() {
            hear(touch);
        }
    }

    /// The time of day, for the age of what is read now.
    pub fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    /// Whether anything is kept.
    pub fn enabled(&self) -> bool {
        self.cache.lock().enabled()
    }

    fn adaptive(&self) -> bool {
        self.cache.lock().held.settings.adaptive
    }

    /// See [`OpCache::get`].
    pub fn get(&self, key: &OpKey) -> Option<Answer> {
        self.at_now(|cache, now| cache.get(key, now))
    }

    /// See [`OpCache::get_stale`].
    pub fn get_stale(&self, key: &OpKey) -> Option<Arc<Listing>> {
        self.at_now(|cache, now| cache.get_stale(key, now))
    }

    /// See [`OpCache::peek`].
    pub fn peek(&self, key: &OpKey) -> Option<(Arc<Listing>, bool)> {
        self.at_now(|cache, now| cache.peek(key, now))
    }

    /// See [`OpCache::size_of`].
    pub fn size_of(&self, key: &OpKey, tag: &ETag) -> Option<u64> {
        self.cache.lock().size_of(key, tag)
    }

    /// See [`OpCache::get_row`].
    pub fn get_row(&self, key: &OpKey) -> Option<Answer> {
        self.at_now(|cache, now| cache.get_row(key, now))
    }

    /// See [`OpCache::newest_below`].
    pub fn newest_below(
        &self,
        connection: &Arc<ConnectionId>,
        bucket: &Arc<str>,
        prefix: &Arc<str>,
    ) -> Option<Timestamp> {
        self.at_now(|cache, now| cache.newest_below(connection, bucket, prefix, now))
    }

    /// See [`OpCache::count_shared`].
    pub fn count_shared(&self, key: &OpKey) {
        self.cache.lock().count_shared(key);
    }

    /// See [`OpCache::begin`].
    pub fn begin(&self, key: &OpKey) -> Ticket {
        self.at_now(|cache, now| cache.begin(key, now))
    }

    /// See [`OpCache::begin_body`].
    pub fn begin_body(&self, endpoint: &Arc<str>, bucket: &Arc<str>, key: &Arc<str>) -> BodyTicket {
        self.at_now(|cache, now| cache.begin_body(endpoint, bucket, key, now))
    }

    /// See [`OpCache::is_live`].
    pub fn is_live(&self, ticket: &Ticket) -> bool {
        self.cache.lock().is_live(ticket)
    }

    /// See [`OpCache::fill`].
    pub fn fill(&self, ticket: &Ticket, answer: Answer) -> bool {
        if let Answer::Listing(listing) = &answer
            && self.adaptive()
        {
            // Outside of the lock: it reads all rows.
            listing.fingerprint();
        }
        self.at_now(|cache, now| cache.fill(ticket, answer, now))
    }

    /// See [`OpCache::abandon`].
    pub fn abandon(&self, ticket: &Ticket) {
        self.cache.lock().abandon(ticket);
    }

    /// Stores an answer that was asked for just now. See [`OpCache::put`].
    pub fn put(&self, key: &OpKey, answer: Answer, ttl: Option<Duration>) -> bool {
        self.at_now(|cache, now| cache.put(key, answer, now, ttl, now))
    }

    /// See [`OpCache::forget`].
    pub fn forget(&self, key: &OpKey) {
        self.cache.lock().forget(key);
    }

    /// See [`OpCache::entries`].
    pub fn entries(&self) -> Vec<HeldAnswer> {
        self.at_now(|cache, now| cache.entries(now))
    }

    /// See [`OpCache::invalidate_key`].
    pub fn invalidate_key(&self, endpoint: &Arc<str>, bucket: &Arc<str>, key: &Arc<str>) -> usize {
        self.cache.lock().invalidate_key(endpoint, bucket, key)
    }

    /// See [`OpCache::invalidate_prefix`].
    pub fn invalidate_prefix(&self, endpoint: &Arc<str>, bucket: &Arc<str>, prefix: &Arc<str>) -> usize {
        self.cache.lock().invalidate_prefix(endpoint, bucket, prefix)
    }

    /// See [`OpCache::invalidate_bucket`].
    pub fn invalidate_bucket(&self, endpoint: &Arc<str>, bucket: &Arc<str>) -> usize {
        self.cache.lock().invalidate_bucket(endpoint, bucket)
    }

    /// Fences a write: what it touches is dropped now, and again when the guard is ended or dropped.
    pub fn fence(&self, touch: Touch) -> WriteFence {
        self.cache.lock().begin_write(&touch);
        self.tell(&touch);
        WriteFence { cache: self.clone(), touch, by: None, end: End::Outcome(Outcome::Unknown) }
    }

    /// The same for a write whose answer may tell exactly what it leaves: listings stay until it is ended, by
    /// [`WriteFence::leave`] or otherwise. `by` is who writes.
    pub fn fence_exact(&self, touch: Touch, by: &Arc<ConnectionId>) -> WriteFence {
        self.cache.lock().begin_exact(&touch);
        self.tell(&touch);
        WriteFence { cache: self.clone(), touch, by: Some(by.clone()), end: End::Outcome(Outcome::Unknown) }
    }

    /// See [`OpCache::clear`]. What an earlier run kept is emptied with it, on the disk by the next
    /// [`Self::save_kept`].
    pub fn clear(&self) {
        if let Some(shelf) = self.shelf.get() {
            shelf.emptied.store(true, Ordering::Relaxed);
        }
        self.cache.lock().clear();
    }

    /// From now on listings are kept there for another run, and those of earlier runs are shown as stale.
    pub fn keep(&self, kept: KeptListings) {
        let shelf = Shelf { kept, loads: Mutex::default(), emptied: AtomicBool::new(false) };
        if self.shelf.set(shelf).is_err() {
            tracing::warn!("cache: listings are kept in one place only");
        }
    }

    /// Waits until what an earlier run kept of this connection is there, if anything is; reads it once.
    pub async fn warm(&self, connection: &Arc<ConnectionId>) {
        let Some(shelf) = self.shelf.get() else { return };
        if !shelf.kept.keeps(connection) || shelf.emptied.load(Ordering::Relaxed) || !self.enabled() {
            return;
        }
        let cell = shelf.loads.lock().entry(connection.clone()).or_default().clone();
        let load = || async {
            let (this, connection) = (self.clone(), connection.clone());
            let loaded = tokio::task::spawn_blocking(move || {
                let Some(shelf) = this.shelf.get() else { return };
                let kept = shelf.kept.load(&connection, this.wall());
                this.cache.lock().restore(&connection, kept);
            });
            if let Err(error) = loaded.await {
                tracing::warn!(%error, "kept listings: the task that loads them broke off");
            }
        };
        cell.get_or_init(load).await;
    }

    /// Writes down what is held of the listings that are kept. Blocks.
    ///
    /// # Errors
    /// What the disk says.
    pub fn save_kept(&self) -> io::Result<()> {
        let Some(shelf) = self.shelf.get() else { return Ok(()) };
        if shelf.emptied.swap(false, Ordering::Relaxed) {
            shelf.kept.forget()?;
        }
        let listings = self.cache.lock().listings();
        // What is being loaded just now isn't held yet, and stays as it was kept.
        let of = |(connection, cell): (&Arc<ConnectionId>, &Arc<OnceCell<()>>)| {
            cell.initialized().then(|| connection.clone())
        };
        let loaded: Vec<_> = shelf.loads.lock().iter().filter_map(of).collect();
        shelf.kept.save(&listings, &loaded)
    }

    /// See [`OpCache::configure`].
    pub fn configure(&self, settings: OpCacheSettings) {
        self.cache.lock().configure(settings);
    }

    /// See [`OpCache::stats`].
    pub fn stats(&self) -> CacheStats {
        self.cache.lock().stats()
    }

    fn at_now<T>(&self, act: impl FnOnce(&mut OpCache, Moment) -> T) -> T {
        // The time is taken under the lock, so that it never goes back from one caller to the next.
        let mut cache = self.cache.lock();
        let now = self.clock.now();
        act(&mut cache, now)
    }
}

/// A write under way. Dropped without a word, its outcome counts as unknown: the future that held it
/// was dropped, and the request may be applied all the same.
#[derive(Debug)]
#[must_use = "a fence that is dropped at once says that the write's outcome is unknown"]
pub struct WriteFence {
    cache: SharedOpCache,
    touch: Touch,
    /// Who writes, where the answer may tell what it leaves.
    by: Option<Arc<ConnectionId>>,
    end: End,
}

#[derive(Debug)]
enum End {
    Outcome(Outcome),
    Left(Vec<Patch>),
}

impl WriteFence {
    /// The write has ended so.
    pub fn end(mut self, outcome: Outcome) {
        self.end = End::Outcome(outcome);
    }

    /// The write was answered, and left just this.
    pub fn leave(mut self, left: Vec<Patch>) {
        self.end = End::Left(left);
    }
}

impl Drop for WriteFence {
    fn drop(&mut self) {
        self.cache.at_now(|cache, now| match (&self.end, &self.by) {
            (End::Left(left), Some(by)) => cache.end_exact(&self.touch, left, by),
            (End::Left(_), None) => cache.end_write(&self.touch, Outcome::Known, now),
            (End::Outcome(outcome), _) => cache.end_write(&self.touch, *outcome, now),
        });
        self.cache.tell(&self.touch);
    }
}
