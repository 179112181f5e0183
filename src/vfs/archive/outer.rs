//! The archive itself as a file for decoders: [`Outer`]. Only for threads that may block.

use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures::StreamExt;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::model::{Entry, ErrorKind, Op, Result, VfsError};
use crate::vfs::{Body, DynPath, Fetch};

/// How often a request that failed for now is sent again: a decoder can't begin in its middle.
const TRIES: u32 = 4;

/// What it takes to read an archive.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub path: DynPath,
    /// Its row: every read is bound to its tag.
    pub entry: Entry,
}

impl Place {
    pub fn size(&self) -> u64 {
        self.entry.size.unwrap_or(0)
    }

    /// A reader from the beginning, which asks for so much at a time.
    pub fn reader(&self, tokio: Handle, ahead: u64, cancel: CancellationToken) -> Outer {
        let fetch = Fetch::view(self.entry.clone());
        let (path, size) = (self.path.clone(), self.size());
        Outer { path, fetch, size, tokio, cancel, ahead, at: 0, body: None, chunk: Bytes::new() }
    }
}

/// The archive's bytes, by ranges.
pub(super) struct Outer {
    path: DynPath,
    fetch: Fetch,
    size: u64,
    tokio: Handle,
    cancel: CancellationToken,
    ahead: u64,
    at: u64,
    body: Option<Body>,
    chunk: Bytes,
}

impl Outer {
    /// Gets the next bytes, from the answer that is open or from another.
    async fn next(&mut self) -> Result<Bytes> {
        let mut tries = 0;
        loop {
            let next = if let Some(body) = &mut self.body {
                body.next().await
            } else {
                let range = self.at..self.at.saturating_add(self.ahead).min(self.size);
                match self.path.fetch(Some(range), &self.fetch).await {
                    Ok(reading) => {
                        self.body = Some(reading.body);
                        continue;
                    }
                    Err(error) => Some(Err(error)),
                }
            };
            let failed = match next {
                Some(Ok(bytes)) if bytes.is_empty() => continue,
                Some(Ok(bytes)) => return Ok(bytes),
                Some(Err(error)) if !error.kind.retryable() => return Err(error),
                Some(Err(error)) => error,
                // The answer is over: what follows is asked for anew, if that brings anything.
                None => {
                    let reason = "it is shorter than it was: it was changed while it was read";
                    VfsError::new(Op::Read, self.path.uri().clone(), ErrorKind::Conflict, reason)
                }
            };
            self.body = None;
            tries += 1;
            if tries >= TRIES {
                return Err(failed);
            }
            if failed.kind.retryable() {
                tokio::time::sleep(Duration::from_millis(100 << tries)).await;
            }
        }
    }
}

impl Read for Outer {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() {
            if self.at >= self.size || buf.is_empty() {
                return Ok(0);
            }
            let (tokio, cancel) = (self.tokio.clone(), self.cancel.clone());
            let next = tokio.block_on(async {
                tokio::select! {
                    () = cancel.cancelled() => Err(io::Error::other("nobody waits for it any more")),
                    next = self.next() => next.map_err(io::Error::other),
                }
            });
            self.chunk = next?;
        }
        let count = self.chunk.len().min(buf.len());
        self.chunk.copy_to_slice(&mut buf[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Outer {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let to = to.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the beginning"))?;
        let ahead = to.checked_sub(self.at).and_then(|by| usize::try_from(by).ok());
        if let Some(by) = ahead.filter(|by| *by <= self.chunk.len()) {
            self.chunk.advance(by);
        } else {
            (self.body, self.chunk) = (None, Bytes::new());
        }
        self.at = to;
        Ok(to)
    }
}
