//! What passes between backends and their callers besides bytes and entries: [`Reading`], [`Placed`],
//! [`Removed`], [`Attributes`].

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::s3::limits::Limits;
use super::{Body, Precondition};
use crate::cache::disk::Lent;
use crate::cache::ops::BodyTicket;
use crate::model::{Entry, Head, StorageClass, Tag, Timestamp, Uri};

/// The bytes of a read, and what came with them.
pub struct Reading {
    /// The bytes.
    pub body: Body,
    /// What the answer's headers told of the object, on S3.
    pub head: Option<Box<Head>>,
    /// The file of the cache that has all of them, for a sink that can copy by the kernel.
    pub held: Option<Box<Lent>>,
    /// The right to keep them, since before they were asked for.
    pub right: Option<BodyTicket>,
}

impl Reading {
    /// Bytes alone.
    pub fn bare(body: Body) -> Self {
        Self { body, head: None, held: None, right: None }
    }
}

impl Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("head", &self.head).finish_non_exhaustive()
    }
}

/// How [`super::VfsPath::fetch`] goes about the cache of bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The row as the caller knows it: the tag binds the read to what was shown.
    pub entry: Option<Entry>,
    /// When the service is asked whether a held body is still right.
    pub trust: Trust,
    /// Whether what comes from the service is kept.
    pub keep: bool,
    /// Whether it is only looked at: a place that unpacks reads no further than [`super::VfsPath::reach`].
    pub look: bool,
}

/// When the service is asked whether a held body is still right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Never look: as [`super::VfsPath::open`].
    Skip,
    /// Fetch anew, and keep that.
    Refresh,
    /// Each time, by one conditional request.
    #[default]
    Ask,
    /// The same, whatever the settings say: what the caller knows is old.
    Check,
    /// Not where the caller's row has the tag of what is held.
    Row,
    /// Not before its age is over.
    Held,
}

impl Fetch {
    /// For a view of this row: what a listing tells is trusted, what is read is kept.
    pub fn view(entry: Entry) -> Self {
        Self { entry: Some(entry), trust: Trust::Row, keep: true, look: true }
    }

    /// For whoever must have what is there now.
    pub fn now() -> Self {
        Self { entry: None, trust: Trust::Ask, keep: true, look: false }
    }

    /// What must be true of the object.
    pub fn precondition(&self) -> Precondition {
        let tag = self.entry.as_ref().and_then(|entry| entry.tag.clone());
        tag.map_or(Precondition::None, Precondition::Matches)
    }
}

/// What a removal left, for an undo.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Removed {
    /// The version id of the delete marker that hides the object now, on a versioned bucket.
    pub marker: Option<Arc<str>>,
}

/// One version of an object, or a marker that hides those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The object.
    pub uri: Uri,
    /// The version's id.
    pub id: Arc<str>,
    /// Whether it is the newest of its object.
    pub latest: bool,
    /// Whether it is a delete marker.
    pub marker: bool,
    /// When it was written.
    pub modified: Option<Timestamp>,
    /// Its size in bytes; a marker has none.
    pub size: Option<u64>,
}

/// An upload that was begun and neither completed nor ended: it shows nowhere, and is billed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenUpload {
    /// What it would become.
    pub uri: Uri,
    /// The service's id.
    pub id: Arc<str>,
    /// When it was begun.
    pub since: Timestamp,
}

/// What a write that succeeded left at the destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The destination as it now is, with its tag.
    pub entry: Entry,
    /// The version that was written, on a versioned bucket.
    pub version: Option<Arc<str>>,
    /// How it was verified.
    pub proof: Proof,
}

impl Placed {
    /// Something of which nothing but the entry is known.
    pub fn by_size(entry: Entry) -> Self {
        Self { entry, version: None, proof: Proof::Size }
    }
}

/// How a finished file was verified, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The CRC64NVME of the whole, which both ends told.
    Checksum,
    /// A checksum of each part, which both ends told.
    Parts,
    /// The entity tag, computed from the bytes: an MD5, or that of the parts' MD5s.
    ETag,
    /// The number of bytes alone; below it, only what the wire itself checks.
    Size,
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Checksum => "checksum of the whole",
            Self::Parts => "checksum of each part",
            Self::ETag => "entity tag",
            Self::Size => "size",
        })
    }
}

/// What a new object should carry beyond its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attributes {
    /// Permission bits of a local file (suid, sgid and sticky are never restored).
    pub mode: Option<u32>,
    /// The time of modification of a local file.
    pub modified: Option<Timestamp>,
    /// What that time has beyond its milliseconds, in nanoseconds: below a million.
    pub nanos: u32,
    /// Content-Type.
    pub content_type: Option<String>,
    /// Content-Encoding.
    pub content_encoding: Option<String>,
    /// Content-Disposition.
    pub content_disposition: Option<String>,
    /// Content-Language.
    pub content_language: Option<String>,
    /// Cache-Control.
    pub cache_control: Option<String>,
    /// Expires, as an HTTP date.
    #[serde(default)]
    pub expires: Option<String>,
    /// The storage class; else the connection's.
    pub class: Option<StorageClass>,
    /// Encryption at rest; else the connection's.
    pub encryption: Option<Encryption>,
    /// User metadata, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    pub tags: Vec<(String, String)>,
}

impl Attributes {
    /// The time of modification in nanoseconds since 1970.
    pub fn modified_ns(&self) -> Option<i128> {
        self.modified.map(|time| i128::from(time.0) * 1_000_000 + i128::from(self.nanos))
    }

    /// Sets the time of modification, in nanoseconds since 1970.
    pub fn set_modified_ns(&mut self, nanos: i128) {
        let millis = i64::try_from(nanos.div_euclid(1_000_000)).ok();
        self.modified = millis.map(Timestamp);
        self.nanos = millis.map_or(0, |_| nanos.rem_euclid(1_000_000) as u32);
    }

    /// Takes the time from a row, as exactly as its tag tells it.
    pub fn date_from(&mut self, entry: &Entry) {
        self.modified = entry.modified;
        self.nanos = 0;
        if let Some(Tag::File { mtime_ns, .. }) = entry.tag {
            self.set_modified_ns(mtime_ns.into());
        }
    }

    /// What a copy of this object carries along, but for its tags, which cost a request: the class, too,
    /// since one that isn't said is the standard one or the connection's.
    pub fn of(head: &Head) -> Self {
        let head = head.clone();
        let encryption = head.encryption.map(|(kind, key)| Encryption { kind, key });
        let standard = || Some(StorageClass::new("STANDARD"));
        Self {
            mode: None,
            modified: None,
            nanos: 0,
            content_type: head.content_type,
            content_encoding: head.content_encoding,
            content_disposition: head.content_disposition,
            content_language: head.content_language,
            cache_control: head.cache_control,
            expires: head.expires,
            class: head.entry.class.or_else(standard),
            encryption,
            metadata: head.metadata,
            tags: Vec::new(),
        }
    }

    /// Whether it says anything of headers or metadata.
    pub fn says_headers(&self) -> bool {
        let headers = [
            &self.content_type,
            &self.content_encoding,
            &self.content_disposition,
            &self.content_language,
            &self.cache_control,
            &self.expires,
        ];
        headers.iter().any(|header| header.is_some()) || !self.metadata.is_empty()
    }

    /// The same, and what it doesn't say as `other` has it.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let other = other.clone();
        let mut metadata = other.metadata;
        metadata.extend(self.metadata);
        Self {
            mode: self.mode.or(other.mode),
            nanos: if self.modified.is_some() { self.nanos } else { other.nanos },
            modified: self.modified.or(other.modified),
            content_type: self.content_type.or(other.content_type),
            content_encoding: self.content_encoding.or(other.content_encoding),
            content_disposition: self.content_disposition.or(other.content_disposition),
            content_language: self.content_language.or(other.content_language),
            cache_control: self.cache_control.or(other.cache_control),
            expires: self.expires.or(other.expires),
            class: self.class.or(other.class),
            encryption: self.encryption.or(other.encryption),
            metadata,
            tags: if self.tags.is_empty() { other.tags } else { self.tags },
        }
    }
}

/// What a service bounds and whether its prices are known, for plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Its bounds.
    pub limits: Limits,
    /// Whether it is AWS.
    pub aws: bool,
}

/// Encryption at rest on S3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub kind: String,
    /// The id of the key, for KMS.
    pub key: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn a_time_is_kept_to_the_nanosecond() {
        for nanos in [0, 1, 999_999, 1_000_000, 1_500_000_000_123_456_789, -1, -1_000_001] {
            let mut attributes = Attributes::default();
            attributes.set_modified_ns(nanos);
            assert_eq!(attributes.modified_ns(), Some(nanos));
            assert!(attributes.nanos < 1_000_000);
        }
        let mut attributes = Attributes::default();
        attributes.set_modified_ns(i128::MAX);
        assert_eq!(attributes.modified_ns(), None, "no time that can be told");
    }

    #[test]
    fn a_row_of_a_disk_tells_its_time_exactly() {
        let mut entry = Entry::new("a".into(), Kind::File);
        entry.modified = Some(Timestamp(-1));
        let mut attributes = Attributes::default();
        attributes.date_from(&entry);
        assert_eq!(attributes.modified_ns(), Some(-1_000_000));
        entry.tag = Some(Tag::File { dev: 1, ino: 2, mtime_ns: -7 });
        attributes.date_from(&entry);
        assert_eq!(attributes.modified_ns(), Some(-7));
    }
}
