//! The names of temporary files, and removing those that a killed attempt left.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, Dir, statat, unlinkat};
use rustix::io::Errno;

use super::place::Place;
use super::row;
use crate::model::Kind;

const BEGIN: &str = ".bifold-";
const END: &str = ".part";

/// A new name for a temporary file: the tag of the job that it is for, where there is one, and chance.
pub(super) fn new_name(job: Option<u32>) -> String {
    match job {
        Some(job) => format!("{BEGIN}{job:08x}{:08x}{END}", fastrand::u32(..)),
        None => format!("{BEGIN}{:016x}{END}", fastrand::u64(..)),
    }
}

/// Whether a temporary file can be called so: nothing but digits in it, so no way to another directory.
pub(super) fn is_ours(name: &str) -> bool {
    let id = name.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    id.is_some_and(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Removes the temporary files of a job in a directory, but for those in `keep`.
pub(super) fn sweep(place: &Place, job: u32, keep: &[String]) -> io::Result<u64> {
    let dir = place.open_dir()?;
    let begin = format!("{BEGIN}{job:08x}");
    let mut removed = 0;
    for entry in Dir::new(dir.try_clone()?)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        let left = is_ours(name) && name.starts_with(&begin) && !keep.iter().any(|kept| kept == name);
        removed += u64::from(left && remove(&dir, OsStr::from_bytes(name.as_bytes()))?);
    }
    Ok(removed)
}

/// Removes what we may have put there: a file or a link of our own user, nothing else.
fn remove(dir: &OwnedFd, name: &OsStr) -> io::Result<bool> {
    let stat = match statat(dir.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(false),
        stat => stat?,
    };
    let ours = stat.st_uid == rustix::process::geteuid().as_raw();
    if !ours || !matches!(row::kind_of(&stat), Kind::File | Kind::Symlink) {
        return Ok(false);
    }
    match unlinkat(dir, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(false),
        outcome => Ok(outcome.map(|()| true)?),
    }
}
