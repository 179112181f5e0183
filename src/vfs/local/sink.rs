//! A file being written: [`LocalSink`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use futures::stream::StreamExt;
use parking_lot::Mutex;
use rustix::fs::Stat;

use super::batch::{self, Ready, SMALL};
use super::copy;
use super::dress::Dress;
use super::finished;
use super::flush::Flusher;
use super::place::Place;
use super::read::read_full;
use super::row;
use super::run::{failure, off_loop, run};
use super::temp::Temp;
use crate::cache::disk::Lent;
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
    flusher: Flusher,
    /// Whether nothing waits for the disk.
    no_flush: bool,
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
        Ok(Self::new(uri, temp, part_size, &hint, BTreeMap::new()))
    }

    /// Goes on with what is on the disk: each part counts if it still has its checksum.
    pub async fn resume(place: Place, uri: Uri, state: SinkState, hint: CreateHint) -> Result<Box<dyn Sink>> {
        let at = uri.clone();
        off_loop(Op::Write, &at, move || reopen(&place, uri, state, hint)).await
    }

    fn new(
        uri: Uri,
        temp: Temp,
        part_size: u64,
        hint: &CreateHint,
        parts: BTreeMap<u64, PartRecord>,
    ) -> Self {
        let parallel = if hint.size.is_some() { PARALLEL } else { 1 };
        let temp = Arc::new(temp);
        Self {
            uri,
            flusher: Flusher::new(temp.clone()),
            temp,
            no_flush: hint.no_flush,
            layout: Layout { part_size, parallel },
            size: hint.size,
            dress: Mutex::new(Dress::of(&hint.attributes)),
            parts: Mutex::new(parts),
        }
    }

    fn fail(&self, reason: String) -> VfsError {
        VfsError::new(Op::Write, self.uri.clone(), ErrorKind::Corrupt, reason)
    }

    /// Writes what was gathered, and goes on with its checksum.
    async fn write(&self, chunks: Vec<Bytes>, at: u64, crc: Box<Digest>) -> Result<Box<Digest>> {
        let temp = self.temp.clone();
        off_loop(Op::Write, &self.uri, move || write_all(&temp, &chunks, at, crc)).await
    }

    /// A part that is the whole is flushed by `commit`, at once and only once.
    async fn flush_part(&self, len: u64) -> Result<()> {
        if self.size == Some(len) || self.no_flush {
            return Ok(());
        }
        self.flusher.flush().await.map_err(|error| failure(Op::Write, &self.uri, error))
    }

    /// That parts follow each other from the first byte to the last. Gives how many they are, and the size.
    fn check_whole(&self) -> Result<(usize, u64)> {
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
            _ => Ok((parts.len(), end)),
        }
    }

    fn dress_of(&self, end: u64) -> Dress {
        Dress { size: Some(end), ..*self.dress.lock() }
    }

    /// Names a large file, which no other has to wait for.
    async fn commit_alone(&self, ready: Ready) -> io::Result<Stat> {
        let ready = run(move || ready.temp.prepare(ready.dress).map(|()| ready)).await?;
        if !self.no_flush {
            self.flusher.flush().await?;
        }
        let no_flush = self.no_flush;
        run(move || ready.name(no_flush)).await
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

/// Copies a part from a file of the cache, and gives its checksum where what arrived is right.
fn copy_held(temp: &Temp, offset: u64, len: u64, held: &Lent) -> Option<u64> {
    let from = held.open().ok()?;
    if !copy::range_by_kernel(&from, &temp.file, offset, offset + len) {
        return None;
    }
    let (mut at, mut crc) = (offset, Digest::new(CrcAlgorithm::Crc64Nvme));
    for piece in held.pieces() {
        let mut bytes = vec![0; piece.len as usize];
        temp.file.read_exact_at(&mut bytes, piece.start).ok()?;
        if piece.start != at || !held.is_right(piece, &bytes) {
            return None;
        }
        crc.update(&bytes);
        at = piece.end();
    }
    (at == offset + len).then(|| crc.finalize())
}

fn reopen(place: &Place, uri: Uri, state: SinkState, hint: CreateHint) -> io::Result<Box<dyn Sink>> {
    let temp = match Temp::reopen(place.spot()?, &state.id, state.size) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let finished = finished::find(&place.spot()?, &uri, &state)?;
            return finished.map_or(Err(error), |finished| Ok(Box::new(finished) as Box<dyn Sink>));
        }
        temp => temp?,
    };
    let good = match good_parts(&temp.file, state.parts) {
        Ok(good) => good,
        // Maybe it can be read later: the parts are worth more than this attempt.
        Err(error) => {
            temp.keep();
            return Err(error);
        }
    };
    let hint = CreateHint { size: state.size, ..hint };
    Ok(Box::new(LocalSink::new(uri, temp, state.part_size, &hint, good)))
}

/// Those of the parts that are on the disk as they were recorded.
pub(super) fn good_parts(file: &File, parts: Vec<PartRecord>) -> io::Result<BTreeMap<u64, PartRecord>> {
    let mut good = BTreeMap::new();
    for part in parts {
        if checksum(file, part.offset, part.len)? == Some(part.crc64) {
            good.insert(part.offset, part);
        }
    }
    Ok(good)
}

/// The checksum of what is on the disk; `None` where the file is too short.
fn checksum(file: &File, mut at: u64, len: u64) -> io::Result<Option<u64>> {
    let mut crc = Digest::new(CrcAlgorithm::Crc64Nvme);
    let mut buffer = vec![0; GATHER];
    let Some(end) = at.checked_add(len) else { return Ok(None) };
    while at < end {
        let want = (end - at).min(GATHER as u64) as usize;
        if read_full(file, &mut buffer[..want], at)? < want {
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
        self.flush_part(len).await?;
        self.parts.lock().insert(offset, PartRecord { offset, len, tag: None, crc64: crc.finalize() });
        Ok(())
    }

    async fn copy_held(&self, offset: u64, len: u64, held: Box<Lent>) -> Result<bool> {
        self.parts.lock().remove(&offset);
        let temp = self.temp.clone();
        let copy = move || Ok(copy_held(&temp, offset, len, &held));
        let Some(crc64) = off_loop(Op::Write, &self.uri, copy).await? else { return Ok(false) };
        self.flush_part(len).await?;
        self.parts.lock().insert(offset, PartRecord { offset, len, tag: None, crc64 });
        Ok(true)
    }

    fn file(&self) -> Option<File> {
        self.temp.file.try_clone().ok()
    }

    fn dress(&self, attributes: &Attributes) {
        self.dress.lock().add(attributes);
    }

    fn keep(&self) {
        self.temp.keep();
    }

    fn part(&self, offset: u64) -> Option<PartRecord> {
        self.parts.lock().get(&offset).cloned()
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
        let (parts, end) = self.check_whole()?;
        let ready = Ready { temp: self.temp.clone(), dress: self.dress_of(end), precondition };
        let together = parts <= 1 && end <= SMALL && self.size.is_some() && !self.no_flush;
        let committed = if together { batch::commit(ready).await } else { self.commit_alone(ready).await };
        let stat = committed.map_err(|error| failure(Op::Write, &self.uri, error))?;
        let target = self.temp.target();
        Ok(Placed::by_size(row::row(&target.dir, &target.name, row::name_of(&target.name), &stat)))
    }

    async fn abort(&self) -> Result<()> {
        let temp = self.temp.clone();
        off_loop(Op::Write, &self.uri, move || temp.remove()).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cache::disk::{About, Bounds, Cabinet, FileName, Shelf};
    use crate::config::Eviction;
    use crate::vfs::local::LocalPath;

    const MIB: u64 = 1 << 20;
    const SIZE: u64 = 3 * MIB + 5;

    fn shelf(dir: &std::path::Path) -> Shelf {
        let bounds = Bounds {
            max_size: 64 * MIB,
            max_entries: 10,
            max_age: Duration::from_hours(1),
            eviction: Eviction::Lru,
            interval: Duration::from_hours(1),
            compress: false,
        };
        Cabinet::new(Some(dir.join("state"))).shelf("objects", dir.join("cache"), bounds, None)
    }

    fn about() -> About {
        let text = || "k".into();
        About {
            name: FileName::of(&[b"k"]),
            connection: text(),
            endpoint: text(),
            bucket: text(),
            key: text(),
            version: None,
            tag: text(),
            size: SIZE,
            head: None,
        }
    }

    #[tokio::test]
    async fn what_is_held_is_copied_by_the_kernel_and_checked_where_it_went() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = shelf(dir.path());
        let content = Bytes::from((0..SIZE).map(|at| ((at * at) >> 5) as u8).collect::<Vec<_>>());
        let mut fill = shelf.fill(about(), None);
        fill.push(&content).await;
        assert!(fill.finish().await);
        let target = LocalPath::at(dir.path().join("copy"));
        let hint = CreateHint { size: Some(SIZE), part_size: Some(2 * MIB), ..CreateHint::default() };
        let sink = target.create(hint).await.unwrap();
        let lent = |range: std::ops::Range<u64>| {
            let shelf = shelf.clone();
            async move {
                let held = shelf.find(about().name, range.clone()).await.unwrap();
                Box::new(shelf.lend(&held, &range).unwrap())
            }
        };
        assert!(sink.copy_held(0, 2 * MIB, lent(0..2 * MIB).await).await.unwrap());
        let file = std::fs::File::options().write(true).open(shelf.dir().join(about().name.path())).unwrap();
        file.write_all_at(b"damage", 2 * MIB + 9).unwrap();
        assert!(!sink.copy_held(2 * MIB, MIB + 5, lent(2 * MIB..SIZE).await).await.unwrap());
        assert!(sink.part(2 * MIB).is_none() && sink.commit(Precondition::Absent).await.is_err());
        file.write_all_at(&content[2 * MIB as usize..], 2 * MIB).unwrap();
        assert!(sink.copy_held(2 * MIB, MIB + 5, lent(2 * MIB..SIZE).await).await.unwrap());
        let mut crc = Digest::new(CrcAlgorithm::Crc64Nvme);
        crc.update(&content[2 * MIB as usize..]);
        assert_eq!(sink.part(2 * MIB).unwrap().crc64, crc.finalize(), "the journal can hold it");
        sink.commit(Precondition::Absent).await.unwrap();
        assert!(std::fs::read(dir.path().join("copy")).unwrap() == content);
    }
}
