//! What a lost answer meant: the object that is there now says it.
//!
//! After an answer was lost, 412, 409, 404 and NoSuchUpload prove nothing: they may be the echo of our
//! own success. The object's id, size and checksum do.

use super::super::api::Detail;
use super::super::checksum::{combined, crc64, crc64_text};
use super::{Upload, Whole};
use crate::model::{ErrorKind, Freshness, Head, Result, VfsError};
use crate::vfs::s3::reasons;
use crate::vfs::{Placed, Precondition, Proof, SinkState};

impl Upload {
    /// What is there after an answer that says failure, or after none, if it is ours all the same. `doubted`
    /// says that an earlier attempt got no answer.
    pub(super) async fn settled(
        &self,
        whole: &Whole,
        precondition: &Precondition,
        error: VfsError,
        doubted: bool,
    ) -> Result<Placed> {
        let open = error.kind.outcome_unknown();
        let echo = matches!(error.kind, ErrorKind::Conflict | ErrorKind::AlreadyExists | ErrorKind::NotFound);
        let asks = open || echo && doubted || error.kind == ErrorKind::NotFound;
        if asks && let Some(head) = self.ours(whole.size(), whole.crc64()).await {
            let sum = head.checksum.as_ref().filter(|(name, _)| name == "CRC64NVME");
            let proof = whole.proof(sum.map(|(_, value)| &**value), head.entry.etag());
            return Ok(self.found(&head, proof));
        }
        self.state.lock().doubt = open || doubted;
        Err(self.in_words(whole, precondition, error))
    }

    /// The object under the name, if it is the one that this sink wrote.
    async fn ours(&self, size: u64, crc64: Option<u64>) -> Option<Head> {
        let head = self.path.service.api.head(&self.object, Detail::Full, Freshness::Past).await.ok()?;
        let sum = |(name, value): &(String, String)| {
            name != "CRC64NVME" || crc64.is_none_or(|ours| *value == crc64_text(ours))
        };
        let same = head.write_id() == Some(&*self.id)
            && head.entry.size == Some(size)
            && head.checksum.as_ref().is_none_or(sum);
        same.then(|| (*head).clone())
    }

    fn in_words(&self, whole: &Whole, precondition: &Precondition, error: VfsError) -> VfsError {
        if error.kind != ErrorKind::NotFound {
            return error;
        }
        if matches!(whole, Whole::Parts(..)) && error.reason.contains("NoSuchUpload") {
            let lost =
                self.error(ErrorKind::Unsupported, "the service no longer has the parts of this upload");
            return lost.with_hint("it was ended by somebody or by a rule of the bucket: begin anew");
        }
        if matches!(precondition, Precondition::Matches(_)) && &*error.reason == reasons::NO_SUCH_KEY {
            return self.error(ErrorKind::Conflict, "what was to be replaced is gone");
        }
        error
    }

    /// An upload that the service no longer knows: maybe it was completed before the journal heard of it.
    pub(super) async fn finished_before(&self, kept: &SinkState, error: VfsError) -> Result<()> {
        let crc64 = recorded_crc64(kept);
        let Some(head) = self.ours(kept.size.unwrap_or_default(), crc64).await else { return Err(error) };
        let proven = crc64.is_some() && head.checksum.is_some();
        let placed = self.found(&head, if proven { Proof::Checksum } else { Proof::Size });
        self.state.lock().done = Some(placed);
        Ok(())
    }

    fn found(&self, head: &Head, proof: Proof) -> Placed {
        let entry = self.entry(head.entry.size.unwrap_or_default(), head.entry.tag.clone());
        Placed { entry, version: head.version.as_deref().map(Into::into), proof }
    }
}

/// The checksum of the whole from the records of its parts, where these are all there.
fn recorded_crc64(kept: &SinkState) -> Option<u64> {
    let mut parts = kept.parts.clone();
    parts.sort_by_key(|part| part.offset);
    let (mut end, mut crc) = (0, crc64(b""));
    for part in &parts {
        if part.offset != end || part.crc64 == 0 {
            return None;
        }
        end += part.len;
        crc = combined(crc, part.crc64, part.len);
    }
    (kept.size == Some(end)).then_some(crc)
}
