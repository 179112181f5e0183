//! The kinds that are rendered whole, each within bounds: [`document`].
//!
//! A renderer is an ordinary function on a thread that may block. It reads through [`Input`], which asks for
//! ranges only, counts what is read and unpacked, and ends the work when a bound is met or nobody waits for
//! it any more. What was read until then is shown, with a warning that says what isn't.

mod archive;
mod cells;
mod grid;
mod guard;
mod input;
mod json;
mod json_print;
mod lines;
mod markdown;
mod matroska;
mod media;
mod parquet;
mod pdf;
mod picture;
mod table;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

pub use self::guard::decoding;

use self::guard::guarded;
use self::input::Input;
use super::{Document, Shape, Source};
use crate::model::{ErrorKind, Op, Result, VfsError, ViewKind};

const MIB: u64 = 1 << 20;

/// What makes a document of bytes.
type Renderer = fn(&Input, &Shape) -> io::Result<Document>;

/// What one rendering may take.
#[derive(Clone, Copy, Debug)]
struct Most {
    /// Bytes that are read.
    read: u64,
    /// The time that is spent on them, without the time that is waited for them.
    time: Duration,
}

impl Most {
    const fn new(mib: u64, seconds: u64) -> Self {
        Self { read: mib * MIB, time: Duration::from_secs(seconds) }
    }
}

fn renderer(kind: ViewKind) -> Option<(Renderer, Most)> {
    Some(match kind {
        ViewKind::Text | ViewKind::Hex => return None,
        ViewKind::Markdown => (markdown::render, Most::new(4, 2)),
        ViewKind::Json => (json::render, Most::new(8, 2)),
        ViewKind::JsonLines => (json::render_lines, Most::new(8, 2)),
        ViewKind::Table => (table::render, Most::new(8, 2)),
        ViewKind::Parquet => (parquet::render, Most::new(64, 4)),
        ViewKind::Image => (picture::render, Most::new(128, 10)),
        ViewKind::Archive => (archive::render, Most::new(32, 2)),
        ViewKind::Pdf => (pdf::render, Most::new(64, 4)),
        ViewKind::Media => (media::render, Most::new(32, 2)),
    })
}

/// Whether a kind is rendered whole, by [`document`]. The others are shown by their bytes.
pub fn is_document(kind: ViewKind) -> bool {
    renderer(kind).is_some()
}

/// Renders all of it, within bounds. Dropping the future ends the work soon.
///
/// # Errors
/// Those of the backend; `Corrupt` for what isn't of this kind, or is too damaged to show anything of;
/// `Unsupported` for a kind that isn't rendered whole, and for what is beyond the bounds altogether.
pub async fn document(kind: ViewKind, source: &Arc<Source>, shape: &Shape) -> Result<Document> {
    let Some((render, most)) = renderer(kind) else {
        let reason = format!("{} is shown by its bytes, not as a whole", kind.title());
        return Err(fail(source, ErrorKind::Unsupported, reason));
    };
    let cut = source.cut();
    if let Some(cut) = cut.as_deref().filter(|_| matches!(kind, ViewKind::Parquet | ViewKind::Pdf)) {
        let reason = format!("it begins at its end, and {cut}");
        return Err(fail(source, ErrorKind::Unsupported, reason));
    }
    let cancel = CancellationToken::new();
    let _guard = cancel.clone().drop_guard();
    let input = Input::new(source.clone(), Handle::current(), cancel, most);
    let (bounds, shape) = (input.bounds(), shape.clone());
    let rendered = tokio::task::spawn_blocking(move || guarded(|| render(&input, &shape))).await;
    if let Some(error) = bounds.take_failure() {
        return Err(error);
    }
    match rendered {
        Ok(Some(Ok(mut document))) => {
            document.warning = cut.or(document.warning);
            Ok(document)
        }
        Ok(Some(Err(error))) => Err(refusal(source, &error)),
        Ok(None) | Err(_) => Err(fail(source, ErrorKind::Corrupt, "the decoder broke down on it")),
    }
}

fn fail(source: &Source, kind: ErrorKind, reason: impl Into<Arc<str>>) -> VfsError {
    VfsError::new(Op::Read, source.path().uri().clone(), kind, reason)
}

/// What a renderer that gave up says, with what a person can do.
fn refusal(source: &Source, error: &io::Error) -> VfsError {
    let known = match error.kind() {
        io::ErrorKind::Unsupported | io::ErrorKind::FileTooLarge => ErrorKind::Unsupported,
        _ => ErrorKind::Corrupt,
    };
    fail(source, known, error.to_string()).with_hint("show it as text or hex instead")
}

#[cfg(test)]
mod tests;
