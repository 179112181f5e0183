//! What a sync learns by copying: the times that objects keep, so that the next one asks for none of them.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::super::context::Context;
use super::chunk::{Copy, Ended};
use crate::model::{Tag, Uri};
use crate::transfer::journal::Remembered;
use crate::vfs::Place;

/// Remembers for the copies that were made.
pub(super) async fn learnt(context: &Context, remembered: Option<&Remembered>, ended: &Ended) {
    let (Some(remembered), Some(first)) = (remembered, ended.copies.first()) else { return };
    let object = if first.source.uri.as_s3().is_some() { &first.source.uri } else { &first.target };
    let Ok(path) = context.path(object) else { return };
    let Ok(identity) = path.identity().await else { return };
    let Place::Bucket { endpoint, bucket } = identity.place else { return };
    let failures = ended.failures();
    let made = ended.copies.iter().filter(|copy| !failures.contains_key(&copy.target));
    let times: Vec<_> = made.filter_map(|copy| time(copy, ended)).collect();
    if let Err(error) = remembered.put_many(&endpoint, &bucket, times).await {
        tracing::warn!("what was learnt isn't remembered: {error}");
    }
}

/// The key, the tag and the time of the object of a copy: that of the file on the other side.
fn time(copy: &Copy, ended: &Ended) -> Option<(String, String, Option<i64>)> {
    match (&copy.source.uri, &copy.target) {
        (Uri::S3(s3), Uri::Local(path)) => {
            let tag = copy.source.entry.etag()?.to_string();
            Some((s3.key.to_string(), tag, Some(modified(path, copy.source.entry.size?)?)))
        }
        (Uri::Local(_), Uri::S3(s3)) => {
            let Some(Tag::File { mtime_ns, .. }) = copy.source.entry.tag else { return None };
            Some((s3.key.to_string(), ended.tags.get(&copy.target)?.to_string(), Some(mtime_ns)))
        }
        _ => None,
    }
}

/// The time that a copy was given.
fn modified(path: &Path, size: u64) -> Option<i64> {
    let now = std::fs::symlink_metadata(path).ok().filter(|now| now.is_file() && now.len() == size)?;
    now.mtime().checked_mul(1_000_000_000)?.checked_add(now.mtime_nsec())
}
