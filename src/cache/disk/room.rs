//! Keeping a layer within its bounds: [`make_room`].

use rusqlite::{Connection, OptionalExtension, params};

use super::FileName;
use super::index::{self, Book, Evicted, Gone};
use crate::config::Eviction;

/// The most files that one transaction unlinks: the journal, whose file it is, isn't kept waiting. What a write
/// touches beyond that has no row any more, and goes folder by folder.
pub(super) const STEP: u64 = 64;

/// What a layer holds: bytes, files.
pub(super) fn totals(db: &Connection, book: &Book) -> rusqlite::Result<(u64, u64)> {
    let sql = "SELECT bytes, entries FROM cache_shelves WHERE id = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let (bytes, entries) =
        db.prepare_cached(sql)?.query_row([book.shelf], read).optional()?.unwrap_or_default();
    Ok((bytes.cast_unsigned(), entries.cast_unsigned()))
}

/// Evicts until so many more bytes fit, in the order of the setting. What is pinned stays, as does `except`.
pub(super) fn make_room(
    db: &Connection,
    book: &Book,
    more: u64,
    except: Option<&FileName>,
) -> rusqlite::Result<Evicted> {
    let mut evicted = Vec::new();
    loop {
        let (bytes, entries) = totals(db, book)?;
        let fits = bytes.saturating_add(more) <= book.bounds.max_size;
        if fits && entries <= book.bounds.max_entries as u64 {
            return Ok(evicted);
        }
        // A bound that was lowered is reached step by step.
        let Some(victim) = victim(db, book, except)?.filter(|_| (evicted.len() as u64) < STEP) else {
            return Ok(evicted);
        };
        index::remove(db, book, &victim.name)?;
        evicted.push(victim);
    }
}

fn victim(db: &Connection, book: &Book, except: Option<&FileName>) -> rusqlite::Result<Option<Gone>> {
    let order = match book.bounds.eviction {
        Eviction::Lru => "turn",
        Eviction::Fifo => "came",
        Eviction::Size => "held DESC",
    };
    let sql = format!(
        "SELECT name, connection, bucket, key FROM cache_files WHERE shelf = ?1 AND pinned = 0 AND name <> ?2
         ORDER BY {order} LIMIT 1"
    );
    let except: &[u8] = except.map_or(&[], |name| name.bytes());
    let found = db.prepare_cached(&sql)?.query_row(params![book.shelf, except], Gone::of).optional()?;
    Ok(found.flatten())
}
