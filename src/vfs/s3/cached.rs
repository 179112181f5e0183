//! Any [`S3Api`] with the operation cache around it: [`Cached`].
//!
//! Reads look first, then join a request for the same that is under way, then ask. Writes are fenced
//! (see [`crate::cache::ops`]). Bodies, parts, tags and uploads pass through. With the cache switched
//! off everything does.

mod flight;
mod left;
mod pages;
mod writes;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, BoxStream};

use self::flight::{End, Entered, Flights, Single};
use self::left::Uploads;
use self::pages::{held_pages, one, read_pages};
use self::writes::{added, outcome};
use super::S3Api;
use super::api::{
    ConnectionId, Detail, Got, ListRequest, ObjectAttributes, ObjectRef, Payload, Restated, UploadRef,
    UploadedPart, VersionRow, Written,
};
use crate::cache::ops::{Answer, Change, Extent, OpKey, Patch, Query, SharedOpCache};
use crate::cache::{Holder, Signing};
use crate::model::{
    ETag, Entry, ErrorKind, Freshness, Head, Kind, LinkAsk, Op, Page, Result, S3Uri, Source, Timestamp, Uri,
    VfsError,
};
use crate::vfs::{Precondition, Removed};

/// An S3 API whose answers are held for a while, and asked for once where several ask at once.
///
/// A clone is another handle on the same.
#[derive(Debug)]
pub struct Cached<A> {
    inner: Arc<A>,
    connection: Arc<ConnectionId>,
    cache: SharedOpCache,
    listings: Arc<Flights<Arc<Vec<Entry>>>>,
    heads: Arc<Flights<Arc<Head>>>,
    regions: Arc<Flights<Option<Arc<str>>>>,
    uploads: Arc<Uploads>,
}

impl<A> Clone for Cached<A> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            connection: self.connection.clone(),
            cache: self.cache.clone(),
            listings: self.listings.clone(),
            heads: self.heads.clone(),
            regions: self.regions.clone(),
            uploads: self.uploads.clone(),
        }
    }
}

impl<A: S3Api> Cached<A> {
    /// Puts the program's cache around `inner`. Make one for each connection and share it: requests
    /// under way are joined within it.
    pub fn new(inner: A, cache: SharedOpCache) -> Self {
        Self {
            connection: Arc::new(inner.connection().clone()),
            inner: Arc::new(inner),
            listings: Arc::new(Flights::new(cache.clone())),
            heads: Arc::new(Flights::new(cache.clone())),
            regions: Arc::new(Flights::new(cache.clone())),
            uploads: Arc::default(),
            cache,
        }
    }

    /// What is inside.
    pub fn inner(&self) -> &A {
        &self.inner
    }

    /// The newest modification that a held listing of this prefix knows: never a request, and no
    /// look-up that counts.
    pub fn newest_below(&self, bucket: &Arc<str>, prefix: &Arc<str>) -> Option<Timestamp> {
        self.cache.newest_below(&self.connection, bucket, prefix)
    }

    /// The size of an object of this tag, where a HEAD that is held tells it.
    fn size_of(&self, object: &ObjectRef, tag: &ETag) -> Option<u64> {
        let ObjectRef { bucket, key, version } = object.clone();
        self.cache.size_of(&self.key(Query::Head { bucket, key, version }), tag)
    }

    fn key(&self, query: Query) -> OpKey {
        OpKey::new(&self.connection, query)
    }

    /// A page whose prefixes carry the newest time that is known of what they hold. A page that has
    /// none of these stays shared.
    fn dated(&self, bucket: &Arc<str>, prefix: &str, mut page: Page) -> Page {
        // A listing has many objects: nothing is made for these.
        let newest = |row: &Entry| {
            let dir = (row.kind == Kind::Dir).then_some(row)?;
            let below = format!("{prefix}{}/", dir.name.to_lossy());
            self.newest_below(bucket, &below.into())
        };
        let known = page.entries.iter().map(newest);
        let known: Vec<_> = known.enumerate().filter(|(_, newest)| newest.is_some()).collect();
        if !known.is_empty() {
            let rows = Arc::make_mut(&mut page.entries);
            for (at, newest) in known {
                rows[at].modified = newest;
            }
        }
        page
    }

    /// A listing by its key: begun at its first poll, so that a stream nobody reads costs nothing.
    fn pages(
        &self,
        query: Query,
        location: S3Uri,
        freshness: Freshness,
        ask: impl Fn(&A) -> BoxStream<'static, Result<Page>> + Send + 'static,
    ) -> BoxStream<'static, Result<Page>> {
        let this = self.clone();
        let open = move || {
            if freshness == Freshness::Held {
                return this.held(&this.key(query));
            }
            if !this.cache.enabled() {
                return ask(&this.inner);
            }
            let key = this.key(query);
            if freshness == Freshness::Stale
                && let Some(listing) = this.cache.get_stale(&key)
            {
                return held_pages(listing, Source::Stale);
            }
            let rows = || ask(&this.inner).map(|page| page.map(|page| page.entries)).boxed();
            match this.listings.enter(&key, freshness, SharedOpCache::get, rows) {
                Entered::Held(Answer::Listing(listing)) => held_pages(listing, Source::Cache),
                Entered::Held(Answer::Absent(error)) => one(Err(error)),
                Entered::Held(Answer::Head(_) | Answer::Region(_)) => ask(&this.inner),
                Entered::Reading(reader) => {
                    let lost = "the listing broke off: its task ended";
                    let lost = VfsError::new(Op::List, Uri::S3(location), ErrorKind::Unavailable, lost);
                    read_pages(reader, lost, move || ask(&this.inner))
                }
            }
        };
        let this = self.clone();
        let ready = async move {
            if freshness == Freshness::Stale {
                this.cache.warm(&this.connection).await;
            }
            open()
        };
        ready.flatten_stream().boxed()
    }

    /// The pages of a listing that is held, at whatever age it may be shown; none where it isn't.
    fn held(&self, key: &OpKey) -> BoxStream<'static, Result<Page>> {
        match self.cache.peek(key) {
            Some((listing, past)) => held_pages(listing, if past { Source::Stale } else { Source::Cache }),
            None => stream::empty().boxed(),
        }
    }
}

/// An answer of one piece: held, or read to its end, so that it is stored before it is told.
async fn single<T: Single>(
    flights: &Arc<Flights<T>>,
    key: &OpKey,
    freshness: Freshness,
    look: impl FnOnce(&SharedOpCache, &OpKey) -> Option<Answer>,
    ask: impl Fn() -> BoxFuture<'static, Result<T>>,
) -> Result<T> {
    let mut reader = match flights.enter(key, freshness, look, || stream::once(ask()).boxed()) {
        Entered::Held(answer) => match T::held(answer) {
            Some(result) => return result,
            None => return ask().await,
        },
        Entered::Reading(reader) => reader,
    };
    let item = reader.next().await;
    let end = if item.is_ok() { reader.next().await.err() } else { None };
    match (item, end) {
        (Ok(item), _) => Ok(item),
        (Err(End::Failed(error)), _) => Err(error),
        (Err(End::Complete | End::Lost), _) => ask().await,
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<A: S3Api> S3Api for Cached<A> {
    fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    fn list_buckets(&self, freshness: Freshness) -> BoxStream<'static, Result<Page>> {
        let location = S3Uri::buckets(&self.connection.name);
        self.pages(Query::ListBuckets, location, freshness, move |inner| inner.list_buckets(freshness))
    }

    fn list(&self, request: ListRequest, freshness: Freshness) -> BoxStream<'static, Result<Page>> {
        let ListRequest { bucket, prefix, delimited } = request.clone();
        let location = S3Uri::new(&self.connection.name, &bucket, &prefix);
        let query = Query::List { bucket, prefix, delimited };
        if !delimited && freshness == Freshness::Past {
            // A walk over a tree that may have millions of keys: whoever walks takes page after page,
            // and nobody holds them all.
            self.cache.forget(&self.key(query));
            return self.inner.list(request, freshness);
        }
        let this = self.clone();
        let (bucket, prefix) = (request.bucket.clone(), request.prefix.clone());
        let pages =
            self.pages(query, location, freshness, move |inner| inner.list(request.clone(), freshness));
        pages.map(move |page| page.map(|page| this.dated(&bucket, &prefix, page))).boxed()
    }

    async fn head(&self, object: &ObjectRef, detail: Detail, freshness: Freshness) -> Result<Arc<Head>> {
        if !self.cache.enabled() {
            return self.inner.head(object, detail, freshness).await;
        }
        let ObjectRef { bucket, key, version } = object.clone();
        let key = self.key(Query::Head { bucket, key, version });
        let look = match detail {
            Detail::Row => SharedOpCache::get_row,
            Detail::Full => SharedOpCache::get,
        };
        let ask = || {
            let (inner, object) = (self.inner.clone(), object.clone());
            async move { inner.head(&object, detail, freshness).await }.boxed()
        };
        single(&self.heads, &key, freshness, look, ask).await
    }

    async fn bucket_region(&self, bucket: &str, freshness: Freshness) -> Result<Option<Arc<str>>> {
        if !self.cache.enabled() {
            return self.inner.bucket_region(bucket, freshness).await;
        }
        let key = self.key(Query::Region { bucket: bucket.into() });
        let ask = || {
            let (inner, bucket) = (self.inner.clone(), bucket.to_owned());
            async move { inner.bucket_region(&bucket, freshness).await }.boxed()
        };
        single(&self.regions, &key, freshness, SharedOpCache::get, ask).await
    }

    async fn get(
        &self,
        object: &ObjectRef,
        range: Option<Range<u64>>,
        precondition: &Precondition,
    ) -> Result<Got> {
        self.inner.get(object, range, precondition).await
    }

    async fn get_if_changed(
        &self,
        object: &ObjectRef,
        range: Option<Range<u64>>,
        held: &ETag,
    ) -> Result<Option<Got>> {
        self.inner.get_if_changed(object, range, held).await
    }

    async fn tags(&self, object: &ObjectRef) -> Result<Vec<(String, String)>> {
        self.inner.tags(object).await
    }

    async fn put(
        &self,
        object: &ObjectRef,
        attributes: &ObjectAttributes,
        payload: Payload,
        precondition: &Precondition,
    ) -> Result<Written> {
        let size = payload.bytes.len() as u64;
        let put = self.inner.put(object, attributes, payload, precondition);
        let left = |written: &Written| left::object(object, written, size, attributes.class.as_ref());
        self.write_exact(&object.bucket, added(&object.key), put, left).await
    }

    async fn copy(
        &self,
        from: &ObjectRef,
        to: &ObjectRef,
        restated: &Restated,
        source_tag: Option<&ETag>,
        precondition: &Precondition,
    ) -> Result<Written> {
        let copy = self.inner.copy(from, to, restated, source_tag, precondition);
        let size = source_tag.and_then(|tag| self.size_of(from, tag));
        let class = restated.attributes.class.as_ref();
        let left = |written: &Written| left::object(to, written, size?, class);
        self.write_exact(&to.bucket, added(&to.key), copy, left).await
    }

    async fn create_upload(&self, object: &ObjectRef, attributes: &ObjectAttributes) -> Result<UploadRef> {
        let upload = self.inner.create_upload(object, attributes).await?;
        self.uploads.begin(&upload, attributes.class.clone());
        Ok(upload)
    }

    async fn upload_part(&self, upload: &UploadRef, number: u32, payload: Payload) -> Result<UploadedPart> {
        self.inner.upload_part(upload, number, payload).await
    }

    async fn upload_part_copy(
        &self,
        upload: &UploadRef,
        number: u32,
        from: &ObjectRef,
        range: Range<u64>,
        source_tag: Option<&ETag>,
    ) -> Result<UploadedPart> {
        self.inner.upload_part_copy(upload, number, from, range, source_tag).await
    }

    async fn list_parts(&self, upload: &UploadRef) -> Result<Vec<UploadedPart>> {
        self.inner.list_parts(upload).await
    }

    async fn complete_upload(
        &self,
        upload: &UploadRef,
        parts: &[UploadedPart],
        crc64: Option<u64>,
        precondition: &Precondition,
    ) -> Result<Written> {
        let complete = self.inner.complete_upload(upload, parts, crc64, precondition);
        let size = parts.iter().map(|part| part.size).sum();
        let class = self.uploads.end(upload);
        let object = ObjectRef { bucket: upload.bucket.clone(), key: upload.key.clone(), version: None };
        let left = |written: &Written| left::object(&object, written, size, class?.as_ref());
        self.write_exact(&upload.bucket, added(&upload.key), complete, left).await
    }

    async fn abort_upload(&self, upload: &UploadRef) -> Result<()> {
        self.uploads.end(upload);
        self.inner.abort_upload(upload).await
    }

    async fn list_uploads(&self, bucket: &str, prefix: &str) -> Result<Vec<(UploadRef, Timestamp)>> {
        self.inner.list_uploads(bucket, prefix).await
    }

    fn list_versions(&self, bucket: &str, prefix: &str) -> BoxStream<'static, Result<Vec<VersionRow>>> {
        self.inner.list_versions(bucket, prefix)
    }

    async fn delete(&self, object: &ObjectRef, precondition: &Precondition) -> Result<Removed> {
        let extent = Extent::Key(object.key.clone(), Change::Other);
        // Deleting a version may reveal the one before: nobody knows what it leaves.
        let left = |_: &Removed| object.version.is_none().then(|| vec![Patch::gone(&object.key)]);
        self.write_exact(&object.bucket, extent, self.inner.delete(object, precondition), left).await
    }

    async fn delete_many(
        &self,
        bucket: &str,
        keys: &[(Arc<str>, Option<ETag>)],
    ) -> Result<Vec<Result<Removed>>> {
        let touched: Arc<[Arc<str>]> = keys.iter().map(|(key, _)| key.clone()).collect();
        let fence = self.fence_exact(&bucket.into(), Extent::Keys(touched));
        let results = self.inner.delete_many(bucket, keys).await;
        if let Some(left) = left::removed(keys, &results) {
            fence.leave(left);
        } else {
            let mut errors = results.iter().flatten().filter_map(|result| result.as_ref().err());
            let unknown = errors.find(|error| error.kind.outcome_unknown()).or(results.as_ref().err());
            fence.end(outcome(unknown));
        }
        results
    }

    async fn create_bucket(&self, bucket: &str) -> Result<()> {
        self.write(&bucket.into(), Extent::Bucket, self.inner.create_bucket(bucket)).await
    }

    async fn delete_bucket(&self, bucket: &str) -> Result<()> {
        self.write(&bucket.into(), Extent::Bucket, self.inner.delete_bucket(bucket)).await
    }

    async fn holder(&self, object: &ObjectRef) -> Result<Holder> {
        self.inner.holder(object).await
    }

    async fn presign(&self, object: &ObjectRef, ask: &LinkAsk, now: Timestamp) -> Result<Signing> {
        self.inner.presign(object, ask, now).await
    }
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
