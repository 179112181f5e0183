//! What a lost answer meant: the object that is there now says it.
//!
//! After an answer was lost, 412, 409, 404 and NoSuchUpload prove nothing: they may be the echo of our
//! own success. The object's id, size and checksum do.

use super::super::api::{Detail, Written};
use super::super::checksum::crc64_text;
use super::{Upload, Whole};
use crate::model::{Entry, ErrorKind, Freshness, Head, Result, Tag, VfsError};
use crate::vfs::s3::reasons;
use crate::vfs::{Precondition, SinkState};

impl Upload {
    /// The entry after an answer that says success.
    pub(super) fn verified(&self, whole: &Whole, written: &Written) -> Result<Entry> {
        let ours = crc64_text(whole.crc64());
        match &written.crc64 {
            Some(theirs) if *theirs != ours => {
                let reason = format!("the service has another checksum: {theirs} and not {ours}");
                Err(self.error(ErrorKind::Corrupt, reason))
            }
            _ => Ok(self.entry(whole.size(), written.etag.clone().map(Tag::ETag))),
        }
    }

    /// The entry after an answer that says failure, or after none, if it is there all the same. `doubted`
    /// says that an earlier attempt got no answer.
    pub(super) async fn settled(
        &self,
        whole: &Whole,
        precondition: &Precondition,
        error: VfsError,
        doubted: bool,
    ) -> Result<Entry> {
        let open = error.kind.outcome_unknown();
        let echo = matches!(error.kind, ErrorKind::Conflict | ErrorKind::AlreadyExists | ErrorKind::NotFound);
        let asks = open || echo && doubted || error.kind == ErrorKind::NotFound;
        if asks && let Some(head) = self.ours(whole.size(), Some(whole.crc64())).await {
            return Ok(self.entry(whole.size(), head.entry.tag));
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
        match self.ours(kept.size.unwrap_or_default(), None).await {
            Some(head) => {
                let entry = self.entry(kept.size.unwrap_or_default(), head.entry.tag.clone());
                self.state.lock().done = Some(entry);
                Ok(())
            }
            None => Err(error),
        }
    }
}
