//! Does what the machine decides, on tokio: [`Engine`].
//!
//! A job is one task. It alone holds the job's machine; each piece of work is a task of its own, whose
//! end becomes an event. Requests and buffers of all jobs share one budget. Nothing here decides: what
//! follows a failure, an answer or a cancel is the machine's.

mod budget;
mod count;
mod perform;
mod places;
mod runner;
mod verify;

use std::fmt;
use std::sync::Arc;

use futures::stream::BoxStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use self::budget::Budget;
use self::places::Places;
use self::runner::Runner;
use super::io::Event;
use super::job::{Answer, Counts, JobEvent, JobId, JobSpec, SourceItem};
use super::machine::Limits;
use crate::model::{Result, Uri};
use crate::vfs::DynPath;

/// Finds the live handle of a location.
pub type Resolver = Arc<dyn Fn(&Uri) -> Result<DynPath> + Send + Sync>;

/// Runs jobs, many at once, within one budget. Cheap to clone: the clones are one engine.
#[derive(Clone)]
pub struct Engine {
    resolve: Resolver,
    limits: Limits,
    budget: Arc<Budget>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that finds locations by `resolve`. Asks nothing of disk or network.
    pub fn new(resolve: Resolver, limits: Limits) -> Self {
        Self { resolve, limits, budget: Arc::new(Budget::new(&limits)) }
    }

    /// Begins a job, which goes on by itself until its [`JobEvent::Finished`]; dropping the handle
    /// doesn't end it. Must be called within a tokio runtime.
    pub fn start(&self, id: JobId, spec: JobSpec) -> JobHandle {
        let (events, heard) = unbounded_channel();
        let (control, commands) = unbounded_channel();
        let places = Places::new(self.resolve.clone(), &spec);
        let runner = Runner::new(spec, self.limits, Arc::new(places), self.budget.clone(), events);
        tokio::spawn(runner.run(commands));
        JobHandle { id, events: heard, control: JobControl { sender: control } }
    }

    /// What these hold, past every cache: the numbers so far from time to time, and at last in full. An
    /// error ends it, with the numbers so far. Dropping the stream cancels it.
    pub fn count(&self, sources: Vec<SourceItem>) -> BoxStream<'static, Result<Counts>> {
        count::count(self.resolve.clone(), sources, self.limits.lists)
    }
}

/// A running job.
#[derive(Debug)]
pub struct JobHandle {
    id: JobId,
    events: UnboundedReceiver<JobEvent>,
    control: JobControl,
}

impl JobHandle {
    /// The number that it was started under.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// What happens next; `None` after [`JobEvent::Finished`]. May be dropped and called again.
    pub async fn next(&mut self) -> Option<JobEvent> {
        self.events.recv().await
    }

    /// See [`JobControl::answer`].
    pub fn answer(&self, question: u64, answer: Answer) {
        self.control.answer(question, answer);
    }

    /// See [`JobControl::cancel`].
    pub fn cancel(&self) {
        self.control.cancel();
    }

    /// What steers the job, for whoever doesn't read its events.
    pub fn control(&self) -> JobControl {
        self.control.clone()
    }
}

/// Steers a running job.
#[derive(Clone, Debug)]
pub struct JobControl {
    sender: UnboundedSender<Event>,
}

impl JobControl {
    /// Answers question number `question`. Too late, or to another question, it is dropped.
    pub fn answer(&self, question: u64, answer: Answer) {
        // A job that is over needs no answer.
        drop(self.sender.send(Event::Answer(question, answer)));
    }

    /// Gives the job up. It cleans up first and ends with [`JobEvent::Finished`].
    pub fn cancel(&self) {
        drop(self.sender.send(Event::Cancel));
    }
}
