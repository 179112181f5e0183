//! Copies on the service: the bytes don't pass through here.
//!
//! CopyObject by itself falls back to the standard class and to the bucket's encryption, and an upload
//! by parts begins with nothing at all; so what the source carries is asked for and stated again. One HEAD
//! per object, and one for its tags where it goes by parts, is the price.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};

use super::api::{Detail, ObjectAttributes, ObjectRef, S3Api, UploadRef, UploadedPart, Written};
use super::checksum::crc64_value;
use super::limits::{COPY_AT_ONCE, COPY_PART};
use super::path::S3Path;
use crate::model::{ETag, Entry, ErrorKind, Freshness, Head, Kind, Op, Result, StorageClass, Tag, VfsError};
use crate::vfs::{Attributes, CopyOptions, Precondition, Progress};

/// Parts of one copy under way at once.
const PARALLEL: usize = 16;
/// How often a part is tried: it is the same however often it is copied.
const ATTEMPTS: u32 = 4;

/// Copies an object within one service, or `None` where the bytes have to be streamed.
pub(super) async fn copy(
    from: &S3Path,
    to: &S3Path,
    options: &CopyOptions,
    progress: Progress<'_>,
) -> Result<Option<Entry>> {
    to.writable(Op::Copy)?;
    to.check_key(Op::Copy)?;
    if !same_service(from, to) {
        return Ok(None);
    }
    let (source, target) = (from.object(Op::Copy)?, to.object(Op::Copy)?);
    let head = from.service.api.head(&source, Detail::Full, Freshness::Past).await?;
    let tag = still(from, &head, options)?;
    if source == target {
        return Err(from.error(Op::Copy, ErrorKind::Invalid, "both are the same object"));
    }
    let size = head.entry.size.unwrap_or_default();
    let one = Copy { to, source, target, head: &head, tag, options };
    let done = if size <= COPY_AT_ONCE { one.at_once().await } else { one.by_parts(size, progress).await };
    match done {
        Ok(written) => {
            if size <= COPY_AT_ONCE {
                progress(size);
            }
            Ok(Some(one.entry(size, written)))
        }
        Err(error) if error.kind == ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether one request may name both: the same service, asked by the same person.
pub(super) fn same_service(from: &S3Path, to: &S3Path) -> bool {
    let (from, to) = (from.service.api.connection(), to.service.api.connection());
    (&from.endpoint, &from.profile, from.anonymous) == (&to.endpoint, &to.profile, to.anonymous)
}

/// All that a copy has to say again. Tags are asked for where the service tells of some, and for an object
/// so large that the request doesn't count.
pub(super) async fn carried(of: &S3Path, head: &Head) -> Result<Attributes> {
    let mut carried = Attributes::of(head);
    let large = head.tag_count.is_none() && head.entry.size.is_some_and(|size| size > COPY_AT_ONCE);
    if large || head.tag_count.is_some_and(|count| count > 0) {
        carried.tags = match of.service.api.tags(&of.object(Op::Copy)?).await {
            Err(error) if error.kind == ErrorKind::Unsupported => Vec::new(),
            told => told?,
        };
    }
    Ok(carried)
}

/// The tag to bind the copy to: that of the plan, which must still be there.
fn still(from: &S3Path, head: &Head, options: &CopyOptions) -> Result<Option<ETag>> {
    let now = head.entry.etag().cloned();
    let planned = options.source.as_ref().and_then(Entry::etag);
    if planned.is_some() && planned != now.as_ref() {
        return Err(from.error(Op::Copy, ErrorKind::Conflict, "it is not what it was"));
    }
    Ok(now)
}

struct Copy<'a> {
    to: &'a S3Path,
    source: ObjectRef,
    target: ObjectRef,
    head: &'a Head,
    tag: Option<ETag>,
    options: &'a CopyOptions,
}

impl Copy<'_> {
    fn api(&self) -> &Arc<dyn S3Api> {
        &self.to.service.api
    }

    /// What has to be stated again. A class that is left out is the standard one.
    fn kept(&self) -> ObjectAttributes {
        let head = self.head.clone();
        ObjectAttributes {
            content_type: head.content_type,
            content_encoding: head.content_encoding,
            content_disposition: head.content_disposition,
            content_language: head.content_language,
            cache_control: head.cache_control,
            class: head.entry.class.or_else(|| Some(StorageClass::new("STANDARD"))),
            encryption: head.encryption,
            metadata: head.metadata,
            tags: Vec::new(),
        }
    }

    fn cancelled(&self) -> VfsError {
        VfsError::cancelled(Op::Copy, self.to.uri.clone())
    }

    /// Looks right before a copy that a service binds to nothing: many pass over the conditions on the
    /// destination in silence.
    async fn check_target(&self) -> Result<()> {
        let on = &self.options.precondition;
        if self.to.service.limits.conditional_copy || *on == Precondition::None {
            return Ok(());
        }
        let changed = || Err(self.to.error(Op::Copy, ErrorKind::Conflict, "it is not what it was"));
        match (on, self.api().head(&self.target, Detail::Row, Freshness::Past).await) {
            (Precondition::Matches(tag), Ok(head)) if head.entry.tag.as_ref() == Some(tag) => Ok(()),
            (Precondition::Absent, Err(error)) if error.kind == ErrorKind::NotFound => Ok(()),
            (_, Err(error)) if error.kind != ErrorKind::NotFound => Err(error),
            _ => changed(),
        }
    }

    async fn at_once(&self) -> Result<Written> {
        self.check_target().await?;
        let kept = self.kept();
        let (tag, on) = (self.tag.as_ref(), &self.options.precondition);
        let answer = tokio::select! {
            answer = self.api().copy(&self.source, &self.target, &kept, tag, on) => answer,
            () = self.options.cancel.cancelled() => return Err(self.cancelled()),
        };
        match answer {
            Err(error) if error.kind.outcome_unknown() => self.arrived().await.ok_or(error),
            other => other,
        }
    }

    /// After a lost answer: the target as it is now, if it is a copy of just this source.
    async fn arrived(&self) -> Option<Written> {
        let there = self.api().head(&self.target, Detail::Full, Freshness::Past).await.ok()?;
        let by_sum = self.head.checksum.is_some() && there.checksum == self.head.checksum;
        let same = there.entry.size == self.head.entry.size
            && there.metadata == self.head.metadata
            && (there.entry.tag == self.head.entry.tag || by_sum);
        same.then(|| Written { etag: there.entry.etag().cloned(), ..Written::default() })
    }

    async fn by_parts(&self, size: u64, progress: Progress<'_>) -> Result<Written> {
        let mut kept = self.kept();
        kept.tags = match self.api().tags(&self.source).await {
            Err(error) if error.kind == ErrorKind::Unsupported => Vec::new(),
            other => other?,
        };
        self.check_target().await?;
        let upload = self.api().create_upload(&self.target, &kept).await?;
        let mut guard = AbortOnDrop { api: self.api().clone(), upload: Some(upload.clone()) };
        let done = self.fill(&upload, size, progress).await;
        // From here on the upload is ended by its completion, or before anybody hears of the failure.
        guard.upload = None;
        match done {
            Ok(written) => Ok(written),
            Err(error) => Err(self.end(&upload, error).await),
        }
    }

    /// Ends an upload after a failure, which then tells also if that failed.
    async fn end(&self, upload: &UploadRef, error: VfsError) -> VfsError {
        match self.api().abort_upload(upload).await {
            Err(left) if left.kind != ErrorKind::NotFound => {
                error.with_hint(format!("and its upload was left open: {left}"))
            }
            _ => error,
        }
    }

    /// All parts, and the completion.
    async fn fill(&self, upload: &UploadRef, size: u64, progress: Progress<'_>) -> Result<Written> {
        let part_size = COPY_PART.max(size.div_ceil(self.to.service.limits.max_parts));
        let parts = stream::iter(ranges(size, part_size))
            .map(|(number, range)| self.part(upload, number, range, progress))
            .buffered(PARALLEL)
            .try_collect();
        let parts: Vec<UploadedPart> = tokio::select! {
            parts = parts => parts?,
            () = self.options.cancel.cancelled() => return Err(self.cancelled()),
        };
        self.check_target().await?;
        let on = &self.options.precondition;
        match self.api().complete_upload(upload, &parts, self.source_crc64(), on).await {
            Err(error) if error.kind.outcome_unknown() => self.completed().await.ok_or(error),
            other => other,
        }
    }

    async fn part(
        &self,
        upload: &UploadRef,
        number: u32,
        range: Range<u64>,
        progress: Progress<'_>,
    ) -> Result<UploadedPart> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let tag = self.tag.as_ref();
            match self.api().upload_part_copy(upload, number, &self.source, range.clone(), tag).await {
                Err(error) if error.kind.retryable() && attempt < ATTEMPTS => {
                    let most = 200 << attempt;
                    tokio::time::sleep(Duration::from_millis(fastrand::u64(most / 2..=most))).await;
                }
                Err(error) => return Err(error),
                Ok(part) => {
                    progress(range.end - range.start);
                    return Ok(part);
                }
            }
        }
    }

    /// After a lost answer to a completion: the target, if it has the size and the number of parts or
    /// the checksum that the source's copy must have.
    async fn completed(&self) -> Option<Written> {
        let there = self.api().head(&self.target, Detail::Full, Freshness::Past).await.ok()?;
        let by_sum = self.head.checksum.is_some() && there.checksum == self.head.checksum;
        let same = there.entry.size == self.head.entry.size && there.metadata == self.head.metadata && by_sum;
        same.then(|| Written { etag: there.entry.etag().cloned(), ..Written::default() })
    }

    /// The source's own checksum, for the service to compare with that of the copy.
    fn source_crc64(&self) -> Option<u64> {
        let (name, value) = self.head.checksum.as_ref()?;
        (name == "CRC64NVME").then(|| crc64_value(value))?
    }

    fn entry(&self, size: u64, written: Written) -> Entry {
        let mut entry = Entry::new(self.to.row_name(), Kind::File);
        entry.size = Some(size);
        entry.tag = written.etag.map(Tag::ETag);
        entry.class.clone_from(&self.head.entry.class);
        entry
    }
}

fn ranges(size: u64, part: u64) -> impl Iterator<Item = (u32, Range<u64>)> {
    (1..).zip(
        (0..size)
            .step_by(usize::try_from(part).unwrap_or(usize::MAX))
            .map(move |from| from..size.min(from + part)),
    )
}

/// Ends an upload that nobody will complete when its copy is dropped midway.
struct AbortOnDrop {
    api: Arc<dyn S3Api>,
    upload: Option<UploadRef>,
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        let (Some(upload), Ok(runtime)) = (self.upload.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let api = self.api.clone();
        runtime.spawn(async move {
            if let Err(error) = api.abort_upload(&upload).await {
                tracing::warn!(%error, "an upload was left open");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_all_and_nothing_twice() {
        let all: Vec<_> = ranges(10, 4).collect();
        assert_eq!(all, [(1, 0..4), (2, 4..8), (3, 8..10)]);
        assert_eq!(ranges(8, 4).last(), Some((2, 4..8)));
    }
}
