//! Cleaning up in the background: ages, bounds, files without a row and rows without a file.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, params};

use super::files::Files;
use super::index::{self, Book, Evicted};
use super::room::{STEP, make_room};
use super::{FileName, Shelf, former};
use crate::model::Timestamp;

/// A temporary file that is older than this was left by a program that was killed.
const LEFT: Duration = Duration::from_mins(10);

impl Shelf {
    /// Removes what is too old or too much, and files and rows that have lost each other.
    pub async fn clean(&self) {
        let now = self.now();
        let oldest = self.oldest(now);
        while let Some((evicted, more)) = self.write(move |db, book| bounded(db, book, now, oldest)).await {
            self.note_evicted(evicted);
            if !more {
                break;
            }
        }
        let alone = self.0.files.are_own();
        for shard in 0..=u8::MAX {
            if self.write(move |db, book| reconcile(db, book, shard, alone)).await.is_none() {
                return;
            }
        }
        self.clean_former(Some(oldest)).await;
    }

    /// Removes what is too old in former directories, step by step. Gives how many files.
    pub(super) async fn clean_former(&self, oldest: Option<Timestamp>) -> u64 {
        let mut all = 0;
        while let Some((removed, more)) = self.write(move |db, book| former::clean(db, book, oldest)).await {
            all += removed;
            if !more {
                break;
            }
        }
        all
    }

    /// The same now, and again after each interval, folder by folder while nothing else is to be done.
    pub(super) fn clean_in_background(&self) {
        let this = Arc::downgrade(&self.0);
        let every = self.bounds().interval.max(Duration::from_secs(1));
        let Ok(tokio) = tokio::runtime::Handle::try_current() else { return };
        tokio.spawn(async move {
            while let Some(inner) = this.upgrade() {
                // What opens the index is still under way the first time.
                let opened = Self(inner);
                opened.settled_open().await;
                opened.clean_later();
                opened.flush_counts().await;
                drop(opened);
                tokio::time::sleep(every).await;
            }
        });
    }

    pub(super) fn clean_later(&self) {
        let (this, mut at, mut alone) = (Arc::downgrade(&self.0), Chore::Bounds, false);
        self.chore(move |db, book| {
            let Some(this) = this.upgrade().map(Self) else { return Ok(false) };
            // It may have waited: the time is what it is now.
            let now = this.now();
            let oldest = this.oldest(now);
            at = match at {
                Chore::Bounds => {
                    let (evicted, more) = bounded(db, book, now, oldest)?;
                    this.note_evicted(evicted);
                    alone = book.files.are_own();
                    if more { Chore::Bounds } else { Chore::Folder(0) }
                }
                Chore::Folder(shard) => {
                    reconcile(db, book, shard, alone)?;
                    shard.checked_add(1).map_or(Chore::Former, Chore::Folder)
                }
                Chore::Former => return former::clean(db, book, Some(oldest)).map(|(_, more)| more),
            };
            Ok(true)
        });
    }
}

/// What is tidied next.
#[derive(Clone, Copy)]
enum Chore {
    Bounds,
    Folder(u8),
    Former,
}

/// A step towards the bounds: what was evicted, and whether there is more to do.
pub(super) fn bounded(
    db: &Connection,
    book: &Book,
    now: Timestamp,
    oldest: Timestamp,
) -> rusqlite::Result<(Evicted, bool)> {
    let expired = expire(db, book, now, oldest)?;
    let evicted = make_room(db, book, 0, None)?;
    let more = expired >= STEP || evicted.len() as u64 >= STEP;
    Ok((evicted, more))
}

/// Removes some of what wasn't used for too long, and tells how many. A time that lies in the future was noted
/// before the clock was set back: it counts as now.
fn expire(db: &Connection, book: &Book, now: Timestamp, oldest: Timestamp) -> rusqlite::Result<u64> {
    // By the index on uses: a start isn't to read every row.
    let future =
        "UPDATE cache_files SET used = ?2, validated = min(validated, ?2), created = min(created, ?2)
        WHERE shelf = ?1 AND pinned IN (0, 1) AND used > ?2";
    db.prepare_cached(future)?.execute(params![book.shelf, now.0])?;
    let old = "SELECT name, connection, bucket, key FROM cache_files
        WHERE shelf = ?1 AND pinned = 0 AND used < ?2 LIMIT ?3";
    let key = params![book.shelf, oldest.0, STEP.cast_signed()];
    index::remove_all(db, book, old, key, "it is past its age")
}

/// One folder: nobody makes a file or a row in it meanwhile, since that takes a transaction.
fn reconcile(db: &Connection, book: &Book, shard: u8, alone: bool) -> rusqlite::Result<()> {
    let mut low = [0; 32];
    low[0] = shard;
    let mut high = [u8::MAX; 32];
    high[0] = shard;
    // Layers that were told the same directory share it: what is another's stays.
    let sql = "SELECT name, shelf = ?1 FROM cache_files WHERE name BETWEEN ?2 AND ?3
        AND shelf IN (SELECT id FROM cache_shelves WHERE id = ?1 OR dir = ?4)";
    let dir = book.files.root().as_os_str().as_bytes();
    let mut rows = db.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, bool>(1)?));
    let (mut known, mut own) = (Vec::new(), Vec::new());
    for row in rows.query_map(params![book.shelf, low, high, dir], read)? {
        let (bytes, is_own) = row?;
        let name = FileName::from_bytes(&bytes);
        known.extend(name);
        own.extend(name.filter(|_| is_own));
    }
    let there = remove_orphans(&book.files, shard, &known, alone);
    for name in own.iter().filter(|name| !there.contains(name)) {
        tracing::debug!(%name, "a held file is gone: its row goes, too");
        index::remove(db, book, name)?;
    }
    Ok(())
}

/// Removes files that no row tells of, where they are nobody else's (`own`), and gives the names of the others.
pub(super) fn remove_orphans(files: &Files, shard: u8, known: &[FileName], own: bool) -> Vec<FileName> {
    let Ok(listed) = fs::read_dir(files.shard(shard)) else { return Vec::new() };
    let mut there = Vec::new();
    for entry in listed.flatten() {
        let text = entry.file_name().to_string_lossy().into_owned();
        match FileName::parse(&text) {
            Some(name) if known.contains(&name) => there.push(name),
            None if !Files::is_temp(&text) || !is_left(&entry) => {}
            Some(_) if !own => {}
            _ => {
                tracing::debug!(file = %text, "a file that no row tells of is removed");
                let _ = fs::remove_file(entry.path()); // the next time, else
            }
        }
    }
    there
}

fn is_left(entry: &fs::DirEntry) -> bool {
    let modified = entry.metadata().and_then(|meta| meta.modified()).ok();
    modified.is_some_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > LEFT))
}
