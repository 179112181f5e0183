//! Reading a file, bound to what was shown of it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use rustix::fs::{Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;

use super::place::{Place, Spot};
use super::row;
use super::run::{off_loop, refuse};
use crate::model::{ErrorKind, Kind, Op, Result, Uri};
use crate::vfs::{Body, Precondition};

/// Bytes that one call reads: large enough that the hop to a blocking thread costs nothing.
const CHUNK: u64 = 1 << 20;

/// A regular file as it was when it was opened.
#[derive(Debug)]
pub(super) struct Source {
    pub file: File,
    pub stat: Stat,
}

const NO_FILE: &str = "it is no regular file, and only those are opened";

/// Opens a regular file, and nothing else: opening a pipe would block, opening a device may act.
pub(super) fn open(spot: &Spot) -> io::Result<Source> {
    if row::kind_of(&spot.stat()?) != Kind::File {
        return Err(refuse(ErrorKind::Unsupported, NO_FILE));
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match openat(&spot.dir, &spot.name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::LOOP) => return Err(refuse(ErrorKind::Unsupported, NO_FILE)),
        Err(error) => return Err(error.into()),
    };
    // It may have been replaced between the look and the opening.
    let stat = fstat(&file)?;
    if row::kind_of(&stat) != Kind::File {
        return Err(refuse(ErrorKind::Unsupported, NO_FILE));
    }
    Ok(Source { file, stat })
}

impl Source {
    /// That it carries the tag that was shown.
    pub fn check(&self, precondition: &Precondition) -> io::Result<()> {
        if row::holds(precondition, Some(&self.stat)) { Ok(()) } else { Err(changed()) }
    }

    /// That it is still what it was when it was opened.
    pub fn check_unchanged(&self) -> io::Result<()> {
        let now = fstat(&self.file)?;
        let same = row::tag(&now) == row::tag(&self.stat) && now.st_size == self.stat.st_size;
        if same { Ok(()) } else { Err(changed()) }
    }
}

fn changed() -> io::Error {
    refuse(ErrorKind::Conflict, "the file changed since it was shown")
}

/// A read under way.
struct Reading {
    source: Arc<Source>,
    uri: Uri,
    at: u64,
    /// Where it ends; the end of the file for files that don't tell their size (as in `/proc`).
    end: Option<u64>,
    bound: bool,
    done: bool,
}

/// The bytes in `range`.
pub(super) async fn read(
    place: Place,
    uri: Uri,
    range: Option<Range<u64>>,
    precondition: Precondition,
) -> Result<Body> {
    let bound = precondition != Precondition::None;
    let opening = move || {
        let source = open(&place.spot()?)?;
        source.check(&precondition)?;
        let (at, end) = span(range, row::size(&source.stat))?;
        Ok((source, at, end))
    };
    let (source, at, end) = off_loop(Op::Read, &uri, opening).await?;
    let reading = Reading { source: Arc::new(source), uri, at, end, bound, done: false };
    Ok(stream::unfold(reading, next).boxed())
}

/// Where to begin and to end.
fn span(range: Option<Range<u64>>, size: u64) -> io::Result<(u64, Option<u64>)> {
    match range {
        None if size == 0 => Ok((0, None)),
        None => Ok((0, Some(size))),
        Some(range) if range.start >= range.end => Ok((range.start, Some(range.start))),
        Some(range) if range.start >= size => {
            Err(refuse(ErrorKind::Invalid, "the range begins beyond the end of the file"))
        }
        Some(range) => Ok((range.start, Some(range.end.min(size)))),
    }
}

async fn next(mut reading: Reading) -> Option<(Result<Bytes>, Reading)> {
    if reading.done {
        return None;
    }
    let (source, at, end, bound) = (reading.source.clone(), reading.at, reading.end, reading.bound);
    let chunk = off_loop(Op::Read, &reading.uri, move || read_chunk(&source, at, end, bound)).await;
    match chunk {
        Ok(bytes) if bytes.is_empty() => None,
        Ok(bytes) => {
            reading.at += bytes.len() as u64;
            Some((Ok(bytes), reading))
        }
        Err(error) => {
            reading.done = true;
            Some((Err(error), reading))
        }
    }
}

/// The next bytes; none at the end. The last ones are given only if the file is still the same.
fn read_chunk(source: &Source, at: u64, end: Option<u64>, bound: bool) -> io::Result<Bytes> {
    let want = end.map_or(CHUNK, |end| CHUNK.min(end - at));
    let mut buffer = vec![0; want as usize];
    let got = read_full(&source.file, &mut buffer, at)?;
    if end.is_some() && got < buffer.len() {
        return Err(refuse(ErrorKind::Conflict, "the file became shorter while it was read"));
    }
    buffer.truncate(got);
    let last = end.map_or(got == 0, |end| at + got as u64 >= end);
    if last && bound {
        source.check_unchanged()?;
    }
    Ok(buffer.into())
}

/// Reads until the buffer is full or the file ends.
pub(super) fn read_full(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read_at(&mut buffer[got..], at + got as u64) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}
