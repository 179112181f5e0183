//! Packed text, unpacked as far as it is looked at: [`Unpacked`].
//!
//! Both sides are bounded: what is unpacked, and what is read for it, since bytes may be packed to nothing.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::detect::Packed;
use super::source::{BLOCK, Cursor, Dropped, Source};
use crate::model::{Op, Result, VfsError, text};

/// The most that is unpacked, and kept in memory: what a bomb can cost.
pub const MOST: u64 = 32 << 20;

/// The most that is read to be unpacked.
const MOST_READ: u64 = 64 << 20;

/// What is asked for at a time by one who reads on and on.
const WIDEST: u64 = 4 << 20;

/// What a packed file holds, from its beginning on.
#[derive(Debug)]
pub struct Unpacked {
    inner: Arc<Inner>,
    /// Ends a thread that still unpacks when nobody looks any more.
    _cancel: DropGuard,
}

struct Inner {
    source: Arc<Source>,
    packed: Packed,
    decoder: Mutex<Decoder>,
    so_far: Mutex<SoFar>,
}

/// What unpacks: it reads when it is made already, so that a thread makes it that may block.
enum Decoder {
    Waiting(Packed, Option<Counted>),
    Working(Box<dyn Read + Send>),
}

impl Decoder {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        if let Self::Waiting(packed, cursor) = self
            && let Some(cursor) = cursor.take()
        {
            *self = Self::Working(match packed {
                Packed::Gzip => Box::new(flate2::read::MultiGzDecoder::new(cursor)),
                Packed::Zstd => Box::new(zstd::stream::read::Decoder::new(cursor)?),
            });
        }
        match self {
            Self::Working(decoder) => decoder.read(piece),
            Self::Waiting(..) => Ok(0),
        }
    }
}

/// The bytes as they are packed, up to a bound.
struct Counted {
    cursor: Cursor,
    left: u64,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let most = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.cursor.read(&mut buf[..most])?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// What was unpacked so far.
#[derive(Debug, Default)]
struct SoFar {
    bytes: Vec<u8>,
    ended: bool,
    /// Why it ended, where that isn't its end.
    warning: Option<String>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacked").field("packed", &self.packed).finish_non_exhaustive()
    }
}

impl Unpacked {
    /// Unpacks a source. Nothing is read yet.
    pub fn new(source: Arc<Source>, packed: Packed) -> Self {
        let cancel = CancellationToken::new();
        let cursor = source.cursor(Handle::current(), BLOCK, cancel.clone()).widening(WIDEST);
        let packed_bytes = Counted { cursor, left: MOST_READ };
        let decoder = Mutex::new(Decoder::Waiting(packed, Some(packed_bytes)));
        let inner = Inner { source, packed, decoder, so_far: Mutex::default() };
        Self { inner: Arc::new(inner), _cancel: cancel.drop_guard() }
    }

    /// How it is packed.
    pub fn packed(&self) -> Packed {
        self.inner.packed
    }

    /// The bytes that are unpacked already.
    pub fn len(&self) -> u64 {
        self.inner.so_far.lock().bytes.len() as u64
    }

    /// Whether there is nothing more to unpack.
    pub fn ended(&self) -> bool {
        self.inner.so_far.lock().ended
    }

    /// What isn't shown and why. Escaped.
    pub fn warning(&self) -> Option<String> {
        self.inner.so_far.lock().warning.clone()
    }

    /// Unpacks up to here, or to the end. The work goes on for a while when this is dropped, and isn't lost.
    pub async fn reach(&self, end: u64) -> Result<()> {
        if self.ended() || self.len() >= end {
            return Ok(());
        }
        let inner = self.inner.clone();
        let unpacked = tokio::task::spawn_blocking(move || inner.unpack(end)).await;
        let uri = self.inner.source.path().uri().clone();
        unpacked.unwrap_or_else(|_| Err(VfsError::cancelled(Op::Read, uri)))
    }

    /// The bytes of this range, cut at the end.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        self.reach(range.end).await?;
        let so_far = self.inner.so_far.lock();
        let end = range.end.min(so_far.bytes.len() as u64);
        let begin = range.start.min(end);
        Ok(Bytes::copy_from_slice(&so_far.bytes[begin as usize..end as usize]))
    }
}

impl Inner {
    fn unpack(&self, end: u64) -> Result<()> {
        let mut decoder = self.decoder.lock();
        let mut piece = vec![0; BLOCK as usize];
        loop {
            {
                let so_far = self.so_far.lock();
                if so_far.ended || so_far.bytes.len() as u64 >= end {
                    return Ok(());
                }
            }
            match decoder.read(&mut piece) {
                Ok(0) => self.so_far.lock().end(None),
                Ok(count) => self.so_far.lock().add(&piece[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.failed(&error)?,
            }
        }
    }

    /// Damage ends it where it is; that the bytes can't be had is a failure of its own.
    fn failed(&self, error: &io::Error) -> Result<()> {
        if let Some(cause) = error.get_ref() {
            if let Some(failure) = cause.downcast_ref::<VfsError>() {
                return Err(failure.clone());
            }
            if cause.is::<Dropped>() {
                return Err(VfsError::cancelled(Op::Read, self.source.path().uri().clone()));
            }
        }
        let mut so_far = self.so_far.lock();
        if error.kind() == io::ErrorKind::FileTooLarge {
            so_far.end(Some(
                "only what its first 64 MiB hold is unpacked here; copy it to see the rest".into(),
            ));
            return Ok(());
        }
        let reason = error.to_string();
        let told = format!("damaged after {} bytes: {}", so_far.bytes.len(), text::escape(&reason));
        so_far.end(Some(told));
        Ok(())
    }
}

impl SoFar {
    fn add(&mut self, piece: &[u8]) {
        let room = (MOST as usize).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            self.end(Some("only the first 32 MiB are unpacked here; copy it to see the rest".into()));
        }
    }

    fn end(&mut self, warning: Option<String>) {
        self.ended = true;
        self.warning = warning;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::preview::testing::source;
    use crate::vfs::faulty::{Call, Script};
    use crate::vfs::memory::Memory;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[tokio::test]
    async fn only_what_is_looked_at_is_unpacked() {
        let bytes: Vec<u8> = (0..400_000u32).flat_map(u32::to_le_bytes).collect();
        for (packed, kind) in
            [(gzip(&bytes), Packed::Gzip), (zstd::encode_all(&*bytes, 1).unwrap(), Packed::Zstd)]
        {
            let (source, _dir) = source(&packed).await;
            let unpacked = Unpacked::new(source.clone(), kind);
            assert_eq!(unpacked.read(10..20).await.unwrap(), bytes[10..20]);
            assert!(unpacked.len() < 600_000, "{} bytes", unpacked.len());
            assert!(source.asked() < packed.len() as u64, "the whole file was read");
            assert_eq!(unpacked.read(1_599_990..9_999_999).await.unwrap(), bytes[1_599_990..]);
            assert!(unpacked.ended() && unpacked.warning().is_none());
        }
    }

    #[tokio::test]
    async fn a_bomb_costs_no_more_than_its_bound() {
        let (source, _dir) = source(&gzip(&vec![0; 80 << 20])).await;
        let unpacked = Unpacked::new(source, Packed::Gzip);
        unpacked.reach(u64::MAX).await.unwrap();
        assert_eq!(unpacked.len(), MOST);
        assert!(unpacked.warning().unwrap().contains("32 MiB"));
    }

    #[tokio::test]
    async fn who_reads_on_asks_for_more_at_a_time() {
        let bytes: Vec<u8> =
            (0..2_000_000u32).flat_map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let memory = Arc::new(Memory::like_s3("s3"));
        memory.put("b/x.gz", gzip(&bytes));
        let script = Script::new();
        let entry = memory.entry("b/x.gz").unwrap();
        let source = Arc::new(Source::open(script.wrap(memory.at_key("b/x.gz")), entry).await.unwrap());
        let unpacked = Unpacked::new(source.clone(), Packed::Gzip);
        unpacked.reach(10).await.unwrap();
        assert_eq!((script.count(Call::Read), source.asked()), (1, BLOCK), "the first screen is one request");
        unpacked.reach(u64::MAX).await.unwrap();
        assert_eq!(unpacked.len(), bytes.len() as u64);
        assert!(script.count(Call::Read) <= 9, "{} requests", script.count(Call::Read));
    }

    #[tokio::test]
    async fn what_is_packed_to_nothing_is_not_read_to_its_end() {
        // Frames that are skipped: each holds a megabyte of nothing.
        let frame = [&[0x50, 0x2a, 0x4d, 0x18][..], &(1u32 << 20).to_le_bytes(), &vec![0; 1 << 20]].concat();
        let nothing = gzip(b"");
        for (packed, kind) in
            [(frame.repeat(70), Packed::Zstd), (nothing.repeat((70 << 20) / nothing.len()), Packed::Gzip)]
        {
            let (source, _dir) = source(&packed).await;
            let unpacked = Unpacked::new(source.clone(), kind);
            assert!(unpacked.read(0..10).await.unwrap().is_empty());
            assert!(
                unpacked.ended() && unpacked.warning().unwrap().contains("64 MiB"),
                "{:?}",
                unpacked.warning()
            );
            assert!(source.asked() <= MOST_READ + WIDEST, "{} bytes", source.asked());
        }
    }

    #[tokio::test]
    async fn damage_is_told_and_what_comes_before_is_shown() {
        let mut packed = gzip(&b"words and words\n".repeat(50_000));
        packed.truncate(packed.len() / 2);
        let (source, _dir) = source(&packed).await;
        let unpacked = Unpacked::new(source, Packed::Gzip);
        assert_eq!(&unpacked.read(0..5).await.unwrap()[..], b"words");
        unpacked.reach(u64::MAX).await.unwrap();
        assert!(unpacked.warning().unwrap().starts_with("damaged after"), "{:?}", unpacked.warning());
    }
}
