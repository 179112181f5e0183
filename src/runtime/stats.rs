//! The numbers of cache and requests, as the screen has them: [`snapshot`].

use std::collections::BTreeSet;

use crate::app::Stats;
use crate::app::stats::{ConnectionStats, OpStats};
use crate::cache::{CacheStats, OpKind, RequestCounts};
use crate::model::ConnName;
use crate::vfs::registry::Registry;

/// The columns of the status bar, in its order.
const GROUPS: [&str; 6] = ["LIST", "HEAD", "GET", "PUT", "COPY", "DELETE"];

/// The numbers now. No look-up, no request.
pub(super) fn snapshot(registry: &Registry) -> Stats {
    let mut stats = of(&registry.cache_stats(), &registry.requests());
    for connection in &mut stats.connections {
        connection.place = registry.place(&connection.name).unwrap_or_default();
    }
    stats
}

fn of(cache: &CacheStats, connections: &[(ConnName, RequestCounts)]) -> Stats {
    let requests = connections.iter().fold(RequestCounts::default(), |sum, (_, counts)| sum.plus(counts));
    let total = cache.total;
    Stats {
        enabled: cache.enabled,
        hits: total.hits,
        misses: total.misses,
        shared: total.shared,
        expired: total.expired,
        evicted: total.evicted,
        invalidated: total.invalidated,
        saved: total.saved,
        entries: total.entries,
        bytes: total.bytes,
        max_entries: cache.max_entries as u64,
        max_bytes: cache.max_bytes,
        requests: GROUPS.iter().map(|group| ((*group).to_owned(), requests.group(group))).collect(),
        operations: operations(cache, &requests),
        connections: connections.iter().filter(|(_, counts)| counts.total() > 0).map(connection).collect(),
    }
}

/// Each operation that was sent or looked up.
fn operations(cache: &CacheStats, requests: &RequestCounts) -> Vec<OpStats> {
    let sent = OpKind::ALL.into_iter().filter(|kind| requests.get(*kind) > 0);
    let kinds: BTreeSet<OpKind> = sent.chain(cache.by_operation.keys().copied()).collect();
    let operation = |kind: OpKind| {
        let figures = cache.by_operation.get(&kind).copied().unwrap_or_default();
        OpStats {
            name: kind.name().to_owned(),
            requests: requests.get(kind),
            hits: figures.hits,
            misses: figures.misses,
            saved: figures.saved,
        }
    };
    kinds.into_iter().map(operation).collect()
}

fn connection((name, counts): &(ConnName, RequestCounts)) -> ConnectionStats {
    let sent = OpKind::ALL.into_iter().filter(|kind| counts.get(*kind) > 0);
    ConnectionStats {
        name: name.to_string(),
        place: String::new(),
        requests: sent.map(|kind| (kind.name().to_owned(), counts.get(kind))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::{Figures, Meter};

    #[test]
    fn sums_what_was_sent_and_names_what_was_looked_up() {
        let meter = Meter::default();
        meter.count(OpKind::List);
        meter.count(OpKind::Get);
        let mut cache = CacheStats { enabled: true, ..CacheStats::default() };
        cache.total = Figures { hits: 3, misses: 1, saved: 4, ..Figures::default() };
        cache.by_operation.insert(OpKind::Head, cache.total);
        let stats = of(&cache, &[("a".into(), meter.snapshot()), ("b".into(), RequestCounts::default())]);
        assert_eq!((stats.hits, stats.saved), (3, 4));
        assert_eq!(stats.requests[0], ("LIST".to_owned(), 1));
        let names: Vec<_> = stats.operations.iter().map(|operation| operation.name.as_str()).collect();
        assert_eq!(names, ["ListObjectsV2", "HeadObject", "GetObject"]);
        assert_eq!(stats.connections.len(), 1);
        assert_eq!(
            stats.connections[0].requests,
            [("ListObjectsV2".to_owned(), 1), ("GetObject".to_owned(), 1)]
        );
    }
}
