//! What a request is called: [`OpKey`]; and what a write touches: [`Touch`].

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::bodies::Place;
use crate::cache::{ConnectionId, OpKind};

/// Names one request exactly: whoever asks the same gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OpKey {
    /// Who asks.
    pub connection: Arc<ConnectionId>,
    /// What is asked.
    pub query: Query,
}

/// An operation with every parameter that shapes its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Query {
    /// ListBuckets.
    ListBuckets,
    /// ListObjectsV2, all its pages.
    List {
        /// The bucket.
        bucket: Arc<str>,
        /// The prefix, byte-exact.
        prefix: Arc<str>,
        /// Whether keys are grouped at the next `/`.
        delimited: bool,
    },
    /// HeadObject.
    Head {
        /// The bucket.
        bucket: Arc<str>,
        /// The key, byte-exact.
        key: Arc<str>,
        /// The version, or the newest.
        version: Option<Arc<str>>,
    },
    /// HeadBucket.
    Region {
        /// The bucket.
        bucket: Arc<str>,
    },
}

impl OpKey {
    /// The key of a question on a connection.
    pub fn new(connection: &Arc<ConnectionId>, query: Query) -> Self {
        Self { connection: connection.clone(), query }
    }

    /// The operation that it is counted as.
    pub fn kind(&self) -> OpKind {
        match self.query {
            Query::ListBuckets => OpKind::ListBuckets,
            Query::List { .. } => OpKind::List,
            Query::Head { .. } => OpKind::Head,
            Query::Region { .. } => OpKind::HeadBucket,
        }
    }

    /// The bytes of its names.
    pub(super) fn text_len(&self) -> usize {
        match &self.query {
            Query::ListBuckets => 0,
            Query::List { bucket, prefix, .. } => bucket.len() + prefix.len(),
            Query::Head { bucket, key, version } => {
                bucket.len() + key.len() + version.as_ref().map_or(0, |id| id.len())
            }
            Query::Region { bucket } => bucket.len(),
        }
    }
}

impl fmt::Display for OpKey {
    /// For the log: names are quoted, so that no key can forge a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}://", self.kind().name(), self.connection.name)?;
        match &self.query {
            Query::ListBuckets => Ok(()),
            Query::List { bucket, prefix, delimited: true } => write!(f, "{bucket:?}/{prefix:?} by /"),
            Query::List { bucket, prefix, delimited: false } => write!(f, "{bucket:?}/{prefix:?} all"),
            Query::Head { bucket, key, version: None } => write!(f, "{bucket:?}/{key:?}"),
            Query::Head { bucket, key, version: Some(id) } => write!(f, "{bucket:?}/{key:?} {id:?}"),
            Query::Region { bucket } => write!(f, "{bucket:?}"),
        }
    }
}

/// What a write does to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// After it the key is there: a put, a copy, a completed upload.
    Added,
    /// Anything else: a delete (of a version, too, which may hide or reveal), or not known.
    Other,
}

/// The place that a write touches, on every connection with this endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Touch {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// The bucket.
    pub bucket: Arc<str>,
    /// How much of it.
    pub extent: Extent,
}

/// How much of a bucket a write touches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// One key.
    Key(Arc<str>, Change),
    /// These keys, with no exception.
    Keys(Arc<[Arc<str>]>),
    /// Everything whose key begins so.
    Prefix(Arc<str>),
    /// All of it, its region, and the list of buckets.
    Bucket,
}

impl Touch {
    /// Whether the answer to this question may change by it.
    pub fn touches(&self, key: &OpKey) -> bool {
        key.connection.endpoint == self.endpoint && self.touches_query(&key.query)
    }

    /// Whether it touches this object.
    pub(super) fn holds(&self, of: &Place) -> bool {
        self.endpoint == of.endpoint && self.bucket == of.bucket && self.extent.holds(&of.key)
    }

    /// Whether both touch one key.
    pub(super) fn crosses(&self, other: &Self) -> bool {
        self.endpoint == other.endpoint && self.bucket == other.bucket && self.extent.crosses(&other.extent)
    }

    fn touches_query(&self, query: &Query) -> bool {
        match query {
            Query::ListBuckets => self.extent == Extent::Bucket,
            Query::Region { bucket } => self.extent == Extent::Bucket && *bucket == self.bucket,
            Query::List { bucket, prefix, .. } => *bucket == self.bucket && self.extent.shown_in(prefix),
            Query::Head { bucket, key, .. } => *bucket == self.bucket && self.extent.holds(key),
        }
    }
}

impl Extent {
    /// Whether a listing of this prefix may show it.
    fn shown_in(&self, prefix: &str) -> bool {
        match self {
            Self::Key(key, _) => key.starts_with(prefix),
            Self::Keys(keys) => keys.iter().any(|key| key.starts_with(prefix)),
            Self::Prefix(written) => written.starts_with(prefix) || prefix.starts_with(&**written),
            Self::Bucket => true,
        }
    }

    /// Whether a key is in both.
    fn crosses(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bucket, _) | (_, Self::Bucket) => true,
            (Self::Key(key, _), other) | (other, Self::Key(key, _)) => other.holds(key),
            (Self::Prefix(a), Self::Prefix(b)) => a.starts_with(&**b) || b.starts_with(&**a),
            (Self::Prefix(prefix), Self::Keys(keys)) | (Self::Keys(keys), Self::Prefix(prefix)) => {
                keys.iter().any(|key| key.starts_with(&**prefix))
            }
            (Self::Keys(a), Self::Keys(b)) => {
                let a: HashSet<&str> = a.iter().map(|key| &**key).collect();
                b.iter().any(|key| a.contains(&**key))
            }
        }
    }

    /// Whether this key is in it.
    fn holds(&self, key: &str) -> bool {
        match self {
            Self::Key(written, _) => **written == *key,
            Self::Keys(keys) => keys.iter().any(|written| **written == *key),
            Self::Prefix(written) => key.starts_with(&**written),
            Self::Bucket => true,
        }
    }
}
