//! Listings as a tree sees them: all keys below a prefix, and prefixes below which there is none.

use futures::stream::{self, BoxStream, StreamExt};

use super::api::ListRequest;
use super::path::S3Path;
use crate::model::{ErrorKind, Freshness, Op, Page, Result, VfsError};

/// How the name of a directory bucket ends.
const UNORDERED: &str = "--x-s3";

/// The rows of a directory, or the buckets.
pub(super) fn list(path: &S3Path, freshness: Freshness) -> BoxStream<'static, Result<Page>> {
    let Some(bucket) = path.at.bucket.clone() else { return path.service.api.list_buckets(freshness) };
    let prefix = path.at.as_prefix().key;
    let request = ListRequest { bucket, prefix: prefix.clone(), delimited: true };
    let pages = path.service.api.list(request, freshness);
    // No page of what is held says that nothing is held, not that nothing is there.
    if prefix.is_empty() || freshness == Freshness::Held {
        return pages;
    }
    let absent = path.error(Op::List, ErrorKind::NotFound, "there is no key below this prefix");
    not_empty(pages, absent)
}

/// All keys below a prefix, in order.
pub(super) fn flat(path: &S3Path) -> Option<BoxStream<'static, Result<Page>>> {
    let bucket = path.at.bucket.clone()?;
    if bucket.ends_with(UNORDERED) {
        let why = "a directory bucket doesn't tell its keys in order, so it can't be compared";
        let error = path.error(Op::List, ErrorKind::Unsupported, why);
        return Some(stream::iter([Err(error.with_hint("use cp -r with --conflict newer"))]).boxed());
    }
    let request = ListRequest { bucket, prefix: path.at.as_prefix().key, delimited: false };
    Some(path.service.api.list(request, Freshness::Past))
}

/// The same pages, but `absent` where no row came in any of them.
pub(super) fn not_empty(
    pages: BoxStream<'static, Result<Page>>,
    absent: VfsError,
) -> BoxStream<'static, Result<Page>> {
    let start = (pages, false, Some(absent));
    Box::pin(stream::unfold(start, |(mut pages, mut any, absent)| async move {
        let absent = absent?;
        match pages.next().await {
            Some(Ok(page)) => {
                any |= !page.entries.is_empty();
                Some((Ok(page), (pages, any, Some(absent))))
            }
            Some(Err(error)) => Some((Err(error), (pages, any, None))),
            None if any => None,
            None => Some((Err(absent), (pages, any, None))),
        }
    }))
}
