//! The rules of the operation cache, one test for each sentence; a model of it; and its races.

mod exact;
mod fences;
mod kept;
mod lives;
mod model;
mod races;
mod rows;
mod touches;

use std::sync::Arc;
use std::time::Duration;

use super::answer::head_of_row;
use super::*;
use crate::model::{Entry, ErrorKind, Head, Name, Op, S3Uri, Tag, Timestamp, Uri, VfsError};

pub(super) fn connection(name: &str, endpoint: &str) -> Arc<ConnectionId> {
    Arc::new(ConnectionId { name: name.into(), endpoint: endpoint.into(), profile: None, anonymous: false })
}

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn at(seconds: u64) -> Moment {
    Moment(secs(seconds))
}

pub(super) fn list(connection: &Arc<ConnectionId>, prefix: &str) -> OpKey {
    list_in(connection, "b", prefix, true)
}

pub(super) fn list_in(connection: &Arc<ConnectionId>, bucket: &str, prefix: &str, delimited: bool) -> OpKey {
    OpKey::new(connection, Query::List { bucket: bucket.into(), prefix: prefix.into(), delimited })
}

pub(super) fn head(connection: &Arc<ConnectionId>, key: &str) -> OpKey {
    OpKey::new(connection, Query::Head { bucket: "b".into(), key: key.into(), version: None })
}

/// A row; directories end in `/`.
pub(super) fn row(text: &str, tag: &str) -> Entry {
    if let Some(name) = text.strip_suffix('/') {
        return Entry::new(Name::from(name), Kind::Dir);
    }
    let tag = Some(Tag::ETag(crate::model::ETag::new(tag)));
    Entry { size: Some(1), modified: Some(Timestamp(1)), tag, ..Entry::new(text.into(), Kind::File) }
}

pub(super) fn listing(rows: &[&str]) -> Answer {
    let page = rows.iter().map(|text| row(text, "t")).collect();
    Answer::Listing(Arc::new(Listing::new(vec![Arc::new(page)], Timestamp(0))))
}

pub(super) fn object(tag: &str) -> Answer {
    Answer::Head(Arc::new(head_of_row(&row("x", tag), "x")))
}

pub(super) fn absent() -> Answer {
    Answer::Absent(VfsError::new(
        Op::Stat,
        Uri::S3(S3Uri::new("s3", "b", "k")),
        ErrorKind::NotFound,
        "no such key",
    ))
}

pub(super) fn tag_of(answer: &Answer) -> Option<String> {
    let Answer::Head(head) = answer else { return None };
    let head: &Head = head;
    head.entry.etag().map(ToString::to_string)
}

/// Invariant: the index knows exactly what is held, and the sums are right.
pub(super) fn assert_sound(cache: &OpCache) {
    let sorted = |mut keys: Vec<String>| {
        keys.sort();
        keys
    };
    let debug = |keys: &[OpKey]| sorted(keys.iter().map(|key| format!("{key:?}")).collect());
    let held: Vec<OpKey> = cache.held.slots.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(debug(&cache.held.index.keys()), debug(&held), "the index against the entries");
    let loads: Vec<OpKey> = cache.loads.keys().cloned().collect();
    assert_eq!(debug(&cache.load_index.keys()), debug(&loads), "the index against the loads");
    let bytes: u64 = cache.held.slots.iter().map(|(_, slot)| slot.bytes).sum();
    let stats = cache.stats();
    assert_eq!((cache.held.bytes, stats.total.bytes), (bytes, bytes));
    assert_eq!(stats.total.entries, held.len() as u64);
    if held.len() > 1 {
        assert!(held.len() <= cache.held.settings.max_entries && bytes <= cache.held.settings.max_bytes);
    }
    if held.is_empty() {
        assert!(cache.held.index.keys().is_empty());
    }
}

pub(super) fn cache() -> OpCache {
    OpCache::new(OpCacheSettings::default())
}

pub(super) fn s3() -> Arc<ConnectionId> {
    connection("s3", "aws")
}

pub(super) fn store(cache: &mut OpCache, key: &OpKey, answer: Answer) {
    assert!(cache.put(key, answer, at(0), None, at(0)), "{key}");
}

pub(super) fn holds(cache: &mut OpCache, key: &OpKey) -> bool {
    cache.get(key, at(0)).is_some()
}

pub(super) fn added(key: &str) -> Touch {
    touch(&"aws".into(), &"b".into(), Extent::Key(key.into(), Change::Added))
}

pub(super) fn removed(key: &str) -> Touch {
    touch(&"aws".into(), &"b".into(), Extent::Key(key.into(), Change::Other))
}

pub(super) fn write(cache: &mut OpCache, touch: &Touch) {
    cache.begin_write(touch);
    cache.end_write(touch, Outcome::Known, at(0));
}

pub(super) fn tagged(name: &str, tag: &str) -> Answer {
    Answer::Listing(Arc::new(Listing::new(vec![Arc::new(vec![row(name, tag)])], Timestamp(0))))
}

pub(super) fn put_at(cache: &mut OpCache, key: &OpKey, answer: Answer, seconds: u64) {
    assert!(cache.put(key, answer, at(seconds), None, at(seconds)));
}
