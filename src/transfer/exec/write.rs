//! Writing a file: its sink, its parts, its name. Each step is recorded once it is a fact.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::TryStreamExt;

use super::super::io::{ItemId, Reply};
use super::budget::Permit;
use super::perform::{Passed, Worker, counted};
use super::rate::limited;
use super::verify;
use crate::cache::objects::KEPT_OF_COPIES;
use crate::model::{Entry, ErrorKind, Head, Kind, Op, Result, Uri, VfsError};
use crate::vfs::{
    Attributes, CreateHint, DynPath, Fetch, Placed, Precondition, Proof, Reading, Sink, SinkState, Trust,
};

/// A range of a source.
pub struct Range {
    pub item: ItemId,
    pub from: Uri,
    pub precondition: Precondition,
    pub offset: u64,
    pub len: u64,
    /// Whether it is all of the file.
    pub whole: bool,
}

impl Worker {
    pub(super) async fn create(
        &self,
        item: ItemId,
        (from, entry): (&Uri, &Entry),
        at: &Uri,
        mut hint: CreateHint,
        large: bool,
    ) -> Result<Reply> {
        let (source, target) = (self.places.at(from)?, self.places.at(at)?);
        hint.job = self.record.tag();
        hint.copies &= source.copies_to(&*target);
        if large && source.caps().metered && target.caps().metered {
            hint.attributes = hint.attributes.or(&source.carried().await?);
        }
        let in_parts = large && target.caps().metered;
        if in_parts {
            self.record.intend(from, entry, at).await;
        }
        let copies = hint.copies;
        let sink: Arc<dyn Sink> = match target.create(hint.clone()).await {
            Ok(sink) => Arc::from(sink),
            Err(error) => {
                // Whether an upload was begun isn't known after an answer that never came.
                if in_parts && !error.kind.outcome_unknown() {
                    self.record.closed(from, at).await;
                }
                return Err(error);
            }
        };
        let layout = sink.layout();
        self.hold(item, at, sink.clone());
        if layout.part_size < hint.size.unwrap_or(u64::MAX) {
            self.record.opened(from, entry, at, &sink.state(), &hint).await;
        }
        Ok(Reply::Created { layout, copies })
    }

    /// Opens again what an earlier attempt began. What the place holds without a record of ours is compared
    /// with the source where that costs no request.
    pub(super) async fn resume(
        &self,
        item: ItemId,
        from: &Uri,
        at: &Uri,
        state: SinkState,
        hint: CreateHint,
    ) -> Result<Reply> {
        let sink: Arc<dyn Sink> = match self.places.at(at)?.resume(state, hint).await {
            Ok(sink) => Arc::from(sink),
            Err(error) => {
                self.record.lost(from, at, error.kind).await;
                return Err(error);
            }
        };
        let source = self.places.at(from)?;
        if !source.caps().metered {
            self.prove(from, at, &source, &*sink).await?;
        }
        let parts = sink.state().parts.iter().map(|part| (part.offset, part.len)).collect();
        let reply = Reply::Resumed { layout: sink.layout(), parts, settled: sink.is_complete() };
        self.hold(item, at, sink);
        Ok(reply)
    }

    async fn prove(&self, from: &Uri, at: &Uri, source: &DynPath, sink: &dyn Sink) -> Result<()> {
        for range in sink.unproven() {
            let offset = range.start;
            let body = source.read(Some(range), Precondition::None).await?;
            if sink.prove(offset, body).await? {
                self.record.part(from, at, sink.part(offset));
            }
        }
        Ok(())
    }

    pub(super) async fn part(&self, range: Range, passed: Passed, permit: Permit) -> Result<Reply> {
        let Range { item, from, precondition, offset, len, whole } = range;
        let source = self.places.at(&from)?;
        let (at, sink) = self.open_sink(item, &from)?;
        let bytes = (!whole).then(|| offset..offset + len);
        let how = self.how(item, precondition, offset, whole, len);
        let Reading { body, head, held, right } = source.fetch(bytes, &how).await?;
        if let Some(head) = head.filter(|_| offset == 0) {
            self.dress(&source, &*sink, &head, whole).await?;
            if let Some(right) = right.filter(|_| !whole && !self.buffered) {
                self.heads.lock().insert(item, (head, right));
            }
        }
        if let Some(held) = held
            && sink.copy_held(offset, len, held).await?
        {
            passed.fetch_add(len, Ordering::Relaxed);
            if !whole {
                self.record.part(&from, &at, sink.part(offset));
            }
            return Ok(Reply::Done);
        }
        let body = limited(counted(body, passed), self.rates.clone());
        sink.write_part(offset, len, body).await?;
        if whole {
            if self.buffered {
                self.held.lock().insert(item, permit.into_memory());
            }
        } else {
            self.record.part(&from, &at, sink.part(offset));
        }
        Ok(Reply::Done)
    }

    /// How a part is read. To a disk, the first of an attempt asks the service whether a held body is still right,
    /// and the others are bound to the same tag; what is small is kept for later reads, while a large copy would sweep out what
    /// they need. To a service go headers as well, which may change under the same tag: these are read there.
    fn how(&self, item: ItemId, precondition: Precondition, offset: u64, whole: bool, len: u64) -> Fetch {
        let tag = match precondition {
            Precondition::Matches(tag) => Some(tag),
            Precondition::None | Precondition::Absent => None,
        };
        // Which part it is that asks: asked for once more, it asks once more.
        let first = *self.firsts.lock().entry(item).or_insert(offset) == offset || tag.is_none();
        let entry = tag.map(|tag| Entry { tag: Some(tag), ..Entry::new("".into(), Kind::File) });
        let trust = match (self.options.bodies, first) {
            _ if self.buffered => Trust::Skip,
            (Trust::Ask | Trust::Check, false) => Trust::Row,
            (asked, _) => asked,
        };
        Fetch { entry, trust, keep: whole && len <= KEPT_OF_COPIES, look: false }
    }

    /// Hands on what the answer told of the source beside its bytes: to a disk the time that was kept with
    /// it, to another service what it carries. A large object was dressed before its first part.
    async fn dress(&self, source: &DynPath, sink: &dyn Sink, head: &Head, whole: bool) -> Result<()> {
        if !self.buffered {
            if let Some(modified) = head.mtime() {
                let mut kept = Attributes::default();
                kept.set_modified_ns(modified);
                sink.dress(&kept);
            }
            return Ok(());
        }
        if whole {
            let tagged = head.tag_count.unwrap_or(0) > 0;
            let carried = if tagged { source.carried().await? } else { Attributes::of(head) };
            sink.dress(&carried);
        }
        Ok(())
    }

    pub(super) async fn copy_part(
        &self,
        item: ItemId,
        from: &Uri,
        precondition: &Precondition,
        offset: u64,
        len: u64,
    ) -> Result<Reply> {
        let (source, (at, sink)) = (self.places.at(from)?, self.open_sink(item, from)?);
        if !sink.copy_part(&*source, precondition, offset, len).await? {
            let why = "the service doesn't copy parts by itself";
            return Err(VfsError::new(Op::Copy, from.clone(), ErrorKind::Unsupported, why));
        }
        self.record.part(from, &at, sink.part(offset));
        Ok(Reply::Done)
    }

    pub(super) async fn commit(
        &self,
        item: ItemId,
        at: &Uri,
        precondition: Precondition,
        (from, entry): &(Uri, Entry),
        verify: bool,
    ) -> Result<Reply> {
        let sink = self.sink(item, at)?;
        if verify {
            verify::check(&self.places, from, entry, &sink.state()).await?;
        }
        self.keep_copy(item, from, &*sink).await;
        let overwrote = precondition != Precondition::Absent;
        let placed = sink.commit(precondition).await?;
        self.close(item);
        self.record.placed(from, entry, at, &placed, overwrote).await;
        Ok(Reply::Committed(Box::new(placed)))
    }

    /// A large copy is kept for later reads where that costs no byte: before it has its name, since who sees it may
    /// write to it.
    async fn keep_copy(&self, item: ItemId, from: &Uri, sink: &dyn Sink) {
        let Some((head, right)) = self.heads.lock().remove(&item) else { return };
        if let (Ok(source), Some(file)) = (self.places.at(from), sink.file()) {
            source.keep_copy(&head, &right, file, &sink.state().parts).await;
        }
    }

    pub(super) async fn abort(&self, item: ItemId, from: &Uri, at: &Uri) -> Result<Reply> {
        if let Ok(sink) = self.sink(item, at) {
            let in_parts = !sink.state().parts.is_empty() || sink.layout().parallel > 1;
            sink.abort().await?;
            self.close(item);
            if in_parts {
                self.record.closed(from, at).await;
            }
        }
        Ok(Reply::Done)
    }

    /// Whether what is at the destination was put there by an earlier attempt of this job: on a service it
    /// carries the job's tag, on a disk it has the size and the time that the copy would have. It is
    /// the whole copy where the parts that the journal knows of are in it as well: a temporary file gets its
    /// name only when it is whole.
    pub(super) async fn recognize(
        &self,
        from: &Uri,
        entry: &Entry,
        at: &Uri,
        found: &Entry,
        state: Option<&SinkState>,
    ) -> Result<Reply> {
        if let (Some(link), Some(there)) = (&entry.link, &found.link) {
            return Ok(Reply::Recognized(link.target == there.target));
        }
        if found.kind != entry.kind || found.size != entry.size {
            return Ok(Reply::Recognized(false));
        }
        let (source, target) = (self.places.at(from)?, self.places.at(at)?);
        if target.caps().metered {
            let there = target.head().await?;
            let tag = self.record.tag().map(|tag| format!("{tag:08x}"));
            let own = there.write_id().zip(tag).is_some_and(|(id, tag)| id.starts_with(&tag));
            return Ok(Reply::Recognized(own));
        }
        let kept = if source.caps().metered { source.head().await?.mtime() } else { None };
        let expected = kept.or_else(|| dated(entry).modified_ns());
        let own = expected.is_some() && dated(found).modified_ns() == expected;
        let whole = own && holds_parts(&target, found, state).await?;
        if !whole {
            return Ok(Reply::Recognized(own));
        }
        let placed = Placed { entry: found.clone(), version: None, proof: Proof::Parts };
        self.record.placed(from, entry, at, &placed, false).await;
        Ok(Reply::Committed(Box::new(placed)))
    }
}

/// Whether all parts that are recorded are in this very file; none recorded prove nothing.
async fn holds_parts(path: &DynPath, found: &Entry, state: Option<&SinkState>) -> Result<bool> {
    let Some(state) = state.filter(|state| !state.parts.is_empty()) else { return Ok(false) };
    for part in &state.parts {
        let on = found.tag.clone().map_or(Precondition::None, Precondition::Matches);
        let mut body = path.read(Some(part.offset..part.offset + part.len), on).await?;
        let mut crc = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Nvme);
        while let Some(chunk) = body.try_next().await? {
            crc.update(&chunk);
        }
        if crc.finalize() != part.crc64 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn dated(entry: &Entry) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.date_from(entry);
    attributes
}
