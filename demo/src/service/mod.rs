//! What each operation means: [`Service`].
//!
//! One file per group of operations. Each is a function over the [`State`]; nothing here awaits but
//! the reading of a body, and the lock is never held across it.

mod buckets;
mod condition;
mod copy;
mod delete;
mod list;
mod multipart;
mod read;
pub(crate) mod sums;
mod tags;
mod uploads;
mod versions;
mod write;

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use crate::access::Exchange;
use crate::faults::Effect;
use crate::store::{Bucket, State, Store};

pub(crate) use delete::delete_current;

/// The operations on a store.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub store: Store,
    pub max_page: usize,
    pub min_part: u64,
    pub tells_checksums: bool,
}

impl Service {
    /// The sums that an answer tells of what it wrote.
    fn told(&self, kept: Checksum, sent: bool) -> Checksum {
        if sent || self.tells_checksums { kept } else { Checksum::default() }
    }

    /// How many rows a page has when a client asks for `asked`.
    fn page_size(&self, asked: Option<i32>) -> S3Result<usize> {
        let asked = asked.map_or(Ok(self.max_page), usize::try_from);
        let asked = asked.map_err(|_| s3_error!(InvalidArgument, "max-keys must not be negative"))?;
        Ok(asked.min(self.max_page))
    }
}

/// Whether a fault has the conditions of this request passed over.
fn careless<T>(request: &S3Request<T>) -> bool {
    is_bent(request, |it| matches!(it, Effect::Unconditional))
}

/// Whether such a fault is meant for this request.
fn is_bent<T>(request: &S3Request<T>, by: impl Fn(&Effect) -> bool) -> bool {
    request.extensions.get().is_some_and(|exchange: &Arc<Exchange>| exchange.has(by))
}

#[expect(clippy::unnecessary_wraps, reason = "it ends every operation")]
fn ok<T>(output: T) -> S3Result<S3Response<T>> {
    Ok(S3Response::new(output))
}

fn bucket<'a>(state: &'a State, name: &str) -> S3Result<&'a Bucket> {
    state.buckets.get(name).ok_or_else(no_bucket)
}

fn bucket_mut<'a>(state: &'a mut State, name: &str) -> S3Result<&'a mut Bucket> {
    state.buckets.get_mut(name).ok_or_else(no_bucket)
}

/// An error by its status and code, be they in the protocol's own list or not.
pub(crate) fn error(status: u16, code: &str, message: &str) -> S3Error {
    let known = S3ErrorCode::from_bytes(code.as_bytes());
    let code = known.unwrap_or_else(|| S3ErrorCode::Custom(code.to_owned().into()));
    let mut error = S3Error::with_message(code, message.to_owned());
    error.set_status_code(http::StatusCode::from_u16(status).expect("callers name a valid HTTP status"));
    error
}

fn no_bucket() -> S3Error {
    s3_error!(NoSuchBucket, "The specified bucket does not exist")
}

fn no_key() -> S3Error {
    s3_error!(NoSuchKey, "The specified key does not exist.")
}

fn time(at: chrono::DateTime<chrono::Utc>) -> Timestamp {
    std::time::SystemTime::from(at).into()
}

fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).expect("no object is larger than 2^63 bytes")
}

fn count(rows: usize) -> i32 {
    i32::try_from(rows).expect("a page has at most 1,000 rows")
}

fn quoted(etag: &str) -> ETag {
    ETag::Strong(etag.to_owned())
}

/// Declares that each operation is the function of its name in a module; those that read a body wait.
macro_rules! operations {
    (
        at once { $($module:ident :: $name:ident ( $input:ident ) -> $output:ident;)* }
        with a body { $($module_b:ident :: $name_b:ident ( $input_b:ident ) -> $output_b:ident;)* }
    ) => {
        #[async_trait::async_trait]
        impl S3 for Service {
            $(async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                $module::$name(self, request)
            })*
            $(async fn $name_b(&self, request: S3Request<$input_b>) -> S3Result<S3Response<$output_b>> {
                $module_b::$name_b(self, request).await
            })*
        }
    };
}

operations! {
    at once {
        buckets::list_buckets(ListBucketsInput) -> ListBucketsOutput;
        buckets::create_bucket(CreateBucketInput) -> CreateBucketOutput;
        buckets::delete_bucket(DeleteBucketInput) -> DeleteBucketOutput;
        buckets::head_bucket(HeadBucketInput) -> HeadBucketOutput;
        buckets::get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
        buckets::get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput;
        buckets::put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput;
        list::list_objects(ListObjectsInput) -> ListObjectsOutput;
        list::list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
        versions::list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput;
        read::get_object(GetObjectInput) -> GetObjectOutput;
        read::head_object(HeadObjectInput) -> HeadObjectOutput;
        copy::copy_object(CopyObjectInput) -> CopyObjectOutput;
        copy::upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput;
        delete::delete_object(DeleteObjectInput) -> DeleteObjectOutput;
        delete::delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
        multipart::create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput;
        multipart::complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput;
        multipart::abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
        uploads::list_parts(ListPartsInput) -> ListPartsOutput;
        uploads::list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput;
        tags::get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput;
        tags::put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput;
        tags::delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput;
    }
    with a body {
        write::put_object(PutObjectInput) -> PutObjectOutput;
        multipart::upload_part(UploadPartInput) -> UploadPartOutput;
    }
}
