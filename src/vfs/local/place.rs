//! Where a handle points, walked without following what was planted: [`Place`].

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, OFlags, Stat, openat, statat};
use rustix::io::Errno;

use super::run::refuse;
use crate::model::ErrorKind;

/// A path of which the last `joined` names were added to what the person gave.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub path: PathBuf,
    pub joined: usize,
}

/// An open directory and a name in it.
#[derive(Debug)]
pub(super) struct Spot {
    /// Shared by the spots in it: each write under way holds two, and open files are few.
    pub dir: Arc<OwnedFd>,
    pub name: OsString,
}

/// For directories that are only passed through: needs no right to read them.
#[cfg(target_os = "linux")]
pub(super) const PASS: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
pub(super) const PASS: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// For directories that are listed or flushed.
const READ: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Place {
    /// The directory that holds this, and its name in there. Nothing is followed below what the
    /// person gave; the name itself is never followed.
    pub fn spot(&self) -> io::Result<Spot> {
        let (Some(parent), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return Ok(Spot { dir: open(&self.path, PASS)?.into(), name: OsString::from(".") });
        };
        let above = Self { path: parent.to_path_buf(), joined: self.joined.saturating_sub(1) };
        Ok(Spot { dir: above.dir(PASS)?.into(), name: name.to_owned() })
    }

    /// This as an open directory that can be listed.
    pub fn open_dir(&self) -> io::Result<OwnedFd> {
        self.dir(READ)
    }

    fn dir(&self, flags: OFlags) -> io::Result<OwnedFd> {
        let names: Vec<&OsStr> = self.path.iter().collect();
        let given = names.len() - self.joined.min(names.len());
        let base: PathBuf = names[..given].iter().collect();
        let Some((last, between)) = names[given..].split_last() else { return open(&base, flags) };
        let mut dir = open(&base, PASS)?;
        for name in between {
            dir = open_below(&dir, name, PASS)?;
        }
        open_below(&dir, last, flags)
    }
}

fn open(path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

fn open_below(dir: &OwnedFd, name: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
    match openat(dir, name, flags | OFlags::NOFOLLOW, Mode::empty()) {
        Err(Errno::LOOP | Errno::NOTDIR) if is_link(dir, name) => Err(refuse(
            ErrorKind::Conflict,
            "a directory on the way is a symbolic link, which isn't followed",
        )),
        opened => Ok(opened?),
    }
}

fn is_link(dir: &OwnedFd, name: &OsStr) -> bool {
    let stat = statat(dir, name, AtFlags::SYMLINK_NOFOLLOW);
    stat.is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_symlink())
}

impl Spot {
    /// What is there, itself.
    pub fn stat(&self) -> io::Result<Stat> {
        Ok(statat(&self.dir, &self.name, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// What is there, or that nothing is.
    pub fn look(&self) -> io::Result<Option<Stat>> {
        match statat(&self.dir, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the changes of this directory last. A directory that can't be opened for that is left to
    /// the file system.
    pub fn flush_dir(&self) -> io::Result<()> {
        match openat(&self.dir, ".", READ, Mode::empty()) {
            Ok(dir) => match rustix::fs::fsync(dir) {
                // Some network and FUSE file systems have no such call.
                Ok(()) | Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(()),
                Err(error) => Err(error.into()),
            },
            Err(Errno::ACCESS) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The same directory with another name in it.
    pub fn sibling(&self, name: &str) -> Self {
        Self { dir: self.dir.clone(), name: OsString::from(name) }
    }
}
