//! What cache and requests tell of themselves, as plain data for the screen: [`Stats`].

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
    /// Entries that made room.
    pub evicted: u64,
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
}

impl Stats {
    /// How many lines a panel needs for all of it, about.
    pub fn lines(&self) -> usize {
        let connections: usize =
            self.connections.iter().map(|connection| connection.requests.len() + 2).sum();
        12 + self.operations.len() + connections
    }

    /// The share of look-ups that the cache answered, 0 to 1; none before the first.
    pub fn hit_rate(&self) -> Option<f64> {
        let all = self.hits + self.misses;
        (all > 0).then(|| self.hits as f64 / all as f64)
    }
}
