//! What the answer to a write tells of what is there now, where it tells all that a row shows but the time.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

use super::super::api::{ObjectRef, UploadRef, Written};
use crate::cache::ops::Patch;
use crate::model::{ETag, Entry, Kind, Result, StorageClass, Tag};
use crate::vfs::Removed;

/// The object that a put, a copy or a completion left. `None` where the answer has no tag, and in a directory
/// bucket, which has a storage class of its own and listings without order.
pub(super) fn object(
    object: &ObjectRef,
    written: &Written,
    size: u64,
    class: Option<&StorageClass>,
) -> Option<Vec<Patch>> {
    if object.bucket.ends_with("--x-s3") {
        return None;
    }
    let mut row = Entry::new("".into(), Kind::File);
    row.size = Some(size);
    row.tag = Some(Tag::ETag(written.etag.clone()?));
    row.modified = written.modified;
    row.class = class.filter(|class| !class.is_standard()).cloned();
    Some(vec![Patch::object(&object.key, row)])
}

/// What a deletion of several left: nothing, where each was answered so.
pub(super) fn removed(
    keys: &[(Arc<str>, Option<ETag>)],
    results: &Result<Vec<Result<Removed>>>,
) -> Option<Vec<Patch>> {
    let results = results.as_ref().ok()?;
    let all = results.len() == keys.len() && results.iter().all(Result::is_ok);
    all.then(|| keys.iter().map(|(key, _)| Patch::gone(key)).collect())
}

/// How many uploads are remembered at once.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4_096).expect("not zero");

/// The storage classes of uploads under way: a completion doesn't say it again.
#[derive(Debug)]
pub(super) struct Uploads(Mutex<LruCache<Arc<str>, Option<StorageClass>>>);

impl Default for Uploads {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Uploads {
    /// An upload was begun, with this class.
    pub(super) fn begin(&self, upload: &UploadRef, class: Option<StorageClass>) {
        self.0.lock().put(upload.id.clone(), class);
    }

    /// It ends. Gives its class, unless it was begun elsewhere.
    #[allow(clippy::option_option, reason = "not known, and known to have none, are two things")]
    pub(super) fn end(&self, upload: &UploadRef) -> Option<Option<StorageClass>> {
        self.0.lock().pop(&upload.id)
    }
}
