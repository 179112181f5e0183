//! One layer on disk: [`Shelf`].

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use lru::LruCache;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::OnceCell;

use super::early::Early;
use super::figures::Counts;
use super::files::Files;
use super::index::{self, Book, Gone};
use super::room::STEP;
use super::{About, Cabinet, FileName, Fill, Held, Piece, Quota, called, piece};
use crate::cache::ops::Touch;
use crate::config::Eviction;
use crate::model::Timestamp;
use crate::store::{Store, StoreError, StoreErrorKind, Worth};

/// How many names of evicted files are remembered, to know what is read again.
const REMEMBERED: usize = 4096;

/// What a layer may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most bytes.
    pub max_size: u64,
    /// The most files.
    pub max_entries: usize,
    /// How long a file stays after its last use.
    pub max_age: Duration,
    /// Which goes first.
    pub eviction: Eviction,
    /// How often the layer is cleaned in the background.
    pub interval: Duration,
    /// Whether pieces that are worth it are packed.
    pub compress: bool,
}

/// A layer: files in a directory, an index of them, bounds, figures. A clone is another handle on the same.
///
/// Nothing is opened or read before something is asked for. A disk that is full or broken turns it off, which is
/// told once; nothing else fails by it.
#[derive(Clone, Debug)]
pub struct Shelf(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    cabinet: Cabinet,
    kind: &'static str,
    pub(super) files: Files,
    pub(super) bounds: Bounds,
    off: AtomicBool,
    ready: OnceCell<Option<(Store, Book)>>,
    /// What was invalidated before the index was open.
    pub(super) early: Mutex<Early>,
    /// Whether a touch has had the index opened.
    opening: AtomicBool,
    pub(super) counts: Counts,
    evicted: Mutex<LruCache<FileName, ()>>,
}

impl Shelf {
    pub(super) fn new(
        cabinet: Cabinet,
        kind: &'static str,
        dir: PathBuf,
        bounds: Bounds,
        quota: Option<Quota>,
    ) -> Self {
        let remembered = REMEMBERED.try_into().expect("it isn't zero");
        Self(Arc::new(Inner {
            files: Files::new(dir, cabinet.state(), quota),
            cabinet,
            kind,
            bounds,
            off: AtomicBool::new(false),
            ready: OnceCell::new(),
            early: Mutex::default(),
            opening: AtomicBool::new(false),
            counts: Counts::default(),
            evicted: Mutex::new(LruCache::new(remembered)),
        }))
    }

    /// The directory of its files.
    pub fn dir(&self) -> &Path {
        self.0.files.root()
    }

    /// What it is called in the log.
    pub(super) fn called(&self) -> String {
        called(self.0.kind)
    }

    /// What it may hold.
    pub fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    /// What is found of a file, with the pieces that reach into `want`. What is past its age isn't found.
    pub async fn find(&self, name: FileName, want: Range<u64>) -> Option<Held> {
        let now = self.now();
        let oldest = self.oldest(now);
        self.read(move |db, book| index::find(db, book, &name, &want, oldest)).await.flatten()
    }

    /// The bytes of a piece, checked. A piece that is wrong is forgotten and counted, and gives nothing.
    pub async fn bytes(&self, held: &Held, piece: &Piece) -> Option<Bytes> {
        let (files, about, wanted) = (self.0.files.clone(), held.about.clone(), piece.clone());
        let read = move || read_piece(&files, &about, &wanted);
        let why = match tokio::task::spawn_blocking(read).await {
            Ok(Ok(bytes)) => return Some(bytes),
            Ok(Err(error)) => error.to_string(),
            Err(_) => return None,
        };
        self.corrupt(held, piece, &why).await;
        None
    }

    /// A piece isn't what it was. One whose file was replaced meanwhile is no damage.
    async fn corrupt(&self, held: &Held, piece: &Piece, why: &str) {
        let (name, birth, start) = (held.about.name, held.birth, piece.start);
        let act = move |db: &Connection, book: &Book| index::distrust(db, book, &name, birth, start);
        if self.write(act).await == Some(true) {
            self.0.counts.add(&held.about.connection, |counts| counts.corrupt += 1);
            tracing::debug!(key = %held.about.key, %name, start, reason = why, "{}: damaged", self.called());
        }
    }

    /// Begins to keep bytes: more of what is held already, or of something new.
    pub fn fill(&self, about: About, held: Option<&Held>) -> Fill {
        Fill::new(self.clone(), about, held.map(|held| held.birth))
    }

    /// Notes that a file was served; `validated` says that the service was asked whether it is right.
    pub fn served(&self, name: FileName, validated: bool) {
        let now = self.now();
        self.queue(move |db, book| index::touch(db, book, &name, now, validated));
    }

    /// Forgets a file.
    pub async fn remove(&self, name: FileName) {
        self.write(move |db, book| index::remove(db, book, &name)).await;
    }

    /// Forgets what a write touches. What is asked for after this call finds it gone.
    pub fn touched(&self, touch: &Touch) {
        let open = {
            let mut early = self.0.early.lock();
            early.note(touch);
            match &*early {
                Early::Open(store, book) => Some((store.clone(), book.clone())),
                Early::Waiting(_) => None,
                Early::Shut => return,
            }
        };
        match open {
            Some((store, book)) => self.remove_touched(&store, book, touch.clone()),
            None => self.open_for_touches(),
        }
    }

    fn remove_touched(&self, store: &Store, book: Book, touch: Touch) {
        let (this, there) = (self.clone(), self.clone());
        let remove = move |db: &Connection| {
            if index::remove_touched(db, &book, &touch)? > STEP {
                there.clean_later();
            }
            Ok(())
        };
        let failed = move |error| {
            let _ = this.held::<()>(Err(error));
        };
        store.queue(Worth::Note, remove, failed);
    }

    /// Has the index opened where one was made before, once.
    fn open_for_touches(&self) {
        if self.0.opening.load(Ordering::Relaxed) || !self.0.cabinet.is_there() {
            return;
        }
        let Ok(tokio) = tokio::runtime::Handle::try_current() else { return };
        if !self.0.opening.swap(true, Ordering::Relaxed) {
            let this = self.clone();
            tokio.spawn(async move { this.open().await.map(drop) });
        }
    }

    /// Waits until all that was noted is written.
    pub async fn settle(&self) {
        let waits = self.0.early.lock().waits();
        if self.0.ready.initialized() || (waits && self.0.cabinet.is_there()) {
            self.flush_counts().await;
            self.read(|_, _| Ok(())).await;
        }
    }

    /// Whether a file of this name was evicted by this program: to read it again tells of a small bound.
    pub(in crate::cache) fn was_evicted(&self, name: &FileName) -> bool {
        self.0.evicted.lock().pop(name).is_some()
    }

    /// Notes what had to go.
    pub(super) fn note_evicted(&self, gone: Vec<Gone>) {
        let mut evicted = self.0.evicted.lock();
        for gone in gone {
            tracing::debug!(location = %gone.location(), reason = "it is full", "{}: evicted", self.called());
            self.0.counts.add(&gone.connection, |counts| counts.evictions += 1);
            evicted.put(gone.name, ());
        }
    }

    pub(in crate::cache) fn now(&self) -> Timestamp {
        self.0.cabinet.clock().wall()
    }

    /// What was used before this is too old.
    pub(super) fn oldest(&self, now: Timestamp) -> Timestamp {
        let age = i64::try_from(self.0.bounds.max_age.as_millis()).unwrap_or(i64::MAX);
        Timestamp(now.0.saturating_sub(age))
    }

    /// Turns the layer off for good, and tells why once.
    pub(super) fn turn_off(&self, why: &dyn std::fmt::Display) {
        if self.0.off.swap(true, Ordering::Relaxed) {
            return;
        }
        let (kind, dir) = (self.0.kind, self.dir().display());
        let hint = "free some space, or choose another place by cache.dir";
        self.0.cabinet.voice().tell(format!("{kind} are no longer cached in {dir}: {why} ({hint})"));
    }

    /// Whether it was turned off.
    pub fn is_off(&self) -> bool {
        self.0.off.load(Ordering::Relaxed)
    }

    async fn open(&self) -> Option<&(Store, Book)> {
        if self.is_off() {
            return None;
        }
        self.0.ready.get_or_init(|| self.opened()).await.as_ref()
    }

    /// Waits until the index is open, or can't be.
    pub(super) async fn settled_open(&self) {
        let _ = self.open().await;
    }

    async fn opened(&self) -> Option<(Store, Book)> {
        let opened = self.begun().await;
        // Whatever comes from here on goes to the index at once, or nowhere.
        let waiting = self.0.early.lock().settle(opened.as_ref());
        let (store, book) = opened?;
        for touch in waiting {
            self.remove_touched(&store, book.clone(), touch);
        }
        self.clean_in_background();
        Some((store, book))
    }

    async fn begun(&self) -> Option<(Store, Book)> {
        let store = self.0.cabinet.store().await?.clone();
        let (kind, files, bounds) = (self.0.kind, self.0.files.clone(), self.0.bounds);
        let made = store.write(Worth::Note, move |db| Book::open(db, kind, files, bounds)).await;
        let book = made.inspect_err(|error| self.turn_off(error)).ok()?;
        Some((store, book))
    }

    pub(super) async fn read<T, F>(&self, act: F) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Book) -> rusqlite::Result<T> + Send + 'static,
    {
        let (store, book) = self.open().await?.clone();
        self.held(store.read(move |db| act(db, &book)).await)
    }

    pub(super) async fn write<T, F>(&self, act: F) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Book) -> rusqlite::Result<T> + Send + 'static,
    {
        let (store, book) = self.open().await?.clone();
        self.held(store.write(Worth::Note, move |db| act(db, &book)).await)
    }

    fn queue(&self, act: impl FnOnce(&Connection, &Book) -> rusqlite::Result<()> + Send + 'static) {
        let Some(Some((store, book))) = self.0.ready.get() else { return };
        let (this, book) = (self.clone(), book.clone());
        store.queue(
            Worth::Note,
            move |db| act(db, &book),
            move |error| {
                let _ = this.held::<()>(Err(error));
            },
        );
    }

    pub(super) fn chore(
        &self,
        mut step: impl FnMut(&Connection, &Book) -> rusqlite::Result<bool> + Send + 'static,
    ) {
        if let Some(Some((store, book))) = self.0.ready.get() {
            let book = book.clone();
            store.chore(move |db| step(db, &book));
        }
    }

    /// A state file that is busy or damaged is a miss; one that is full ends the caching.
    fn held<T>(&self, done: Result<T, StoreError>) -> Option<T> {
        done.inspect_err(|error| match error.kind {
            StoreErrorKind::NoSpace | StoreErrorKind::NotWritable => self.turn_off(error),
            _ => tracing::debug!("the index of the cache: {error}"),
        })
        .ok()
    }
}

/// Reads a piece, unpacks it, and checks it.
fn read_piece(files: &Files, about: &About, piece: &Piece) -> io::Result<Bytes> {
    use std::os::unix::fs::FileExt;
    let mut bytes = vec![0; piece.stored as usize];
    files.open(&about.name, false)?.read_exact_at(&mut bytes, piece.start)?;
    if piece.stored < piece.len {
        bytes = zstd::bulk::decompress(&bytes, piece.len as usize)?;
    }
    if piece::checksum(&about.name, &about.tag, piece.start, &bytes) == piece.sum {
        return Ok(bytes.into());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong"))
}
