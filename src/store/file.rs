//! The open file: [`StateFile`].

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use super::fail::FailPoint;
use super::place::Header;
use super::queue::{Step, Work};
use super::{Schema, StoreError, StoreErrorKind, Worth, place};
use crate::config::private_file;

/// The version of what this floor itself keeps in the file.
const LAYOUT: u32 = 1;

/// How long another window may hold the file.
const BUSY: Duration = Duration::from_secs(5);

/// Up to this size a file is read through when it is opened; in a larger one damage shows when it is met.
const SMALL: u64 = 4 << 20;

/// The state file, open.
pub(super) struct StateFile {
    connection: Connection,
    path: PathBuf,
    schemas: Vec<Schema>,
    durable: bool,
    fail: Option<FailPoint>,
}

impl StateFile {
    /// Opens the file in this directory; a damaged one is set aside, which a person must be told.
    pub(super) fn open(dir: &Path, fail: Option<FailPoint>) -> Result<(Self, Option<String>), StoreError> {
        let path = place::prepare(dir).map_err(|error| StoreError::io(&error))?;
        let (connection, told) = match connect(&path) {
            Err(error) if error.kind == StoreErrorKind::Damaged => {
                let (connection, told) = replace(&path)?;
                (connection, Some(told))
            }
            opened => (opened?, None),
        };
        Ok((Self { connection, path, schemas: Vec::new(), durable: true, fail }, told))
    }

    /// How many works may share a transaction: one where a fail point counts them.
    pub(super) fn batch(&self, most: usize) -> usize {
        if self.fail.is_some() { 1 } else { most }
    }

    /// Brings tables up to date.
    pub(super) fn own(&mut self, schema: Schema) -> Result<(), StoreError> {
        self.secure(true)?;
        migrate(&mut self.connection, schema)?;
        self.schemas.push(schema);
        Ok(())
    }

    /// Does these in one transaction, in order, and tells each what came of it.
    pub(super) fn perform(&mut self, mut batch: Vec<Box<dyn Work>>) {
        let counted = batch.iter().any(|work| work.worth() >= Some(Worth::Record));
        if let Some(fail) = self.fail.as_mut().filter(|_| counted) {
            fail.before();
        }
        let held = self.transact(&mut batch);
        if let Some(fail) = self.fail.as_ref().filter(|_| counted) {
            fail.after();
        }
        let held = held.map_err(|error| self.repaired(error));
        for work in batch {
            work.tell(held.clone());
        }
    }

    /// One step of a chore; `false` when it is done, or can't be.
    pub(super) fn chore(&mut self, step: &mut Step) -> bool {
        let done = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|tx| {
            let more = step(&tx)?;
            tx.commit().map(|()| more)
        });
        done.unwrap_or_else(|error| {
            tracing::warn!("the state file couldn't be tidied: {error}");
            false
        })
    }

    fn transact(&mut self, batch: &mut [Box<dyn Work>]) -> Result<(), StoreError> {
        let most = batch.iter().filter_map(|work| work.worth()).max();
        if let Some(worth) = most {
            self.secure(worth == Worth::Durable)?;
        }
        let done = self.within(batch, most.is_some());
        if done.is_err() && !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        done.map_err(|error| StoreError::from(&error))
    }

    /// A piece of work that fails takes back what it did, and the others go on; but damage, a full disk and
    /// their like end the whole.
    fn within(&self, batch: &mut [Box<dyn Work>], writes: bool) -> rusqlite::Result<()> {
        self.run(if writes { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
        for work in batch {
            self.run("SAVEPOINT work")?;
            if let Err(error) = work.act(&self.connection) {
                if self.connection.is_autocommit() || StoreError::from(&error).kind == StoreErrorKind::Damaged
                {
                    return Err(error);
                }
                self.run("ROLLBACK TO work")?;
            }
            self.run("RELEASE work")?;
        }
        self.run("COMMIT")
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// Whether the next transactions are to survive a loss of power.
    fn secure(&mut self, durable: bool) -> Result<(), StoreError> {
        if durable != self.durable {
            let mode = if durable { "FULL" } else { "NORMAL" };
            self.connection
                .pragma_update(None, "synchronous", mode)
                .map_err(|error| StoreError::from(&error))?;
            self.durable = durable;
        }
        Ok(())
    }

    /// Where a failure tells of damage: a new file in place of this one.
    fn repaired(&mut self, error: StoreError) -> StoreError {
        if error.kind != StoreErrorKind::Damaged {
            return error;
        }
        let replaced = self.close().and_then(|()| replace(&self.path));
        match replaced {
            Ok((connection, told)) => {
                (self.connection, self.durable) = (connection, true);
                for schema in self.schemas.clone() {
                    if let Err(error) = migrate(&mut self.connection, schema) {
                        tracing::warn!("the new state file can't be prepared: {error}");
                    }
                }
                StoreError::new(StoreErrorKind::Damaged, told)
            }
            Err(failed) => failed,
        }
    }

    /// Lets go of the file: a new one is to be opened under its name.
    fn close(&mut self) -> Result<(), StoreError> {
        self.connection = Connection::open_in_memory().map_err(|error| StoreError::from(&error))?;
        Ok(())
    }
}

/// Opens a file, and finds out whether it can be used.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    match place::header(path).map_err(|error| StoreError::io(&error))? {
        Header::Empty => {}
        Header::Version(version) => refuse_newer(version)?,
        Header::Foreign => {
            let reason = "it is no file of this kind";
            return Err(StoreError::new(StoreErrorKind::Damaged, reason));
        }
    }
    prepare(path).map_err(|error| StoreError::from(&error))?
}

fn refuse_newer(version: u32) -> Result<(), StoreError> {
    if version <= LAYOUT {
        return Ok(());
    }
    let reason = "a newer bifold wrote it; update this one";
    Err(StoreError::new(StoreErrorKind::Newer, reason))
}

fn prepare(path: &Path) -> rusqlite::Result<Result<Connection, StoreError>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if let Err(newer) = refuse_newer(version) {
        return Ok(Err(newer));
    }
    if version == 0 {
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    journal_mode(&connection, if place::on_network(path) { "DELETE" } else { "WAL" })?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    lay_out(&mut connection)?;
    Ok(sound(&connection, path)?.map(|()| connection))
}

/// Another window may be changing the mode at this moment.
fn journal_mode(connection: &Connection, mode: &str) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(()))
}

/// What this floor itself keeps: which floor's tables are how far.
fn lay_out(connection: &mut Connection) -> rusqlite::Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch("CREATE TABLE IF NOT EXISTS schemas (name TEXT PRIMARY KEY, version INTEGER NOT NULL)")?;
    tx.pragma_update(None, "user_version", LAYOUT)?;
    tx.commit()
}

fn sound(connection: &Connection, path: &Path) -> rusqlite::Result<Result<(), StoreError>> {
    if path.metadata().is_ok_and(|meta| meta.len() > SMALL) {
        return Ok(Ok(()));
    }
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" {
        return Ok(Ok(()));
    }
    Ok(Err(StoreError::new(StoreErrorKind::Damaged, found)))
}

fn migrate(connection: &mut Connection, schema: Schema) -> Result<(), StoreError> {
    let known = schema.steps.len();
    let done = connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|tx| {
        let version = "SELECT version FROM schemas WHERE name = ?1";
        let version: Option<u32> = tx.query_row(version, [schema.name], |row| row.get(0)).optional()?;
        let version = version.unwrap_or(0) as usize;
        for step in schema.steps.iter().skip(version) {
            tx.execute_batch(step)?;
        }
        let set = "INSERT INTO schemas VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET version = ?2 WHERE version < ?2";
        tx.execute(set, (schema.name, known as u32))?;
        tx.commit().map(|()| version)
    });
    match done {
        Ok(version) if version > known => refuse_newer(u32::MAX),
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::from(&error)),
    }
}

/// Sets a damaged file aside and opens a new one, which is told. Another window may have done it already.
fn replace(path: &Path) -> Result<(Connection, String), StoreError> {
    let io = |error: std::io::Error| StoreError::io(&error);
    let guard = path.with_extension("repair");
    let guard = private_file(&guard, OpenOptions::new().write(true).truncate(false)).map_err(io)?;
    guard.lock().map_err(io)?;
    if let Ok(connection) = connect(path) {
        let check: rusqlite::Result<String> =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
        if check.is_ok_and(|found| found == "ok") {
            return Ok((connection, "the state file was damaged: another window replaced it".to_owned()));
        }
    }
    let aside = place::set_aside(path).map_err(io)?;
    if let Some(dir) = path.parent() {
        place::prepare(dir).map_err(io)?;
    }
    let told = format!(
        "the state file was damaged and set aside as {}: interrupted jobs from before are not known any more",
        aside.display()
    );
    tracing::warn!("{told}");
    Ok((connect(path)?, told))
}
