//! What is held, within its bounds: [`Held`].

use std::time::Duration;

use lru::LruCache;
use tracing::debug;

use super::answer::head_of_row;
use super::index::Index;
use super::{Answer, OpKey, Query};
use crate::cache::stats::Ledger;
use crate::cache::{Figures, Moment};
use crate::config::{OpCacheSettings, Ttl};
use crate::model::{Entry, Head, Kind};

/// How much longer than it took to read a listing lives at least.
const LISTING_LIFE: u32 = 10;

/// What an entry takes beyond its answer and its names: the slot, and its places in the index.
const ENTRY_OVERHEAD: usize = 320;

/// One held answer.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) answer: Answer,
    /// When its first request was sent.
    pub(super) asked: Moment,
    /// How long it took from there.
    pub(super) took: Duration,
    /// A life of its own, instead of the settings'.
    ttl: Option<Duration>,
    pub(super) bytes: u64,
}

impl Slot {
    fn life(&self, key: &OpKey, ttl: &Ttl) -> Duration {
        let set = self.ttl.unwrap_or(match key.query {
            _ if self.answer.is_negative() => ttl.negative,
            Query::ListBuckets | Query::List { .. } => ttl.list,
            Query::Head { .. } => ttl.head,
            Query::Region { .. } => ttl.region,
        });
        match self.answer {
            Answer::Listing(_) if !set.is_zero() => set.max(self.took.saturating_mul(LISTING_LIFE)),
            _ => set,
        }
    }

    fn is_fresh(&self, key: &OpKey, ttl: &Ttl, now: Moment) -> bool {
        now.since(self.asked) < self.life(key, ttl)
    }
}

/// Answers in the order of their use, with the index and the sums that go with them.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) settings: OpCacheSettings,
    pub(super) slots: LruCache<OpKey, Slot>,
    pub(super) index: Index,
    pub(super) bytes: u64,
    pub(super) ledger: Ledger,
}

impl Held {
    pub(super) fn new(settings: OpCacheSettings) -> Self {
        Self {
            settings,
            slots: LruCache::unbounded(),
            index: Index::default(),
            bytes: 0,
            ledger: Ledger::default(),
        }
    }

    /// The numbers of this question's operation and connection.
    pub(super) fn figures(&mut self, key: &OpKey) -> &mut Figures {
        self.ledger.of(&key.connection.name, key.kind())
    }

    /// The answer that is held and still alive, and when it was asked for. Counts as a use of it.
    pub(super) fn get(&mut self, key: &OpKey, now: Moment) -> Option<(Answer, Moment)> {
        let slot = self.slots.get(key)?;
        if slot.is_fresh(key, &self.settings.ttl, now) {
            return Some((slot.answer.clone(), slot.asked));
        }
        debug!(%key, reason = "its time to live is over", "cache: expired");
        self.remove(key);
        self.figures(key).expired += 1;
        None
    }

    pub(super) fn count(&mut self, key: &OpKey, found: Option<Answer>) -> Option<Answer> {
        let figures = self.figures(key);
        if let Some(answer) = &found {
            figures.hits += 1;
            figures.saved += answer.requests();
            debug!(%key, reason = "held, and within its time to live", "cache: hit");
        } else {
            figures.misses += 1;
            debug!(%key, reason = "not held", "cache: miss");
        }
        found
    }

    pub(super) fn store(
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
        if !self.settings.enabled || !slot.is_fresh(key, &self.settings.ttl, now) {
            return false;
        }
        self.bytes += bytes;
        let figures = self.figures(key);
        figures.entries += 1;
        figures.bytes += bytes;
        self.index.insert(key);
        self.slots.put(key.clone(), slot);
        self.evict();
        true
    }

    /// The least recently used give way; the newest never does.
    pub(super) fn evict(&mut self) {
        let over = |cache: &Self| {
            cache.slots.len() > cache.settings.max_entries || cache.bytes > cache.settings.max_bytes
        };
        while self.slots.len() > 1 && over(self) {
            let Some((key, slot)) = self.slots.pop_lru() else { return };
            debug!(%key, "cache: evicted");
            self.settle(&key, &slot);
            self.figures(&key).evicted += 1;
        }
    }

    pub(super) fn peek(&self, key: &OpKey, now: Moment) -> Option<&Slot> {
        self.slots.peek(key).filter(|slot| slot.is_fresh(key, &self.settings.ttl, now))
    }

    pub(super) fn remove(&mut self, key: &OpKey) {
        if let Some(slot) = self.slots.pop(key) {
            self.settle(key, &slot);
        }
    }

    /// Drops an entry because it isn't right any more.
    pub(super) fn invalidate(&mut self, key: &OpKey) {
        debug!(%key, "cache: invalidated");
        self.remove(key);
        self.figures(key).invalidated += 1;
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        while let Some((key, slot)) = self.slots.pop_lru() {
            self.settle(&key, &slot);
            self.figures(&key).invalidated += 1;
        }
    }

    /// The newest row of a held listing for the object that a HEAD asks for.
    pub(super) fn row(&self, asked_for: &OpKey, now: Moment) -> Option<HeldRow> {
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

    /// Takes an entry that has left out of the index and of the sums.
    fn settle(&mut self, key: &OpKey, slot: &Slot) {
        self.index.remove(key);
        self.bytes -= slot.bytes;
        let figures = self.figures(key);
        figures.entries -= 1;
        figures.bytes -= slot.bytes;
    }
}

/// A row of a held listing as an answer.
pub(super) struct HeldRow {
    pub(super) head: Head,
    pub(super) asked: Moment,
    pub(super) listing: OpKey,
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
