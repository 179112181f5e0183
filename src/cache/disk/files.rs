//! The files of a layer: [`Files`].

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::adopt::Share;
use super::{FileName, share_blocks};
use crate::config::{private_dir, private_file};

/// Bytes that may still be written, counted where the files are: stands for a disk that is full.
pub type Quota = Arc<AtomicU64>;

/// What files are called before they have their own name.
const TEMP: &str = ".new-";

/// The directory of a layer.
#[derive(Clone, Debug)]
pub(super) struct Files {
    root: Arc<Path>,
    quota: Option<Quota>,
    share: Share,
}

impl Files {
    pub(super) fn new(root: PathBuf, quota: Option<Quota>) -> Self {
        Self { root: root.into(), quota, share: share_blocks }
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

    /// A new file beside where this one will be.
    pub(super) fn temp(&self, name: &FileName) -> io::Result<(File, PathBuf)> {
        let shard = self.shard(name.bytes()[0]);
        let path = shard.join(format!("{TEMP}{:016x}", fastrand::u64(..)));
        let make = || private_file(&path, OpenOptions::new().read(true).write(true).truncate(true));
        let file = match make() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                private_dir(&self.root)?;
                private_dir(&shard)?;
                make()?
            }
            made => made?,
        };
        Ok((file, path))
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
