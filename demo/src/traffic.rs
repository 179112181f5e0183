//! What was asked of the server: [`Counts`] and the log of [`Record`]s.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// The operation of a request that was refused before it was known: a bad signature, a key that is
/// too long.
pub const REFUSED: &str = "(refused)";

/// How much was asked of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests by operation, as AWS names it.
    pub operations: BTreeMap<String, u64>,
    /// Bytes of request bodies.
    pub bytes_in: u64,
    /// Bytes of answers' bodies.
    pub bytes_out: u64,
    /// Answers of which the client gave up a part: it closed the connection before their end.
    pub given_up: u64,
}

impl Counts {
    /// The requests of one operation.
    pub fn get(&self, operation: &str) -> u64 {
        self.operations.get(operation).copied().unwrap_or(0)
    }

    /// All requests.
    pub fn total(&self) -> u64 {
        self.operations.values().sum()
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The operation, as AWS names it.
    pub operation: String,
    /// The bucket; empty for ListBuckets.
    pub bucket: String,
    /// The key; for a listing its prefix.
    pub key: String,
    /// The raw query.
    pub query: String,
    /// The access key that signed it.
    pub access_key: Option<String>,
    /// The status of the answer; `None` while there is none, and where the connection was closed.
    pub status: Option<u16>,
}

/// Counts and log behind one lock.
#[derive(Debug, Default)]
pub(crate) struct Traffic(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    counts: Counts,
    log: Vec<Record>,
    /// The number of the first record of the log.
    first: usize,
}

impl Traffic {
    /// A request has come: gives its number.
    pub fn begin(&self, record: Record) -> usize {
        let mut inner = self.0.lock();
        *inner.counts.operations.entry(record.operation.clone()).or_default() += 1;
        inner.log.push(record);
        inner.first + inner.log.len() - 1
    }

    /// The answer to a request is on its way.
    pub fn answered(&self, number: usize, status: u16) {
        let mut inner = self.0.lock();
        let at = number.checked_sub(inner.first);
        if let Some(record) = at.and_then(|at| inner.log.get_mut(at)) {
            record.status = Some(status);
        }
    }

    pub fn received(&self, bytes: usize) {
        self.0.lock().counts.bytes_in += bytes as u64;
    }

    pub fn sent(&self, bytes: usize) {
        self.0.lock().counts.bytes_out += bytes as u64;
    }

    pub fn given_up(&self) {
        self.0.lock().counts.given_up += 1;
    }

    pub fn counts(&self) -> Counts {
        self.0.lock().counts.clone()
    }

    pub fn log(&self) -> Vec<Record> {
        self.0.lock().log.clone()
    }

    pub fn reset(&self) {
        let mut inner = self.0.lock();
        inner.first += inner.log.len();
        inner.log.clear();
        inner.counts = Counts::default();
    }
}
