//! Conditional requests: what must be true of an object for a read or a write to go through.

use chrono::{DateTime, Utc};
use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Error, S3Result, s3_error};

use super::{no_key, time};
use crate::store::{Bucket, Object};

/// The conditions of a read, or of the source of a copy.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub if_match: Option<ETagCondition>,
    pub if_none_match: Option<ETagCondition>,
    pub modified_since: Option<Timestamp>,
    pub unmodified_since: Option<Timestamp>,
}

/// Why a read doesn't go through.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unmet {
    /// 412.
    Precondition,
    /// 304 (412 for the source of a copy).
    NotModified,
}

impl Conditions {
    /// Checks them in the order of the protocol: a tag outweighs a time.
    pub fn check(&self, object: &Object, modified: DateTime<Utc>) -> Result<(), Unmet> {
        let modified = time(modified);
        let same = |condition: &ETagCondition| matches(condition, object);
        let changed = match (&self.if_match, &self.unmodified_since) {
            (Some(condition), _) => !same(condition),
            (None, Some(since)) => modified > *since,
            (None, None) => false,
        };
        if changed {
            return Err(Unmet::Precondition);
        }
        let unchanged = match (&self.if_none_match, &self.modified_since) {
            (Some(condition), _) => same(condition),
            (None, Some(since)) => modified <= *since,
            (None, None) => false,
        };
        if unchanged { Err(Unmet::NotModified) } else { Ok(()) }
    }
}

pub(super) fn matches(condition: &ETagCondition, object: &Object) -> bool {
    condition.as_etag().is_none_or(|etag| etag.value() == object.etag)
}

pub(super) fn failed() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

/// Checks the conditions of a write to `key`.
pub(super) fn check_write(
    bucket: &Bucket,
    key: &str,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    let live = bucket.live(key);
    if let Some(condition) = if_match {
        let object = live.ok_or_else(no_key)?;
        if !matches(condition, object) {
            return Err(failed());
        }
    }
    match (if_none_match, live) {
        (Some(condition), Some(object)) if matches(condition, object) => Err(failed()),
        _ => Ok(()),
    }
}
