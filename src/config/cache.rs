//! The settings of the caches: [`CacheSettings`].

use std::time::Duration;

use serde::Deserialize;

use super::settings::Ttl;
use super::{Settings, units};

/// `[cache]`: what all caches share, and each of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheSettings {
    /// Whether any cache keeps anything.
    pub enabled: bool,
    /// Where those on disk are; empty for the usual place.
    pub dir: String,
    /// How often those on disk are cleaned up in the background.
    #[serde(deserialize_with = "units::duration")]
    pub cleanup_interval: Duration,
    /// Answers of services.
    pub operations: OpCacheSettings,
    /// Downloaded objects.
    pub objects: ObjectSettings,
    /// Rendered previews.
    pub previews: LayerSettings,
    /// Listings kept from one run to the next.
    pub listings: ListingSettings,
}

impl CacheSettings {
    /// The operation cache's, with the switch of all caches in them.
    pub fn operations(&self) -> OpCacheSettings {
        let operations = self.operations.clone();
        OpCacheSettings { enabled: self.enabled && operations.enabled, ..operations }
    }
}

/// `[cache.operations]`: the operation cache.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpCacheSettings {
    /// Whether anything is kept.
    pub enabled: bool,
    /// The most entries.
    pub max_entries: usize,
    /// The most bytes.
    #[serde(deserialize_with = "units::bytes")]
    pub max_bytes: u64,
    /// How long a listing that is past its life may still be shown while it is read again.
    #[serde(deserialize_with = "units::duration")]
    pub stale: Duration,
    /// Whether a listing that keeps changing lives shorter, and one that never does longer.
    pub adaptive: bool,
    /// How long each kind of answer lives.
    pub ttl: Ttl,
}

/// `[cache.objects]`: bodies of objects on disk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectSettings {
    /// Whether anything is kept.
    pub enabled: bool,
    /// Where; empty for a directory below that of all caches.
    pub dir: String,
    /// The most bytes. No body above a quarter of it is kept.
    #[serde(deserialize_with = "units::bytes")]
    pub max_size: u64,
    /// The most bodies.
    pub max_entries: usize,
    /// How long a body is kept after its last use.
    #[serde(deserialize_with = "units::duration")]
    pub max_age: Duration,
    /// Which goes first.
    pub eviction: Eviction,
    /// When the service is asked whether a body is still right.
    pub validate: Validate,
    /// Whether bodies that are worth it are packed with zstd.
    pub compress: bool,
}

impl ObjectSettings {
    /// What it shares with the other layer on disk.
    pub fn layer(&self) -> LayerSettings {
        LayerSettings {
            enabled: self.enabled,
            dir: self.dir.clone(),
            max_size: self.max_size,
            max_entries: self.max_entries,
            max_age: self.max_age,
            eviction: self.eviction,
        }
    }
}

/// `[cache.previews]`: rendered previews on disk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSettings {
    /// Whether anything is kept.
    pub enabled: bool,
    /// Where; empty for a directory below that of all caches.
    pub dir: String,
    /// The most bytes.
    #[serde(deserialize_with = "units::bytes")]
    pub max_size: u64,
    /// The most entries.
    pub max_entries: usize,
    /// How long one is kept after its last use.
    #[serde(deserialize_with = "units::duration")]
    pub max_age: Duration,
    /// Which goes first.
    pub eviction: Eviction,
}

/// `[cache.listings]`: listings kept from one run to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListingSettings {
    /// Whose.
    pub keep: KeptListings,
    /// The most bytes, packed.
    #[serde(deserialize_with = "units::bytes")]
    pub max_size: u64,
}

/// What gives way when a cache is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Eviction {
    /// What was used longest ago.
    Lru,
    /// What came first.
    Fifo,
    /// The largest.
    Size,
}

/// When the service is asked whether a held body is still right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Validate {
    /// By what it is for: always for edits, copies and `cat`, by the listing for views.
    Auto,
    /// Each time.
    Always,
    /// Where no listing that is fresh tells it.
    Listing,
    /// Not before its age is over.
    Never,
}

/// Whose listings are kept from one run to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeptListings {
    /// Nobody's.
    Off,
    /// Those of read-only connections.
    ReadOnly,
    /// All.
    All,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Settings::default().cache
    }
}

impl Default for OpCacheSettings {
    fn default() -> Self {
        CacheSettings::default().operations
    }
}

impl Default for ObjectSettings {
    fn default() -> Self {
        CacheSettings::default().objects
    }
}

impl Default for LayerSettings {
    fn default() -> Self {
        CacheSettings::default().previews
    }
}
