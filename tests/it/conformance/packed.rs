//! Archives as places of the suite: what a case writes goes into a memory, which is packed by another library
//! before something is read.

use std::any::Any;
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use bifold::config::{Env, Settings};
use bifold::model::archive::ArchiveUri;
use bifold::model::{Entry, Freshness, Head, Kind, Name, Page, Result, Uri};
use bifold::vfs::memory::Memory;
use bifold::vfs::registry::Registry;
use bifold::vfs::{
    Attributes, Body, Caps, CopyOptions, CreateHint, DynPath, Identity, Layout, Placed, Precondition,
    Progress, Reading, Removal, Removed, Sink, SinkState, VfsPath,
};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

/// From how many writes on their answers carry no tag: to know it, all is packed.
const FEW: usize = 100;

/// What is packed, and how.
#[derive(Debug)]
struct Packer {
    root: DynPath,
    file: PathBuf,
    stale: AtomicBool,
    writes: AtomicUsize,
    packing: tokio::sync::Mutex<()>,
}

/// A place in a memory, and the same place in the archive of it.
#[derive(Debug)]
struct Packed {
    packer: Arc<Packer>,
    written: DynPath,
    read: DynPath,
}

/// The root of an archive of this name, empty at first, and what keeps it.
pub(super) fn place(name: &str) -> (DynPath, Box<dyn Any + Send + Sync>) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let memory = Arc::new(Memory::like_disk());
    memory.put_dir("dir");
    let (root, file) = (memory.at_key("dir"), dir.path().join(name));
    let registry = Registry::new(&Settings::default(), &Env::default());
    let uri = Uri::Archive(ArchiveUri::new(Uri::Local(file.clone()), b""));
    let read = registry.resolve(&uri).expect("a place in an archive");
    let (stale, writes) = (AtomicBool::new(true), AtomicUsize::new(0));
    let packer = Packer { root: root.clone(), file, stale, writes, packing: tokio::sync::Mutex::default() };
    (Arc::new(Packed { packer: Arc::new(packer), written: root, read }), Box::new((dir, registry)))
}

/// A member: its path, which ends in `/` for a directory, and its bytes.
type Member = (Vec<u8>, Vec<u8>);

impl Packer {
    /// Packs all anew, where something was written since. Nothing else is packed while the answer is held.
    async fn pack(&self) -> tokio::sync::MutexGuard<'_, ()> {
        let one = self.packing.lock().await;
        if !self.stale.swap(false, Ordering::SeqCst) {
            return one;
        }
        let members = self.members().await;
        let name = self.file.to_string_lossy();
        let bytes = match name.rsplit('.').next() {
            Some("zip") => zip(&members),
            Some("gz") => gz(&tar(&members)),
            Some("zst") => zstd::encode_all(&tar(&members)[..], 1).expect("memory"),
            _ => tar(&members),
        };
        let beside = self.file.with_extension("new");
        std::fs::write(&beside, bytes).expect("room on the disk");
        std::fs::rename(beside, &self.file).expect("a rename");
        one
    }

    async fn members(&self) -> Vec<Member> {
        let (mut members, mut dirs) = (Vec::new(), vec![(Vec::new(), self.root.clone())]);
        while let Some((above, dir)) = dirs.pop() {
            let pages: Vec<Page> = dir.list(Freshness::Past).try_collect().await.expect("a listing");
            for row in pages.iter().flat_map(|page| page.entries.iter()) {
                let path = dir.join(&row.name, row.kind).expect("a row's own name");
                let name = [&above, row.name.as_bytes()].concat();
                if row.kind == Kind::Dir {
                    let name = [&name, &b"/"[..]].concat();
                    members.push((name.clone(), Vec::new()));
                    dirs.push((name, path));
                } else {
                    let body = path.read(None, Precondition::None).await.expect("a file");
                    members.push((name, body.try_collect::<Vec<_>>().await.expect("its bytes").concat()));
                }
            }
        }
        members
    }

    fn touch<T>(&self, answer: T) -> T {
        self.stale.store(true, Ordering::SeqCst);
        answer
    }
}

fn tar(members: &[Member]) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_700_000_000);
        let kind = if path.ends_with(b"/") { tar::EntryType::Directory } else { tar::EntryType::Regular };
        header.set_entry_type(kind);
        builder.append_data(&mut header, std::ffi::OsStr::from_bytes(path), &bytes[..]).expect("memory");
    }
    builder.into_inner().expect("memory")
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("memory");
    packer.finish().expect("memory")
}

fn zip(members: &[Member]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (path, bytes) in members {
        let name = std::str::from_utf8(path).expect("names of this library are text");
        if path.ends_with(b"/") {
            writer.add_directory(name, options).expect("memory");
        } else {
            writer.start_file(name, options).expect("memory");
            writer.write_all(bytes).expect("memory");
        }
    }
    writer.finish().expect("memory").into_inner()
}

#[async_trait]
impl VfsPath for Packed {
    fn uri(&self) -> &Uri {
        self.read.uri()
    }

    fn join(&self, name: &Name, kind: Kind) -> Result<DynPath> {
        let (written, read) = (self.written.join(name, kind)?, self.read.join(name, kind)?);
        Ok(Arc::new(Self { packer: self.packer.clone(), written, read }))
    }

    fn parent(&self) -> Option<DynPath> {
        let (written, read) = (self.written.parent()?, self.read.parent()?);
        Some(Arc::new(Self { packer: self.packer.clone(), written, read }))
    }

    fn caps(&self) -> Caps {
        self.read.caps()
    }

    fn list(&self, freshness: Freshness) -> BoxStream<'static, Result<Page>> {
        let (packer, read) = (self.packer.clone(), self.read.clone());
        let pages = async move {
            drop(packer.pack().await);
            read.list(freshness)
        };
        stream::once(pages).flatten().boxed()
    }

    async fn stat(&self, freshness: Freshness) -> Result<Entry> {
        let _one = self.packer.pack().await;
        self.read.stat(freshness).await
    }

    async fn head(&self) -> Result<Head> {
        self.read.head().await
    }

    async fn open(&self, range: Option<Range<u64>>, precondition: Precondition) -> Result<Reading> {
        let _one = self.packer.pack().await;
        self.read.open(range, precondition).await
    }

    async fn mkdir(&self) -> Result<()> {
        self.packer.touch(self.written.mkdir().await)
    }

    async fn remove(&self, precondition: Precondition) -> Result<Removed> {
        self.packer.touch(self.written.remove(precondition).await)
    }

    async fn remove_many(&self, removals: &[Removal]) -> Vec<Result<Removed>> {
        self.packer.touch(self.written.remove_many(removals).await)
    }

    async fn rename(&self, to: &dyn VfsPath, precondition: Precondition) -> Result<()> {
        self.read.rename(to, precondition).await
    }

    async fn symlink(&self, target: &Name) -> Result<()> {
        self.packer.touch(self.written.symlink(target).await)
    }

    async fn create(&self, hint: CreateHint) -> Result<Box<dyn Sink>> {
        let sink = self.written.create(hint).await?;
        Ok(Box::new(Packing { sink, packer: self.packer.clone(), read: self.read.clone() }))
    }

    async fn resume(&self, state: SinkState, hint: CreateHint) -> Result<Box<dyn Sink>> {
        self.read.resume(state, hint).await
    }

    async fn copy_native(
        &self,
        to: &dyn VfsPath,
        options: &CopyOptions,
        progress: Progress<'_>,
    ) -> Result<Option<Placed>> {
        self.read.copy_native(to, options, progress).await
    }

    async fn identity(&self) -> Result<Identity> {
        let _one = self.packer.pack().await;
        self.read.identity().await
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A write into the memory, whose answer is what the archive then tells.
#[derive(Debug)]
struct Packing {
    sink: Box<dyn Sink>,
    packer: Arc<Packer>,
    read: DynPath,
}

#[async_trait]
impl Sink for Packing {
    fn layout(&self) -> Layout {
        self.sink.layout()
    }

    async fn write_part(&self, offset: u64, len: u64, body: Body) -> Result<()> {
        self.sink.write_part(offset, len, body).await
    }

    fn dress(&self, attributes: &Attributes) {
        self.sink.dress(attributes);
    }

    fn keep(&self) {
        self.sink.keep();
    }

    fn state(&self) -> SinkState {
        self.sink.state()
    }

    async fn commit(&self, precondition: Precondition) -> Result<Placed> {
        let placed = self.packer.touch(self.sink.commit(precondition).await?);
        if self.packer.writes.fetch_add(1, Ordering::SeqCst) >= FEW {
            return Ok(placed);
        }
        let _one = self.packer.pack().await;
        self.read.stat(Freshness::Past).await.map(Placed::by_size)
    }

    async fn abort(&self) -> Result<()> {
        self.sink.abort().await
    }
}
