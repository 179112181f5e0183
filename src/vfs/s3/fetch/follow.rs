//! Bytes that another read of the same body brings just now.

use std::ops::Range;

use super::{Held, Read, whole};
use crate::cache::disk::{Span, spans};
use crate::cache::objects::{Flight, Lead, Turn};
use crate::model::{ETag, Result};
use crate::vfs::Body;

impl Read {
    /// Whether another asks for these bytes already, or this one is to. Others join only what is kept.
    pub(super) fn turn(&self, range: &Range<u64>, left: &[u64]) -> Option<Turn> {
        if self.keep {
            return self.bodies().turn(&self.key, range, left);
        }
        let flight = self.bodies().joinable(&self.key, range.start)?;
        (!left.contains(&flight.id())).then_some(Turn::Follow(flight))
    }

    /// Lets others join what this one asks for.
    pub(super) fn lead(&self, range: &Range<u64>) -> Option<Lead> {
        if self.keep { self.bodies().lead(&self.key, range) } else { None }
    }

    /// Waits until another's read has brought this byte, is over, or stands still: then it is `left`, as is one that
    /// had brought it before, so that one look more is enough. Gives the tag that the service answered with since.
    pub(super) async fn follow(&self, mut flight: Flight, at: u64, left: &mut Vec<u64>) -> Option<ETag> {
        let (answered, had) = (flight.is_answered(), flight.has(at));
        let (came, tag) = flight.kept(at).await;
        if had || !came {
            left.push(flight.id());
        }
        tag.filter(|_| !answered)
    }

    /// What a read is made up of. Where something is missing that is on its way to nobody, another may just have
    /// brought it: that takes a second look.
    pub(super) async fn parts(&self, held: Held, want: &Range<u64>) -> (Held, Vec<Span>) {
        let parts = spans(want, held.pieces());
        if self.comes(&parts) {
            return (held, parts);
        }
        match self.bodies().find(&self.key, want.clone()).await.filter(|again| again.tag == held.tag) {
            Some(again) => {
                let parts = spans(want, again.pieces());
                (again, parts)
            }
            None => (held, parts),
        }
    }

    /// Whether all that is missing is on its way to another.
    pub(super) fn comes(&self, parts: &[Span]) -> bool {
        let gaps =
            || parts.iter().filter_map(|part| if let Span::Gap(gap) = part { Some(gap) } else { None });
        let (Some(first), Some(last)) = (gaps().next(), gaps().next_back()) else { return true };
        let flight = self.bodies().joinable(&self.key, first.start);
        flight.is_some_and(|flight| flight.covers(&(first.start..last.end)))
    }

    /// What isn't held of a body: from another's read, where one is under way, or by a request.
    pub(super) async fn missing(&self, held: &Held, gap: Range<u64>) -> Result<Body> {
        let mut left = Vec::new();
        loop {
            let lead = match self.turn(&gap, &left) {
                Some(Turn::Follow(flight)) => {
                    self.follow(flight, gap.start, &mut left).await;
                    if let Some(body) = self.brought(held, &gap).await {
                        return Ok(body);
                    }
                    continue;
                }
                Some(Turn::Lead(lead)) => Some(lead),
                None => None,
            };
            if let Some(body) = self.brought(held, &gap).await {
                return Ok(body);
            }
            return self.gap(held, gap, lead).await.map(|(_, body)| body);
        }
    }

    /// What another read has brought since, and then the rest.
    async fn brought(&self, held: &Held, gap: &Range<u64>) -> Option<Body> {
        let found = self.bodies().find(&self.key, gap.clone()).await.filter(|found| found.tag == held.tag)?;
        let parts = spans(gap, found.pieces());
        let begins = matches!(parts.first(), Some(Span::Held(..)));
        begins.then(|| self.served(&found, None, whole(parts)).body)
    }
}
