//! The versions of objects, a page at a time.
//!
//! A page tells versions and markers in two lists; here they are in one, by key. As in a listing of
//! objects, a key that XML can't carry makes the page be asked for once more, encoded.

use std::sync::Arc;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{DeleteMarkerEntry, EncodingType, ObjectVersion};
use futures::stream::{self, BoxStream};

use super::super::api::VersionRow;
use super::convert::{timestamp, url_decoded};
use super::{Ask, Sdk};
use crate::cache::OpKind;
use crate::model::{ErrorKind, Op, Result};

type Marker = (Option<String>, Option<String>);

struct Cursor {
    sdk: Sdk,
    bucket: Arc<str>,
    prefix: Arc<str>,
    ask: Ask,
    marker: Marker,
    done: bool,
}

pub(super) fn list(sdk: &Sdk, bucket: &str, prefix: &str) -> BoxStream<'static, Result<Vec<VersionRow>>> {
    let ask = sdk.ask(Op::List, OpKind::ListVersions, bucket, prefix);
    let (bucket, prefix) = (bucket.into(), prefix.into());
    let cursor = Cursor { sdk: sdk.clone(), bucket, prefix, ask, marker: (None, None), done: false };
    Box::pin(stream::try_unfold(cursor, |mut cursor| async move {
        if cursor.done {
            return Ok(None);
        }
        let page = cursor.next_page().await?;
        Ok(Some((page, cursor)))
    }))
}

impl Cursor {
    async fn next_page(&mut self) -> Result<Vec<VersionRow>> {
        let output = match self.fetch(false).await {
            Err(error) if error.kind == ErrorKind::Corrupt => self.fetch(true).await?,
            other => other?,
        };
        let encoded = output.encoding_type() == Some(&EncodingType::Url);
        let text = |text: &str| decoded(&self.ask, text, encoded);
        let versions = output.versions().iter().filter_map(|it| version(it, &text));
        let markers = output.delete_markers().iter().filter_map(|it| hidden(it, &text));
        let rows: Result<Vec<VersionRow>> = versions.chain(markers).collect();
        let mut rows = rows?;
        // Both lists come by key, the newest of a key first; which of both kinds came first, the time and
        // the mark of the newest tell.
        rows.sort_by(|a, b| {
            let newest = b.latest.cmp(&a.latest).then(b.modified.cmp(&a.modified));
            a.key.cmp(&b.key).then(newest)
        });
        self.advance(&output, encoded)?;
        Ok(rows)
    }

    async fn fetch(&self, encoded: bool) -> Result<ListObjectVersionsOutput> {
        self.sdk
            .call(&self.ask, |route| {
                let request = route
                    .clients
                    .calls
                    .list_object_versions()
                    .bucket(&*self.bucket)
                    .prefix(&*self.prefix)
                    .max_keys(self.sdk.0.page_size)
                    .set_key_marker(self.marker.0.clone())
                    .set_version_id_marker(self.marker.1.clone())
                    .set_encoding_type(encoded.then_some(EncodingType::Url))
                    .set_request_payer(route.payer);
                request.customize().interceptor(route.watch).send()
            })
            .await
    }

    fn advance(&mut self, output: &ListObjectVersionsOutput, encoded: bool) -> Result<()> {
        self.done = !output.is_truncated().unwrap_or(false);
        let key = output.next_key_marker().map(|key| decoded(&self.ask, key, encoded)).transpose()?;
        let next = (key, output.next_version_id_marker().map(str::to_owned));
        if !self.done && (next.0.is_none() || next == self.marker) {
            return Err(self.ask.error(ErrorKind::Corrupt, "the list of versions would never end"));
        }
        self.marker = next;
        Ok(())
    }
}

/// A text of a page, as it is.
pub(super) fn decoded(ask: &Ask, text: &str, encoded: bool) -> Result<String> {
    let bad = || ask.error(ErrorKind::Corrupt, "a key in the listing is no UTF-8");
    if encoded { url_decoded(text).ok_or_else(bad) } else { Ok(text.to_owned()) }
}

fn version(it: &ObjectVersion, text: &impl Fn(&str) -> Result<String>) -> Option<Result<VersionRow>> {
    let (key, id) = (it.key()?, it.version_id()?);
    Some(text(key).map(|key| VersionRow {
        key: key.into(),
        id: id.into(),
        latest: it.is_latest().unwrap_or_default(),
        marker: false,
        modified: it.last_modified().and_then(timestamp),
        size: it.size().and_then(|size| u64::try_from(size).ok()),
    }))
}

fn hidden(it: &DeleteMarkerEntry, text: &impl Fn(&str) -> Result<String>) -> Option<Result<VersionRow>> {
    let (key, id) = (it.key()?, it.version_id()?);
    Some(text(key).map(|key| VersionRow {
        key: key.into(),
        id: id.into(),
        latest: it.is_latest().unwrap_or_default(),
        marker: true,
        modified: it.last_modified().and_then(timestamp),
        size: None,
    }))
}
