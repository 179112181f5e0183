//! The backends behind one object-safe trait: [`VfsPath`].
//!
//! A path is a live handle on a location. What differs between backends is said in [`Caps`] and
//! nowhere else; both pass the same conformance suite (`tests/it/conformance`).

pub mod archive;
pub mod faulty;
mod identity;
pub mod local;
pub mod memory;
pub mod registry;
pub mod s3;
mod sink;
mod walk;
mod words;

use std::any::Any;
use std::fmt::Debug;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::cache::ops::BodyTicket;
use crate::model::{
    ETag, Entry, ErrorKind, Freshness, Head, Kind, LinkAsk, Name, Op, Page, Result, SignedLink, Tag, Uri,
    VfsError,
};

pub use identity::{Identity, Place};
pub use sink::{CreateHint, Layout, PartRecord, Sink, SinkState};
pub use walk::{Enters, Step, walk};
pub use words::{
    Attributes, Encryption, Fetch, OpenUpload, Placed, Proof, Reading, Removed, Terms, Trust, Version,
};

/// A shared live handle on a location.
pub type DynPath = Arc<dyn VfsPath>;

/// The bytes of an object or a part of it, as they arrive. A stream that ends without an error has
/// delivered everything that was asked for.
pub type Body = BoxStream<'static, Result<Bytes>>;

/// What a place can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Whether anything may be written. `false` refuses every write before any request.
    pub write: bool,
    /// Whether directories exist by themselves. On S3 they are prefixes, and `mkdir` puts a marker.
    pub real_dirs: bool,
    /// Whether symbolic links can be kept.
    pub symlinks: bool,
    /// Whether names must be UTF-8.
    pub utf8_names: bool,
    /// Whether `rename` is one atomic step, for files and whole directories.
    pub atomic_rename: bool,
    /// Whether `a` can stand beside `a/`.
    pub file_beside_dir: bool,
    /// Whether `A` and `a` are one name.
    pub case_blind: bool,
    /// Whether a write can be bound to what is there (`If-Match`, no-replace).
    pub conditional_write: bool,
    /// Whether `remove` can be bound to what is there.
    pub conditional_remove: bool,
    /// How many names one `remove_many` request takes.
    pub remove_batch: usize,
    /// Whether every request costs money and a round trip.
    pub metered: bool,
    /// Whether what was put can be trusted to have been bound to `Absent` by the service itself, so that
    /// nothing has to be looked up before.
    pub conditional_put: bool,
    /// Up to how many bytes `copy_native` takes; larger copies go by parts through a [`Sink`].
    pub copy_at_once: u64,
    /// The largest object, in bytes.
    pub max_size: u64,
    /// The longest name (local) or key (S3), in bytes.
    pub max_name: usize,
}

/// What must be true of a destination (or source) for a call to go through; else `Conflict`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Precondition {
    /// Whatever is there.
    #[default]
    None,
    /// Nothing is there.
    Absent,
    /// What is there still carries this tag.
    Matches(Tag),
}

/// What to remove, bound to what was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The name below the directory that it is asked of.
    pub name: Name,
    /// What it is.
    pub kind: Kind,
    /// The tag that must still be there, where the caller knows one and the place can check it.
    pub expect: Option<Tag>,
}

/// How [`VfsPath::copy_native`] goes about it.
#[derive(Clone, Debug, Default)]
pub struct CopyOptions {
    /// The source as the plan saw it: its size, and the tag that it must still carry.
    pub source: Option<Entry>,
    /// What must be true of the destination.
    pub precondition: Precondition,
    /// What the copy shall carry otherwise than the source.
    pub attributes: Attributes,
    /// The job that it is for, see [`CreateHint::job`].
    pub job: Option<u32>,
    /// See [`CreateHint::no_flush`].
    pub no_flush: bool,
    /// Ends it early: it cleans up first, and then fails as `Cancelled`. Whoever drops the call instead
    /// leaves the cleaning to a task or a thread behind it, which a program that ends won't wait for.
    pub cancel: CancellationToken,
}

/// Hears how many more bytes are done.
pub type Progress<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// A live handle on a location of one backend.
///
/// Handles are cheap: making one asks nothing of disk or network. On S3 `a/` is both a prefix and the
/// marker object of that name: `list` means the prefix, every other call the object of exactly that
/// key; `remove` on a prefix without a marker is `NotFound`.
///
/// All calls may be dropped at any point; what a dropped write leaves behind is said at each.
#[async_trait]
pub trait VfsPath: Debug + Send + Sync + 'static {
    /// Where this is.
    fn uri(&self) -> &Uri;

    /// The last name.
    fn name(&self) -> Name {
        self.uri().name()
    }

    /// The child that a listing shows as (`name`, `kind`). Asks nothing.
    ///
    /// # Errors
    /// `Invalid` for a name that the place can't hold (not UTF-8 on S3, a `/` in it, `.` and `..` and
    /// the empty name on a local disk).
    fn join(&self, name: &Name, kind: Kind) -> Result<DynPath>;

    /// The directory that holds this; `None` at the top.
    fn parent(&self) -> Option<DynPath>;

    /// What this place can do.
    fn caps(&self) -> Caps;

    /// The rows of this directory, a page at a time, at least one. Dropping the stream cancels it. The
    /// last page may be empty; a stream that ends without an error was complete.
    ///
    /// A directory that isn't there is `NotFound`: on S3 a bucket that doesn't exist, or a prefix that
    /// no key begins with (only a bucket can be empty). A file is `NotADirectory` on a local disk.
    fn list(&self, freshness: Freshness) -> BoxStream<'static, Result<Page>>;

    /// All keys below this prefix in the order of their bytes, past every cache, where the place can tell
    /// them so; each row's name is what follows the prefix. `None` where directories have to be walked,
    /// see [`walk`].
    fn flat(&self) -> Option<BoxStream<'static, Result<Page>>> {
        None
    }

    /// What a listing would tell of this. A link is not followed. On S3 a prefix is no thing of its own
    /// (`NotFound`): its marker is, and a bucket.
    async fn stat(&self, freshness: Freshness) -> Result<Entry>;

    /// Everything that the service tells of an object, past the cache. `Unsupported` where there is no
    /// such thing.
    async fn head(&self) -> Result<Head>;

    /// The bytes in `range` (all without one); always past every cache. `Matches` binds the read to what
    /// was shown: else `Conflict`, also when it changes before the last byte.
    ///
    /// A range that begins at the end or beyond is `Invalid`; one that begins before it is cut there.
    /// An empty range gives no bytes and may ask nothing. A link isn't followed: `Unsupported`, as is
    /// whatever else has no bytes (a directory, a device).
    async fn open(&self, range: Option<Range<u64>>, precondition: Precondition) -> Result<Reading>;

    /// The bytes as [`Self::open`] gives them, from the cache of bodies where that holds them and `how`
    /// trusts it. A place without such a cache opens.
    async fn fetch(&self, range: Option<Range<u64>>, how: &Fetch) -> Result<Reading> {
        self.open(range, how.precondition()).await
    }

    /// Keeps what was downloaded from here into a file, where that costs no byte: `head` is what the service told of
    /// it, with the `right` to keep it, `parts` are what came, with their checksums. A place without a cache keeps
    /// nothing.
    async fn keep_copy(&self, head: &Head, right: &BodyTicket, file: File, parts: &[PartRecord]) {
        let _ = (head, right, file, parts);
    }

    /// How many of its bytes a look may read, from the first on: fewer than all (`None`) where it is packed,
    /// so that what is before must be unpacked.
    ///
    /// # Errors
    /// `Unsupported` where even the first lies behind too much.
    async fn reach(&self) -> Result<Option<u64>> {
        Ok(None)
    }

    /// The bytes alone of [`Self::open`].
    async fn read(&self, range: Option<Range<u64>>, precondition: Precondition) -> Result<Body> {
        Ok(self.open(range, precondition).await?.body)
    }

    /// Makes this directory (on S3: puts the marker; for a bucket: creates it). `AlreadyExists` when it
    /// is there (on S3: its marker); the directory above must be there, where directories are real.
    async fn mkdir(&self) -> Result<()>;

    /// Removes this one thing: a file, a link itself, an empty directory, a marker, an empty bucket.
    /// `NotEmpty` is never forced. What isn't there is `NotFound`, but for S3, which doesn't tell.
    /// `Matches` of a directory holds it to be the same directory, whatever it held.
    async fn remove(&self, precondition: Precondition) -> Result<Removed>;

    /// Removes several children of this directory in as few requests as the place allows, and tells
    /// the outcome of each, in order. Never recurses.
    async fn remove_many(&self, removals: &[Removal]) -> Vec<Result<Removed>>;

    /// Gives this another name in the same place, in one atomic step. `Unsupported` where
    /// [`Caps::atomic_rename`] is false or the places differ: callers then copy, verify and remove.
    async fn rename(&self, to: &dyn VfsPath, precondition: Precondition) -> Result<()>;

    /// What this symbolic link leads to in the end: for callers that were told to follow links.
    async fn follow(&self) -> Result<DynPath> {
        let reason = "there are no symbolic links here";
        Err(VfsError::new(Op::Stat, self.uri().clone(), ErrorKind::Unsupported, reason))
    }

    /// Makes this a symbolic link to `target`.
    async fn symlink(&self, target: &Name) -> Result<()>;

    /// Begins to write this. Nothing is visible under the name before [`Sink::commit`].
    async fn create(&self, hint: CreateHint) -> Result<Box<dyn Sink>>;

    /// Goes on with a write that was begun, maybe by another process, from what its journal kept; `hint`
    /// is the one that it was begun with. [`Sink::state`] then tells the parts that are really there: on a
    /// disk those that still have their checksum, on S3 those that the service lists as the journal has
    /// them. What was completed before the journal heard of it gives its entry at `commit` and writes
    /// nothing.
    ///
    /// # Errors
    /// `NotFound` where nothing is left of it: begin anew.
    async fn resume(&self, state: SinkState, hint: CreateHint) -> Result<Box<dyn Sink>>;

    /// Removes one version of an object for good: a delete marker, or a newer version, so that what was
    /// there before shows again. `Unsupported` where there are no versions.
    async fn remove_version(&self, version: &str) -> Result<()> {
        let reason = format!("there is no version {version}: nothing here keeps versions");
        Err(VfsError::new(Op::Remove, self.uri().clone(), ErrorKind::Unsupported, reason))
    }

    /// Removes what killed attempts of a job left in this directory: temporary files that carry its tag
    /// ([`CreateHint::job`]) and are our own, except those called as in `keep` ([`SinkState::id`]). Only
    /// for whoever owns the job. Gives how many were removed; a place without temporary files has none.
    async fn sweep(&self, job: u32, keep: &[String]) -> Result<u64> {
        let _ = (job, keep);
        Ok(0)
    }

    /// Gives this directory the mode and the time of modification in `attributes`, once all that goes
    /// into it is there. A place that keeps neither does nothing.
    async fn dress(&self, attributes: &Attributes) -> Result<()> {
        let _ = attributes;
        Ok(())
    }

    /// Every version of all objects whose location begins as this one does (also `a.txt.bak` for `a.txt`),
    /// page by page, by key, the newest of a key first. `Unsupported` where there are no versions.
    fn versions(&self) -> BoxStream<'static, Result<Vec<Version>>> {
        let error = unsupported(self.uri(), "nothing here keeps versions");
        stream::once(std::future::ready(Err(error))).boxed()
    }

    /// The uploads that were begun below here and are open still, whoever began them. `Unsupported` where
    /// there are none.
    async fn uploads(&self) -> Result<Vec<OpenUpload>> {
        Err(unsupported(self.uri(), "there are no uploads here"))
    }

    /// What an open upload to this holds already: bytes and parts. `NotFound` for one that is over.
    async fn upload_size(&self, id: &str) -> Result<(u64, u64)> {
        let _ = id;
        Err(unsupported(self.uri(), "there are no uploads here"))
    }

    /// Ends an open upload to this, and throws away what it holds. `NotFound` for one that is over.
    async fn abort_upload(&self, id: &str) -> Result<()> {
        let _ = id;
        Err(unsupported(self.uri(), "there are no uploads here"))
    }

    /// What the service behind this bounds, for plans; `None` where nothing is asked of a service. Asks
    /// nothing.
    fn terms(&self) -> Option<Terms> {
        None
    }

    /// The same of the service that holds the archive which this is in: reading this asks that one.
    fn outer_terms(&self) -> Option<Terms> {
        None
    }

    /// The bytes that are free where this is, or would be; `None` where nobody counts them.
    async fn room(&self) -> Result<Option<u64>> {
        Ok(None)
    }

    /// Whether bytes can go from here to `to` without passing through here. Asks nothing.
    fn copies_to(&self, to: &dyn VfsPath) -> bool {
        let _ = to;
        false
    }

    /// What a copy of this carries along: headers, metadata, class and encryption, and its tags where it
    /// has any. One request, and one more for tags. `Unsupported` where there is no such thing.
    async fn carried(&self) -> Result<Attributes> {
        Ok(Attributes::of(&self.head().await?))
    }

    /// A link that lets whoever has it read or write this object for a while, without credentials of their
    /// own: the same again while half of its life remains. Asks no service, but for a bucket's region.
    /// `Unsupported` where there is no such thing, and on anonymous connections.
    async fn presign(&self, ask: &LinkAsk) -> Result<SignedLink> {
        let _ = ask;
        let error = VfsError::new(
            Op::Link,
            self.uri().clone(),
            ErrorKind::Unsupported,
            "only objects have presigned links",
        );
        Err(error.with_hint("copy it to a bucket first"))
    }

    /// Copies this to `to` without the bytes passing through here (reflink, `copy_file_range`, a
    /// server-side copy, by parts where it must be), keeping what the place keeps (mode and times;
    /// class, encryption, metadata and tags). As atomic as a [`Sink`]. `Ok(None)` means: stream it.
    /// What it gives is the destination as it now is. A thing is never copied onto itself.
    ///
    /// A copy that takes more than one request at a service (above [`Caps::copy_at_once`]) isn't made here
    /// but through a [`Sink`] and its `copy_part`, so that a journal can hold it: `Ok(None)`.
    async fn copy_native(
        &self,
        to: &dyn VfsPath,
        options: &CopyOptions,
        progress: Progress<'_>,
    ) -> Result<Option<Placed>>;

    /// What tells whether two handles are the same thing whatever they are called: device and inode,
    /// or endpoint, bucket and key. A thing that doesn't exist is told by its nearest parent that does.
    async fn identity(&self) -> Result<Identity>;

    /// For a backend to know its own kind in `rename` and `copy_native`.
    fn as_any(&self) -> &dyn Any;
}

/// The entity tag inside a precondition, for backends that know only those.
pub fn required_etag(precondition: &Precondition) -> Option<&ETag> {
    match precondition {
        Precondition::Matches(Tag::ETag(etag)) => Some(etag),
        _ => None,
    }
}

fn unsupported(uri: &Uri, why: &str) -> VfsError {
    VfsError::new(Op::List, uri.clone(), ErrorKind::Unsupported, why)
}
