//! What cache and requests tell of themselves, as plain data for the screen: [`Stats`].

use super::cmd::Cmd;
use super::dialog::Dialog;
use super::msg::ReqId;
use super::state::State;
use crate::model::Timestamp;

/// How often the indexes of the caches on disk are read while somebody looks, in milliseconds.
const EVERY: i64 = 1_000;

/// When the indexes of the caches on disk were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Sampling {
    /// The reading under way.
    req: Option<ReqId>,
    /// When the last one was asked for.
    at: Option<Timestamp>,
}

/// Has the indexes of the caches on disk read from time to time while the panel is open.
pub(super) fn follow(state: &mut State) {
    if !is_open(state) {
        state.sampling.at = None;
        return;
    }
    let due = state.sampling.at.is_none_or(|at| !(0..EVERY).contains(&(state.now.0 - at.0)));
    if due && state.sampling.req.is_none() {
        let req = state.request();
        state.sampling = Sampling { req: Some(req), at: Some(state.now) };
        state.send(Cmd::SampleCaches { req });
    }
}

/// They were read.
pub(super) fn sampled(state: &mut State, req: ReqId) {
    if state.sampling.req == Some(req) {
        state.sampling.req = None;
    }
}

/// Whether somebody looks at the figures.
pub(super) fn is_open(state: &State) -> bool {
    state.dialogs.iter().any(|dialog| matches!(dialog, Dialog::Stats { .. }))
}

/// Numbers of one operation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OpStats {
    /// S3's own name of it.
    pub name: String,
    /// Requests sent.
    pub requests: u64,
    /// Answers from the cache.
    pub hits: u64,
    /// Look-ups that the cache couldn't answer.
    pub misses: u64,
    /// Requests that the hits saved.
    pub saved: u64,
}

/// Requests of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ConnectionStats {
    /// Its name.
    pub name: String,
    /// Its endpoint or region, where it is known.
    pub place: String,
    /// Requests by S3's own names, those at zero left out.
    pub requests: Vec<(String, u64)>,
    /// Answers from the cache.
    pub hits: u64,
    /// Look-ups that the cache couldn't answer.
    pub misses: u64,
    /// Requests that the hits saved.
    pub saved: u64,
    /// Bytes held of it.
    pub bytes: u64,
}

/// Whether a cache on disk keeps anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Standing {
    /// It does.
    #[default]
    On,
    /// The settings turn it off.
    SetOff,
    /// Its disk is full or broken.
    Broken,
}

/// What one cache on disk did for a connection, in all runs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LayerShare {
    /// The connection; empty for what lies on this machine.
    pub name: String,
    /// Look-ups that it answered.
    pub hits: u64,
    /// Look-ups that it couldn't answer.
    pub misses: u64,
    /// Requests that weren't sent.
    pub requests_saved: u64,
    /// Bytes that weren't fetched.
    pub bytes_saved: u64,
    /// Entries held now.
    pub entries: u64,
    /// Bytes held now.
    pub bytes: u64,
}

/// Numbers of one cache on disk. They count from when its index was made, all runs and windows included, but for
/// those of this run.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LayerStats {
    /// What it is called.
    pub name: String,
    /// The table of its settings.
    pub setting: String,
    /// Whether what it holds is rendered here: what it saves is work, not bytes of a service.
    pub rendered: bool,
    /// Whether it keeps anything.
    pub standing: Standing,
    /// Whether its index was read: only what this run did is known before.
    pub known: bool,
    /// Look-ups of this run that it answered.
    pub run_hits: u64,
    /// Look-ups of this run that it couldn't answer.
    pub run_misses: u64,
    /// Look-ups that it answered.
    pub hits: u64,
    /// Look-ups that it couldn't answer.
    pub misses: u64,
    /// Hits that the service was asked about first.
    pub validations: u64,
    /// Requests that weren't sent.
    pub requests_saved: u64,
    /// What these would have cost, in billionths of a dollar, where a price list is known.
    pub saved_cost: Option<u64>,
    /// Bytes that weren't fetched.
    pub bytes_saved: u64,
    /// Entries that made room.
    pub evicted: u64,
    /// Of these, those that were asked for again.
    pub evicted_again: u64,
    /// Entries that were damaged.
    pub corrupt: u64,
    /// Entries held now.
    pub entries: u64,
    /// The most entries.
    pub max_entries: u64,
    /// Bytes held now.
    pub bytes: u64,
    /// The most bytes.
    pub max_bytes: u64,
    /// When the oldest was fetched.
    pub oldest: Option<Timestamp>,
    /// What it did for each connection.
    pub connections: Vec<LayerShare>,
}

/// What became of the presigned links that were asked for, since the program's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LinkStats {
    /// Signed for somebody who waited.
    pub issued: u64,
    /// Given again.
    pub reused: u64,
    /// Signed anew in the background.
    pub refreshed: u64,
    /// Dropped since their life was over.
    pub expired: u64,
    /// Held now.
    pub held: u64,
}

/// A snapshot for the status bar and the statistics panel. All of it counts from the program's start, but for the
/// layers on disk.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Stats {
    /// Whether the cache keeps anything.
    pub enabled: bool,
    /// Look-ups that it answered.
    pub hits: u64,
    /// Look-ups that it couldn't answer.
    pub misses: u64,
    /// Readers that joined a request on its way.
    pub shared: u64,
    /// Entries that grew too old.
    pub expired: u64,
    /// Listings past their life that were shown while they were read again.
    pub stale: u64,
    /// Listings that took in what a write of our own left.
    pub patched: u64,
    /// Entries that made room.
    pub evicted: u64,
    /// Of these, those that were asked for again.
    pub evicted_again: u64,
    /// What the saved requests would have cost, in billionths of a dollar, where a price list is known.
    pub saved_cost: Option<u64>,
    /// When the oldest listing that is held was read.
    pub oldest: Option<Timestamp>,
    /// Entries that a write dropped.
    pub invalidated: u64,
    /// Requests that the hits saved.
    pub saved: u64,
    /// Entries held now.
    pub entries: u64,
    /// Bytes held now.
    pub bytes: u64,
    /// The most entries.
    pub max_entries: u64,
    /// The most bytes.
    pub max_bytes: u64,
    /// Requests by the columns of the status bar (LIST, HEAD, GET, PUT, COPY, DELETE), in that order.
    pub requests: Vec<(String, u64)>,
    /// Each operation that was asked for.
    pub operations: Vec<OpStats>,
    /// Each connection that was used.
    pub connections: Vec<ConnectionStats>,
    /// The caches on disk.
    pub layers: Vec<LayerStats>,
    /// The presigned links.
    pub links: LinkStats,
}

impl Stats {
    /// How many lines a panel needs for all of it, about.
    pub fn lines(&self) -> usize {
        let connections: usize =
            self.connections.iter().map(|connection| connection.requests.len() + 4).sum();
        let layers: usize = self.layers.iter().map(|layer| 12 + layer.connections.len()).sum();
        40 + self.operations.len() + connections + layers
    }

    /// The share of look-ups that the cache answered, 0 to 1; none before the first.
    pub fn hit_rate(&self) -> Option<f64> {
        let all = self.hits + self.misses;
        (all > 0).then(|| self.hits as f64 / all as f64)
    }
}
