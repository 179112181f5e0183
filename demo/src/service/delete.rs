//! DeleteObject and DeleteObjects.

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::condition::{failed, matches};
use super::{Service, bucket, bucket_mut, careless, no_key, ok};
use crate::store::{State, Versioning};

/// What a delete did: whether a marker was made or removed, and the version's id.
#[derive(Debug, Default)]
pub(crate) struct Deleted {
    marker: Option<bool>,
    version: Option<String>,
}

/// Deletes a key without naming a version: removes it, or hides it under a marker.
pub(crate) fn delete_current(state: &mut State, name: &str, key: &str) -> Deleted {
    let Some(bucket) = state.buckets.get_mut(name) else { return Deleted::default() };
    if bucket.versioning == Versioning::Off {
        bucket.keys.remove(key);
        return Deleted::default();
    }
    let version = state.put(name, key, None);
    Deleted { marker: Some(true), version }
}

/// Deletes one key of a request, with what it is bound to.
fn delete(
    state: &mut State,
    name: &str,
    key: &str,
    version: Option<&str>,
    condition: Option<&ETagCondition>,
) -> S3Result<Deleted> {
    let bucket = bucket(state, name)?;
    if bucket.locked.contains(key) {
        return Err(s3_error!(AccessDenied, "Access Denied"));
    }
    if let Some(condition) = condition {
        let newest = bucket.newest(key).ok_or_else(no_key)?;
        if !newest.object.as_ref().is_some_and(|object| matches(condition, object)) {
            return Err(failed());
        }
    }
    let Some(id) = version else { return Ok(delete_current(state, name, key)) };
    let removed = bucket_mut(state, name)?.remove_version(key, id);
    let marker = removed.is_some_and(|version| version.object.is_none()).then_some(true);
    Ok(Deleted { marker, version: Some(id.to_owned()) })
}

pub(super) fn delete_object(
    service: &Service,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let careless = careless(&request);
    let input = request.input;
    let mut state = service.store.lock();
    let (version, condition) = (input.version_id.as_deref(), input.if_match.as_ref());
    let condition = condition.filter(|_| !careless);
    let deleted = delete(&mut state, &input.bucket, &input.key, version, condition)?;
    ok(DeleteObjectOutput {
        delete_marker: deleted.marker,
        version_id: deleted.version,
        request_charged: None,
    })
}

pub(super) fn delete_objects(
    service: &Service,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let careless = careless(&request);
    let input = request.input;
    let asked = input.delete.objects;
    if asked.is_empty() || asked.len() > 1000 || asked.iter().any(|one| !is_xml(&one.key)) {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        ));
    }
    let mut state = service.store.lock();
    bucket(&state, &input.bucket)?;
    let (mut done, mut errors) = (Vec::new(), Vec::new());
    for one in asked {
        let condition = one.e_tag.clone().map(ETagCondition::ETag).filter(|_| !careless);
        match delete(&mut state, &input.bucket, &one.key, one.version_id.as_deref(), condition.as_ref()) {
            Ok(deleted) => done.push(told(one, deleted)),
            Err(why) => errors.push(refused(one, &why)),
        }
    }
    let quiet = input.delete.quiet == Some(true);
    ok(DeleteObjectsOutput {
        deleted: Some(done).filter(|done| !quiet && !done.is_empty()),
        errors: Some(errors).filter(|errors| !errors.is_empty()),
        request_charged: None,
    })
}

/// Whether a text can stand in XML 1.0.
fn is_xml(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..))
}

fn told(one: ObjectIdentifier, deleted: Deleted) -> DeletedObject {
    let made = deleted.marker == Some(true) && one.version_id.is_none();
    DeletedObject {
        key: Some(one.key),
        delete_marker: deleted.marker,
        delete_marker_version_id: deleted.version.filter(|_| made || deleted.marker == Some(true)),
        version_id: one.version_id,
    }
}

fn refused(one: ObjectIdentifier, why: &S3Error) -> Error {
    Error {
        key: Some(one.key),
        version_id: one.version_id,
        code: Some(why.code().as_str().to_owned()),
        message: why.message().map(str::to_owned),
    }
}
