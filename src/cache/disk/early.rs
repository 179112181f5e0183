//! What is invalidated while the index isn't open: [`Early`].

use std::collections::HashSet;

use super::index::Book;
use crate::cache::ops::{Extent, Touch};
use crate::store::Store;

/// The most touches that wait one by one. What is more becomes a touch of the bucket.
const MOST: usize = 1024;

/// Where a touch goes.
#[derive(Debug)]
pub(super) enum Early {
    /// It waits until the index is open.
    Waiting(HashSet<Touch>),
    /// The index is open.
    Open(Store, Book),
    /// There is none, and there won't be one.
    Shut,
}

impl Default for Early {
    fn default() -> Self {
        Self::Waiting(HashSet::new())
    }
}

impl Early {
    /// Takes a touch in, where it has to wait.
    pub(super) fn note(&mut self, touch: &Touch) {
        let Self::Waiting(waiting) = self else { return };
        let whole = Touch { extent: Extent::Bucket, ..touch.clone() };
        if waiting.contains(&whole) || waiting.contains(touch) {
            return;
        }
        if waiting.len() >= MOST {
            *waiting = waiting.drain().map(|touch| Touch { extent: Extent::Bucket, ..touch }).collect();
            waiting.insert(whole);
        } else {
            waiting.insert(touch.clone());
        }
    }

    /// The index is open, or can't be: what has waited.
    pub(super) fn settle(&mut self, opened: Option<&(Store, Book)>) -> HashSet<Touch> {
        let now = opened.map_or(Self::Shut, |(store, book)| Self::Open(store.clone(), book.clone()));
        match std::mem::replace(self, now) {
            Self::Waiting(waiting) => waiting,
            Self::Open(..) | Self::Shut => HashSet::new(),
        }
    }

    /// Whether something waits.
    pub(super) fn waits(&self) -> bool {
        matches!(self, Self::Waiting(waiting) if !waiting.is_empty())
    }
}
