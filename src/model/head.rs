//! What a service tells of one object: [`Head`].

use std::collections::BTreeMap;

use super::entry::Entry;

/// Everything that a HEAD tells beyond a listing's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The row.
    pub entry: Entry,
    /// The version, on a versioned bucket.
    pub version: Option<String>,
    /// `Content-Type` and the other headers that a copy keeps.
    pub content_type: Option<String>,
    /// Content-Encoding.
    pub content_encoding: Option<String>,
    /// Content-Disposition.
    pub content_disposition: Option<String>,
    /// Content-Language.
    pub content_language: Option<String>,
    /// Cache-Control.
    pub cache_control: Option<String>,
    /// User metadata, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// The encryption at rest (`AES256`, `aws:kms`) and the key's id.
    pub encryption: Option<(String, Option<String>)>,
    /// The full-object checksum as (algorithm, base64), where the service tells one.
    pub checksum: Option<(String, String)>,
}

/// The metadata in which bifold keeps the id of the write that an object came by, without `x-amz-meta-`.
pub const WRITE_ID: &str = "bifold-id";

impl Head {
    /// The id of the write that it came by, where that was one of bifold's own.
    pub fn write_id(&self) -> Option<&str> {
        self.metadata.get(WRITE_ID).map(String::as_str)
    }
}
