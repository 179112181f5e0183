//! The central directory of zip files, as far as their members need it.

use std::io::{self, Read, Seek, SeekFrom};

use super::contents::{Data, Gathering, Member, Zipped, damaged};
use crate::model::{Kind, Timestamp};

/// The end record without its comment, and the longest comment.
const END: usize = 22;
const MOST_COMMENT: u64 = 65_535;

/// Where the central directory is.
struct Directory {
    begin: u64,
    size: u64,
    /// What all offsets lack: something stands before the archive.
    shift: u64,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|n| bytes[at + n]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|n| bytes[at + n]))
}

/// Reads the members by a directory of at most so many bytes.
pub(super) fn members<R: Read + Seek>(
    from: &mut R,
    most: u64,
    members: &mut Gathering<'_>,
) -> io::Result<()> {
    let directory = find(from)?;
    from.seek(SeekFrom::Start(directory.begin))?;
    if directory.size > most {
        let why = format!("its directory has {} bytes: that is too much", directory.size);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    let mut from = io::BufReader::with_capacity(64 << 10, from.take(directory.size));
    loop {
        let mut head = [0; 46];
        match from.read(&mut head[..1])? {
            0 => return Ok(()),
            _ => from.read_exact(&mut head[1..])?,
        }
        if &head[..4] != b"PK\x01\x02" {
            // A signature may stand at its end.
            return if &head[..4] == b"PK\x05\x05" {
                Ok(())
            } else {
                Err(damaged("its directory is damaged"))
            };
        }
        members.has_room()?;
        let lens = [u16_at(&head, 28), u16_at(&head, 30), u16_at(&head, 32)].map(usize::from);
        let mut rest = vec![0; lens.iter().sum()];
        from.read_exact(&mut rest)?;
        members.add(member(&head, &rest[..lens[0]], &rest[lens[0]..lens[0] + lens[1]], directory.shift)?)?;
    }
}

/// Finds the directory by the record at the end of the file.
fn find<R: Read + Seek>(from: &mut R) -> io::Result<Directory> {
    let len = from.seek(SeekFrom::End(0))?;
    let begin = len.saturating_sub(MOST_COMMENT + END as u64 + 20);
    from.seek(SeekFrom::Start(begin))?;
    let mut tail = Vec::new();
    from.take(MOST_COMMENT + END as u64 + 20).read_to_end(&mut tail)?;
    let is_end = |at: &usize| {
        let whole = at + END + usize::from(u16_at(&tail, at + 20)) <= tail.len();
        &tail[*at..*at + 4] == b"PK\x05\x06" && whole
    };
    let last = tail.len().checked_sub(END).and_then(|last| (0..=last).rev().find(is_end));
    let at = last.ok_or_else(|| damaged("it has no directory at its end: it may be cut off"))?;
    let (size, offset) = (u32_at(&tail, at + 12), u32_at(&tail, at + 16));
    let large = at.checked_sub(20).filter(|at| &tail[*at..*at + 4] == b"PK\x06\x07");
    if let Some(locator) = large {
        return find_large(from, u64_at(&tail, locator + 8));
    }
    directory(begin + at as u64, size.into(), offset.into())
}

/// The directory of a file that is too large for the old record.
fn find_large<R: Read + Seek>(from: &mut R, at: u64) -> io::Result<Directory> {
    let mut record = [0; 56];
    from.seek(SeekFrom::Start(at))?;
    from.read_exact(&mut record)?;
    if &record[..4] != b"PK\x06\x06" {
        return Err(damaged("its directory is not where it should be"));
    }
    directory(at, u64_at(&record, 40), u64_at(&record, 48))
}

fn directory(end: u64, size: u64, offset: u64) -> io::Result<Directory> {
    let begin = end.checked_sub(size).ok_or_else(|| damaged("its directory is larger than the file"))?;
    let shift = begin.checked_sub(offset).ok_or_else(|| damaged("its directory is cut off"))?;
    Ok(Directory { begin, size, shift })
}

fn member(head: &[u8; 46], name: &[u8], extra: &[u8], shift: u64) -> io::Result<Member> {
    let flags = u16_at(head, 8);
    let (mut packed, mut size) = (u64::from(u32_at(head, 20)), u64::from(u32_at(head, 24)));
    let mut header = u64::from(u32_at(head, 42));
    let mut modified = dos_time(u16_at(head, 14), u16_at(head, 12));
    for (id, value) in extras(extra) {
        match id {
            1 => large(value, [(&mut size, 24), (&mut packed, 20), (&mut header, 42)], head),
            0x5455 if value.len() >= 5 && value[0] & 1 == 1 => {
                modified = Some(Timestamp(i64::from(u32_at(value, 1).cast_signed()) * 1000));
            }
            _ => {}
        }
    }
    let unix = matches!(head[5], 3 | 19).then(|| u32_at(head, 38) >> 16).filter(|mode| *mode != 0);
    let kind = match unix.map(|mode| mode & 0o170_000) {
        _ if name.last() == Some(&b'/') => Kind::Dir,
        Some(0o120_000) => Kind::Symlink,
        Some(0o040_000) => Kind::Dir,
        Some(0o010_000 | 0o020_000 | 0o060_000 | 0o140_000) => Kind::Special,
        _ => Kind::File,
    };
    let header = header.checked_add(shift).ok_or_else(|| damaged("its directory is damaged"))?;
    let zipped = Zipped { header, packed, method: u16_at(head, 10), crc: u32_at(head, 16) };
    let data = match zipped.method {
        _ if kind.is_dir() || kind == Kind::Special => Data::None,
        _ if flags & 1 != 0 => Data::Unreadable("it is encrypted, and no password is asked for here"),
        0 | 8 | 93 => Data::Zip(zipped),
        method => Data::Unreadable(unread(method)),
    };
    let size = if matches!(kind, Kind::File | Kind::Symlink) { size } else { 0 };
    Ok(Member {
        path: name.to_vec(),
        kind,
        size,
        modified,
        mode: unix.map(|mode| mode & 0o7777),
        link: None,
        data,
    })
}

/// Why a member isn't read that is packed by this method.
fn unread(method: u16) -> &'static str {
    match method {
        1..=6 => "it is packed by an old method of zip, which isn't read here",
        9 => "it is packed by Deflate64, which isn't read here",
        12 => "it is packed by bzip2, which isn't read here",
        14 => "it is packed by LZMA, which isn't read here",
        95 => "it is packed by xz, which isn't read here",
        98 => "it is packed by PPMd, which isn't read here",
        99 => "it is encrypted by AES, and no password is asked for here",
        _ => "it is packed by a method that isn't known here",
    }
}

/// The numbers that are too large for their fields: each in its order, where its field is full.
fn large(mut value: &[u8], fields: [(&mut u64, usize); 3], head: &[u8; 46]) {
    for (number, at) in fields {
        if u32_at(head, at) == u32::MAX && value.len() >= 8 {
            *number = u64_at(value, 0);
            value = &value[8..];
        }
    }
}

/// The extra fields: their numbers and values.
fn extras(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let len = usize::from(u16_at(bytes.get(..4)?, 2));
        let (id, value) = (u16_at(bytes, 0), bytes.get(4..4 + len)?);
        bytes = &bytes[4 + len..];
        Some((id, value))
    })
}

fn dos_time(date: u16, time: u16) -> Option<Timestamp> {
    let day = chrono::NaiveDate::from_ymd_opt(
        1980 + i32::from(date >> 9),
        u32::from(date >> 5 & 15),
        u32::from(date & 31),
    )?;
    let time =
        day.and_hms_opt(u32::from(time >> 11), u32::from(time >> 5 & 63), u32::from(time & 31) * 2 % 60)?;
    Some(Timestamp(time.and_utc().timestamp_millis()))
}

/// Reads past a member's own header: its bytes begin then.
pub(super) fn pass_header<R: Read>(from: &mut R) -> io::Result<()> {
    let mut head = [0; 30];
    from.read_exact(&mut head)?;
    if &head[..4] != b"PK\x03\x04" {
        return Err(damaged("the header of the member is not where it should be"));
    }
    let skip = u64::from(u16_at(&head, 26)) + u64::from(u16_at(&head, 28));
    let skipped = io::copy(&mut from.take(skip), &mut io::sink())?;
    if skipped < skip { Err(super::contents::ended()) } else { Ok(()) }
}
