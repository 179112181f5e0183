//! What the tests of this floor share.

use std::sync::Arc;

use tempfile::TempDir;

use super::Source;
use super::feed::Feed;
use crate::model::Freshness;
use crate::vfs::local::LocalPath;

/// A source on a file of these bytes, which lasts as long as its directory.
pub async fn source(bytes: &[u8]) -> (Arc<Source>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f");
    std::fs::write(&file, bytes).unwrap();
    let path = LocalPath::at(file);
    let entry = path.stat(Freshness::Past).await.unwrap();
    (Arc::new(Source::open(path, entry).await.unwrap()), dir)
}

/// A feed on such a file.
pub async fn feed(bytes: &[u8]) -> (Arc<Feed>, TempDir) {
    let (source, dir) = source(bytes).await;
    (Arc::new(Feed::new(source, false)), dir)
}
