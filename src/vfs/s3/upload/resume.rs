//! Going on with an upload that another process began.
//!
//! The service's own list of its parts is the truth. A part counts as the journal has it where its size
//! and its checksum (or its tag) are the same; any other is only offered for a comparison with its bytes,
//! and else sent again.

use super::proof::{By, Sent};
use super::{CreateHint, Sink, SinkState, Upload};
use crate::model::{ErrorKind, Op, Result};
use crate::vfs::s3::api::{ObjectRef, UploadRef, UploadedPart};
use crate::vfs::s3::checksum::{crc64, crc64_value, gathered, md5_of};
use crate::vfs::s3::path::S3Path;
use crate::vfs::{Body, PartRecord};

/// Goes on with an upload from what a journal kept of it.
pub(in crate::vfs::s3) async fn resume(
    path: &S3Path,
    kept: SinkState,
    mut hint: CreateHint,
) -> Result<Box<dyn Sink>> {
    let Some((id, upload_id)) = kept.id.split_once(':') else {
        let error = path.error(Op::Create, ErrorKind::Invalid, "the journal names no upload");
        return Err(error.with_hint("begin it anew"));
    };
    hint.size = kept.size;
    if !upload_id.is_empty() {
        hint.part_size = Some(kept.part_size);
    }
    let mut upload = Upload::new(path, &hint, id.to_owned())?;
    if !upload_id.is_empty() {
        upload.in_parts = kept.size.is_some();
        upload.take_up(upload_id, &kept).await?;
    }
    Ok(Box::new(upload))
}

impl Upload {
    async fn take_up(&self, upload_id: &str, kept: &SinkState) -> Result<()> {
        let ObjectRef { bucket, key, .. } = self.object.clone();
        let upload = UploadRef { bucket, key, id: upload_id.into() };
        let there = match self.path.service.api.list_parts(&upload).await {
            Err(error) if error.kind == ErrorKind::NotFound => {
                return self.finished_before(kept, error).await;
            }
            other => other?,
        };
        let mut state = self.state.lock();
        state.upload = Some(upload);
        for part in there {
            let Some(place) = self.place_of(part.number) else { continue };
            let record = kept.parts.iter().find(|record| record.offset == place.start);
            if part.size != place.end - place.start {
                continue;
            }
            match record.and_then(|record| same(&part, record)) {
                Some(sent) => drop(state.parts.insert(place.start, sent)),
                None if comparable(&part) && !self.copies => {
                    state.unproven.insert(place.start, part);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Compares a listed part with its bytes.
    pub(super) async fn proven(&self, offset: u64, body: Body) -> Result<bool> {
        let part = self.state.lock().unproven.get(&offset).cloned();
        let Some(part) = part else { return Ok(false) };
        let bytes = gathered(body, part.size, |kind, reason| self.error(kind, reason)).await?;
        let crc64 = crc64(&bytes);
        let by = match part.crc64.as_deref().and_then(crc64_value) {
            Some(theirs) => (theirs == crc64).then_some(By::Checksum),
            None => (part.etag.as_md5() == Some(md5_of(&bytes))).then_some(By::Tag),
        };
        let mut state = self.state.lock();
        state.unproven.remove(&offset);
        let Some(by) = by else { return Ok(false) };
        state.parts.insert(offset, Sent { part, crc64: Some(crc64), by });
        Ok(true)
    }
}

/// Whether the bytes could tell if the part is right.
fn comparable(part: &UploadedPart) -> bool {
    part.crc64.is_some() || part.etag.as_md5().is_some()
}

/// A listed part as the journal has it: the service's checksum decides where it tells one, else the tag.
fn same(part: &UploadedPart, record: &PartRecord) -> Option<Sent> {
    let same_tag = record.tag.as_deref() == Some(&*part.etag.to_string());
    let recorded = (record.crc64 != 0).then_some(record.crc64);
    let told = part.crc64.as_deref().and_then(crc64_value);
    let by = match (told, recorded) {
        (Some(told), Some(recorded)) => (told == recorded).then_some(By::Checksum)?,
        // Each part is sent with its MD5 where no checksum is, and the service has compared that.
        _ if same_tag && part.etag.as_md5().is_some() => By::Tag,
        _ if same_tag => By::Size,
        _ => return None,
    };
    (part.size == record.len).then(|| Sent { part: part.clone(), crc64: recorded.or(told), by })
}
