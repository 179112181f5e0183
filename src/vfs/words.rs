//! What passes between backends and their callers besides bytes and entries: [`Reading`], [`Placed`],
//! [`Removed`], [`Attributes`].

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Body;
use crate::model::{Entry, Head, StorageClass};

/// The bytes of a read, and what came with them.
pub struct Reading {
    /// The bytes.
    pub body: Body,
    /// What the answer's headers told of the object, on S3.
    pub head: Option<Box<Head>>,
}

impl Reading {
    /// Bytes alone.
    pub fn bare(body: Body) -> Self {
        Self { body, head: None }
    }
}

impl Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("head", &self.head).finish_non_exhaustive()
    }
}

/// What a removal left, for an undo.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Removed {
    /// The version id of the delete marker that hides the object now, on a versioned bucket.
    pub marker: Option<Arc<str>>,
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
    pub modified: Option<crate::model::Timestamp>,
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
    /// The storage class; else the connection's.
    pub class: Option<StorageClass>,
    /// Encryption at rest; else the connection's.
    pub encryption: Option<Encryption>,
    /// User metadata, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    pub tags: Vec<(String, String)>,
}

/// Encryption at rest on S3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub kind: String,
    /// The id of the key, for KMS.
    pub key: Option<String>,
}
