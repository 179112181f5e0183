//! What can go wrong, in words: [`VfsError`].

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::uri::Uri;

/// The result of anything that a backend does.
pub type Result<T, E = VfsError> = std::result::Result<T, E>;

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the word on the screen, see `Op::verb`")]
pub enum Op {
    List,
    Stat,
    Read,
    Write,
    Create,
    Remove,
    Rename,
    Copy,
    Mkdir,
    Connect,
    Link,
}

impl Op {
    /// The word in a sentence, as in "could not *list* s3://b/".
    pub fn verb(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Stat => "look up",
            Self::Read => "read",
            Self::Write => "write",
            Self::Create => "create",
            Self::Remove => "delete",
            Self::Rename => "rename",
            Self::Copy => "copy",
            Self::Mkdir => "make the directory",
            Self::Connect => "connect to",
            Self::Link => "make a link to",
        }
    }
}

/// The kind of a failure: what callers decide by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is nothing at the location.
    NotFound,
    /// Something is there already.
    AlreadyExists,
    /// The rights are missing. Never taken for "absent".
    Denied,
    /// There are no credentials, or they are expired or wrong.
    Unauthenticated,
    /// It isn't any more what it was when the question was asked (`If-Match` failed, a file changed).
    Conflict,
    /// The place can't do this.
    Unsupported,
    /// The connection is read-only by its settings; no request was sent.
    ReadOnly,
    /// The service asks to slow down.
    Throttled,
    /// No answer in time: a write may or may not have happened.
    Timeout,
    /// The person or the program gave up on it.
    Cancelled,
    /// The bucket lives in another region.
    WrongRegion,
    /// The endpoint can't be reached: no address, refused, TLS.
    Unreachable,
    /// The local clock is too far from the service's.
    ClockSkew,
    /// A directory was expected.
    NotADirectory,
    /// A directory that must be empty isn't.
    NotEmpty,
    /// The disk or the quota is full.
    NoSpace,
    /// An object in cold storage that must be restored before it can be read.
    Archived,
    /// The bytes that arrived aren't the bytes that were sent.
    Corrupt,
    /// A name or a size that the place can't hold.
    Invalid,
    /// The service failed (5xx), or the connection broke: a write may or may not have happened.
    Unavailable,
    /// Any other failure of input or output.
    Io,
}

impl ErrorKind {
    /// Whether the same call may succeed a little later.
    pub fn retryable(self) -> bool {
        matches!(self, Self::Throttled | Self::Timeout | Self::Unavailable | Self::Unreachable)
    }

    /// Whether a write that ended so may have happened all the same.
    pub fn outcome_unknown(self) -> bool {
        matches!(self, Self::Timeout | Self::Unavailable | Self::Cancelled | Self::Unreachable)
    }
}

/// A failure: what was tried, where, why it failed, and what the person can do.
///
/// Cheap to clone, since one failed request may answer several readers.
#[derive(Clone)]
pub struct VfsError {
    /// What was tried.
    pub op: Op,
    /// Where.
    pub uri: Uri,
    /// The kind of failure.
    pub kind: ErrorKind,
    /// Why, in the words of whoever refused.
    pub reason: Arc<str>,
    /// What to do about it: the permission, region, endpoint or setting.
    pub hint: Option<Arc<str>>,
    /// The error beneath, for the log.
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl VfsError {
    /// A failure in the words of `reason`.
    pub fn new(op: Op, uri: Uri, kind: ErrorKind, reason: impl Into<Arc<str>>) -> Self {
        Self { op, uri, kind, reason: reason.into(), hint: None, source: None }
    }

    /// The failure of a call to the operating system.
    pub fn io(op: Op, uri: Uri, error: std::io::Error) -> Self {
        let kind = io_kind(&error);
        let failure = Self::new(op, uri, kind, error.to_string());
        let failure = match cause_hint(&error).or_else(|| io_hint(kind)) {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        };
        failure.with_source(error)
    }

    /// That the person gave up on it.
    pub fn cancelled(op: Op, uri: Uri) -> Self {
        Self::new(op, uri, ErrorKind::Cancelled, "cancelled")
    }

    /// Adds what the person can do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Arc<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the error beneath.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }
}

impl VfsError {
    /// What was tried and why it failed, for where the location stands already.
    pub fn without_location(&self) -> String {
        format!("could not {}: {}{}", self.op.verb(), self.reason, self.in_brackets())
    }

    fn in_brackets(&self) -> String {
        self.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default()
    }
}

fn io_kind(error: &std::io::Error) -> ErrorKind {
    use std::io::ErrorKind as Io;
    match error.kind() {
        Io::NotFound => ErrorKind::NotFound,
        Io::AlreadyExists => ErrorKind::AlreadyExists,
        Io::PermissionDenied | Io::ReadOnlyFilesystem => ErrorKind::Denied,
        Io::NotADirectory => ErrorKind::NotADirectory,
        Io::DirectoryNotEmpty => ErrorKind::NotEmpty,
        Io::StorageFull | Io::QuotaExceeded => ErrorKind::NoSpace,
        Io::TimedOut => ErrorKind::Timeout,
        Io::InvalidFilename | Io::InvalidInput | Io::FileTooLarge => ErrorKind::Invalid,
        Io::Unsupported => ErrorKind::Unsupported,
        _ => ErrorKind::Io,
    }
}

/// What to do where the kind alone doesn't tell.
fn cause_hint(error: &std::io::Error) -> Option<&'static str> {
    use std::io::ErrorKind as Io;
    match error.kind() {
        Io::StorageFull => Some("free some space (or inodes: df -i), or choose another destination"),
        Io::QuotaExceeded => Some("your share of that disk is used up: free some of it, or have it raised"),
        Io::FileTooLarge => {
            Some("the file system or a limit (ulimit -f) takes no file as large: choose another destination")
        }
        Io::ReadOnlyFilesystem => {
            Some("it is mounted read-only: mount it for writing, or choose another destination")
        }
        _ => None,
    }
}

fn io_hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Denied => Some("check the owner and the permissions of it and of the directories above"),
        ErrorKind::NotFound => Some("check the name; the directories above it have to be there"),
        ErrorKind::NotADirectory => Some("a file is on the way where the location needs a directory"),
        ErrorKind::NoSpace => Some("free some space, or choose another destination"),
        ErrorKind::Invalid => Some("the file system can't hold this name"),
        _ => None,
    }
}

impl fmt::Display for VfsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {} {}: {}{}", self.op.verb(), self.uri, self.reason, self.in_brackets())
    }
}

impl fmt::Debug for VfsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VfsError({:?} {:?}: {self})", self.op, self.kind)
    }
}

impl PartialEq for VfsError {
    /// Two failures are the same when a person couldn't tell them apart.
    fn eq(&self, other: &Self) -> bool {
        (self.op, &self.uri, self.kind, &self.reason) == (other.op, &other.uri, other.kind, &other.reason)
    }
}

impl StdError for VfsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_write_that_fails_tells_what_to_do() {
        let cases = [
            (Errno::NOSPC, ErrorKind::NoSpace, "free some space"),
            (Errno::DQUOT, ErrorKind::NoSpace, "your share of that disk"),
            (Errno::FBIG, ErrorKind::Invalid, "ulimit"),
            (Errno::ROFS, ErrorKind::Denied, "mounted read-only"),
            (Errno::ACCESS, ErrorKind::Denied, "permissions"),
            (Errno::NAMETOOLONG, ErrorKind::Invalid, "name"),
        ];
        for (errno, kind, hint) in cases {
            let error = VfsError::io(Op::Write, Uri::Local("/there".into()), errno.into());
            assert_eq!(error.kind, kind, "{error}");
            let told = error.to_string();
            assert!(told.contains("/there") && told.contains(hint), "{told}");
        }
    }
}
