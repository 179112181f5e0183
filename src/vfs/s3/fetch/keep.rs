//! Bytes of the service that are kept on their way.

use bytes::Bytes;
use futures::{StreamExt, stream};

use super::Read;
use crate::cache::disk::Fill;
use crate::cache::objects::Lead;
use crate::model::{ETag, ErrorKind, Result, VfsError};
use crate::vfs::Body;

impl Read {
    /// The bytes from `start` to `end` as they come, kept on their way. The last of them are handed on when the
    /// service has ended well, so that what is kept is what it sent.
    pub(super) fn kept(&self, body: Body, keeps: Option<Keeps>, start: u64, end: u64) -> Body {
        let Some(mut keeps) = keeps else { return body };
        keeps.fill.seek(start);
        let (read, left) = (self.clone(), end.saturating_sub(start));
        let state = Keeping { read, body, keeps: Some(keeps), left, late: None };
        stream::unfold(state, |mut state| async move { Some((state.next().await?, state)) }).boxed()
    }
}

/// Where a body is kept, and those who wait for it there.
pub(super) struct Keeps {
    fill: Fill,
    lead: Option<Lead>,
}

impl Keeps {
    pub(super) fn new(fill: Fill, lead: Option<Lead>, tag: Option<&ETag>) -> Self {
        if let Some(lead) = &lead {
            lead.answered(tag);
        }
        Self { fill, lead }
    }

    async fn push(&mut self, bytes: &Bytes) {
        self.fill.push(bytes).await;
        match (&self.lead, self.fill.kept()) {
            (Some(lead), Some(to)) => lead.kept(to),
            _ => self.lead = None,
        }
    }
}

/// A body that is kept on its way.
struct Keeping {
    read: Read,
    body: Body,
    keeps: Option<Keeps>,
    left: u64,
    /// What came after the last byte.
    late: Option<Result<Bytes>>,
}

impl Keeping {
    async fn next(&mut self) -> Option<Result<Bytes>> {
        if let Some(late) = self.late.take() {
            return Some(late);
        }
        let bytes = match self.body.next().await {
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => return Some(Err(self.failed(error).await)),
            None => {
                self.finish().await;
                return None;
            }
        };
        if let Some(keeps) = &mut self.keeps {
            keeps.push(&bytes).await;
        }
        self.left = self.left.saturating_sub(bytes.len() as u64);
        if self.left == 0 && self.keeps.is_some() {
            match self.body.next().await {
                None => self.finish().await,
                Some(Err(error)) => self.late = Some(Err(self.failed(error).await)),
                Some(Ok(more)) => (self.keeps, self.late) = (None, Some(Ok(more))),
            }
        }
        Some(Ok(bytes))
    }

    async fn finish(&mut self) {
        if let Some(Keeps { fill, lead }) = self.keeps.take() {
            fill.finish().await;
            drop(lead);
        }
    }

    /// Bytes that broke off are right as far as they go; those whose checksum is wrong are not.
    async fn failed(&mut self, error: VfsError) -> VfsError {
        self.keeps = None;
        if error.kind == ErrorKind::Corrupt {
            self.read.bodies().forget(&self.read.key, "it came with a wrong checksum").await;
        }
        error
    }
}
