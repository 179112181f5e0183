//! A file being written: [`LocalSink`].

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use futures::stream::StreamExt;
use parking_lot::Mutex;

use super::dress::Dress;
use super::place::Place;
use super::read::read_full;
use super::row;
use super::run::off_loop;
use super::temp::Temp;
use crate::model::{ErrorKind, Op, Result, Uri, VfsError};
use crate::vfs::{Attributes, Body, CreateHint, Layout, PartRecord, Placed, Precondition, Sink, SinkState};

/// The size of a part, unless the caller insists on another.
const PART: u64 = 8 << 20;

/// Bytes that are gathered before they are handed to a blocking thread.
const GATHER: usize = 1 << 20;

/// Parts at once.
const PARALLEL: usize = 8;

/// A file being written.
#[derive(Debug)]
pub(super) struct LocalSink {
    uri: Uri,
    temp: Arc<Temp>,
    layout: Layout,
    size: Option<u64>,
    dress: Mutex<Dress>,
    parts: Mutex<BTreeMap<u64, PartRecord>>,
}

impl LocalSink {
    pub async fn create(place: Place, uri: Uri, hint: CreateHint) -> Result<Self> {
        let (size, job) = (hint.size, hint.job);
        let temp = off_loop(Op::Create, &uri, move || Temp::create(place.spot()?, size, job)).await?;
        let part_size = hint.part_size.unwrap_or(PART).max(1);
        Ok(Self::new(uri, temp, part_size, size, &hint.attributes, BTreeMap::new()))
    }

    /// Goes on with what is on the disk: each part counts if it still has its checksum.
    pub async fn resume(place: Place, uri: Uri, state: SinkState, hint: &CreateHint) -> Result<Self> {
        let SinkState { id, part_size, size, parts } = state;
        let reopen = move || {
            let temp = Temp::reopen(place.spot()?, &id)?;
            let good = good_parts(&temp, parts)?;
            Ok((temp, good))
        };
        let (temp, good) = off_loop(Op::Write, &uri, reopen).await?;
        Ok(Self::new(uri, temp, part_size, size, &hint.attributes, good))
    }

    fn new(
        uri: Uri,
        temp: Temp,
        part_size: u64,
        size: Option<u64>,
        attributes: &Attributes,
        parts: BTreeMap<u64, PartRecord>,
    ) -> Self {
        let parallel = if size.is_some() { PARALLEL } else { 1 };
        let dress = Dress::of(attributes);
        let layout = Layout { part_size, parallel };
        Self { uri, temp: Arc::new(temp), layout, size, dress: Mutex::new(dress), parts: Mutex::new(parts) }
    }

    fn fail(&self, reason: String) -> VfsError {
        VfsError::new(Op::Write, self.uri.clone(), ErrorKind::Corrupt, reason)
    }

    /// Writes what was gathered, and goes on with its checksum.
    async fn write(&self, chunks: Vec<Bytes>, at: u64, crc: Box<Digest>) -> Result<Box<Digest>> {
        let temp = self.temp.clone();
        off_loop(Op::Write, &self.uri, move || write_all(&temp, &chunks, at, crc)).await
    }

    /// That parts follow each other from the first byte to the last.
    fn check_whole(&self) -> Result<()> {
        let parts = self.parts.lock();
        let mut end = 0;
        for part in parts.values() {
            if part.offset != end {
                return Err(self.fail(format!("the bytes from {end} to {} were never written", part.offset)));
            }
            end += part.len;
        }
        match self.size {
            Some(size) if size != end => Err(self.fail(format!("{end} of {size} bytes were written"))),
            _ => Ok(()),
        }
    }
}

fn write_all(temp: &Temp, chunks: &[Bytes], mut at: u64, mut crc: Box<Digest>) -> io::Result<Box<Digest>> {
    for chunk in chunks {
        temp.file.write_all_at(chunk, at)?;
        crc.update(chunk);
        at += chunk.len() as u64;
    }
    Ok(crc)
}

fn good_parts(temp: &Temp, parts: Vec<PartRecord>) -> io::Result<BTreeMap<u64, PartRecord>> {
    let mut good = BTreeMap::new();
    for part in parts {
        if checksum(temp, part.offset, part.len)? == Some(part.crc64) {
            good.insert(part.offset, part);
        }
    }
    Ok(good)
}

/// The checksum of what is on the disk; `None` where the file is too short.
fn checksum(temp: &Temp, mut at: u64, len: u64) -> io::Result<Option<u64>> {
    let mut crc = Digest::new(CrcAlgorithm::Crc64Nvme);
    let mut buffer = vec![0; GATHER];
    let end = at + len;
    while at < end {
        let want = (end - at).min(GATHER as u64) as usize;
        if read_full(&temp.file, &mut buffer[..want], at)? < want {
            return Ok(None);
        }
        crc.update(&buffer[..want]);
        at += want as u64;
    }
    Ok(Some(crc.finalize()))
}

#[async_trait]
impl Sink for LocalSink {
    fn layout(&self) -> Layout {
        self.layout
    }

    async fn write_part(&self, offset: u64, len: u64, mut body: Body) -> Result<()> {
        // What was there is void from the first byte that replaces it.
        self.parts.lock().remove(&offset);
        let mut crc = Box::new(Digest::new(CrcAlgorithm::Crc64Nvme));
        let (mut done, mut gathered, mut chunks) = (0, 0, Vec::new());
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            gathered += chunk.len();
            if done + gathered as u64 > len {
                return Err(self.fail(format!("more than the {len} bytes of the part at {offset} arrived")));
            }
            chunks.push(chunk);
            if gathered >= GATHER {
                crc = self.write(std::mem::take(&mut chunks), offset + done, crc).await?;
                done += std::mem::take(&mut gathered) as u64;
            }
        }
        crc = self.write(chunks, offset + done, crc).await?;
        done += gathered as u64;
        if done != len {
            return Err(self.fail(format!("{done} of the {len} bytes of the part at {offset} arrived")));
        }
        // A part that is the whole is flushed by `commit`, at once and only once.
        if self.size != Some(len) {
            let temp = self.temp.clone();
            off_loop(Op::Write, &self.uri, move || temp.file.sync_data()).await?;
        }
        self.parts.lock().insert(offset, PartRecord { offset, len, tag: None, crc64: crc.finalize() });
        Ok(())
    }

    fn dress(&self, attributes: &Attributes) {
        self.dress.lock().add(attributes);
    }

    fn keep(&self) {
        self.temp.keep();
    }

    fn state(&self) -> SinkState {
        SinkState {
            id: self.temp.name().to_string_lossy().into_owned(),
            part_size: self.layout.part_size,
            size: self.size,
            parts: self.parts.lock().values().cloned().collect(),
        }
    }

    async fn commit(&self, precondition: Precondition) -> Result<Placed> {
        self.check_whole()?;
        let (temp, dress) = (self.temp.clone(), *self.dress.lock());
        let finish = move || {
            temp.finish(dress)?;
            let stat = temp.publish(&precondition)?;
            let target = temp.target();
            Ok(row::row(&target.dir, &target.name, row::name_of(&target.name), &stat))
        };
        off_loop(Op::Write, &self.uri, finish).await.map(Placed::by_size)
    }

    async fn abort(&self) -> Result<()> {
        let temp = self.temp.clone();
        off_loop(Op::Write, &self.uri, move || temp.remove()).await
    }
}
