//! Reads that may be answered from bodies on disk: [`fetch`].
//!
//! What is held is asked about by one conditional request, or trusted by the tag of the caller's row. Where a part
//! is missing, its request is bound to the tag of what is held: it asks and fetches at once. A piece that is
//! damaged is fetched like one that is missing. What another read is fetching just now isn't asked for again: it is
//! taken from what that one keeps.

mod follow;
mod keep;

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};

use self::keep::Keeps;
use super::api::{Detail, Got, ObjectAttributes, ObjectRef};
use super::path::S3Path;
use crate::cache::disk::{Piece, Span};
use crate::cache::objects::{Body as Held, BodyKey, KEPT_OF_COPIES, Lead, Objects, Turn};
use crate::cache::ops::BodyTicket;
use crate::config::Validate;
use crate::model::{ETag, ErrorKind, Freshness, Head, Op, Result, Tag, VfsError};
use crate::vfs::{Body, Fetch, PartRecord, Placed, Precondition, Reading, Trust, VfsPath};

/// One read.
#[derive(Clone)]
struct Read {
    path: S3Path,
    object: ObjectRef,
    key: BodyKey,
    keep: bool,
    /// The tag that the caller wants to have.
    wanted: Option<Tag>,
}

/// Whether what is held is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// Yes, for these reasons.
    Yes(&'static str),
    /// The service has to say so.
    Unknown,
    /// No.
    No,
}

/// A part of an answer.
enum Part {
    Held(Piece, Range<u64>),
    Gap(Range<u64>),
    /// A gap whose request was sent.
    Asked(Body),
}

/// See [`VfsPath::fetch`].
pub(super) async fn fetch(path: &S3Path, range: Option<Range<u64>>, how: &Fetch) -> Result<Reading> {
    let bodies = &path.service.bodies;
    let empty = range.as_ref().is_some_and(Range::is_empty);
    let trust = set(bodies.validate(), how.trust);
    if trust == Trust::Skip || empty || !bodies.enabled() {
        return path.open(range, how.precondition()).await;
    }
    let object = path.object(Op::Read)?;
    let key = key_of(path, &object);
    let wanted = how.entry.as_ref().and_then(|entry| entry.tag.clone());
    let read = Read { path: path.clone(), object, key, keep: how.keep, wanted };
    let right = Some(read.ticket());
    let reading = if trust == Trust::Refresh {
        let lead = read.lead(&whole_of(range.as_ref()));
        read.anew(range, lead, "it is to be fetched anew").await
    } else {
        read.look(range, trust).await
    };
    reading.map(|reading| Reading { right, ..reading })
}

fn whole_of(range: Option<&Range<u64>>) -> Range<u64> {
    range.cloned().unwrap_or(0..u64::MAX)
}

impl S3Path {
    /// A range without a byte: S3 can't be asked for it, but the object must be there and reach it.
    pub(super) async fn read_nothing(&self, at: u64, precondition: &Precondition) -> Result<Body> {
        let head = self.head_now(Op::Read, Detail::Row, Freshness::Past).await?;
        if let Precondition::Matches(tag) = precondition
            && head.entry.tag.as_ref() != Some(tag)
        {
            return Err(self.error(Op::Read, ErrorKind::Conflict, "it is not what it was"));
        }
        if head.entry.size.is_some_and(|size| at > size) {
            return Err(self.error(Op::Read, ErrorKind::Invalid, "the range is beyond the end"));
        }
        Ok(stream::empty().boxed())
    }
}

/// Keeps what an upload has just sent, where somebody read this key before.
pub(super) async fn keep_sent(
    path: &S3Path,
    placed: &Placed,
    carried: ObjectAttributes,
    bytes: &Bytes,
    ticket: BodyTicket,
) {
    let Ok(object) = path.object(Op::Write) else { return };
    let bodies = &path.service.bodies;
    let key = key_of(path, &object);
    if !bodies.wants(&key, bytes.len() as u64) {
        return;
    }
    let head = head_of_sent(placed, carried);
    if let Some(fill) = bodies.replace(&key, &head) {
        let mut fill = fill.by(ticket.of_own_write());
        fill.push(bytes).await;
        fill.finish().await;
    }
}

/// Keeps a large copy with the blocks of its file; a small one was kept as it came.
pub(super) async fn keep_copy(
    path: &S3Path,
    head: &Head,
    right: &BodyTicket,
    file: File,
    parts: &[PartRecord],
) {
    let Ok(object) = path.object(Op::Read) else { return };
    let bodies = &path.service.bodies;
    let size = head.entry.size.unwrap_or(0);
    if size > KEPT_OF_COPIES && size <= bodies.largest() {
        let came = parts.iter().map(|part| (part.offset, part.len, part.crc64)).collect();
        bodies.adopt(&key_of(path, &object), head, right, file, came).await;
    }
}

fn head_of_sent(placed: &Placed, carried: ObjectAttributes) -> Head {
    Head {
        entry: placed.entry.clone(),
        version: placed.version.as_deref().map(str::to_owned),
        content_type: carried.content_type,
        content_encoding: carried.content_encoding,
        content_disposition: carried.content_disposition,
        content_language: carried.content_language,
        cache_control: carried.cache_control,
        expires: carried.expires,
        metadata: carried.metadata,
        restored: false,
        tag_count: u32::try_from(carried.tags.len()).ok().filter(|count| *count > 0),
        encryption: carried.encryption,
        checksum: None,
    }
}

/// The right to keep what is asked for, or sent, from now on.
pub(super) fn ticket(path: &S3Path, bucket: &Arc<str>, key: &Arc<str>) -> BodyTicket {
    let endpoint = &path.service.api.connection().endpoint;
    path.service.operations.begin_body(endpoint, bucket, key)
}

fn key_of(path: &S3Path, object: &ObjectRef) -> BodyKey {
    let connection = path.service.api.connection();
    BodyKey::new(connection, &object.bucket, &object.key, object.version.as_ref())
}

/// What the settings make of what a caller asks for: what he says of this one read comes first.
fn set(validate: Validate, asked: Trust) -> Trust {
    match (validate, asked) {
        (_, Trust::Skip | Trust::Refresh | Trust::Check | Trust::Held) | (Validate::Auto, _) => asked,
        (Validate::Always, _) => Trust::Ask,
        (Validate::Listing, _) => Trust::Row,
        (Validate::Never, _) => Trust::Held,
    }
}

impl Read {
    fn bodies(&self) -> &Objects {
        &self.path.service.bodies
    }

    fn ticket(&self) -> BodyTicket {
        ticket(&self.path, &self.object.bucket, &self.object.key)
    }

    fn precondition(&self) -> Precondition {
        self.wanted.clone().map_or(Precondition::None, Precondition::Matches)
    }

    /// Reads what is held, joins a read that is under way, or asks.
    async fn look(&self, range: Option<Range<u64>>, trust: Trust) -> Result<Reading> {
        let want = whole_of(range.as_ref());
        let (mut told, mut left) = (None, Vec::new());
        loop {
            if let Some(held) = self.bodies().find(&self.key, want.clone()).await {
                return self.read_held(held, range, trust, told).await;
            }
            let lead = match self.turn(&want, &left) {
                Some(Turn::Follow(flight)) => {
                    told = self.follow(flight, want.start, &mut left).await.or(told);
                    continue;
                }
                Some(Turn::Lead(lead)) => Some(lead),
                None => None,
            };
            // Between the look and the turn another may have brought it.
            if let Some(held) = self.bodies().find(&self.key, want.clone()).await {
                drop(lead);
                return self.read_held(held, range, trust, told).await;
            }
            return self.anew(range, lead, "nothing is held of it").await;
        }
    }

    /// Asks the service for all of it, and keeps that.
    async fn anew(&self, range: Option<Range<u64>>, lead: Option<Lead>, why: &str) -> Result<Reading> {
        let ticket = self.ticket();
        let got = self.path.service.api.get(&self.object, range.clone(), &self.precondition()).await?;
        self.bodies().miss(&self.key, 0, why);
        Ok(self.taken(got, range, lead, ticket))
    }

    /// An answer of the service in the place of what is held.
    fn taken(&self, got: Got, range: Option<Range<u64>>, lead: Option<Lead>, ticket: BodyTicket) -> Reading {
        let size = got.head.entry.size;
        let start = range.as_ref().map_or(0, |range| range.start);
        let end = range.map_or(size, |range| Some(size.map_or(range.end, |size| range.end.min(size))));
        let fits = end.is_some_and(|end| end.saturating_sub(start) <= self.bodies().largest());
        let fill = if self.keep && fits { self.bodies().replace(&self.key, &got.head) } else { None };
        let keeps = fill.map(|fill| Keeps::new(fill.by(ticket), lead, got.head.entry.etag()));
        let body = self.kept(got.body, keeps, start, end.unwrap_or_default());
        Reading { head: Some(Box::new(got.head)), ..Reading::bare(body) }
    }

    /// `told` is the tag that the service answered with since this read began.
    async fn read_held(
        &self,
        held: Held,
        range: Option<Range<u64>>,
        trust: Trust,
        told: Option<ETag>,
    ) -> Result<Reading> {
        let want = range.clone().unwrap_or(0..held.size());
        let want = want.start..want.end.min(held.size());
        let right = self.judged(&held, trust, told.as_ref());
        if right == Right::No || want.start > held.size() || (want.is_empty() && range.is_some()) {
            let lead = self.lead(&whole_of(range.as_ref()));
            return self.anew(range, lead, "what is held is another version").await;
        }
        let (held, parts) = self.parts(held, &want).await;
        if !self.comes(&parts) {
            return self.mixed(held, range, parts).await;
        }
        if let Right::Yes(why) = right {
            self.bodies().hit(&self.key, want.end - want.start, false, why);
            return Ok(self.lent(&held, &want, parts));
        }
        let ticket = self.ticket();
        match self.path.service.api.get_if_changed(&self.object, range.clone(), &held.tag).await {
            Ok(Some(got)) if !is_unchanged(&got, &held) => self.changed(got, range, ticket).await,
            Ok(_) => {
                let why = "the service says that it is right";
                self.bodies().hit(&self.key, want.end - want.start, true, why);
                Ok(self.lent(&held, &want, parts))
            }
            Err(error) => Err(self.lost(error).await),
        }
    }

    fn judged(&self, held: &Held, trust: Trust, told: Option<&ETag>) -> Right {
        if self.wanted.as_ref().is_some_and(|tag| *tag != Tag::ETag(held.tag.clone())) {
            return Right::No;
        }
        match trust {
            _ if self.object.version.is_some() => Right::Yes("a version never changes"),
            _ if told == Some(&held.tag) => Right::Yes("another read brings it just now"),
            Trust::Row if self.wanted.is_some() => Right::Yes("the listing has its tag"),
            Trust::Held if !self.bodies().is_old(held) => Right::Yes("it isn't too old"),
            _ => Right::Unknown,
        }
    }

    /// The service has another version than what is held.
    async fn changed(&self, got: Got, range: Option<Range<u64>>, ticket: BodyTicket) -> Result<Reading> {
        if self.wanted.is_some() {
            self.bodies().forget(&self.key, "the service has another version").await;
            return Err(self.path.error(Op::Read, ErrorKind::Conflict, "it is not what it was"));
        }
        self.bodies().miss(&self.key, 0, "the service has another version");
        let lead = self.lead(&whole_of(range.as_ref()));
        Ok(self.taken(got, range, lead, ticket))
    }

    /// A failure that tells that what is held is no longer there.
    async fn lost(&self, error: VfsError) -> VfsError {
        if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Conflict) {
            self.bodies().forget(&self.key, "the service no longer has it").await;
        }
        error
    }

    /// Some of it is held. The first request for what is missing tells whether the rest is right.
    async fn mixed(&self, held: Held, range: Option<Range<u64>>, spans: Vec<Span>) -> Result<Reading> {
        let saved = spans.iter().map(|span| if let Span::Held(_, of) = span { of.end - of.start } else { 0 });
        let saved = saved.sum();
        let mut parts = whole(spans);
        let gap = parts.iter_mut().find(|part| matches!(part, Part::Gap(_)));
        let mut head = held.head.clone();
        if let Some(part) = gap
            && let Part::Gap(gap) = part
        {
            let lead = self.lead(gap);
            match self.gap(&held, gap.clone(), lead).await {
                Ok((told, body)) => {
                    head = Some(told);
                    *part = Part::Asked(body);
                }
                Err(error) if error.kind == ErrorKind::Conflict && self.wanted.is_none() => {
                    self.bodies().forget(&self.key, "the service has another version").await;
                    let lead = self.lead(&whole_of(range.as_ref()));
                    return self.anew(range, lead, "what is held is another version").await;
                }
                Err(error) => return Err(self.lost(error).await),
            }
        }
        self.bodies().miss(&self.key, saved, "not all of it is held");
        Ok(self.served(&held, head, parts))
    }

    /// Asks for what is missing, bound to the tag of what is held.
    async fn gap(&self, held: &Held, gap: Range<u64>, lead: Option<Lead>) -> Result<(Head, Body)> {
        let (on, ticket) = (Precondition::Matches(Tag::ETag(held.tag.clone())), self.ticket());
        let got = self.path.service.api.get(&self.object, Some(gap.clone()), &on).await?;
        if !is_unchanged(&got, held) {
            return Err(self.path.error(Op::Read, ErrorKind::Conflict, "it is not what it was"));
        }
        let fits = gap.end - gap.start <= self.bodies().largest();
        let fill = if self.keep && fits { self.bodies().extend(&self.key, held) } else { None };
        let keeps = fill.map(|fill| Keeps::new(fill.by(ticket), lead, got.head.entry.etag()));
        Ok((got.head, self.kept(got.body, keeps, gap.start, gap.end)))
    }

    fn served(&self, held: &Held, head: Option<Head>, parts: Vec<Part>) -> Reading {
        let (this, held) = (self.clone(), held.clone());
        let body = stream::iter(parts).then(move |part| {
            let (this, held) = (this.clone(), held.clone());
            this.part(held, part)
        });
        Reading { head: head.map(Box::new), ..Reading::bare(body.try_flatten().boxed()) }
    }

    /// What is held, whole, with the file that has it.
    fn lent(&self, held: &Held, want: &Range<u64>, parts: Vec<Span>) -> Reading {
        let file = self.bodies().lend(held, want).map(Box::new);
        Reading { held: file, ..self.served(held, held.head.clone(), whole(parts)) }
    }

    /// A part's bytes. What another read brings is made up of parts, too.
    fn part(self, held: Held, part: Part) -> BoxFuture<'static, Result<Body>> {
        let read = async move {
            let asked = match part {
                Part::Asked(body) => return Ok(body),
                Part::Gap(gap) => self.missing(&held, gap).await,
                Part::Held(piece, range) => {
                    if let Some(bytes) = self.bodies().bytes(&held, &piece).await {
                        let cut = (range.start - piece.start) as usize..(range.end - piece.start) as usize;
                        return Ok(stream::iter([Ok(bytes.slice(cut))]).boxed());
                    }
                    // It is damaged: no look at what is held helps.
                    let lead = self.lead(&range);
                    self.gap(&held, range, lead).await.map(|(_, body)| body)
                }
            };
            match asked {
                Ok(body) => Ok(body),
                Err(error) => Err(self.lost(error).await),
            }
        };
        read.boxed()
    }
}

/// Whether an answer is of the version that is held: some services pass over the condition in silence, and send
/// another, or the same once more.
fn is_unchanged(got: &Got, held: &Held) -> bool {
    let size = got.head.entry.size;
    got.head.entry.etag().is_some_and(|came| came.is_of(&held.tag)) && size.is_none_or(|it| it == held.size())
}

fn whole(spans: Vec<Span>) -> Vec<Part> {
    let part = |span| match span {
        Span::Held(piece, range) => Part::Held(piece, range),
        Span::Gap(gap) => Part::Gap(gap),
    };
    spans.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_one_read_comes_before_the_settings() {
        for asked in [Trust::Skip, Trust::Refresh, Trust::Check, Trust::Held] {
            for set_to in [Validate::Auto, Validate::Always, Validate::Listing, Validate::Never] {
                assert_eq!(set(set_to, asked), asked);
            }
        }
        for (set_to, becomes) in
            [(Validate::Always, Trust::Ask), (Validate::Listing, Trust::Row), (Validate::Never, Trust::Held)]
        {
            assert_eq!([set(set_to, Trust::Ask), set(set_to, Trust::Row)], [becomes; 2]);
        }
        assert_eq!(
            [set(Validate::Auto, Trust::Ask), set(Validate::Auto, Trust::Row)],
            [Trust::Ask, Trust::Row]
        );
    }
}
