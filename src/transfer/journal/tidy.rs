//! What is kept how long: finished jobs, the files of those that are done.

use rusqlite::{Connection, Result, params};

use super::{jobs, rows};
use crate::model::Timestamp;
use crate::store::Store;

/// The finished jobs that are kept.
const JOBS: i64 = 200;

/// How long they are kept, in milliseconds.
const AGE: i64 = 30 * 24 * 3_600_000;

/// How many rows go at a time: others wait meanwhile.
const STEP: i64 = 5000;

/// Begins to tidy, when nothing else is to be done.
pub(super) fn begin(store: &Store, now: Timestamp) {
    store.chore(move |db| step(db, now));
}

/// One step; `false` when nothing is left to tidy.
fn step(db: &Connection, now: Timestamp) -> Result<bool> {
    for number in outdated(db, now)? {
        jobs::remove(db, number)?;
    }
    let gone = files(db)? + undo(db)? + local_sinks(db)? + parts(db)?;
    if gone == 0 {
        // Gives room back to the disk, a little at a time.
        db.execute_batch("PRAGMA incremental_vacuum(1000)")?;
        let free: i64 = db.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
        return Ok(free > 1000);
    }
    Ok(true)
}

/// Finished jobs that are older than anybody asks for, or behind too many newer ones.
fn outdated(db: &Connection, now: Timestamp) -> Result<Vec<u64>> {
    let sql = "SELECT number FROM jobs WHERE ended IS NOT NULL AND lock IS NULL AND state != 'suspended'
        AND (ended < ?1 OR number NOT IN
            (SELECT number FROM jobs WHERE ended IS NOT NULL AND state != 'suspended' ORDER BY ended DESC, number DESC LIMIT ?2))";
    let mut query = db.prepare_cached(sql)?;
    let rows =
        query.query_map(params![now.0 - AGE, JOBS], |row| row.get::<_, i64>(0).map(i64::cast_unsigned))?;
    rows.collect()
}

/// The files of jobs that are done or forgotten: nobody will resume those.
fn files(db: &Connection) -> Result<usize> {
    let mut after = -1;
    while let Some(job) = next_job(db, after)? {
        let sql = "SELECT EXISTS (SELECT 1 FROM jobs WHERE number = ?1 AND state != 'done')";
        if !db.prepare_cached(sql)?.query_row([job], |row| row.get::<_, bool>(0))? {
            let sql = "DELETE FROM files WHERE job = ?1 AND source IN
                (SELECT source FROM files WHERE job = ?1 LIMIT ?2)";
            return db.prepare_cached(sql)?.execute(params![job, STEP]);
        }
        after = job;
    }
    Ok(0)
}

/// The next job that has files: a look at each job, not at each file.
fn next_job(db: &Connection, after: i64) -> Result<Option<i64>> {
    let sql = "SELECT min(job) FROM files WHERE job > ?1";
    db.prepare_cached(sql)?.query_row([after], |row| row.get(0))
}

fn undo(db: &Connection) -> Result<usize> {
    let sql = "DELETE FROM undo WHERE id IN
        (SELECT id FROM undo WHERE job NOT IN (SELECT number FROM jobs) LIMIT ?1)";
    db.prepare_cached(sql)?.execute([STEP])
}

/// Half-written local files of forgotten jobs can't be gone on with; uploads stay known, they cost money.
fn local_sinks(db: &Connection) -> Result<usize> {
    let forgotten = rows::forgotten_local(db)?;
    for row in &forgotten {
        rows::forget_upload(db, *row)?;
    }
    Ok(forgotten.len())
}

fn parts(db: &Connection) -> Result<usize> {
    let sql = "DELETE FROM parts WHERE sink IN
        (SELECT sink FROM parts WHERE sink NOT IN (SELECT id FROM sinks) LIMIT 1)";
    db.prepare_cached(sql)?.execute([])
}
