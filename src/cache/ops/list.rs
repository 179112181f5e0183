//! What is held, for those who look at it: [`HeldAnswer`].

use std::sync::Arc;
use std::time::Duration;

use super::held::{Held, Slot};
use super::{Answer, OpCache, OpKey, Query};
use crate::cache::{ConnectionId, Moment};
use crate::model::{S3Uri, Timestamp};

/// A held answer, as it is told to a person.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldAnswer {
    /// To which question.
    pub key: OpKey,
    /// How long ago it was asked.
    pub age: Duration,
    /// When it was asked, where the answer itself knows: those of an earlier run do.
    pub read_at: Option<Timestamp>,
    /// Whether it still answers.
    pub life: Life,
    /// The rows of a listing.
    pub rows: Option<u64>,
    /// Whether it says that nothing is there.
    pub negative: bool,
    /// The bytes that it takes, about.
    pub bytes: u64,
}

/// Whether a held answer still answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// For so long.
    Fresh(Duration),
    /// It is shown only until it was read again.
    Stale,
    /// It isn't; it goes when somebody asks, or to make room.
    Over,
}

impl OpKey {
    /// The place that the question is about: a bucket's name with `/` for questions about it.
    pub fn location(&self) -> S3Uri {
        let at = |bucket: &str, key: &str| S3Uri::new(&self.connection.name, bucket, key);
        match &self.query {
            Query::ListBuckets => S3Uri::buckets(&self.connection.name),
            Query::List { bucket, prefix, .. } => at(bucket, prefix),
            Query::Head { bucket, key, .. } => at(bucket, key),
            Query::Region { bucket } => at(bucket, ""),
        }
    }
}

impl OpCache {
    /// The newest modification that a held listing of this prefix knows. No look-up: nothing is
    /// counted, asked or kept alive by it.
    pub fn newest_below(
        &self,
        connection: &Arc<ConnectionId>,
        bucket: &Arc<str>,
        prefix: &Arc<str>,
        now: Moment,
    ) -> Option<Timestamp> {
        let newest = |delimited| {
            let query = Query::List { bucket: bucket.clone(), prefix: prefix.clone(), delimited };
            match &self.held.peek(&OpKey::new(connection, query), now)?.answer {
                Answer::Listing(listing) => listing.newest(),
                _ => None,
            }
        };
        newest(true).max(newest(false))
    }

    /// All that is held, in no order. No look-up: nothing is counted, dropped or kept alive by it.
    pub fn entries(&self, now: Moment) -> Vec<HeldAnswer> {
        let held = &self.held;
        held.slots.iter().map(|(key, slot)| held.told(key, slot, now)).collect()
    }
}

impl Held {
    fn told(&self, key: &OpKey, slot: &Slot, now: Moment) -> HeldAnswer {
        let listing = match &slot.answer {
            Answer::Listing(listing) => Some(listing),
            _ => None,
        };
        HeldAnswer {
            key: key.clone(),
            age: now.since(slot.asked),
            read_at: listing.map(|listing| listing.read_at),
            life: self.life(key, slot, now),
            rows: listing.map(|listing| listing.rows() as u64),
            negative: slot.answer.is_negative(),
            bytes: slot.bytes,
        }
    }
}
