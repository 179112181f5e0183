//! CopyObject and UploadPartCopy.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::condition::{Conditions, check_write, failed};
use super::read::find;
use super::write::{attributes, encryption};
use super::{Service, bucket, careless, multipart, ok, quoted, sums, time};
use crate::blob::Blob;
use crate::store::{self, Attributes, Part, State};

/// The source of a copy, once its conditions hold.
struct Found {
    object: Arc<store::Object>,
    version: Option<String>,
}

fn source(state: &State, from: &CopySource, conditions: &Conditions) -> S3Result<Found> {
    let CopySource::Bucket { bucket: name, key, version_id } = from else {
        return Err(s3_error!(NotImplemented, "Access points are not served here"));
    };
    if bucket(state, name)?.denied {
        return Err(s3_error!(AccessDenied, "Access Denied"));
    }
    let (version, object) = find(state, name, key, version_id.as_deref())?;
    conditions.check(object, version.modified).map_err(|_| failed())?;
    if object.is_archived() {
        let message = "The source object of the COPY action is not in the active tier";
        return Err(super::error(403, "ObjectNotInActiveTierError", message));
    }
    Ok(Found { object: Arc::clone(object), version: version.id.clone() })
}

macro_rules! source_conditions {
    ($input:expr) => {
        Conditions {
            if_match: $input.copy_source_if_match.clone(),
            if_none_match: $input.copy_source_if_none_match.clone(),
            modified_since: $input.copy_source_if_modified_since.clone(),
            unmodified_since: $input.copy_source_if_unmodified_since.clone(),
        }
    };
}

/// What the copy carries. Class and encryption are never taken from the source.
fn carried(input: &CopyObjectInput, source: &store::Object) -> S3Result<Attributes> {
    let own = attributes!(input);
    let replaces = |directive: Option<&str>| directive == Some("REPLACE");
    let metadata = replaces(input.metadata_directive.as_ref().map(MetadataDirective::as_str));
    let tags = replaces(input.tagging_directive.as_ref().map(TaggingDirective::as_str));
    let headers = if metadata { own.clone() } else { source.attributes.clone() };
    Ok(Attributes {
        class: own.class,
        encryption: own.encryption,
        tags: if tags { own.tags } else { source.attributes.tags.clone() },
        ..headers
    })
}

/// Whether the source is the destination and nothing would change.
fn is_idle(input: &CopyObjectInput) -> bool {
    let CopySource::Bucket { bucket, key, version_id } = &input.copy_source else { return false };
    **bucket == input.bucket
        && **key == input.key
        && version_id.is_none()
        && input.storage_class.is_none()
        && input.server_side_encryption.is_none()
        && input.metadata_directive.as_ref().map(MetadataDirective::as_str) != Some("REPLACE")
}

/// A condition on the destination: newer than the protocol's own types here.
fn condition(headers: &HeaderMap, name: &str) -> S3Result<Option<ETagCondition>> {
    let parse = |value: &http::HeaderValue| ETagCondition::parse_http_header(value.as_bytes());
    headers.get(name).map(parse).transpose().map_err(|_| s3_error!(InvalidArgument, "{name} is no tag"))
}

pub(super) fn copy_object(
    service: &Service,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let careless = careless(&request);
    let input = request.input;
    let (if_match, if_none_match) =
        (condition(&request.headers, "if-match")?, condition(&request.headers, "if-none-match")?);
    let found = source(&service.store.lock(), &input.copy_source, &source_conditions!(input))?;
    if is_idle(&input) {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes."
        ));
    }
    let attributes = carried(&input, &found.object)?;
    let named = input.checksum_algorithm.as_ref().map(ChecksumAlgorithm::as_str);
    let kept = resum(&found.object.body, &found.object.sums, named)?;
    let (encryption, key) = encryption(&attributes);
    let object = store::Object::new(found.object.body.clone(), attributes, kept.clone());
    let kept = service.told(kept, named.is_some());
    let etag = object.etag.clone();
    let mut state = service.store.lock();
    let target = bucket(&state, &input.bucket)?;
    if !careless {
        check_write(target, &input.key, if_match.as_ref(), if_none_match.as_ref())?;
    }
    let modified = state.now();
    let version = state.put(&input.bucket, &input.key, Some(object));
    ok(CopyObjectOutput {
        copy_object_result: Some(result(&etag, modified, &kept)),
        copy_source_version_id: found.version,
        version_id: version,
        server_side_encryption: encryption,
        ssekms_key_id: key,
        ..CopyObjectOutput::default()
    })
}

fn result(etag: &str, modified: DateTime<Utc>, kept: &Checksum) -> CopyObjectResult {
    let mut result = CopyObjectResult {
        e_tag: Some(quoted(etag)),
        last_modified: Some(time(modified)),
        checksum_type: kept.checksum_type.clone(),
        ..CopyObjectResult::default()
    };
    sums::give!(kept, result);
    result
}

/// The sums of a copy: by the algorithm that was asked for, else of the source, over the whole.
fn resum(body: &Blob, source: &Checksum, named: Option<&str>) -> S3Result<Checksum> {
    if body.is_synthetic() {
        return Ok(Checksum::default());
    }
    let algorithms = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];
    let own = algorithms.into_iter().find(|algorithm| sums::named(source, algorithm).is_some());
    sums::check(body, &Checksum::default(), named.or(own), None)
}

pub(super) fn upload_part_copy(
    service: &Service,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let input = request.input;
    let found = source(&service.store.lock(), &input.copy_source, &source_conditions!(input))?;
    let body = match input.copy_source_range.as_deref() {
        None => found.object.body.clone(),
        Some(range) => part_of(&found.object.body, range)?,
    };
    let mut state = service.store.lock();
    let modified = state.now();
    let upload = multipart::upload_mut(&mut state, &input.bucket, &input.key, &input.upload_id)?;
    let named = upload.algorithm.as_ref().map(|(name, _)| name.clone());
    let sums = resum(&body, &Checksum::default(), named.as_deref())?;
    let part = Part { etag: store::state::etag(&body), body, modified, sums };
    let mut result = CopyPartResult {
        e_tag: Some(quoted(&part.etag)),
        last_modified: Some(time(modified)),
        ..CopyPartResult::default()
    };
    if named.is_some() {
        sums::give!(part.sums, result);
    }
    multipart::add(upload, input.part_number, part)?;
    ok(UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: found.version,
        ..UploadPartCopyOutput::default()
    })
}

/// Both ends have to be given and to lie inside.
fn part_of(body: &Blob, range: &str) -> S3Result<Blob> {
    let wrong = || {
        s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy"
        )
    };
    let Ok(Range::Int { first, last: Some(last) }) = Range::parse(range) else { return Err(wrong()) };
    if last >= body.len() {
        return Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {}",
            body.len()
        ));
    }
    Ok(body.slice(first..last + 1))
}
