//! The operation cache: answers to S3 API requests, held for a while.
//!
//! Difficulties, and how each is met:
//!
//! 1. *A write makes answers stale that it doesn't name.* A new `a/b/c` changes the listings of
//!    `a/b/`, `a/` and the bucket, with any delimiter, on every connection to that endpoint. An
//!    ordered index ([`index`]) finds those that are held, at a cost of what is dropped.
//! 2. *An answer may be older than the write that it overtakes.* A load holds a [`Ticket`]; whatever
//!    is invalidated between [`OpCache::begin`] and [`OpCache::fill`] detaches it, and its answer isn't
//!    kept. A write invalidates before it is sent and again when it ends ([`OpCache::begin_write`],
//!    [`OpCache::end_write`]), so a load that saw the world in between is dropped, too.
//! 3. *A write may be applied long after it was given up.* For [`DOUBT`] its place is served, not held.
//! 4. *The dearest listing is the largest.* Bounds hold for the others; the newest entry always stays.
//! 5. *A slow listing would be dead on arrival*, since age counts from its first request: it lives at
//!    least ten times as long as it took.
//!
//! Nothing here waits, asks or reads a clock: time comes in as an argument.

mod answer;
mod fence;
mod index;
mod key;
mod shared;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use tracing::debug;

use self::answer::head_of_row;
use self::fence::Doubts;
use self::index::Index;
use super::stats::Ledger;
use super::{CacheStats, ConnectionId, Moment};
use crate::config::CacheSettings;
use crate::model::{Entry, Kind, Timestamp};

pub use answer::{Answer, Listing};
pub use fence::{DOUBT, Outcome};
pub use key::{Change, Extent, OpKey, Query, Touch};
pub use shared::{SharedOpCache, WriteFence};

/// How much longer than it took to read a listing lives at least.
const LISTING_LIFE: u32 = 10;

/// What an entry takes beyond its answer and its names: the slot, and its places in the index.
const ENTRY_OVERHEAD: usize = 320;

/// The right to store the answer of one load, as long as nothing has touched it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    key: OpKey,
    serial: u64,
    asked: Moment,
}

/// One held answer.
#[derive(Debug)]
struct Slot {
    answer: Answer,
    /// When its first request was sent.
    asked: Moment,
    /// How long it took from there.
    took: Duration,
    /// A life of its own, instead of the settings'.
    ttl: Option<Duration>,
    bytes: u64,
}

/// Answers by the question, bounded in number, bytes and age. See the module's page.
#[derive(Debug)]
pub struct OpCache {
    settings: CacheSettings,
    slots: LruCache<OpKey, Slot>,
    index: Index,
    bytes: u64,
    /// The load that may store, for each question, by its ticket's number.
    loads: HashMap<OpKey, u64>,
    load_index: Index,
    serial: u64,
    doubts: Doubts,
    ledger: Ledger,
}

impl OpCache {
    /// An empty cache.
    pub fn new(settings: CacheSettings) -> Self {
        Self {
            settings,
            slots: LruCache::unbounded(),
            index: Index::default(),
            bytes: 0,
            loads: HashMap::new(),
            load_index: Index::default(),
            serial: 0,
            doubts: Doubts::default(),
            ledger: Ledger::default(),
        }
    }

    /// Whether anything is kept.
    pub fn enabled(&self) -> bool {
        self.settings.enabled
    }

    /// The held answer to a question: a look-up, counted as a hit or a miss.
    pub fn get(&mut self, key: &OpKey, now: Moment) -> Option<Answer> {
        self.drop_if_expired(key, now);
        let held = self.slots.get(key).map(|slot| (slot.answer.clone(), slot.asked));
        let found = held.filter(|(answer, asked)| !self.is_refuted(key, answer, *asked, now));
        self.count(key, found.map(|(answer, _)| answer))
    }

    /// The held answer to a HEAD by one who needs only what a listing's row tells: a held listing
    /// answers, too, and the newer of both wins. A listing without the row is no answer.
    pub fn get_row(&mut self, key: &OpKey, now: Moment) -> Option<Answer> {
        self.drop_if_expired(key, now);
        let head = self.slots.get(key).map(|slot| (slot.answer.clone(), slot.asked));
        let found = match (head, self.row(key, now)) {
            (Some((head, asked)), Some(row)) if row.asked <= asked => Some(head),
            (_, Some(row)) => {
                self.slots.promote(&row.listing);
                Some(Answer::Head(Arc::new(row.head)))
            }
            (head, None) => head.map(|(answer, _)| answer),
        };
        self.count(key, found)
    }

    /// The newest modification that a held listing of this prefix knows. No look-up: nothing is
    /// counted, asked or kept alive by it.
    pub fn newest_below(
        &self,
        connection: &Arc<ConnectionId>,
        bucket: &Arc<str>,
        prefix: &Arc<str>,
        now: Moment,
    ) -> Option<Timestamp> {
        let newest = |delimited| {
            let query = Query::List { bucket: bucket.clone(), prefix: prefix.clone(), delimited };
            match &self.peek(&OpKey::new(connection, query), now)?.answer {
                Answer::Listing(listing) => listing.newest(),
                _ => None,
            }
        };
        newest(true).max(newest(false))
    }

    /// Counts a miss that another's request answered.
    pub fn count_shared(&mut self, key: &OpKey) {
        debug!(%key, "cache: shares a request under way");
        self.ledger.of(&key.connection.name, key.kind()).shared += 1;
    }

    /// Begins a load: its answer may be stored unless something touches it before. A load that was
    /// begun before for the same question is detached: its answer is older. Where a write may still be
    /// applied, a load is detached from the start.
    pub fn begin(&mut self, key: &OpKey, now: Moment) -> Ticket {
        self.serial += 1;
        if self.doubts.about(key, now) {
            self.detach(key);
        } else {
            self.loads.insert(key.clone(), self.serial);
            self.load_index.insert(key);
        }
        Ticket { key: key.clone(), serial: self.serial, asked: now }
    }

    /// Whether nothing has touched this load so far, so that later readers may join it.
    pub fn is_live(&self, ticket: &Ticket) -> bool {
        self.loads.get(&ticket.key) == Some(&ticket.serial)
    }

    /// Ends a load with its complete answer, and tells whether it was stored.
    pub fn fill(&mut self, ticket: &Ticket, answer: Answer, now: Moment) -> bool {
        if !self.is_live(ticket) {
            debug!(key = %ticket.key, "cache: served, not stored");
            return false;
        }
        self.detach(&ticket.key);
        self.store(&ticket.key, answer, ticket.asked, None, now)
    }

    /// Ends a load without an answer to keep.
    pub fn abandon(&mut self, ticket: &Ticket) {
        if self.is_live(ticket) {
            self.detach(&ticket.key);
        }
    }

    /// Stores an answer that was asked for at `asked`, with a life of its own or that of the
    /// settings, and tells whether it was stored. It replaces what a load under way would bring.
    pub fn put(
        &mut self,
        key: &OpKey,
        answer: Answer,
        asked: Moment,
        ttl: Option<Duration>,
        now: Moment,
    ) -> bool {
        self.detach(key);
        if self.doubts.about(key, now) {
            return false;
        }
        self.store(key, answer, asked, ttl, now)
    }

    /// Drops the answer to one question, and detaches its load: whoever asks next asks anew.
    pub fn forget(&mut self, key: &OpKey) {
        self.detach(key);
        self.remove(key);
    }

    /// Drops what a change of one key makes stale; tells how many entries.
    pub fn invalidate_key(&mut self, endpoint: &Arc<str>, bucket: &Arc<str>, key: &Arc<str>) -> usize {
        self.invalidate(&touch(endpoint, bucket, Extent::Key(key.clone(), Change::Other)))
    }

    /// Drops all below a prefix and every listing that shows it; tells how many entries.
    pub fn invalidate_prefix(&mut self, endpoint: &Arc<str>, bucket: &Arc<str>, prefix: &Arc<str>) -> usize {
        self.invalidate(&touch(endpoint, bucket, Extent::Prefix(prefix.clone())))
    }

    /// Drops all of a bucket, its region, and the list of buckets; tells how many entries.
    pub fn invalidate_bucket(&mut self, endpoint: &Arc<str>, bucket: &Arc<str>) -> usize {
        self.invalidate(&touch(endpoint, bucket, Extent::Bucket))
    }

    /// A write is about to be sent.
    pub fn begin_write(&mut self, touch: &Touch) {
        self.invalidate(touch);
    }

    /// A write has ended, however it did.
    pub fn end_write(&mut self, touch: &Touch, outcome: Outcome, now: Moment) {
        self.invalidate(touch);
        if outcome == Outcome::Unknown {
            debug!(?touch, "cache: a write of unknown outcome");
            self.doubts.raise(touch.clone(), now);
        }
    }

    /// Drops everything and detaches every load.
    pub fn clear(&mut self) {
        debug!(entries = self.slots.len(), "cache: cleared");
        while let Some((key, slot)) = self.slots.pop_lru() {
            self.settle(&key, &slot);
            self.ledger.of(&key.connection.name, key.kind()).invalidated += 1;
        }
        self.loads.clear();
        self.load_index = Index::default();
    }

    /// Changes the settings: bounds and lives hold from now on, for what is held, too.
    pub fn configure(&mut self, settings: CacheSettings) {
        self.settings = settings;
        if !self.settings.enabled {
            self.clear();
        }
        self.evict();
    }

    /// The numbers.
    pub fn stats(&self) -> CacheStats {
        let mut stats = CacheStats {
            enabled: self.settings.enabled,
            max_entries: self.settings.max_entries,
            max_bytes: self.settings.max_bytes,
            ..CacheStats::default()
        };
        self.ledger.sum_into(&mut stats);
        stats
    }

    fn count(&mut self, key: &OpKey, found: Option<Answer>) -> Option<Answer> {
        let figures = self.ledger.of(&key.connection.name, key.kind());
        if let Some(answer) = &found {
            figures.hits += 1;
            figures.saved += answer.requests();
            debug!(%key, "cache: hit");
        } else {
            figures.misses += 1;
            debug!(%key, "cache: miss");
        }
        found
    }

    fn store(
        &mut self,
        key: &OpKey,
        answer: Answer,
        asked: Moment,
        ttl: Option<Duration>,
        now: Moment,
    ) -> bool {
        let bytes = answer.bytes() + (key.text_len() + ENTRY_OVERHEAD) as u64;
        let slot = Slot { answer, asked, took: now.since(asked), ttl, bytes };
        self.remove(key);
        if !self.settings.enabled || self.life(key, &slot) <= now.since(asked) {
            return false;
        }
        self.bytes += bytes;
        let figures = self.ledger.of(&key.connection.name, key.kind());
        figures.entries += 1;
        figures.bytes += bytes;
        self.index.insert(key);
        self.slots.put(key.clone(), slot);
        self.evict();
        true
    }

    /// The least recently used give way; the newest never does.
    fn evict(&mut self) {
        let over = |cache: &Self| {
            cache.slots.len() > cache.settings.max_entries || cache.bytes > cache.settings.max_bytes
        };
        while self.slots.len() > 1 && over(self) {
            let Some((key, slot)) = self.slots.pop_lru() else { return };
            debug!(%key, "cache: evicted");
            self.settle(&key, &slot);
            self.ledger.of(&key.connection.name, key.kind()).evicted += 1;
        }
    }

    fn life(&self, key: &OpKey, slot: &Slot) -> Duration {
        let ttl = &self.settings.ttl;
        let set = slot.ttl.unwrap_or(match key.query {
            _ if slot.answer.is_negative() => ttl.negative,
            Query::ListBuckets | Query::List { .. } => ttl.list,
            Query::Head { .. } => ttl.head,
            Query::Region { .. } => ttl.region,
        });
        match slot.answer {
            Answer::Listing(_) if !set.is_zero() => set.max(slot.took.saturating_mul(LISTING_LIFE)),
            _ => set,
        }
    }

    fn is_fresh(&self, key: &OpKey, slot: &Slot, now: Moment) -> bool {
        now.since(slot.asked) < self.life(key, slot)
    }

    fn peek(&self, key: &OpKey, now: Moment) -> Option<&Slot> {
        self.slots.peek(key).filter(|slot| self.is_fresh(key, slot, now))
    }

    fn drop_if_expired(&mut self, key: &OpKey, now: Moment) {
        if self.slots.peek(key).is_some_and(|slot| !self.is_fresh(key, slot, now)) {
            debug!(%key, "cache: expired");
            self.remove(key);
            self.ledger.of(&key.connection.name, key.kind()).expired += 1;
        }
    }

    fn invalidate(&mut self, touch: &Touch) -> usize {
        for key in self.load_index.touched(touch) {
            debug!(%key, "cache: detached");
            self.detach(&key);
        }
        let mut stale = self.index.touched(touch);
        stale.retain(|key| !self.still_right(key, touch));
        for key in &stale {
            debug!(%key, "cache: invalidated");
            self.remove(key);
            self.ledger.of(&key.connection.name, key.kind()).invalidated += 1;
        }
        stale.len()
    }

    /// The one exception: a key that is added below a prefix which the listing shows already.
    fn still_right(&self, held: &OpKey, touch: &Touch) -> bool {
        let Extent::Key(key, Change::Added) = &touch.extent else { return false };
        let Query::List { prefix, delimited: true, .. } = &held.query else { return false };
        let Some(Slot { answer: Answer::Listing(listing), .. }) = self.slots.peek(held) else { return false };
        let child = key.strip_prefix(&**prefix).and_then(|rest| rest.split_once('/'));
        child.is_some_and(|(child, _)| listing.find(child.as_bytes(), Kind::Dir).is_some())
    }

    fn remove(&mut self, key: &OpKey) {
        if let Some(slot) = self.slots.pop(key) {
            self.settle(key, &slot);
        }
    }

    /// Takes an entry that has left out of the index and of the sums.
    fn settle(&mut self, key: &OpKey, slot: &Slot) {
        self.index.remove(key);
        self.bytes -= slot.bytes;
        let figures = self.ledger.of(&key.connection.name, key.kind());
        figures.entries -= 1;
        figures.bytes -= slot.bytes;
    }

    fn detach(&mut self, key: &OpKey) {
        if self.loads.remove(key).is_some() {
            self.load_index.remove(key);
        }
    }

    /// Whether a 404 that is held was overtaken by a listing that shows the object.
    fn is_refuted(&self, key: &OpKey, answer: &Answer, asked: Moment, now: Moment) -> bool {
        matches!(answer, Answer::Absent(_)) && self.row(key, now).is_some_and(|row| row.asked > asked)
    }

    /// The newest row of a held listing for the object that a HEAD asks for.
    fn row(&self, asked_for: &OpKey, now: Moment) -> Option<HeldRow> {
        let Query::Head { bucket, key, version: None } = &asked_for.query else { return None };
        let around = self.index.listings_around(&asked_for.connection.endpoint, bucket, key);
        let rows = around.into_iter().filter(|listing| listing.connection == asked_for.connection);
        let rows = rows.filter_map(|listing| {
            let slot = self.peek(&listing, now)?;
            let head = head_of_row(row_in(&listing.query, &slot.answer, key)?, key);
            Some(HeldRow { head, asked: slot.asked, listing })
        });
        rows.max_by_key(|row| row.asked)
    }
}

/// A row of a held listing as an answer.
struct HeldRow {
    head: crate::model::Head,
    asked: Moment,
    listing: OpKey,
}

fn row_in<'a>(query: &Query, answer: &'a Answer, key: &str) -> Option<&'a Entry> {
    let (Query::List { prefix, delimited, .. }, Answer::Listing(listing)) = (query, answer) else {
        return None;
    };
    let rest = key.strip_prefix(&**prefix)?;
    // A listing by `/` has no rows for what lies deeper.
    if *delimited && rest.contains('/') {
        return None;
    }
    listing.find(rest.as_bytes(), Kind::File)
}

fn touch(endpoint: &Arc<str>, bucket: &Arc<str>, extent: Extent) -> Touch {
    Touch { endpoint: endpoint.clone(), bucket: bucket.clone(), extent }
}
