//! Cleaning up in the background: ages, bounds, files without a row and rows without a file.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, params};

use super::files::Files;
use super::index::{self, Book};
use super::room::make_room;
use super::{FileName, Shelf};
use crate::model::Timestamp;

/// A temporary file that is older than this was left by a program that was killed.
const LEFT: Duration = Duration::from_mins(10);

impl Shelf {
    /// Removes what is too old or too much, and files and rows that have lost each other.
    pub async fn clean(&self) {
        let now = self.now();
        let oldest = self.oldest(now);
        let bounded = self.write(move |db, book| {
            expire(db, book, now, oldest)?;
            make_room(db, book, 0, None)
        });
        if let Some(evicted) = bounded.await {
            self.note_evicted(evicted);
        }
        for shard in 0..=u8::MAX {
            if self.write(move |db, book| reconcile(db, book, shard)).await.is_none() {
                return;
            }
        }
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

    fn clean_later(&self) {
        let now = self.now();
        let oldest = self.oldest(now);
        let (this, mut shard) = (Arc::downgrade(&self.0), None);
        self.chore(move |db, book| {
            let Some(inner) = this.upgrade() else { return Ok(false) };
            match shard {
                None => {
                    expire(db, book, now, oldest)?;
                    let evicted = make_room(db, book, 0, None)?;
                    Self(inner).note_evicted(evicted);
                }
                Some(shard) => reconcile(db, book, shard)?,
            }
            let next = shard.map_or(Some(0), |shard: u8| shard.checked_add(1));
            shard = next.or(shard);
            Ok(next.is_some())
        });
    }
}

/// Removes what wasn't used for too long. A time that lies in the future was noted before the clock was set back:
/// it counts as now.
fn expire(db: &Connection, book: &Book, now: Timestamp, oldest: Timestamp) -> rusqlite::Result<()> {
    for column in ["used", "validated", "created"] {
        let sql = format!("UPDATE cache_files SET {column} = ?2 WHERE shelf = ?1 AND {column} > ?2");
        db.prepare_cached(&sql)?.execute(params![book.shelf, now.0])?;
    }
    let old = "SELECT name FROM cache_files WHERE shelf = ?1 AND pinned = 0 AND used < ?2";
    let removed = index::remove_all(db, book, old, params![book.shelf, oldest.0])?;
    if removed > 0 {
        tracing::debug!(removed, reason = "past their age", "object cache: removed");
    }
    Ok(())
}

/// One folder: nobody makes a file or a row in it meanwhile, since that takes a transaction.
fn reconcile(db: &Connection, book: &Book, shard: u8) -> rusqlite::Result<()> {
    let mut low = [0; 32];
    low[0] = shard;
    let mut high = [u8::MAX; 32];
    high[0] = shard;
    let sql = "SELECT name FROM cache_files WHERE shelf = ?1 AND name BETWEEN ?2 AND ?3";
    let mut rows = db.prepare_cached(sql)?;
    let rows = rows.query_map(params![book.shelf, low, high], |row| row.get::<_, Vec<u8>>(0))?;
    let mut known: Vec<FileName> = Vec::new();
    for row in rows {
        known.extend(FileName::from_bytes(&row?));
    }
    let there = remove_orphans(&book.files, shard, &known);
    for name in known.iter().filter(|name| !there.contains(name)) {
        tracing::debug!(%name, "a held file is gone: its row goes, too");
        index::remove(db, book, name)?;
    }
    Ok(())
}

/// Removes files that no row tells of, and gives the names of the others.
fn remove_orphans(files: &Files, shard: u8, known: &[FileName]) -> Vec<FileName> {
    let Ok(listed) = fs::read_dir(files.shard(shard)) else { return Vec::new() };
    let mut there = Vec::new();
    for entry in listed.flatten() {
        let text = entry.file_name().to_string_lossy().into_owned();
        match FileName::parse(&text) {
            Some(name) if known.contains(&name) => there.push(name),
            None if !Files::is_temp(&text) || !is_left(&entry) => {}
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
