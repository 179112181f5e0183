//! Comparing what arrived with the checksum that the source's service keeps.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crc_fast::{CrcAlgorithm, checksum_combine};

use super::places::Places;
use crate::model::{Entry, ErrorKind, Op, Result, Uri, VfsError};
use crate::vfs::{PartRecord, SinkState};

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
    // What changed since is another version: its checksum says nothing of this one.
    let Ok(head) = path.head().await else { return Ok(()) };
    let kept = head.checksum.filter(|(algorithm, _)| head.entry.tag == read.tag && algorithm == "CRC64NVME");
    match kept {
        Some((_, kept)) if kept != text(whole(&arrived.parts)) => {
            let why = "what arrived has another checksum than what the service keeps";
            Err(VfsError::new(Op::Read, source.clone(), ErrorKind::Corrupt, why))
        }
        _ => Ok(()),
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
