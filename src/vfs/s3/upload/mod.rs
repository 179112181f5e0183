//! How an object is written: [`Upload`], the [`Sink`] of S3.
//!
//! - Below 16 MiB the bytes are held and go up by one PUT; from there on in parts.
//! - Each object carries an id of its own in its metadata. When the answer to a PUT or a completion is lost,
//!   the object that is there now is asked for it: so a success is known as one, and nobody else's is taken
//!   for it ([`settle`]).
//! - The checksum of the whole is combined from those of its parts and sent along for the service to check,
//!   where the connection's mode allows it; else each request carries its MD5. What came back says how the
//!   object was verified ([`proof`]).
//! - The state that a journal keeps is `id:upload id`; [`resume`] goes on from it.
//! - A copy on the service above what one request takes is an upload whose parts are copied ([`copied`]).

mod copied;
mod dress;
mod pipe;
mod proof;
mod resume;
mod settle;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use self::pipe::Pipe;
use self::proof::{Sent, Whole};
use super::api::{ObjectRef, Payload, UploadRef, UploadedPart, Written};
use super::checksum::{gathered, payload};
use super::fetch;
use super::limits::{MULTIPART_FROM, PARALLEL_COPIES, PARALLEL_PARTS, parts_from};
use super::path::S3Path;
use crate::model::{Entry, ErrorKind, Head, Kind, Op, Result, Tag, VfsError};
use crate::vfs::{
    Attributes, Body, CreateHint, Layout, PartRecord, Placed, Precondition, Sink, SinkState, VfsPath,
};

pub(super) use self::dress::check_tags;
pub(super) use self::resume::resume;

/// An object on its way.
#[derive(Debug)]
struct Upload {
    path: S3Path,
    object: ObjectRef,
    /// What it is to carry, as far as callers said.
    given: Mutex<Attributes>,
    size: Option<u64>,
    part_size: u64,
    in_parts: bool,
    /// Whether its parts are copied on the service.
    copies: bool,
    id: String,
    state: Mutex<State>,
    pipe: tokio::sync::Mutex<Pipe>,
    /// What the parts are copied from, looked at before the first of them.
    source: OnceCell<Arc<Head>>,
}

#[derive(Debug, Default)]
struct State {
    /// The bytes of an object that goes up by one PUT.
    held: Option<Payload>,
    upload: Option<UploadRef>,
    /// What the service has, by offset.
    parts: BTreeMap<u64, Sent>,
    /// What the service has besides, and nobody here knows of.
    unproven: BTreeMap<u64, UploadedPart>,
    /// Whether a PUT or a completion was sent whose outcome nobody knows.
    doubt: bool,
    done: Option<Placed>,
}

impl Sent {
    fn record(&self, offset: u64) -> PartRecord {
        PartRecord {
            offset,
            len: self.part.size,
            tag: Some(self.part.etag.to_string()),
            crc64: self.crc64.unwrap_or_default(),
        }
    }
}

/// Begins an upload. One in parts exists at the service from here on; a dropped call may leave it there.
pub(super) async fn create(path: &S3Path, hint: CreateHint) -> Result<Box<dyn Sink>> {
    let upload = Upload::new(path, &hint, new_id(hint.job))?;
    if upload.in_parts {
        upload.begin().await?;
    }
    Ok(Box::new(upload))
}

/// Names a write. It begins with the tag of its job, so that a job that goes on knows what it has put.
fn new_id(job: Option<u32>) -> String {
    let job = job.unwrap_or_else(|| fastrand::u32(..));
    format!("{job:08x}{:024x}", fastrand::u128(..) >> 32)
}

impl Upload {
    fn new(path: &S3Path, hint: &CreateHint, id: String) -> Result<Self> {
        let object = path.object(Op::Create)?;
        let (limits, size) = (path.service.limits, hint.size.unwrap_or_default());
        let large = || hint.copies.then(|| limits.copy_part(size));
        let part_size = limits
            .part_size(size, hint.part_size.or_else(large))
            .map_err(|beyond| path.error(Op::Create, ErrorKind::Invalid, beyond.to_string()))?;
        let from = if hint.copies { 1 } else { parts_from(hint.part_size) };
        Ok(Self {
            path: path.clone(),
            object,
            given: Mutex::new(hint.attributes.clone()),
            size: hint.size,
            part_size,
            in_parts: hint.size.is_some_and(|size| size >= from),
            copies: hint.copies,
            id,
            state: Mutex::default(),
            pipe: tokio::sync::Mutex::default(),
            source: OnceCell::new(),
        })
    }

    fn error(&self, kind: ErrorKind, reason: impl Into<Arc<str>>) -> VfsError {
        self.path.error(Op::Write, kind, reason)
    }

    async fn begin(&self) -> Result<UploadRef> {
        if let Some(upload) = self.state.lock().upload.clone() {
            return Ok(upload);
        }
        let carried = self.carried(&[])?;
        let upload = self.path.service.api.create_upload(&self.object, &carried).await?;
        self.state.lock().upload = Some(upload.clone());
        Ok(upload)
    }

    fn number(&self, offset: u64) -> u32 {
        u32::try_from(offset / self.part_size.max(1)).unwrap_or(u32::MAX - 1) + 1
    }

    /// Where a part lies in the layout, if it does.
    fn place_of(&self, number: u32) -> Option<Range<u64>> {
        let from = u64::from(number.checked_sub(1)?).checked_mul(self.part_size)?;
        let size = self.size.filter(|size| from < *size)?;
        Some(from..from.saturating_add(self.part_size).min(size))
    }

    /// Whether a part begins and ends where the layout has it.
    fn check_place(&self, offset: u64, len: u64) -> Result<()> {
        let fits = offset.is_multiple_of(self.part_size.max(1));
        if fits && self.place_of(self.number(offset)) == Some(offset..offset.saturating_add(len)) {
            return Ok(());
        }
        let reason = format!("{len} bytes at {offset} are no part of a layout of {} bytes", self.part_size);
        Err(self.error(ErrorKind::Invalid, reason))
    }

    async fn send(&self, number: u32, offset: u64, payload: Payload) -> Result<()> {
        let upload = self.begin().await?;
        let part = self.path.service.api.upload_part(&upload, number, payload.clone()).await?;
        let sent = self.compared(part, &payload)?;
        self.state.lock().parts.insert(offset, sent);
        Ok(())
    }

    async fn finish(&self, whole: &Whole, precondition: &Precondition) -> Result<Written> {
        let api = &self.path.service.api;
        match whole {
            Whole::One(payload) => {
                let carried = self.carried(&payload.bytes)?;
                api.put(&self.object, &carried, payload.clone(), precondition).await
            }
            Whole::Parts(upload, sent, crc64) => {
                let parts: Vec<_> = sent.iter().map(|sent| sent.part.clone()).collect();
                api.complete_upload(upload, &parts, *crc64, precondition).await
            }
        }
    }

    fn entry(&self, size: u64, tag: Option<Tag>) -> Entry {
        let mut entry = Entry::new(self.path.row_name(), Kind::File);
        entry.size = Some(size);
        entry.tag = tag;
        entry.class = self.class().filter(|class| !class.is_standard());
        entry
    }
}

#[async_trait]
impl Sink for Upload {
    fn layout(&self) -> Layout {
        let parallel = if self.copies { PARALLEL_COPIES } else { PARALLEL_PARTS };
        match self.size {
            None => Layout { part_size: self.part_size, parallel: 1 },
            Some(_) if self.in_parts => Layout { part_size: self.part_size, parallel },
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
        if !self.in_parts {
            if len != self.size.unwrap_or_default() {
                return Err(self.error(ErrorKind::Invalid, "an object of this size is written as one part"));
            }
            self.state.lock().held = Some(payload(bytes));
            return Ok(());
        }
        self.check_place(offset, len)?;
        self.send(self.number(offset), offset, payload(bytes)).await
    }

    async fn copy_part(
        &self,
        from: &dyn VfsPath,
        source: &Precondition,
        offset: u64,
        len: u64,
    ) -> Result<bool> {
        self.copied(from, source, offset, len).await
    }

    fn unproven(&self) -> Vec<Range<u64>> {
        let state = self.state.lock();
        state.unproven.values().filter_map(|part| self.place_of(part.number)).collect()
    }

    async fn prove(&self, offset: u64, body: Body) -> Result<bool> {
        self.proven(offset, body).await
    }

    fn dress(&self, attributes: &Attributes) {
        let mut given = self.given.lock();
        *given = std::mem::take(&mut *given).or(attributes);
    }

    fn keep(&self) {}

    fn is_complete(&self) -> bool {
        self.state.lock().done.is_some()
    }

    fn part(&self, offset: u64) -> Option<PartRecord> {
        self.state.lock().parts.get(&offset).map(|sent| sent.record(offset))
    }

    fn state(&self) -> SinkState {
        let state = self.state.lock();
        let upload = state.upload.as_ref().map(|upload| &*upload.id).unwrap_or_default();
        SinkState {
            id: format!("{}:{upload}", self.id),
            part_size: self.part_size,
            size: self.size,
            parts: state.parts.iter().map(|(offset, sent)| sent.record(*offset)).collect(),
        }
    }

    async fn commit(&self, precondition: Precondition) -> Result<Placed> {
        if let Some(placed) = self.state.lock().done.clone() {
            return Ok(placed);
        }
        pipe::drain(self).await?;
        let whole = self.whole()?;
        if self.copies {
            self.path.still_bound(Op::Copy, &precondition).await?;
        }
        // From here on the outcome is open until an answer settles it, also if this call is dropped.
        let doubted = std::mem::replace(&mut self.state.lock().doubt, true);
        let object = self.path.object(Op::Write)?;
        let ticket = fetch::ticket(&self.path, &object.bucket, &object.key);
        let placed = match self.finish(&whole, &precondition).await {
            Ok(written) => self.verified(&whole, &written)?,
            Err(error) => self.settled(&whole, &precondition, error, doubted).await?,
        };
        self.state.lock().done = Some(placed.clone());
        if let Whole::One(payload) = &whole
            && let Ok(carried) = self.carried(&payload.bytes)
        {
            fetch::keep_sent(&self.path, &placed, carried, &payload.bytes, ticket).await;
        }
        Ok(placed)
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
