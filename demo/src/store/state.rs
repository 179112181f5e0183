//! What the service holds, behind one lock: [`State`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use md5::{Digest, Md5};
use s3s::dto::{Checksum, Timestamp};

use crate::blob::{Blob, mix};

/// Tells the time of the service.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// All buckets.
pub(crate) struct State {
    pub buckets: BTreeMap<String, Bucket>,
    clock: Now,
    issued: u64,
}

/// Whether a bucket keeps old versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versioning {
    /// Never switched on: an overwrite replaces.
    #[default]
    Off,
    /// Each write adds a version; a delete adds a marker.
    Enabled,
    /// Writes replace the version called `null`; the others stay.
    Suspended,
}

/// A bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub region: String,
    pub created: DateTime<Utc>,
    pub versioning: Versioning,
    /// Whether unsigned requests may read.
    pub public: bool,
    /// Whether every request is answered 403.
    pub denied: bool,
    /// Every version of each key, the newest last. Never empty.
    pub keys: BTreeMap<String, Vec<Version>>,
    /// Open uploads by key and id.
    pub uploads: BTreeMap<String, BTreeMap<String, Upload>>,
    /// Keys whose removal is denied.
    pub locked: BTreeSet<String>,
}

/// One version of a key: an object, or the marker that hides it.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// `None`: the version called `null`.
    pub id: Option<String>,
    pub modified: DateTime<Utc>,
    /// `None`: a delete marker.
    pub object: Option<Arc<Object>>,
}

/// The content of a version.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub body: Blob,
    /// Without quotes.
    pub etag: String,
    pub attributes: Attributes,
    pub sums: Checksum,
    /// The sizes of the parts that it was uploaded in; empty for a single PUT.
    pub parts: Vec<u64>,
}

/// The headers and tags of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    /// Content-Type; `binary/octet-stream` where none was sent.
    pub content_type: Option<String>,
    /// Content-Encoding.
    pub content_encoding: Option<String>,
    /// Content-Disposition.
    pub content_disposition: Option<String>,
    /// Content-Language.
    pub content_language: Option<String>,
    /// Cache-Control.
    pub cache_control: Option<String>,
    /// Expires.
    pub expires: Option<Timestamp>,
    /// The storage class; `STANDARD` where none was sent.
    pub class: Option<String>,
    /// The encryption and its key's id; `AES256` where none was sent.
    pub encryption: Option<(String, Option<String>)>,
    /// User metadata, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    pub tags: Vec<(String, String)>,
}

/// A multipart upload under way.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub initiated: DateTime<Utc>,
    pub attributes: Attributes,
    /// The algorithm that Create named, and whether the sum is one over the whole object.
    pub algorithm: Option<(String, bool)>,
    pub parts: BTreeMap<i32, Part>,
}

/// An uploaded part.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub body: Blob,
    pub etag: String,
    pub modified: DateTime<Utc>,
    pub sums: Checksum,
}

impl State {
    pub fn new(clock: Now) -> Self {
        Self { buckets: BTreeMap::new(), clock, issued: 0 }
    }

    /// The time, in whole seconds as the service keeps it.
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)().trunc_subsecs(0)
    }

    /// An id that was never given before.
    pub fn issue(&mut self) -> String {
        self.issued += 1;
        format!("{:016x}{:016x}", mix(self.issued), mix(!self.issued))
    }

    /// Puts a version of `key` as the bucket's versioning has it, and gives its id where it has one.
    pub fn put(&mut self, bucket: &str, key: &str, object: Option<Object>) -> Option<String> {
        let modified = self.now();
        let fresh = self.issue();
        let bucket = self.buckets.get_mut(bucket)?;
        let id = (bucket.versioning == Versioning::Enabled).then_some(fresh);
        let shown = if bucket.versioning == Versioning::Suspended { Some("null".into()) } else { id.clone() };
        let versions = bucket.keys.entry(key.to_owned()).or_default();
        if id.is_none() {
            versions.retain(|version| version.id.is_some());
        }
        versions.push(Version { id, modified, object: object.map(Arc::new) });
        shown
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("buckets", &self.buckets).finish_non_exhaustive()
    }
}

impl Bucket {
    pub fn new(region: &str, created: DateTime<Utc>) -> Self {
        Self {
            region: region.to_owned(),
            created,
            versioning: Versioning::Off,
            public: false,
            denied: false,
            keys: BTreeMap::new(),
            uploads: BTreeMap::new(),
            locked: BTreeSet::new(),
        }
    }

    /// The newest version of a key, be it a marker.
    pub fn newest(&self, key: &str) -> Option<&Version> {
        self.keys.get(key)?.last()
    }

    /// What a GET of the key would find.
    pub fn live(&self, key: &str) -> Option<&Arc<Object>> {
        self.newest(key)?.object.as_ref()
    }

    /// Removes one version, by the id that it is shown with.
    pub fn remove_version(&mut self, key: &str, id: &str) -> Option<Version> {
        let versions = self.keys.get_mut(key)?;
        let at = versions.iter().position(|version| version.is(id))?;
        let removed = versions.remove(at);
        if versions.is_empty() {
            self.keys.remove(key);
        }
        Some(removed)
    }
}

impl Version {
    /// Whether this is the version shown as `id`.
    pub fn is(&self, id: &str) -> bool {
        self.shown() == id
    }

    /// The id as it is shown.
    pub fn shown(&self) -> &str {
        self.id.as_deref().unwrap_or("null")
    }
}

impl Object {
    /// An object as a single PUT makes it. `sums` is empty where none are known.
    pub fn new(body: Blob, attributes: Attributes, sums: Checksum) -> Self {
        Self { etag: etag(&body), body, attributes, sums, parts: Vec::new() }
    }

    pub fn class(&self) -> &str {
        self.attributes.class.as_deref().unwrap_or("STANDARD")
    }

    /// Whether it has to be restored before it can be read.
    pub fn is_archived(&self) -> bool {
        matches!(self.class(), "GLACIER" | "DEEP_ARCHIVE")
    }
}

/// The tag of a body: its MD5, or for a synthetic one something shaped like a multipart upload's.
pub(crate) fn etag(body: &Blob) -> String {
    if body.is_synthetic() {
        let seed =
            mix(body.len()
                ^ u64::from(body.slice(0..8).to_bytes().iter().map(|b| u32::from(*b)).sum::<u32>()));
        return format!("{:016x}{:016x}-{}", mix(seed), mix(!seed), body.len().div_ceil(8 << 20).max(2));
    }
    let mut md5 = Md5::new();
    body.clone().chunks().for_each(|chunk| md5.update(&chunk));
    hex(&md5.finalize())
}

pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    })
}
