//! One row of a listing: [`Entry`].

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Uri;

/// A name exactly as the backend has it: any bytes but `/` and NUL on a local disk, UTF-8 on S3,
/// where it may be empty (`a//b` has an entry with an empty name below `a/`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(from = "super::saved::SavedName", into = "super::saved::SavedName")]
pub struct Name(Box<[u8]>);

impl Name {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, where the bytes are UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text with each bad byte replaced: for the eye, never for a request.
    pub fn to_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// Whether this is the empty name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the convention of a leading dot hides this.
    pub fn is_hidden(&self) -> bool {
        self.0.first() == Some(&b'.')
    }
}

impl From<&[u8]> for Name {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_lossy())
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// A bucket, in a list of buckets.
    Bucket,
    /// A directory, or a common prefix.
    Dir,
    /// A file or an object. An object with an empty name is the marker of the directory listed.
    File,
    /// A symbolic link, whatever it points to.
    Symlink,
    /// A device, a pipe or a socket: shown, never opened.
    Special,
}

impl Kind {
    /// Whether it can be entered: a directory or a bucket.
    pub fn is_dir(self) -> bool {
        matches!(self, Self::Bucket | Self::Dir)
    }
}

/// Where a symbolic link points.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// The target exactly as the link has it.
    pub target: Name,
    /// What the link leads to in the end, or `None` for a dangling one, and in an archive, where links aren't
    /// followed.
    pub leads_to: Option<Kind>,
}

impl Link {
    /// Why nothing can be shown of what this link in `dir` leads to, if that is known already.
    pub fn refusal(&self, dir: &Uri) -> Option<String> {
        if self.leads_to.is_some() {
            return None;
        }
        let target = self.target.to_lossy();
        Some(match dir.as_archive() {
            Some(_) => format!("links in archives aren't followed: this one names {target}"),
            None => "this link leads nowhere".to_owned(),
        })
    }
}

/// A point in time, in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

/// An entity tag as S3 gives it, without its quotation marks. It is an MD5 only for objects that were
/// put in one request without KMS; it is compared, never computed from.
///
/// The common forms are packed: a million rows are held at once.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ETag(Repr);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Hash([u8; 16]),
    Parts([u8; 16], u16),
    Other(Box<str>),
}

impl ETag {
    /// Takes a tag with or without its quotation marks; a weak tag keeps its `W/`.
    pub fn new(text: &str) -> Self {
        let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        Self(pack(text).unwrap_or_else(|| Repr::Other(text.into())))
    }

    /// The tag in quotation marks, as `If-Match` wants it.
    pub fn quoted(&self) -> String {
        match &self.0 {
            Repr::Other(text) if text.starts_with("W/") => text.to_string(),
            _ => format!("\"{self}\""),
        }
    }

    /// Whether both may be of one version: what packs a body on its way makes its tag weak.
    pub fn is_of(&self, other: &Self) -> bool {
        fn strong(tag: &ETag) -> Option<ETag> {
            let Repr::Other(text) = &tag.0 else { return None };
            text.strip_prefix("W/").map(ETag::new)
        }
        let (own, others) = (strong(self), strong(other));
        own.as_ref().unwrap_or(self) == others.as_ref().unwrap_or(other)
    }

    /// The tag that a service gives to bytes with this MD5, where its tags are MD5s.
    pub fn of_md5(md5: [u8; 16]) -> Self {
        Self(Repr::Hash(md5))
    }

    /// The same of an object in parts, from the MD5 of their MD5s.
    pub fn of_parts(md5: [u8; 16], parts: u16) -> Self {
        Self(Repr::Parts(md5, parts))
    }

    /// The MD5 that this may be: it has the form of one, and of no more.
    pub fn as_md5(&self) -> Option<[u8; 16]> {
        match self.0 {
            Repr::Hash(hash) => Some(hash),
            _ => None,
        }
    }

    /// The number of parts that a multipart tag (`hash-N`) tells.
    pub fn parts(&self) -> Option<u16> {
        match self.0 {
            Repr::Parts(_, parts) => Some(parts),
            _ => None,
        }
    }
}

fn pack(text: &str) -> Option<Repr> {
    let (hex, parts) = match text.split_once('-') {
        Some((hex, parts)) => (hex, Some(parts)),
        None => (text, None),
    };
    let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if hex.len() != 32 || !hex.bytes().all(lower) {
        return None;
    }
    let hash = u128::from_str_radix(hex, 16).ok()?.to_be_bytes();
    let Some(parts) = parts else { return Some(Repr::Hash(hash)) };
    let number: u16 = parts.parse().ok()?;
    (number.to_string() == parts).then_some(Repr::Parts(hash, number))
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Hash(hash) => write!(f, "{:032x}", u128::from_be_bytes(*hash)),
            Repr::Parts(hash, parts) => write!(f, "{:032x}-{parts}", u128::from_be_bytes(*hash)),
            Repr::Other(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ETag({self})")
    }
}

/// What tells one content of a location from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tag {
    /// The service's entity tag.
    ETag(ETag),
    /// The fingerprint of a local file; with the entry's size it is what a move checks before it
    /// removes a source.
    File {
        /// The device.
        dev: u64,
        /// The inode.
        ino: u64,
        /// The time of modification in nanoseconds since 1970.
        mtime_ns: i64,
    },
}

/// A storage class by S3's own name.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct StorageClass(Arc<str>);

impl StorageClass {
    /// A class by its name, as `STANDARD` or `GLACIER`.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the ordinary class, which screens leave out.
    pub fn is_standard(&self) -> bool {
        &*self.0 == "STANDARD"
    }
}

impl fmt::Debug for StorageClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One row of a listing, with what the listing itself already said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The name; with the kind it is the row's identity.
    pub name: Name,
    /// What it is.
    pub kind: Kind,
    /// The size in bytes, where it is known.
    pub size: Option<u64>,
    /// The last modification, where it is known.
    pub modified: Option<Timestamp>,
    /// What tells this content from another.
    pub tag: Option<Tag>,
    /// The storage class, on S3; `None` is STANDARD.
    pub class: Option<StorageClass>,
    /// The permission bits, on a local disk.
    pub mode: Option<u32>,
    /// Where a symbolic link points.
    pub link: Option<Box<Link>>,
}

impl Entry {
    /// An entry of which only name and kind are known.
    pub fn new(name: Name, kind: Kind) -> Self {
        Self { name, kind, size: None, modified: None, tag: None, class: None, mode: None, link: None }
    }

    /// What tells this row from the others of its listing.
    pub fn id(&self) -> (&Name, Kind) {
        (&self.name, self.kind)
    }

    /// Whether Enter opens this as a directory: a directory, a bucket, or a link that leads to one.
    pub fn can_enter(&self) -> bool {
        let leads_to_dir = |link: &Link| link.leads_to.is_some_and(Kind::is_dir);
        self.kind.is_dir() || self.link.as_deref().is_some_and(leads_to_dir)
    }

    /// The entity tag, on S3.
    pub fn etag(&self) -> Option<&ETag> {
        match &self.tag {
            Some(Tag::ETag(etag)) => Some(etag),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_etag_comes_back_as_it_was() {
        for text in [
            "d41d8cd98f00b204e9800998ecf8427e",
            "d41d8cd98f00b204e9800998ecf8427e-12",
            "d41d8cd98f00b204e9800998ecf8427e-012",
            "D41D8CD98F00B204E9800998ECF8427E",
            "W/weak",
            "",
            "+41d8cd98f00b204e9800998ecf8427e",
        ] {
            assert_eq!(ETag::new(text).to_string(), text);
            assert_eq!(ETag::new(&format!("\"{text}\"")), ETag::new(text));
        }
    }

    #[test]
    fn a_row_is_small() {
        assert!(size_of::<Entry>() <= 120, "{}", size_of::<Entry>());
    }
}
