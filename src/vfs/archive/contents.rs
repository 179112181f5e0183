//! What is in an archive: [`contents`] gives its [`Member`]s as they stand in it.

use std::io::{self, Read, Seek, SeekFrom};

use super::{tar, unpack, zip};
use crate::model::archive::ArchiveKind;
use crate::model::{Kind, Timestamp};

/// One member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path exactly as it is written.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// The bytes that it declares to have.
    pub size: u64,
    /// When it was modified. Zip files of DOS tell no zone: theirs is taken for UTC.
    pub modified: Option<Timestamp>,
    /// Its permission bits.
    pub mode: Option<u32>,
    /// Where a link points, or which member a hard link is; a zip file keeps that as the member's bytes.
    pub link: Option<Vec<u8>>,
    /// Where its bytes are.
    pub data: Data,
}

/// Where the bytes of a member are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Nowhere: it has none.
    None,
    /// In the tar file, unpacked: from this offset on.
    At(u64),
    /// In a zip file.
    Zip(Zipped),
    /// The same as another member's: a hard link.
    Same,
    /// In a way that isn't read here; why.
    Unreadable(&'static str),
}

/// A member of a zip file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zipped {
    /// Where its own header begins.
    pub header: u64,
    /// The bytes that it takes.
    pub packed: u64,
    /// How it is packed, by zip's number.
    pub method: u16,
    /// The CRC-32 of its bytes.
    pub crc: u32,
}

/// The longest path of a member, and the longest that a link says.
pub(super) const MOST_PATH: usize = 4096;

/// How much of an archive's directory is read.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// Members.
    pub members: usize,
    /// Bytes that they take in memory, with their names.
    pub held: usize,
    /// Bytes that are unpacked to get at them.
    pub unpacked: u64,
}

/// Reads the members of an archive into `members`; what was read before an error is in there.
///
/// # Errors
/// `FileTooLarge` where a bound is met, `InvalidData` for damage, and those of reading.
pub fn contents<R: Read + Seek>(
    kind: ArchiveKind,
    mut from: R,
    most: Most,
    members: &mut Vec<Member>,
) -> io::Result<()> {
    let mut gathering = Gathering::new(members, most);
    match kind {
        ArchiveKind::Zip => zip::members(&mut from, most.unpacked, &mut gathering),
        ArchiveKind::Tar => {
            let end = from.seek(SeekFrom::End(0))?;
            from.rewind()?;
            let skip = |from: &mut R, at: u64, by: u64| {
                if at.checked_add(by).is_none_or(|to| to > end) {
                    return Err(ended());
                }
                from.seek(SeekFrom::Start(at + by)).map(|_| ())
            };
            tar::members(&mut from, skip, &mut gathering)
        }
        ArchiveKind::TarGz | ArchiveKind::TarZst => {
            packed_tar(&mut unpack::whole(kind, from, most.unpacked)?, most, members)
        }
    }
}

/// Reads the members of a tar file as it is unpacked.
pub(super) fn packed_tar<R: Read>(from: &mut R, most: Most, members: &mut Vec<Member>) -> io::Result<()> {
    let skip = |from: &mut R, _: u64, by: u64| {
        let skipped = io::copy(&mut from.by_ref().take(by), &mut io::sink())?;
        if skipped < by { Err(ended()) } else { Ok(()) }
    };
    tar::members(from, skip, &mut Gathering::new(members, most))
}

/// Members as they are read, held to their bounds before the next one is.
pub(super) struct Gathering<'a> {
    members: &'a mut Vec<Member>,
    most: Most,
    held: usize,
}

impl<'a> Gathering<'a> {
    pub fn new(members: &'a mut Vec<Member>, most: Most) -> Self {
        Self { members, most, held: 0 }
    }

    /// That there may be one more.
    pub fn has_room(&self) -> io::Result<()> {
        if self.members.len() < self.most.members {
            return Ok(());
        }
        Err(too_large(format!("it has more than {} members", self.most.members)))
    }

    pub fn add(&mut self, member: Member) -> io::Result<()> {
        self.has_room()?;
        let link = member.link.as_ref().map_or(0, Vec::len);
        if member.path.len().max(link) > MOST_PATH {
            return Err(too_long());
        }
        self.held += size_of::<Member>() + member.path.len() + link;
        if self.held > self.most.held {
            return Err(too_large("the names in it take too much memory".into()));
        }
        self.members.push(member);
        Ok(())
    }
}

pub(super) fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

pub(super) fn ended() -> io::Error {
    damaged("the archive ends in the middle of a member")
}

fn too_large(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, why)
}

pub(super) fn too_long() -> io::Error {
    too_large(format!("a path in it is longer than {MOST_PATH} bytes"))
}
