//! Uploads in parts.

use std::ops::Range;
use std::sync::Arc;

use aws_sdk_s3::operation::list_multipart_uploads::ListMultipartUploadsOutput;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart, EncodingType, MultipartUpload,
    Part,
};
use aws_smithy_types::retry::RetryConfig;

use super::super::super::Precondition;
use super::super::api::{ObjectAttributes, ObjectRef, Payload, UploadRef, UploadedPart, Written};
use super::super::checksum::crc64_text;
use super::body::{Sending, outgoing, silence};
use super::convert::{copy_source, timestamp};
use super::object::{checksums, conditions, dressed, watched};
use super::versions::decoded;
use super::{Ask, Sdk};
use crate::cache::OpKind;
use crate::model::{ETag, ErrorKind, Op, Result, Timestamp};

impl Sdk {
    fn ask_upload(&self, op: Op, kind: OpKind, upload: &UploadRef) -> Ask {
        self.ask(op, kind, &upload.bucket, &upload.key)
    }

    pub(super) async fn begin_upload(
        &self,
        object: &ObjectRef,
        with: &ObjectAttributes,
    ) -> Result<UploadRef> {
        let ask = self.ask(Op::Write, OpKind::CreateUpload, &object.bucket, &object.key);
        let output = self
            .call(&ask, |route| {
                let crc = route.clients.sends_crc;
                let request =
                    route.clients.calls.create_multipart_upload().bucket(&*object.bucket).key(&*object.key);
                let request = dressed!(request, with)
                    .set_checksum_algorithm(crc.then_some(ChecksumAlgorithm::Crc64Nvme))
                    .set_checksum_type(crc.then_some(ChecksumType::FullObject))
                    .set_request_payer(route.payer);
                // Never again by itself: each attempt whose answer is lost may leave an upload that nobody
                // knows the id of, and whoever keeps a journal has to hear of it.
                let once = aws_sdk_s3::Config::builder().retry_config(RetryConfig::disabled());
                request.customize().config_override(once).interceptor(route.watch).send()
            })
            .await?;
        let id = output.upload_id().ok_or_else(|| ask.error(ErrorKind::Corrupt, "the upload has no id"))?;
        Ok(UploadRef { bucket: object.bucket.clone(), key: object.key.clone(), id: id.into() })
    }

    pub(super) async fn send_part(
        &self,
        upload: &UploadRef,
        number: u32,
        payload: &Payload,
    ) -> Result<UploadedPart> {
        let ask = self.ask_upload(Op::Write, OpKind::UploadPart, upload);
        let output = self
            .call(&ask, |route| {
                let (body, sending) = outgoing(&payload.bytes, self.0.stall);
                let (crc64, md5) = checksums(payload, route.clients.sends_crc);
                let request = route
                    .clients
                    .transfers
                    .upload_part()
                    .bucket(&*upload.bucket)
                    .key(&*upload.key)
                    .upload_id(&*upload.id)
                    .part_number(part_number(number))
                    .set_checksum_crc64_nvme(crc64)
                    .set_content_md5(md5)
                    .set_request_payer(route.payer)
                    .body(body);
                let request = request.customize().interceptor(route.watch).send();
                async move { watched(&sending, request).await }
            })
            .await?;
        let etag = output.e_tag().ok_or_else(|| ask.error(ErrorKind::Corrupt, "the part has no tag"))?;
        let crc64 = output.checksum_crc64_nvme().map(str::to_owned);
        Ok(UploadedPart { number, etag: ETag::new(etag), size: payload.bytes.len() as u64, crc64 })
    }

    pub(super) async fn copy_part(
        &self,
        upload: &UploadRef,
        number: u32,
        from: &ObjectRef,
        range: &Range<u64>,
        source_tag: Option<&ETag>,
    ) -> Result<UploadedPart> {
        let ask = self.ask_upload(Op::Copy, OpKind::UploadPartCopy, upload);
        let bytes = format!("bytes={}-{}", range.start, range.end - 1);
        let silent = Sending::answer_within(silence(self.0.stall));
        let output = self
            .call(&ask, |route| {
                let request = route
                    .clients
                    .transfers
                    .upload_part_copy()
                    .bucket(&*upload.bucket)
                    .key(&*upload.key)
                    .upload_id(&*upload.id)
                    .part_number(part_number(number))
                    .copy_source(copy_source(from))
                    .copy_source_range(&bytes)
                    .set_copy_source_if_match(source_tag.map(ETag::quoted))
                    .set_request_payer(route.payer);
                watched(&silent, request.customize().interceptor(route.watch).send())
            })
            .await?;
        let part = output.copy_part_result();
        let etag = part.and_then(|part| part.e_tag());
        let etag = etag.ok_or_else(|| ask.error(ErrorKind::Corrupt, "the part has no tag"))?;
        let crc64 = part.and_then(|part| part.checksum_crc64_nvme()).map(str::to_owned);
        Ok(UploadedPart { number, etag: ETag::new(etag), size: range.end - range.start, crc64 })
    }

    pub(super) async fn parts_of(&self, upload: &UploadRef) -> Result<Vec<UploadedPart>> {
        let ask = self.ask_upload(Op::Write, OpKind::ListParts, upload);
        let mut parts = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let output = self
                .call(&ask, |route| {
                    let request = route
                        .clients
                        .calls
                        .list_parts()
                        .bucket(&*upload.bucket)
                        .key(&*upload.key)
                        .upload_id(&*upload.id)
                        .set_part_number_marker(marker.clone())
                        .set_request_payer(route.payer);
                    request.customize().interceptor(route.watch).send()
                })
                .await?;
            parts.extend(output.parts().iter().filter_map(uploaded));
            let next = output.next_part_number_marker().map(str::to_owned);
            if !output.is_truncated().unwrap_or(false) {
                return Ok(parts);
            }
            if next.is_none() || next == marker {
                return Err(ask.error(ErrorKind::Corrupt, "the list of parts would never end"));
            }
            marker = next;
        }
    }

    pub(super) async fn complete(
        &self,
        upload: &UploadRef,
        parts: &[UploadedPart],
        crc64: Option<u64>,
        precondition: &Precondition,
    ) -> Result<Written> {
        let ask = self.ask_upload(Op::Write, OpKind::CompleteUpload, upload);
        let (none_match, if_match) = conditions(&ask, precondition)?;
        let list: Vec<_> = parts.iter().map(completed).collect();
        let size = i64::try_from(parts.iter().map(|part| part.size).sum::<u64>()).ok();
        let silent = Sending::answer_within(silence(self.0.stall));
        let output = self
            .call(&ask, |route| {
                let crc = crc64.filter(|_| route.clients.sends_crc);
                let request = route
                    .clients
                    .transfers
                    .complete_multipart_upload()
                    .bucket(&*upload.bucket)
                    .key(&*upload.key)
                    .upload_id(&*upload.id)
                    .multipart_upload(
                        CompletedMultipartUpload::builder().set_parts(Some(list.clone())).build(),
                    )
                    .set_checksum_crc64_nvme(crc.map(crc64_text))
                    .set_checksum_type(crc.map(|_| ChecksumType::FullObject))
                    .set_mpu_object_size(size.filter(|_| route.clients.sends_crc))
                    .set_if_none_match(none_match.clone())
                    .set_if_match(if_match.clone())
                    .set_request_payer(route.payer);
                watched(&silent, request.customize().interceptor(route.watch).send())
            })
            .await?;
        Ok(Written {
            etag: output.e_tag().map(ETag::new),
            version: output.version_id().map(str::to_owned),
            crc64: output.checksum_crc64_nvme().map(str::to_owned),
            modified: None,
        })
    }

    pub(super) async fn abort(&self, upload: &UploadRef) -> Result<()> {
        let ask = self.ask_upload(Op::Write, OpKind::AbortUpload, upload);
        self.call(&ask, |route| {
            let request = route
                .clients
                .calls
                .abort_multipart_upload()
                .bucket(&*upload.bucket)
                .key(&*upload.key)
                .upload_id(&*upload.id)
                .set_request_payer(route.payer);
            request.customize().interceptor(route.watch).send()
        })
        .await
        .map(drop)
    }

    pub(super) async fn uploads_below(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<(UploadRef, Timestamp)>> {
        let ask = self.ask(Op::List, OpKind::ListUploads, bucket, prefix);
        let bucket: Arc<str> = bucket.into();
        let mut uploads = Vec::new();
        let mut marker = (None, None);
        loop {
            let output = match self.uploads_page(&ask, &bucket, prefix, &marker, false).await {
                Err(error) if error.kind == ErrorKind::Corrupt => {
                    self.uploads_page(&ask, &bucket, prefix, &marker, true).await?
                }
                other => other?,
            };
            let encoded = output.encoding_type() == Some(&EncodingType::Url);
            let text = |text: &str| decoded(&ask, text, encoded);
            for upload in output.uploads() {
                uploads.extend(listed(&bucket, upload, text)?);
            }
            let key = output.next_key_marker().map(text).transpose()?;
            let next = (key, output.next_upload_id_marker().map(str::to_owned));
            if !output.is_truncated().unwrap_or(false) {
                return Ok(uploads);
            }
            if next.0.is_none() || next == marker {
                return Err(ask.error(ErrorKind::Corrupt, "the list of uploads would never end"));
            }
            marker = next;
        }
    }

    async fn uploads_page(
        &self,
        ask: &Ask,
        bucket: &str,
        prefix: &str,
        marker: &(Option<String>, Option<String>),
        encoded: bool,
    ) -> Result<ListMultipartUploadsOutput> {
        self.call(ask, |route| {
            let request = route
                .clients
                .calls
                .list_multipart_uploads()
                .bucket(bucket)
                .prefix(prefix)
                .set_key_marker(marker.0.clone())
                .set_upload_id_marker(marker.1.clone())
                .set_encoding_type(encoded.then_some(EncodingType::Url))
                .set_request_payer(route.payer);
            request.customize().interceptor(route.watch).send()
        })
        .await
    }
}

fn part_number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn uploaded(part: &Part) -> Option<UploadedPart> {
    Some(UploadedPart {
        number: u32::try_from(part.part_number()?).ok()?,
        etag: ETag::new(part.e_tag()?),
        size: u64::try_from(part.size()?).ok()?,
        crc64: part.checksum_crc64_nvme().map(str::to_owned),
    })
}

fn completed(part: &UploadedPart) -> CompletedPart {
    CompletedPart::builder()
        .part_number(part_number(part.number))
        .e_tag(part.etag.quoted())
        .set_checksum_crc64_nvme(part.crc64.clone())
        .build()
}

/// A row of the list of uploads. One without a time can't be told by its age: it counts as begun just now.
fn listed(
    bucket: &Arc<str>,
    upload: &MultipartUpload,
    text: impl Fn(&str) -> Result<String>,
) -> Result<Option<(UploadRef, Timestamp)>> {
    let Some((key, id)) = upload.key().zip(upload.upload_id()) else { return Ok(None) };
    let upload_ref = UploadRef { bucket: bucket.clone(), key: text(key)?.into(), id: id.into() };
    let since = upload.initiated().and_then(timestamp).unwrap_or(Timestamp(i64::MAX));
    Ok(Some((upload_ref, since)))
}
