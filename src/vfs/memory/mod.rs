//! The reference model of a backend: the definition of correct, in memory.
//!
//! One ordered map holds every thing by its full key, and a few short functions (`model`) say what
//! each call does to it. [`Flavour`] makes it behave like S3 (prefixes, exact keys, markers) or like a
//! disk (real directories, symbolic links, unique names). Its clock counts writes, so that what it
//! tells is the same in every run.

mod model;
mod path;
mod sink;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;

use self::model::Model;
use self::path::MemoryPath;
use super::{Caps, DynPath};
use crate::model::{Entry, S3Uri, StorageClass, Timestamp, Uri};

/// What a [`Memory`] behaves like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// Buckets, exact keys, prefixes and markers. Locations are on a connection.
    S3,
    /// Real directories, links, one thing for each name. Locations look like local paths.
    Disk,
}

/// A place in memory. Handles on it are made by [`Memory::at`].
#[derive(Debug)]
pub struct Memory {
    id: usize,
    connection: Arc<str>,
    flavour: Flavour,
    caps: Caps,
    page_size: usize,
    part_size: u64,
    model: Mutex<Model>,
}

impl Memory {
    /// An empty list of buckets on a connection called `connection`.
    pub fn like_s3(connection: &str) -> Self {
        Self::new(Flavour::S3, connection)
    }

    /// An empty `/`.
    pub fn like_disk() -> Self {
        Self::new(Flavour::Disk, "")
    }

    fn new(flavour: Flavour, connection: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            connection: connection.into(),
            flavour,
            caps: caps_of(flavour),
            page_size: 1_000,
            part_size: 8 << 20,
            model: Mutex::new(Model::new(flavour)),
        }
    }

    /// The same with other capabilities (what a flavour is made of doesn't change by it).
    #[must_use]
    pub fn with_caps(self, change: impl FnOnce(&mut Caps)) -> Self {
        let mut caps = self.caps;
        change(&mut caps);
        Self { caps, ..self }
    }

    /// The same with `rows` rows on a page of a listing.
    #[must_use]
    pub fn with_page_size(self, rows: usize) -> Self {
        Self { page_size: rows.max(1), ..self }
    }

    /// The same with parts of `bytes`, where the caller of `create` doesn't insist on another size.
    #[must_use]
    pub fn with_part_size(self, bytes: u64) -> Self {
        Self { part_size: bytes.max(1), ..self }
    }

    /// The top: the list of buckets, or `/`.
    pub fn root(self: &Arc<Self>) -> DynPath {
        self.at(&self.uri(""))
    }

    /// The handle on a location, which is taken to lie in this place.
    pub fn at(self: &Arc<Self>, uri: &Uri) -> DynPath {
        Arc::new(MemoryPath::new(self.clone(), uri.clone()))
    }

    /// The handle on what has this full key (`bucket/key`, or a path without its leading slash).
    pub fn at_key(self: &Arc<Self>, key: &str) -> DynPath {
        self.at(&self.uri(key))
    }

    /// The location of a full key.
    pub fn uri(&self, key: &str) -> Uri {
        match (self.flavour, key.split_once('/')) {
            (Flavour::Disk, _) => Uri::Local(format!("/{key}").into()),
            (Flavour::S3, Some((bucket, key))) => Uri::S3(S3Uri::new(&self.connection, bucket, key)),
            (Flavour::S3, None) if key.is_empty() => Uri::S3(S3Uri::buckets(&self.connection)),
            (Flavour::S3, None) => Uri::S3(S3Uri::new(&self.connection, key, "")),
        }
    }

    /// Puts a file or an object past every check, as another client would, with the bucket or the
    /// directories that it needs.
    pub fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        self.model.lock().seed(key.as_bytes(), bytes.into());
    }

    /// Makes an empty bucket or directory, with those above it.
    pub fn put_dir(&self, key: &str) {
        self.model.lock().seed_dirs(format!("{}/", key.trim_end_matches('/')).as_bytes());
    }

    /// The bytes of a file or an object.
    pub fn get(&self, key: &str) -> Option<Bytes> {
        self.model.lock().object(key.as_bytes()).map(|object| object.bytes.clone())
    }

    /// The row of a file or an object, as a listing shows it.
    pub fn entry(&self, key: &str) -> Option<Entry> {
        self.model.lock().entry_of(key.as_bytes())
    }

    /// Every full key that there is, in byte order: directories and buckets end in `/`.
    pub fn keys(&self) -> Vec<String> {
        let model = self.model.lock();
        model.keys().map(|key| String::from_utf8_lossy(key).into_owned()).collect()
    }

    /// Removes a file or an object past every check, as another client would.
    pub fn forget(&self, key: &str) {
        self.model.lock().forget(key.as_bytes());
    }

    /// Sets the time of modification.
    pub fn set_modified(&self, key: &str, modified: Timestamp) {
        self.model.lock().change(key.as_bytes(), |object| object.modified = modified);
    }

    /// Sets the storage class and the user metadata.
    pub fn set_class(&self, key: &str, class: StorageClass, metadata: BTreeMap<String, String>) {
        self.model.lock().change(key.as_bytes(), |object| {
            object.attributes.class = Some(class);
            object.attributes.metadata = metadata;
        });
    }

    /// How many writes are under way: begun, and neither committed nor aborted.
    pub fn open_writes(&self) -> usize {
        self.model.lock().uploads.len()
    }
}

fn caps_of(flavour: Flavour) -> Caps {
    let disk = flavour == Flavour::Disk;
    Caps {
        write: true,
        real_dirs: disk,
        symlinks: disk,
        utf8_names: !disk,
        atomic_rename: disk,
        file_beside_dir: !disk,
        case_blind: false,
        conditional_write: true,
        conditional_remove: true,
        remove_batch: 1_000,
        metered: !disk,
        conditional_put: true,
        copy_at_once: u64::MAX,
        max_size: if disk { i64::MAX as u64 } else { 5 << 40 },
        max_name: if disk { 255 } else { 1_024 },
    }
}
