//! The index: what is held of what. Each of these is a part of one transaction.

use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::files::Files;
use super::room::{STEP, make_room};
use super::{About, Bounds, FileName, Held, Piece, called};
use crate::cache::ops::{Extent, Touch};
use crate::model::{S3Uri, Timestamp};

/// One file may take this part of its layer: one that is large doesn't sweep all others out.
pub(super) const QUARTER: u64 = 4;

/// Why what a write touches goes, for the log.
const TOUCHED: &str = "a write touches it";

/// What is evicted.
pub(super) type Evicted = Vec<Gone>;

/// What is removed: its file, and whose it was.
#[derive(Clone, Debug)]
pub(super) struct Gone {
    pub(super) name: FileName,
    pub(super) connection: String,
    bucket: String,
    key: String,
}

impl Gone {
    /// From the first columns of a row: name, connection, bucket, key.
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let name: Vec<u8> = row.get(0)?;
        let (connection, bucket, key) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(FileName::from_bytes(&name).map(|name| Self { name, connection, bucket, key }))
    }

    /// Where it was from, for the log: what has none is told by its file.
    pub(super) fn location(&self) -> String {
        if self.bucket.is_empty() {
            return if self.key.is_empty() { self.name.to_string() } else { self.key.clone() };
        }
        S3Uri::new(&self.connection, &self.bucket, &self.key).to_string()
    }
}

/// A layer as its transactions know it.
#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) shelf: i64,
    pub(super) files: Files,
    pub(super) bounds: Bounds,
    pub(super) kind: &'static str,
}

impl Book {
    /// The layer of this directory: another directory is another layer.
    pub(super) fn open(
        db: &Connection,
        kind: &'static str,
        files: Files,
        bounds: Bounds,
    ) -> rusqlite::Result<Self> {
        let dir = files.root().as_os_str().as_bytes().to_vec();
        db.execute("INSERT OR IGNORE INTO cache_shelves (kind, dir) VALUES (?1, ?2)", params![kind, dir])?;
        let find = "SELECT id FROM cache_shelves WHERE kind = ?1 AND dir = ?2";
        let shelf = db.query_row(find, params![kind, dir], |row| row.get(0))?;
        Ok(Self { shelf, files, bounds, kind })
    }

    /// A state file that was replaced has to be told of the layer again.
    fn ensure(&self, db: &Connection) -> rusqlite::Result<()> {
        let dir = self.files.root().as_os_str().as_bytes();
        let insert = "INSERT OR IGNORE INTO cache_shelves (id, kind, dir) VALUES (?1, ?2, ?3)";
        db.prepare_cached(insert)?.execute(params![self.shelf, self.kind, dir]).map(drop)
    }
}

/// Columns that [`about`] reads, and two more.
const ABOUT: &str = "connection, endpoint, bucket, key, version, tag, size, head, birth, validated";

fn about(name: &FileName, row: &Row<'_>) -> rusqlite::Result<About> {
    let text = |at: usize| row.get::<_, String>(at).map(Into::into);
    Ok(About {
        name: *name,
        connection: text(0)?,
        endpoint: text(1)?,
        bucket: text(2)?,
        key: text(3)?,
        version: row.get::<_, Option<String>>(4)?.map(Into::into),
        tag: text(5)?,
        size: row.get::<_, i64>(6)?.cast_unsigned(),
        head: row.get(7)?,
    })
}

/// What is held under a name. A use that lies in the future was noted before the clock was set back.
pub(super) fn find(
    db: &Connection,
    book: &Book,
    name: &FileName,
    want: &Range<u64>,
    oldest: Timestamp,
) -> rusqlite::Result<Option<Held>> {
    let sql =
        format!("SELECT {ABOUT} FROM cache_files WHERE shelf = ?1 AND name = ?2 AND (used >= ?3 OR pinned)");
    let read = |row: &Row<'_>| Ok((about(name, row)?, row.get(8)?, Timestamp(row.get(9)?)));
    let key = params![book.shelf, name.bytes(), oldest.0];
    let Some((about, birth, validated)) = db.prepare_cached(&sql)?.query_row(key, read).optional()? else {
        return Ok(None);
    };
    let pieces = pieces(db, book, name, want)?;
    Ok(Some(Held { about, birth, validated, pieces }))
}

/// The pieces that reach into a range, in order.
pub(super) fn pieces(
    db: &Connection,
    book: &Book,
    name: &FileName,
    want: &Range<u64>,
) -> rusqlite::Result<Vec<Piece>> {
    let sql = "SELECT start, len, stored, sum FROM cache_pieces
        WHERE shelf = ?1 AND name = ?2 AND start < ?3 AND start > ?4 AND start + len > ?5 ORDER BY start";
    let number = |row: &Row<'_>, at| row.get::<_, i64>(at).map(i64::cast_unsigned);
    let piece = |row: &Row<'_>| {
        let sum = row.get(3)?;
        Ok(Piece { start: number(row, 0)?, len: number(row, 1)?, stored: number(row, 2)?, sum })
    };
    let (start, end) = (clamped(want.start), clamped(want.end));
    let key = params![book.shelf, name.bytes(), end, start - super::BLOCK.cast_signed(), start];
    db.prepare_cached(sql)?.query_map(key, piece)?.collect()
}

fn clamped(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Notes a use.
pub(super) fn touch(
    db: &Connection,
    book: &Book,
    name: &FileName,
    now: Timestamp,
    validated: bool,
) -> rusqlite::Result<()> {
    let sql = "UPDATE cache_files SET used = ?3, hits = hits + 1, turn = ?4,
        validated = CASE WHEN ?5 THEN ?3 ELSE validated END WHERE shelf = ?1 AND name = ?2";
    let turn = next(db, book, "turn")?;
    db.prepare_cached(sql)?.execute(params![book.shelf, name.bytes(), now.0, turn, validated]).map(drop)
}

/// The next number of an order that no clock sets back.
fn next(db: &Connection, book: &Book, column: &str) -> rusqlite::Result<i64> {
    let most = |pinned: bool| -> rusqlite::Result<i64> {
        let sql =
            format!("SELECT coalesce(max({column}), 0) FROM cache_files WHERE shelf = ?1 AND pinned = ?2");
        db.prepare_cached(&sql)?.query_row(params![book.shelf, pinned], |row| row.get(0))
    };
    Ok(most(false)?.max(most(true)?) + 1)
}

/// Puts a new file in the place of what has this name, which goes, with its first pieces. `None` where they are too
/// large: then nothing has this name.
pub(super) fn begin(
    db: &Connection,
    book: &Book,
    of: &About,
    birth: i64,
    (temp, pieces): (&Path, &[Piece]),
    now: Timestamp,
) -> rusqlite::Result<Option<Evicted>> {
    insert(db, book, of, birth, now)?;
    let mut evicted = Vec::new();
    for piece in pieces {
        let Some(more) = add_piece(db, book, &of.name, birth, piece)? else {
            remove(db, book, &of.name)?;
            return Ok(None);
        };
        evicted.extend(more);
    }
    book.files.put_in_place(temp, &of.name).map_err(io)?;
    Ok(Some(evicted))
}

fn insert(db: &Connection, book: &Book, of: &About, birth: i64, now: Timestamp) -> rusqlite::Result<()> {
    book.ensure(db)?;
    remove_row(db, book, &of.name)?;
    let (came, turn) = (next(db, book, "came")?, next(db, book, "turn")?);
    let sql = "INSERT INTO cache_files (shelf, name, birth, connection, endpoint, bucket, key, version, tag,
        size, head, created, used, validated, came, turn)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?12, ?13, ?14)";
    db.prepare_cached(sql)?.execute(params![
        book.shelf,
        of.name.bytes(),
        birth,
        &*of.connection,
        &*of.endpoint,
        &*of.bucket,
        &*of.key,
        of.version.as_deref(),
        &*of.tag,
        of.size.cast_signed(),
        of.head.as_deref(),
        now.0,
        came,
        turn
    ])?;
    Ok(())
}

fn io(error: std::io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

/// Adds a piece to the file that was born so, and makes room for it. `None` where that file is gone.
pub(super) fn add_piece(
    db: &Connection,
    book: &Book,
    name: &FileName,
    birth: i64,
    piece: &Piece,
) -> rusqlite::Result<Option<Evicted>> {
    if !is_born(db, book, name, birth)? {
        return Ok(None);
    }
    let range = piece.start..piece.end();
    if held_of(db, book, name)? + piece.stored > (book.bounds.max_size / QUARTER).max(1) {
        return Ok(None);
    }
    let sql = "DELETE FROM cache_pieces WHERE shelf = ?1 AND name = ?2 AND start < ?3 AND start > ?4
        AND start + len > ?5 RETURNING stored";
    let (start, end) = (clamped(range.start), clamped(range.end));
    let key = params![book.shelf, name.bytes(), end, start - super::BLOCK.cast_signed(), start];
    let gone: Vec<i64> =
        db.prepare_cached(sql)?.query_map(key, |row| row.get(0))?.collect::<Result<_, _>>()?;
    let insert =
        "INSERT INTO cache_pieces (shelf, name, start, len, stored, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let (len, stored) = (clamped(piece.len), clamped(piece.stored));
    db.prepare_cached(insert)?.execute(params![book.shelf, name.bytes(), start, len, stored, piece.sum])?;
    let held = "UPDATE cache_files SET held = held + ?3, content = NULL WHERE shelf = ?1 AND name = ?2";
    db.prepare_cached(held)?.execute(params![book.shelf, name.bytes(), stored - gone.iter().sum::<i64>()])?;
    make_room(db, book, 0, Some(name)).map(Some)
}

fn held_of(db: &Connection, book: &Book, name: &FileName) -> rusqlite::Result<u64> {
    let sql = "SELECT held FROM cache_files WHERE shelf = ?1 AND name = ?2";
    let held = db.prepare_cached(sql)?.query_row(params![book.shelf, name.bytes()], |row| row.get(0));
    held.map(i64::cast_unsigned)
}

pub(super) fn is_born(db: &Connection, book: &Book, name: &FileName, birth: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT birth = ?3 FROM cache_files WHERE shelf = ?1 AND name = ?2";
    let found = db.prepare_cached(sql)?.query_row(params![book.shelf, name.bytes(), birth], |row| row.get(0));
    Ok(found.optional()?.unwrap_or(false))
}

/// Forgets a piece that is damaged; all of a file whose bytes are others', too. `false` where the file was
/// replaced meanwhile.
pub(super) fn distrust(
    db: &Connection,
    book: &Book,
    name: &FileName,
    birth: i64,
    start: u64,
) -> rusqlite::Result<bool> {
    if !is_born(db, book, name, birth)? {
        return Ok(false);
    }
    let missing = !book.files.path(name).exists();
    if missing || sharer(db, book, name)?.is_some() {
        remove(db, book, name)?;
        return Ok(true);
    }
    let sql = "DELETE FROM cache_pieces WHERE shelf = ?1 AND name = ?2 AND start = ?3 RETURNING stored";
    let key = params![book.shelf, name.bytes(), clamped(start)];
    let gone: Option<i64> = db.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?;
    let held = "UPDATE cache_files SET held = held - ?3, content = NULL WHERE shelf = ?1 AND name = ?2";
    db.prepare_cached(held)?.execute(params![book.shelf, name.bytes(), gone.unwrap_or(0)])?;
    Ok(gone.is_some())
}

/// Another file with the same bytes.
fn sharer(db: &Connection, book: &Book, name: &FileName) -> rusqlite::Result<Option<FileName>> {
    let sql = "SELECT other.name FROM cache_files AS own JOIN cache_files AS other
        ON other.shelf = own.shelf AND other.content = own.content AND other.name <> own.name
        WHERE own.shelf = ?1 AND own.name = ?2 AND own.content IS NOT NULL LIMIT 1";
    let key = params![book.shelf, name.bytes()];
    let found: Option<Vec<u8>> = db.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?;
    Ok(found.and_then(|bytes| FileName::from_bytes(&bytes)))
}

/// Notes what a file that is whole holds. Where another holds the same in the same pieces, both are one file from
/// now on, whose bytes count once.
pub(super) fn settle_content(
    db: &Connection,
    book: &Book,
    name: &FileName,
    birth: i64,
    content: &[u8; 32],
) -> rusqlite::Result<()> {
    if !is_born(db, book, name, birth)? {
        return Ok(());
    }
    let set = "UPDATE cache_files SET content = ?3 WHERE shelf = ?1 AND name = ?2";
    db.prepare_cached(set)?.execute(params![book.shelf, name.bytes(), content])?;
    let Some(other) = sharer(db, book, name)? else { return Ok(()) };
    let all = 0..u64::MAX;
    let layout = |name| -> rusqlite::Result<Vec<(u64, u64, u64)>> {
        Ok(pieces(db, book, name, &all)?.iter().map(|piece| (piece.start, piece.len, piece.stored)).collect())
    };
    if layout(name)? == layout(&other)? && book.files.link(&other, name).is_ok() {
        let none = "UPDATE cache_files SET held = 0 WHERE shelf = ?1 AND name = ?2";
        db.prepare_cached(none)?.execute(params![book.shelf, name.bytes()])?;
    }
    Ok(())
}

/// Removes the row and then the file.
pub(super) fn remove(db: &Connection, book: &Book, name: &FileName) -> rusqlite::Result<()> {
    remove_row(db, book, name)?;
    book.files.remove(name);
    Ok(())
}

/// Removes the row. Bytes that it shared count for another from now on.
fn remove_row(db: &Connection, book: &Book, name: &FileName) -> rusqlite::Result<()> {
    if let Some(other) = sharer(db, book, name)? {
        let heir = "UPDATE cache_files SET held = held + coalesce((SELECT held FROM cache_files
            WHERE shelf = ?1 AND name = ?2), 0) WHERE shelf = ?1 AND name = ?3";
        let linked = "SELECT held = 0 FROM cache_files WHERE shelf = ?1 AND name = ?2";
        let key = params![book.shelf, other.bytes()];
        if db.prepare_cached(linked)?.query_row(key, |row| row.get(0))? {
            db.prepare_cached(heir)?.execute(params![book.shelf, name.bytes(), other.bytes()])?;
        }
    }
    for sql in [
        "DELETE FROM cache_pieces WHERE shelf = ?1 AND name = ?2",
        "DELETE FROM cache_files WHERE shelf = ?1 AND name = ?2",
    ] {
        db.prepare_cached(sql)?.execute(params![book.shelf, name.bytes()])?;
    }
    Ok(())
}

/// Removes all that this query gives, see [`Gone::of`]; `why` is for the log.
pub(super) fn remove_all(
    db: &Connection,
    book: &Book,
    sql: &str,
    key: impl rusqlite::Params,
    why: &str,
) -> rusqlite::Result<u64> {
    let found: Vec<Option<Gone>> =
        db.prepare_cached(sql)?.query_map(key, Gone::of)?.collect::<Result<_, _>>()?;
    let mut count = 0;
    for gone in found.into_iter().flatten() {
        if count < STEP {
            remove(db, book, &gone.name)?;
        } else {
            remove_row(db, book, &gone.name)?;
        }
        tracing::debug!(location = %gone.location(), reason = why, "{}: invalid", called(book.kind));
        count += 1;
    }
    Ok(count)
}

/// Removes what a write touches, whichever connection it was read through.
pub(super) fn remove_touched(db: &Connection, book: &Book, touch: &Touch) -> rusqlite::Result<u64> {
    let (endpoint, bucket) = (&*touch.endpoint, &*touch.bucket);
    let each = |key: &std::sync::Arc<str>| {
        let one = "SELECT name, connection, bucket, key FROM cache_files
            WHERE shelf = ?1 AND endpoint = ?2 AND bucket = ?3 AND key = ?4";
        remove_all(db, book, one, params![book.shelf, endpoint, bucket, &**key], TOUCHED)
    };
    match &touch.extent {
        Extent::Key(key, _) => each(key),
        Extent::Keys(keys) => keys.iter().map(each).sum(),
        Extent::Prefix(prefix) => remove_below(db, book, endpoint, bucket, prefix),
        Extent::Bucket => remove_below(db, book, endpoint, bucket, ""),
    }
}

fn remove_below(
    db: &Connection,
    book: &Book,
    endpoint: &str,
    bucket: &str,
    prefix: &str,
) -> rusqlite::Result<u64> {
    // LIKE and GLOB have letters of their own; a comparison of the first bytes has none.
    let sql = "SELECT name, connection, bucket, key FROM cache_files WHERE shelf = ?1 AND endpoint = ?2 AND bucket = ?3
        AND key >= ?4 AND substr(CAST(key AS BLOB), 1, ?5) = CAST(?4 AS BLOB)";
    let key = params![book.shelf, endpoint, bucket, prefix, clamped(prefix.len() as u64)];
    remove_all(db, book, sql, key, TOUCHED)
}
