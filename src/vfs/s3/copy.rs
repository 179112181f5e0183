//! Copies on the service by one request: the bytes don't pass through here. Larger ones go by parts
//! through [`super::upload`].
//!
//! CopyObject by itself falls back to the standard class and to the bucket's encryption; so what the source
//! carries is asked for and stated again. One HEAD per object is the price.

use std::sync::Arc;

use super::api::{Detail, ObjectAttributes, ObjectRef, Restated, S3Api, Written};
use super::limits::COPY_AT_ONCE;
use super::path::S3Path;
use super::upload::check_tags;
use crate::model::{ETag, Entry, ErrorKind, Freshness, Head, Kind, Op, Result, Tag, VfsError};
use crate::vfs::{Attributes, CopyOptions, Placed, Progress, Proof};

/// Copies an object within one service, or `None` where it goes by parts or has to be streamed.
pub(super) async fn copy(
    from: &S3Path,
    to: &S3Path,
    options: &CopyOptions,
    progress: Progress<'_>,
) -> Result<Option<Placed>> {
    to.writable(Op::Copy)?;
    to.check_key(Op::Copy)?;
    let (source, target) = (from.object(Op::Copy)?, to.object(Op::Copy)?);
    let large = |entry: &Entry| entry.size.is_some_and(|size| size > COPY_AT_ONCE);
    if !same_service(from, to) || options.source.as_ref().is_some_and(large) {
        return Ok(None);
    }
    let head = from.service.api.head(&source, Detail::Full, Freshness::Past).await?;
    let tag = still(from, &head, options)?;
    if source == target {
        return Err(from.error(Op::Copy, ErrorKind::Invalid, "both are the same object"));
    }
    archived(from, &head)?;
    if large(&head.entry) {
        return Ok(None);
    }
    let one = Copy { to, source, target, head: &head, tag, options };
    match one.send().await {
        Ok(written) => {
            progress(head.entry.size.unwrap_or_default());
            Ok(Some(one.placed(&written)))
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

/// Refuses a source that can't be read before it is restored.
pub(super) fn archived(from: &S3Path, head: &Head) -> Result<()> {
    let class = head.entry.class.as_ref().map_or("", |class| class.as_str());
    if !matches!(class, "GLACIER" | "DEEP_ARCHIVE") || head.restored {
        return Ok(());
    }
    let error = from.error(Op::Copy, ErrorKind::Archived, format!("it is archived ({class})"));
    Err(error.with_hint("it is in cold storage: restore it first (s3:RestoreObject), then try again"))
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

    /// What has to be said again: class and encryption always, headers and metadata only where one of
    /// them is to be another, since they go along by themselves.
    fn restated(&self) -> Result<Restated> {
        let other = &self.options.attributes;
        check_tags(&other.tags).map_err(|why| self.to.error(Op::Copy, ErrorKind::Invalid, why))?;
        let all: ObjectAttributes = other.clone().or(&Attributes::of(self.head)).into();
        let headers = other.says_headers();
        let tags = !other.tags.is_empty();
        Ok(Restated { attributes: all, headers, tags })
    }

    fn cancelled(&self) -> VfsError {
        VfsError::cancelled(Op::Copy, self.to.uri.clone())
    }

    async fn send(&self) -> Result<Written> {
        let restated = self.restated()?;
        let (tag, on) = (self.tag.as_ref(), &self.options.precondition);
        self.to.still_bound(Op::Copy, on).await?;
        let answer = tokio::select! {
            answer = self.api().copy(&self.source, &self.target, &restated, tag, on) => answer,
            () = self.options.cancel.cancelled() => return Err(self.cancelled()),
        };
        let written = match answer {
            Err(error) if error.kind.outcome_unknown() => self.arrived(&restated).await.ok_or(error)?,
            other => other?,
        };
        match self.kept_crc64().zip(written.crc64.as_deref()) {
            Some((kept, copied)) if kept != copied => {
                let why = "the copy has another checksum than the source";
                Err(self.to.error(Op::Copy, ErrorKind::Corrupt, why))
            }
            _ => Ok(written),
        }
    }

    /// The checksum that the service keeps of the source.
    fn kept_crc64(&self) -> Option<&str> {
        let (name, value) = self.head.checksum.as_ref()?;
        (name == "CRC64NVME").then_some(&**value)
    }

    /// After a lost answer: the target as it is now, if it is a copy of just this source.
    async fn arrived(&self, restated: &Restated) -> Option<Written> {
        let there = self.api().head(&self.target, Detail::Full, Freshness::Past).await.ok()?;
        let by_sum = self.head.checksum.is_some() && there.checksum == self.head.checksum;
        let same = there.entry.size == self.head.entry.size
            && there.metadata == restated.attributes.metadata
            && (there.entry.tag == self.head.entry.tag || by_sum);
        let crc64 = there.checksum.clone().filter(|(name, _)| name == "CRC64NVME").map(|(_, value)| value);
        let (etag, version) = (there.entry.etag().cloned(), there.version.clone());
        same.then_some(Written { etag, version, crc64, modified: there.entry.modified })
    }

    fn placed(&self, written: &Written) -> Placed {
        let mut entry = Entry::new(self.to.row_name(), Kind::File);
        entry.size = self.head.entry.size;
        entry.tag = written.etag.clone().map(Tag::ETag);
        let class = self.options.attributes.class.clone().or_else(|| self.head.entry.class.clone());
        entry.class = class.filter(|class| !class.is_standard());
        let version = written.version.as_deref().map(Into::into);
        Placed { entry, version, proof: self.proof(written) }
    }

    /// What both sides tell: a checksum, or one and the same MD5 as their tags.
    fn proof(&self, written: &Written) -> Proof {
        let own = self.head.entry.etag().and_then(ETag::as_md5);
        match (self.kept_crc64(), &written.crc64) {
            (Some(_), Some(_)) => Proof::Checksum,
            _ if own.is_some() && own == written.etag.as_ref().and_then(ETag::as_md5) => Proof::ETag,
            _ => Proof::Size,
        }
    }
}
