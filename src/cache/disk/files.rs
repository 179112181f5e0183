//! The files of a layer: [`Files`].

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tempfile::TempPath;

use super::adopt::Share;
use super::{FileName, share_blocks};
use crate::config::{private_dir, private_file};

/// Bytes that may still be written, counted where the files are: stands for a disk that is full.
pub type Quota = Arc<AtomicU64>;

/// What files are called before they have their own name.
const TEMP: &str = ".new-";

/// What the mark of an index begins with.
const MARK: &str = ".index-";

/// A mark that is older is one of an index that is gone.
const GONE: Duration = Duration::from_hours(30 * 24);

/// The directory of a layer.
///
/// Each index that has files there marks it. Files that an index doesn't know may be another's: they are removed
/// only where no other has a mark.
#[derive(Clone, Debug)]
pub(super) struct Files {
    root: Arc<Path>,
    quota: Option<Quota>,
    share: Share,
    /// The mark of the index that knows these files: an empty directory.
    mark: Arc<str>,
    marked: Arc<AtomicBool>,
}

/// Why a directory can't be made, where nothing can be: some file systems call that missing.
fn unmade(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::new(io::ErrorKind::NotADirectory, error),
        _ => error,
    }
}

impl Files {
    /// The files of a layer whose index is in this state directory.
    pub(super) fn new(root: PathBuf, state: Option<&Path>, quota: Option<Quota>) -> Self {
        let state = state.map(|state| std::path::absolute(state).unwrap_or_else(|_| state.to_path_buf()));
        let id = state.map(|state| FileName::of(&[state.as_os_str().as_bytes()]).to_string());
        let mark = format!("{MARK}{}", &id.unwrap_or_default());
        Self { root: root.into(), quota, share: share_blocks, mark: mark.into(), marked: Arc::default() }
    }

    /// Those of another directory that the same index knows.
    pub(super) fn elsewhere(&self, root: PathBuf) -> Self {
        Self { root: root.into(), quota: None, marked: Arc::default(), ..self.clone() }
    }

    /// Marks the directory, once; the mark is as old as its last use.
    fn mark(&self) -> io::Result<()> {
        if self.marked.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let mark = self.root.join(&*self.mark);
        private_dir(&mark)?;
        File::open(mark)?.set_modified(SystemTime::now())
    }

    /// Whether files here that no row tells of are surely nobody's. Renews the mark.
    pub(super) fn are_own(&self) -> bool {
        let Ok(listed) = std::fs::read_dir(&self.root) else { return false };
        let mut own = false;
        for entry in listed.flatten() {
            let name = entry.file_name();
            let modified = || entry.metadata().and_then(|meta| meta.modified()).ok();
            let age = || modified().and_then(|at| SystemTime::now().duration_since(at).ok());
            match name.to_str().filter(|name| name.starts_with(MARK)) {
                Some(name) if *name == *self.mark => own = true,
                Some(_) if age().is_none_or(|age| age <= GONE) => return false,
                _ => {}
            }
        }
        if own {
            self.marked.store(false, Ordering::Relaxed);
            let _ = self.mark(); // an old one only keeps others from tidying
        }
        own
    }

    /// Takes the mark away: nothing is left there.
    pub(super) fn unmark(&self) {
        let _ = std::fs::remove_dir(self.root.join(&*self.mark));
    }

    /// One where blocks are shared otherwise.
    #[cfg(test)]
    pub(super) fn sharing(&self, share: Share) -> Self {
        Self { share, ..self.clone() }
    }

    /// Lets a new file share the blocks of another.
    pub(super) fn share(&self, from: &File, to: &File) -> io::Result<()> {
        (self.share)(from, to)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn path(&self, name: &FileName) -> PathBuf {
        self.root.join(name.path())
    }

    /// The folder of all names that begin so.
    pub(super) fn shard(&self, at: u8) -> PathBuf {
        self.root.join(format!("{at:02x}"))
    }

    /// A new file beside where this one will be. It goes with its path unless it gets its name.
    pub(super) fn temp(&self, name: &FileName) -> io::Result<(File, TempPath)> {
        let shard = self.shard(name.bytes()[0]);
        let path = shard.join(format!("{TEMP}{:016x}", fastrand::u64(..)));
        let make = || private_file(&path, OpenOptions::new().read(true).write(true).truncate(true));
        let file = match make() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                private_dir(&self.root).and_then(|()| private_dir(&shard)).map_err(unmade)?;
                make()?
            }
            made => made?,
        };
        let temp = TempPath::try_from_path(path)?;
        self.mark()?;
        Ok((file, temp))
    }

    /// Whether this is what [`Self::temp`] makes.
    pub(super) fn is_temp(name: &str) -> bool {
        name.starts_with(TEMP)
    }

    pub(super) fn open(&self, name: &FileName, write: bool) -> io::Result<File> {
        OpenOptions::new().read(true).write(write).open(self.path(name))
    }

    pub(super) fn write(&self, file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
        if let Some(quota) = &self.quota {
            let take = |left: u64| left.checked_sub(bytes.len() as u64);
            let taken = quota.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
            taken.map_err(|_| io::Error::from(io::ErrorKind::StorageFull))?;
        }
        file.write_all_at(bytes, at)
    }

    pub(super) fn put_in_place(&self, temp: &Path, name: &FileName) -> io::Result<()> {
        std::fs::rename(temp, self.path(name))
    }

    /// Makes this file another name of that one.
    pub(super) fn link(&self, of: &FileName, name: &FileName) -> io::Result<()> {
        let temp = self.shard(name.bytes()[0]).join(format!("{TEMP}{:016x}", fastrand::u64(..)));
        std::fs::hard_link(self.path(of), &temp)?;
        self.put_in_place(&temp, name)
    }

    /// Removes a file; one that is gone is gone.
    pub(super) fn remove(&self, name: &FileName) {
        if let Err(error) = std::fs::remove_file(self.path(name))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%name, "a file of the cache stays: {error}");
        }
    }
}
