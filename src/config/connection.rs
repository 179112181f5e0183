//! A named way to reach an S3 service: [`Connection`].

use serde::{Deserialize, Serialize};

/// When checksums are sent or asked for beyond what the protocol requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecksumMode {
    /// Wherever the operation knows one.
    WhenSupported,
    /// Only where S3 requires one: many other services refuse the rest.
    WhenRequired,
}

/// `[connections.NAME]` of the settings. Everything has a meaning when it is absent: the ordinary AWS
/// chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Connection {
    /// The profile in the shared AWS files.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The address of another service. Sets path style and both checksum modes to `when_required`,
    /// unless they are given.
    pub endpoint_url: Option<String>,
    /// Whether the bucket stands in the path and not in the host name.
    pub path_style: Option<bool>,
    /// Whether requests go unsigned.
    pub anonymous: bool,
    /// Whether every write is refused before any request.
    pub read_only: bool,
    /// Whether this side pays for requests.
    pub requester_pays: bool,
    /// When checksums are sent.
    pub request_checksums: Option<ChecksumMode>,
    /// When checksums are asked for.
    pub response_checksums: Option<ChecksumMode>,
    /// Whether plain `http` to another machine is meant.
    pub allow_http: bool,
    /// Whether the service keeps `If-None-Match` and `If-Match` on writes and doesn't pass over them in
    /// silence; else what is at a destination is looked up right before.
    pub conditional_writes: Option<bool>,
    /// The storage class of what is written, where a copy doesn't bring its own.
    pub storage_class: Option<String>,
    /// The encryption at rest of what is written: `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub encryption: Option<String>,
    /// The id of the key for it.
    pub kms_key_id: Option<String>,
    /// For how many seconds no byte may move before a transfer's request counts as stalled; else 30.
    pub stall_seconds: Option<u16>,
    /// Keys on a page of a listing, 1 to 1,000 (for tests and odd services).
    pub page_size: Option<u16>,
}
