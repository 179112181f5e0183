//! Writes between their fences (see [`crate::cache::ops`]).

use std::sync::Arc;

use super::{Cached, S3Api};
use crate::cache::ops::{Change, Extent, Outcome, Patch, Touch, WriteFence};
use crate::model::{Result, VfsError};

impl<A: S3Api> Cached<A> {
    pub(super) fn touch(&self, bucket: &Arc<str>, extent: Extent) -> Touch {
        Touch { endpoint: self.connection.endpoint.clone(), bucket: bucket.clone(), extent }
    }

    pub(super) fn fence(&self, bucket: &Arc<str>, extent: Extent) -> WriteFence {
        self.cache.fence(self.touch(bucket, extent))
    }

    /// The same for a write whose answer may tell just what it leaves.
    pub(super) fn fence_exact(&self, bucket: &Arc<str>, extent: Extent) -> WriteFence {
        self.cache.fence_exact(self.touch(bucket, extent), &self.connection)
    }

    /// Sends a write between its fences. Dropped in between, its outcome is unknown.
    pub(super) async fn write<T>(
        &self,
        bucket: &Arc<str>,
        extent: Extent,
        send: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let fence = self.fence(bucket, extent);
        let result = send.await;
        fence.end(outcome(result.as_ref().err()));
        result
    }

    /// The same for a write whose answer may tell just what it left: then held listings take that in.
    pub(super) async fn write_exact<T>(
        &self,
        bucket: &Arc<str>,
        extent: Extent,
        send: impl Future<Output = Result<T>>,
        left: impl FnOnce(&T) -> Option<Vec<Patch>>,
    ) -> Result<T> {
        let fence = self.fence_exact(bucket, extent);
        let result = send.await;
        match result.as_ref().map(left) {
            Ok(Some(left)) => fence.leave(left),
            Ok(None) => fence.end(Outcome::Known),
            Err(error) => fence.end(outcome(Some(error))),
        }
        result
    }
}

/// What is known of a write that ended so.
pub(super) fn outcome(error: Option<&VfsError>) -> Outcome {
    if error.is_some_and(|error| error.kind.outcome_unknown()) { Outcome::Unknown } else { Outcome::Known }
}

/// That a key is there afterwards.
pub(super) fn added(key: &Arc<str>) -> Extent {
    Extent::Key(key.clone(), Change::Added)
}
