//! The numbers of cache and requests, as the screen has them: [`snapshot`].

mod layers;

use std::collections::BTreeSet;

use crate::app::Stats;
use crate::app::stats::{ConnectionStats, LinkStats, OpStats};
use crate::cache::{CacheStats, Figures, LinkFigures, OpKind, RequestCounts};
use crate::model::ConnName;
use crate::transfer::plan::{Request, Requests, price};
use crate::vfs::registry::Registry;

pub(super) use layers::Layers;

/// The columns of the status bar, in its order.
const GROUPS: [&str; 6] = ["LIST", "HEAD", "GET", "PUT", "COPY", "DELETE"];

/// The numbers now. No look-up, no request.
pub(super) fn snapshot(registry: &Registry, layers: &Layers) -> Stats {
    let cache = registry.cache_stats();
    let mut stats = of(&cache, &registry.requests());
    for connection in &mut stats.connections {
        connection.place = registry.place(&connection.name).unwrap_or_default();
    }
    stats.saved_cost = saved_cost(&cache, |name| registry.is_aws(name));
    stats.layers = layers.now(registry);
    stats.links = links(registry.link_figures());
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
        stale: total.stale,
        patched: total.patched,
        evicted: total.evicted,
        evicted_again: total.evicted_again,
        saved_cost: None,
        oldest: cache.oldest,
        invalidated: total.invalidated,
        saved: total.saved,
        entries: total.entries,
        bytes: total.bytes,
        max_entries: cache.max_entries as u64,
        max_bytes: cache.max_bytes,
        requests: GROUPS.iter().map(|group| ((*group).to_owned(), requests.group(group))).collect(),
        operations: operations(cache, &requests),
        connections: connections
            .iter()
            .filter(|(_, counts)| counts.total() > 0)
            .map(|(name, counts)| connection(name, counts, cache.by_connection.get(name)))
            .collect(),
        layers: Vec::new(),
        links: LinkStats::default(),
    }
}

fn links(figures: LinkFigures) -> LinkStats {
    let LinkFigures { issued, reused, refreshed, expired, held } = figures;
    LinkStats { issued, reused, refreshed, expired, held }
}

/// What the saved requests would have cost, in billionths of a dollar, where prices are known.
fn saved_cost(cache: &CacheStats, priced: impl Fn(&str) -> bool) -> Option<u64> {
    let priced: Vec<_> = cache.each.iter().filter(|((name, _), _)| priced(name)).collect();
    let cost = |kind: OpKind, saved| {
        let request = match kind {
            OpKind::List | OpKind::ListBuckets => Request::List,
            _ => Request::Head,
        };
        price::requests(&Requests::of(request, saved), None)
    };
    let sum = || priced.iter().map(|((_, kind), figures)| cost(*kind, figures.saved)).sum();
    (!priced.is_empty()).then(sum)
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

fn connection(name: &ConnName, counts: &RequestCounts, figures: Option<&Figures>) -> ConnectionStats {
    let figures = figures.copied().unwrap_or_default();
    let sent = OpKind::ALL.into_iter().filter(|kind| counts.get(*kind) > 0);
    ConnectionStats {
        name: name.to_string(),
        place: String::new(),
        requests: sent.map(|kind| (kind.name().to_owned(), counts.get(kind))).collect(),
        hits: figures.hits,
        misses: figures.misses,
        saved: figures.saved,
        bytes: figures.bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Meter;

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
    #[test]
    fn what_was_saved_is_priced_where_prices_are_known() {
        let mut cache = CacheStats::default();
        assert_eq!(saved_cost(&cache, |_| true), None);
        let saved = |saved| Figures { saved, ..Figures::default() };
        cache.each.insert(("s3".into(), OpKind::List), saved(1_000));
        cache.each.insert(("s3".into(), OpKind::Head), saved(1_000));
        cache.each.insert(("minio".into(), OpKind::List), saved(1_000));
        assert_eq!(saved_cost(&cache, |name| name == "s3"), Some(5_400_000));
        assert_eq!(saved_cost(&cache, |_| false), None);
    }
}
