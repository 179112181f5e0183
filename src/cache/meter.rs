//! Requests as they are sent, counted by kind: what a service bills.

use std::sync::atomic::{AtomicU64, Ordering};

/// One kind of S3 API request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are S3's own")]
pub enum OpKind {
    ListBuckets,
    List,
    Head,
    HeadBucket,
    Get,
    GetTagging,
    Put,
    Copy,
    CreateUpload,
    UploadPart,
    UploadPartCopy,
    CompleteUpload,
    AbortUpload,
    ListParts,
    ListUploads,
    ListVersions,
    Delete,
    DeleteMany,
    CreateBucket,
    DeleteBucket,
}

impl OpKind {
    /// Every kind, in the order of the screens.
    pub const ALL: [Self; 20] = [
        Self::ListBuckets,
        Self::List,
        Self::Head,
        Self::HeadBucket,
        Self::Get,
        Self::GetTagging,
        Self::Put,
        Self::Copy,
        Self::CreateUpload,
        Self::UploadPart,
        Self::UploadPartCopy,
        Self::CompleteUpload,
        Self::AbortUpload,
        Self::ListParts,
        Self::ListUploads,
        Self::ListVersions,
        Self::Delete,
        Self::DeleteMany,
        Self::CreateBucket,
        Self::DeleteBucket,
    ];

    /// S3's own name of the operation.
    pub fn name(self) -> &'static str {
        match self {
            Self::ListBuckets => "ListBuckets",
            Self::List => "ListObjectsV2",
            Self::Head => "HeadObject",
            Self::HeadBucket => "HeadBucket",
            Self::Get => "GetObject",
            Self::GetTagging => "GetObjectTagging",
            Self::Put => "PutObject",
            Self::Copy => "CopyObject",
            Self::CreateUpload => "CreateMultipartUpload",
            Self::UploadPart => "UploadPart",
            Self::UploadPartCopy => "UploadPartCopy",
            Self::CompleteUpload => "CompleteMultipartUpload",
            Self::AbortUpload => "AbortMultipartUpload",
            Self::ListParts => "ListParts",
            Self::ListUploads => "ListMultipartUploads",
            Self::ListVersions => "ListObjectVersions",
            Self::Delete => "DeleteObject",
            Self::DeleteMany => "DeleteObjects",
            Self::CreateBucket => "CreateBucket",
            Self::DeleteBucket => "DeleteBucket",
        }
    }

    /// The column of the status bar that it is counted in: LIST, HEAD, GET, PUT, COPY or DELETE.
    pub fn group(self) -> &'static str {
        match self {
            Self::ListBuckets | Self::List | Self::ListParts | Self::ListUploads | Self::ListVersions => {
                "LIST"
            }
            Self::Head | Self::HeadBucket => "HEAD",
            Self::Get | Self::GetTagging => "GET",
            Self::Put | Self::CreateUpload | Self::UploadPart | Self::CompleteUpload | Self::CreateBucket => {
                "PUT"
            }
            Self::Copy | Self::UploadPartCopy => "COPY",
            Self::Delete | Self::DeleteMany | Self::DeleteBucket | Self::AbortUpload => "DELETE",
        }
    }
}

/// A snapshot of a [`Meter`].
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RequestCounts([u64; OpKind::ALL.len()]);

impl RequestCounts {
    /// How many of this kind.
    pub fn get(&self, kind: OpKind) -> u64 {
        self.0[kind as usize]
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// How many in a column of the status bar.
    pub fn group(&self, group: &str) -> u64 {
        OpKind::ALL.iter().filter(|kind| kind.group() == group).map(|kind| self.get(*kind)).sum()
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] + other.0[at]))
    }
}

/// Counts requests where they leave: each attempt, retries included.
#[derive(Debug, Default)]
pub struct Meter([AtomicU64; OpKind::ALL.len()]);

impl Meter {
    /// One more of this kind is on its way.
    pub fn count(&self, kind: OpKind) {
        self.0[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// The numbers now.
    pub fn snapshot(&self) -> RequestCounts {
        RequestCounts(std::array::from_fn(|at| self.0[at].load(Ordering::Relaxed)))
    }
}
