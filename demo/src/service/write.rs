//! PutObject, and what the headers of a write say.

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::condition::check_write;
use super::{Service, bucket, ok, quoted, sums};
use crate::blob::Blob;
use crate::store::{self, Attributes};

/// The sums that a request carries, in fields of the same names.
macro_rules! sent {
    ($input:expr) => {{
        let mut sums = Checksum::default();
        $crate::service::sums::give!($input, sums);
        sums
    }};
}
pub(super) use sent;

/// The attributes that a request carries, in fields of the same names.
macro_rules! attributes {
    ($input:expr) => {
        $crate::store::Attributes {
            content_type: $input.content_type.clone(),
            content_encoding: $crate::service::write::encoding($input.content_encoding.as_deref()),
            content_disposition: $input.content_disposition.clone(),
            content_language: $input.content_language.clone(),
            cache_control: $input.cache_control.clone(),
            expires: $input.expires.clone(),
            class: $input.storage_class.as_ref().map(|class| class.as_str().to_owned()),
            encryption: $input
                .server_side_encryption
                .as_ref()
                .map(|kind| (kind.as_str().to_owned(), $input.ssekms_key_id.clone())),
            metadata: $input.metadata.clone().unwrap_or_default().into_iter().collect(),
            tags: $crate::service::write::tags($input.tagging.as_deref())?,
        }
    };
}
pub(super) use attributes;

/// Content-Encoding without the encoding of the transfer.
pub(super) fn encoding(sent: Option<&str>) -> Option<String> {
    let kept: Vec<&str> = sent?.split(',').map(str::trim).filter(|one| *one != "aws-chunked").collect();
    Some(kept.join(",")).filter(|kept| !kept.is_empty())
}

/// Reads `a=1&b=2`, encoded as a query.
pub(super) fn tags(header: Option<&str>) -> S3Result<Vec<(String, String)>> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned)
    };
    let pairs = header.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let tags: Result<Vec<_>, _> = pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok::<_, std::str::Utf8Error>((decode(key)?, decode(value)?))
        })
        .collect();
    let tags = tags.map_err(|_| {
        s3_error!(InvalidArgument, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded")
    })?;
    check_tags(&tags)?;
    Ok(tags)
}

/// The limits of S3: 10 tags, keys that differ.
pub(super) fn check_tags(tags: &[(String, String)]) -> S3Result<()> {
    if tags.len() > 10 {
        return Err(super::error(400, "BadRequest", "Object tags cannot be greater than 10"));
    }
    let twice =
        tags.iter().enumerate().any(|(at, (key, _))| tags[..at].iter().any(|(other, _)| other == key));
    if twice { Err(s3_error!(InvalidTag, "Cannot provide multiple Tags with the same key")) } else { Ok(()) }
}

/// The encryption that an answer names.
pub(super) fn encryption(attributes: &Attributes) -> (Option<ServerSideEncryption>, Option<String>) {
    let (kind, key) = attributes.encryption.clone().unwrap_or_else(|| ("AES256".to_owned(), None));
    (Some(ServerSideEncryption::from(kind)), key)
}

pub(super) async fn put_object(
    service: &Service,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let careless = super::careless(&request);
    let mut input = request.input;
    // Refused before the body, and again after it: the bucket may change in between.
    bucket(&service.store.lock(), &input.bucket)?;
    let body = Blob::from(sums::collect(input.body.take(), input.content_length).await?);
    let mut sent = sent!(input);
    sums::add_trailers(&mut sent, request.trailing_headers.as_ref());
    let named = input.checksum_algorithm.as_ref().map(ChecksumAlgorithm::as_str);
    let kept = sums::check(&body, &sent, named, input.content_md5.as_deref())?;
    let attributes = attributes!(input);
    let (encryption, key) = encryption(&attributes);
    let object = store::Object::new(body, attributes, kept.clone());
    let etag = quoted(&object.etag);
    let mut state = service.store.lock();
    let bucket = bucket(&state, &input.bucket)?;
    if !careless {
        check_write(bucket, &input.key, input.if_match.as_ref(), input.if_none_match.as_ref())?;
    }
    let version = state.put(&input.bucket, &input.key, Some(object));
    let mut output = PutObjectOutput {
        e_tag: Some(etag),
        version_id: version,
        server_side_encryption: encryption,
        ssekms_key_id: key,
        checksum_type: kept.checksum_type.clone(),
        ..PutObjectOutput::default()
    };
    let kept = service.told(kept, !sums::is_none(&sent) || named.is_some());
    sums::give!(kept, output);
    ok(output)
}
