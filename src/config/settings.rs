//! What can be set: [`Settings`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::Connection;

/// All settings in force.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The connections by name. `s3` is the default one and need not be here.
    pub connections: BTreeMap<String, Connection>,
    /// The operation cache.
    pub cache: CacheSettings,
}

/// `[cache]`: the operation cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// Whether anything is kept.
    pub enabled: bool,
    /// The most entries.
    pub max_entries: usize,
    /// The most bytes.
    pub max_bytes: u64,
    /// How long each kind of answer lives.
    pub ttl: Ttl,
}

/// `[cache.ttl]`. Zero: never kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl {
    /// Listings.
    pub list: Duration,
    /// Heads.
    pub head: Duration,
    /// Absence, and empty listings.
    pub negative: Duration,
    /// The regions of buckets.
    pub region: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { enabled: true, max_entries: 4096, max_bytes: 64 << 20, ttl: Ttl::default() }
    }
}

impl Default for Ttl {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self { list: s(60), head: s(60), negative: s(5), region: s(600) }
    }
}
