//! Buckets: making, removing, looking, versioning.

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{Service, bucket, bucket_mut, ok, time};
use crate::store::{self, Versioning};

pub(super) fn owner() -> Owner {
    let id = "4f1dd10c0000000000000000000000000000000000000000000000000000dead".to_owned();
    Owner { display_name: Some("demo".to_owned()), id: Some(id) }
}

pub(super) fn list_buckets(
    service: &Service,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let input = request.input;
    let limit = input.max_buckets.and_then(|max| usize::try_from(max).ok()).unwrap_or(10_000);
    let after = input.continuation_token.clone().unwrap_or_default();
    let prefix = input.prefix.clone().unwrap_or_default();
    let asked = input.max_buckets.is_some() || input.bucket_region.is_some();
    let state = service.store.lock();
    let mut buckets: Vec<Bucket> = state
        .buckets
        .iter()
        .filter(|(name, _)| **name > after && name.starts_with(&prefix))
        .filter(|(_, bucket)| input.bucket_region.as_ref().is_none_or(|region| *region == bucket.region))
        .map(|(name, bucket)| Bucket {
            name: Some(name.clone()),
            creation_date: Some(time(bucket.created)),
            bucket_region: asked.then(|| bucket.region.clone()),
        })
        .collect();
    let more = buckets.len() > limit;
    buckets.truncate(limit);
    let last = buckets.last().and_then(|bucket| bucket.name.clone()).filter(|_| more);
    ok(ListBucketsOutput {
        buckets: Some(buckets),
        continuation_token: last,
        owner: Some(owner()),
        prefix: input.prefix,
    })
}

pub(super) fn create_bucket(
    service: &Service,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let input = request.input;
    let constraint = input.create_bucket_configuration.and_then(|asked| asked.location_constraint);
    let signed = request.region.as_ref().map(|region| region.as_str().to_owned());
    let region = constraint.map(|constraint| constraint.as_str().to_owned()).or(signed);
    let region = region.unwrap_or_else(|| service.store.region().to_owned());
    let mut state = service.store.lock();
    let created = state.now();
    if state.buckets.contains_key(&input.bucket) {
        return Err(s3_error!(
            BucketAlreadyOwnedByYou,
            "Your previous request to create the named bucket succeeded and you already own it."
        ));
    }
    let location = Some(format!("/{}", input.bucket));
    state.buckets.insert(input.bucket, store::Bucket::new(&region, created));
    ok(CreateBucketOutput { location })
}

pub(super) fn delete_bucket(
    service: &Service,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    let name = request.input.bucket;
    let mut state = service.store.lock();
    if !bucket(&state, &name)?.keys.is_empty() {
        return Err(s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty"));
    }
    state.buckets.remove(&name);
    ok(DeleteBucketOutput::default())
}

pub(super) fn head_bucket(
    service: &Service,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let state = service.store.lock();
    let region = bucket(&state, &request.input.bucket)?.region.clone();
    ok(HeadBucketOutput { bucket_region: Some(region), ..HeadBucketOutput::default() })
}

pub(super) fn get_bucket_location(
    service: &Service,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let state = service.store.lock();
    let region = bucket(&state, &request.input.bucket)?.region.clone();
    // The oldest region has no name here.
    let constraint = (region != "us-east-1").then(|| BucketLocationConstraint::from(region));
    ok(GetBucketLocationOutput { location_constraint: constraint })
}

pub(super) fn get_bucket_versioning(
    service: &Service,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    let state = service.store.lock();
    let status = match bucket(&state, &request.input.bucket)?.versioning {
        Versioning::Off => None,
        Versioning::Enabled => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED)),
        Versioning::Suspended => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::SUSPENDED)),
    };
    ok(GetBucketVersioningOutput { status, mfa_delete: None })
}

pub(super) fn put_bucket_versioning(
    service: &Service,
    request: S3Request<PutBucketVersioningInput>,
) -> S3Result<S3Response<PutBucketVersioningOutput>> {
    let status = request.input.versioning_configuration.status;
    let versioning = match status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        _ => return Err(s3_error!(MalformedXML, "Status must be Enabled or Suspended")),
    };
    let mut state = service.store.lock();
    bucket_mut(&mut state, &request.input.bucket)?.versioning = versioning;
    ok(PutBucketVersioningOutput::default())
}
