//! Room for what is to be written: looked for before, so that a disk isn't filled in vain.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use humansize::{DECIMAL, format_size};
use rustix::fs::{FallocateFlags, fallocate, fstat, fstatvfs};
use rustix::io::Errno;

use super::row;
use super::run::Refused;
use crate::model::ErrorKind;

/// Takes room for the first `size` bytes of a file, so that they can't run out while they arrive.
pub(super) fn take(file: &File, size: u64) -> io::Result<()> {
    // What it has already, as when a write goes on, needs no room again.
    check(file, size.saturating_sub(row::allocated(&fstat(file)?)))?;
    match fallocate(file, FallocateFlags::empty(), 0, size) {
        // Room is made while writing where it can't be made before.
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
        Err(Errno::NOSPC) => Err(too_little(size, free(file))),
        Err(error) => Err(error.into()),
    }
}

/// That `size` bytes could be there. Looking is cheap, while taking them fills the disk before it fails.
pub(super) fn check(file: impl AsFd, size: u64) -> io::Result<()> {
    match free(file) {
        Some(free) if size > free => Err(too_little(size, Some(free))),
        _ => Ok(()),
    }
}

/// The free bytes of the file system; `None` where it doesn't tell (some network file systems say 0 of 0).
fn free(file: impl AsFd) -> Option<u64> {
    let stat = fstatvfs(file).ok().filter(|stat| stat.f_blocks > 0)?;
    let blocks = if rustix::process::geteuid().is_root() { stat.f_bfree } else { stat.f_bavail };
    Some(blocks.saturating_mul(stat.f_frsize))
}

fn too_little(size: u64, free: Option<u64>) -> io::Error {
    let needed = format_size(size, DECIMAL);
    let reason = match free {
        Some(free) => format!("{needed} needed, {} free on that disk", format_size(free, DECIMAL)),
        None => format!("{needed} needed, more than is free on that disk"),
    };
    let hint = "free some space, or choose another destination";
    Refused::new(ErrorKind::NoSpace, reason).with_hint(hint).into()
}
