//! Why the state file can't be used, in words: [`StoreError`].

use std::fmt;
use std::sync::Arc;

use rusqlite::ErrorCode;

/// What callers decide by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The file is damaged; it was set aside, and a new one is in use.
    Damaged,
    /// A newer program wrote it.
    Newer,
    /// The directory or the file can't be written.
    NotWritable,
    /// The disk or the quota is full.
    NoSpace,
    /// Another window held it for too long.
    Busy,
    /// The program is ending.
    Gone,
    /// Anything else.
    Other,
}

/// A failure of the state file. Cheap to clone, since one failed write may answer many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// The kind.
    pub kind: StoreErrorKind,
    /// Why, for a person.
    pub reason: Arc<str>,
}

impl StoreError {
    /// A failure in the words of `reason`.
    pub fn new(kind: StoreErrorKind, reason: impl Into<Arc<str>>) -> Self {
        Self { kind, reason: reason.into() }
    }

    pub(super) fn gone() -> Self {
        Self::new(StoreErrorKind::Gone, "the state file is closed")
    }

    pub(super) fn io(error: &std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreErrorKind::NoSpace,
            _ => StoreErrorKind::NotWritable,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<&rusqlite::Error> for StoreError {
    fn from(error: &rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreErrorKind::Damaged,
            Some(ErrorCode::DiskFull) => StoreErrorKind::NoSpace,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreErrorKind::Busy,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                StoreErrorKind::NotWritable
            }
            _ => StoreErrorKind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for StoreError {}
