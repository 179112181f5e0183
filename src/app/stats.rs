//! What cache and requests tell of themselves, as plain data for the screen: [`Stats`].

use crate::model::Timestamp;

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

/// Numbers of one cache on disk, or of the presigned links.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LayerStats {
    /// What it is called.
    pub name: String,
    /// The table of its settings.
    pub setting: String,
    /// Look-ups that it answered.
    pub hits: u64,
    /// Look-ups that it couldn't answer.
    pub misses: u64,
    /// Hits that the service was asked about first.
    pub validations: u64,
    /// Requests that weren't sent.
    pub requests_saved: u64,
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
}

/// A snapshot for the status bar and the statistics panel. All of it counts from the program's start.
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
    /// The caches beside that of operations, those that are there.
    pub layers: Vec<LayerStats>,
}

impl Stats {
    /// How many lines a panel needs for all of it, about.
    pub fn lines(&self) -> usize {
        let connections: usize =
            self.connections.iter().map(|connection| connection.requests.len() + 4).sum();
        30 + self.operations.len() + connections + 5 * self.layers.len()
    }

    /// The share of look-ups that the cache answered, 0 to 1; none before the first.
    pub fn hit_rate(&self) -> Option<f64> {
        let all = self.hits + self.misses;
        (all > 0).then(|| self.hits as f64 / all as f64)
    }
}
