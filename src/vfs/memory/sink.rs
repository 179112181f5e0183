//! A write under way in memory: [`MemorySink`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::StreamExt;

use super::model::Upload;
use super::{Flavour, Memory};
use crate::model::{ErrorKind, Op, Result, Uri, VfsError};
use crate::vfs::{Attributes, Body, CreateHint, Layout, PartRecord, Placed, Precondition, Sink, SinkState};

#[derive(Debug)]
pub(super) struct MemorySink {
    memory: Arc<Memory>,
    uri: Uri,
    key: Vec<u8>,
    id: String,
    layout: Layout,
    kept: AtomicBool,
}

impl MemorySink {
    pub fn begin(memory: &Arc<Memory>, uri: &Uri, key: &[u8], hint: CreateHint, part_size: u64) -> Self {
        let mut model = memory.model.lock();
        let id = format!("upload-{}", model.next());
        let upload = Upload { size: hint.size, attributes: hint.attributes, parts: BTreeMap::new() };
        model.uploads.insert(id.clone(), upload);
        drop(model);
        Self::new(memory, uri, key, id, part_size, hint.size)
    }

    pub fn resume(memory: &Arc<Memory>, uri: &Uri, key: &[u8], state: &SinkState) -> Result<Self> {
        if !memory.model.lock().uploads.contains_key(&state.id) {
            let reason = "no such write is under way";
            return Err(VfsError::new(Op::Write, uri.clone(), ErrorKind::NotFound, reason));
        }
        Ok(Self::new(memory, uri, key, state.id.clone(), state.part_size, state.size))
    }

    fn new(
        memory: &Arc<Memory>,
        uri: &Uri,
        key: &[u8],
        id: String,
        part_size: u64,
        size: Option<u64>,
    ) -> Self {
        let layout = Layout { part_size, parallel: if size.is_some() { 8 } else { 1 } };
        Self {
            memory: memory.clone(),
            uri: uri.clone(),
            key: key.to_vec(),
            id,
            layout,
            kept: AtomicBool::new(false),
        }
    }

    fn fail(&self, kind: ErrorKind, reason: &str) -> VfsError {
        VfsError::new(Op::Write, self.uri.clone(), kind, reason)
    }
}

/// The parts as one, if they follow each other without a gap and are as long as was said.
fn assemble(upload: &Upload) -> Option<Bytes> {
    let mut whole = BytesMut::new();
    for (offset, part) in &upload.parts {
        if *offset != whole.len() as u64 {
            return None;
        }
        whole.extend_from_slice(part);
    }
    upload.size.is_none_or(|size| size == whole.len() as u64).then(|| whole.freeze())
}

#[async_trait]
impl Sink for MemorySink {
    fn layout(&self) -> Layout {
        self.layout
    }

    async fn write_part(&self, offset: u64, len: u64, mut body: Body) -> Result<()> {
        let mut part = BytesMut::new();
        while let Some(chunk) = body.next().await {
            part.extend_from_slice(&chunk?);
        }
        if part.len() as u64 != len {
            return Err(self.fail(ErrorKind::Corrupt, "the part isn't as long as was said"));
        }
        match self.memory.model.lock().uploads.get_mut(&self.id) {
            Some(upload) => upload.parts.insert(offset, part.freeze()),
            None => return Err(self.fail(ErrorKind::NotFound, "this write is over")),
        };
        Ok(())
    }

    fn dress(&self, attributes: &Attributes) {
        if let Some(upload) = self.memory.model.lock().uploads.get_mut(&self.id) {
            let modified = attributes.modified.or(upload.attributes.modified);
            upload.attributes = Attributes { modified, ..upload.attributes.clone() };
        }
    }

    fn keep(&self) {
        self.kept.store(true, Ordering::Release);
    }

    fn state(&self) -> SinkState {
        let model = self.memory.model.lock();
        let upload = model.uploads.get(&self.id);
        let record = |(offset, part): (&u64, &Bytes)| PartRecord {
            offset: *offset,
            len: part.len() as u64,
            tag: None,
            crc64: crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, part),
        };
        SinkState {
            id: self.id.clone(),
            part_size: self.layout.part_size,
            size: upload.and_then(|upload| upload.size),
            parts: upload.map(|upload| upload.parts.iter().map(record).collect()).unwrap_or_default(),
        }
    }

    async fn commit(&self, precondition: Precondition) -> Result<Placed> {
        let mut model = self.memory.model.lock();
        let upload = model.uploads.get(&self.id);
        let upload = upload.ok_or_else(|| self.fail(ErrorKind::NotFound, "this write is over"))?;
        let incomplete = || self.fail(ErrorKind::Corrupt, "not all of its bytes were written");
        let (bytes, attributes) = (assemble(upload).ok_or_else(incomplete)?, upload.attributes.clone());
        let entry = model
            .put(&self.key, bytes, attributes, &precondition)
            .map_err(|(kind, reason)| self.fail(kind, reason))?;
        model.uploads.remove(&self.id);
        Ok(Placed::by_size(entry))
    }

    async fn abort(&self) -> Result<()> {
        self.memory.model.lock().uploads.remove(&self.id);
        Ok(())
    }
}

impl Drop for MemorySink {
    /// As a temporary file goes with its sink, while an upload stays open until somebody aborts it.
    fn drop(&mut self) {
        if self.memory.flavour == Flavour::Disk && !self.kept.load(Ordering::Acquire) {
            self.memory.model.lock().uploads.remove(&self.id);
        }
    }
}
