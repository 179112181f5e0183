//! Checksums: computing, checking and handing on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use crc_fast::CrcAlgorithm::Crc64Nvme;
use futures::StreamExt as _;
use http::HeaderMap;
use md5::{Digest, Md5};
use s3s::checksum::ChecksumHasher;
use s3s::dto::{Checksum, ChecksumType, StreamingBlob};
use s3s::{S3Result, TrailingHeaders, s3_error};

use crate::blob::Blob;

/// Gives the five sums of one value to another with fields of the same names.
macro_rules! give {
    ($sums:expr, $output:expr) => {{
        let (sums, output) = (&$sums, &mut $output);
        output.checksum_crc32.clone_from(&sums.checksum_crc32);
        output.checksum_crc32c.clone_from(&sums.checksum_crc32c);
        output.checksum_crc64nvme.clone_from(&sums.checksum_crc64nvme);
        output.checksum_sha1.clone_from(&sums.checksum_sha1);
        output.checksum_sha256.clone_from(&sums.checksum_sha256);
    }};
}
pub(super) use give;

/// The fields of a [`Checksum`] by the names of their headers, after `x-amz-checksum-`.
fn field<'a>(sums: &'a mut Checksum, name: &str) -> Option<&'a mut Option<String>> {
    match name {
        "crc32" => Some(&mut sums.checksum_crc32),
        "crc32c" => Some(&mut sums.checksum_crc32c),
        "crc64nvme" => Some(&mut sums.checksum_crc64nvme),
        "sha1" => Some(&mut sums.checksum_sha1),
        "sha256" => Some(&mut sums.checksum_sha256),
        _ => None,
    }
}

/// Adds what came in trailers, after the body was read.
pub(super) fn add_trailers(sums: &mut Checksum, trailers: Option<&TrailingHeaders>) {
    let headers: HeaderMap = trailers.and_then(TrailingHeaders::take).unwrap_or_default();
    for (name, value) in &headers {
        let name = name.as_str().strip_prefix("x-amz-checksum-").and_then(|name| field(sums, name));
        if let (Some(slot), Ok(value)) = (name, value.to_str()) {
            *slot = Some(value.to_owned());
        }
    }
}

/// Whether no sum is there.
pub(super) fn is_none(sums: &Checksum) -> bool {
    let all = [&sums.checksum_crc32, &sums.checksum_crc32c, &sums.checksum_crc64nvme, &sums.checksum_sha1];
    all.iter().all(|sum| sum.is_none()) && sums.checksum_sha256.is_none()
}

/// Computes the sums that `wanted` has, and the one of the algorithm called `named`.
fn compute(body: &Blob, wanted: &Checksum, named: Option<&str>) -> Checksum {
    fn hasher<T: s3s::crypto::Checksum>(wanted: bool) -> Option<T> {
        wanted.then(T::new)
    }
    let is = |name: &str| named.is_some_and(|named| named.eq_ignore_ascii_case(name));
    let mut hasher = ChecksumHasher {
        crc32: hasher(wanted.checksum_crc32.is_some() || is("crc32")),
        crc32c: hasher(wanted.checksum_crc32c.is_some() || is("crc32c")),
        crc64nvme: hasher(wanted.checksum_crc64nvme.is_some() || is("crc64nvme")),
        sha1: hasher(wanted.checksum_sha1.is_some() || is("sha1")),
        sha256: hasher(wanted.checksum_sha256.is_some() || is("sha256")),
    };
    body.clone().chunks().for_each(|chunk| hasher.update(&chunk));
    Checksum { checksum_type: Some(full()), ..hasher.finalize() }
}

pub(super) fn full() -> ChecksumType {
    ChecksumType::from_static(ChecksumType::FULL_OBJECT)
}

/// What the service keeps of a body that came without a sum: its CRC64NVME, or for a synthetic body
/// nothing (as of an object from before there were checksums).
pub(crate) fn whole(body: &Blob) -> Checksum {
    if body.is_synthetic() {
        Checksum::default()
    } else {
        compute(body, &Checksum::default(), Some("crc64nvme"))
    }
}

/// Checks the sums that a client sent, and gives those to keep.
pub(super) fn check(
    body: &Blob,
    sent: &Checksum,
    named: Option<&str>,
    md5: Option<&str>,
) -> S3Result<Checksum> {
    if let Some(md5) = md5 {
        let actual = STANDARD.encode(Md5::digest(body.to_bytes()));
        if actual != md5 {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
    }
    let named = if is_none(sent) && named.is_none() { Some("crc64nvme") } else { named };
    let mut own = compute(body, sent, named);
    let mut sent = sent.clone();
    for name in ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"] {
        let (sent, own) =
            (field(&mut sent, name).cloned().flatten(), field(&mut own, name).cloned().flatten());
        if sent.is_some() && sent != own {
            let name = name.to_uppercase();
            return Err(s3_error!(
                BadDigest,
                "The {name} you specified did not match the calculated checksum."
            ));
        }
    }
    Ok(own)
}

/// The CRC64NVME of parts that follow each other, from theirs; `None` where one has none.
pub(super) fn combine<'a>(parts: impl IntoIterator<Item = (Option<&'a str>, u64)>) -> Option<String> {
    let mut sum = None;
    for (part, size) in parts {
        let part = u64::from_be_bytes(STANDARD.decode(part?).ok()?.try_into().ok()?);
        sum = Some(sum.map_or(part, |sum| crc_fast::checksum_combine(Crc64Nvme, sum, part, size)));
    }
    sum.map(|sum: u64| STANDARD.encode(sum.to_be_bytes()))
}

/// The sum of the sums of parts: `SUM-COUNT`.
pub(super) fn composite(algorithm: &str, parts: &[Option<&str>]) -> Option<String> {
    let bytes: Option<Vec<Vec<u8>>> = parts.iter().map(|part| STANDARD.decode((*part)?).ok()).collect();
    let mut sums = compute(&Blob::from(bytes?.concat()), &Checksum::default(), Some(algorithm));
    let sum = field(&mut sums, &algorithm.to_lowercase())?.take()?;
    Some(format!("{sum}-{}", parts.len()))
}

/// One sum, by the name of its algorithm.
pub(super) fn named<'a>(sums: &'a Checksum, algorithm: &str) -> Option<&'a str> {
    match algorithm.to_lowercase().as_str() {
        "crc32" => sums.checksum_crc32.as_deref(),
        "crc32c" => sums.checksum_crc32c.as_deref(),
        "crc64nvme" => sums.checksum_crc64nvme.as_deref(),
        "sha1" => sums.checksum_sha1.as_deref(),
        "sha256" => sums.checksum_sha256.as_deref(),
        _ => None,
    }
}

/// Sets one sum, by the name of its algorithm.
pub(super) fn set(sums: &mut Checksum, algorithm: &str, value: Option<String>) {
    if let Some(slot) = field(sums, &algorithm.to_lowercase()) {
        *slot = value;
    }
}

/// Reads a request's body whole. What broke off, or isn't what the signature says, is refused.
pub(super) async fn collect(body: Option<StreamingBlob>, expected: Option<i64>) -> S3Result<Bytes> {
    let expected = expected.and_then(|length| usize::try_from(length).ok());
    let mut all = BytesMut::with_capacity(expected.unwrap_or(0).min(64 << 20));
    let Some(mut body) = body else { return Ok(all.freeze()) };
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            let text = format!("{error:?}");
            if text.contains("Sha256Mismatch") {
                let why = "The provided 'x-amz-content-sha256' header does not match what was computed.";
                super::error(400, "XAmzContentSHA256Mismatch", why)
            } else {
                s3_error!(IncompleteBody, "The body broke off or is malformed: {text}")
            }
        })?;
        all.extend_from_slice(&chunk);
    }
    if expected.is_some_and(|expected| expected != all.len()) {
        return Err(s3_error!(IncompleteBody, "The body has not as many bytes as Content-Length says"));
    }
    Ok(all.freeze())
}
