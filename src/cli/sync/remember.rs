//! What a sync learns by copying: the times that objects keep, so that the next one asks for none of them.

use super::super::context::Context;
use super::chunk::{Copy, Ended};
use crate::model::{Tag, Uri};
use crate::transfer::journal::Remembered;
use crate::vfs::Place;

/// Remembers for the copies that were made.
pub(super) async fn learnt(context: &Context, remembered: Option<&Remembered>, ended: &Ended) {
    let (Some(remembered), Some(first)) = (remembered, ended.copies.first()) else { return };
    let object = if first.source.uri.as_s3().is_some() { &first.source.uri } else { &first.target };
    let Ok(path) = context.path(object) else { return };
    let Ok(identity) = path.identity().await else { return };
    let Place::Bucket { endpoint, bucket } = identity.place else { return };
    let failures = ended.failures();
    let made = ended.copies.iter().filter(|copy| !failures.contains_key(&copy.target));
    let times: Vec<_> = made.filter_map(|copy| time(copy, ended)).collect();
    if let Err(error) = remembered.put_many(&endpoint, &bucket, times).await {
        tracing::warn!("what was learnt isn't remembered: {error}");
    }
}

/// The key, the tag and the time of the object of a copy: that of the file on the other side, as it was read
/// or written. What somebody made of it since is for the next sync to find.
fn time(copy: &Copy, ended: &Ended) -> Option<(String, String, Option<i64>)> {
    match (&copy.source.uri, &copy.target) {
        (Uri::S3(s3), Uri::Local(_)) => {
            let Tag::File { mtime_ns, .. } = ended.tags.get(&copy.target)? else { return None };
            Some((s3.key.to_string(), copy.source.entry.etag()?.to_string(), Some(*mtime_ns)))
        }
        (Uri::Local(_), Uri::S3(s3)) => {
            let Some(Tag::File { mtime_ns, .. }) = copy.source.entry.tag else { return None };
            let Tag::ETag(etag) = ended.tags.get(&copy.target)? else { return None };
            Some((s3.key.to_string(), etag.to_string(), Some(mtime_ns)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::model::{ETag, Entry, Kind, S3Uri};
    use crate::transfer::SourceItem;

    #[test]
    fn what_was_changed_after_the_copy_is_not_taken_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let target = Uri::Local(dir.path().join("f"));
        let mut entry = Entry::new("f".into(), Kind::File);
        (entry.size, entry.tag) = (Some(3), Some(Tag::ETag(ETag::new("x"))));
        let source = SourceItem { uri: Uri::S3(S3Uri::new("s3", "b", "f")), entry };
        let copy = Copy { source, target: target.clone(), listed: None };
        std::fs::write(dir.path().join("f"), "new").unwrap();
        let tags = HashMap::from([(target, Tag::File { dev: 1, ino: 2, mtime_ns: 5_000 })]);
        let learnt = time(&copy, &Ended::of(Vec::new(), tags));
        assert_eq!(learnt, Some(("f".to_owned(), "x".to_owned(), Some(5_000))));
    }
}
