//! The figures of the caches on disk. Those of this run are at hand; the others are in the index, which is read off
//! the loop, while somebody looks: [`Layers`].

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc::Sender;

use crate::app::stats::{LayerShare, LayerStats, Standing};
use crate::app::{Msg, ReqId};
use crate::cache::DiskCaches;
use crate::cache::disk::{DiskStats, Shelf};
use crate::transfer::plan::{Request, Requests, price};
use crate::vfs::registry::Registry;

/// What was read of each index last. A clone is another handle on the same.
#[derive(Clone, Default)]
pub(in crate::runtime) struct Layers(Arc<Mutex<[Option<DiskStats>; 2]>>);

/// A cache on disk, by its name, the table of its settings, and whether what it holds is rendered here.
const LAYERS: [(&str, &str, bool); 2] =
    [("Objects on disk", "cache.objects", false), ("Previews on disk", "cache.previews", true)];

fn shelves(disk: &DiskCaches) -> [Option<Shelf>; 2] {
    [disk.objects.shelf().cloned(), disk.previews.shelf().cloned()]
}

impl Layers {
    /// The figures as far as they are known. No look-up, no disk.
    pub(super) fn now(&self, registry: &Registry) -> Vec<LayerStats> {
        let read = self.0.lock().clone();
        let all = LAYERS.into_iter().zip(shelves(registry.disk())).zip(read);
        all.map(|((layer, shelf), read)| of(layer, shelf.as_ref(), read, |name| registry.is_aws(name)))
            .collect()
    }

    /// Reads each index, and tells when that is done.
    pub(in crate::runtime) async fn sample(self, disk: DiskCaches, req: ReqId, out: Sender<Msg>) {
        for (at, shelf) in shelves(&disk).into_iter().enumerate() {
            if let Some(shelf) = shelf {
                let stats = shelf.stats().await;
                self.0.lock()[at] = Some(stats);
            }
        }
        let _ = out.send(Msg::Sampled { req }).await;
    }
}

fn of(
    (name, setting, rendered): (&str, &str, bool),
    shelf: Option<&Shelf>,
    read: Option<DiskStats>,
    priced: impl Fn(&str) -> bool,
) -> LayerStats {
    let run = shelf.map(Shelf::since_start).unwrap_or_default();
    let bounds = shelf.map(Shelf::bounds);
    let known = read.is_some();
    let read = read.unwrap_or_default();
    let all = read.all;
    LayerStats {
        name: name.to_owned(),
        setting: setting.to_owned(),
        rendered,
        standing: match shelf {
            None => Standing::SetOff,
            Some(shelf) if shelf.is_off() => Standing::Broken,
            Some(_) => Standing::On,
        },
        known,
        run_hits: run.hits,
        run_misses: run.misses,
        hits: all.hits,
        misses: all.misses,
        validations: all.validations,
        requests_saved: all.requests_saved,
        saved_cost: saved_cost(&read, priced),
        bytes_saved: all.bytes_saved,
        evicted: all.evictions,
        evicted_again: all.evicted_again,
        corrupt: all.corrupt,
        entries: read.entries,
        max_entries: bounds.map_or(0, |bounds| bounds.max_entries as u64),
        bytes: read.bytes,
        max_bytes: bounds.map_or(0, |bounds| bounds.max_size),
        oldest: read.oldest,
        connections: shares(&read),
    }
}

fn shares(read: &DiskStats) -> Vec<LayerShare> {
    let share = |one: &crate::cache::disk::ConnectionStats| LayerShare {
        name: one.name.clone(),
        hits: one.tally.hits,
        misses: one.tally.misses,
        requests_saved: one.tally.requests_saved,
        bytes_saved: one.tally.bytes_saved,
        entries: one.entries,
        bytes: one.bytes,
    };
    read.connections.iter().map(share).collect()
}

/// What the requests that weren't sent would have cost, in billionths of a dollar, where prices are known.
fn saved_cost(read: &DiskStats, priced: impl Fn(&str) -> bool) -> Option<u64> {
    let priced = read.connections.iter().filter(|one| priced(&one.name));
    let costs =
        priced.map(|one| price::requests(&Requests::of(Request::Get, one.tally.requests_saved), None));
    costs.reduce(|sum, cost| sum + cost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::disk::{ConnectionStats, Tally};

    #[test]
    fn figures_of_the_index_are_told_as_such_and_priced_where_prices_are_known() {
        let tally = Tally { hits: 5, misses: 2, requests_saved: 1_000, ..Tally::default() };
        let one = |name: &str| ConnectionStats { name: name.into(), tally, entries: 3, bytes: 9 };
        let connections = vec![one("minio"), one("s3")];
        let read = DiskStats { all: tally, connections, entries: 6, bytes: 18, ..DiskStats::default() };
        let told = of(LAYERS[0], None, Some(read.clone()), |name| name == "s3");
        assert_eq!((told.standing, told.known, told.hits, told.run_hits), (Standing::SetOff, true, 5, 0));
        assert_eq!(told.saved_cost, Some(400_000));
        assert_eq!(
            told.connections[1],
            LayerShare {
                name: "s3".into(),
                hits: 5,
                misses: 2,
                requests_saved: 1_000,
                bytes_saved: 0,
                entries: 3,
                bytes: 9,
            }
        );
        assert_eq!(of(LAYERS[0], None, Some(read), |_| false).saved_cost, None);
        assert!(!of(LAYERS[1], None, None, |_| true).known);
    }
}
