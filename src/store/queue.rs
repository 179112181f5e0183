//! The thread that owns the file: takes what waits, and does it in one transaction.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::file::StateFile;
use super::{Schema, StoreError, Worth};

/// The most that is written in one transaction.
const BATCH: usize = 4096;

/// What a chore does at a time.
pub(super) type Step = Box<dyn FnMut(&Connection) -> rusqlite::Result<bool> + Send>;

/// What the thread is asked for.
pub(super) enum Message {
    /// Read or write.
    Work(Box<dyn Work>),
    /// Bring tables up to date.
    Own(Schema, oneshot::Sender<Result<(), StoreError>>),
    /// Do this in idle time.
    Chore(Step),
}

/// One piece of work: done within a transaction, told after it.
pub(super) trait Work: Send {
    /// What it is worth; `None` for a read.
    fn worth(&self) -> Option<Worth>;

    /// Does it. What fails leaves nothing.
    fn act(&mut self, connection: &Connection) -> rusqlite::Result<()>;

    /// Tells the result, once it is known whether the transaction held.
    fn tell(self: Box<Self>, held: Result<(), StoreError>);
}

/// Work with a result.
pub(super) struct Asked<T, F, D> {
    worth: Option<Worth>,
    act: Option<F>,
    result: Option<Result<T, StoreError>>,
    tell: D,
}

impl<T, F, D> Asked<T, F, D>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    D: FnOnce(Result<T, StoreError>) + Send + 'static,
{
    pub(super) fn boxed(worth: Option<Worth>, act: F, tell: D) -> Box<dyn Work> {
        Box::new(Self { worth, act: Some(act), result: None, tell })
    }
}

impl<T, F, D> Work for Asked<T, F, D>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    D: FnOnce(Result<T, StoreError>) + Send + 'static,
{
    fn worth(&self) -> Option<Worth> {
        self.worth
    }

    fn act(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let Some(act) = self.act.take() else { return Ok(()) };
        let (kept, told) = match act(connection) {
            Ok(value) => (Ok(value), Ok(())),
            Err(error) => (Err(StoreError::from(&error)), Err(error)),
        };
        self.result = Some(kept);
        told
    }

    fn tell(self: Box<Self>, held: Result<(), StoreError>) {
        let result = self.result.unwrap_or_else(|| Err(StoreError::gone()));
        (self.tell)(held.and(result));
    }
}

/// Works until every handle is gone and nothing waits any more.
pub(super) fn run(mut file: StateFile, queue: &Receiver<Message>) {
    let mut chores = VecDeque::new();
    while let Some(first) = next(queue, &mut chores, &mut file) {
        match first {
            Message::Chore(step) => chores.push_back(step),
            Message::Own(schema, told) => drop(told.send(file.own(schema))),
            Message::Work(first) => {
                let (batch, after) = gather(first, queue, &mut chores, file.batch(BATCH));
                file.perform(batch);
                if let Some((schema, told)) = after {
                    drop(told.send(file.own(schema)));
                }
            }
        }
    }
    // Whoever waits for a chore to be dropped finds the file closed.
    drop(file);
    drop(chores);
}

/// The next message; chores are done while none is there.
fn next(queue: &Receiver<Message>, chores: &mut VecDeque<Step>, file: &mut StateFile) -> Option<Message> {
    while let Some(chore) = chores.front_mut() {
        match queue.try_recv() {
            Ok(message) => return Some(message),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {
                if !file.chore(chore) {
                    chores.pop_front();
                }
            }
        }
    }
    queue.recv().ok()
}

type Owning = (Schema, oneshot::Sender<Result<(), StoreError>>);

/// What waits behind the first, as far as it may share its transaction.
fn gather(
    first: Box<dyn Work>,
    queue: &Receiver<Message>,
    chores: &mut VecDeque<Step>,
    most: usize,
) -> (Vec<Box<dyn Work>>, Option<Owning>) {
    let mut batch = vec![first];
    while batch.len() < most {
        match queue.try_recv() {
            Ok(Message::Work(work)) => batch.push(work),
            Ok(Message::Chore(step)) => chores.push_back(step),
            Ok(Message::Own(schema, told)) => return (batch, Some((schema, told))),
            Err(_) => break,
        }
    }
    (batch, None)
}
