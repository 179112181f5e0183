//! A handle on a thing in memory: [`MemoryPath`].

use std::any::Any;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};

use super::model::{Model, Refusal, as_dir};
use super::sink::MemorySink;
use super::{Flavour, Memory};
use crate::model::{Entry, ErrorKind, Freshness, Head, Kind, Name, Op, Page, Result, Source, Uri, VfsError};
use crate::vfs::{
    Caps, CopyOptions, CreateHint, DynPath, Identity, Place, Placed, Precondition, Progress, Reading,
    Removal, Removed, Sink, SinkState, VfsPath,
};

const OTHER_KIND: Refusal = (ErrorKind::Conflict, "it isn't the kind of thing that was shown");

#[derive(Clone, Debug)]
pub(super) struct MemoryPath {
    memory: Arc<Memory>,
    uri: Uri,
    key: Vec<u8>,
}

impl MemoryPath {
    pub fn new(memory: Arc<Memory>, uri: Uri) -> Self {
        let key = match &uri {
            Uri::Local(path) => path.as_os_str().as_bytes().strip_prefix(b"/").unwrap_or_default().to_vec(),
            Uri::S3(s3) => match &s3.bucket {
                Some(bucket) => format!("{bucket}/{}", s3.key).into_bytes(),
                None => Vec::new(),
            },
            // No memory lies in an archive.
            Uri::Archive(_) => Vec::new(),
        };
        Self { memory, uri, key }
    }

    fn fail(&self, op: Op, refusal: Refusal) -> VfsError {
        VfsError::new(op, self.uri.clone(), refusal.0, refusal.1)
    }

    fn with<T>(&self, op: Op, call: impl FnOnce(&mut Model) -> Result<T, Refusal>) -> Result<T> {
        call(&mut self.memory.model.lock()).map_err(|refusal| self.fail(op, refusal))
    }

    /// Like `with`, for what writes.
    fn write<T>(&self, op: Op, call: impl FnOnce(&mut Model) -> Result<T, Refusal>) -> Result<T> {
        if !self.memory.caps.write {
            return Err(self.fail(op, (ErrorKind::ReadOnly, "this place is read-only")));
        }
        self.with(op, call)
    }

    fn is_disk(&self) -> bool {
        self.memory.flavour == Flavour::Disk
    }

    fn check_name(&self, name: &Name) -> Result<(), Refusal> {
        let bytes = name.as_bytes();
        let wrong = if self.is_disk() {
            let odd = bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.contains(&0);
            odd || bytes.contains(&b'/') || bytes.len() > self.memory.caps.max_name
        } else {
            bytes.contains(&b'/') || name.as_str().is_none()
        };
        if wrong { Err((ErrorKind::Invalid, "this place can't hold such a name")) } else { Ok(()) }
    }

    /// That a key isn't longer than the place allows. A name on a disk was checked when it was joined.
    fn check_key(&self, op: Op) -> Result<()> {
        let len = self.uri.as_s3().map_or(0, |s3| s3.key.len());
        if len > self.memory.caps.max_name {
            return Err(self.fail(op, (ErrorKind::Invalid, "the key is too long")));
        }
        Ok(())
    }

    fn same_memory<'a>(&self, other: &'a dyn VfsPath) -> Option<&'a Self> {
        let other = other.as_any().downcast_ref::<Self>()?;
        Arc::ptr_eq(&self.memory, &other.memory).then_some(other)
    }
}

/// The part of `bytes` that a read asks for.
fn cut(bytes: Bytes, range: Option<Range<u64>>) -> Result<Bytes, Refusal> {
    let Some(range) = range else { return Ok(bytes) };
    let len = bytes.len() as u64;
    if range.start >= range.end {
        return Ok(Bytes::new());
    }
    if range.start >= len {
        return Err((ErrorKind::Invalid, "the range begins beyond the end"));
    }
    Ok(bytes.slice(range.start as usize..range.end.min(len) as usize))
}

#[async_trait]
impl VfsPath for MemoryPath {
    fn uri(&self) -> &Uri {
        &self.uri
    }

    fn join(&self, name: &Name, kind: Kind) -> Result<DynPath> {
        self.check_name(name).map_err(|refusal| self.fail(Op::Stat, refusal))?;
        Ok(self.memory.at(&self.uri.join(name, kind)))
    }

    fn parent(&self) -> Option<DynPath> {
        self.uri.parent().map(|uri| self.memory.at(&uri))
    }

    fn caps(&self) -> Caps {
        self.memory.caps
    }

    fn list(&self, _: Freshness) -> BoxStream<'static, Result<Page>> {
        let read_at = self.memory.model.lock().now();
        let page = |entries| Page { entries: Arc::new(entries), read_at, source: Source::Backend };
        match self.with(Op::List, |model| model.list(&self.key)) {
            Err(error) => stream::iter([Err(error)]).boxed(),
            Ok(rows) if rows.is_empty() => stream::iter([Ok(page(rows))]).boxed(),
            Ok(rows) => {
                let pages: Vec<_> =
                    rows.chunks(self.memory.page_size).map(|rows| Ok(page(rows.to_vec()))).collect();
                stream::iter(pages).boxed()
            }
        }
    }

    async fn stat(&self, _: Freshness) -> Result<Entry> {
        self.with(Op::Stat, |model| model.stat(&self.key))
    }

    async fn head(&self) -> Result<Head> {
        if self.is_disk() {
            return Err(self.fail(Op::Stat, (ErrorKind::Unsupported, "a disk has no object heads")));
        }
        self.with(Op::Stat, |model| {
            let entry = model.stat(&self.key)?;
            let missing = (ErrorKind::Unsupported, "a bucket has no head");
            let attributes = model.object(&self.key).ok_or(missing)?.attributes.clone();
            Ok(Head {
                entry,
                version: None,
                content_type: attributes.content_type,
                content_encoding: None,
                content_disposition: None,
                content_language: None,
                cache_control: None,
                expires: None,
                metadata: attributes.metadata,
                restored: false,
                tag_count: None,
                encryption: None,
                checksum: None,
            })
        })
    }

    async fn open(&self, range: Option<Range<u64>>, precondition: Precondition) -> Result<Reading> {
        let bytes = self.with(Op::Read, |model| cut(model.read(&self.key, &precondition)?, range))?;
        let chunks: Vec<_> = bytes.chunks(64 << 10).map(|chunk| Ok(bytes.slice_ref(chunk))).collect();
        Ok(Reading::bare(stream::iter(chunks).boxed()))
    }

    async fn mkdir(&self) -> Result<()> {
        self.check_key(Op::Mkdir)?;
        self.write(Op::Mkdir, |model| model.mkdir(&self.key))
    }

    async fn remove(&self, precondition: Precondition) -> Result<Removed> {
        self.write(Op::Remove, |model| model.remove(&self.key, &precondition)).map(|()| Removed::default())
    }

    async fn remove_many(&self, removals: &[Removal]) -> Vec<Result<Removed>> {
        let mut outcomes = Vec::with_capacity(removals.len());
        for Removal { name, kind, expect } in removals {
            let precondition = expect.clone().map_or(Precondition::None, Precondition::Matches);
            outcomes.push(match self.join(name, *kind) {
                Ok(path) if self.is_disk() => match path.stat(Freshness::Past).await {
                    Ok(entry) if entry.kind != *kind => Err(self.fail(Op::Remove, OTHER_KIND)),
                    Ok(_) => path.remove(precondition).await,
                    Err(error) => Err(error),
                },
                Ok(path) => match path.remove(precondition).await {
                    // One request for many keys doesn't tell which of them were there.
                    Err(error) if error.kind == ErrorKind::NotFound && expect.is_none() => {
                        Ok(Removed::default())
                    }
                    outcome => outcome,
                },
                Err(error) => Err(error),
            });
        }
        outcomes
    }

    async fn rename(&self, to: &dyn VfsPath, precondition: Precondition) -> Result<()> {
        let Some(to) = self.same_memory(to).filter(|_| self.memory.caps.atomic_rename) else {
            return Err(self.fail(Op::Rename, (ErrorKind::Unsupported, "nothing is renamed across places")));
        };
        self.write(Op::Rename, |model| model.rename(&self.key, &to.key, &precondition))
    }

    async fn follow(&self) -> Result<DynPath> {
        let entry = self.stat(Freshness::Past).await?;
        let Some(link) = entry.link else { return Ok(Arc::new(self.clone())) };
        let parent = self.uri.parent().unwrap_or_else(|| self.uri.clone());
        let dir = as_dir(&Self::new(self.memory.clone(), parent).key);
        let dangling = (ErrorKind::NotFound, "the link leads nowhere");
        let (key, _) = self.with(Op::Stat, |model| model.follow(&dir, &link.target, 40).ok_or(dangling))?;
        let path = std::path::Path::new("/").join(std::ffi::OsStr::from_bytes(&key));
        Ok(self.memory.at(&Uri::Local(path)))
    }

    async fn symlink(&self, target: &Name) -> Result<()> {
        if !self.memory.caps.symlinks {
            return Err(self.fail(Op::Create, (ErrorKind::Unsupported, "links can't be kept here")));
        }
        self.write(Op::Create, |model| model.symlink(&self.key, target))
    }

    async fn create(&self, hint: CreateHint) -> Result<Box<dyn Sink>> {
        self.check_key(Op::Create)?;
        self.write(Op::Create, |model| model.check_place(&self.key, &Precondition::None))?;
        let part_size = hint.part_size.unwrap_or(self.memory.part_size);
        Ok(Box::new(MemorySink::begin(&self.memory, &self.uri, &self.key, hint, part_size)))
    }

    async fn resume(&self, state: SinkState, _: CreateHint) -> Result<Box<dyn Sink>> {
        MemorySink::resume(&self.memory, &self.uri, &self.key, &state).map(|sink| Box::new(sink) as _)
    }

    async fn copy_native(
        &self,
        to: &dyn VfsPath,
        options: &CopyOptions,
        progress: Progress<'_>,
    ) -> Result<Option<Placed>> {
        let Some(to) = self.same_memory(to) else { return Ok(None) };
        let shown = options.source.as_ref().and_then(|entry| entry.tag.clone());
        let bound = shown.map_or(Precondition::None, Precondition::Matches);
        let (bytes, attributes) = self.with(Op::Copy, |model| {
            let bytes = model.read(&self.key, &bound)?;
            let object = model.object(&self.key).ok_or((ErrorKind::NotFound, "it went away"))?;
            let mut attributes = object.attributes.clone();
            attributes.modified = Some(object.modified);
            Ok((bytes, attributes))
        })?;
        to.check_key(Op::Copy)?;
        if self.key == to.key {
            return Err(self.fail(Op::Copy, (ErrorKind::Invalid, "both are the same thing")));
        }
        progress(bytes.len() as u64);
        to.write(Op::Copy, |model| model.put(&to.key, bytes, attributes, &options.precondition))
            .map(|entry| Some(Placed::by_size(entry)))
    }

    async fn identity(&self) -> Result<Identity> {
        Ok(Identity::new(Place::Memory { id: self.memory.id }, self.key.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
