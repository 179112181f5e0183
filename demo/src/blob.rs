//! What an object holds: [`Blob`], real bytes or bytes that are made when they are read.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// The most that one chunk of [`Blob::chunks`] holds.
const CHUNK: u64 = 256 << 10;

/// The content of an object.
///
/// Synthetic content costs no memory however long it is: it is made as it is read, and every byte
/// depends on its offset, so that a misplaced range is noticed.
#[derive(Clone, Debug, Default)]
pub struct Blob {
    segments: Vec<Segment>,
    len: u64,
}

#[derive(Clone, Debug)]
struct Segment {
    source: Source,
    offset: u64,
    len: u64,
}

#[derive(Clone, Debug)]
enum Source {
    Bytes(Bytes),
    Noise(u64),
    Repeat(Bytes),
}

impl Blob {
    /// `len` bytes of noise that `seed` decides.
    pub fn noise(seed: u64, len: u64) -> Self {
        Self::of(Source::Noise(seed), len)
    }

    /// `len` bytes of `unit` over and over. An empty unit gives zeros.
    pub fn repeat(unit: impl Into<Bytes>, len: u64) -> Self {
        let unit = Some(unit.into()).filter(|unit| !unit.is_empty());
        Self::of(Source::Repeat(unit.unwrap_or_else(|| Bytes::from_static(&[0]))), len)
    }

    /// One after the other.
    pub fn concat(blobs: impl IntoIterator<Item = Self>) -> Self {
        let segments: Vec<Segment> = blobs.into_iter().flat_map(|blob| blob.segments).collect();
        Self { len: segments.iter().map(|segment| segment.len).sum(), segments }
    }

    /// The size in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether some of it is made when it is read. Such an object has no checksum, and its tag is no
    /// MD5 (it is shaped like that of a multipart upload).
    pub fn is_synthetic(&self) -> bool {
        self.segments.iter().any(|segment| !matches!(segment.source, Source::Bytes(_)))
    }

    /// The bytes in `range`, cut at the end. Copies nothing.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Self {
        let mut at = 0;
        let parts = self.segments.iter().filter_map(|segment| {
            let from = range.start.max(at);
            let to = range.end.min(at + segment.len);
            let start = segment.offset + from.saturating_sub(at);
            at += segment.len;
            (from < to).then(|| Segment { source: segment.source.clone(), offset: start, len: to - from })
        });
        let segments: Vec<Segment> = parts.collect();
        Self { len: segments.iter().map(|segment| segment.len).sum(), segments }
    }

    /// The bytes, a chunk at a time.
    pub fn chunks(self) -> impl Iterator<Item = Bytes> + Send + Sync {
        self.segments.into_iter().flat_map(|segment| {
            let count = segment.len.div_ceil(CHUNK);
            (0..count).map(move |n| segment.read(n * CHUNK, CHUNK.min(segment.len - n * CHUNK)))
        })
    }

    /// All of it at once.
    pub fn to_bytes(&self) -> Bytes {
        if let [Segment { source: Source::Bytes(bytes), offset, len }] = &*self.segments {
            return bytes.slice(to_usize(*offset)..to_usize(offset + len));
        }
        let mut all = BytesMut::with_capacity(to_usize(self.len));
        self.clone().chunks().for_each(|chunk| all.extend_from_slice(&chunk));
        all.freeze()
    }

    fn of(source: Source, len: u64) -> Self {
        let segments = if len == 0 { Vec::new() } else { vec![Segment { source, offset: 0, len }] };
        Self { segments, len }
    }
}

impl Segment {
    fn read(&self, at: u64, len: u64) -> Bytes {
        let from = self.offset + at;
        match &self.source {
            Source::Bytes(bytes) => bytes.slice(to_usize(from)..to_usize(from + len)),
            Source::Noise(seed) => noise(*seed, from, to_usize(len)),
            Source::Repeat(unit) => repeat(unit, from, to_usize(len)),
        }
    }
}

/// Byte `n` is byte `n % 8` of a hash of `n / 8`.
fn noise(seed: u64, from: u64, len: usize) -> Bytes {
    let skip = to_usize(from % 8);
    let mut out = BytesMut::with_capacity(skip + len + 8);
    let mut word = from / 8;
    while out.len() < skip + len {
        out.extend_from_slice(&mix(seed ^ word.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes());
        word += 1;
    }
    out.freeze().slice(skip..skip + len)
}

fn repeat(unit: &Bytes, from: u64, len: usize) -> Bytes {
    let skip = to_usize(from % unit.len() as u64);
    let mut out = BytesMut::with_capacity(skip + len + unit.len());
    while out.len() < skip + len {
        out.extend_from_slice(unit);
    }
    out.freeze().slice(skip..skip + len)
}

/// The finaliser of splitmix64.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn to_usize(n: u64) -> usize {
    usize::try_from(n).expect("a read is at most some megabytes on any machine that builds this")
}

impl From<Bytes> for Blob {
    fn from(bytes: Bytes) -> Self {
        let len = bytes.len() as u64;
        Self::of(Source::Bytes(bytes), len)
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<&[u8]> for Blob {
    fn from(bytes: &[u8]) -> Self {
        Bytes::copy_from_slice(bytes).into()
    }
}

impl<const N: usize> From<&[u8; N]> for Blob {
    fn from(bytes: &[u8; N]) -> Self {
        Bytes::copy_from_slice(bytes).into()
    }
}

impl From<&str> for Blob {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<String> for Blob {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_reads_what_the_whole_reads_there() {
        let whole = Blob::concat([Blob::from("head"), Blob::noise(7, 600_000), Blob::repeat("abc", 10)]);
        let bytes = whole.to_bytes();
        assert_eq!(bytes.len() as u64, whole.len());
        for range in [0..4, 3..9, 4..600_004, 123_457..400_001, 600_000..600_014, 600_014..600_020, 5..5] {
            let end = usize::try_from(range.end).unwrap().min(bytes.len());
            let start = usize::try_from(range.start).unwrap();
            assert_eq!(whole.slice(range).to_bytes(), bytes.slice(start..end));
        }
    }

    #[test]
    fn a_slice_of_a_slice_counts_from_its_own_start() {
        let noise = Blob::noise(1, 1 << 20);
        let inner = noise.slice(1000..5000).slice(10..20);
        assert_eq!(inner.to_bytes(), noise.to_bytes().slice(1010..1020));
    }

    #[test]
    fn noise_differs_by_seed_and_offset() {
        assert_ne!(Blob::noise(1, 64).to_bytes(), Blob::noise(2, 64).to_bytes());
        let block = Blob::noise(1, 1 << 20);
        assert_ne!(block.slice(0..4096).to_bytes(), block.slice(4096..8192).to_bytes());
    }
}
