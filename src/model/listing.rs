//! The pieces of a listing as they arrive: [`Page`].

use std::sync::Arc;

use super::entry::{Entry, Timestamp};

/// Whether an answer may come from the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Freshness {
    /// What the cache holds within its time to live will do.
    #[default]
    Cached,
    /// Read past the cache (and refresh it): for plans, conflicts, deletes, edits and Ctrl-R.
    Past,
}

/// Where a page came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The disk, or a request of this reader's own.
    Backend,
    /// A request that another reader had begun.
    Shared,
    /// The operation cache.
    Cache,
}

/// A part of a listing. Within a listing pages hold distinct rows; rows aren't sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The rows, shared with whoever else holds the listing: the cache, the other pane.
    pub entries: Arc<Vec<Entry>>,
    /// When the listing was first asked for: its age counts from here.
    pub read_at: Timestamp,
    /// Where it came from.
    pub source: Source,
}
