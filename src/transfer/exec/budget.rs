//! What all jobs share: requests and buffer memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::io::Io;
use super::super::machine::Limits;

/// Memory for the buffers of all jobs, in units.
const MEMORY: u32 = 256;

/// One unit of buffer memory, in bytes.
const UNIT: u64 = 1 << 20;

/// What a part needs whose sink writes as the bytes come, in bytes.
const STREAMED: u64 = 4 << 20;

/// The budget of an engine.
#[derive(Debug)]
pub struct Budget {
    requests: Arc<Semaphore>,
    parts: Arc<Semaphore>,
    memory: Arc<Semaphore>,
}

/// A share of the budget, given back when it is dropped.
#[derive(Debug, Default)]
pub struct Permit {
    requests: Vec<OwnedSemaphorePermit>,
    memory: Option<OwnedSemaphorePermit>,
}

impl Permit {
    /// What remains when the request is over and its bytes are still held.
    pub fn into_memory(self) -> Self {
        Self { requests: Vec::new(), memory: self.memory }
    }
}

impl Budget {
    /// The whole budget.
    pub fn new(limits: &Limits) -> Self {
        let of = |permits: usize| Arc::new(Semaphore::new(permits));
        Self {
            requests: of(limits.small + limits.lists),
            parts: of(limits.requests),
            memory: of(MEMORY as usize),
        }
    }

    /// Waits for what `io` needs. Shares are always taken in the same order, so nobody waits in a circle;
    /// `buffered` tells that the destination holds a part in memory until it is sent.
    pub async fn admit(&self, io: &Io, buffered: bool) -> Permit {
        let mut permit = Permit::default();
        if matches!(io, Io::CopyPart { .. }) {
            permit.requests.push(take(&self.parts, 1).await);
        }
        if let Io::Part { len, whole, .. } = io {
            if !whole {
                permit.requests.push(take(&self.parts, 1).await);
            }
            let bytes = if buffered { *len } else { STREAMED.min(*len) };
            let units = bytes.div_ceil(UNIT).clamp(1, u64::from(MEMORY));
            permit.memory = Some(take(&self.memory, units as u32).await);
        }
        // What only waits to be flushed with others, or asks the journal, is no request.
        if !matches!(io, Io::Commit { waits: true, .. } | Io::Recall { .. }) {
            permit.requests.push(take(&self.requests, 1).await);
        }
        permit
    }
}

async fn take(semaphore: &Arc<Semaphore>, permits: u32) -> OwnedSemaphorePermit {
    semaphore.clone().acquire_many_owned(permits).await.expect("the budget's semaphores are never closed")
}
