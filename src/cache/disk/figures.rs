//! What a layer did for its keep: [`DiskStats`].

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, Row, params};

use super::Shelf;
use super::index::Book;
use super::room::totals;
use crate::model::Timestamp;

/// The figures of a layer since its index was made, this run and other windows included.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DiskStats {
    /// What it did in all.
    pub all: Tally,
    /// What it did for each connection, by name; empty for what was made of something on this machine.
    pub connections: Vec<ConnectionStats>,
    /// The bytes that it holds.
    pub bytes: u64,
    /// The files that it holds.
    pub entries: u64,
    /// The bytes that it may hold.
    pub max_size: u64,
    /// The files that it may hold.
    pub max_entries: u64,
    /// When the oldest of them was made.
    pub oldest: Option<Timestamp>,
    /// Whether it was turned off: its disk is full or broken.
    pub off: bool,
}

/// What a layer did for one connection.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ConnectionStats {
    /// The connection.
    pub name: String,
    /// What was done for it.
    pub tally: Tally,
    /// The bytes that are held of it.
    pub bytes: u64,
    /// The files that are held of it.
    pub entries: u64,
}

/// Counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// Reads that needed no byte of a service.
    pub hits: u64,
    /// Reads that needed some.
    pub misses: u64,
    /// Times that a service said that what is held is right.
    pub validations: u64,
    /// Bytes that came from here.
    pub bytes_saved: u64,
    /// Requests that weren't sent.
    pub requests_saved: u64,
    /// Files that had to go for others.
    pub evictions: u64,
    /// Misses of what had been evicted a while before: the bound is too small.
    pub evicted_again: u64,
    /// Pieces that were damaged.
    pub corrupt: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.hits += more.hits;
        self.misses += more.misses;
        self.validations += more.validations;
        self.bytes_saved += more.bytes_saved;
        self.requests_saved += more.requests_saved;
        self.evictions += more.evictions;
        self.evicted_again += more.evicted_again;
        self.corrupt += more.corrupt;
    }
}

impl DiskStats {
    /// The part of all reads that needed no byte of a service; `None` before the first.
    pub fn hit_rate(&self) -> Option<f64> {
        let reads = self.all.hits + self.all.misses;
        (reads > 0).then(|| self.all.hits as f64 / reads as f64)
    }
}

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    /// What isn't in the index yet.
    pending: BTreeMap<Arc<str>, Tally>,
    /// What went there before.
    written: Tally,
}

impl Counts {
    pub(super) fn add(&self, connection: &str, count: impl FnOnce(&mut Tally)) {
        let mut counted = self.0.lock();
        if let Some(tally) = counted.pending.get_mut(connection) {
            return count(tally);
        }
        count(counted.pending.entry(connection.into()).or_default());
    }

    fn take(&self) -> BTreeMap<Arc<str>, Tally> {
        let mut counted = self.0.lock();
        let pending = std::mem::take(&mut counted.pending);
        for tally in pending.values() {
            counted.written += *tally;
        }
        pending
    }

    /// All that this handle counted.
    fn all(&self) -> Tally {
        let counted = self.0.lock();
        let mut all = counted.written;
        for tally in counted.pending.values() {
            all += *tally;
        }
        all
    }
}

impl Shelf {
    /// Counts something for a connection.
    pub fn count(&self, connection: &str, count: impl FnOnce(&mut Tally)) {
        self.0.counts.add(connection, count);
    }

    /// What was counted since the program began. Asks no disk.
    pub fn since_start(&self) -> Tally {
        self.0.counts.all()
    }

    /// The figures.
    pub async fn stats(&self) -> DiskStats {
        self.flush_counts().await;
        let stats = self.read(read).await.unwrap_or_default();
        DiskStats { off: self.is_off(), ..stats }
    }

    pub(super) async fn flush_counts(&self) {
        let counts = self.0.counts.take();
        if !counts.is_empty() {
            self.write(move |db, book| {
                counts.iter().try_for_each(|(name, tally)| add(db, book, name, tally))
            })
            .await;
        }
    }
}

const COLUMNS: &str =
    "hits, misses, validations, bytes_saved, requests_saved, evictions, evicted_again, corrupt";

fn add(db: &Connection, book: &Book, connection: &str, tally: &Tally) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO cache_figures (shelf, connection, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (shelf, connection) DO UPDATE SET hits = hits + ?3, misses = misses + ?4,
         validations = validations + ?5, bytes_saved = bytes_saved + ?6, requests_saved = requests_saved + ?7,
         evictions = evictions + ?8, evicted_again = evicted_again + ?9, corrupt = corrupt + ?10"
    );
    let values = [
        tally.hits,
        tally.misses,
        tally.validations,
        tally.bytes_saved,
        tally.requests_saved,
        tally.evictions,
        tally.evicted_again,
        tally.corrupt,
    ]
    .map(u64::cast_signed);
    let named = params![book.shelf, connection];
    let numbers = values.iter().map(|value| value as &dyn rusqlite::ToSql);
    let all: Vec<&dyn rusqlite::ToSql> = named.iter().copied().chain(numbers).collect();
    db.prepare_cached(&sql)?.execute(all.as_slice()).map(drop)
}

fn tally(row: &Row<'_>, first: usize) -> rusqlite::Result<Tally> {
    let number = |at: usize| row.get::<_, i64>(first + at).map(i64::cast_unsigned);
    Ok(Tally {
        hits: number(0)?,
        misses: number(1)?,
        validations: number(2)?,
        bytes_saved: number(3)?,
        requests_saved: number(4)?,
        evictions: number(5)?,
        evicted_again: number(6)?,
        corrupt: number(7)?,
    })
}

fn read(db: &Connection, book: &Book) -> rusqlite::Result<DiskStats> {
    let mut connections: BTreeMap<String, ConnectionStats> = BTreeMap::new();
    let sql = format!("SELECT connection, {COLUMNS} FROM cache_figures WHERE shelf = ?1");
    let mut figures = db.prepare_cached(&sql)?;
    for row in figures.query_map([book.shelf], |row| Ok((row.get::<_, String>(0)?, tally(row, 1)?)))? {
        let (name, tally) = row?;
        connections.insert(name.clone(), ConnectionStats { name, tally, ..ConnectionStats::default() });
    }
    let sql = "SELECT connection, sum(held), count(*) FROM cache_files WHERE shelf = ?1 GROUP BY connection";
    let mut held = db.prepare_cached(sql)?;
    let number = |row: &Row<'_>, at| row.get::<_, i64>(at).map(i64::cast_unsigned);
    let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, number(row, 1)?, number(row, 2)?));
    for row in held.query_map([book.shelf], read)? {
        let (name, bytes, entries) = row?;
        let of = connections.entry(name.clone()).or_default();
        (of.name, of.bytes, of.entries) = (name, bytes, entries);
    }
    let oldest = "SELECT min(created) FROM cache_files WHERE shelf = ?1";
    let oldest: Option<i64> = db.prepare_cached(oldest)?.query_row([book.shelf], |row| row.get(0))?;
    let (bytes, entries) = totals(db, book)?;
    let connections: Vec<_> = connections.into_values().collect();
    let mut all = Tally::default();
    for of in &connections {
        all += of.tally;
    }
    Ok(DiskStats {
        all,
        connections,
        bytes,
        entries,
        max_size: book.bounds.max_size,
        max_entries: book.bounds.max_entries as u64,
        oldest: oldest.map(Timestamp),
        off: false,
    })
}
