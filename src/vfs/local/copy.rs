//! Copying a file by the kernel: shared blocks, or its own copy loop, holes kept.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::fs::Timespec;
use rustix::io::Errno;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::batch::{self, Ready};
use super::dress::Dress;
use super::place::{Place, Spot};
use super::read::{self, Source, read_full};
use super::row;
use super::run::{failure, off_loop_raw, refuse};
use super::space;
use super::temp::Temp;
use crate::cache::disk::share_blocks;
use crate::model::{Entry, ErrorKind, Op, Result, Uri, VfsError};
use crate::vfs::{Attributes, CopyOptions, Precondition, Progress};

/// Bytes between two looks at whether anybody still wants this.
const STEP: u64 = 8 << 20;

/// One end of a copy.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub place: Place,
    pub uri: Uri,
}

/// Who hears of the bytes that are done, and says when to stop.
struct Tell {
    heard: UnboundedSender<u64>,
    cancel: CancellationToken,
}

/// Copies a regular file with its mode and times. Cancelled or dropped midway it leaves nothing behind.
pub(super) async fn copy(from: End, to: End, options: CopyOptions, progress: Progress<'_>) -> Result<Entry> {
    let cancelled = VfsError::cancelled(Op::Copy, from.uri.clone());
    let (sender, mut heard) = unbounded_channel();
    let tell = Tell { heard: sender, cancel: options.cancel.clone() };
    let (no_flush, uri) = (options.no_flush, to.uri.clone());
    let mut work = Box::pin(off_loop_raw(move || copy_file(&from, &to, &options, &tell)));
    let outcome = loop {
        tokio::select! {
            biased;
            Some(bytes) = heard.recv() => progress(bytes),
            outcome = &mut work => break outcome,
        }
    };
    while let Ok(bytes) = heard.try_recv() {
        progress(bytes);
    }
    let ready = outcome.unwrap_or(Err(cancelled))?;
    let temp = ready.temp.clone();
    let stat = batch::commit_copy(ready, no_flush).await.map_err(|error| failure(Op::Copy, &uri, error))?;
    let target = temp.target();
    Ok(row::row(&target.dir, &target.name, row::name_of(&target.name), &stat))
}

/// Copies the bytes; what it gives lacks only its name.
fn copy_file(from: &End, to: &End, options: &CopyOptions, tell: &Tell) -> Result<Ready> {
    let at_source = |error| failure(Op::Copy, &from.uri, error);
    let at_target = |error| failure(Op::Copy, &to.uri, error);
    let shown = options.source.as_ref().and_then(|entry| entry.tag.clone());
    let bound = shown.map_or(Precondition::None, Precondition::Matches);
    let source = from.place.spot().and_then(|spot| read::open(&spot)).map_err(at_source)?;
    source.check(&bound).map_err(at_source)?;
    let target = to.place.spot().map_err(at_target)?;
    refuse_same(&source, &target).map_err(at_target)?;
    let temp = Temp::create(target, None, options.job).map_err(at_target)?;
    copy_bytes(&source, &temp.file, tell).map_err(at_target)?;
    source.check_unchanged().map_err(at_source)?;
    let precondition = options.precondition.clone();
    Ok(Ready { temp: Arc::new(temp), dress: dress_of(&source, &options.attributes), precondition })
}

/// Also by another name: what replaced one of two hard links would part them.
fn refuse_same(source: &Source, target: &Spot) -> io::Result<()> {
    let there = target.look()?;
    let same =
        there.is_some_and(|stat| (stat.st_dev, stat.st_ino) == (source.stat.st_dev, source.stat.st_ino));
    if same { Err(refuse(ErrorKind::Invalid, "both are the same file")) } else { Ok(()) }
}

/// As the source, but for what the copy shall have otherwise.
fn dress_of(source: &Source, other: &Attributes) -> Dress {
    let (seconds, nanos) = row::mtime(&source.stat);
    let modified = Timespec { tv_sec: seconds, tv_nsec: nanos as _ };
    let mut dress =
        Dress { mode: Some(row::permissions(&source.stat)), modified: Some(modified), size: None };
    dress.add(other);
    dress
}

fn copy_bytes(source: &Source, to: &File, tell: &Tell) -> io::Result<()> {
    let size = row::size(&source.stat);
    if size == 0 && read_full(&source.file, &mut [0], 0)? > 0 {
        return Err(refuse(ErrorKind::Unsupported, "the file doesn't tell its size"));
    }
    if share_blocks(&source.file, to).is_ok() {
        return told(tell, size);
    }
    space::check(to, row::allocated(&source.stat).min(size))?;
    let mut at = 0;
    while let Some((data, hole)) = next_data(&source.file, at, size) {
        told(tell, data - at)?;
        copy_range(&source.file, to, data, hole, tell)?;
        at = hole;
    }
    to.set_len(size)?;
    told(tell, size - at)
}

fn told(tell: &Tell, bytes: u64) -> io::Result<()> {
    let stop = || refuse(ErrorKind::Cancelled, "cancelled");
    if tell.cancel.is_cancelled() {
        return Err(stop());
    }
    tell.heard.send(bytes).map_err(|_| stop())
}

/// The next stretch of bytes that isn't a hole; none when nothing but a hole is left.
#[cfg(target_os = "linux")]
fn next_data(file: &File, at: u64, size: u64) -> Option<(u64, u64)> {
    use rustix::fs::{SeekFrom, seek};
    if at >= size {
        return None;
    }
    let data = match seek(file, SeekFrom::Data(at)) {
        Ok(data) => data,
        Err(Errno::NXIO) => return None,
        Err(_) => return Some((at, size)),
    };
    let hole = seek(file, SeekFrom::Hole(data)).unwrap_or(size);
    (data < size).then_some((data, hole.min(size)))
}

#[cfg(not(target_os = "linux"))]
fn next_data(_: &File, at: u64, size: u64) -> Option<(u64, u64)> {
    (at < size).then_some((at, size))
}

/// Copies a range by the kernel alone, which shares blocks where it can. `false` where it didn't copy all of it.
pub(super) fn range_by_kernel(from: &File, to: &File, mut at: u64, end: u64) -> bool {
    while at < end {
        match by_kernel(from, to, at, end - at) {
            Ok(Some(copied)) => at += copied,
            _ => return false,
        }
    }
    true
}

fn copy_range(from: &File, to: &File, mut at: u64, end: u64, tell: &Tell) -> io::Result<()> {
    let mut kernel = true;
    let mut buffer = Vec::new();
    while at < end {
        let want = STEP.min(end - at);
        let by_kernel = if kernel { by_kernel(from, to, at, want)? } else { None };
        kernel = by_kernel.is_some();
        let copied = match by_kernel {
            Some(copied) => copied,
            None => by_hand(from, to, at, want, &mut buffer)?,
        };
        at += copied;
        told(tell, copied)?;
    }
    Ok(())
}

/// `None` where the kernel can't do it between these two.
#[cfg(target_os = "linux")]
fn by_kernel(from: &File, to: &File, at: u64, want: u64) -> io::Result<Option<u64>> {
    let (mut from_at, mut to_at) = (at, at);
    match rustix::fs::copy_file_range(from, Some(&mut from_at), to, Some(&mut to_at), want as usize) {
        Ok(0) | Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => Ok(None),
        Ok(copied) => Ok(Some(copied as u64)),
        Err(Errno::INTR) => Ok(Some(0)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn by_kernel(_: &File, _: &File, _: u64, _: u64) -> io::Result<Option<u64>> {
    Ok(None)
}

fn by_hand(from: &File, to: &File, at: u64, want: u64, buffer: &mut Vec<u8>) -> io::Result<u64> {
    buffer.resize(want.min(1 << 20) as usize, 0);
    let got = read_full(from, buffer, at)?;
    if got == 0 {
        return Err(refuse(ErrorKind::Conflict, "the file became shorter while it was copied"));
    }
    to.write_all_at(&buffer[..got], at)?;
    Ok(got as u64)
}
