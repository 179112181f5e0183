//! The file that bytes go to before they get their name: [`Temp`].

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags, Stat, fstat, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::dress::{Dress, set_mode, set_modified};
use super::place::Spot;
use super::rename::rename_new;
use super::row;
use super::run::refuse;
use super::space;
use super::sweep::{is_ours, new_name};
use crate::model::{ErrorKind, Kind};
use crate::vfs::Precondition;

/// A temporary file beside its destination. Dropping it removes it, unless it got its name.
#[derive(Debug)]
pub(super) struct Temp {
    pub file: File,
    /// Tells which of two was opened first.
    pub born: u64,
    here: Spot,
    target: Spot,
    live: AtomicBool,
    /// Whether it stays when it is dropped.
    kept: AtomicBool,
}

const FLAGS: OFlags = OFlags::RDWR.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Temp {
    /// A new one, beside `target`, with room for `size` bytes. It is readable by its owner alone.
    pub fn create(target: Spot, size: Option<u64>, job: Option<u32>) -> io::Result<Self> {
        if target.look()?.is_some_and(|stat| row::kind_of(&stat) == Kind::Dir) {
            return Err(refuse(ErrorKind::AlreadyExists, "a directory of that name is there"));
        }
        let (file, here) = create_new(&target, job)?;
        let temp = Self::new(file, here, target);
        temp.make_room(size)?;
        Ok(temp)
    }

    /// One that an earlier program left, by its name.
    pub fn reopen(target: Spot, name: &str, size: Option<u64>) -> io::Result<Self> {
        if !is_ours(name) {
            return Err(refuse(ErrorKind::Invalid, "that is no name of a temporary file of bifold's"));
        }
        let here = target.sibling(name);
        check_private(&here.stat()?)?;
        let file = File::from(openat(&here.dir, name, FLAGS | OFlags::NONBLOCK, Mode::empty())?);
        check_private(&fstat(&file)?)?;
        let temp = Self::new(file, here, target);
        if let Err(error) = temp.make_room(size) {
            temp.keep();
            return Err(error);
        }
        Ok(temp)
    }

    fn new(file: File, here: Spot, target: Spot) -> Self {
        static BORN: AtomicU64 = AtomicU64::new(0);
        let born = BORN.fetch_add(1, Ordering::Relaxed);
        Self { file, born, here, target, live: AtomicBool::new(true), kept: AtomicBool::new(false) }
    }

    fn make_room(&self, size: Option<u64>) -> io::Result<()> {
        size.filter(|size| *size > 0).map_or(Ok(()), |size| space::take(&self.file, size))
    }

    /// Its name: what a journal keeps.
    pub fn name(&self) -> &OsStr {
        &self.here.name
    }

    /// The file system that it is on.
    #[allow(clippy::unnecessary_cast, clippy::cast_lossless, reason = "the widths differ between systems")]
    pub fn device(&self) -> io::Result<u64> {
        Ok(fstat(&self.file)?.st_dev as u64)
    }

    /// Sets size, mode and time.
    pub fn prepare(&self, dress: Dress) -> io::Result<()> {
        if let Some(size) = dress.size.filter(|size| self.file.metadata().is_ok_and(|now| now.len() != *size))
        {
            self.file.set_len(size)?;
        }
        let mode = match dress.mode {
            Some(mode) => mode,
            None => self.mode_of_old()?.unwrap_or(0o666 & !umask()),
        };
        set_mode(&self.file, mode)?;
        dress.modified.map_or(Ok(()), |modified| set_modified(&self.file, modified))
    }

    /// Makes all that was written last.
    pub fn flush(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Who could read what is replaced, and nobody else, can read what replaces it.
    fn mode_of_old(&self) -> io::Result<Option<u32>> {
        let old = self.target.look()?.filter(|stat| row::kind_of(stat) == Kind::File);
        Ok(old.map(|stat| row::permissions(&stat)))
    }

    /// Gives it its name if `precondition` holds; else it stays a temporary file. The name lasts once the
    /// directory of [`Self::target`] is flushed.
    pub fn publish(&self, precondition: &Precondition) -> io::Result<Stat> {
        let stat = fstat(&self.file)?;
        self.check_still_here(&stat)?;
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
        Ok(stat)
    }

    /// That its name is still its own: something else of that name isn't what was written.
    fn check_still_here(&self, own: &Stat) -> io::Result<()> {
        let there = self.here.look()?;
        let same = there.is_some_and(|there| (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino));
        if same {
            Ok(())
        } else {
            Err(refuse(ErrorKind::Conflict, "another program took the temporary file away"))
        }
    }

    /// From now on dropping it leaves it where it is.
    pub fn keep(&self) {
        self.kept.store(true, Ordering::Release);
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
        if self.kept.load(Ordering::Acquire) {
            return;
        }
        if let Err(error) = self.remove() {
            tracing::warn!(%error, name = ?self.here.name, "a temporary file could not be removed");
        }
    }
}

/// That a file which was left is a regular one of our own, which is nowhere else: by a planted pipe or
/// a second name, what is written here would go elsewhere.
fn check_private(stat: &Stat) -> io::Result<()> {
    let own = stat.st_uid == rustix::process::geteuid().as_raw() && stat.st_nlink == 1;
    if own && row::kind_of(stat) == Kind::File {
        return Ok(());
    }
    Err(refuse(ErrorKind::Invalid, "the temporary file isn't the one that was written"))
}

fn changed() -> io::Error {
    refuse(ErrorKind::Conflict, "what is at the destination isn't what was shown")
}

fn conflict(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::AlreadyExists { changed() } else { error }
}

fn create_new(target: &Spot, job: Option<u32>) -> io::Result<(File, Spot)> {
    loop {
        let here = target.sibling(&new_name(job));
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
