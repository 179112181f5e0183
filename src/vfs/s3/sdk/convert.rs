//! Between the SDK's types and bifold's words.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{Object, ServerSideEncryption};
use aws_smithy_types::DateTime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::super::api::ObjectRef;
use crate::model::{ETag, Entry, Head, Kind, Name, StorageClass, Tag, Timestamp};

/// What stands for itself in a copy source; everything else is percent-encoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

pub(super) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    time.to_millis().ok().map(Timestamp)
}

fn class(name: Option<&str>) -> Option<StorageClass> {
    name.map(StorageClass::new).filter(|class| !class.is_standard())
}

fn tag(text: Option<&str>) -> Option<Tag> {
    text.map(|text| Tag::ETag(ETag::new(text)))
}

/// A row of a listing, named by what follows the prefix.
pub(super) fn row(name: &str, object: &Object) -> Entry {
    let mut entry = Entry::new(Name::from(name), Kind::File);
    entry.size = object.size().and_then(|size| u64::try_from(size).ok());
    entry.modified = object.last_modified().and_then(timestamp);
    entry.tag = tag(object.e_tag());
    entry.class = class(object.storage_class().map(aws_sdk_s3::types::ObjectStorageClass::as_str));
    entry
}

/// The last name of a key: what follows its last `/`.
fn last_name(key: &str) -> Name {
    Name::from(key.rsplit('/').next().unwrap_or_default())
}

fn encryption(kind: Option<&ServerSideEncryption>, key: Option<&str>) -> Option<(String, Option<String>)> {
    Some((kind?.as_str().to_owned(), key.map(str::to_owned)))
}

macro_rules! head_of {
    ($object:expr, $output:expr, $size:expr) => {{
        let (object, output): (&ObjectRef, _) = ($object, $output);
        let mut entry = Entry::new(last_name(&object.key), Kind::File);
        entry.size = $size;
        entry.modified = output.last_modified().and_then(timestamp);
        entry.tag = tag(output.e_tag());
        entry.class = class(output.storage_class().map(|class| class.as_str()));
        let crc64 = output.checksum_crc64_nvme().map(|it| ("CRC64NVME".to_owned(), it.to_owned()));
        Head {
            entry,
            version: output.version_id().map(str::to_owned),
            content_type: output.content_type().map(str::to_owned),
            content_encoding: output.content_encoding().map(str::to_owned),
            content_disposition: output.content_disposition().map(str::to_owned),
            content_language: output.content_language().map(str::to_owned),
            cache_control: output.cache_control().map(str::to_owned),
            expires: output.expires_string().map(str::to_owned),
            metadata: output.metadata().cloned().unwrap_or_default().into_iter().collect(),
            restored: output.restore().is_some_and(|told| told.contains("ongoing-request=\"false\"")),
            tag_count: output.tag_count().and_then(|count| u32::try_from(count).ok()),
            encryption: encryption(output.server_side_encryption(), output.ssekms_key_id()),
            checksum: crc64,
        }
    }};
}

pub(super) fn head(object: &ObjectRef, output: &HeadObjectOutput) -> Head {
    head_of!(object, output, output.content_length().and_then(|size| u64::try_from(size).ok()))
}

/// The head that came with a body; its size is that of the whole object. Where a `part` was asked for and the answer
/// doesn't tell of what, it is unknown: its length may be that of the part.
pub(super) fn head_of_get(object: &ObjectRef, output: &GetObjectOutput, part: bool) -> Head {
    let whole = output.content_range().and_then(|range| range.rsplit('/').next()?.parse().ok());
    head_of!(object, output, whole.or_else(|| length(output).filter(|_| !part)))
}

/// The bytes of an answer.
pub(super) fn length(output: &GetObjectOutput) -> Option<u64> {
    output.content_length().and_then(|size| u64::try_from(size).ok())
}

/// `x-amz-copy-source`.
pub(super) fn copy_source(from: &ObjectRef) -> String {
    let path = format!("{}/{}", from.bucket, utf8_percent_encode(&from.key, PLAIN));
    match &from.version {
        Some(version) => format!("{path}?versionId={}", utf8_percent_encode(version, PLAIN)),
        None => path,
    }
}

/// `x-amz-tagging`.
pub(super) fn tagging(tags: &[(String, String)]) -> Option<String> {
    fn part(text: &str) -> impl std::fmt::Display + '_ {
        utf8_percent_encode(text, NON_ALPHANUMERIC)
    }
    let pair = |(name, value): &(String, String)| format!("{}={}", part(name), part(value));
    (!tags.is_empty()).then(|| tags.iter().map(pair).collect::<Vec<_>>().join("&"))
}

/// User metadata as the SDK takes it.
pub(super) fn metadata(from: &std::collections::BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!from.is_empty()).then(|| from.clone().into_iter().collect())
}

/// Undoes `encoding-type=url`: `+` is a space, then percent, then UTF-8.
pub(super) fn url_decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Whether a key passes through XML as itself. What doesn't is deleted by a request of its own.
pub(super) fn xml_carries(key: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{fffe}' | '\u{ffff}');
    !key.chars().any(odd) && key.trim() == key
}

/// Whether a segment of the key is `.` or `..`, which the way to a path-style service may resolve.
pub(super) fn has_dot_segment(key: &str) -> bool {
    key.split('/').any(|segment| matches!(segment, "." | ".."))
}

pub(super) fn object(bucket: &Arc<str>, key: &str) -> ObjectRef {
    ObjectRef { bucket: bucket.clone(), key: key.into(), version: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_is_a_space_and_a_percent_is_decoded_once() {
        assert_eq!(url_decoded("a+b%2Bc%252F%01").as_deref(), Some("a b+c%2F\u{1}"));
        assert_eq!(url_decoded("%ff"), None);
    }

    #[test]
    fn a_copy_source_keeps_every_byte() {
        let object = object(&"b".into(), "a b/+?%/ü/../x");
        assert_eq!(copy_source(&object), "b/a%20b/%2B%3F%25/%C3%BC/../x");
    }

    #[test]
    fn keys_that_xml_would_change_are_known() {
        for fine in ["a", "a b", "ü/<&>\"'", "a//b", ""] {
            assert!(xml_carries(fine), "{fine:?}");
        }
        for odd in ["\u{1}", "a\rb", "a\nb", " a", "a ", "\u{fffe}"] {
            assert!(!xml_carries(odd), "{odd:?}");
        }
    }

    #[test]
    fn dot_segments_are_whole_names() {
        for dotted in ["..", "a/../b", "./a", "a/."] {
            assert!(has_dot_segment(dotted), "{dotted}");
        }
        for fine in ["...", "a..b", ".hidden/x", "a/..b"] {
            assert!(!has_dot_segment(fine), "{fine}");
        }
    }
}
