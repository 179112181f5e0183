//! What the figures of the caches suggest to a person: [`advice`].

use super::stats::{LayerStats, Standing, Stats};

/// From how many cases on a figure means something.
const ENOUGH: u64 = 20;

/// Recommendations, the most pressing first; none where the figures call for none.
pub fn advice(stats: &Stats) -> Vec<String> {
    let operations = if stats.enabled { of_operations(stats) } else { Vec::new() };
    operations.into_iter().chain(stats.layers.iter().filter_map(of_layer)).collect()
}

fn of_operations(stats: &Stats) -> Vec<String> {
    let mut said = Vec::new();
    if stats.evicted_again >= ENOUGH {
        said.push(format!(
            "{} answers made room and were asked for again: raise max_entries or max_bytes in \
             [cache.operations]",
            stats.evicted_again
        ));
    }
    if stats.expired >= ENOUGH && stats.expired > stats.hits {
        said.push(
            "more answers grow too old than are used: raise list and head in [cache.operations.ttl], or set \
             adaptive = true"
                .to_owned(),
        );
    }
    said
}

fn of_layer(layer: &LayerStats) -> Option<String> {
    let LayerStats { name, setting, .. } = layer;
    if layer.standing == Standing::Broken {
        return Some(format!("{name}: nothing is kept any more: free some space, or set dir in [{setting}]"));
    }
    if layer.corrupt > 0 {
        return Some(format!(
            "{name}: {} on the disk, and made anew: look after the disk",
            damaged(layer.corrupt)
        ));
    }
    if layer.evicted_again >= ENOUGH.min(layer.evicted.max(1)) {
        return Some(format!("{name}: it evicts what is read again: raise max_size in [{setting}]"));
    }
    (layer.hits == 0 && layer.misses >= 5 * ENOUGH).then(|| {
        format!("{name}: nothing was ever found in {} look-ups: it may be switched off", layer.misses)
    })
}

fn damaged(pieces: u64) -> String {
    if pieces == 1 { "a piece was damaged".to_owned() } else { format!("{pieces} pieces were damaged") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::needless_pass_by_value, reason = "the tests build one each")]
    fn stats(layer: LayerStats) -> Stats {
        let layer = LayerStats { name: "Objects".into(), setting: "cache.objects".into(), ..layer };
        Stats { enabled: true, layers: vec![layer], ..Stats::default() }
    }

    #[test]
    fn figures_that_say_nothing_call_for_nothing() {
        assert_eq!(advice(&Stats { enabled: true, ..Stats::default() }), [""; 0]);
        let good = LayerStats { hits: 1_000, misses: 500, evicted: 400, ..LayerStats::default() };
        assert_eq!(advice(&stats(good)), [""; 0]);
        assert_eq!(advice(&Stats { evicted_again: 9_999, ..Stats::default() }), [""; 0], "it is off");
    }

    #[test]
    fn each_recommendation_names_the_setting() {
        let operations =
            Stats { enabled: true, evicted_again: 20, expired: 50, hits: 49, ..Stats::default() };
        let said = advice(&operations);
        assert!(said[0].contains("max_entries") && said[1].contains("ttl"), "{said:?}");
        for (layer, says) in [
            (
                LayerStats { evicted: 30, evicted_again: 20, ..LayerStats::default() },
                "max_size in [cache.objects]",
            ),
            (LayerStats { misses: 100, ..LayerStats::default() }, "switched off"),
            (LayerStats { standing: Standing::Broken, ..LayerStats::default() }, "free some space"),
            (LayerStats { corrupt: 1, hits: 9, ..LayerStats::default() }, "disk"),
        ] {
            let said = advice(&stats(layer));
            assert!(said.len() == 1 && said[0].contains(says), "{said:?}");
        }
    }
}
