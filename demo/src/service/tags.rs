//! The tags of objects.

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::read::{find, no_version};
use super::{Service, bucket_mut, no_key, ok, write};
use crate::store::{Attributes, State};

pub(super) fn get_object_tagging(
    service: &Service,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    let state = service.store.lock();
    let (version, object) = find(&state, &input.bucket, &input.key, input.version_id.as_deref())?;
    let tag = |(key, value): &(String, String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
    let tag_set = object.attributes.tags.iter().map(tag).collect();
    ok(GetObjectTaggingOutput { tag_set, version_id: version.id.clone() })
}

pub(super) fn put_object_tagging(
    service: &Service,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    let pairs: Option<Vec<_>> =
        input.tagging.tag_set.into_iter().map(|tag| Some((tag.key?, tag.value?))).collect();
    let pairs = pairs.ok_or_else(|| s3_error!(MalformedXML, "A tag has a key and a value"))?;
    write::check_tags(&pairs)?;
    let mut state = service.store.lock();
    let version_id =
        edit(&mut state, &input.bucket, &input.key, input.version_id.as_deref(), |has| has.tags = pairs)?;
    ok(PutObjectTaggingOutput { version_id })
}

pub(super) fn delete_object_tagging(
    service: &Service,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let input = request.input;
    let mut state = service.store.lock();
    let version = input.version_id.as_deref();
    let version_id = edit(&mut state, &input.bucket, &input.key, version, |has| has.tags.clear())?;
    let mut response = S3Response::new(DeleteObjectTaggingOutput { version_id });
    response.status = Some(http::StatusCode::NO_CONTENT);
    Ok(response)
}

/// Changes a version in place, and gives its id.
fn edit(
    state: &mut State,
    name: &str,
    key: &str,
    id: Option<&str>,
    change: impl FnOnce(&mut Attributes),
) -> S3Result<Option<String>> {
    let versions = bucket_mut(state, name)?.keys.get_mut(key).ok_or_else(no_key)?;
    let version = match id {
        None => versions.last_mut().ok_or_else(no_key)?,
        Some(id) => versions.iter_mut().find(|version| version.is(id)).ok_or_else(no_version)?,
    };
    let object = version.object.as_mut().ok_or_else(no_key)?;
    change(&mut Arc::make_mut(object).attributes);
    Ok(version.id.clone())
}
