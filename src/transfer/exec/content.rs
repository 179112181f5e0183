//! Whether two files have the same bytes, from what services tell of theirs: bodies of objects are read
//! only where that was asked for.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::TryStreamExt;
use md5::{Digest, Md5};

use super::super::compare::judge::Verdict;
use super::super::compare::{Known, Why};
use crate::model::{ETag, Entry, ErrorKind, Head, Op, Result, VfsError};
use crate::vfs::{DynPath, Precondition};

const MIB: u64 = 1 << 20;

/// The sizes of parts that tools use, in MiB.
const USUAL: [u64; 22] =
    [5, 6, 8, 10, 12, 15, 16, 20, 24, 25, 32, 48, 50, 64, 96, 100, 128, 200, 256, 512, 1024, 5120];

/// A file and its row.
pub struct Sided<'a> {
    pub path: &'a DynPath,
    pub entry: &'a Entry,
}

/// What can be told of a side's content without reading it.
struct Told {
    crc64: Option<String>,
    etag: Option<ETag>,
    local: bool,
}

/// Compares two files of the same size.
pub async fn content(here: Sided<'_>, there: Sided<'_>, download: bool) -> Result<Verdict> {
    let (one, other) = futures::try_join!(told(&here), told(&there))?;
    let reads = |told: &Told| told.local || download;
    if one.crc64.is_some() && other.crc64.is_some() {
        return Ok(same(one.crc64 == other.crc64, Known::Checksum));
    }
    if (one.crc64.is_some() || reads(&one)) && (other.crc64.is_some() || reads(&other)) {
        let (one, other) = futures::try_join!(crc64(&here, one.crc64), crc64(&there, other.crc64))?;
        return Ok(same(one == other, Known::Checksum));
    }
    match (one.local, other.local) {
        (true, false) => by_etag(&here, other.etag).await,
        (false, true) => by_etag(&there, one.etag).await,
        _ => Ok(two_tags(one.etag, other.etag)),
    }
}

fn same(same: bool, known: Known) -> Verdict {
    if same { Verdict::Same(known) } else { Verdict::Differs(Why::Content) }
}

/// Tags that are MD5s of the whole tell; all others tell something else, too.
fn two_tags(one: Option<ETag>, other: Option<ETag>) -> Verdict {
    match (one, other) {
        (Some(one), Some(other)) if one.parts().is_none() && other.parts().is_none() => {
            same(one == other, Known::ETag)
        }
        _ => Verdict::Same(Known::Size),
    }
}

async fn told(side: &Sided<'_>) -> Result<Told> {
    if !side.path.caps().metered {
        return Ok(Told { crc64: None, etag: None, local: true });
    }
    let head = side.path.head().await?;
    if head.entry.tag != side.entry.tag {
        return Err(changed(side));
    }
    let crc64 =
        head.checksum.clone().filter(|(algorithm, _)| algorithm == "CRC64NVME").map(|(_, value)| value);
    Ok(Told { crc64, etag: meaningful(&head), local: false })
}

/// The tag, where it is made of MD5s: under KMS it isn't.
fn meaningful(head: &Head) -> Option<ETag> {
    let kms = head.encryption.as_ref().is_some_and(|(kind, _)| kind.starts_with("aws:kms"));
    let etag = head.entry.etag()?.clone();
    let text = etag.to_string();
    let hash = text.split('-').next().unwrap_or_default();
    (!kms && hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(etag)
}

fn changed(side: &Sided<'_>) -> VfsError {
    let why = "it changed while it was compared";
    VfsError::new(Op::Read, side.path.uri().clone(), ErrorKind::Conflict, why)
}

/// The CRC64NVME as services tell it: what was told, or that of the bytes.
async fn crc64(side: &Sided<'_>, told: Option<String>) -> Result<String> {
    if let Some(told) = told {
        return Ok(told);
    }
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Nvme);
    read(side, |bytes| digest.update(bytes)).await?;
    Ok(BASE64_STANDARD.encode(digest.finalize().to_be_bytes()))
}

async fn read(side: &Sided<'_>, mut hear: impl FnMut(&[u8])) -> Result<()> {
    let expect = side.entry.tag.clone().map_or(Precondition::None, Precondition::Matches);
    let (mut body, mut len) = (side.path.read(None, expect).await?, 0);
    while let Some(bytes) = body.try_next().await? {
        hear(&bytes);
        len += bytes.len() as u64;
    }
    if side.entry.size.is_some_and(|size| size != len) { Err(changed(side)) } else { Ok(()) }
}

/// Compares the bytes of a local file with an object's tag.
async fn by_etag(local: &Sided<'_>, etag: Option<ETag>) -> Result<Verdict> {
    let Some(etag) = etag else { return Ok(Verdict::Same(Known::Size)) };
    let size = local.entry.size.unwrap_or(0);
    let Some(parts) = etag.parts() else {
        let mut md5 = Md5::new();
        read(local, |bytes| md5.update(bytes)).await?;
        return Ok(same(ETag::new(&hex(&md5.finalize())) == etag, Known::ETag));
    };
    let mut tries: Vec<Parts> = part_sizes(size, parts).into_iter().map(Parts::new).collect();
    read(local, |bytes| tries.iter_mut().for_each(|parts| parts.update(bytes))).await?;
    if tries.into_iter().any(|parts| parts.etag() == etag) {
        return Ok(Verdict::Same(Known::Composite));
    }
    Ok(Verdict::Differs(Why::Unproven))
}

/// The sizes of parts by which an object of this size may have come in so many.
fn part_sizes(size: u64, parts: u16) -> Vec<u64> {
    let parts = u64::from(parts).max(1);
    let even = size.div_ceil(parts).max(1);
    let own = size.div_ceil(10_000).max(8 * MIB).next_multiple_of(MIB);
    let usual = USUAL.iter().map(|size| size * MIB);
    let mut sizes: Vec<u64> = usual.chain([own, even.next_multiple_of(MIB), even]).collect();
    sizes.retain(|part| size.div_ceil(*part).max(1) == parts);
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// The tag of an object in parts of one size, as its bytes pass.
struct Parts {
    size: u64,
    part: Md5,
    filled: u64,
    all: Md5,
    count: u64,
}

impl Parts {
    fn new(size: u64) -> Self {
        Self { size, part: Md5::new(), filled: 0, all: Md5::new(), count: 0 }
    }

    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(self.size - self.filled).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.part.update(now);
            self.filled += now.len() as u64;
            bytes = rest;
            if self.filled == self.size {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        let part = std::mem::replace(&mut self.part, Md5::new());
        self.all.update(part.finalize());
        (self.filled, self.count) = (0, self.count + 1);
    }

    fn etag(mut self) -> ETag {
        if self.filled > 0 || self.count == 0 {
            self.close();
        }
        ETag::new(&format!("{}-{}", hex(&self.all.finalize()), self.count))
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_parts_give_their_number() {
        assert!(part_sizes(100 * MIB, 13).contains(&(8 * MIB)));
        assert!(part_sizes(1000, 4).contains(&250));
        for (size, parts) in [(100 * MIB, 13), (17 * MIB + 1, 3), (1000, 4), (0, 1), (1, 1)] {
            for part in part_sizes(size, parts) {
                assert_eq!(size.div_ceil(part).max(1), u64::from(parts), "{size} in {parts} by {part}");
            }
        }
    }

    #[test]
    fn parts_are_hashed_however_the_bytes_come() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let whole = |chunk: usize| {
            let mut parts = Parts::new(300);
            bytes.chunks(chunk).for_each(|bytes| parts.update(bytes));
            parts.etag()
        };
        let by_hand: Vec<u8> = bytes.chunks(300).flat_map(|part| Md5::digest(part).to_vec()).collect();
        assert_eq!(whole(1000), ETag::new(&format!("{}-4", hex(&Md5::digest(by_hand)))));
        assert_eq!((whole(7), whole(300)), (whole(1000), whole(1000)));
    }
}
