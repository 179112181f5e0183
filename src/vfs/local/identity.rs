//! Which thing a path means, by device and inode.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Mode, OFlags, Stat, fstat, openat};

use super::place::{PASS, Place};
use super::row;
use crate::model::Tag;
use crate::vfs;
use crate::vfs::Identity;

/// How many directories are walked up, lest a strange file system has no top.
const DEEPEST: usize = 4_096;

/// The identity of what is there, or of the nearest directory above that is, with the names below.
pub(super) fn identify(place: &Place) -> io::Result<Identity> {
    let spot = match place.spot() {
        Ok(spot) => spot,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return below_parent(place, error),
        Err(error) => return Err(error),
    };
    let dirs = chain(&spot.dir)?;
    if let Some(stat) = spot.look()? {
        return Ok(Identity { place: place_of(&stat), below: Vec::new(), above: dirs });
    }
    let (nearest, above) = dirs.split_first().ok_or_else(|| io::Error::other("no directory"))?;
    Ok(Identity { place: nearest.clone(), below: spot.name.as_bytes().to_vec(), above: above.to_vec() })
}

fn below_parent(place: &Place, error: io::Error) -> io::Result<Identity> {
    let (Some(parent), Some(name)) = (place.path.parent(), place.path.file_name()) else { return Err(error) };
    let parent = Place { path: parent.to_path_buf(), joined: place.joined.saturating_sub(1) };
    let mut identity = identify(&parent)?;
    if !identity.below.is_empty() {
        identity.below.push(b'/');
    }
    identity.below.extend_from_slice(name.as_bytes());
    Ok(identity)
}

/// This directory and those above it, as far as the rights allow to look.
fn chain(dir: &OwnedFd) -> io::Result<Vec<vfs::Place>> {
    let mut dirs = vec![place_of(&fstat(dir.as_fd())?)];
    let mut at = dir.try_clone()?;
    while dirs.len() < DEEPEST {
        let Ok(up) = openat(&at, "..", PASS | OFlags::NOFOLLOW, Mode::empty()) else { break };
        let above = place_of(&fstat(&up)?);
        if dirs.last() == Some(&above) {
            break;
        }
        dirs.push(above);
        at = up;
    }
    Ok(dirs)
}

fn place_of(stat: &Stat) -> vfs::Place {
    match row::tag(stat) {
        Tag::File { dev, ino, .. } => vfs::Place::Inode { dev, ino },
        Tag::ETag(_) => unreachable!("a local tag is a file's"),
    }
}
