//! What is held, within its bounds: [`Held`].

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use tracing::debug;

use super::answer::head_of_row;
use super::index::Index;
use super::pulse::Pulse;
use super::{Answer, Life, Listing, OpKey, Query};
use crate::cache::stats::Ledger;
use crate::cache::{Figures, Moment};
use crate::config::{OpCacheSettings, Ttl};
use crate::model::{Entry, Head, Kind, Timestamp};

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
    /// The number of the last load or write that had begun when it was stored.
    pub(super) serial: u64,
    /// How much longer than it is set it lives, in the steps of [`Pulse`].
    pulse: Pulse,
    /// Whether it was met after its life: counted once.
    expired: bool,
    /// When it was read, for one that comes from an earlier run: never fresh.
    kept: bool,
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
            Answer::Listing(_) if !set.is_zero() => {
                self.pulse.of(set).max(self.took.saturating_mul(LISTING_LIFE))
            }
            _ => set,
        }
    }

    fn is_fresh(&self, key: &OpKey, ttl: &Ttl, now: Moment) -> bool {
        !self.kept && now.since(self.asked) < self.life(key, ttl)
    }

    /// Whether it may still be shown while it is read again: a listing with rows, for a while after its life.
    fn may_be_shown(&self, key: &OpKey, settings: &OpCacheSettings, now: Moment) -> bool {
        let until = self.life(key, &settings.ttl).saturating_add(settings.stale);
        let shows = matches!(self.answer, Answer::Listing(_)) && !self.answer.is_negative();
        shows && !settings.stale.is_zero() && (self.kept || now.since(self.asked) < until)
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
    /// What gave way last, by a hash of its question: whether it is asked for again tells if there is room enough.
    gone: LruCache<u64, ()>,
}

/// How many of those that gave way are remembered.
const GONE: NonZeroUsize = NonZeroUsize::new(4_096).expect("not zero");

impl Held {
    pub(super) fn new(settings: OpCacheSettings) -> Self {
        Self {
            settings,
            slots: LruCache::unbounded(),
            index: Index::default(),
            bytes: 0,
            ledger: Ledger::default(),
            gone: LruCache::new(GONE),
        }
    }

    /// The numbers of this question's operation and connection.
    pub(super) fn figures(&mut self, key: &OpKey) -> &mut Figures {
        self.ledger.of(&key.connection.name, key.kind())
    }

    /// The answer that is held and still alive, and when it was asked for. Counts as a use of it.
    pub(super) fn get(&mut self, key: &OpKey, now: Moment) -> Option<(Answer, Moment)> {
        let slot = self.slots.get_mut(key)?;
        if slot.is_fresh(key, &self.settings.ttl, now) {
            return Some((slot.answer.clone(), slot.asked));
        }
        let met_before = std::mem::replace(&mut slot.expired, true);
        if !slot.may_be_shown(key, &self.settings, now) {
            self.remove(key);
        }
        if !met_before {
            debug!(%key, reason = "its time to live is over", "cache: expired");
            self.figures(key).expired += 1;
        }
        None
    }

    /// Whether an entry still answers.
    pub(super) fn life(&self, key: &OpKey, slot: &Slot, now: Moment) -> Life {
        if slot.is_fresh(key, &self.settings.ttl, now) {
            let life = slot.life(key, &self.settings.ttl);
            return Life::Fresh(life.saturating_sub(now.since(slot.asked)));
        }
        if slot.may_be_shown(key, &self.settings, now) { Life::Stale } else { Life::Over }
    }

    /// The listing that is held past its life, as long as it may still be shown. Counts as a use of it.
    pub(super) fn past_its_life(&mut self, key: &OpKey, now: Moment) -> Option<Arc<Listing>> {
        let slot = self.slots.get(key)?;
        let past = !slot.is_fresh(key, &self.settings.ttl, now);
        match &slot.answer {
            Answer::Listing(listing) if past && slot.may_be_shown(key, &self.settings, now) => {
                Some(listing.clone())
            }
            _ => None,
        }
    }

    pub(super) fn count(&mut self, key: &OpKey, found: Option<Answer>) -> Option<Answer> {
        let again = found.is_none() && self.gone.pop(&hash(key)).is_some();
        let figures = self.figures(key);
        if let Some(answer) = &found {
            figures.hits += 1;
            figures.saved += answer.requests();
            debug!(%key, reason = "held, and within its time to live", "cache: hit");
        } else {
            figures.misses += 1;
            figures.evicted_again += u64::from(again);
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
        serial: u64,
    ) -> bool {
        let bytes = bytes_of(key, &answer);
        let pulse = self.pulse(key, &answer);
        let took = now.since(asked);
        let slot = Slot { answer, asked, took, ttl, bytes, serial, pulse, expired: false, kept: false };
        self.remove(key);
        if !self.settings.enabled || !slot.is_fresh(key, &self.settings.ttl, now) {
            return false;
        }
        self.insert(key, slot);
        true
    }

    /// Takes in a listing that an earlier run kept: stale from the start. What is held already is newer.
    pub(super) fn restore(&mut self, key: &OpKey, listing: Arc<Listing>) {
        if !self.settings.enabled || self.slots.contains(key) {
            return;
        }
        let answer = Answer::Listing(listing);
        let (bytes, asked, took) = (bytes_of(key, &answer), Moment::default(), Duration::ZERO);
        let pulse = Pulse::default();
        // Nothing of this run gives way to it.
        if self.slots.len() >= self.settings.max_entries || self.bytes + bytes > self.settings.max_bytes {
            return;
        }
        self.insert(
            key,
            Slot { answer, asked, took, ttl: None, bytes, serial: 0, pulse, expired: true, kept: true },
        );
    }

    fn insert(&mut self, key: &OpKey, slot: Slot) {
        self.bytes += slot.bytes;
        let figures = self.figures(key);
        figures.entries += 1;
        figures.bytes += slot.bytes;
        self.index.insert(key);
        self.slots.put(key.clone(), slot);
        self.evict();
    }

    /// Puts another listing in place of a held one: its age and its place in the order of use stay.
    pub(super) fn replace(&mut self, key: &OpKey, listing: Listing) {
        let answer = Answer::Listing(Arc::new(listing));
        let bytes = bytes_of(key, &answer);
        let Some(slot) = self.slots.peek_mut(key) else { return };
        let before = std::mem::replace(&mut slot.bytes, bytes);
        slot.answer = answer;
        self.bytes = self.bytes - before + bytes;
        let figures = self.figures(key);
        figures.bytes = figures.bytes - before + bytes;
        figures.patched += 1;
        self.evict();
    }

    /// When the oldest of the listings was read.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        let read_at = |slot: &Slot| match &slot.answer {
            Answer::Listing(listing) => Some(listing.read_at),
            _ => None,
        };
        self.slots.iter().filter_map(|(_, slot)| read_at(slot)).min()
    }

    /// How long the next answer to a question lives, by whether the last one was the same.
    fn pulse(&self, key: &OpKey, answer: &Answer) -> Pulse {
        let last = self.slots.peek(key).filter(|_| self.settings.adaptive);
        match (last.map(|slot| (&slot.answer, slot.pulse)), answer) {
            (Some((Answer::Listing(last), pulse)), Answer::Listing(new)) => {
                pulse.after(last.fingerprint() == new.fingerprint())
            }
            _ => Pulse::default(),
        }
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
            self.gone.put(hash(&key), ());
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

fn hash(key: &OpKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

fn bytes_of(key: &OpKey, answer: &Answer) -> u64 {
    answer.bytes() + (key.text_len() + ENTRY_OVERHEAD) as u64
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
