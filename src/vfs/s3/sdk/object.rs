//! Single objects: head, get, tags, put and copy.

use std::ops::Range;
use std::sync::Arc;

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::types::{
    ChecksumMode, MetadataDirective, ServerSideEncryption, StorageClass, TaggingDirective,
};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::super::super::{Precondition, required_etag};
use super::super::api::{Detail, Got, ObjectAttributes, ObjectRef, Payload, Restated, Written};
use super::super::checksum::crc64_text;
use super::super::reasons;
use super::body::{Sending, incoming, outgoing, silence, unless_stalled};
use super::convert::{copy_source, has_dot_segment, head, head_of_get, length, timestamp};
use super::{Answer, Ask, Sdk, dot_segment};
use crate::cache::OpKind;
use crate::model::{ETag, ErrorKind, Head, Op, Result, Tag, VfsError};

/// `If-None-Match` and `If-Match` of a precondition.
pub(super) fn conditions(ask: &Ask, on: &Precondition) -> Result<(Option<String>, Option<String>)> {
    match on {
        Precondition::None => Ok((None, None)),
        Precondition::Absent => Ok((Some("*".to_owned()), None)),
        Precondition::Matches(Tag::ETag(etag)) => Ok((None, Some(etag.quoted()))),
        Precondition::Matches(Tag::File { .. }) => {
            Err(ask.error(ErrorKind::Conflict, "what was shown was a local file"))
        }
    }
}

/// A request for a new object with all that the object carries: the builders of the SDK have the same
/// setters, but nothing in common.
macro_rules! dressed {
    ($request:expr, $with:expr) => {{
        use $crate::vfs::s3::sdk::{convert, object};
        let with: &$crate::vfs::s3::api::ObjectAttributes = $with;
        let (sse, key_id) = object::encryption(with);
        $request
            .set_content_type(with.content_type.clone())
            .set_content_encoding(with.content_encoding.clone())
            .set_content_disposition(with.content_disposition.clone())
            .set_content_language(with.content_language.clone())
            .set_cache_control(with.cache_control.clone())
            .set_expires(object::expires(with))
            .set_storage_class(object::storage_class(with))
            .set_server_side_encryption(sse)
            .set_ssekms_key_id(key_id)
            .set_metadata(convert::metadata(&with.metadata))
            .set_tagging(convert::tagging(&with.tags))
    }};
}
pub(super) use dressed;

/// Expires as the SDK takes it; what is no date can't be sent and is left to the log.
pub(super) fn expires(of: &ObjectAttributes) -> Option<DateTime> {
    let text = of.expires.as_deref()?;
    DateTime::from_str(text, Format::HttpDate)
        .inspect_err(|error| tracing::warn!("the header Expires {text:?} isn't kept: {error}"))
        .ok()
}

/// The encryption of a new object as the SDK takes it.
pub(super) fn encryption(of: &ObjectAttributes) -> (Option<ServerSideEncryption>, Option<String>) {
    match &of.encryption {
        Some((kind, key)) => (Some(ServerSideEncryption::from(&**kind)), key.clone()),
        None => (None, None),
    }
}

pub(super) fn storage_class(of: &ObjectAttributes) -> Option<StorageClass> {
    of.class.as_ref().map(|class| StorageClass::from(class.as_str()))
}

/// What a copy names in its request: not what goes along by itself.
fn said(restated: &Restated) -> ObjectAttributes {
    let all = restated.attributes.clone();
    let (class, encryption) = (all.class.clone(), all.encryption.clone());
    let tags = if restated.tags { all.tags.clone() } else { Vec::new() };
    let headers = if restated.headers { all } else { ObjectAttributes::default() };
    ObjectAttributes { class, encryption, tags, ..headers }
}

/// The checksum headers of a payload: CRC64NVME where the service takes it, else an MD5.
pub(super) fn checksums(payload: &Payload, sends_crc: bool) -> (Option<String>, Option<String>) {
    if sends_crc {
        return (Some(crc64_text(payload.crc64)), None);
    }
    (None, Some(BASE64_STANDARD.encode(payload.md5())))
}

/// An answer, or the stall in its place.
pub(super) async fn watched<T, E>(
    sending: &Sending,
    request: impl Future<Output = Answer<T, E>>,
) -> Answer<T, E> {
    match unless_stalled(sending, request).await {
        Some(answer) => answer,
        None => Err(SdkError::timeout_error("the request stalled")),
    }
}

impl Sdk {
    pub(super) async fn head_object(&self, object: &ObjectRef, detail: Detail) -> Result<Arc<Head>> {
        let ask = self.ask(Op::Stat, OpKind::Head, &object.bucket, &object.key);
        let output = self
            .call(&ask, |route| {
                // The checksum of an object under KMS takes the right to decrypt it: a row doesn't need it.
                let checksum = detail == Detail::Full && route.clients.asks_crc;
                let request = route
                    .clients
                    .calls
                    .head_object()
                    .set_checksum_mode(checksum.then_some(ChecksumMode::Enabled))
                    .bucket(&*object.bucket)
                    .key(&*object.key)
                    .set_version_id(object.version.as_deref().map(str::to_owned))
                    .set_request_payer(route.payer);
                request.customize().interceptor(route.watch).send()
            })
            .await;
        match output {
            Ok(output) => Ok(Arc::new(head(object, &output))),
            Err(error) if error.kind == ErrorKind::NotFound => {
                self.absent_bucket(&ask).await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// A HEAD's 404 has no body: where the bucket hasn't answered before, ask whether it is there at all.
    async fn absent_bucket(&self, ask: &Ask) -> Result<()> {
        let bucket = ask.bucket().unwrap_or_default();
        if self.has_seen(&bucket) {
            return Ok(());
        }
        match self.head_bucket(&bucket).await {
            Err(error) if error.kind == ErrorKind::NotFound => {
                let absent = ask.error(ErrorKind::NotFound, reasons::NO_SUCH_BUCKET);
                Err(absent.with_hint("check the bucket's name and the connection; s3:// lists the buckets"))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn get_object(
        &self,
        object: &ObjectRef,
        range: Option<Range<u64>>,
        precondition: &Precondition,
    ) -> Result<Got> {
        let ask = self.ask(Op::Read, OpKind::Get, &object.bucket, &object.key);
        let conditions = conditions(&ask, precondition)?;
        let got = self.get_object_on(&ask, object, range, conditions).await?;
        // Some services pass over the condition in silence.
        match (required_etag(precondition), got.head.entry.etag()) {
            (Some(wanted), Some(came)) if !came.is_of(wanted) => {
                Err(ask.error(ErrorKind::Conflict, "it is not what it was"))
            }
            _ => Ok(got),
        }
    }

    /// The same on `If-None-Match` and `If-Match` in their own words.
    pub(super) async fn get_object_on(
        &self,
        ask: &Ask,
        object: &ObjectRef,
        range: Option<Range<u64>>,
        (none_match, if_match): (Option<String>, Option<String>),
    ) -> Result<Got> {
        let bytes = range.as_ref().map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        let sent = Sending::answer_within(self.0.stall);
        let output = self
            .call(ask, |route| {
                let request = route
                    .clients
                    .transfers
                    .get_object()
                    .bucket(&*object.bucket)
                    .key(&*object.key)
                    .set_version_id(object.version.as_deref().map(str::to_owned))
                    .set_range(bytes.clone())
                    .set_if_match(if_match.clone())
                    .set_if_none_match(none_match.clone())
                    .set_request_payer(route.payer);
                watched(&sent, request.customize().interceptor(route.watch).send())
            })
            .await?;
        let head = head_of_get(object, &output, range.is_some());
        let begins = output.content_range().map_or(Some(0), begin_of);
        if let Some(range) = range.as_ref().filter(|range| begins != Some(range.start)) {
            let came = output.content_range().map_or("all of it".into(), |came| format!("{came:?}"));
            let why = format!("bytes from {} on were asked for, and {came} came", range.start);
            let hint = "the service, or a proxy before it, passes over the header Range";
            return Err(ask.error(ErrorKind::Corrupt, why).with_hint(hint));
        }
        // A range that reaches beyond the end is cut there, as the service cuts it.
        let whole = head.entry.size;
        let expected = match &range {
            None => whole,
            Some(range) => {
                let left = whole.map(|size| size.saturating_sub(range.start)).or(length(&output));
                Some(left.unwrap_or(u64::MAX).min(range.end - range.start))
            }
        };
        Ok(Got { head, body: incoming(output.body, expected, self.0.stall, ask.clone()) })
    }

    pub(super) async fn object_tags(&self, object: &ObjectRef) -> Result<Vec<(String, String)>> {
        let ask = self.ask(Op::Stat, OpKind::GetTagging, &object.bucket, &object.key);
        let output = self
            .call(&ask, |route| {
                let request = route
                    .clients
                    .calls
                    .get_object_tagging()
                    .bucket(&*object.bucket)
                    .key(&*object.key)
                    .set_version_id(object.version.as_deref().map(str::to_owned))
                    .set_request_payer(route.payer);
                request.customize().interceptor(route.watch).send()
            })
            .await?;
        Ok(output.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
    }

    pub(super) async fn put_object(
        &self,
        object: &ObjectRef,
        with: &ObjectAttributes,
        payload: &Payload,
        precondition: &Precondition,
    ) -> Result<Written> {
        let ask = self.ask(Op::Write, OpKind::Put, &object.bucket, &object.key);
        let (none_match, if_match) = conditions(&ask, precondition)?;
        let output = self
            .call(&ask, |route| {
                let (body, sending) = outgoing(&payload.bytes, self.0.stall);
                let (crc64, md5) = checksums(payload, route.clients.sends_crc);
                let request = route.clients.transfers.put_object().bucket(&*object.bucket).key(&*object.key);
                let request = dressed!(request, with)
                    .set_checksum_crc64_nvme(crc64)
                    .set_content_md5(md5)
                    .set_if_none_match(none_match.clone())
                    .set_if_match(if_match.clone())
                    .set_request_payer(route.payer)
                    .body(body);
                let request = request.customize().interceptor(route.watch).send();
                async move { watched(&sending, request).await }
            })
            .await?;
        Ok(Written {
            etag: output.e_tag().map(ETag::new),
            version: output.version_id().map(str::to_owned),
            crc64: output.checksum_crc64_nvme().map(str::to_owned),
            modified: None,
        })
    }

    /// Metadata, content headers and tags go along by themselves unless they are to be others; class and
    /// encryption wouldn't, and are said again.
    pub(super) async fn copy_object(
        &self,
        from: &ObjectRef,
        to: &ObjectRef,
        restated: &Restated,
        source_tag: Option<&ETag>,
        precondition: &Precondition,
    ) -> Result<Written> {
        let ask = self.ask(Op::Copy, OpKind::Copy, &to.bucket, &to.key);
        let (none_match, if_match) = conditions(&ask, precondition)?;
        let with = said(restated);
        let silent = Sending::answer_within(silence(self.0.stall));
        let output = self
            .call(&ask, |route| {
                let request = route.clients.transfers.copy_object().copy_source(copy_source(from));
                let request = dressed!(request.bucket(&*to.bucket).key(&*to.key), &with)
                    .set_metadata_directive(restated.headers.then_some(MetadataDirective::Replace))
                    .set_tagging_directive(restated.tags.then_some(TaggingDirective::Replace))
                    .set_copy_source_if_match(source_tag.map(ETag::quoted))
                    .set_if_none_match(none_match.clone())
                    .set_if_match(if_match.clone())
                    .set_request_payer(route.payer);
                watched(&silent, request.customize().interceptor(route.watch).send())
            })
            .await?;
        let result = output.copy_object_result();
        Ok(Written {
            etag: result.and_then(|result| result.e_tag()).map(ETag::new),
            version: output.version_id().map(str::to_owned),
            crc64: result.and_then(|result| result.checksum_crc64_nvme()).map(str::to_owned),
            modified: result.and_then(|result| result.last_modified()).and_then(timestamp),
        })
    }

    /// A source that may not be named: see [`dot_segment`].
    pub(super) async fn refuse_source(&self, from: &ObjectRef, kind: OpKind) -> Result<()> {
        let ask = self.ask(Op::Copy, kind, &from.bucket, &from.key);
        let clients = self.0.clients.get(None).await.map_err(|bad| super::bad_endpoint(&ask, &bad))?;
        if clients.path_style && has_dot_segment(&from.key) { Err(dot_segment(&ask)) } else { Ok(()) }
    }
}

/// Where the bytes of a `Content-Range` begin.
fn begin_of(range: &str) -> Option<u64> {
    range.trim().strip_prefix("bytes")?.trim_start().split('-').next()?.trim().parse().ok()
}

/// Whether the service says that what was asked for is still what was known of it: no error where that was asked.
pub(super) fn is_not_modified(error: &VfsError) -> bool {
    let source =
        error.source.as_deref().and_then(|it| it.downcast_ref::<SdkError<GetObjectError, Response>>());
    let answer = source.and_then(SdkError::raw_response);
    answer.is_some_and(|answer| answer.status().as_u16() == 304)
}

/// Whether a read is bound to something other than a tag, which S3 can't do.
pub(super) fn reads_by_tag(precondition: &Precondition) -> bool {
    *precondition == Precondition::None || required_etag(precondition).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_range_begins() {
        let of = ["bytes 5-9/20", "bytes  7-9/*", "bytes */20", "5-9/20", "bytes -9/20"];
        assert_eq!(of.map(begin_of), [Some(5), Some(7), None, None, None]);
    }
}
