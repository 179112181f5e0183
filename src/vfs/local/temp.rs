//! The file that bytes go to before they get their name: [`Temp`].

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags, Stat, fstat, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::dress::{Dress, set_mode, set_modified};
use super::place::Spot;
use super::rename::rename_new;
use super::row;
use super::run::refuse;
use super::sweep::{is_ours, new_name};
use crate::model::{ErrorKind, Kind};
use crate::vfs::Precondition;

/// A temporary file beside its destination. Dropping it removes it, unless it got its name.
#[derive(Debug)]
pub(super) struct Temp {
    pub file: File,
    here: Spot,
    target: Spot,
    live: AtomicBool,
}

const FLAGS: OFlags = OFlags::RDWR.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Temp {
    /// A new one, beside `target`, with room for `size` bytes. It is readable by its owner alone.
    pub fn create(target: Spot, size: Option<u64>, job: Option<u32>) -> io::Result<Self> {
        if target.look()?.is_some_and(|stat| row::kind_of(&stat) == Kind::Dir) {
            return Err(refuse(ErrorKind::AlreadyExists, "a directory of that name is there"));
        }
        let (file, here) = create_new(&target, job)?;
        let temp = Self { file, here, target, live: AtomicBool::new(true) };
        match size {
            Some(size) if size > 0 => temp.make_room(size)?,
            _ => {}
        }
        Ok(temp)
    }

    /// One that an earlier program left, by its name.
    pub fn reopen(target: Spot, name: &str) -> io::Result<Self> {
        if !is_ours(name) {
            return Err(refuse(ErrorKind::Invalid, "that is no name of a temporary file of bifold's"));
        }
        let here = target.sibling(name)?;
        let file = File::from(openat(&here.dir, name, FLAGS | OFlags::NONBLOCK, Mode::empty())?);
        if row::kind_of(&fstat(&file)?) != Kind::File {
            return Err(refuse(ErrorKind::Invalid, "the temporary file is no regular file any more"));
        }
        Ok(Self { file, here, target, live: AtomicBool::new(true) })
    }

    /// Its name: what a journal keeps.
    pub fn name(&self) -> &OsStr {
        &self.here.name
    }

    fn make_room(&self, size: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.file, rustix::fs::FallocateFlags::empty(), 0, size) {
            // Room is made while writing where it can't be made before.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets mode and time, and makes all of it last.
    pub fn finish(&self, dress: Dress) -> io::Result<()> {
        let mode = match dress.mode {
            Some(mode) => mode,
            None => self.mode_of_old()?.unwrap_or(0o666 & !umask()),
        };
        set_mode(&self.file, mode)?;
        if let Some(modified) = dress.modified {
            set_modified(&self.file, modified)?;
        }
        self.file.sync_data()
    }

    /// Who could read what is replaced, and nobody else, can read what replaces it.
    fn mode_of_old(&self) -> io::Result<Option<u32>> {
        let old = self.target.look()?.filter(|stat| row::kind_of(stat) == Kind::File);
        Ok(old.map(|stat| row::permissions(&stat)))
    }

    /// Gives it its name if `precondition` holds; else it stays a temporary file.
    pub fn publish(&self, precondition: &Precondition) -> io::Result<Stat> {
        let stat = fstat(&self.file)?;
        let old = self.target.look()?;
        if old.is_some_and(|old| row::kind_of(&old) == Kind::Dir) {
            return Err(refuse(ErrorKind::AlreadyExists, "a directory of that name is there"));
        }
        if !row::holds(precondition, old.as_ref()) {
            return Err(changed());
        }
        match precondition {
            Precondition::Absent => rename_new(&self.here, &self.target).map_err(conflict)?,
            _ => renameat(&self.here.dir, &self.here.name, &self.target.dir, &self.target.name)?,
        }
        self.live.store(false, Ordering::Release);
        self.target.flush_dir()?;
        Ok(stat)
    }

    /// From now on dropping it leaves it where it is.
    pub fn keep(&self) {
        self.live.store(false, Ordering::Release);
    }

    /// Removes it, unless it has its name.
    pub fn remove(&self) -> io::Result<()> {
        if !self.live.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        match unlinkat(&self.here.dir, &self.here.name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => {
                self.live.store(true, Ordering::Release);
                Err(error.into())
            }
        }
    }

    /// What it is in, for its row.
    pub fn target(&self) -> &Spot {
        &self.target
    }
}

impl Drop for Temp {
    /// Here and now, although it may block for a moment: a task handed to a runtime that is shutting
    /// down would not run, and the file would stay.
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, name = ?self.here.name, "a temporary file could not be removed");
        }
    }
}

fn changed() -> io::Error {
    refuse(ErrorKind::Conflict, "what is at the destination isn't what was shown")
}

fn conflict(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::AlreadyExists { changed() } else { error }
}

fn create_new(target: &Spot, job: Option<u32>) -> io::Result<(File, Spot)> {
    loop {
        let here = target.sibling(&new_name(job))?;
        match openat(&here.dir, &here.name, FLAGS | OFlags::CREATE | OFlags::EXCL, Mode::RUSR | Mode::WUSR) {
            Ok(file) => return Ok((File::from(file), here)),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The process's umask. Asking means setting it: once, and for the moment to a strict one.
fn umask() -> u32 {
    static UMASK: OnceLock<u32> = OnceLock::new();
    *UMASK.get_or_init(|| {
        let mask = rustix::process::umask(Mode::from_raw_mode(0o077));
        rustix::process::umask(mask);
        mask.bits() as _
    })
}
