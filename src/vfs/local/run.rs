//! Taking file system calls off the async loop.

use std::io;

use crate::model::{Op, Result, Uri, VfsError};

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

/// A failure of the operating system, or one of our own that it carries.
pub(super) fn failure(op: Op, uri: &Uri, error: io::Error) -> VfsError {
    match error.downcast::<Refused>() {
        Ok(Refused(kind, reason)) => VfsError::new(op, uri.clone(), kind, reason),
        Err(error) => VfsError::io(op, uri.clone(), error),
    }
}

/// A refusal of our own on its way through `io::Result`.
#[derive(Debug)]
pub(super) struct Refused(pub crate::model::ErrorKind, pub &'static str);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.1)
    }
}

impl std::error::Error for Refused {}

/// That kind of failure with that reason.
pub(super) fn refuse(kind: crate::model::ErrorKind, reason: &'static str) -> io::Error {
    io::Error::other(Refused(kind, reason))
}
