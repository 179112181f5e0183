//! The rows of files: what is placed, what is open, what can be undone.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::columns::Columns;
use super::pack::{self, SavedHint};
use super::record::{Recalled, RecordedUpload, Step, Undo, UndoKind};
use crate::model::{Entry, Timestamp, Uri};
use crate::vfs::{CreateHint, PartRecord, Placed, SinkState};

/// Which job a row is of, and what its rows need of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of {
    pub job: u64,
    pub tag: u32,
    pub attempt: u32,
    /// Whether its sources go away.
    pub moves: bool,
}

impl Of {
    pub(super) fn id(self) -> i64 {
        self.job.cast_signed()
    }
}

/// A file that is about to be written.
#[derive(Debug)]
pub(super) struct File {
    pub source: Vec<u8>,
    /// The source's row as JSON.
    pub entry: String,
    pub target: Uri,
}

impl File {
    /// What the rows of this file are found by.
    fn way(&self) -> Way {
        Way::new(self.source.clone(), &self.target)
    }
}

/// Which copy of a source a row is of: one source may go to several places.
#[derive(Debug)]
pub(super) struct Way {
    source: Vec<u8>,
    /// As [`pack::target`] keeps it.
    target: Vec<u8>,
}

impl Way {
    pub(super) fn new(source: Vec<u8>, target: &Uri) -> Self {
        Self { target: pack::target(&source, target), source }
    }
}

/// What must be there before a write that is to be found again is begun.
pub(super) fn intend(db: &Connection, of: Of, file: &File, now: Timestamp) -> Result<()> {
    let way = file.way();
    // What an earlier intent came to was never told, or an upload couldn't be taken up again: both stay known.
    orphan(db, of, &way)?;
    let sql =
        "INSERT INTO sinks (job, attempt, source, entry, target, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    db.prepare_cached(sql)?
        .execute(params![of.id(), of.attempt, way.source, file.entry, way.target, now.0])
        .map(drop)
}

/// What is open of it isn't the job's any more: it is kept to be offered for abort.
pub(super) fn orphan(db: &Connection, of: Of, way: &Way) -> Result<()> {
    let sql = "UPDATE sinks SET job = NULL WHERE job = ?1 AND source = ?2 AND target = ?3";
    db.prepare_cached(sql)?.execute(params![of.id(), way.source, way.target]).map(drop)
}

/// Takes away what this attempt only intended, since it is known now. All else stays as an orphan.
fn drop_intended(db: &Connection, of: Of, way: &Way) -> Result<()> {
    let sql = "DELETE FROM sinks
        WHERE job = ?1 AND source = ?2 AND target = ?3 AND upload IS NULL AND attempt = ?4";
    db.prepare_cached(sql)?.execute(params![of.id(), way.source, way.target, of.attempt])?;
    orphan(db, of, way)
}

/// A write was begun, and this is what finds it again.
pub(super) fn opened(
    db: &Connection,
    of: Of,
    file: &File,
    state: &SinkState,
    hint: &str,
    now: Timestamp,
) -> Result<()> {
    let way = file.way();
    drop_intended(db, of, &way)?;
    let sql = "INSERT INTO sinks (job, attempt, source, entry, target, upload, part_size, size, hint, since)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    db.prepare_cached(sql)?.execute(params![
        of.id(),
        of.attempt,
        way.source,
        file.entry,
        way.target,
        state.id,
        state.part_size.cast_signed(),
        state.size.map(u64::cast_signed),
        hint,
        now.0,
    ])?;
    let sink = db.last_insert_rowid();
    for part in &state.parts {
        add_part(db, sink, part)?;
    }
    Ok(())
}

fn add_part(db: &Connection, sink: i64, part: &PartRecord) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO parts VALUES (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(sql)?
        .execute(params![
            sink,
            part.offset.cast_signed(),
            part.len.cast_signed(),
            part.tag,
            part.crc64.cast_signed()
        ])
        .map(drop)
}

/// A part of what is open is safe. Of what isn't open any more there is nothing to keep.
pub(super) fn part(db: &Connection, of: Of, way: &Way, part: &PartRecord) -> Result<()> {
    match open_sink(db, of, way)? {
        Some(sink) => add_part(db, sink, part),
        None => Ok(()),
    }
}

fn open_sink(db: &Connection, of: Of, way: &Way) -> Result<Option<i64>> {
    let sql = "SELECT id FROM sinks
        WHERE job = ?1 AND source = ?2 AND target = ?3 AND upload IS NOT NULL ORDER BY id DESC LIMIT 1";
    db.prepare_cached(sql)?.query_row(params![of.id(), way.source, way.target], |row| row.get(0)).optional()
}

/// Nothing is open of it any more.
pub(super) fn closed(db: &Connection, of: Of, way: &Way) -> Result<()> {
    let which = params![of.id(), way.source, way.target];
    let parts = "DELETE FROM parts WHERE sink IN
        (SELECT id FROM sinks WHERE job = ?1 AND source = ?2 AND target = ?3)";
    db.prepare_cached(parts)?.execute(which)?;
    let sinks = "DELETE FROM sinks WHERE job = ?1 AND source = ?2 AND target = ?3";
    db.prepare_cached(sinks)?.execute(which).map(drop)
}

/// It is whole at its place, and nothing is open of it any more.
pub(super) fn placed(
    db: &Connection,
    of: Of,
    source: &[u8],
    entry: &Entry,
    target: &Uri,
    placed: &Placed,
    overwrote: bool,
) -> Result<()> {
    let way = Way::new(source.to_vec(), target);
    closed(db, of, &way)?;
    let (was, now) =
        (Columns::of(entry, None), Columns::of(&placed.entry, Some((&target.name(), entry.size))));
    let sql = "INSERT OR REPLACE INTO files
        (job, source, target, size, modified, tag, mode, class, odd,
         now_size, now_modified, now_tag, now_mode, now_class, now_odd, version, proof, overwrote)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
    db.prepare_cached(sql)?.execute(params![
        of.id(),
        way.source,
        way.target,
        was.size,
        was.modified,
        was.tag,
        was.mode,
        was.class,
        was.odd,
        now.size,
        now.modified,
        now.tag,
        now.mode,
        now.class,
        now.odd,
        placed.version.as_deref(),
        pack::proof(placed.proof),
        overwrote,
    ])?;
    match &placed.version {
        // What a move overwrote is offered only with its source: without one the newer version is all there is.
        Some(version) if overwrote && !of.moves => {
            add_undo(db, of, &pack::location(target), version, UndoKind::Version)
        }
        _ => Ok(()),
    }
}

/// The source of something placed is gone; `marker` hides it, where there are versions.
pub(super) fn source_removed(db: &Connection, of: Of, source: &[u8], marker: Option<&str>) -> Result<()> {
    let sql = "UPDATE files SET removed = 1 WHERE job = ?1 AND source = ?2";
    db.prepare_cached(sql)?.execute(params![of.id(), source])?;
    let Some(marker) = marker else { return Ok(()) };
    // In this order: the source shows again before what replaced something else goes.
    add_undo(db, of, source, marker, UndoKind::Marker)?;
    for (target, version) in overwritten(db, of, source)? {
        add_undo(db, of, &pack::location(&target), &version, UndoKind::Version)?;
    }
    Ok(())
}

/// The versions that copies of this source put over others.
fn overwritten(db: &Connection, of: Of, source: &[u8]) -> Result<Vec<(Uri, String)>> {
    let sql = "SELECT target, version FROM files
        WHERE job = ?1 AND source = ?2 AND overwrote AND version IS NOT NULL";
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map(params![of.id(), source], |row| {
        Ok((pack::to_target(source, row.get_ref(0)?.as_blob()?)?, row.get(1)?))
    })?;
    rows.collect()
}

/// Something that can be undone.
pub(super) fn add_undo(db: &Connection, of: Of, uri: &[u8], version: &str, kind: UndoKind) -> Result<()> {
    let sql = "INSERT INTO undo (job, uri, version, kind) VALUES (?1, ?2, ?3, ?4)";
    let kind = i64::from(kind == UndoKind::Version);
    db.prepare_cached(sql)?.execute(params![of.id(), uri, version, kind]).map(drop)
}

/// How much can be undone.
pub(super) fn undoable(db: &Connection, job: u64) -> Result<u64> {
    count(db, "SELECT count(*) FROM undo WHERE job = ?1", job)
}

/// How many writes are open.
pub(super) fn open(db: &Connection, job: u64) -> Result<u64> {
    count(db, "SELECT count(*) FROM sinks WHERE job = ?1 AND upload IS NOT NULL", job)
}

fn count(db: &Connection, sql: &str, job: u64) -> Result<u64> {
    db.prepare_cached(sql)?.query_row([job.cast_signed()], |row| row.get(0)).map(i64::cast_unsigned)
}

/// A page of what can be undone, in the order in which it must be.
pub(super) fn undo_page(db: &Connection, job: u64, after: u64, most: usize) -> Result<Vec<(u64, Undo)>> {
    let sql = "SELECT id, uri, version, kind FROM undo WHERE job = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map(params![job.cast_signed(), after.cast_signed(), limit(most)], |row| {
        let uri = pack::to_location(row.get_ref(1)?.as_blob()?)?;
        let kind = if row.get::<_, i64>(3)? == 1 { UndoKind::Version } else { UndoKind::Marker };
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), Undo { uri, version: row.get(2)?, kind }))
    })?;
    rows.collect()
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// These are undone.
pub(super) fn undone(db: &Connection, job: u64, rows: &[u64]) -> Result<()> {
    let mut remove = db.prepare_cached("DELETE FROM undo WHERE job = ?1 AND id = ?2")?;
    for row in rows {
        remove.execute(params![job.cast_signed(), row.cast_signed()])?;
    }
    Ok(())
}

/// What is known of a source: what is open of it, newest first, then where it was placed.
pub(super) fn recall(db: &Connection, of: Of, source: &[u8]) -> Result<Vec<Recalled>> {
    let sql = format!("{SINK} WHERE job = ?1 AND source = ?2 ORDER BY id DESC");
    let mut query = db.prepare_cached(&sql)?;
    let sinks = query.query_map(params![of.id(), source], |row| to_sink(row, of))?;
    let with_parts = |sink: Result<_>| sink.and_then(|(id, recalled)| with_parts(db, id, recalled));
    let mut known: Vec<Recalled> = sinks.map(with_parts).collect::<Result<_>>()?;
    known.extend(recall_placed(db, of, source)?);
    Ok(known)
}

fn recall_placed(db: &Connection, of: Of, source: &[u8]) -> Result<Vec<Recalled>> {
    let sql = "SELECT size, modified, tag, mode, class, odd,
        now_size, now_modified, now_tag, now_mode, now_class, now_odd, target, version, proof, removed
        FROM files WHERE job = ?1 AND source = ?2";
    let mut query = db.prepare_cached(sql)?;
    let read = |row: &Row<'_>| {
        let from = pack::to_location(source)?;
        let target = pack::to_target(source, row.get_ref(12)?.as_blob()?)?;
        let entry = Columns::read(row, 0)?.entry(&from, None)?;
        let now = Columns::read(row, 6)?.entry(&target, entry.size)?;
        let version = row.get::<_, Option<String>>(13)?.map(Into::into);
        let placed = Placed { entry: now, version, proof: pack::to_proof(row.get(14)?) };
        let step = if row.get(15)? { Step::SourceRemoved } else { Step::Placed(Box::new(placed)) };
        Ok(Recalled { source: from, entry, target, step })
    };
    query.query_map(params![of.id(), source], read)?.collect()
}

const SINK: &str = "SELECT id, source, entry, target, upload, part_size, size, hint FROM sinks";

fn to_sink(row: &Row<'_>, of: Of) -> Result<(i64, Recalled)> {
    let source = row.get_ref(1)?.as_blob()?;
    let step = match row.get::<_, Option<String>>(4)? {
        None => Step::Intended,
        Some(id) => {
            let part_size = row.get::<_, i64>(5)?.cast_unsigned();
            let size = row.get::<_, Option<i64>>(6)?.map(i64::cast_unsigned);
            let state = SinkState { id, part_size, size, parts: Vec::new() };
            let hint: SavedHint = pack::from_json(row.get_ref(7)?.as_str()?)?;
            Step::Open(Box::new((state, hint.hint(of.tag))))
        }
    };
    let recalled = Recalled {
        source: pack::to_location(source)?,
        entry: pack::from_json(row.get_ref(2)?.as_str()?)?,
        target: pack::to_target(source, row.get_ref(3)?.as_blob()?)?,
        step,
    };
    Ok((row.get(0)?, recalled))
}

fn with_parts(db: &Connection, sink: i64, mut recalled: Recalled) -> Result<Recalled> {
    if let Step::Open(open) = &mut recalled.step {
        let sql = "SELECT offset, len, tag, crc64 FROM parts WHERE sink = ?1 ORDER BY offset";
        let mut query = db.prepare_cached(sql)?;
        let parts = query.query_map([sink], |row| {
            let number = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
            Ok(PartRecord { offset: number(0)?, len: number(1)?, tag: row.get(2)?, crc64: number(3)? })
        })?;
        open.0.parts = parts.collect::<Result<_>>()?;
    }
    Ok(recalled)
}

/// A page of what is open or intended, behind the row `after`.
pub(super) fn still_open(db: &Connection, of: Of, after: u64, most: usize) -> Result<Vec<(u64, Recalled)>> {
    let sql = format!("{SINK} WHERE job = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
    let mut query = db.prepare_cached(&sql)?;
    let rows = query.query_map(params![of.id(), after.cast_signed(), limit(most)], |row| to_sink(row, of))?;
    rows.map(|row| row.and_then(|(id, recalled)| Ok((id.cast_unsigned(), with_parts(db, id, recalled)?))))
        .collect()
}

/// All uploads that aren't known to be over.
pub(super) fn uploads(db: &Connection) -> Result<Vec<RecordedUpload>> {
    let sql = "SELECT id, source, target, upload, since, job FROM sinks ORDER BY id";
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map([], |row| {
        Ok(RecordedUpload {
            row: row.get::<_, i64>(0)?.cast_unsigned(),
            uri: pack::to_target(row.get_ref(1)?.as_blob()?, row.get_ref(2)?.as_blob()?)?,
            upload: row.get(3)?,
            since: Timestamp(row.get(4)?),
            job: row.get::<_, Option<i64>>(5)?.map(i64::cast_unsigned),
        })
    })?;
    let on_s3 = |upload: &Result<RecordedUpload>| upload.as_ref().map_or(true, |it| it.uri.as_s3().is_some());
    rows.filter(on_s3).collect()
}

/// The rows of forgotten jobs that wrote to a disk.
pub(super) fn forgotten_local(db: &Connection) -> Result<Vec<u64>> {
    let mut query = db.prepare_cached("SELECT id, source, target FROM sinks WHERE job IS NULL")?;
    let rows = query.query_map([], |row| {
        let target = pack::to_target(row.get_ref(1)?.as_blob()?, row.get_ref(2)?.as_blob()?)?;
        Ok(target.as_local().is_some().then_some(row.get::<_, i64>(0)?.cast_unsigned()))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// One is over.
pub(super) fn forget_upload(db: &Connection, row: u64) -> Result<()> {
    db.prepare_cached("DELETE FROM parts WHERE sink = ?1")?.execute([row.cast_signed()])?;
    db.prepare_cached("DELETE FROM sinks WHERE id = ?1")?.execute([row.cast_signed()]).map(drop)
}

/// The JSON of a hint.
pub(super) fn hint(hint: &CreateHint) -> String {
    pack::json(&SavedHint::new(hint))
}
