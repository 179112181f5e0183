//! One method per S3 operation that bifold uses: [`S3Api`].
//!
//! The seam between the backend and whoever answers: the SDK, the cache around it, or a test's fault
//! injection. Everything is plain data; the SDK's types don't pass it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use super::super::{Body, Precondition, Removed};
pub use crate::cache::ConnectionId;
use crate::cache::{Holder, Signing};
use crate::model::{ETag, Freshness, Head, LinkAsk, Page, Result, StorageClass, Timestamp};

/// A listing of a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListRequest {
    /// The bucket.
    pub bucket: Arc<str>,
    /// The prefix, byte-exact.
    pub prefix: Arc<str>,
    /// Whether keys are grouped at the next `/` (a directory) or all listed (a tree).
    pub delimited: bool,
}

/// An object, or one version of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectRef {
    /// The bucket.
    pub bucket: Arc<str>,
    /// The key, byte-exact.
    pub key: Arc<str>,
    /// The version, or the newest.
    pub version: Option<Arc<str>>,
}

/// How much a [`S3Api::head`] must tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detail {
    /// What a listing's row tells: a held listing may answer.
    Row,
    /// All of it: only a HEAD answers.
    Full,
}

/// The headers of a new object.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ObjectAttributes {
    /// Content-Type.
    pub content_type: Option<String>,
    /// Content-Encoding.
    pub content_encoding: Option<String>,
    /// Content-Disposition.
    pub content_disposition: Option<String>,
    /// Content-Language.
    pub content_language: Option<String>,
    /// Cache-Control.
    pub cache_control: Option<String>,
    /// Expires, as an HTTP date.
    pub expires: Option<String>,
    /// The storage class.
    pub class: Option<StorageClass>,
    /// Encryption (`AES256`, `aws:kms`) and the key's id.
    pub encryption: Option<(String, Option<String>)>,
    /// User metadata, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    pub tags: Vec<(String, String)>,
}

/// What a copy on the service says again.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Restated {
    /// All that the copy is to carry; class and encryption are always taken from here.
    pub attributes: ObjectAttributes,
    /// Whether headers and metadata are, too, and don't go along by themselves.
    pub headers: bool,
    /// Whether tags are.
    pub tags: bool,
}

/// What a completed write tells.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Written {
    /// The new tag.
    pub etag: Option<ETag>,
    /// The new version, on a versioned bucket.
    pub version: Option<String>,
    /// The CRC64NVME that the service computed over the whole object, base64.
    pub crc64: Option<String>,
    /// When, where the service tells it: of a copy.
    pub modified: Option<Timestamp>,
}

/// One part of an upload, as `ListParts` tells it and as Complete wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its tag.
    pub etag: ETag,
    /// Its size in bytes.
    pub size: u64,
    /// Its CRC64NVME, base64, where one was sent.
    pub crc64: Option<String>,
}

/// An upload under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UploadRef {
    /// The bucket.
    pub bucket: Arc<str>,
    /// The key.
    pub key: Arc<str>,
    /// The service's id.
    pub id: Arc<str>,
}

/// A row of ListObjectVersions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// The key.
    pub key: Arc<str>,
    /// The version's id; `null` where it has none.
    pub id: Arc<str>,
    /// Whether it is the newest of its key.
    pub latest: bool,
    /// Whether it is a delete marker.
    pub marker: bool,
    /// When it was written.
    pub modified: Option<Timestamp>,
    /// Its size in bytes; a marker has none.
    pub size: Option<u64>,
}

/// The bytes of a GET and what came with them.
pub struct Got {
    /// What the headers told.
    pub head: Head,
    /// The bytes.
    pub body: Body,
}

impl Debug for Got {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Got").field("head", &self.head).finish_non_exhaustive()
    }
}

/// The bytes of a PUT or of a part.
#[derive(Clone, Debug)]
pub struct Payload {
    /// The bytes; a part is at most some megabytes, bounded by the engine's budget.
    pub bytes: Bytes,
    /// Their CRC64NVME, which the service checks where the connection's checksum mode allows it.
    pub crc64: u64,
    md5: Arc<OnceLock<[u8; 16]>>,
}

impl Payload {
    /// These bytes, of which the CRC64NVME is known.
    pub fn new(bytes: Bytes, crc64: u64) -> Self {
        Self { bytes, crc64, md5: Arc::default() }
    }

    /// Their MD5, computed once.
    pub fn md5(&self) -> [u8; 16] {
        *self.md5.get_or_init(|| super::checksum::md5_of(&self.bytes))
    }

    /// Their MD5, where it was needed before.
    pub fn known_md5(&self) -> Option<[u8; 16]> {
        self.md5.get().copied()
    }
}

/// The S3 operations that bifold uses, on one connection.
#[async_trait]
pub trait S3Api: Debug + Send + Sync + 'static {
    /// Who is asking whom.
    fn connection(&self) -> &ConnectionId;

    /// ListBuckets: rows of kind `Bucket`.
    fn list_buckets(&self, freshness: Freshness) -> BoxStream<'static, Result<Page>>;

    /// ListObjectsV2, all its pages: rows named by what follows the prefix. The object whose key is
    /// the prefix itself is a `File` with an empty name; a common prefix is a `Dir` named without its
    /// last `/`.
    fn list(&self, request: ListRequest, freshness: Freshness) -> BoxStream<'static, Result<Page>>;

    /// HeadObject.
    async fn head(&self, object: &ObjectRef, detail: Detail, freshness: Freshness) -> Result<Arc<Head>>;

    /// HeadBucket: the bucket's region, where the service tells it.
    async fn bucket_region(&self, bucket: &str, freshness: Freshness) -> Result<Option<Arc<str>>>;

    /// GetObject.
    async fn get(
        &self,
        object: &ObjectRef,
        range: Option<Range<u64>>,
        precondition: &Precondition,
    ) -> Result<Got>;

    /// GetObject, unless the object still has the tag `held`: then `None`, and no body comes.
    async fn get_if_changed(
        &self,
        object: &ObjectRef,
        range: Option<Range<u64>>,
        held: &ETag,
    ) -> Result<Option<Got>>;

    /// GetObjectTagging.
    async fn tags(&self, object: &ObjectRef) -> Result<Vec<(String, String)>>;

    /// PutObject.
    async fn put(
        &self,
        object: &ObjectRef,
        attributes: &ObjectAttributes,
        payload: Payload,
        precondition: &Precondition,
    ) -> Result<Written>;

    /// CopyObject, keeping or replacing what the source carries as `restated` says.
    async fn copy(
        &self,
        from: &ObjectRef,
        to: &ObjectRef,
        restated: &Restated,
        source_tag: Option<&ETag>,
        precondition: &Precondition,
    ) -> Result<Written>;

    /// CreateMultipartUpload.
    async fn create_upload(&self, object: &ObjectRef, attributes: &ObjectAttributes) -> Result<UploadRef>;

    /// UploadPart.
    async fn upload_part(&self, upload: &UploadRef, number: u32, payload: Payload) -> Result<UploadedPart>;

    /// UploadPartCopy.
    async fn upload_part_copy(
        &self,
        upload: &UploadRef,
        number: u32,
        from: &ObjectRef,
        range: Range<u64>,
        source_tag: Option<&ETag>,
    ) -> Result<UploadedPart>;

    /// ListParts, all its pages.
    async fn list_parts(&self, upload: &UploadRef) -> Result<Vec<UploadedPart>>;

    /// CompleteMultipartUpload. `crc64` is the checksum of the whole, which the service checks.
    async fn complete_upload(
        &self,
        upload: &UploadRef,
        parts: &[UploadedPart],
        crc64: Option<u64>,
        precondition: &Precondition,
    ) -> Result<Written>;

    /// AbortMultipartUpload.
    async fn abort_upload(&self, upload: &UploadRef) -> Result<()>;

    /// ListMultipartUploads below a prefix: the uploads and when each began.
    async fn list_uploads(&self, bucket: &str, prefix: &str) -> Result<Vec<(UploadRef, Timestamp)>>;

    /// ListObjectVersions, all its pages: those of every key that begins with the prefix, by key, the
    /// newest first. Whoever means one key leaves out the others.
    fn list_versions(&self, bucket: &str, prefix: &str) -> BoxStream<'static, Result<Vec<VersionRow>>>;

    /// DeleteObject: of a version for good, where `object` names one.
    async fn delete(&self, object: &ObjectRef, precondition: &Precondition) -> Result<Removed>;

    /// DeleteObjects: the outcome of each key, in order. At most 1,000.
    async fn delete_many(
        &self,
        bucket: &str,
        keys: &[(Arc<str>, Option<ETag>)],
    ) -> Result<Vec<Result<Removed>>>;

    /// CreateBucket.
    async fn create_bucket(&self, bucket: &str) -> Result<()>;

    /// DeleteBucket.
    async fn delete_bucket(&self, bucket: &str) -> Result<()>;

    /// Whose credentials would sign a link now. Asks no service, but maybe whoever gives credentials.
    async fn holder(&self, object: &ObjectRef) -> Result<Holder>;

    /// Signs a link that begins at `now`. `object` names the version.
    async fn presign(&self, object: &ObjectRef, ask: &LinkAsk, now: Timestamp) -> Result<Signing>;
}
