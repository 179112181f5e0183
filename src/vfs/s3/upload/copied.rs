//! Parts that are copied on the service.

use std::sync::Arc;

use super::Upload;
use super::proof::{By, Sent};
use crate::model::{ETag, ErrorKind, Freshness, Head, Op, Result};
use crate::vfs::s3::api::Detail;
use crate::vfs::s3::checksum::crc64_value;
use crate::vfs::s3::copy::{archived, same_service};
use crate::vfs::s3::path::S3Path;
use crate::vfs::{Precondition, VfsPath, required_etag};

impl Upload {
    pub(super) async fn copied(
        &self,
        from: &dyn VfsPath,
        source: &Precondition,
        offset: u64,
        len: u64,
    ) -> Result<bool> {
        let from = from.as_any().downcast_ref::<S3Path>();
        let Some(from) = from.filter(|from| same_service(from, &self.path)) else { return Ok(false) };
        self.check_place(offset, len)?;
        let (object, number) = (from.object(Op::Copy)?, self.number(offset));
        if object == self.object {
            return Err(from.error(Op::Copy, ErrorKind::Invalid, "both are the same object"));
        }
        let head = self.source.get_or_try_init(|| look(from, source)).await?;
        // Bound to what was asked for, or at least to one and the same content for all parts.
        let tag = required_etag(source).or(head.entry.etag()).cloned();
        let upload = self.begin().await?;
        let range = offset..offset + len;
        let api = &self.path.service.api;
        let part = match api.upload_part_copy(&upload, number, &object, range, tag.as_ref()).await {
            Err(error) if error.kind == ErrorKind::Unsupported => return Ok(false),
            other => other?,
        };
        let crc64 = part.crc64.as_deref().and_then(crc64_value);
        self.state.lock().parts.insert(offset, Sent { part, crc64, by: By::Size });
        Ok(true)
    }

    /// The checksum that the service keeps of what the parts are copied from.
    pub(super) fn source_crc64(&self) -> Option<u64> {
        let (name, value) = self.source.get()?.checksum.as_ref()?;
        (name == "CRC64NVME").then(|| crc64_value(value))?
    }
}

/// The source before its first part: an archived one is refused in clear words, a changed one as well.
async fn look(from: &S3Path, source: &Precondition) -> Result<Arc<Head>> {
    let object = from.object(Op::Copy)?;
    let head = from.service.api.head(&object, Detail::Full, Freshness::Past).await?;
    archived(from, &head)?;
    let changed = |asked: &ETag| head.entry.etag() != Some(asked);
    if required_etag(source).is_some_and(changed) {
        return Err(from.error(Op::Copy, ErrorKind::Conflict, "it is not what it was"));
    }
    Ok(head)
}
