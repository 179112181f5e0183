//! GetObject and HeadObject.

use std::ops::Range as Span;
use std::sync::Arc;

use futures::stream;
use http::{HeaderMap, HeaderValue, StatusCode};
use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::condition::{Conditions, Unmet, failed};
use super::{Service, bucket, no_key, ok, quoted, size, sums, time};
use crate::faults::Effect;
use crate::store::{self, State, Version};

/// Finds the version that a read is for.
pub(super) fn find<'a>(
    state: &'a State,
    name: &str,
    key: &str,
    id: Option<&str>,
) -> S3Result<(&'a Version, &'a Arc<store::Object>)> {
    let bucket = bucket(state, name)?;
    let version = match id {
        None => bucket.newest(key).ok_or_else(no_key)?,
        Some(id) => {
            let versions = bucket.keys.get(key).ok_or_else(no_version)?;
            versions.iter().find(|version| version.is(id)).ok_or_else(no_version)?
        }
    };
    match &version.object {
        Some(object) => Ok((version, object)),
        None => Err(hidden(version, id.is_some())),
    }
}

pub(super) fn no_version() -> S3Error {
    s3_error!(NoSuchVersion, "The specified version does not exist.")
}

/// The answer where a marker stands.
fn hidden(version: &Version, asked: bool) -> S3Error {
    let mut error = if asked {
        s3_error!(MethodNotAllowed, "The specified method is not allowed against this resource.")
    } else {
        no_key()
    };
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    headers.insert("x-amz-version-id", header(version.shown()));
    error.set_headers(headers);
    error
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("tags and ids are plain ASCII")
}

fn unmet(unmet: &Unmet, object: &store::Object) -> S3Error {
    match unmet {
        Unmet::Precondition => failed(),
        Unmet::NotModified => {
            let mut error = s3_error!(NotModified, "Not Modified");
            let mut headers = HeaderMap::new();
            headers.insert("etag", header(&format!("\"{}\"", object.etag)));
            error.set_headers(headers);
            error
        }
    }
}

fn no_part() -> S3Error {
    super::error(416, "InvalidPartNumber", "The requested partnumber is not satisfiable")
}

/// Which bytes a read is for, and whether it asked for a part of them.
fn span(range: Option<Range>, part: Option<i32>, object: &store::Object) -> S3Result<(Span<u64>, bool)> {
    let len = object.body.len();
    if let Some(part) = part {
        let sizes = if object.parts.is_empty() { &[len][..] } else { &object.parts };
        let index = usize::try_from(part - 1).ok().filter(|index| *index < sizes.len());
        let index = index.ok_or_else(no_part)?;
        let start: u64 = sizes[..index].iter().sum();
        return Ok((start..start + sizes[index], true));
    }
    let Some(range) = range else { return Ok((0..len, false)) };
    let span = range.check(len).map_err(|_| {
        let mut error = s3_error!(InvalidRange, "The requested range is not satisfiable");
        let mut headers = HeaderMap::new();
        headers.insert("content-range", header(&format!("bytes */{len}")));
        error.set_headers(headers);
        error
    })?;
    Ok((span, true))
}

/// Everything that the headers of GET and HEAD tell.
fn headers(version: &Version, object: &store::Object, span: &Span<u64>, partial: bool) -> HeadObjectOutput {
    let has = &object.attributes;
    let (encryption, key) = has.encryption.clone().unwrap_or_else(|| ("AES256".to_owned(), None));
    let class = Some(object.class()).filter(|class| *class != "STANDARD");
    HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: Some(size(span.end - span.start)),
        content_range: partial
            .then(|| format!("bytes {}-{}/{}", span.start, span.end.max(1) - 1, object.body.len())),
        content_type: Some(has.content_type.clone().unwrap_or_else(|| "binary/octet-stream".to_owned())),
        content_encoding: has.content_encoding.clone(),
        content_disposition: has.content_disposition.clone(),
        content_language: has.content_language.clone(),
        cache_control: has.cache_control.clone(),
        expires: has.expires.clone(),
        e_tag: Some(quoted(&object.etag)),
        last_modified: Some(time(version.modified)),
        metadata: Some(has.metadata.clone().into_iter().collect()).filter(|map: &Metadata| !map.is_empty()),
        server_side_encryption: Some(ServerSideEncryption::from(encryption)),
        ssekms_key_id: key,
        storage_class: class.map(|class| StorageClass::from(class.to_owned())),
        version_id: version.id.clone(),
        ..HeadObjectOutput::default()
    }
}

pub(super) fn head_object(
    service: &Service,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    let state = service.store.lock();
    let (version, object) = find(&state, &input.bucket, &input.key, input.version_id.as_deref())?;
    let conditions = Conditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        modified_since: input.if_modified_since,
        unmodified_since: input.if_unmodified_since,
    };
    conditions.check(object, version.modified).map_err(|why| unmet(&why, object))?;
    let (span, partial) = span(input.range, input.part_number, object)?;
    let mut output = headers(version, object, &span, partial);
    if input.checksum_mode.is_some() && !partial {
        sums::give!(object.sums, output);
        output.checksum_type.clone_from(&object.sums.checksum_type);
    }
    output.parts_count =
        input.part_number.filter(|_| !object.parts.is_empty()).map(|_| super::count(object.parts.len()));
    let tags = object.attributes.tags.len();
    let mut response = S3Response::new(output);
    if tags > 0 {
        response.headers.insert("x-amz-tagging-count", header(&tags.to_string()));
    }
    response.status = partial.then_some(StatusCode::PARTIAL_CONTENT);
    Ok(response)
}

pub(super) fn get_object(
    service: &Service,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let careless = super::careless(&request);
    let whole = super::is_bent(&request, |it| matches!(it, Effect::WholeBody));
    let untold = [true, false].into_iter().find(|told| {
        super::is_bent(&request, |it| matches!(it, Effect::UntoldSize { range } if range == told))
    });
    let input = request.input;
    let state = service.store.lock();
    let (version, object) = find(&state, &input.bucket, &input.key, input.version_id.as_deref())?;
    let conditions = Conditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        modified_since: input.if_modified_since,
        unmodified_since: input.if_unmodified_since,
    };
    if !careless {
        conditions.check(object, version.modified).map_err(|why| unmet(&why, object))?;
    }
    if object.is_archived() {
        let message = "The operation is not valid for the object's storage class";
        return Err(s3_error!(InvalidObjectState, "{message}"));
    }
    let (span, partial) = span(input.range.filter(|_| !whole), input.part_number, object)?;
    let mut head = headers(version, object, &span, partial);
    match untold {
        Some(true) => {
            head.content_range = partial.then(|| format!("bytes {}-{}/*", span.start, span.end.max(1) - 1));
        }
        Some(false) => head.content_range = None,
        None => {}
    }
    let parts =
        input.part_number.filter(|_| !object.parts.is_empty()).map(|_| super::count(object.parts.len()));
    let tags = Some(super::count(object.attributes.tags.len())).filter(|tags| *tags > 0);
    let chunks = object.body.slice(span).chunks().map(Ok::<_, std::io::Error>);
    let mut output = GetObjectOutput {
        body: Some(StreamingBlob::wrap(stream::iter(chunks))),
        parts_count: parts,
        tag_count: tags,
        ..from_head(head)
    };
    if input.checksum_mode.is_some() && !partial {
        sums::give!(object.sums, output);
        output.checksum_type.clone_from(&object.sums.checksum_type);
    }
    ok(output)
}

fn from_head(head: HeadObjectOutput) -> GetObjectOutput {
    GetObjectOutput {
        accept_ranges: head.accept_ranges,
        content_length: head.content_length,
        content_range: head.content_range,
        content_type: head.content_type,
        content_encoding: head.content_encoding,
        content_disposition: head.content_disposition,
        content_language: head.content_language,
        cache_control: head.cache_control,
        expires: head.expires,
        e_tag: head.e_tag,
        last_modified: head.last_modified,
        metadata: head.metadata,
        server_side_encryption: head.server_side_encryption,
        ssekms_key_id: head.ssekms_key_id,
        storage_class: head.storage_class,
        version_id: head.version_id,
        ..GetObjectOutput::default()
    }
}
