//! The bytes of what is viewed, by ranges: [`Source`], and for decoders that want a file: [`Cursor`].

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use humansize::{DECIMAL, format_size};
use lru::LruCache;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::model::archive::ArchiveUri;
use crate::model::{Entry, ErrorKind, Freshness, Kind, Op, Result, Tag, VfsError};
use crate::vfs::{DynPath, Fetch, Precondition};

/// What is asked for at a time at least: an object's first screen is one request of this size.
pub const BLOCK: u64 = 64 << 10;

/// The most that is read of a file that tells no size, as those of `/proc` do.
const MOST_UNTOLD: usize = 4 << 20;

/// The blocks that are held in memory: 16 MiB.
const HELD: usize = 256;

/// A file or an object, read by ranges. What was read a moment ago is still here.
#[derive(Debug)]
pub struct Source {
    path: DynPath,
    entry: Entry,
    fetch: Fetch,
    size: AtomicU64,
    /// How far it may be read, where that isn't to its end.
    reach: Option<u64>,
    blocks: Mutex<LruCache<u64, Bytes>>,
    /// All of it, where the file tells no size.
    untold: Option<Bytes>,
    read: AtomicU64,
    /// What told this content from another when it was looked at last.
    tag: Mutex<Option<Tag>>,
}

/// What became of a file or an object since it was looked at last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Same,
    /// It is the same file, and longer.
    Grew,
    /// It has other content, or is another file: what was read of it is void.
    Replaced,
}

impl Source {
    /// A source on what a listing showed. Asks only where the row tells no size, or is a link.
    pub async fn open(path: DynPath, entry: Entry) -> Result<Self> {
        let path = if entry.link.is_some() { path.follow().await? } else { path };
        // A look at a local file is cheap, and its row may be old.
        let known = path.caps().metered && entry.link.is_none() && entry.size.is_some();
        let entry = if known { entry } else { path.stat(Freshness::Cached).await? };
        if entry.kind != Kind::File {
            let reason = "only files and objects can be viewed, not directories, pipes or devices";
            return Err(VfsError::new(Op::Read, path.uri().clone(), ErrorKind::Unsupported, reason));
        }
        let mut fetch = Fetch::view(entry.clone());
        if !path.caps().metered {
            // A local file may grow while it is watched.
            fetch.entry = None;
        }
        let untold = if entry.size == Some(0) { untold(&path).await } else { None };
        let size = untold.as_ref().map(|bytes| bytes.len() as u64).or(entry.size).unwrap_or_default();
        let reach = path.reach().await?;
        let size = AtomicU64::new(size.min(reach.unwrap_or(u64::MAX)));
        let blocks = Mutex::new(LruCache::new(HELD.try_into().expect("it isn't zero")));
        let tag = Mutex::new(entry.tag.clone());
        Ok(Self { path, entry, fetch, size, reach, blocks, untold, read: AtomicU64::new(0), tag })
    }

    /// Where it is; of a link, where that leads.
    pub fn path(&self) -> &DynPath {
        &self.path
    }

    /// Its row as it was when this was opened.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Its size in bytes as far as it is known, or how far it may be looked at.
    pub fn len(&self) -> u64 {
        self.size.load(Ordering::Relaxed)
    }

    /// The size of all of it as it is now, where only its beginning may be looked at, too.
    pub fn size(&self) -> Option<u64> {
        if self.reach.is_some() { self.entry.size } else { Some(self.len()) }
    }

    /// What to tell where only its beginning may be looked at. Escaped.
    pub fn cut(&self) -> Option<String> {
        let (reach, whole) = (self.reach?, self.entry.size.unwrap_or_default());
        let [reach, whole] =
            [reach, whole].map(|bytes| format_size(bytes, DECIMAL.decimal_places(1).decimal_zeroes(0)));
        Some(format!(
            "it is packed: only the first {reach} of {whole} are shown; copy it out to see the rest"
        ))
    }

    /// Whether there is no byte in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes that were asked of the backend so far.
    pub fn asked(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Whether each request costs money and a round trip.
    pub fn metered(&self) -> bool {
        let inside = |at: &ArchiveUri| at.outer.as_s3().is_some();
        self.path.caps().metered || self.path.uri().as_archive().is_some_and(inside)
    }

    /// Whether its row tells enough to know this content by. Files that tell no size change without a trace.
    pub fn is_told(&self) -> bool {
        self.untold.is_none()
    }

    /// Looks what became of it, past any cache: for what grows. Of what was replaced nothing more can be read
    /// here: open it anew.
    pub async fn look_again(&self) -> Result<Change> {
        if let Some(before) = &self.untold {
            let same = untold(&self.path).await.as_ref() == Some(before);
            return Ok(if same { Change::Same } else { Change::Replaced });
        }
        let now = self.path.stat(Freshness::Past).await?;
        let size = now.size.unwrap_or_default().min(self.reach.unwrap_or(u64::MAX));
        let tag = std::mem::replace(&mut *self.tag.lock(), now.tag.clone());
        let before = self.len();
        let change = match (&tag, &now.tag) {
            (Some(Tag::File { dev, ino, .. }), Some(Tag::File { dev: dev_now, ino: ino_now, .. }))
                if size > before && (dev, ino) == (dev_now, ino_now) =>
            {
                Change::Grew
            }
            _ if size == before && tag == now.tag => Change::Same,
            _ => Change::Replaced,
        };
        if change == Change::Grew {
            self.blocks.lock().pop(&(before / BLOCK));
            self.size.store(size, Ordering::Relaxed);
        }
        Ok(change)
    }

    /// The first block from `from` on, and before `to`, that isn't held.
    pub fn gap(&self, from: u64, to: u64) -> Option<u64> {
        if self.untold.is_some() {
            return None;
        }
        let blocks = self.blocks.lock();
        (from..to).find(|at| !blocks.contains(at))
    }

    /// The bytes of this range, cut at the end. One request for each gap in what is held.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let range = range.start..range.end.min(self.len());
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        if let Some(bytes) = &self.untold {
            return Ok(bytes.slice(range.start as usize..range.end as usize));
        }
        let (first, last) = (range.start / BLOCK, (range.end - 1) / BLOCK);
        let held: Vec<Option<Bytes>> = {
            let mut blocks = self.blocks.lock();
            (first..=last).map(|at| blocks.get(&at).cloned()).collect()
        };
        let mut all = BytesMut::with_capacity(((last - first + 1) * BLOCK) as usize);
        let mut at = first;
        while at <= last {
            if let Some(block) = &held[(at - first) as usize] {
                all.extend_from_slice(block);
                at += 1;
                continue;
            }
            let gap = held[(at - first) as usize..].iter().take_while(|block| block.is_none()).count() as u64;
            all.extend_from_slice(&self.fetch(at, gap).await?);
            at += gap;
        }
        let all = all.freeze();
        let begin = (range.start - first * BLOCK).min(all.len() as u64) as usize;
        let end = (range.end - first * BLOCK).min(all.len() as u64) as usize;
        Ok(all.slice(begin..end))
    }

    /// Fetches blocks that aren't held, in one request.
    async fn fetch(&self, first: u64, count: u64) -> Result<Bytes> {
        let range = first * BLOCK..((first + count) * BLOCK).min(self.len());
        let mut body = self.path.fetch(Some(range.clone()), &self.fetch).await?.body;
        let mut all = BytesMut::with_capacity((range.end - range.start) as usize);
        while let Some(bytes) = body.next().await {
            all.extend_from_slice(&bytes?);
        }
        self.read.fetch_add(all.len() as u64, Ordering::Relaxed);
        if (all.len() as u64) < range.end - range.start {
            let reason = "it is shorter than it was: it was changed while it was read";
            return Err(VfsError::new(Op::Read, self.path.uri().clone(), ErrorKind::Conflict, reason));
        }
        let all = all.freeze();
        let mut blocks = self.blocks.lock();
        for (at, begin) in (first..).zip((0..all.len()).step_by(BLOCK as usize)) {
            let end = (begin + BLOCK as usize).min(all.len());
            // A copy of its own: else one block would keep all of a large request in memory.
            blocks.put(at, Bytes::copy_from_slice(&all[begin..end]));
        }
        Ok(all)
    }

    /// The bytes as a file, for a decoder on a thread that may block. `ahead` is what is fetched at a time by
    /// one who reads on; `cancel` ends it with an error.
    pub fn cursor(self: &Arc<Self>, tokio: Handle, ahead: u64, cancel: CancellationToken) -> Cursor {
        Cursor {
            source: self.clone(),
            tokio,
            ahead: ahead.max(BLOCK),
            widest: ahead.max(BLOCK),
            cancel,
            at: 0,
            window: (0, Bytes::new()),
        }
    }
}

/// What a local file holds that says it is empty: those of `/proc` and `/sys` tell no size. What fails midway
/// is shown as far as it came.
async fn untold(path: &DynPath) -> Option<Bytes> {
    path.uri().as_local()?;
    let mut body = path.read(None, Precondition::None).await.ok()?;
    let mut all = BytesMut::new();
    while let Some(Ok(bytes)) = body.next().await {
        all.extend_from_slice(&bytes);
        if all.len() >= MOST_UNTOLD {
            break;
        }
    }
    all.truncate(MOST_UNTOLD);
    (!all.is_empty()).then(|| all.freeze())
}

/// Why a [`Cursor`] fails whose bytes nobody waits for any more.
#[derive(Debug)]
pub struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody waits for it any more")
    }
}

impl std::error::Error for Dropped {}

/// A [`Source`] as a file. Only for threads that may block.
#[derive(Debug)]
pub struct Cursor {
    source: Arc<Source>,
    tokio: Handle,
    ahead: u64,
    /// The most that is fetched at a time by one who goes on and on.
    widest: u64,
    cancel: CancellationToken,
    at: u64,
    /// What was read last, and where it begins.
    window: (u64, Bytes),
}

impl Cursor {
    /// The same, which fetches twice as much with each step forward, up to this.
    #[must_use]
    pub fn widening(self, widest: u64) -> Self {
        Self { widest: widest.max(self.ahead), ..self }
    }

    fn fill(&mut self) -> io::Result<()> {
        let (begin, last) = (self.window.0, self.window.1.len() as u64);
        if last > 0 && begin + last == self.at {
            self.ahead = (self.ahead * 2).min(self.widest);
        }
        let end = self.at.saturating_add(self.ahead);
        let read = async {
            tokio::select! {
                () = self.cancel.cancelled() => Err(io::Error::other(Dropped)),
                bytes = self.source.read(self.at..end) => bytes.map_err(io::Error::other),
            }
        };
        self.window = (self.at, self.tokio.block_on(read)?);
        Ok(())
    }

    fn rest(&self) -> &[u8] {
        let (begin, bytes) = &self.window;
        let skip = self.at.checked_sub(*begin).and_then(|skip| usize::try_from(skip).ok());
        skip.and_then(|skip| bytes.get(skip..)).unwrap_or_default()
    }
}

impl Read for Cursor {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.rest().is_empty() && self.at < self.source.len() {
            self.fill()?;
        }
        let rest = self.rest();
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.source.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the beginning"))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preview::testing::source;
    use crate::vfs::local::LocalPath;

    #[tokio::test]
    async fn ranges_come_back_whatever_is_held() {
        let bytes: Vec<u8> = (0..300_000u32).map(|at| (at % 251) as u8).collect();
        let (source, _dir) = source(&bytes).await;
        for range in [0..1, 65_535..65_537, 70_000..200_000, 0..300_000, 299_999..400_000, 300_000..300_001] {
            let wanted = &bytes[range.start.min(bytes.len())..range.end.min(bytes.len())];
            assert_eq!(source.read(range.start as u64..range.end as u64).await.unwrap(), wanted, "{range:?}");
        }
        assert_eq!(source.asked(), 300_000, "each block was asked for once");
    }

    #[tokio::test]
    async fn only_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
            .unwrap();
        for path in [dir.path().to_owned(), pipe] {
            let path = LocalPath::at(path);
            let entry = path.stat(Freshness::Past).await.unwrap();
            assert_eq!(Source::open(path, entry).await.unwrap_err().kind, ErrorKind::Unsupported);
        }
    }

    #[tokio::test]
    async fn a_file_that_tells_no_size_shows_what_it_holds() {
        let path = LocalPath::at("/proc/self/status");
        let entry = path.stat(Freshness::Past).await.unwrap();
        assert_eq!(entry.size, Some(0), "so the system says");
        let source = Source::open(path, entry).await.unwrap();
        assert!(source.read(0..5).await.unwrap() == "Name:" && !source.is_told());
        assert!(source.read(0..u64::MAX).await.unwrap().len() as u64 == source.len());
        let path = LocalPath::at("/proc/uptime");
        let entry = path.stat(Freshness::Past).await.unwrap();
        let source = Source::open(path, entry).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert_eq!(source.look_again().await.unwrap(), Change::Replaced, "it is followed");
    }

    #[tokio::test]
    async fn what_became_of_a_file_is_told() {
        let (source, dir) = source(b"one").await;
        let file = dir.path().join("f");
        assert_eq!(source.look_again().await.unwrap(), Change::Same);
        std::fs::write(&file, b"one and two").unwrap();
        assert_eq!(source.look_again().await.unwrap(), Change::Grew);
        assert_eq!(source.read(0..99).await.unwrap(), "one and two");
        std::fs::write(&file, b"on").unwrap();
        assert_eq!(source.look_again().await.unwrap(), Change::Replaced);
        std::fs::write(dir.path().join("g"), b"another file").unwrap();
        std::fs::rename(dir.path().join("g"), &file).unwrap();
        assert_eq!(source.look_again().await.unwrap(), Change::Replaced);
    }

    #[tokio::test]
    async fn a_decoder_reads_it_as_a_file() {
        let bytes: Vec<u8> = (0..200_000u32).map(|at| (at % 241) as u8).collect();
        let (source, _dir) = source(&bytes).await;
        let mut cursor = source.cursor(Handle::current(), 0, CancellationToken::new());
        let read = tokio::task::spawn_blocking(move || {
            let mut tail = Vec::new();
            cursor.seek(SeekFrom::End(-10)).unwrap();
            cursor.read_to_end(&mut tail).unwrap();
            let mut all = Vec::new();
            cursor.rewind().unwrap();
            cursor.read_to_end(&mut all).unwrap();
            (tail, all)
        });
        let (tail, all) = read.await.unwrap();
        assert_eq!((tail, all), (bytes[199_990..].to_vec(), bytes));
    }
}
