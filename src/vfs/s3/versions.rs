//! What a bucket holds beside its objects: older versions, markers, and uploads that nobody ended.

use futures::stream::{self, BoxStream, StreamExt};

use super::api::VersionRow;
use super::path::S3Path;
use crate::model::{Op, Result, S3Uri, Uri};
use crate::vfs::{OpenUpload, Version};

/// The versions below a path, see [`crate::vfs::VfsPath::versions`].
pub(super) fn list(path: &S3Path) -> BoxStream<'static, Result<Vec<Version>>> {
    let bucket = match path.bucket(Op::List) {
        Ok(bucket) => bucket,
        Err(error) => return stream::once(std::future::ready(Err(error))).boxed(),
    };
    let connection = path.at.connection.clone();
    let pages = path.service.api.list_versions(&bucket, &path.at.key);
    let version = move |row: VersionRow| Version {
        uri: Uri::S3(S3Uri::new(&connection, &bucket, &row.key)),
        id: row.id,
        latest: row.latest,
        marker: row.marker,
        modified: row.modified,
        size: row.size,
    };
    pages.map(move |page| page.map(|rows| rows.into_iter().map(&version).collect())).boxed()
}

/// The open uploads below a path.
pub(super) async fn uploads(path: &S3Path) -> Result<Vec<OpenUpload>> {
    let bucket = path.bucket(Op::List)?;
    let found = path.service.api.list_uploads(&bucket, &path.at.key).await?;
    let at = |key: &str| Uri::S3(S3Uri::new(&path.at.connection, &bucket, key));
    Ok(found.into_iter().map(|(it, since)| OpenUpload { uri: at(&it.key), id: it.id, since }).collect())
}
