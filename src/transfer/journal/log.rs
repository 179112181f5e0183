//! What the owner of a job records: [`JobLog`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::record::{JobState, Recalled, UndoKind, Wish};
use super::rows::{self, File, Of, Way};
use super::{Kept, jobs, pack};
use crate::model::{Entry, Timestamp, Uri};
use crate::store::{StoreError, Worth};
use crate::transfer::job::Progress;
use crate::vfs::{CreateHint, PartRecord, Placed, Removed, SinkState};

/// The records of one job, for its owner. Cheap to clone; when the last clone is dropped before
/// [`Self::ended`], the job is left as an interrupted one.
///
/// Nothing here fails: see [`Self::trouble`].
#[derive(Clone, Debug)]
pub struct JobLog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    kept: Arc<Kept>,
    of: Of,
    trouble: Arc<Mutex<Trouble>>,
    ended: AtomicBool,
}

/// What couldn't be written, once.
#[derive(Debug, Default)]
struct Trouble {
    said: bool,
    text: Option<String>,
}

impl Trouble {
    fn with(&mut self, error: &StoreError) {
        tracing::warn!("a record of a job was not written: {error}");
        if !std::mem::replace(&mut self.said, true) {
            let text = format!("the journal can't be written, so this job may not be resumable: {error}");
            self.text = Some(text);
        }
    }
}

impl JobLog {
    pub(super) fn new(kept: Arc<Kept>, of: Of) -> Self {
        let trouble = Arc::default();
        Self { inner: Arc::new(Inner { kept, of, trouble, ended: AtomicBool::new(false) }) }
    }

    /// The job's number.
    pub fn number(&self) -> u64 {
        self.inner.of.job
    }

    /// Names the job's temporary files, in all its attempts: [`CreateHint::job`].
    pub fn tag(&self) -> u32 {
        self.inner.of.tag
    }

    /// How often the job was begun, this time included.
    pub fn attempt(&self) -> u32 {
        self.inner.of.attempt
    }

    /// What a person must be told when records can't be written: once, then never again.
    pub fn trouble(&self) -> Option<String> {
        self.inner.trouble.lock().text.take()
    }

    /// An upload of this is about to be created: safe from a loss of power when the wait ends. Only for what
    /// gets an upload id; small files need none of this.
    pub async fn intend(&self, source: &Uri, entry: &Entry, target: &Uri) {
        let (of, file) = self.file(source, entry, target);
        let act = move |db: &Connection| rows::intend(db, of, &file, wall_clock());
        self.write(Worth::Durable, act).await;
    }

    /// It was begun, and this is what finds it again: safe from a loss of power when the wait ends, which
    /// comes before its first part. What is in `state.parts` already is recorded with it.
    pub async fn opened(
        &self,
        source: &Uri,
        entry: &Entry,
        target: &Uri,
        state: &SinkState,
        hint: &CreateHint,
    ) {
        let (of, file) = self.file(source, entry, target);
        let (state, hint) = (state.clone(), rows::hint(hint));
        let act = move |db: &Connection| rows::opened(db, of, &file, &state, &hint, wall_clock());
        self.write(Worth::Durable, act).await;
    }

    /// A part is safe: call it only after `write_part` or `copy_part` returned. Nobody needs to wait.
    pub fn part(&self, source: &Uri, target: &Uri, part: PartRecord) {
        let (of, way) = self.way(source, target);
        let trouble = self.inner.trouble.clone();
        let act = move |db: &Connection| rows::part(db, of, &way, &part);
        self.inner.kept.store.queue(Worth::Record, act, move |error| trouble.lock().with(&error));
    }

    /// It is whole at its place; `overwrote` tells that something was there before. To be awaited before its
    /// source is removed.
    pub async fn placed(&self, source: &Uri, entry: &Entry, target: &Uri, placed: &Placed, overwrote: bool) {
        let (of, source) = (self.inner.of, pack::location(source));
        let (entry, target, placed) = (entry.clone(), target.clone(), placed.clone());
        let act = move |db: &Connection| rows::placed(db, of, &source, &entry, &target, &placed, overwrote);
        self.write(Worth::Record, act).await;
    }

    /// The source of something placed is gone.
    pub async fn source_removed(&self, source: &Uri, removed: &Removed) {
        let (of, source, marker) = (self.inner.of, pack::location(source), removed.marker.clone());
        let act = move |db: &Connection| rows::source_removed(db, of, &source, marker.as_deref());
        self.write(Worth::Record, act).await;
    }

    /// Something was deleted. Only what left a marker is kept, for an undo.
    pub async fn deleted(&self, uri: &Uri, removed: &Removed) {
        self.deleted_all([(uri, removed)]).await;
    }

    /// Several were, in one record.
    pub async fn deleted_all<'a>(&self, all: impl IntoIterator<Item = (&'a Uri, &'a Removed)>) {
        let marked = |(uri, removed): (&Uri, &Removed)| Some((pack::location(uri), removed.marker.clone()?));
        let marked: Vec<_> = all.into_iter().filter_map(marked).collect();
        if marked.is_empty() {
            return;
        }
        let of = self.inner.of;
        let act = move |db: &Connection| {
            marked.iter().try_for_each(|(uri, marker)| rows::add_undo(db, of, uri, marker, UndoKind::Marker))
        };
        self.write(Worth::Record, act).await;
    }

    /// It was aborted: nothing is open of it any more.
    pub async fn closed(&self, source: &Uri, target: &Uri) {
        let (of, way) = self.way(source, target);
        self.write(Worth::Record, move |db| rows::closed(db, of, &way)).await;
    }

    /// It can't be taken up again, though it may be there still: the job leaves it, and it stays known.
    pub async fn orphaned(&self, source: &Uri, target: &Uri) {
        let (of, way) = self.way(source, target);
        self.write(Worth::Record, move |db| rows::orphan(db, of, &way)).await;
    }

    /// What earlier attempts, or this one, did with a source: what is open of it, newest first, then where it
    /// was placed.
    pub async fn recall(&self, source: &Uri) -> Vec<Recalled> {
        let (of, source) = (self.inner.of, pack::location(source));
        self.read(move |db| rows::recall(db, of, &source)).await.unwrap_or_default()
    }

    /// A page of what is open or was only intended, behind the row `after` (0 at first): what must be aborted
    /// when its source isn't met any more.
    pub async fn still_open(&self, after: u64, most: usize) -> Vec<(u64, Recalled)> {
        let of = self.inner.of;
        self.read(move |db| rows::still_open(db, of, after, most)).await.unwrap_or_default()
    }

    /// Something failed; the last 20 are kept.
    pub async fn failed(&self, error: &str) {
        let (number, error) = (self.number(), error.to_owned());
        self.write(Worth::Note, move |db| jobs::failed(db, number, &error)).await;
    }

    /// How far it is: to be told every few seconds.
    pub async fn progress(&self, progress: &Progress) {
        let (number, progress) = (self.number(), progress.clone());
        self.write(Worth::Note, move |db| jobs::progress(db, number, &progress)).await;
    }

    /// It ended so; the owner gives it up. Tells how much can be undone of it.
    pub async fn ended(&self, state: JobState, progress: &Progress) -> u64 {
        let (number, progress, now) = (self.number(), progress.clone(), wall_clock());
        self.inner.ended.store(true, Ordering::Relaxed);
        let act = move |db: &Connection| jobs::ended(db, number, state, &progress, now);
        let undoable = self.write(Worth::Durable, act).await;
        super::tidy::begin(&self.inner.kept.store, now);
        undoable.unwrap_or(0)
    }

    /// What another program wishes of this job; a wish is told once.
    pub async fn wishes(&self) -> Option<Wish> {
        let number = self.number();
        self.read(move |db| jobs::wished(db, number)).await.flatten()?;
        // What is told is what is taken away: a wish may have followed another since it was looked for.
        self.write(Worth::Note, move |db| jobs::take_wish(db, number)).await.flatten()
    }

    fn way(&self, source: &Uri, target: &Uri) -> (Of, Way) {
        (self.inner.of, Way::new(pack::location(source), target))
    }

    fn file(&self, source: &Uri, entry: &Entry, target: &Uri) -> (Of, File) {
        let file = File { source: pack::location(source), entry: pack::json(entry), target: target.clone() };
        (self.inner.of, file)
    }

    async fn write<T, F>(&self, worth: Worth, act: F) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.noted(self.inner.kept.store.write(worth, act).await)
    }

    async fn read<T, F>(&self, act: F) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.noted(self.inner.kept.store.read(act).await)
    }

    fn noted<T>(&self, result: Result<T, StoreError>) -> Option<T> {
        result.map_err(|error| self.inner.trouble.lock().with(&error)).ok()
    }
}

impl Drop for Inner {
    /// A job that wasn't ended is left as it is, for whoever resumes it.
    fn drop(&mut self) {
        if !*self.ended.get_mut() {
            let number = self.of.job;
            self.kept.store.queue(Worth::Note, move |db| jobs::release(db, number), |_| {});
        }
    }
}

/// The time, for rows that tell since when.
pub(super) fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
