//! What a file or a directory has besides what is in it: mode and time of modification.

use std::fs::File;
use std::io;

use rustix::fs::{Mode, Timespec, Timestamps, UTIME_OMIT, fchmod, futimens};

use super::place::Place;
use super::row::timespec;
use crate::vfs::Attributes;

/// What a file shall have besides its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dress {
    pub mode: Option<u32>,
    pub modified: Option<Timespec>,
    /// Where it ends: what an earlier program may have left beyond is cut off.
    pub size: Option<u64>,
}

impl Dress {
    /// What of these attributes a disk keeps.
    pub fn of(attributes: &Attributes) -> Self {
        Self { mode: attributes.mode, modified: timespec(attributes), size: None }
    }

    /// Adds what is known by now.
    pub fn add(&mut self, more: &Attributes) {
        self.mode = more.mode.or(self.mode);
        self.modified = timespec(more).or(self.modified);
    }
}

/// Sets the permissions: suid, sgid and sticky are nobody's to hand on.
pub(super) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    Ok(fchmod(file, Mode::from_raw_mode((mode & 0o777) as _))?)
}

/// Sets the time of modification, and leaves that of the last reading.
pub(super) fn set_modified(file: &File, modified: Timespec) -> io::Result<()> {
    let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT as _ };
    Ok(futimens(file, &Timestamps { last_access: omit, last_modification: modified })?)
}

/// Gives a directory mode and time. The time first: the mode may take the right to.
pub(super) fn dress_dir(place: &Place, attributes: &Attributes) -> io::Result<()> {
    let dress = Dress::of(attributes);
    let dir = File::from(place.open_dir()?);
    if let Some(modified) = dress.modified {
        set_modified(&dir, modified)?;
    }
    dress.mode.map_or(Ok(()), |mode| set_mode(&dir, mode))
}
