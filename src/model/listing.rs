//! The pieces of a listing as they arrive: [`Page`].

use std::sync::Arc;

use super::entry::{Entry, Timestamp};

/// Whether an answer may come from the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Freshness {
    /// What the cache holds within its time to live will do.
    #[default]
    Cached,
    /// For what a person browses: a listing that is past its time to live will do, too (see [`Source::Stale`]).
    /// Whoever shows it asks once more, by `Cached`. For anything but listings the same as `Cached`.
    Stale,
    /// What is held and nothing else: no request is ever sent, and no page is the answer where none is held.
    /// Where asking costs nothing (a disk) it is the same as `Cached`.
    Held,
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
    /// The operation cache, past its time to live: it has to be read again.
    Stale,
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
