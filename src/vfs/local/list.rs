//! Listing a directory, a page at a time.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::stream::{self, BoxStream, StreamExt};
use rustix::fs::{AtFlags, Dir, DirEntry, FileType, statat};
use rustix::io::Errno;
use tokio::sync::mpsc;

use super::place::Place;
use super::row;
use super::run::failure;
use crate::model::{Entry, Kind, Op, Page, Result, Source, Timestamp, Uri};

/// Rows on a page.
const PAGE: usize = 1_000;

/// How many pages wait for their reader before the disk is read further.
const AHEAD: usize = 2;

/// Lists on a blocking thread, which ends soon after the stream is dropped.
pub(super) fn list(place: Place, uri: Uri) -> BoxStream<'static, Result<Page>> {
    let start = move || {
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = send_pages(&place, &sender) {
                // Nobody to tell means that nobody waits.
                drop(sender.blocking_send(Err(failure(Op::List, &uri, error))));
            }
        });
        receiver
    };
    let pages = stream::unfold((Some(start), None), |(start, receiver)| async move {
        let mut receiver = start.map(|start| start()).or(receiver)?;
        let page = receiver.recv().await?;
        Some((page, (None, Some(receiver))))
    });
    pages.boxed()
}

fn send_pages(place: &Place, sender: &mpsc::Sender<Result<Page>>) -> io::Result<()> {
    let read_at = now();
    let dir = place.open_dir()?;
    let mut rows = Vec::new();
    let mut sent = false;
    // `read_from` would open `.`, which needs the right to enter, not only to read.
    for entry in Dir::new(dir.try_clone()?)? {
        if sender.is_closed() {
            return Ok(());
        }
        rows.extend(row_of(&dir, &entry?));
        if rows.len() == PAGE {
            sent = true;
            if sender.blocking_send(Ok(page(std::mem::take(&mut rows), read_at))).is_err() {
                return Ok(());
            }
        }
    }
    if !rows.is_empty() || !sent {
        drop(sender.blocking_send(Ok(page(rows, read_at))));
    }
    Ok(())
}

fn page(rows: Vec<Entry>, read_at: Timestamp) -> Page {
    Page { entries: Arc::new(rows), read_at, source: Source::Backend }
}

/// The row of a directory's entry; none for `.` and `..`, and for what went away meanwhile. What can't
/// be looked at still shows, with the kind that the directory itself tells.
fn row_of(dir: &OwnedFd, entry: &DirEntry) -> Option<Entry> {
    let name = OsStr::from_bytes(entry.file_name().to_bytes());
    if name == "." || name == ".." {
        return None;
    }
    let shown = row::name_of(name);
    match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Some(row::row(dir, name, shown, &stat)),
        Err(Errno::NOENT) => None,
        Err(_) => Some(Entry::new(shown, kind_told(entry.file_type()))),
    }
}

fn kind_told(file_type: FileType) -> Kind {
    match file_type {
        FileType::Unknown => Kind::Special,
        known => row::kind(known),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
