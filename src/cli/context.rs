//! What every subcommand works with: [`Context`], and how it can end: [`Failure`].

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::Status;
use super::out::tell;
use crate::config::{Env, LinkSettings};
use crate::model::{ErrorKind, Kind, Op, Result as VfsResult, Uri, UriError, VfsError, uri::UriContext};
use crate::runtime::Services;
use crate::transfer::journal::Remembered;
use crate::transfer::{Journal, JournalError, ResumeError};
use crate::vfs::DynPath;

/// Why a subcommand ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was asked for wrongly.
    Usage(String),
    /// A backend failed.
    Vfs(VfsError),
    /// Standard output can't be written.
    Out(io::Error),
    /// The journal refused, or a job of it can't be resumed.
    Jobs(String),
}

impl From<VfsError> for Failure {
    fn from(error: VfsError) -> Self {
        Self::Vfs(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Out(error)
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::Jobs(error.to_string())
    }
}

impl From<ResumeError> for Failure {
    fn from(error: ResumeError) -> Self {
        Self::Jobs(error.to_string())
    }
}

impl From<UriError> for Failure {
    fn from(error: UriError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl Failure {
    /// Tells the person, and gives the exit status. A reader that went away is no news.
    pub(super) fn told(self) -> Status {
        match self {
            Self::Usage(reason) => {
                tell(&reason);
                return Status::Usage;
            }
            Self::Vfs(error) => tell(&error.to_string()),
            Self::Jobs(reason) => tell(&reason),
            Self::Out(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Self::Out(error) => tell(&format!("could not write to standard output: {error}")),
        }
        Status::Failed
    }
}

/// What every subcommand works with.
pub(super) struct Context {
    pub(super) services: Services,
    pub(super) uris: UriContext,
    /// The environment, which names the editor.
    pub(super) env: Env,
    /// Where the state file is.
    pub(super) state: Option<PathBuf>,
    /// How presigned links are made where nobody says otherwise.
    pub(super) links: LinkSettings,
}

/// A location as it was typed.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    /// Where it is.
    pub(super) uri: Uri,
    /// Whether the text ends in `/`, and so means a directory.
    pub(super) slash: bool,
    /// Whether the text ends in `/.`, and so means what is in a directory.
    pub(super) dot: bool,
}

impl Context {
    /// Reads a location of the command line.
    pub(super) fn typed(&self, text: &OsStr) -> Result<Typed, Failure> {
        let bytes = text.as_bytes();
        let uri = settled(Uri::parse(text, &self.uris)?);
        Ok(Typed { uri, slash: bytes.ends_with(b"/"), dot: bytes == b"." || bytes.ends_with(b"/.") })
    }

    /// Refuses what would be written below a read-only connection or into an archive, before anything is asked of it.
    pub(super) fn writable(&self, op: Op, uri: &Uri) -> VfsResult<()> {
        if self.path(uri)?.caps().write {
            return Ok(());
        }
        if let Some(at) = uri.as_archive() {
            return Err(at.refusal(op));
        }
        let error = VfsError::new(op, uri.clone(), ErrorKind::ReadOnly, "the connection is read-only");
        let name = uri.as_s3().map(|s3| s3.connection.to_string()).unwrap_or_default();
        Err(error.with_hint(format!("read_only is set in [connections.{name}]")))
    }

    /// What was learnt of objects before, where that is kept.
    pub(super) async fn remembered(&self) -> Option<Remembered> {
        self.journal().remembered().await
    }

    /// The journal that keeps the jobs.
    pub(super) fn journal(&self) -> &Journal {
        self.services.engine.journal()
    }

    /// The handle on a location.
    pub(super) fn path(&self, uri: &Uri) -> VfsResult<DynPath> {
        self.services.registry.resolve(uri)
    }
}

/// A local path that ends in `..` has no name to go by: what it leads to has one.
fn settled(uri: Uri) -> Uri {
    match &uri {
        Uri::Local(path) if path.file_name().is_none() => {
            path.canonicalize().map_or_else(|_| uri.clone(), Uri::Local)
        }
        _ => uri,
    }
}

/// Where a listing of `uri` would begin: `s3://b/a` is taken as the prefix `a/`.
pub(super) fn as_directory(uri: &Uri) -> Uri {
    uri.as_dir()
}

/// Whether a location is a directory by its shape alone: a prefix, a bucket, the list of buckets.
pub(super) fn dir_shaped(uri: &Uri) -> bool {
    match uri {
        Uri::Local(_) => false,
        Uri::S3(s3) => s3.is_dir_shaped(),
        Uri::Archive(at) => at.is_dir_shaped(),
    }
}

/// The kind that a directory-shaped location has as a row.
pub(super) fn dir_kind(uri: &Uri) -> Kind {
    if uri.as_s3().is_some_and(|s3| s3.key.is_empty()) { Kind::Bucket } else { Kind::Dir }
}
