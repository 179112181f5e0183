//! The headers of tar files: the old form, ustar, and the additions of GNU and pax.

use std::io::{self, Read};

use super::contents::{Data, Gathering, MOST_PATH, Member, damaged, ended, too_long};
use crate::model::{Kind, Timestamp};

const BLOCK: usize = 512;

/// The most bytes of a pax header: more than names may be in it.
const MOST_LONG: u64 = 1 << 20;

/// What headers before a member say of it.
#[derive(Debug, Default)]
struct Before {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    modified: Option<Timestamp>,
    sparse: bool,
}

/// Reads the members one after the other; `skip` passes over bytes: from which offset, and how many.
pub(super) fn members<R: Read>(
    from: &mut R,
    mut skip: impl FnMut(&mut R, u64, u64) -> io::Result<()>,
    members: &mut Gathering<'_>,
) -> io::Result<()> {
    let (mut at, mut before) = (0u64, Before::default());
    let mut block = [0; BLOCK];
    while fill(from, &mut block)? {
        at += BLOCK as u64;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        check(&block, at)?;
        let kind = block[156];
        let declared = number(&block[124..136])?;
        if matches!(kind, b'L' | b'K' | b'x' | b'g') {
            if matches!(kind, b'L' | b'K') && declared > MOST_PATH as u64 + 1 {
                return Err(too_long());
            }
            let text = long(from, declared)?;
            at += padded(declared);
            before.take(kind, &text)?;
            continue;
        }
        members.has_room()?;
        if kind == b'S' {
            at += sparse_headers(from, &block)?;
        }
        let size = before.size.unwrap_or(declared);
        let member = member(&block, std::mem::take(&mut before), at)?;
        // Only what is a file has bytes behind its header, whatever the others declare.
        let has_bytes = !matches!(kind, b'1'..=b'6');
        members.add(member)?;
        if has_bytes {
            let by = size.checked_next_multiple_of(BLOCK as u64).ok_or_else(ended)?;
            skip(from, at, by)?;
            at += by;
        }
    }
    Ok(())
}

/// Reads a block; `false` at the end of the file.
fn fill<R: Read>(from: &mut R, block: &mut [u8; BLOCK]) -> io::Result<bool> {
    let mut got = 0;
    while got < BLOCK {
        match from.read(&mut block[got..]) {
            Ok(0) if got == 0 => return Ok(false),
            Ok(0) => return Err(ended()),
            Ok(more) => got += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn check(block: &[u8; BLOCK], end: u64) -> io::Result<()> {
    let told = number(&block[148..156]);
    let sum = |byte: &dyn Fn(u8) -> i64| -> i64 {
        let blank = |at: usize| (148..156).contains(&at);
        block.iter().enumerate().map(|(at, it)| if blank(at) { 32 } else { byte(*it) }).sum()
    };
    let fits = |sum: i64| told.as_ref().is_ok_and(|told| i64::try_from(*told) == Ok(sum));
    if fits(sum(&|byte| byte.into())) || fits(sum(&|byte| byte.cast_signed().into())) {
        return Ok(());
    }
    Err(damaged(&format!("there is no header of a member at byte {}", end - BLOCK as u64)))
}

fn padded(size: u64) -> u64 {
    size.div_ceil(BLOCK as u64) * BLOCK as u64
}

/// A long name or a pax header, and the padding behind it.
fn long<R: Read>(from: &mut R, size: u64) -> io::Result<Vec<u8>> {
    if size > MOST_LONG {
        return Err(damaged("a name in it is longer than a megabyte"));
    }
    let mut text = Vec::new();
    from.take(padded(size)).read_to_end(&mut text)?;
    if (text.len() as u64) < padded(size) {
        return Err(ended());
    }
    text.truncate(size as usize);
    Ok(text)
}

/// Passes over the headers that continue an old sparse file's; gives their bytes.
fn sparse_headers<R: Read>(from: &mut R, block: &[u8; BLOCK]) -> io::Result<u64> {
    let (mut more, mut bytes) = (block[482] != 0, 0);
    let mut next = [0; BLOCK];
    while more {
        if !fill(from, &mut next)? || bytes > MOST_LONG {
            return Err(ended());
        }
        bytes += BLOCK as u64;
        more = next[504] != 0;
    }
    Ok(bytes)
}

impl Before {
    fn take(&mut self, kind: u8, text: &[u8]) -> io::Result<()> {
        match kind {
            b'L' => self.path = Some(until_nul(text).to_vec()),
            b'K' => self.link = Some(until_nul(text).to_vec()),
            b'x' => self.pax(text),
            // What is said of all members is of no use here.
            _ => {}
        }
        let longest = [&self.path, &self.link].into_iter().flatten().map(Vec::len).max();
        if longest.is_some_and(|len| len > MOST_PATH) { Err(too_long()) } else { Ok(()) }
    }

    /// Lines of `length key=value`, the length counting itself.
    fn pax(&mut self, mut text: &[u8]) {
        while let Some(space) = text.iter().position(|byte| *byte == b' ') {
            let len = std::str::from_utf8(&text[..space]).ok().and_then(|len| len.parse::<usize>().ok());
            let Some(record) = len.and_then(|len| text.get(space + 1..len)) else { return };
            text = &text[space + 1 + record.len()..];
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            if let Some(equals) = record.iter().position(|byte| *byte == b'=') {
                self.say(&record[..equals], &record[equals + 1..]);
            }
        }
    }

    fn say(&mut self, key: &[u8], value: &[u8]) {
        let text = || std::str::from_utf8(value).unwrap_or_default();
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = text().parse().ok(),
            b"mtime" => {
                let seconds = text().parse::<f64>().ok().filter(|seconds| seconds.abs() < 1e11);
                self.modified = seconds.map(|seconds| Timestamp((seconds * 1000.0) as i64));
            }
            key if key.starts_with(b"GNU.sparse") => self.sparse = true,
            _ => {}
        }
    }
}

fn member(block: &[u8; BLOCK], before: Before, at: u64) -> io::Result<Member> {
    let path = before.path.unwrap_or_else(|| name(block));
    let link = before.link.unwrap_or_else(|| until_nul(&block[157..257]).to_vec());
    let size = before.size.map_or_else(|| number(&block[124..136]), Ok)?;
    let seconds = number(&block[136..148]).ok().and_then(|seconds| i64::try_from(seconds).ok());
    let modified = before.modified.or(seconds.and_then(|seconds| seconds.checked_mul(1000)).map(Timestamp));
    let mode = number(&block[100..108]).ok().map(|mode| (mode & 0o7777) as u32);
    let (kind, data) = match block[156] {
        b'5' => (Kind::Dir, Data::None),
        b'0' | b'7' | 0 if path.last() == Some(&b'/') => (Kind::Dir, Data::None),
        b'2' => (Kind::Symlink, Data::None),
        b'1' => (Kind::File, Data::Same),
        b'3' | b'4' | b'6' => (Kind::Special, Data::None),
        b'S' => (Kind::File, Data::Unreadable("it is a sparse file, whose holes aren't known here")),
        _ if before.sparse => {
            (Kind::File, Data::Unreadable("it is a sparse file, whose holes aren't known here"))
        }
        _ => (Kind::File, Data::At(at)),
    };
    let links = matches!(block[156], b'1' | b'2');
    let size = if kind == Kind::File && !links { size } else { 0 };
    Ok(Member { path, kind, size, modified, mode, link: links.then_some(link), data })
}

fn name(block: &[u8; BLOCK]) -> Vec<u8> {
    let (name, prefix) = (until_nul(&block[..100]), until_nul(&block[345..500]));
    // GNU's own form has times where ustar has the beginning of the name.
    if &block[257..263] == b"ustar\0" && !prefix.is_empty() {
        return [prefix, b"/", name].concat();
    }
    name.to_vec()
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, or in GNU's form for large ones.
fn number(field: &[u8]) -> io::Result<u64> {
    if field[0] & 0x80 != 0 {
        let mut bytes = field.to_vec();
        bytes[0] &= 0x7f;
        let (high, low) = bytes.split_at(bytes.len() - 8);
        if high.iter().any(|byte| *byte != 0) {
            return Err(damaged("a number in it is too large"));
        }
        return Ok(low.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    }
    let digits = until_nul(field).trim_ascii();
    let octal = |sum: u64, digit: &u8| match digit {
        b'0'..=b'7' => Ok(sum << 3 | u64::from(digit - b'0')),
        _ => Err(damaged("a number in it has other digits than octal ones")),
    };
    digits.iter().try_fold(0, octal)
}
