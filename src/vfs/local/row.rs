//! From what the operating system tells to an [`Entry`].

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, FileType, Stat, Timespec, readlinkat, statat};

use crate::model::{Entry, Kind, Link, Name, Tag, Timestamp};
use crate::vfs::{Attributes, Precondition};

/// The kind of a file type.
pub(super) fn kind(file_type: FileType) -> Kind {
    match file_type {
        FileType::Directory => Kind::Dir,
        FileType::Symlink => Kind::Symlink,
        FileType::RegularFile => Kind::File,
        _ => Kind::Special,
    }
}

/// The kind of what a call told of.
pub(super) fn kind_of(stat: &Stat) -> Kind {
    kind(FileType::from_raw_mode(stat.st_mode))
}

/// Its fingerprint.
#[allow(clippy::unnecessary_cast, clippy::cast_lossless, reason = "the widths differ between systems")]
pub(super) fn tag(stat: &Stat) -> Tag {
    let (seconds, nanos) = mtime(stat);
    let mtime_ns = seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Tag::File { dev: stat.st_dev as u64, ino: stat.st_ino as u64, mtime_ns }
}

/// Its permission bits, without suid, sgid and sticky.
#[allow(clippy::unnecessary_cast, clippy::cast_lossless, reason = "the widths differ between systems")]
pub(super) fn permissions(stat: &Stat) -> u32 {
    stat.st_mode as u32 & 0o777
}

fn modified(stat: &Stat) -> Timestamp {
    let (seconds, nanos) = mtime(stat);
    Timestamp(seconds.saturating_mul(1_000) + nanos / 1_000_000)
}

/// When it was modified: seconds since 1970, and nanoseconds.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_lossless,
    clippy::useless_conversion,
    reason = "the widths differ"
)]
pub(super) fn mtime(stat: &Stat) -> (i64, i64) {
    (stat.st_mtime as i64, i64::try_from(stat.st_mtime_nsec).unwrap_or(0))
}

/// The time of modification that attributes carry.
pub(super) fn timespec(attributes: &Attributes) -> Option<Timespec> {
    let nanos = attributes.modified_ns()?;
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    Some(Timespec { tv_sec: seconds, tv_nsec: nanos.rem_euclid(1_000_000_000) as _ })
}

/// Its size in bytes.
pub(super) fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// A row. `dir` and `name` are for what a link alone can tell.
pub(super) fn row(dir: impl AsFd, name: &OsStr, shown: Name, stat: &Stat) -> Entry {
    let kind = kind_of(stat);
    let mut row = Entry::new(shown, kind);
    row.size = (kind == Kind::File).then(|| size(stat));
    row.modified = Some(modified(stat));
    row.tag = Some(tag(stat));
    row.mode = (kind != Kind::Symlink).then_some(stat.st_mode & 0o7777);
    if kind == Kind::Symlink {
        row.link = link(dir, name);
    }
    row
}

/// How many bytes of a disk it takes: fewer than its size where it has holes.
pub(super) fn allocated(stat: &Stat) -> u64 {
    u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512)
}

fn link(dir: impl AsFd, name: &OsStr) -> Option<Box<Link>> {
    let target = readlinkat(&dir, name, Vec::new()).ok()?;
    let leads_to = statat(&dir, name, AtFlags::empty()).ok().map(|stat| kind_of(&stat));
    Some(Box::new(Link { target: Name::from(target.as_bytes()), leads_to }))
}

/// Whether what is there now (if anything) is what was asked for. A directory's time changes with what
/// it holds, so a directory need only be the same one.
pub(super) fn holds(precondition: &Precondition, now: Option<&Stat>) -> bool {
    match (precondition, now) {
        (Precondition::None, _) | (Precondition::Absent, None) => true,
        (Precondition::Absent, Some(_)) | (Precondition::Matches(_), None) => false,
        (Precondition::Matches(asked), Some(stat)) if kind_of(stat) == Kind::Dir => {
            inode(asked) == inode(&tag(stat))
        }
        (Precondition::Matches(asked), Some(stat)) => *asked == tag(stat),
    }
}

fn inode(tag: &Tag) -> Option<(u64, u64)> {
    match tag {
        Tag::File { dev, ino, .. } => Some((*dev, *ino)),
        Tag::ETag(_) => None,
    }
}

/// The bytes of a name.
pub(super) fn name_of(name: &OsStr) -> Name {
    Name::from(name.as_bytes())
}
