//! What the index tells of a file: [`About`], [`Held`], [`HeldEntry`].

use std::sync::Arc;

use super::{FileName, Piece};
use crate::model::{S3Uri, Timestamp};

/// Whose bytes a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The file.
    pub name: FileName,
    /// The connection's name; empty for what belongs to none.
    pub connection: Arc<str>,
    /// The endpoint's address.
    pub endpoint: Arc<str>,
    /// The bucket.
    pub bucket: Arc<str>,
    /// The key.
    pub key: Arc<str>,
    /// The version, where one was asked for.
    pub version: Option<Arc<str>>,
    /// What tells this content from another.
    pub tag: Arc<str>,
    /// The size of the whole, in bytes.
    pub size: u64,
    /// What else was told of it, for whoever reads it.
    pub head: Option<String>,
}

/// A file as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whose bytes.
    pub about: About,
    /// Which file of this name: it is replaced where the tag changes.
    pub birth: i64,
    /// When the service last said that the tag is right.
    pub validated: Timestamp,
    /// The pieces that are held of what was asked for, in order.
    pub pieces: Vec<Piece>,
}

/// A row for those who look at what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldEntry {
    /// Its file.
    pub name: FileName,
    /// Where the bytes are from, where that is an object: that of a preview is what it was made of.
    pub location: Option<S3Uri>,
    /// The location as it would be typed, for what isn't an object; empty where it isn't known.
    pub label: Arc<str>,
    /// The version, where one was asked for.
    pub version: Option<Arc<str>>,
    /// The tag.
    pub tag: Arc<str>,
    /// The size of the whole, in bytes.
    pub size: u64,
    /// The bytes that it takes on disk; none where another entry has the same content.
    pub held: u64,
    /// Whether all of it is held.
    pub whole: bool,
    /// When it was first kept.
    pub created: Timestamp,
    /// When it was last used.
    pub used: Timestamp,
    /// When the service last said that it is right.
    pub validated: Timestamp,
    /// How often it was served.
    pub hits: u64,
    /// Whether it stays whatever the bounds say.
    pub pinned: bool,
}
