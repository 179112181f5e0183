//! Renaming and removing, bound to what was shown.

use std::io;

use rustix::fs::{AtFlags, RenameFlags, Stat, linkat, renameat, renameat_with, unlinkat};
use rustix::io::Errno;

use super::place::Spot;
use super::row;
use super::run::refuse;
use crate::model::{ErrorKind, Kind, Tag};
use crate::vfs::Precondition;

/// Gives `from` the name `to` if nothing has it; `AlreadyExists` else.
pub(super) fn rename_new(from: &Spot, to: &Spot) -> io::Result<()> {
    match renameat_with(&from.dir, &from.name, &to.dir, &to.name, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => rename_new_by_hand(from, to),
        outcome => Ok(outcome?),
    }
}

/// For file systems that can't: a second name is given only where there is none, and the first one is
/// taken away. A directory can't have two names, but renaming one replaces nothing but an empty one.
fn rename_new_by_hand(from: &Spot, to: &Spot) -> io::Result<()> {
    if to.look()?.is_some() {
        return Err(Errno::EXIST.into());
    }
    if row::kind_of(&from.stat()?) != Kind::Dir {
        match linkat(&from.dir, &from.name, &to.dir, &to.name, AtFlags::empty()) {
            Ok(()) => return Ok(unlinkat(&from.dir, &from.name, AtFlags::empty())?),
            // FAT and its like know no second names: the look above has to do.
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(renameat(&from.dir, &from.name, &to.dir, &to.name)?)
}

/// Gives `from` the name `to`, in place of what is there if `precondition` holds.
pub(super) fn rename(from: &Spot, to: &Spot, precondition: &Precondition) -> io::Result<()> {
    let source = from.stat()?;
    let there = to.look()?;
    if let Some(there) = there.filter(|there| same_thing(there, &source)) {
        return rename_same(from, to, &there);
    }
    if !row::holds(precondition, there.as_ref()) {
        return Err(refuse(ErrorKind::Conflict, "what is at the new name isn't what was shown"));
    }
    if there.is_some_and(|there| Kind::Dir == row::kind_of(&there) || Kind::Dir == row::kind_of(&source)) {
        return Err(in_the_way());
    }
    let replaces = there.is_some();
    let outcome = if replaces {
        renameat(&from.dir, &from.name, &to.dir, &to.name).map_err(io::Error::from)
    } else {
        rename_new(from, to)
    };
    outcome.map_err(|error| explain(error, precondition))?;
    flush_both(from, to)
}

/// Two names of one thing: on a case-blind disk it may be the same name in other letters. Between two
/// hard links `rename` would report success and do nothing.
fn rename_same(from: &Spot, to: &Spot, there: &Stat) -> io::Result<()> {
    let other_letters = from.name != to.name && from.name.eq_ignore_ascii_case(&to.name);
    if other_letters && (there.st_nlink == 1 || row::kind_of(there) == Kind::Dir) {
        renameat(&from.dir, &from.name, &to.dir, &to.name)?;
        return flush_both(from, to);
    }
    Err(refuse(ErrorKind::Invalid, "both names are the same file"))
}

fn same_thing(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

fn in_the_way() -> io::Error {
    refuse(ErrorKind::AlreadyExists, "something of the new name is there")
}

fn explain(error: io::Error, precondition: &Precondition) -> io::Error {
    match Errno::from_io_error(&error) {
        Some(Errno::XDEV) => refuse(ErrorKind::Unsupported, "the two are on different file systems"),
        Some(Errno::INVAL) => refuse(ErrorKind::Invalid, "a directory can't go into itself"),
        Some(Errno::EXIST | Errno::NOTEMPTY) if *precondition == Precondition::None => in_the_way(),
        Some(Errno::EXIST | Errno::NOTEMPTY) => {
            refuse(ErrorKind::Conflict, "something took the new name meanwhile")
        }
        _ => error,
    }
}

fn flush_both(from: &Spot, to: &Spot) -> io::Result<()> {
    to.flush_dir()?;
    from.flush_dir()
}

/// Removes what is there: a directory only if it is empty, a link itself.
pub(super) fn remove(spot: &Spot, precondition: &Precondition) -> io::Result<()> {
    let stat = spot.stat()?;
    if !row::holds(precondition, Some(&stat)) {
        return Err(refuse(ErrorKind::Conflict, "it isn't what was shown"));
    }
    let is_dir = row::kind_of(&stat) == Kind::Dir;
    unlinkat(&spot.dir, &spot.name, if is_dir { AtFlags::REMOVEDIR } else { AtFlags::empty() })
        .map_err(explain_removal)
}

/// The same for a row that was shown as `kind`: it isn't removed as anything else.
pub(super) fn remove_shown(spot: &Spot, kind: Kind, expect: Option<&Tag>) -> io::Result<()> {
    if row::kind_of(&spot.stat()?) != kind {
        return Err(refuse(ErrorKind::Conflict, "it isn't the kind of thing that was shown"));
    }
    remove(spot, &expect.cloned().map_or(Precondition::None, Precondition::Matches))
}

fn explain_removal(error: Errno) -> io::Error {
    match error {
        // Both are allowed for a directory that isn't empty.
        Errno::EXIST | Errno::NOTEMPTY => Errno::NOTEMPTY.into(),
        Errno::ISDIR | Errno::NOTDIR => {
            refuse(ErrorKind::Conflict, "something else took its place meanwhile")
        }
        error => error.into(),
    }
}
