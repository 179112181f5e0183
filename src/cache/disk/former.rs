//! Directories that a layer had before its setting was changed: [`Former`].
//!
//! The index knows them. What they hold goes as it would have gone there: past its age, file by file. Another
//! window may still have that setting, and uses keep what it uses. When nothing is held there any more, files that
//! no row tells of go, too, and the folders that are empty then; what isn't named by us stays, as does a directory
//! that two names lead to or that isn't there just now.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::Shelf;
use super::clean::remove_orphans;
use super::files::Files;
use super::index::{self, Book};
use super::room::STEP;
use crate::model::Timestamp;

/// A directory that a layer had before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// Where.
    pub dir: PathBuf,
    /// The files that it still holds.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Shelf {
    /// The directories that this layer had before and that still hold something.
    pub async fn former(&self) -> Vec<Former> {
        let list = |db: &Connection, book: &Book| {
            let all = former(db, book)?.into_iter().map(|(_, former)| former);
            Ok(all.filter(|former| former.entries > 0).collect())
        };
        self.read(list).await.unwrap_or_default()
    }
}

fn former(db: &Connection, book: &Book) -> rusqlite::Result<Vec<(i64, Former)>> {
    let sql = "SELECT id, dir, entries, bytes FROM cache_shelves WHERE kind = ?1 AND id <> ?2 ORDER BY id";
    let mut rows = db.prepare_cached(sql)?;
    let rows = rows.query_map(params![book.kind, book.shelf], |row| {
        let dir = PathBuf::from(OsString::from_vec(row.get(1)?));
        let number = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
        Ok((row.get(0)?, Former { dir, entries: number(2)?, bytes: number(3)? }))
    })?;
    rows.collect()
}

/// Removes what is too old of all of them (`oldest`: `None` is all of it, pinned or not), and what is left of those
/// that hold nothing. Their rows stay: a number is never another directory's. Gives how many files a row told of, and
/// whether there are more: each call removes some.
pub(super) fn clean(
    db: &Connection,
    book: &Book,
    oldest: Option<Timestamp>,
) -> rusqlite::Result<(u64, bool)> {
    let mut all = 0;
    for (shelf, of) in former(db, book)? {
        let own = Book { shelf, files: book.files.elsewhere(of.dir.clone()), ..book.clone() };
        let old = "SELECT name, connection, bucket, key FROM cache_files
            WHERE shelf = ?1 AND (?2 IS NULL OR (pinned = 0 AND used < ?2)) LIMIT ?3";
        let key = params![shelf, oldest.map(|oldest| oldest.0), (STEP - all).cast_signed()];
        let removed = index::remove_all(db, &own, old, key, "its directory is no longer set")?;
        if removed == of.entries && is_alone(db, shelf, &of.dir)? && own.files.are_own() {
            sweep(&own.files);
        }
        all += removed;
        if all >= STEP {
            return Ok((all, true));
        }
    }
    Ok((all, false))
}

/// Whether no other layer has its files in this directory, whatever it calls it.
fn is_alone(db: &Connection, shelf: i64, dir: &Path) -> rusqlite::Result<bool> {
    let Ok(place) = dir.canonicalize() else { return Ok(false) };
    let mut rows = db.prepare_cached("SELECT dir FROM cache_shelves WHERE id <> ?1")?;
    for other in rows.query_map([shelf], |row| row.get::<_, Vec<u8>>(0))? {
        let other = PathBuf::from(OsString::from_vec(other?));
        if other.canonicalize().is_ok_and(|other| other == place) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes files of ours that no row tells of, and the folders that are empty then.
fn sweep(files: &Files) {
    for shard in 0..=u8::MAX {
        let folder = files.shard(shard);
        if folder.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            remove_orphans(files, shard, &[], true);
            let _ = fs::remove_dir(&folder); // it stays where somebody else has something in it
        }
    }
    files.unmark();
}
