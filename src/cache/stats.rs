//! What the operation cache did and holds, as plain data: [`CacheStats`].

use std::collections::BTreeMap;

use super::OpKind;
use crate::model::{ConnName, Timestamp};

/// The numbers of one operation, of one connection, or of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Figures {
    /// Look-ups that were answered from the cache.
    pub hits: u64,
    /// Look-ups that weren't.
    pub misses: u64,
    /// Of the misses, those that were answered by a request already under way.
    pub shared: u64,
    /// Entries that were met after their life.
    pub expired: u64,
    /// Listings past their life that were shown while they were read again: neither hits nor misses.
    pub stale: u64,
    /// Listings that took in what a write of our own left, and so weren't read again.
    pub patched: u64,
    /// Entries that gave way to newer ones.
    pub evicted: u64,
    /// Misses of what had given way not long before.
    pub evicted_again: u64,
    /// Entries that a write, or the person, dropped.
    pub invalidated: u64,
    /// Requests that the hits would have cost: a listing counts its pages.
    pub saved: u64,
    /// Entries held now.
    pub entries: u64,
    /// Bytes held now, as far as they can be told.
    pub bytes: u64,
}

impl Figures {
    /// How many look-ups there were.
    pub fn lookups(&self) -> u64 {
        self.hits + self.misses
    }

    /// Hits per look-up, 0 to 1; `None` before the first look-up.
    pub fn hit_rate(&self) -> Option<f64> {
        (self.lookups() > 0).then(|| self.hits as f64 / self.lookups() as f64)
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            misses: self.misses + other.misses,
            shared: self.shared + other.shared,
            expired: self.expired + other.expired,
            stale: self.stale + other.stale,
            patched: self.patched + other.patched,
            evicted: self.evicted + other.evicted,
            evicted_again: self.evicted_again + other.evicted_again,
            invalidated: self.invalidated + other.invalidated,
            saved: self.saved + other.saved,
            entries: self.entries + other.entries,
            bytes: self.bytes + other.bytes,
        }
    }
}

/// The numbers of the operation cache. Taking them is no look-up.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CacheStats {
    /// Whether anything is kept.
    pub enabled: bool,
    /// The most entries.
    pub max_entries: usize,
    /// The most bytes.
    pub max_bytes: u64,
    /// All together.
    pub total: Figures,
    /// By operation; those that never were looked up are missing.
    pub by_operation: BTreeMap<OpKind, Figures>,
    /// By connection; those that never were asked are missing.
    pub by_connection: BTreeMap<ConnName, Figures>,
    /// By connection and operation; those that never were looked up are missing.
    pub each: BTreeMap<(ConnName, OpKind), Figures>,
    /// When the oldest listing that is held was read.
    pub oldest: Option<Timestamp>,
}

/// The running numbers, by connection and operation.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<ConnName, BTreeMap<OpKind, Figures>>);

impl Ledger {
    /// The numbers of one operation on one connection.
    pub(super) fn of(&mut self, connection: &ConnName, kind: OpKind) -> &mut Figures {
        if !self.0.contains_key(connection) {
            self.0.insert(connection.clone(), BTreeMap::new());
        }
        let operations = self.0.get_mut(connection).expect("it was put there if it was missing");
        operations.entry(kind).or_default()
    }

    /// Fills in the sums.
    pub(super) fn sum_into(&self, stats: &mut CacheStats) {
        for (connection, operations) in &self.0 {
            for (kind, figures) in operations {
                add(stats.by_operation.entry(*kind).or_default(), figures);
                add(stats.by_connection.entry(connection.clone()).or_default(), figures);
                add(&mut stats.total, figures);
                stats.each.insert((connection.clone(), *kind), *figures);
            }
        }
    }
}

fn add(sum: &mut Figures, figures: &Figures) {
    *sum = sum.plus(figures);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_rate_before_the_first_look_up() {
        let mut figures = Figures::default();
        assert_eq!(figures.hit_rate(), None);
        figures.hits = 3;
        figures.misses = 1;
        assert_eq!(figures.hit_rate(), Some(0.75));
    }

    #[test]
    fn sums_are_over_operations_and_connections() {
        let mut ledger = Ledger::default();
        ledger.of(&"a".into(), OpKind::List).hits += 1;
        ledger.of(&"a".into(), OpKind::Head).hits += 2;
        ledger.of(&"b".into(), OpKind::List).saved += 4;
        let mut stats = CacheStats::default();
        ledger.sum_into(&mut stats);
        assert_eq!((stats.total.hits, stats.total.saved), (3, 4));
        assert_eq!(stats.by_operation[&OpKind::List].saved, 4);
        assert_eq!(stats.by_connection[&ConnName::from("a")].hits, 3);
    }
}
