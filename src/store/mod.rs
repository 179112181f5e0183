//! What outlives a run, in one SQLite file of the state directory: [`Store`].
//!
//! Several windows share the file safely, and it survives a crash. One thread owns the connection and
//! takes work by a queue; what waits there together is written together. Each floor above owns tables of
//! its own, see [`Schema`].
//!
//! Invariants: nobody but its owner may read the file; a file of a newer program is left as it is; a
//! damaged one is set aside, never deleted; what is awaited is written when the wait ends.

mod error;
mod fail;
mod file;
mod place;
mod queue;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::mpsc;

use rusqlite::Connection;
use tokio::sync::oneshot;

pub use error::{StoreError, StoreErrorKind};
pub use fail::FailPoint;
pub use place::damaged_copies;

use self::file::StateFile;
use self::queue::{Asked, Message};

/// The tables of one floor: the steps that made them what they are, oldest first. A step is never changed
/// once it was released; a new one is added.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Which floor's.
    pub name: &'static str,
    /// The SQL of each step.
    pub steps: &'static [&'static str],
}

/// How much a write is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// Nothing is lost with it; no fail point counts it.
    Note,
    /// It survives the death of the program when the wait ends, and a loss of power soon after.
    Record,
    /// It survives a loss of power when the wait ends.
    Durable,
}

/// The state file. Cheap to clone: the clones are one file, which is closed with the last of them.
#[derive(Clone)]
pub struct Store {
    queue: mpsc::Sender<Message>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the state file of this directory, and makes both where they aren't there. Also gives what a
    /// person must be told: that a damaged file was set aside.
    pub async fn open(dir: &Path, fail: Option<FailPoint>) -> Result<(Self, Option<String>), StoreError> {
        let dir = dir.to_path_buf();
        let (queue, works) = mpsc::channel();
        let (opened, open) = oneshot::channel();
        let run = move || match StateFile::open(&dir, fail) {
            Ok((file, told)) => {
                let _ = opened.send(Ok(told));
                queue::run(file, &works);
            }
            Err(error) => drop(opened.send(Err(error))),
        };
        let thread = std::thread::Builder::new().name("state".to_owned()).spawn(run);
        thread.map_err(|error| StoreError::new(StoreErrorKind::Other, error.to_string()))?;
        let told = open.await.unwrap_or_else(|_| Err(StoreError::gone()))?;
        Ok((Self { queue }, told))
    }

    /// Brings the tables of a floor to what this program knows. Refuses those of a newer one.
    pub async fn own(&self, schema: Schema) -> Result<(), StoreError> {
        let (told, answer) = oneshot::channel();
        self.send(Message::Own(schema, told));
        answer.await.unwrap_or_else(|_| Err(StoreError::gone()))
    }

    /// Reads. What was queued before is seen.
    pub async fn read<T, F>(&self, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.ask(None, act).await
    }

    /// Writes: all of what `act` does or nothing.
    pub async fn write<T, F>(&self, worth: Worth, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.ask(Some(worth), act).await
    }

    /// Writes without waiting for it; `failed` hears of a failure, on the thread of the file.
    pub fn queue<F, E>(&self, worth: Worth, act: F, failed: E)
    where
        F: FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
        E: FnOnce(StoreError) + Send + 'static,
    {
        let tell = |written: Result<(), StoreError>| {
            if let Err(error) = written {
                failed(error);
            }
        };
        self.send(Message::Work(Asked::boxed(Some(worth), act, tell)));
    }

    /// Does this when nothing else is to be done, again and again until it gives `false` or fails.
    pub fn chore(&self, step: impl FnMut(&Connection) -> rusqlite::Result<bool> + Send + 'static) {
        self.send(Message::Chore(Box::new(step)));
    }

    async fn ask<T, F>(&self, worth: Option<Worth>, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (told, answer) = oneshot::channel();
        let tell = |result| drop(told.send(result));
        self.send(Message::Work(Asked::boxed(worth, act, tell)));
        answer.await.unwrap_or_else(|_| Err(StoreError::gone()))
    }

    /// A thread that is gone drops the message, and with it the answer.
    fn send(&self, message: Message) {
        drop(self.queue.send(message));
    }
}
