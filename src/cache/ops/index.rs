//! Finds what a write touches by following names, not by reading all that is held: [`Index`].

use std::collections::BTreeMap;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::sync::Arc;

use super::key::{Extent, OpKey, Query, Touch};

/// Keys ordered by endpoint, bucket, and prefix or object key.
#[derive(Debug, Default)]
pub(super) struct Index {
    endpoints: BTreeMap<Arc<str>, Endpoint>,
}

#[derive(Debug, Default)]
struct Endpoint {
    bucket_lists: Vec<OpKey>,
    buckets: BTreeMap<Arc<str>, Bucket>,
}

#[derive(Debug, Default)]
struct Bucket {
    listings: Names,
    heads: Names,
    regions: Vec<OpKey>,
}

/// Those with the same name differ by connection, delimiter or version: a handful.
type Names = BTreeMap<Arc<str>, Vec<OpKey>>;

impl Index {
    /// Takes a key in, once.
    pub(super) fn insert(&mut self, key: &OpKey) {
        let keys = self.place(key);
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }

    fn place(&mut self, key: &OpKey) -> &mut Vec<OpKey> {
        let endpoint = self.endpoints.entry(key.connection.endpoint.clone()).or_default();
        match &key.query {
            Query::ListBuckets => &mut endpoint.bucket_lists,
            Query::List { bucket, prefix, .. } => {
                let bucket = endpoint.buckets.entry(bucket.clone()).or_default();
                bucket.listings.entry(prefix.clone()).or_default()
            }
            Query::Head { bucket, key, .. } => {
                let bucket = endpoint.buckets.entry(bucket.clone()).or_default();
                bucket.heads.entry(key.clone()).or_default()
            }
            Query::Region { bucket } => &mut endpoint.buckets.entry(bucket.clone()).or_default().regions,
        }
    }

    /// Forgets a key, and the places that it leaves empty.
    pub(super) fn remove(&mut self, key: &OpKey) {
        let Some(endpoint) = self.endpoints.get_mut(&key.connection.endpoint) else { return };
        match &key.query {
            Query::ListBuckets => endpoint.bucket_lists.retain(|held| held != key),
            Query::List { bucket: name, .. }
            | Query::Head { bucket: name, .. }
            | Query::Region { bucket: name } => {
                let Some(bucket) = endpoint.buckets.get_mut(name) else { return };
                bucket.remove(key);
                if bucket.is_empty() {
                    endpoint.buckets.remove(name);
                }
            }
        }
        if endpoint.buckets.is_empty() && endpoint.bucket_lists.is_empty() {
            self.endpoints.remove(&key.connection.endpoint);
        }
    }

    /// What a write touches.
    pub(super) fn touched(&self, touch: &Touch) -> Vec<OpKey> {
        let mut found = Vec::new();
        let Some(endpoint) = self.endpoints.get(&touch.endpoint) else { return found };
        if touch.extent == Extent::Bucket {
            found.extend_from_slice(&endpoint.bucket_lists);
        }
        if let Some(bucket) = endpoint.buckets.get(&touch.bucket) {
            bucket.touched(&touch.extent, &mut found);
        }
        found
    }

    /// The listings that may have a row for this key: those whose prefix the key begins with.
    pub(super) fn listings_around(&self, endpoint: &str, bucket: &str, key: &str) -> Vec<OpKey> {
        let mut found = Vec::new();
        let bucket = self.endpoints.get(endpoint).and_then(|endpoint| endpoint.buckets.get(bucket));
        if let Some(bucket) = bucket {
            around(&bucket.listings, key, &mut found);
        }
        found
    }

    /// Every key that it knows.
    #[cfg(test)]
    pub(super) fn keys(&self) -> Vec<OpKey> {
        let mut found = Vec::new();
        for endpoint in self.endpoints.values() {
            found.extend_from_slice(&endpoint.bucket_lists);
            for bucket in endpoint.buckets.values() {
                bucket.touched(&Extent::Bucket, &mut found);
            }
        }
        found
    }
}

impl Bucket {
    fn remove(&mut self, key: &OpKey) {
        match &key.query {
            Query::List { prefix, .. } => forget(&mut self.listings, prefix, key),
            Query::Head { key: object, .. } => forget(&mut self.heads, object, key),
            Query::Region { .. } => self.regions.retain(|held| held != key),
            Query::ListBuckets => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.listings.is_empty() && self.heads.is_empty() && self.regions.is_empty()
    }

    fn touched(&self, extent: &Extent, found: &mut Vec<OpKey>) {
        match extent {
            Extent::Key(key, _) => self.touched_by_key(key, found),
            Extent::Keys(keys) => self.touched_by_keys(keys, found),
            Extent::Prefix(prefix) => {
                around(&self.listings, prefix, found);
                below(&self.listings, prefix, Excluded(prefix), found);
                below(&self.heads, prefix, Included(prefix), found);
            }
            Extent::Bucket => {
                found.extend(self.listings.values().flatten().cloned());
                found.extend(self.heads.values().flatten().cloned());
                found.extend_from_slice(&self.regions);
            }
        }
    }

    fn touched_by_key(&self, key: &str, found: &mut Vec<OpKey>) {
        found.extend(self.heads.get(key).into_iter().flatten().cloned());
        around(&self.listings, key, found);
    }

    /// Neighbours share their listings: each is named once.
    fn touched_by_keys(&self, keys: &[Arc<str>], found: &mut Vec<OpKey>) {
        let mut seen = std::collections::HashSet::new();
        for key in keys {
            let mut touched = Vec::new();
            self.touched_by_key(key, &mut touched);
            found.extend(touched.into_iter().filter(|held| seen.insert(held.clone())));
        }
    }
}

fn forget(names: &mut Names, name: &str, key: &OpKey) {
    let Some(keys) = names.get_mut(name) else { return };
    keys.retain(|held| held != key);
    if keys.is_empty() {
        names.remove(name);
    }
}

fn below(names: &Names, prefix: &str, from: Bound<&str>, found: &mut Vec<OpKey>) {
    let range = names.range::<str, _>((from, Unbounded));
    found.extend(range.take_while(|(name, _)| name.starts_with(prefix)).flat_map(|(_, keys)| keys).cloned());
}

/// Those whose name is a byte-prefix of `key`, the longest first.
///
/// Every such name lies at or before `key` in byte order. The greatest name there either is one, and
/// the next shorter lies before it; or it only shares its beginning with `key`, and every other one
/// lies within what they share. So each step is one search, and the bound shrinks with each.
fn around(names: &Names, key: &str, found: &mut Vec<OpKey>) {
    let mut bound = Included(key);
    while let Some((name, keys)) = names.range::<str, _>((Unbounded, bound)).next_back() {
        let shared = shared_prefix(name, key);
        if shared.len() == name.len() {
            found.extend_from_slice(keys);
            bound = Excluded(shared);
        } else {
            bound = Included(shared);
        }
    }
}

/// What both begin with, as a part of `key`.
fn shared_prefix<'a>(name: &str, key: &'a str) -> &'a str {
    let same = name.bytes().zip(key.bytes()).take_while(|(a, b)| a == b).count();
    &key[..key.floor_char_boundary(same)]
}
