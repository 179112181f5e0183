//! A handle on a thing inside an archive: [`ArchivePath`].

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};

use super::body::{body, told};
use super::contents::Data;
use super::opened::Opened;
use super::shelf::Shelf;
use super::tree::Node;
use crate::model::archive::{ArchiveUri, MOST_UNASKED};
use crate::model::{
    Entry, ErrorKind, Freshness, Head, Kind, Name, Op, Page, Result, Source, Timestamp, Uri, VfsError,
};
use crate::vfs::{
    Caps, CopyOptions, CreateHint, DynPath, Fetch, Identity, Placed, Precondition, Progress, Reading,
    Removal, Removed, Sink, SinkState, Terms, VfsPath,
};

/// How many rows are on a page.
const PAGE: usize = 1_000;

/// A thing inside an archive, or its root.
#[derive(Clone, Debug)]
pub struct ArchivePath {
    shelf: Arc<Shelf>,
    outer: DynPath,
    at: ArchiveUri,
    uri: Uri,
}

impl ArchivePath {
    /// The handle on a place in the archive that `outer` leads to.
    pub fn new(shelf: Arc<Shelf>, outer: DynPath, at: ArchiveUri) -> Self {
        Self { shelf, outer, uri: Uri::Archive(at.clone()), at }
    }

    /// That nobody waits and pays for an archive by surprise: what is in a packed tar is known only once all of it was
    /// read.
    ///
    /// # Errors
    /// `Unsupported` where more than [`MOST_UNASKED`] bytes of a service would have to be fetched.
    pub async fn check_unasked(&self) -> Result<()> {
        let bytes = self.shelf.unread(&self.outer).await?;
        if bytes <= MOST_UNASKED {
            return Ok(());
        }
        let why = format!(
            "what is in a packed tar is known only once all of its {} MB were read",
            bytes / 1_000_000
        );
        let hint = "enter it from its row, which asks first, or list its beginning there by F3";
        Err(self.fail(Op::List, ErrorKind::Unsupported, &why).with_hint(hint))
    }

    fn fail(&self, op: Op, kind: ErrorKind, why: &str) -> VfsError {
        VfsError::new(op, self.uri.clone(), kind, why)
    }

    fn read_only<T>(&self, op: Op) -> Result<T> {
        Err(self.at.refusal(op))
    }

    fn missing(&self, op: Op) -> VfsError {
        self.fail(op, ErrorKind::NotFound, "there is no such thing in the archive")
    }

    async fn rows(self, freshness: Freshness) -> Result<Vec<Page>> {
        let opened = self.shelf.open(&self.outer, freshness).await?;
        let dir = self.at.as_dir();
        let Some(mut rows) = opened.tree.list(&dir.inner) else {
            let there = opened.tree.get(dir.inner.strip_suffix(b"/").unwrap_or(&dir.inner)).is_some();
            let kind = if there { ErrorKind::NotADirectory } else { ErrorKind::NotFound };
            let why = if there { "it is no directory" } else { "there is no such directory in the archive" };
            return Err(self.fail(Op::List, kind, why));
        };
        let read_at = Timestamp(chrono::Utc::now().timestamp_millis());
        let mut pages = Vec::with_capacity(rows.len() / PAGE + 1);
        loop {
            let rest = rows.split_off(rows.len().min(PAGE));
            pages.push(Page { entries: Arc::new(rows), read_at, source: Source::Backend });
            if rest.is_empty() {
                return Ok(pages);
            }
            rows = rest;
        }
    }

    async fn node(&self, op: Op, freshness: Freshness) -> Result<(Arc<Opened>, Node)> {
        let opened = self.shelf.open(&self.outer, freshness).await?;
        let node = opened.tree.get(&self.at.inner).cloned();
        node.map(|node| (opened, node)).ok_or_else(|| self.missing(op))
    }

    /// Reads a range; of what is packed a `look` unpacks only so much.
    async fn reading(
        &self,
        range: Option<Range<u64>>,
        precondition: Precondition,
        look: bool,
    ) -> Result<Reading> {
        let (opened, node) = self.node(Op::Read, Freshness::Cached).await?;
        let wrong = match precondition {
            Precondition::None => false,
            Precondition::Absent => true,
            Precondition::Matches(tag) => node.entry.tag != Some(tag),
        };
        if wrong {
            return Err(self.fail(Op::Read, ErrorKind::Conflict, "the archive changed since it was shown"));
        }
        if node.entry.kind != Kind::File {
            return Err(self.fail(
                Op::Read,
                ErrorKind::Unsupported,
                "it is no file, and only those are read",
            ));
        }
        if let Data::Unreadable(why) = node.data {
            let error = self.fail(Op::Read, ErrorKind::Unsupported, why);
            return Err(error.with_hint("unpack it with another program"));
        }
        let range = self.span(range, node.entry.size.unwrap_or(0))?;
        let opening = move |tokio, cancel| opened.reader(&node, range, look, &tokio, cancel);
        Ok(Reading::bare(body(self.uri.clone(), opening)))
    }

    /// The part of a member that a range asks for.
    fn span(&self, range: Option<Range<u64>>, size: u64) -> Result<Range<u64>> {
        match range {
            None => Ok(0..size),
            Some(range) if range.start >= range.end => Ok(0..0),
            Some(range) if range.start >= size => {
                Err(self.fail(Op::Read, ErrorKind::Invalid, "the range begins beyond the end"))
            }
            Some(range) => Ok(range.start..range.end.min(size)),
        }
    }
}

#[async_trait]
impl VfsPath for ArchivePath {
    fn uri(&self) -> &Uri {
        &self.uri
    }

    fn join(&self, name: &Name, kind: Kind) -> Result<DynPath> {
        if name.as_bytes().contains(&b'/') {
            return Err(self.fail(Op::Stat, ErrorKind::Invalid, "a name can't have a slash in it"));
        }
        let Uri::Archive(at) = self.uri.join(name, kind) else {
            return Err(self.missing(Op::Stat));
        };
        Ok(Arc::new(Self::new(self.shelf.clone(), self.outer.clone(), at)))
    }

    fn parent(&self) -> Option<DynPath> {
        if self.at.is_root() {
            return self.outer.parent();
        }
        let at = self.at.at(self.at.split().0);
        Some(Arc::new(Self::new(self.shelf.clone(), self.outer.clone(), at)))
    }

    fn caps(&self) -> Caps {
        Caps {
            write: false,
            real_dirs: true,
            symlinks: true,
            utf8_names: false,
            atomic_rename: false,
            file_beside_dir: true,
            case_blind: false,
            conditional_write: false,
            conditional_remove: false,
            remove_batch: 1,
            metered: false,
            conditional_put: false,
            copy_at_once: u64::MAX,
            max_size: u64::MAX,
            max_name: usize::MAX,
        }
    }

    fn list(&self, freshness: Freshness) -> BoxStream<'static, Result<Page>> {
        let rows = self.clone().rows(freshness);
        let pages = |pages: Result<Vec<Page>>| match pages {
            Ok(pages) => stream::iter(pages.into_iter().map(Ok).collect::<Vec<_>>()),
            Err(error) => stream::iter(vec![Err(error)]),
        };
        stream::once(rows).flat_map(pages).boxed()
    }

    async fn stat(&self, freshness: Freshness) -> Result<Entry> {
        if self.at.is_root() {
            let opened = self.shelf.open(&self.outer, freshness).await?;
            let mut entry = Entry::new(self.uri.name(), Kind::Dir);
            entry.modified = opened.place.entry.modified;
            return Ok(entry);
        }
        self.node(Op::Stat, freshness).await.map(|(_, node)| node.entry)
    }

    async fn head(&self) -> Result<Head> {
        Err(self.fail(Op::Stat, ErrorKind::Unsupported, "members of archives have no headers"))
    }

    async fn open(&self, range: Option<Range<u64>>, precondition: Precondition) -> Result<Reading> {
        self.reading(range, precondition, false).await
    }

    async fn fetch(&self, range: Option<Range<u64>>, how: &Fetch) -> Result<Reading> {
        self.reading(range, how.precondition(), how.look).await
    }

    async fn reach(&self) -> Result<Option<u64>> {
        let (opened, node) = self.node(Op::Read, Freshness::Cached).await?;
        opened.reach(&node).map_err(|error| told(Op::Read, self.uri.clone(), error))
    }

    async fn mkdir(&self) -> Result<()> {
        self.read_only(Op::Mkdir)
    }

    async fn remove(&self, _: Precondition) -> Result<Removed> {
        self.read_only(Op::Remove)
    }

    async fn remove_many(&self, removals: &[Removal]) -> Vec<Result<Removed>> {
        removals.iter().map(|_| self.read_only(Op::Remove)).collect()
    }

    async fn rename(&self, _: &dyn VfsPath, _: Precondition) -> Result<()> {
        self.read_only(Op::Rename)
    }

    async fn symlink(&self, _: &Name) -> Result<()> {
        self.read_only(Op::Create)
    }

    async fn create(&self, _: CreateHint) -> Result<Box<dyn Sink>> {
        self.read_only(Op::Create)
    }

    async fn resume(&self, _: SinkState, _: CreateHint) -> Result<Box<dyn Sink>> {
        self.read_only(Op::Create)
    }

    async fn copy_native(&self, _: &dyn VfsPath, _: &CopyOptions, _: Progress<'_>) -> Result<Option<Placed>> {
        Ok(None)
    }

    fn outer_terms(&self) -> Option<Terms> {
        self.outer.terms()
    }

    async fn identity(&self) -> Result<Identity> {
        let outer = self.outer.identity().await?;
        let below = [&outer.below[..], b"!/", &self.at.inner].concat();
        Ok(Identity { below, ..outer })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
