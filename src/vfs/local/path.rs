//! A handle on a local file or directory: [`LocalPath`].

use std::any::Any;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use rustix::fs::Mode;

use super::copy::{self, End};
use super::identity::identify;
use super::place::Place;
use super::rename;
use super::run::{failure, off_loop, off_loop_raw};
use super::sink::LocalSink;
use super::{dress, list, name, read, row, sweep};
use crate::model::{Entry, ErrorKind, Freshness, Head, Kind, Name, Op, Page, Result, Uri, VfsError};
use crate::vfs::{
    Attributes, Caps, CopyOptions, CreateHint, DynPath, Identity, Placed, Precondition, Progress, Reading,
    Removal, Removed, Sink, SinkState, VfsPath,
};

/// A handle on a local file or directory.
#[derive(Clone, Debug)]
pub struct LocalPath {
    uri: Uri,
    place: Place,
}

impl LocalPath {
    /// The handle on an absolute path as a person or the program gave it: links on the way are followed.
    pub fn at(path: impl Into<PathBuf>) -> DynPath {
        Self::shared(path.into(), 0)
    }

    fn shared(path: PathBuf, joined: usize) -> DynPath {
        Arc::new(Self { uri: Uri::Local(path.clone()), place: Place { path, joined } })
    }

    fn fail(&self, op: Op, kind: ErrorKind, reason: &'static str) -> VfsError {
        VfsError::new(op, self.uri.clone(), kind, reason)
    }
}

#[async_trait]
impl VfsPath for LocalPath {
    fn uri(&self) -> &Uri {
        &self.uri
    }

    fn join(&self, name: &Name, _: Kind) -> Result<DynPath> {
        if let Some(reason) = name::why_not(name) {
            return Err(self.fail(Op::Stat, ErrorKind::Invalid, reason).with_hint("give it another name"));
        }
        let path = self.place.path.join(std::ffi::OsStr::from_bytes(name.as_bytes()));
        Ok(Self::shared(path, self.place.joined + 1))
    }

    fn parent(&self) -> Option<DynPath> {
        let parent = self.place.path.parent()?.to_path_buf();
        Some(Self::shared(parent, self.place.joined.saturating_sub(1)))
    }

    fn caps(&self) -> Caps {
        Caps {
            write: true,
            real_dirs: true,
            symlinks: true,
            utf8_names: false,
            atomic_rename: true,
            file_beside_dir: false,
            case_blind: cfg!(target_os = "macos"),
            conditional_write: true,
            conditional_remove: true,
            remove_batch: 1_000,
            metered: false,
            conditional_put: true,
            copy_at_once: u64::MAX,
            max_size: i64::MAX as u64,
            max_name: name::MAX_NAME,
        }
    }

    fn list(&self, _: Freshness) -> BoxStream<'static, Result<Page>> {
        list::list(self.place.clone(), self.uri.clone())
    }

    async fn stat(&self, _: Freshness) -> Result<Entry> {
        let (place, shown) = (self.place.clone(), self.name());
        let look = move || {
            let spot = place.spot()?;
            let stat = spot.stat()?;
            Ok(row::row(&spot.dir, &spot.name, shown, &stat))
        };
        off_loop(Op::Stat, &self.uri, look).await
    }

    async fn head(&self) -> Result<Head> {
        Err(self.fail(Op::Stat, ErrorKind::Unsupported, "a local file has no object head"))
    }

    async fn open(&self, range: Option<Range<u64>>, precondition: Precondition) -> Result<Reading> {
        read::read(self.place.clone(), self.uri.clone(), range, precondition).await.map(Reading::bare)
    }

    async fn mkdir(&self) -> Result<()> {
        let place = self.place.clone();
        let make = move || {
            let spot = place.spot()?;
            rustix::fs::mkdirat(&spot.dir, &spot.name, Mode::RWXU | Mode::RWXG | Mode::RWXO)?;
            spot.flush_dir()
        };
        off_loop(Op::Mkdir, &self.uri, make).await
    }

    async fn remove(&self, precondition: Precondition) -> Result<Removed> {
        let place = self.place.clone();
        off_loop(Op::Remove, &self.uri, move || rename::remove(&place.spot()?, &precondition)).await?;
        Ok(Removed::default())
    }

    async fn remove_many(&self, removals: &[Removal]) -> Vec<Result<Removed>> {
        let (this, removals, count) = (self.clone(), removals.to_vec(), removals.len());
        let remove = move || removals.iter().map(|removal| remove_child(&this, removal)).collect();
        let outcomes: Option<Vec<_>> = off_loop_raw(remove).await;
        let cancelled = || Err(VfsError::cancelled(Op::Remove, self.uri.clone()));
        outcomes.unwrap_or_else(|| (0..count).map(|_| cancelled()).collect())
    }

    async fn rename(&self, to: &dyn VfsPath, precondition: Precondition) -> Result<()> {
        let Some(to) = to.as_any().downcast_ref::<Self>() else {
            return Err(self.fail(Op::Rename, ErrorKind::Unsupported, "the new name isn't on a local disk"));
        };
        let (from, to) = (self.place.clone(), to.place.clone());
        off_loop(Op::Rename, &self.uri, move || rename::rename(&from.spot()?, &to.spot()?, &precondition))
            .await
    }

    async fn follow(&self) -> Result<DynPath> {
        let place = self.place.clone();
        let follow = move || {
            // Of the joined names only the last may be a link.
            place.spot()?.stat()?;
            std::fs::canonicalize(&place.path)
        };
        off_loop(Op::Stat, &self.uri, follow).await.map(Self::at)
    }

    async fn symlink(&self, target: &Name) -> Result<()> {
        let (place, target) = (self.place.clone(), target.clone());
        let link = move || {
            let spot = place.spot()?;
            Ok(rustix::fs::symlinkat(target.as_bytes(), &spot.dir, &spot.name)?)
        };
        off_loop(Op::Create, &self.uri, link).await
    }

    async fn create(&self, hint: CreateHint) -> Result<Box<dyn Sink>> {
        Ok(Box::new(LocalSink::create(self.place.clone(), self.uri.clone(), hint).await?))
    }

    async fn resume(&self, state: SinkState, hint: CreateHint) -> Result<Box<dyn Sink>> {
        LocalSink::resume(self.place.clone(), self.uri.clone(), state, hint).await
    }

    async fn sweep(&self, job: u32, keep: &[String]) -> Result<u64> {
        let (place, keep) = (self.place.clone(), keep.to_vec());
        off_loop(Op::Remove, &self.uri, move || sweep::sweep(&place, job, &keep)).await
    }

    async fn dress(&self, attributes: &Attributes) -> Result<()> {
        let (place, attributes) = (self.place.clone(), attributes.clone());
        off_loop(Op::Write, &self.uri, move || dress::dress_dir(&place, &attributes)).await
    }

    async fn room(&self) -> Result<Option<u64>> {
        let path = self.place.path.clone();
        off_loop(Op::Stat, &self.uri, move || room(&path)).await
    }

    async fn copy_native(
        &self,
        to: &dyn VfsPath,
        options: &CopyOptions,
        progress: Progress<'_>,
    ) -> Result<Option<Placed>> {
        let Some(to) = to.as_any().downcast_ref::<Self>() else { return Ok(None) };
        let end = |path: &Self| End { place: path.place.clone(), uri: path.uri.clone() };
        copy::copy(end(self), end(to), options.clone(), progress).await.map(Placed::by_size).map(Some)
    }

    async fn identity(&self) -> Result<Identity> {
        let place = self.place.clone();
        off_loop(Op::Stat, &self.uri, move || identify(&place)).await
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn remove_child(dir: &LocalPath, removal: &Removal) -> Result<Removed> {
    let uri = dir.uri.join(&removal.name, removal.kind);
    if let Some(reason) = name::why_not(&removal.name) {
        return Err(VfsError::new(Op::Remove, uri, ErrorKind::Invalid, reason));
    }
    let path = dir.place.path.join(std::ffi::OsStr::from_bytes(removal.name.as_bytes()));
    let place = Place { path, joined: dir.place.joined + 1 };
    let remove = || rename::remove_shown(&place.spot()?, removal.kind, removal.expect.as_ref());
    remove().map_err(|error| failure(Op::Remove, &uri, error))?;
    Ok(Removed::default())
}

/// The bytes that are free for us where this is; where it isn't yet, above it.
fn room(path: &Path) -> std::io::Result<Option<u64>> {
    let there = path.ancestors().find(|above| above.exists()).unwrap_or(Path::new("/"));
    let disk = rustix::fs::statvfs(there)?;
    Ok(Some(disk.f_bavail.saturating_mul(disk.f_frsize)))
}
