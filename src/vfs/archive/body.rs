//! From a blocking reader to a [`Body`], a chunk at a time, each on a thread that may block.

use std::io::{self, Read};

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::model::{ErrorKind, Op, Result, Uri, VfsError};
use crate::vfs::Body;

const CHUNK: usize = 256 << 10;

type Reader = Box<dyn Read + Send>;
type Opening = Box<dyn FnOnce(Handle, CancellationToken) -> io::Result<Reader> + Send>;

enum At {
    Begin(Opening),
    Middle(Reader),
}

/// The bytes of what `opening` opens. Dropping the body ends the work soon.
pub(super) fn body(
    uri: Uri,
    opening: impl FnOnce(Handle, CancellationToken) -> io::Result<Reader> + Send + 'static,
) -> Body {
    let cancel = CancellationToken::new();
    let begin = (At::Begin(Box::new(opening)), cancel.clone().drop_guard());
    stream::unfold(Some(begin), move |at| step(at, uri.clone(), cancel.clone())).boxed()
}

type Next = Option<(Result<Bytes>, Option<(At, DropGuard)>)>;

async fn step(at: Option<(At, DropGuard)>, uri: Uri, cancel: CancellationToken) -> Next {
    let (at, guard) = at?;
    let tokio = Handle::current();
    let read = tokio::task::spawn_blocking(move || -> io::Result<(Bytes, Reader)> {
        let mut reader = match at {
            At::Begin(opening) => opening(tokio, cancel)?,
            At::Middle(reader) => reader,
        };
        let mut bytes = Vec::with_capacity(CHUNK);
        reader.by_ref().take(CHUNK as u64).read_to_end(&mut bytes)?;
        Ok((bytes.into(), reader))
    });
    match read.await {
        Ok(Ok((bytes, _))) if bytes.is_empty() => None,
        Ok(Ok((bytes, reader))) => Some((Ok(bytes), Some((At::Middle(reader), guard)))),
        Ok(Err(error)) => Some((Err(told(Op::Read, uri, error)), None)),
        Err(_) => Some((Err(broken(Op::Read, uri)), None)),
    }
}

/// That a decoder broke down.
pub(super) fn broken(op: Op, uri: Uri) -> VfsError {
    VfsError::new(op, uri, ErrorKind::Corrupt, "the decoder broke down on it")
}

/// The failure in a person's words: what the archive's own place said stays as it is.
pub(super) fn told(op: Op, uri: Uri, error: io::Error) -> VfsError {
    if let Some(failure) = error.get_ref().and_then(|error| error.downcast_ref::<VfsError>()) {
        return failure.clone();
    }
    let hint = "unpack the archive with another program, or get it anew";
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            VfsError::new(op, uri, ErrorKind::Corrupt, format!("the archive is damaged: {error}"))
                .with_hint(hint)
        }
        io::ErrorKind::FileTooLarge | io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput => {
            VfsError::new(op, uri, ErrorKind::Unsupported, error.to_string())
                .with_hint("unpack it with another program")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            let hint = "what is unpacked goes through the directory that TMPDIR names";
            VfsError::io(op, uri, error).with_hint(hint)
        }
        // Decoders call damage by many names.
        _ => VfsError::new(op, uri, ErrorKind::Corrupt, error.to_string()).with_hint(hint),
    }
}
