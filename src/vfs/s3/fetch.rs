//! Reads that may be answered from bodies on disk: [`fetch`].
//!
//! What is held is asked about by one conditional request, or trusted by the tag of the caller's row. Where a part
//! is missing, its request is bound to the tag of what is held: it asks and fetches at once. A piece that is
//! damaged is fetched like one that is missing.

use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::api::{Detail, Got, ObjectAttributes, ObjectRef};
use super::path::S3Path;
use crate::cache::disk::{Fill, Piece, Span, spans};
use crate::cache::objects::{Body as Held, BodyKey, Objects};
use crate::config::Validate;
use crate::model::{ErrorKind, Freshness, Head, Op, Result, Tag, VfsError};
use crate::vfs::{Body, Fetch, Placed, Precondition, Reading, Trust, VfsPath};

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
    if trust == Trust::Refresh {
        return read.anew(range, "it is to be fetched anew").await;
    }
    match bodies.find(&read.key, range.clone().unwrap_or(0..u64::MAX)).await {
        None => read.anew(range, "nothing is held of it").await,
        Some(held) => read.read_held(held, range, trust).await,
    }
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
pub(super) async fn keep_sent(path: &S3Path, placed: &Placed, carried: ObjectAttributes, bytes: &Bytes) {
    let Ok(object) = path.object(Op::Write) else { return };
    let bodies = &path.service.bodies;
    let key = key_of(path, &object);
    if !bodies.wants(&key, bytes.len() as u64) {
        return;
    }
    let head = head_of_sent(placed, carried);
    if let Some(mut fill) = bodies.replace(&key, &head) {
        fill.push(bytes).await;
        fill.finish().await;
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

fn key_of(path: &S3Path, object: &ObjectRef) -> BodyKey {
    let connection = path.service.api.connection();
    BodyKey::new(connection, &object.bucket, &object.key, object.version.as_ref())
}

/// What the settings make of what a caller asks for: what he says of this one read comes first.
fn set(validate: Validate, asked: Trust) -> Trust {
    match (validate, asked) {
        (_, Trust::Skip | Trust::Refresh | Trust::Held) | (Validate::Auto, _) => asked,
        (Validate::Always, _) => Trust::Ask,
        (Validate::Listing, _) => Trust::Row,
        (Validate::Never, _) => Trust::Held,
    }
}

impl Read {
    fn bodies(&self) -> &Objects {
        &self.path.service.bodies
    }

    fn precondition(&self) -> Precondition {
        self.wanted.clone().map_or(Precondition::None, Precondition::Matches)
    }

    /// Asks the service for all of it, and keeps that.
    async fn anew(&self, range: Option<Range<u64>>, why: &str) -> Result<Reading> {
        let got = self.path.service.api.get(&self.object, range.clone(), &self.precondition()).await?;
        self.bodies().miss(&self.key, 0, why);
        Ok(self.taken(got, range))
    }

    /// An answer of the service in the place of what is held.
    fn taken(&self, got: Got, range: Option<Range<u64>>) -> Reading {
        let size = got.head.entry.size;
        let start = range.as_ref().map_or(0, |range| range.start);
        let end = range.map_or(size, |range| Some(size.map_or(range.end, |size| range.end.min(size))));
        let fits = end.is_some_and(|end| end.saturating_sub(start) <= self.bodies().largest());
        let fill = if self.keep && fits { self.bodies().replace(&self.key, &got.head) } else { None };
        let body = self.kept(got.body, fill, start, end.unwrap_or_default());
        Reading { body, head: Some(Box::new(got.head)) }
    }

    async fn read_held(&self, held: Held, range: Option<Range<u64>>, trust: Trust) -> Result<Reading> {
        let want = range.clone().unwrap_or(0..held.size());
        let want = want.start..want.end.min(held.size());
        let right = self.judged(&held, trust);
        if right == Right::No || want.start > held.size() || (want.is_empty() && range.is_some()) {
            return self.anew(range, "what is held is another version").await;
        }
        let parts = spans(&want, held.pieces());
        if parts.iter().any(|part| matches!(part, Span::Gap(_))) {
            return self.mixed(held, range, parts).await;
        }
        if let Right::Yes(why) = right {
            self.bodies().hit(&self.key, want.end - want.start, false, why);
            return Ok(self.served(&held, held.head.clone(), whole(parts)));
        }
        match self.path.service.api.get_if_changed(&self.object, range.clone(), &held.tag).await {
            Ok(None) => {
                self.bodies().hit(
                    &self.key,
                    want.end - want.start,
                    true,
                    "the service says that it is right",
                );
                Ok(self.served(&held, held.head.clone(), whole(parts)))
            }
            Ok(Some(got)) => self.changed(got, range).await,
            Err(error) => Err(self.lost(error).await),
        }
    }

    fn judged(&self, held: &Held, trust: Trust) -> Right {
        if self.wanted.as_ref().is_some_and(|tag| *tag != Tag::ETag(held.tag.clone())) {
            return Right::No;
        }
        match trust {
            _ if self.object.version.is_some() => Right::Yes("a version never changes"),
            Trust::Row if self.wanted.is_some() => Right::Yes("the listing has its tag"),
            Trust::Held if !self.bodies().is_old(held) => Right::Yes("it isn't too old"),
            _ => Right::Unknown,
        }
    }

    /// The service has another version than what is held.
    async fn changed(&self, got: Got, range: Option<Range<u64>>) -> Result<Reading> {
        if self.wanted.is_some() {
            self.bodies().forget(&self.key, "the service has another version").await;
            return Err(self.path.error(Op::Read, ErrorKind::Conflict, "it is not what it was"));
        }
        self.bodies().miss(&self.key, 0, "the service has another version");
        Ok(self.taken(got, range))
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
            match self.gap(&held, gap.clone()).await {
                Ok((told, body)) => {
                    head = Some(told);
                    *part = Part::Asked(body);
                }
                Err(error) if error.kind == ErrorKind::Conflict && self.wanted.is_none() => {
                    self.bodies().forget(&self.key, "the service has another version").await;
                    return self.anew(range, "what is held is another version").await;
                }
                Err(error) => return Err(self.lost(error).await),
            }
        }
        self.bodies().miss(&self.key, saved, "not all of it is held");
        Ok(self.served(&held, head, parts))
    }

    /// Asks for what is missing, bound to the tag of what is held.
    async fn gap(&self, held: &Held, gap: Range<u64>) -> Result<(Head, Body)> {
        let on = Precondition::Matches(Tag::ETag(held.tag.clone()));
        let got = self.path.service.api.get(&self.object, Some(gap.clone()), &on).await?;
        let fits = gap.end - gap.start <= self.bodies().largest();
        let fill = if self.keep && fits { self.bodies().extend(&self.key, held) } else { None };
        Ok((got.head, self.kept(got.body, fill, gap.start, gap.end)))
    }

    fn served(&self, held: &Held, head: Option<Head>, parts: Vec<Part>) -> Reading {
        let (this, held) = (self.clone(), held.clone());
        let body = stream::iter(parts).then(move |part| {
            let (this, held) = (this.clone(), held.clone());
            async move { this.part(&held, part).await }
        });
        Reading { body: body.try_flatten().boxed(), head: head.map(Box::new) }
    }

    async fn part(&self, held: &Held, part: Part) -> Result<Body> {
        let gap = match part {
            Part::Asked(body) => return Ok(body),
            Part::Gap(gap) => gap,
            Part::Held(piece, range) => match self.bodies().bytes(held, &piece).await {
                Some(bytes) => {
                    let cut = (range.start - piece.start) as usize..(range.end - piece.start) as usize;
                    return Ok(stream::iter([Ok(bytes.slice(cut))]).boxed());
                }
                None => range,
            },
        };
        match self.gap(held, gap).await {
            Ok((_, body)) => Ok(body),
            Err(error) => Err(self.lost(error).await),
        }
    }

    /// The bytes from `start` to `end` as they come, kept on their way. The last of them are handed on when the
    /// service has ended well, so that what is kept is what it sent.
    fn kept(&self, body: Body, fill: Option<Fill>, start: u64, end: u64) -> Body {
        let Some(mut fill) = fill else { return body };
        fill.seek(start);
        let state = Keeping {
            read: self.clone(),
            body,
            fill: Some(fill),
            left: end.saturating_sub(start),
            late: None,
        };
        stream::unfold(state, |mut state| async move { Some((state.next().await?, state)) }).boxed()
    }
}

fn whole(spans: Vec<Span>) -> Vec<Part> {
    let part = |span| match span {
        Span::Held(piece, range) => Part::Held(piece, range),
        Span::Gap(gap) => Part::Gap(gap),
    };
    spans.into_iter().map(part).collect()
}

/// A body that is kept on its way.
struct Keeping {
    read: Read,
    body: Body,
    fill: Option<Fill>,
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
        if let Some(fill) = &mut self.fill {
            fill.push(&bytes).await;
        }
        self.left = self.left.saturating_sub(bytes.len() as u64);
        if self.left == 0 && self.fill.is_some() {
            match self.body.next().await {
                None => self.finish().await,
                Some(Err(error)) => self.late = Some(Err(self.failed(error).await)),
                Some(Ok(more)) => (self.fill, self.late) = (None, Some(Ok(more))),
            }
        }
        Some(Ok(bytes))
    }

    async fn finish(&mut self) {
        if let Some(fill) = self.fill.take() {
            fill.finish().await;
        }
    }

    /// Bytes that broke off are right as far as they go; those whose checksum is wrong are not.
    async fn failed(&mut self, error: VfsError) -> VfsError {
        self.fill = None;
        if error.kind == ErrorKind::Corrupt {
            self.read.bodies().forget(&self.read.key, "it came with a wrong checksum").await;
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_one_read_comes_before_the_settings() {
        for asked in [Trust::Skip, Trust::Refresh, Trust::Held] {
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
