//! One entry as it is printed: [`Row`].

use chrono::{DateTime, Local, SecondsFormat, Utc};
use serde::Serialize;

use crate::model::{Entry, Kind, Timestamp, Uri};

/// The fields of a JSON line. A local name that isn't UTF-8 is shown lossily; keys are exact.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    uri: String,
    bucket: Option<String>,
    key: Option<String>,
    name: String,
    kind: &'static str,
    size: Option<u64>,
    modified: Option<String>,
    etag: Option<String>,
    storage_class: Option<String>,
}

impl Row {
    /// What is known of the thing at `uri`.
    pub(super) fn new(uri: &Uri, entry: &Entry) -> Self {
        let s3 = uri.as_s3();
        let standard = (s3.is_some() && entry.kind == Kind::File).then(|| "STANDARD".to_owned());
        Self {
            uri: uri.to_string(),
            bucket: s3.and_then(|s3| s3.bucket.as_deref().map(str::to_owned)),
            key: s3.filter(|s3| s3.bucket.is_some()).map(|s3| s3.key.to_string()),
            name: entry.name.to_lossy().into_owned(),
            kind: kind(entry.kind),
            size: entry.size,
            modified: entry.modified.and_then(utc),
            etag: entry.etag().map(ToString::to_string),
            storage_class: entry.class.as_ref().map(|class| class.as_str().to_owned()).or(standard),
        }
    }
}

/// The word for a kind.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Bucket => "bucket",
        Kind::Dir => "dir",
        Kind::File => "file",
        Kind::Symlink => "symlink",
        Kind::Special => "special",
    }
}

/// A time as JSON has it: RFC 3339, UTC, to the millisecond.
pub(super) fn utc(time: Timestamp) -> Option<String> {
    let time: DateTime<Utc> = DateTime::from_timestamp_millis(time.0)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// A time as a person reads it: local, to the second.
pub(super) fn local(time: Option<Timestamp>) -> String {
    let time = time.and_then(|time| DateTime::from_timestamp_millis(time.0));
    time.map_or_else(
        || "-".to_owned(),
        |time| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// A row of `ls` as text: size in bytes, time, class where it isn't STANDARD, and the name (below
/// `prefix`) byte for byte, with a `/` after a directory's.
pub(super) fn text(prefix: &[u8], entry: &Entry) -> Vec<u8> {
    let size = entry.size.map_or_else(|| "-".to_owned(), |size| size.to_string());
    let class = entry.class.as_ref().filter(|class| !class.is_standard()).map_or("", |class| class.as_str());
    let mut text = format!("{size:>15}  {:<19}  {class:<12}  ", local(entry.modified)).into_bytes();
    text.extend_from_slice(prefix);
    text.extend_from_slice(entry.name.as_bytes());
    match &entry.link {
        Some(link) => text.extend([b" -> ", link.target.as_bytes()].concat()),
        None if entry.kind.is_dir() => text.push(b'/'),
        None => {}
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ETag, Name, S3Uri, StorageClass, Tag};

    #[test]
    fn a_line_of_json_has_every_field_and_the_exact_key() {
        let key = "a//\u{1b}[31m \u{1}\u{202e}/x";
        let mut entry = Entry::new(Name::from("x"), Kind::File);
        entry.size = Some(3);
        entry.modified = Some(Timestamp(1_700_000_000_123));
        entry.tag = Some(Tag::ETag(ETag::new("\"d41d8cd98f00b204e9800998ecf8427e-2\"")));
        let json = serde_json::to_string(&Row::new(&Uri::S3(S3Uri::new("s3", "b", key)), &entry)).unwrap();
        let back: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(back["key"], key);
        assert_eq!(back["modified"], "2023-11-14T22:13:20.123Z");
        assert_eq!(
            (&back["etag"], &back["storage_class"]),
            (&"d41d8cd98f00b204e9800998ecf8427e-2".into(), &"STANDARD".into())
        );
        assert!(json.starts_with(r#"{"uri":"s3://b/a//"#) && !json.contains('\n'), "{json}");
    }

    #[test]
    fn a_local_row_has_no_key() {
        let row = Row::new(&Uri::Local("/x".into()), &Entry::new(Name::from("x"), Kind::File));
        assert_eq!((row.bucket, row.key, row.storage_class), (None, None, None));
    }

    #[test]
    fn text_names_the_class_only_where_it_is_special() {
        let mut entry = Entry::new(Name::from("x"), Kind::File);
        entry.class = Some(StorageClass::new("GLACIER"));
        assert!(String::from_utf8(text(b"a/", &entry)).unwrap().ends_with("GLACIER       a/x"));
        entry.class = Some(StorageClass::new("STANDARD"));
        assert!(!String::from_utf8(text(b"a/", &entry)).unwrap().contains("STANDARD"));
    }
}
