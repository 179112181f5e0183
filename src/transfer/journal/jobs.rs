//! The rows of jobs: who owns them, how they stand.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::error::JournalError;
use super::owner::{Life, Owner, OwnerId};
use super::record::{JobRecord, JobState, Ownership, Wish};
use super::rows::{self, Of};
use super::{Attempt, pack};
use crate::model::Timestamp;
use crate::transfer::job::{JobKind, JobSpec, Progress};

/// The failures that a job remembers.
const ERRORS: usize = 20;

/// A new job of this owner, as a number.
pub(super) fn insert(
    db: &Connection,
    spec: &str,
    identities: &str,
    tag: u32,
    owner: &OwnerId,
    now: Timestamp,
) -> Result<u64> {
    let sql = "INSERT INTO jobs
        (tag, spec, identities, state, host, boot, lock, pid, attempts, created, last_attempt)
        VALUES (?1, ?2, ?3, 'running', ?4, ?5, ?6, ?7, 1, ?8, ?8)";
    db.execute(sql, params![tag, spec, identities, owner.host, owner.boot, owner.lock, owner.pid, now.0])?;
    Ok(db.last_insert_rowid().cast_unsigned())
}

const JOB: &str =
    "SELECT number, spec, identities, state, host, boot, lock, pid, attempts, created, last_attempt,
    errors, progress, tag FROM jobs";

/// A job as it is kept, with its owner as the row names it.
struct Kept {
    record: JobRecord,
    owner: Option<OwnerId>,
    tag: u32,
}

fn read(row: &Row<'_>) -> Result<Kept> {
    let text = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str()?));
    let owner = match row.get(6)? {
        Some(lock) => Some(OwnerId { host: row.get(4)?, boot: row.get(5)?, lock, pid: row.get(7)? }),
        None => None,
    };
    let record = JobRecord {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        spec: pack::from_json(text(1)?)?,
        state: state(text(3)?),
        owner: Ownership::Nobody,
        attempts: row.get(8)?,
        created: Timestamp(row.get(9)?),
        last_attempt: Timestamp(row.get(10)?),
        errors: pack::from_json(text(11)?)?,
        identities: pack::from_json(text(2)?)?,
        progress: pack::from_json(text(12)?)?,
        open: 0,
        undoable: 0,
    };
    Ok(Kept { record, owner, tag: row.get(13)? })
}

fn state(word: &str) -> JobState {
    let states =
        [JobState::Suspended, JobState::Failed, JobState::Cancelled, JobState::Done, JobState::Running];
    states.into_iter().find(|state| state.word() == word).unwrap_or(JobState::Interrupted)
}

impl Kept {
    /// Adds what other rows and the locks tell.
    fn completed(mut self, db: &Connection, owner: &Owner) -> Result<(JobRecord, Option<Life>)> {
        let life = self.owner.as_ref().map(|id| owner.life(id));
        self.record.owner = match (life, self.owner) {
            (Some(Life::This), _) => Ownership::This,
            (Some(life @ (Life::Alive | Life::Elsewhere)), Some(OwnerId { host, pid, .. })) => {
                Ownership::Other { host, pid, elsewhere: life == Life::Elsewhere }
            }
            _ => Ownership::Nobody,
        };
        if self.record.state == JobState::Running && self.record.owner == Ownership::Nobody {
            self.record.state = JobState::Interrupted;
        }
        self.record.open = rows::open(db, self.record.number)?;
        self.record.undoable = rows::undoable(db, self.record.number)?;
        Ok((self.record, life))
    }
}

/// All jobs, oldest first.
pub(super) fn all(db: &Connection, owner: &Owner) -> Result<Vec<JobRecord>> {
    let mut query = db.prepare_cached(&format!("{JOB} ORDER BY number"))?;
    let rows: Vec<Kept> = query.query_map([], read)?.collect::<Result<_>>()?;
    rows.into_iter().map(|kept| kept.completed(db, owner).map(|(record, _)| record)).collect()
}

/// One job.
pub(super) fn one(db: &Connection, owner: &Owner, number: u64) -> Result<Option<JobRecord>> {
    let found = find(db, owner, number)?;
    Ok(found.map(|(record, ..)| record))
}

fn find(db: &Connection, owner: &Owner, number: u64) -> Result<Option<(JobRecord, Option<Life>, u32)>> {
    let mut query = db.prepare_cached(&format!("{JOB} WHERE number = ?1"))?;
    let Some(kept) = query.query_row([number.cast_signed()], read).optional()? else { return Ok(None) };
    let tag = kept.tag;
    let (record, life) = kept.completed(db, owner)?;
    Ok(Some((record, life, tag)))
}

/// Whether somebody else, or this program, has it.
fn refuse_owned(record: &JobRecord) -> std::result::Result<(), JournalError> {
    let number = record.number;
    match &record.owner {
        Ownership::Nobody => Ok(()),
        Ownership::This => Err(JournalError::Owned { number, pid: None }),
        Ownership::Other { host, elsewhere: true, .. } => {
            Err(JournalError::Elsewhere { number, host: host.clone() })
        }
        Ownership::Other { pid, .. } => Err(JournalError::Owned { number, pid: Some(*pid) }),
    }
}

/// Makes this owner the job's, if nobody has it. The record is as it was before.
pub(super) fn claim(
    db: &Connection,
    owner: &Owner,
    id: &Arc<OwnerId>,
    number: u64,
    now: Timestamp,
) -> Attempt<(JobRecord, Of)> {
    let Some((mut record, _, tag)) = find(db, owner, number)? else {
        return Ok(Err(JournalError::Unknown(number)));
    };
    if let Err(refused) = refuse_owned(&record) {
        return Ok(Err(refused));
    }
    if record.state == JobState::Done {
        return Ok(Err(JournalError::Done(number)));
    }
    let sql = "UPDATE jobs SET state = 'running', host = ?2, boot = ?3, lock = ?4, pid = ?5,
        attempts = attempts + 1, last_attempt = ?6, ended = NULL, wish = NULL WHERE number = ?1";
    db.execute(sql, params![number.cast_signed(), id.host, id.boot, id.lock, id.pid, now.0])?;
    (record.attempts, record.last_attempt) = (record.attempts + 1, now);
    let of = Of { job: number, tag, attempt: record.attempts, moves: moves(&record.spec) };
    Ok(Ok((record, of)))
}

/// Whether a job's sources go away.
pub(super) fn moves(spec: &JobSpec) -> bool {
    spec.kind == JobKind::Move
}

/// Says that the owner on another machine is gone.
pub(super) fn disown(db: &Connection, owner: &Owner, number: u64) -> Attempt<()> {
    let Some((record, life, _)) = find(db, owner, number)? else {
        return Ok(Err(JournalError::Unknown(number)));
    };
    if life != Some(Life::Elsewhere) {
        return Ok(refuse_owned(&record));
    }
    release(db, number).map(Ok)
}

/// Nobody owns it any more.
pub(super) fn release(db: &Connection, number: u64) -> Result<()> {
    let sql = "UPDATE jobs SET host = NULL, boot = NULL, lock = NULL, pid = NULL WHERE number = ?1";
    db.prepare_cached(sql)?.execute([number.cast_signed()]).map(drop)
}

/// Leaves a wish for the job's owner.
pub(super) fn wish(db: &Connection, owner: &Owner, number: u64, wish: Wish) -> Attempt<()> {
    let Some((record, ..)) = find(db, owner, number)? else {
        return Ok(Err(JournalError::Unknown(number)));
    };
    if record.owner == Ownership::Nobody {
        return Ok(Err(JournalError::NotRunning(number)));
    }
    let word = if wish == Wish::Pause { "pause" } else { "cancel" };
    db.execute("UPDATE jobs SET wish = ?2 WHERE number = ?1", params![number.cast_signed(), word])?;
    Ok(Ok(()))
}

/// What is wished of a job.
pub(super) fn wished(db: &Connection, number: u64) -> Result<Option<Wish>> {
    let sql = "SELECT wish FROM jobs WHERE number = ?1";
    let word = db.prepare_cached(sql)?.query_row([number.cast_signed()], |row| row.get(0)).optional()?;
    let word: Option<String> = word.flatten();
    Ok(word.map(|word| if word == "pause" { Wish::Pause } else { Wish::Cancel }))
}

/// What is wished of a job, taken away from its row.
pub(super) fn take_wish(db: &Connection, number: u64) -> Result<Option<Wish>> {
    let wish = wished(db, number)?;
    db.execute("UPDATE jobs SET wish = NULL WHERE number = ?1", [number.cast_signed()])?;
    Ok(wish)
}

/// A failure, for the list of the last ones.
pub(super) fn failed(db: &Connection, number: u64, error: &str) -> Result<()> {
    let sql = "SELECT errors FROM jobs WHERE number = ?1";
    let kept: Option<String> =
        db.prepare_cached(sql)?.query_row([number.cast_signed()], |row| row.get(0)).optional()?;
    let Some(kept) = kept else { return Ok(()) };
    let mut errors: Vec<String> = pack::from_json(&kept)?;
    errors.push(error.to_owned());
    errors.drain(..errors.len().saturating_sub(ERRORS));
    let sql = "UPDATE jobs SET errors = ?2 WHERE number = ?1";
    db.prepare_cached(sql)?.execute(params![number.cast_signed(), pack::json(&errors)]).map(drop)
}

/// How far it is.
pub(super) fn progress(db: &Connection, number: u64, progress: &Progress) -> Result<()> {
    let sql = "UPDATE jobs SET progress = ?2 WHERE number = ?1";
    db.prepare_cached(sql)?.execute(params![number.cast_signed(), pack::json(progress)]).map(drop)
}

/// It ended so, and nobody owns it any more. Gives what can be undone of it.
pub(super) fn ended(
    db: &Connection,
    number: u64,
    state: JobState,
    far: &Progress,
    now: Timestamp,
) -> Result<u64> {
    progress(db, number, far)?;
    release(db, number)?;
    let sql = "UPDATE jobs SET state = ?2, ended = ?3, wish = NULL WHERE number = ?1";
    db.execute(sql, params![number.cast_signed(), state.word(), now.0])?;
    rows::undoable(db, number)
}

/// Forgets a job that nobody has. What may still be open at a service stays known.
pub(super) fn forget(db: &Connection, owner: &Owner, number: u64) -> Attempt<()> {
    let Some((record, ..)) = find(db, owner, number)? else {
        return Ok(Err(JournalError::Unknown(number)));
    };
    if let Err(refused) = refuse_owned(&record) {
        return Ok(Err(refused));
    }
    remove(db, number).map(Ok)
}

/// Takes the job's row away; its files are left to the tidying.
pub(super) fn remove(db: &Connection, number: u64) -> Result<()> {
    db.execute("UPDATE sinks SET job = NULL WHERE job = ?1", [number.cast_signed()])?;
    db.execute("DELETE FROM jobs WHERE number = ?1", [number.cast_signed()]).map(drop)
}
