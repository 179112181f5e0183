//! Taking file system calls off the async loop.

use std::borrow::Cow;
use std::io;

use crate::model::{ErrorKind, Op, Result, Uri, VfsError};

/// Runs `call` on a blocking thread. It runs to its end even if the caller is dropped meanwhile.
pub(super) async fn off_loop<T: Send + 'static>(
    op: Op,
    uri: &Uri,
    call: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    match off_loop_raw(call).await {
        Some(outcome) => outcome.map_err(|error| failure(op, uri, error)),
        None => Err(VfsError::cancelled(op, uri.clone())),
    }
}

/// The same for any answer; `None` when the runtime is shutting down.
pub(super) async fn off_loop_raw<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match tokio::task::spawn_blocking(call).await {
        Ok(outcome) => Some(outcome),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => None,
        },
    }
}

/// The same where the caller knows the location.
pub(super) async fn run<T: Send + 'static>(
    call: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    off_loop_raw(call).await.unwrap_or_else(|| Err(refuse(ErrorKind::Cancelled, "cancelled")))
}

/// A failure of the operating system, or one of our own that it carries.
pub(super) fn failure(op: Op, uri: &Uri, error: io::Error) -> VfsError {
    match error.downcast::<Refused>() {
        Ok(Refused { kind, reason, hint }) => {
            let failure = VfsError::new(op, uri.clone(), kind, reason);
            match hint {
                Some(hint) => failure.with_hint(hint),
                None => failure,
            }
        }
        Err(error) => VfsError::io(op, uri.clone(), error),
    }
}

/// A refusal of our own on its way through `io::Result`.
#[derive(Debug)]
pub(super) struct Refused {
    kind: ErrorKind,
    reason: Cow<'static, str>,
    hint: Option<&'static str>,
}

impl Refused {
    /// That kind of failure with that reason.
    pub fn new(kind: ErrorKind, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, reason: reason.into(), hint: None }
    }

    /// Adds what the person can do.
    pub fn with_hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refused {}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        Self::other(refused)
    }
}

/// That kind of failure with that reason.
pub(super) fn refuse(kind: ErrorKind, reason: &'static str) -> io::Error {
    Refused::new(kind, reason).into()
}
