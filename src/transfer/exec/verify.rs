//! Comparing what arrived with what the source's service keeps, and a copy with its source before that
//! is removed.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crc_fast::{CrcAlgorithm, checksum_combine};

use super::super::io::Copied;
use super::places::Places;
use crate::model::{Entry, ErrorKind, Freshness, Head, Kind, Op, Result, Tag, Uri, VfsError};
use crate::vfs::{DynPath, PartRecord, SinkState};

/// Holds the parts of a sink to the checksum of `source`, the version that was read. A place that keeps
/// none, or tells none, leaves it to the size.
///
/// # Errors
/// `Corrupt` where they differ.
pub async fn check(places: &Places, source: &Uri, read: &Entry, arrived: &SinkState) -> Result<()> {
    let path = places.at(source)?;
    if !path.caps().metered || arrived.parts.is_empty() {
        return Ok(());
    }
    let head = match path.head().await {
        Ok(head) => head,
        // No answer is no proof: it is asked again. A place that refuses to tell leaves it to the size.
        Err(error) if error.kind.retryable() => return Err(error),
        Err(_) => return Ok(()),
    };
    // What changed since is another version: its checksum says nothing of this one.
    let kept = head.checksum.filter(|(algorithm, _)| head.entry.tag == read.tag && algorithm == "CRC64NVME");
    match kept {
        Some((_, kept)) if kept != text(whole(&arrived.parts)) => {
            let why = "what arrived has another checksum than what the service keeps";
            Err(VfsError::new(Op::Read, source.clone(), ErrorKind::Corrupt, why))
        }
        _ => Ok(()),
    }
}

/// All that a place tells of a thing: its row alone where it keeps no more, or tells no more.
///
/// # Errors
/// Those of looking.
pub async fn known(path: &DynPath) -> Result<Head> {
    let told = if path.caps().metered { Some(path.head().await) } else { None };
    match told {
        None => Ok(row_alone(path.stat(Freshness::Past).await?)),
        Some(Err(error)) if matches!(error.kind, ErrorKind::Unsupported | ErrorKind::Denied) => {
            Ok(row_alone(path.stat(Freshness::Past).await?))
        }
        Some(told) => told,
    }
}

fn row_alone(entry: Entry) -> Head {
    Head {
        entry,
        version: None,
        content_type: None,
        content_encoding: None,
        content_disposition: None,
        content_language: None,
        cache_control: None,
        expires: None,
        metadata: BTreeMap::new(),
        restored: false,
        tag_count: None,
        encryption: None,
        checksum: None,
    }
}

/// Holds the copy of a source to what was read of it, right before the source is removed. Between both may lie
/// days: in a job that goes on the copy was made by an earlier attempt.
///
/// # Errors
/// Why the source has to stay.
pub async fn copy(places: &Places, copy: &Copied, read: &Entry, source: &Head) -> Result<()> {
    let path = places.at(&copy.at)?;
    let stays = |kind, why: &str| {
        let error = VfsError::new(Op::Copy, copy.at.clone(), kind, why);
        Err(error.with_hint("the source was kept; look at both before trying again"))
    };
    let there = match known(&path).await {
        Err(error) if error.kind == ErrorKind::NotFound => {
            return stays(ErrorKind::Conflict, "the copy is gone again");
        }
        there => there?,
    };
    let (own, sum) = (&there.entry, &there.checksum);
    if read.kind == Kind::File && own.size != read.size {
        return stays(ErrorKind::Corrupt, "the copy has another size than the source");
    }
    if source.checksum.as_ref().zip(sum.as_ref()).is_some_and(|(of, its)| of.0 == its.0 && of.1 != its.1) {
        return stays(ErrorKind::Corrupt, "the copy has another checksum than the source");
    }
    if copy.tag.as_ref().zip(own.tag.as_ref()).is_some_and(|(written, now)| !same_copy(written, now)) {
        return stays(ErrorKind::Conflict, "the copy was replaced by something else meanwhile");
    }
    if copy.streamed && source.write_id().is_some() && source.write_id() == there.write_id() {
        return stays(ErrorKind::Invalid, "the source and the copy are one and the same object");
    }
    Ok(())
}

/// Whether a copy is the one that was written. A disk may have another number after the machine was started
/// anew.
fn same_copy(written: &Tag, now: &Tag) -> bool {
    match (written, now) {
        (Tag::File { ino, mtime_ns, .. }, Tag::File { ino: now, mtime_ns: changed, .. }) => {
            (ino, mtime_ns) == (now, changed)
        }
        (written, now) => written == now,
    }
}

/// The checksum of all parts in their order.
fn whole(parts: &[PartRecord]) -> u64 {
    let combine =
        |crc, part: &PartRecord| checksum_combine(CrcAlgorithm::Crc64Nvme, crc, part.crc64, part.len);
    parts.iter().fold(crc_fast::crc64_nvme(b""), combine)
}

/// As the service writes it.
fn text(crc: u64) -> String {
    BASE64_STANDARD.encode(crc.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_to_the_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let mut parts = Vec::new();
        for chunk in bytes.chunks(300) {
            let offset = parts.len() as u64 * 300;
            let (len, crc64) = (chunk.len() as u64, crc_fast::crc64_nvme(chunk));
            parts.push(PartRecord { offset, len, tag: None, crc64 });
        }
        assert_eq!(whole(&parts), crc_fast::crc64_nvme(&bytes));
        assert_eq!(whole(&[]), crc_fast::crc64_nvme(b""));
    }
}
