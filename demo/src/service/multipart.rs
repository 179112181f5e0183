//! Multipart uploads.

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::condition::check_write;
use super::write::{attributes, encryption, sent};
use super::{Service, bucket, bucket_mut, ok, quoted, size, sums};
use crate::blob::Blob;
use crate::store::state::{etag, hex};
use crate::store::{self, Part as StoredPart, State, Upload};

fn no_upload() -> S3Error {
    s3_error!(
        NoSuchUpload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
    )
}

pub(super) fn upload<'a>(state: &'a State, name: &str, key: &str, id: &str) -> S3Result<&'a Upload> {
    bucket(state, name)?.uploads.get(key).and_then(|uploads| uploads.get(id)).ok_or_else(no_upload)
}

pub(super) fn upload_mut<'a>(
    state: &'a mut State,
    name: &str,
    key: &str,
    id: &str,
) -> S3Result<&'a mut Upload> {
    let uploads = bucket_mut(state, name)?.uploads.get_mut(key);
    uploads.and_then(|uploads| uploads.get_mut(id)).ok_or_else(no_upload)
}

/// Adds a part, or replaces the one of its number.
pub(super) fn add(upload: &mut Upload, number: i32, part: StoredPart) -> S3Result<()> {
    if !(1..=10_000).contains(&number) {
        return Err(s3_error!(
            InvalidArgument,
            "Part number must be an integer between 1 and 10000, inclusive"
        ));
    }
    upload.parts.insert(number, part);
    Ok(())
}

fn remove(state: &mut State, name: &str, key: &str, id: &str) -> S3Result<()> {
    let all = &mut bucket_mut(state, name)?.uploads;
    let uploads = all.get_mut(key).ok_or_else(no_upload)?;
    uploads.remove(id).ok_or_else(no_upload)?;
    if uploads.is_empty() {
        all.remove(key);
    }
    Ok(())
}

pub(super) fn create_multipart_upload(
    service: &Service,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let input = request.input;
    let attributes = attributes!(input);
    let (encryption, key) = encryption(&attributes);
    let algorithm = input.checksum_algorithm.as_ref().map(|algorithm| algorithm.as_str().to_owned());
    let whole = input.checksum_type.as_ref().map(ChecksumType::as_str) == Some(ChecksumType::FULL_OBJECT);
    let algorithm = algorithm.map(|name| (name.clone(), whole || name == "CRC64NVME"));
    let mut state = service.store.lock();
    let (initiated, id) = (state.now(), state.issue());
    let uploads = &mut bucket_mut(&mut state, &input.bucket)?.uploads;
    let upload = Upload {
        initiated,
        attributes,
        algorithm: algorithm.clone(),
        parts: std::collections::BTreeMap::default(),
    };
    uploads.entry(input.key.clone()).or_default().insert(id.clone(), upload);
    ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: algorithm.map(|(_, whole)| kind(whole)),
        server_side_encryption: encryption,
        ssekms_key_id: key,
        ..CreateMultipartUploadOutput::default()
    })
}

pub(super) fn kind(whole: bool) -> ChecksumType {
    ChecksumType::from_static(if whole { ChecksumType::FULL_OBJECT } else { ChecksumType::COMPOSITE })
}

pub(super) async fn upload_part(
    service: &Service,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let mut input = request.input;
    upload(&service.store.lock(), &input.bucket, &input.key, &input.upload_id)?;
    let body = Blob::from(sums::collect(input.body.take(), input.content_length).await?);
    let mut sent = sent!(input);
    sums::add_trailers(&mut sent, request.trailing_headers.as_ref());
    let named = input.checksum_algorithm.as_ref().map(ChecksumAlgorithm::as_str);
    let told = !sums::is_none(&sent) || named.is_some();
    let kept = sums::check(&body, &sent, named, input.content_md5.as_deref())?;
    let mut output = UploadPartOutput { e_tag: Some(quoted(&etag(&body))), ..UploadPartOutput::default() };
    if told {
        sums::give!(kept, output);
    }
    // The whole's sum is made from those of the parts, whatever the client sent.
    let crc64 = kept.checksum_crc64nvme.clone().or_else(|| sums::whole(&body).checksum_crc64nvme);
    let mut state = service.store.lock();
    let modified = state.now();
    let upload = upload_mut(&mut state, &input.bucket, &input.key, &input.upload_id)?;
    if let Some((algorithm, _)) = &upload.algorithm
        && sums::named(&kept, algorithm).is_none()
    {
        return Err(s3_error!(
            InvalidRequest,
            "Checksum Type mismatch occurred, expected checksum Type: {algorithm}"
        ));
    }
    let sums = Checksum { checksum_crc64nvme: crc64, ..kept };
    let part = StoredPart { etag: etag(&body), body, modified, sums };
    add(upload, input.part_number, part)?;
    ok(output)
}

pub(super) fn complete_multipart_upload(
    service: &Service,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let input = request.input;
    let mut state = service.store.lock();
    let bucket = bucket(&state, &input.bucket)?;
    let upload = upload(&state, &input.bucket, &input.key, &input.upload_id)?;
    let named = input.multipart_upload.as_ref().and_then(|upload| upload.parts.clone()).unwrap_or_default();
    let parts = chosen(upload, &named, service.min_part)?;
    check_write(bucket, &input.key, input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let object = joined(upload, &parts);
    check_whole(&input, &object)?;
    let kept = service.told(object.sums.clone(), upload.algorithm.is_some());
    let etag = object.etag.clone();
    let (encryption, key) = encryption(&object.attributes);
    remove(&mut state, &input.bucket, &input.key, &input.upload_id)?;
    let version = state.put(&input.bucket, &input.key, Some(object));
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(quoted(&etag)),
        version_id: version,
        server_side_encryption: encryption,
        ssekms_key_id: key,
        checksum_type: kept.checksum_type.clone(),
        ..CompleteMultipartUploadOutput::default()
    };
    sums::give!(kept, output);
    ok(output)
}

/// The parts that a Complete names, checked.
fn chosen<'a>(upload: &'a Upload, named: &[CompletedPart], least: u64) -> S3Result<Vec<&'a StoredPart>> {
    if named.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        ));
    }
    if !named.is_sorted_by(|a, b| a.part_number < b.part_number) {
        return Err(s3_error!(
            InvalidPartOrder,
            "The list of parts was not in ascending order. Parts must be ordered by part number."
        ));
    }
    let parts: S3Result<Vec<&StoredPart>> = named.iter().map(|part| one(upload, part)).collect();
    let parts = parts?;
    let whole = parts.len() - 1;
    if parts[..whole].iter().any(|part| part.body.len() < least) {
        return Err(s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size"
        ));
    }
    Ok(parts)
}

fn one<'a>(upload: &'a Upload, named: &CompletedPart) -> S3Result<&'a StoredPart> {
    let wrong = || {
        s3_error!(
            InvalidPart,
            "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."
        )
    };
    let part = named.part_number.and_then(|number| upload.parts.get(&number)).ok_or_else(wrong)?;
    let sum = |told: &Option<String>, own: &Option<String>| told.is_none() || told == own;
    let holds = named.e_tag.as_ref().is_some_and(|etag| etag.value() == part.etag)
        && sum(&named.checksum_crc32, &part.sums.checksum_crc32)
        && sum(&named.checksum_crc32c, &part.sums.checksum_crc32c)
        && sum(&named.checksum_crc64nvme, &part.sums.checksum_crc64nvme)
        && sum(&named.checksum_sha1, &part.sums.checksum_sha1)
        && sum(&named.checksum_sha256, &part.sums.checksum_sha256);
    if holds { Ok(part) } else { Err(wrong()) }
}

fn joined(upload: &Upload, parts: &[&StoredPart]) -> store::Object {
    let body = Blob::concat(parts.iter().map(|part| part.body.clone()));
    let tags: Vec<u8> = parts.iter().flat_map(|part| md5_of(part)).collect();
    let tag = store::state::md5(&tags);
    store::Object {
        etag: format!("{}-{}", hex(&tag), parts.len()),
        sums: whole_sums(upload, parts, &body),
        attributes: upload.attributes.clone(),
        parts: parts.iter().map(|part| part.body.len()).collect(),
        body,
    }
}

/// The MD5 behind a part's tag; of a synthetic part its tag's text does.
fn md5_of(part: &StoredPart) -> Vec<u8> {
    let pair = |at: usize| part.etag.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..16).map(|n| pair(2 * n).unwrap_or_default()).collect()
}

fn whole_sums(upload: &Upload, parts: &[&StoredPart], body: &Blob) -> Checksum {
    let mut sums = Checksum::default();
    match &upload.algorithm {
        Some((algorithm, false)) => {
            let each: Vec<_> = parts.iter().map(|part| sums::named(&part.sums, algorithm)).collect();
            sums::set(&mut sums, algorithm, sums::composite(algorithm, &each));
            sums.checksum_type = Some(kind(false));
        }
        Some((algorithm, true)) if algorithm != "CRC64NVME" && !body.is_synthetic() => {
            sums = sums::check(body, &Checksum::default(), Some(algorithm), None).unwrap_or_default();
        }
        _ => {
            let each = parts.iter().map(|part| (part.sums.checksum_crc64nvme.as_deref(), part.body.len()));
            sums.checksum_crc64nvme = sums::combine(each);
            sums.checksum_type = sums.checksum_crc64nvme.as_ref().map(|_| kind(true));
        }
    }
    sums
}

/// Checks what a Complete says of the whole.
fn check_whole(input: &CompleteMultipartUploadInput, object: &store::Object) -> S3Result<()> {
    if input.mpu_object_size.is_some_and(|told| told != size(object.body.len())) {
        return Err(s3_error!(
            InvalidRequest,
            "The provided 'x-amz-mp-object-size' header value does not match what was computed."
        ));
    }
    let own = &object.sums;
    let wrong = |told: &Option<String>, own: &Option<String>| told.is_some() && own.is_some() && told != own;
    let bad = wrong(&input.checksum_crc32, &own.checksum_crc32)
        || wrong(&input.checksum_crc32c, &own.checksum_crc32c)
        || wrong(&input.checksum_crc64nvme, &own.checksum_crc64nvme)
        || wrong(&input.checksum_sha1, &own.checksum_sha1)
        || wrong(&input.checksum_sha256, &own.checksum_sha256);
    if bad {
        return Err(s3_error!(
            BadDigest,
            "The checksum you specified did not match the calculated checksum."
        ));
    }
    Ok(())
}

pub(super) fn abort_multipart_upload(
    service: &Service,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    remove(&mut service.store.lock(), &input.bucket, &input.key, &input.upload_id)?;
    ok(AbortMultipartUploadOutput::default())
}
