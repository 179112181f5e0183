//! The operation cache: answers to S3 API requests, held for a while.
//!
//! Difficulties, and how each is met:
//!
//! 1. *A write makes answers stale that it doesn't name.* A new `a/b/c` changes the listings of
//!    `a/b/`, `a/` and the bucket, with any delimiter, on every connection to that endpoint. An
//!    ordered index (`index`) finds those that are held, at a cost of what is dropped.
//! 2. *An answer may be older than the write that it overtakes.* A load holds a [`Ticket`]; whatever
//!    is invalidated between [`OpCache::begin`] and [`OpCache::fill`] detaches it, and its answer isn't
//!    kept. A write invalidates before it is sent and again when it ends ([`OpCache::begin_write`],
//!    [`OpCache::end_write`]), so a load that saw the world in between is dropped, too.
//! 3. *A write may be applied long after it was given up.* For [`DOUBT`] its place is served, not held.
//! 4. *The dearest listing is the largest.* Bounds hold for the others; the newest entry always stays.
//! 5. *A slow listing would be dead on arrival*, since age counts from its first request: it lives at
//!    least ten times as long as it took.
//!
//! 6. *A job writes a thousand files into a directory that is shown.* A write whose answer tells exactly what
//!    it left ([`Patch`]) leaves the listings that were held before it began, with its rows in them; they keep
//!    their age. It must have been alone with its keys: two writes of one key at once, a write of unknown
//!    outcome, or a listing that was read meanwhile, and the listing goes as after any other write. So do those
//!    of other connections, but at AWS: elsewhere a bucket of this name may be another to another tenant.
//! 7. *Waiting for a listing that was there a minute ago.* Past its life it is kept for a while, for those who
//!    say that they show it only until the next one has come ([`OpCache::get_stale`]). What a write drops is
//!    gone for them, too.
//!
//! Large values aren't packed in memory. `tests/bench/cache.rs` measures it: a row takes 160 bytes, and 33
//! packed with zstd, so that the default bound would hold five times as many. But a held listing is handed
//! out as it is (41 ns for 100,000 rows), the panes hold the same rows and would keep them anyway, and each
//! hit would unpack them all (0.7 s in a build for development) into rows of its own.
//!
//! Nothing here waits, asks or reads a clock: time comes in as an argument.

mod answer;
mod bodies;
mod fence;
mod held;
mod index;
mod key;
mod list;
mod patch;
mod pulse;
mod shared;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tracing::debug;

use self::bodies::BodyTickets;
use self::fence::{Doubts, OpenWrites};
use self::held::{Held, Slot};
use self::index::Index;
use self::patch::{patched, shows_the_same};
use super::{CacheStats, ConnectionId, Moment};
use crate::config::OpCacheSettings;
use crate::model::{ETag, Kind};

pub use answer::{Answer, Listing};
pub use bodies::BodyTicket;
pub use fence::{DOUBT, Outcome};
pub use key::{Change, Extent, OpKey, Query, Touch};
pub use list::{HeldAnswer, Life};
pub use patch::{Left, Patch};
pub use shared::{SharedOpCache, WriteFence};

/// The right to store the answer of one load, as long as nothing has touched it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    key: OpKey,
    serial: u64,
    asked: Moment,
}

/// Answers by the question, bounded in number, bytes and age. See the module's page.
#[derive(Debug)]
pub struct OpCache {
    held: Held,
    /// The load that may store, for each question, by its ticket's number.
    loads: HashMap<OpKey, u64>,
    load_index: Index,
    serial: u64,
    writes: OpenWrites,
    doubts: Doubts,
    bodies: BodyTickets,
}

impl OpCache {
    /// An empty cache.
    pub fn new(settings: OpCacheSettings) -> Self {
        Self {
            held: Held::new(settings),
            loads: HashMap::new(),
            load_index: Index::default(),
            serial: 0,
            writes: OpenWrites::default(),
            doubts: Doubts::default(),
            bodies: BodyTickets::default(),
        }
    }

    /// Whether anything is kept.
    pub fn enabled(&self) -> bool {
        self.held.settings.enabled
    }

    /// The held answer to a question: a look-up, counted as a hit or a miss.
    pub fn get(&mut self, key: &OpKey, now: Moment) -> Option<Answer> {
        let held = self.held.get(key, now);
        let found = held.filter(|(answer, asked)| !self.is_refuted(key, answer, *asked, now));
        self.held.count(key, found.map(|(answer, _)| answer))
    }

    /// The listing that is held past its life, for one who shows it until it has been read again. `None` where
    /// a fresh one is held, or none that may be shown: then [`OpCache::get`] tells. Counted by itself.
    pub fn get_stale(&mut self, key: &OpKey, now: Moment) -> Option<Arc<Listing>> {
        let listing = self.held.past_its_life(key, now)?;
        debug!(%key, "cache: stale");
        self.held.figures(key).stale += 1;
        Some(listing)
    }

    /// The listing that is held, and whether it is past its life. No look-up: nothing is counted.
    pub fn peek(&mut self, key: &OpKey, now: Moment) -> Option<(Arc<Listing>, bool)> {
        if let Some(listing) = self.held.past_its_life(key, now) {
            return Some((listing, true));
        }
        match &self.held.peek(key, now)?.answer {
            Answer::Listing(listing) => Some((listing.clone(), false)),
            _ => None,
        }
    }

    /// The size of an object as a held HEAD tells it, if that is of just this tag. No look-up.
    pub fn size_of(&self, key: &OpKey, tag: &ETag) -> Option<u64> {
        match &self.held.slots.peek(key)?.answer {
            Answer::Head(head) if head.entry.etag() == Some(tag) => head.entry.size,
            _ => None,
        }
    }

    /// Takes in listings that an earlier run kept, as ones that are past their life, unless this run has
    /// written something at the connection's service: nobody knows what of that they show.
    pub fn restore(
        &mut self,
        connection: &Arc<ConnectionId>,
        kept: impl IntoIterator<Item = (Query, Arc<Listing>)>,
    ) {
        if self.writes.has_written(&connection.endpoint) {
            debug!(connection = %connection.name, "cache: what was kept is older than a write");
            return;
        }
        for (query, listing) in kept {
            self.held.restore(&OpKey::new(connection, query), listing);
        }
    }

    /// The listings that are held, the last used first: to be kept for another run.
    pub fn listings(&self) -> Vec<(OpKey, Arc<Listing>)> {
        let listing = |(key, slot): (&OpKey, &Slot)| match &slot.answer {
            Answer::Listing(listing) if !slot.answer.is_negative() => Some((key.clone(), listing.clone())),
            _ => None,
        };
        self.held.slots.iter().filter_map(listing).collect()
    }

    /// The held answer to a HEAD by one who needs only what a listing's row tells: a held listing
    /// answers, too, and the newer of both wins. A listing without the row is no answer.
    pub fn get_row(&mut self, key: &OpKey, now: Moment) -> Option<Answer> {
        let head = self.held.get(key, now);
        let found = match (head, self.held.row(key, now)) {
            (Some((head, asked)), Some(row)) if row.asked <= asked => Some(head),
            (_, Some(row)) => {
                self.held.slots.promote(&row.listing);
                Some(Answer::Head(Arc::new(row.head)))
            }
            (head, None) => head.map(|(answer, _)| answer),
        };
        self.held.count(key, found)
    }

    /// Counts a miss that another's request answered.
    pub fn count_shared(&mut self, key: &OpKey) {
        debug!(%key, "cache: shares a request under way");
        self.held.figures(key).shared += 1;
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
        self.held.store(&ticket.key, answer, ticket.asked, None, now, self.serial)
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
        self.held.store(key, answer, asked, ttl, now, self.serial)
    }

    /// Drops the answer to one question, and detaches its load: whoever asks next asks anew.
    pub fn forget(&mut self, key: &OpKey) {
        self.detach(key);
        self.held.remove(key);
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
        self.serial += 1;
        self.writes.begin(touch, self.serial);
        self.bodies.touch(touch);
        self.invalidate(touch);
    }

    /// A write is about to be sent whose answer may tell exactly what it leaves: the listings that are held
    /// stay for it, and are served meanwhile.
    pub fn begin_exact(&mut self, touch: &Touch) {
        self.serial += 1;
        self.writes.begin(touch, self.serial);
        self.bodies.touch(touch);
        self.detach_touched(touch);
        for key in self.held.index.touched(touch) {
            if !matches!(key.query, Query::List { .. }) {
                self.held.invalidate(&key);
            }
        }
    }

    /// A write has ended, however it did.
    pub fn end_write(&mut self, touch: &Touch, outcome: Outcome, now: Moment) {
        self.writes.end(touch);
        self.bodies.touch(touch);
        self.invalidate(touch);
        if outcome == Outcome::Unknown {
            debug!(?touch, "cache: a write of unknown outcome");
            self.doubts.raise(touch.clone(), now);
        }
    }

    /// A write of this connection was answered, and left just this: its listings that were held before it began take
    /// it in, as long as nothing else touched its keys meanwhile. The others go.
    pub fn end_exact(&mut self, touch: &Touch, left: &[Patch], by: &ConnectionId) {
        self.bodies.touch(touch);
        let Some(begun) = self.writes.end(touch) else {
            self.invalidate(touch);
            return;
        };
        self.detach_touched(touch);
        for key in self.held.index.touched(touch) {
            let Some(slot) = self.held.slots.peek(&key) else { continue };
            let patched = match &slot.answer {
                Answer::Listing(listing) if slot.serial < begun && shows_the_same(&key, by) => {
                    patched(&key.query, listing, left)
                }
                _ => None,
            };
            match patched {
                Some(listing) => {
                    debug!(%key, keys = left.len(), "cache: patched");
                    self.held.replace(&key, listing);
                }
                None if self.still_right(&key, touch) => {}
                None => self.held.invalidate(&key),
            }
        }
    }

    /// Drops everything and detaches every load.
    pub fn clear(&mut self) {
        debug!(entries = self.held.slots.len(), "cache: cleared");
        self.held.clear();
        self.loads.clear();
        self.load_index = Index::default();
    }

    /// Changes the settings: bounds and lives hold from now on, for what is held, too.
    pub fn configure(&mut self, settings: OpCacheSettings) {
        self.held.settings = settings;
        if !self.held.settings.enabled {
            self.clear();
        }
        self.held.evict();
    }

    /// The numbers.
    pub fn stats(&self) -> CacheStats {
        let mut stats = CacheStats {
            enabled: self.held.settings.enabled,
            max_entries: self.held.settings.max_entries,
            max_bytes: self.held.settings.max_bytes,
            oldest: self.held.oldest(),
            ..CacheStats::default()
        };
        self.held.ledger.sum_into(&mut stats);
        stats
    }

    fn invalidate(&mut self, touch: &Touch) -> usize {
        self.detach_touched(touch);
        let mut stale = self.held.index.touched(touch);
        stale.retain(|key| !self.still_right(key, touch));
        for key in &stale {
            self.held.invalidate(key);
        }
        stale.len()
    }

    fn detach_touched(&mut self, touch: &Touch) {
        for key in self.load_index.touched(touch) {
            debug!(%key, "cache: detached");
            self.detach(&key);
        }
    }

    /// The one exception: a key that is added below a prefix which the listing shows already.
    fn still_right(&self, held: &OpKey, touch: &Touch) -> bool {
        let Extent::Key(key, Change::Added) = &touch.extent else { return false };
        let Query::List { prefix, delimited: true, .. } = &held.query else { return false };
        let Some(Slot { answer: Answer::Listing(listing), .. }) = self.held.slots.peek(held) else {
            return false;
        };
        let child = key.strip_prefix(&**prefix).and_then(|rest| rest.split_once('/'));
        child.is_some_and(|(child, _)| listing.find(child.as_bytes(), Kind::Dir).is_some())
    }

    fn detach(&mut self, key: &OpKey) {
        if self.loads.remove(key).is_some() {
            self.load_index.remove(key);
        }
    }

    /// Whether a 404 that is held was overtaken by a listing that shows the object.
    fn is_refuted(&self, key: &OpKey, answer: &Answer, asked: Moment, now: Moment) -> bool {
        matches!(answer, Answer::Absent(_)) && self.held.row(key, now).is_some_and(|row| row.asked > asked)
    }
}

fn touch(endpoint: &Arc<str>, bucket: &Arc<str>, extent: Extent) -> Touch {
    Touch { endpoint: endpoint.clone(), bucket: bucket.clone(), extent }
}

#[cfg(test)]
mod tests;
