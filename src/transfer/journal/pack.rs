//! How locations, rows and hints are kept: short, and byte for byte.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::archive::ArchiveUri;
use crate::model::uri::S3Uri;
use crate::model::{ETag, Tag, Uri};
use crate::vfs::{Attributes, CreateHint, Proof};

/// Plain data as JSON. None of it has a map with keys that are no text, so it can't fail.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Plain data from JSON.
pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(unreadable)
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}

/// A location as bytes: a path as it is, `connection://bucket/key`, or a NUL, the length of an archive's own
/// location, that, and the path inside.
pub(super) fn location(uri: &Uri) -> Vec<u8> {
    match uri {
        Uri::Local(path) => path.as_os_str().as_bytes().to_vec(),
        Uri::S3(s3) => s3.to_string().into_bytes(),
        Uri::Archive(at) => {
            let outer = location(&at.outer);
            let len = (outer.len() as u64).to_le_bytes();
            [&[0][..], &len, &outer, &at.inner].concat()
        }
    }
}

/// The location that these bytes are.
pub(super) fn to_location(bytes: &[u8]) -> rusqlite::Result<Uri> {
    if bytes.first() == Some(&b'/') {
        return Ok(Uri::Local(OsString::from_vec(bytes.to_vec()).into()));
    }
    if let Some(rest) = bytes.strip_prefix(&[0]) {
        let (len, rest) = rest.split_first_chunk::<8>().ok_or(FromSqlError::InvalidType)?;
        let outer = usize::try_from(u64::from_le_bytes(*len)).ok().and_then(|len| rest.split_at_checked(len));
        let (outer, inner) = outer.ok_or(FromSqlError::InvalidType)?;
        return Ok(Uri::Archive(ArchiveUri::new(to_location(outer)?, inner)));
    }
    let text = std::str::from_utf8(bytes).map_err(unreadable)?;
    let (connection, rest) = text.split_once("://").ok_or(FromSqlError::InvalidType)?;
    if rest.is_empty() {
        return Ok(Uri::S3(S3Uri::buckets(connection)));
    }
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    Ok(Uri::S3(S3Uri::new(connection, bucket, key)))
}

/// A target as what differs from its source: how many bytes at their ends are the same, and what stands
/// before those.
pub(super) fn target(source: &[u8], target: &Uri) -> Vec<u8> {
    let target = location(target);
    let same = source.iter().rev().zip(target.iter().rev()).take_while(|(a, b)| a == b).count();
    let same = same.min(usize::from(u16::MAX));
    let mut packed = (same as u16).to_le_bytes().to_vec();
    packed.extend_from_slice(&target[..target.len() - same]);
    packed
}

/// The target that was kept so.
pub(super) fn to_target(source: &[u8], packed: &[u8]) -> rusqlite::Result<Uri> {
    let (same, head) = packed.split_first_chunk::<2>().ok_or(FromSqlError::InvalidType)?;
    let same = usize::from(u16::from_le_bytes(*same));
    let from = source.len().checked_sub(same).ok_or(FromSqlError::InvalidType)?;
    to_location(&[head, &source[from..]].concat())
}

/// A tag: the common entity tags as their 16 bytes, other ones as text, a local file's as 24 bytes.
#[derive(Debug, PartialEq)]
pub(super) struct SavedTag(pub Tag);

impl ToSql for SavedTag {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(match &self.0 {
            Tag::ETag(etag) => etag_value(&etag.to_string()),
            Tag::File { dev, ino, mtime_ns } => {
                Value::Blob([dev.to_le_bytes(), ino.to_le_bytes(), mtime_ns.to_le_bytes()].concat())
            }
        }))
    }
}

fn etag_value(text: &str) -> Value {
    let plain = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match u128::from_str_radix(text, 16) {
        Ok(hash) if plain => Value::Blob(hash.to_be_bytes().to_vec()),
        _ => Value::Text(text.to_owned()),
    }
}

impl FromSql for SavedTag {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let blob = match value {
            ValueRef::Text(text) => {
                let text = std::str::from_utf8(text).map_err(|_| FromSqlError::InvalidType)?;
                return Ok(Self(Tag::ETag(ETag::new(text))));
            }
            value => value.as_blob()?,
        };
        if let Ok(hash) = <[u8; 16]>::try_from(blob) {
            return Ok(Self(Tag::ETag(ETag::new(&format!("{:032x}", u128::from_be_bytes(hash))))));
        }
        let number = |at: usize| blob.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
        let (Some(dev), Some(ino), Some(mtime)) = (number(0), number(8), number(16)) else {
            return Err(FromSqlError::InvalidType);
        };
        Ok(Self(Tag::File { dev, ino, mtime_ns: mtime.cast_signed() }))
    }
}

const PROOFS: [Proof; 4] = [Proof::Checksum, Proof::Parts, Proof::ETag, Proof::Size];

/// A proof as a number.
pub(super) fn proof(proof: Proof) -> i64 {
    match proof {
        Proof::Checksum => 0,
        Proof::Parts => 1,
        Proof::ETag => 2,
        Proof::Size => 3,
    }
}

/// The proof of this number.
pub(super) fn to_proof(number: i64) -> Proof {
    usize::try_from(number).ok().and_then(|at| PROOFS.get(at)).copied().unwrap_or(Proof::Size)
}

/// A hint but for what the job itself knows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SavedHint {
    size: Option<u64>,
    attributes: Attributes,
    part_size: Option<u64>,
    copies: bool,
    no_flush: bool,
}

impl SavedHint {
    pub(super) fn new(hint: &CreateHint) -> Self {
        Self {
            size: hint.size,
            attributes: hint.attributes.clone(),
            part_size: hint.part_size,
            copies: hint.copies,
            no_flush: hint.no_flush,
        }
    }

    pub(super) fn hint(self, tag: u32) -> CreateHint {
        CreateHint {
            size: self.size,
            attributes: self.attributes,
            part_size: self.part_size,
            copies: self.copies,
            job: Some(tag),
            no_flush: self.no_flush,
        }
    }
}
