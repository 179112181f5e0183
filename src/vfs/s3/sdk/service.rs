//! [`S3Api`] as [`Sdk`] answers it: each method names where its work is done.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;

use super::super::super::{Precondition, Removed};
use super::super::api::{
    ConnectionId, Detail, Got, ListRequest, ObjectAttributes, ObjectRef, Payload, Restated, S3Api, UploadRef,
    UploadedPart, VersionRow, Written,
};
use super::object::{is_not_modified, reads_by_tag};
use super::{Sdk, listing, versions};
use crate::cache::{Holder, OpKind, Signing};
use crate::model::{ETag, ErrorKind, Freshness, Head, LinkAsk, Op, Page, Result, Timestamp};

#[async_trait]
impl S3Api for Sdk {
    fn connection(&self) -> &ConnectionId {
        &self.0.id
    }

    fn list_buckets(&self, _: Freshness) -> BoxStream<'static, Result<Page>> {
        listing::list_buckets(self)
    }

    fn list(&self, request: ListRequest, _: Freshness) -> BoxStream<'static, Result<Page>> {
        listing::list(self, request)
    }

    async fn head(&self, object: &ObjectRef, detail: Detail, _: Freshness) -> Result<Arc<Head>> {
        self.head_object(object, detail).await
    }

    async fn bucket_region(&self, bucket: &str, _: Freshness) -> Result<Option<Arc<str>>> {
        self.head_bucket(bucket).await
    }

    async fn get(
        &self,
        object: &ObjectRef,
        range: Option<Range<u64>>,
        precondition: &Precondition,
    ) -> Result<Got> {
        let ask = self.ask(Op::Read, OpKind::Get, &object.bucket, &object.key);
        if range.as_ref().is_some_and(Range::is_empty) {
            return Err(ask.error(ErrorKind::Invalid, "an empty range can't be asked for"));
        }
        if !reads_by_tag(precondition) {
            return Err(ask.error(ErrorKind::Conflict, "a read can be bound to an entity tag alone"));
        }
        self.get_object(object, range, precondition).await
    }

    async fn get_if_changed(
        &self,
        object: &ObjectRef,
        range: Option<Range<u64>>,
        held: &ETag,
    ) -> Result<Option<Got>> {
        let ask = self.ask(Op::Read, OpKind::Get, &object.bucket, &object.key);
        if range.as_ref().is_some_and(Range::is_empty) {
            return Err(ask.error(ErrorKind::Invalid, "an empty range can't be asked for"));
        }
        match self.get_object_on(&ask, object, range, (Some(held.quoted()), None)).await {
            Err(error) if is_not_modified(&error) => Ok(None),
            got => got.map(Some),
        }
    }

    async fn tags(&self, object: &ObjectRef) -> Result<Vec<(String, String)>> {
        self.object_tags(object).await
    }

    async fn put(
        &self,
        object: &ObjectRef,
        attributes: &ObjectAttributes,
        payload: Payload,
        precondition: &Precondition,
    ) -> Result<Written> {
        self.put_object(object, attributes, &payload, precondition).await
    }

    async fn copy(
        &self,
        from: &ObjectRef,
        to: &ObjectRef,
        restated: &Restated,
        source_tag: Option<&ETag>,
        precondition: &Precondition,
    ) -> Result<Written> {
        self.refuse_source(from, OpKind::Copy).await?;
        self.copy_object(from, to, restated, source_tag, precondition).await
    }

    async fn create_upload(&self, object: &ObjectRef, attributes: &ObjectAttributes) -> Result<UploadRef> {
        self.begin_upload(object, attributes).await
    }

    async fn upload_part(&self, upload: &UploadRef, number: u32, payload: Payload) -> Result<UploadedPart> {
        self.send_part(upload, number, &payload).await
    }

    async fn upload_part_copy(
        &self,
        upload: &UploadRef,
        number: u32,
        from: &ObjectRef,
        range: Range<u64>,
        source_tag: Option<&ETag>,
    ) -> Result<UploadedPart> {
        self.refuse_source(from, OpKind::UploadPartCopy).await?;
        self.copy_part(upload, number, from, &range, source_tag).await
    }

    async fn list_parts(&self, upload: &UploadRef) -> Result<Vec<UploadedPart>> {
        self.parts_of(upload).await
    }

    async fn complete_upload(
        &self,
        upload: &UploadRef,
        parts: &[UploadedPart],
        crc64: Option<u64>,
        precondition: &Precondition,
    ) -> Result<Written> {
        self.complete(upload, parts, crc64, precondition).await
    }

    async fn abort_upload(&self, upload: &UploadRef) -> Result<()> {
        self.abort(upload).await
    }

    async fn list_uploads(&self, bucket: &str, prefix: &str) -> Result<Vec<(UploadRef, Timestamp)>> {
        self.uploads_below(bucket, prefix).await
    }

    fn list_versions(&self, bucket: &str, prefix: &str) -> BoxStream<'static, Result<Vec<VersionRow>>> {
        versions::list(self, bucket, prefix)
    }

    async fn delete(&self, object: &ObjectRef, precondition: &Precondition) -> Result<Removed> {
        self.delete_object(object, precondition).await
    }

    async fn delete_many(
        &self,
        bucket: &str,
        keys: &[(Arc<str>, Option<ETag>)],
    ) -> Result<Vec<Result<Removed>>> {
        self.delete_objects(bucket, keys).await
    }

    async fn create_bucket(&self, bucket: &str) -> Result<()> {
        self.make_bucket(bucket).await
    }

    async fn delete_bucket(&self, bucket: &str) -> Result<()> {
        self.drop_bucket(bucket).await
    }

    async fn holder(&self, object: &ObjectRef) -> Result<Holder> {
        self.holder_of(object).await
    }

    async fn presign(&self, object: &ObjectRef, ask: &LinkAsk, now: Timestamp) -> Result<Signing> {
        self.presign_object(object, ask, now).await
    }
}
