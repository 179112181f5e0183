//! How an object is written: [`Upload`], the [`Sink`] of S3.
//!
//! - Below 16 MiB the bytes are held and go up by one PUT; from there on in parts.
//! - Each object carries an id of its own in its metadata. When the answer to a PUT or a completion is lost,
//!   the object that is there now is asked for it: so a success is known as one, and nobody else's is taken
//!   for it ([`settle`]).
//! - The checksum of the whole is combined from those of its parts and sent along for the service to check,
//!   where the connection's mode allows it; else each request carries its MD5.
//! - The state that a journal keeps is `id:upload id`.

mod pipe;
mod settle;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use self::pipe::Pipe;
use super::api::{ObjectAttributes, ObjectRef, Payload, UploadRef, UploadedPart, Written};
use super::checksum::{combined, crc64, gathered, payload};
use super::limits::{MULTIPART_FROM, PARALLEL_PARTS};
use super::path::S3Path;
use crate::model::{Entry, ErrorKind, Kind, Op, Result, Tag, VfsError, WRITE_ID};
use crate::vfs::{Attributes, Body, CreateHint, Layout, PartRecord, Placed, Precondition, Sink, SinkState};

/// An object on its way.
#[derive(Debug)]
struct Upload {
    path: S3Path,
    object: ObjectRef,
    attributes: ObjectAttributes,
    size: Option<u64>,
    part_size: u64,
    /// From this size on it goes in parts.
    parts_from: u64,
    id: String,
    state: Mutex<State>,
    pipe: tokio::sync::Mutex<Pipe>,
}

#[derive(Debug, Default)]
struct State {
    /// The bytes of an object that goes up by one PUT.
    held: Option<Payload>,
    upload: Option<UploadRef>,
    /// What the service has, by offset.
    parts: BTreeMap<u64, (UploadedPart, u64)>,
    /// Whether a PUT or a completion was sent whose outcome nobody knows.
    doubt: bool,
    done: Option<Entry>,
}

/// The whole as it is about to become visible.
enum Whole {
    One(Payload),
    Parts(UploadRef, Vec<UploadedPart>, u64),
}

impl Whole {
    fn crc64(&self) -> u64 {
        match self {
            Self::One(payload) => payload.crc64,
            Self::Parts(.., crc64) => *crc64,
        }
    }

    fn size(&self) -> u64 {
        match self {
            Self::One(payload) => payload.bytes.len() as u64,
            Self::Parts(_, parts, _) => parts.iter().map(|part| part.size).sum(),
        }
    }
}

/// Begins an upload. One in parts exists at the service from here on; a dropped call may leave it there.
pub(super) async fn create(path: &S3Path, hint: CreateHint) -> Result<Box<dyn Sink>> {
    let upload = Upload::new(path, hint.size, hint.part_size, &hint.attributes, new_id())?;
    if upload.goes_in_parts() {
        upload.begin().await?;
    }
    Ok(Box::new(upload))
}

/// Goes on with an upload: the service's own list of its parts is the truth, and what it doesn't have as
/// the journal says is to be sent again.
pub(super) async fn resume(path: &S3Path, kept: SinkState, hint: CreateHint) -> Result<Box<dyn Sink>> {
    let Some((id, upload_id)) = kept.id.split_once(':') else {
        let error = path.error(Op::Create, ErrorKind::Invalid, "the journal names no upload");
        return Err(error.with_hint("begin it anew"));
    };
    let insisted = (!upload_id.is_empty()).then_some(kept.part_size);
    let upload = Upload::new(path, kept.size, insisted, &hint.attributes, id.to_owned())?;
    if !upload_id.is_empty() {
        upload.take_up(upload_id, &kept).await?;
    }
    Ok(Box::new(upload))
}

fn new_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

impl Upload {
    fn new(
        path: &S3Path,
        size: Option<u64>,
        insisted: Option<u64>,
        with: &Attributes,
        id: String,
    ) -> Result<Self> {
        let object = path.object(Op::Create)?;
        let limits = path.service.limits;
        let part_size = limits
            .part_size(size.unwrap_or_default(), insisted)
            .map_err(|beyond| path.error(Op::Create, ErrorKind::Invalid, beyond.to_string()))?;
        let mut metadata = with.metadata.clone();
        metadata.insert(WRITE_ID.to_owned(), id.clone());
        let attributes = ObjectAttributes {
            content_type: with.content_type.clone(),
            class: with.class.clone(),
            metadata,
            ..ObjectAttributes::default()
        };
        Ok(Self {
            path: path.clone(),
            object,
            attributes,
            size,
            part_size,
            parts_from: insisted.map_or(MULTIPART_FROM, |part| part.saturating_add(1).min(MULTIPART_FROM)),
            id,
            state: Mutex::default(),
            pipe: tokio::sync::Mutex::default(),
        })
    }

    fn error(&self, kind: ErrorKind, reason: impl Into<Arc<str>>) -> VfsError {
        self.path.error(Op::Write, kind, reason)
    }

    fn goes_in_parts(&self) -> bool {
        self.size.is_some_and(|size| size >= self.parts_from)
    }

    async fn begin(&self) -> Result<UploadRef> {
        if let Some(upload) = self.state.lock().upload.clone() {
            return Ok(upload);
        }
        let upload = self.path.service.api.create_upload(&self.object, &self.attributes).await?;
        self.state.lock().upload = Some(upload.clone());
        Ok(upload)
    }

    async fn take_up(&self, upload_id: &str, kept: &SinkState) -> Result<()> {
        let ObjectRef { bucket, key, .. } = self.object.clone();
        let upload = UploadRef { bucket, key, id: upload_id.into() };
        let there = match self.path.service.api.list_parts(&upload).await {
            Ok(there) => there,
            Err(error) if error.kind == ErrorKind::NotFound => {
                return self.finished_before(kept, error).await;
            }
            Err(error) => return Err(error),
        };
        let mut state = self.state.lock();
        for record in &kept.parts {
            let number = self.number(record.offset);
            let same = |part: &&UploadedPart| {
                part.number == number && part.size == record.len && Some(part.etag.to_string()) == record.tag
            };
            if let Some(part) = there.iter().find(same) {
                state.parts.insert(record.offset, (part.clone(), record.crc64));
            }
        }
        state.upload = Some(upload);
        Ok(())
    }

    fn number(&self, offset: u64) -> u32 {
        u32::try_from(offset / self.part_size.max(1)).unwrap_or(u32::MAX - 1) + 1
    }

    /// Whether a part begins and ends where the layout has it.
    fn check_place(&self, offset: u64, len: u64) -> Result<()> {
        let size = self.size.unwrap_or(u64::MAX);
        let end = offset.saturating_add(self.part_size).min(size);
        if offset.is_multiple_of(self.part_size.max(1)) && offset.checked_add(len) == Some(end) {
            return Ok(());
        }
        let reason = format!("{len} bytes at {offset} are no part of a layout of {} bytes", self.part_size);
        Err(self.error(ErrorKind::Invalid, reason))
    }

    async fn send(&self, number: u32, offset: u64, payload: Payload) -> Result<()> {
        let upload = self.begin().await?;
        let crc64 = payload.crc64;
        let part = self.path.service.api.upload_part(&upload, number, payload).await?;
        self.state.lock().parts.insert(offset, (part, crc64));
        Ok(())
    }

    /// All that was written, if it is all.
    fn whole(&self) -> Result<Whole> {
        let mut state = self.state.lock();
        let Some(upload) = state.upload.clone() else {
            let held = state.held.get_or_insert_with(|| payload(bytes::Bytes::new())).clone();
            return self.complete(Whole::One(held));
        };
        let mut end = 0;
        let mut crc = crc64(b"");
        let mut parts = Vec::with_capacity(state.parts.len());
        for (offset, (part, crc64)) in &state.parts {
            if *offset != end {
                return Err(self.error(ErrorKind::Invalid, format!("bytes {end}..{offset} are missing")));
            }
            end += part.size;
            crc = combined(crc, *crc64, part.size);
            parts.push(part.clone());
        }
        self.complete(Whole::Parts(upload, parts, crc))
    }

    fn complete(&self, whole: Whole) -> Result<Whole> {
        match self.size {
            Some(size) if size != whole.size() => {
                let reason = format!("{} of {size} bytes were written", whole.size());
                Err(self.error(ErrorKind::Invalid, reason))
            }
            _ => Ok(whole),
        }
    }

    async fn finish(&self, whole: &Whole, precondition: &Precondition) -> Result<Written> {
        let api = &self.path.service.api;
        match whole {
            Whole::One(payload) => {
                api.put(&self.object, &self.attributes, payload.clone(), precondition).await
            }
            Whole::Parts(upload, parts, crc64) => {
                api.complete_upload(upload, parts, Some(*crc64), precondition).await
            }
        }
    }

    fn entry(&self, size: u64, tag: Option<Tag>) -> Entry {
        let mut entry = Entry::new(self.path.row_name(), Kind::File);
        entry.size = Some(size);
        entry.tag = tag;
        entry.class = self.attributes.class.clone().filter(|class| !class.is_standard());
        entry
    }
}

#[async_trait]
impl Sink for Upload {
    fn layout(&self) -> Layout {
        match self.size {
            None => Layout { part_size: self.part_size, parallel: 1 },
            Some(_) if self.goes_in_parts() => Layout { part_size: self.part_size, parallel: PARALLEL_PARTS },
            Some(_) => Layout { part_size: MULTIPART_FROM, parallel: 1 },
        }
    }

    async fn write_part(&self, offset: u64, len: u64, body: Body) -> Result<()> {
        let too_long = offset.checked_add(len).is_none_or(|end| end > self.size.unwrap_or(u64::MAX));
        if too_long {
            return Err(self.error(ErrorKind::Invalid, "a part beyond the end"));
        }
        let bytes = gathered(body, len, |kind, reason| self.error(kind, reason)).await?;
        if self.state.lock().done.is_some() {
            return Ok(());
        }
        if self.size.is_none() {
            return pipe::take(self, offset, bytes).await;
        }
        if !self.goes_in_parts() {
            if len != self.size.unwrap_or_default() {
                return Err(self.error(ErrorKind::Invalid, "an object of this size is written as one part"));
            }
            self.state.lock().held = Some(payload(bytes));
            return Ok(());
        }
        self.check_place(offset, len)?;
        self.send(self.number(offset), offset, payload(bytes)).await
    }

    fn dress(&self, _: &Attributes) {}

    fn keep(&self) {}

    fn state(&self) -> SinkState {
        let state = self.state.lock();
        let upload = state.upload.as_ref().map(|upload| &*upload.id).unwrap_or_default();
        let record = |(offset, (part, crc64)): (&u64, &(UploadedPart, u64))| PartRecord {
            offset: *offset,
            len: part.size,
            tag: Some(part.etag.to_string()),
            crc64: *crc64,
        };
        SinkState {
            id: format!("{}:{upload}", self.id),
            part_size: self.part_size,
            size: self.size,
            parts: state.parts.iter().map(record).collect(),
        }
    }

    async fn commit(&self, precondition: Precondition) -> Result<Placed> {
        if let Some(entry) = self.state.lock().done.clone() {
            return Ok(Placed::by_size(entry));
        }
        pipe::drain(self).await?;
        let whole = self.whole()?;
        // From here on the outcome is open until an answer settles it, also if this call is dropped.
        let doubted = std::mem::replace(&mut self.state.lock().doubt, true);
        let entry = match self.finish(&whole, &precondition).await {
            Ok(written) => self.verified(&whole, &written)?,
            Err(error) => self.settled(&whole, &precondition, error, doubted).await?,
        };
        self.state.lock().done = Some(entry.clone());
        Ok(Placed::by_size(entry))
    }

    async fn abort(&self) -> Result<()> {
        let upload = {
            let mut state = self.state.lock();
            state.held = None;
            if state.done.is_some() { None } else { state.upload.clone() }
        };
        let Some(upload) = upload else { return Ok(()) };
        match self.path.service.api.abort_upload(&upload).await {
            Err(error) if error.kind != ErrorKind::NotFound => Err(error),
            _ => {
                self.state.lock().upload = None;
                Ok(())
            }
        }
    }
}
