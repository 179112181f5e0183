//! What tells that an object is what was sent: checksums first, then tags that are MD5s.

use super::Upload;
use crate::model::{ETag, ErrorKind, Result, Tag};
use crate::vfs::s3::api::{Payload, UploadRef, UploadedPart, Written};
use crate::vfs::s3::checksum::{combined, crc64, crc64_text, crc64_value, md5_of};
use crate::vfs::{Placed, Proof};

/// How a part was compared with its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Both ends told the same checksum.
    Checksum,
    /// Its tag is the MD5 of its bytes.
    Tag,
    /// By its size alone.
    Size,
}

/// A part that the service has.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub part: UploadedPart,
    /// The CRC64NVME of its bytes, where it is known.
    pub crc64: Option<u64>,
    pub by: By,
}

/// The whole as it is about to become visible.
pub(super) enum Whole {
    One(Payload),
    Parts(UploadRef, Vec<Sent>, Option<u64>),
}

impl Whole {
    pub fn crc64(&self) -> Option<u64> {
        match self {
            Self::One(payload) => Some(payload.crc64),
            Self::Parts(.., crc64) => *crc64,
        }
    }

    pub fn size(&self) -> u64 {
        match self {
            Self::One(payload) => payload.bytes.len() as u64,
            Self::Parts(_, parts, _) => parts.iter().map(|sent| sent.part.size).sum(),
        }
    }

    /// How it was verified, from what the service says of it.
    pub fn proof(&self, crc64: Option<&str>, etag: Option<&ETag>) -> Proof {
        let ours = self.crc64().map(crc64_text);
        if ours.is_some() && crc64 == ours.as_deref() {
            return Proof::Checksum;
        }
        match self {
            Self::Parts(_, parts, _) if parts.iter().all(|sent| sent.by == By::Checksum) => Proof::Parts,
            _ if etag.is_some() && self.etag().as_ref() == etag => Proof::ETag,
            _ => Proof::Size,
        }
    }

    /// The tag that it must have where tags are MD5s; `None` where that isn't known.
    fn etag(&self) -> Option<ETag> {
        match self {
            Self::One(payload) => payload.known_md5().map(ETag::of_md5),
            Self::Parts(_, parts, _) => {
                let md5 = |sent: &Sent| sent.part.etag.as_md5().filter(|_| sent.by == By::Tag);
                let all: Option<Vec<[u8; 16]>> = parts.iter().map(md5).collect();
                let all = all.filter(|all| !all.is_empty())?;
                Some(ETag::of_parts(md5_of(&all.concat()), u16::try_from(all.len()).ok()?))
            }
        }
    }
}

impl Upload {
    /// A part as it was sent, compared with what the service says of it.
    pub(super) fn compared(&self, part: UploadedPart, payload: &Payload) -> Result<Sent> {
        let theirs = part.crc64.as_deref().and_then(crc64_value);
        if theirs.is_some_and(|theirs| theirs != payload.crc64) {
            let reason = format!("the service has another checksum of part {}", part.number);
            return Err(self.error(ErrorKind::Corrupt, reason));
        }
        let is_md5 = payload.known_md5().is_some_and(|md5| part.etag.as_md5() == Some(md5));
        let by = match theirs {
            Some(_) => By::Checksum,
            None if is_md5 => By::Tag,
            None => By::Size,
        };
        Ok(Sent { part, crc64: Some(payload.crc64), by })
    }

    /// All that was written, if it is all.
    pub(super) fn whole(&self) -> Result<Whole> {
        let mut state = self.state.lock();
        let Some(upload) = state.upload.clone() else {
            let empty = || super::payload(bytes::Bytes::new());
            let held = state.held.get_or_insert_with(empty).clone();
            return self.complete(Whole::One(held));
        };
        let mut end = 0;
        let mut crc = Some(crc64(b""));
        for (offset, sent) in &state.parts {
            if *offset != end {
                return Err(self.error(ErrorKind::Invalid, format!("bytes {end}..{offset} are missing")));
            }
            end += sent.part.size;
            crc = crc.zip(sent.crc64).map(|(crc, part)| combined(crc, part, sent.part.size));
        }
        // What the service keeps of the source is told by nobody on the way.
        let crc = self.source_crc64().or(crc);
        self.complete(Whole::Parts(upload, state.parts.values().cloned().collect(), crc))
    }

    fn complete(&self, whole: Whole) -> Result<Whole> {
        match self.size {
            Some(size) if size != whole.size() => {
                let reason = format!("{} of {size} bytes were written", whole.size());
                Err(self.error(ErrorKind::Invalid, reason))
            }
            _ => Ok(whole),
        }
    }

    /// What is there after an answer that says success.
    pub(super) fn verified(&self, whole: &Whole, written: &Written) -> Result<Placed> {
        let ours = whole.crc64().map(crc64_text);
        if let Some((theirs, ours)) =
            written.crc64.as_ref().zip(ours).filter(|(theirs, ours)| *theirs != ours)
        {
            let reason = format!("the service has another checksum: {theirs} and not {ours}");
            return Err(self.error(ErrorKind::Corrupt, reason));
        }
        Ok(Placed {
            entry: self.entry(whole.size(), written.etag.clone().map(Tag::ETag)),
            version: written.version.as_deref().map(Into::into),
            proof: whole.proof(written.crc64.as_deref(), written.etag.as_ref()),
        })
    }
}
