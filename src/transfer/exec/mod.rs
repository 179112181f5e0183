//! Does what the machine decides, on tokio: [`Engine`].
//!
//! A job is one task. It alone holds the job's machine; each piece of work is a task of its own, whose
//! end becomes an event. Requests and buffers of all jobs share one budget. Nothing here decides: what
//! follows a failure, an answer or a cancel is the machine's.

mod budget;
mod compare;
mod content;
mod leftovers;
mod perform;
mod places;
mod rate;
mod record;
mod resume;
mod runner;
mod survey;
mod undo;
mod verify;
mod watch;
mod write;

use std::fmt;
use std::sync::Arc;

use futures::stream::BoxStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel};

use self::budget::Budget;
pub use self::compare::Comparing;
use self::places::Places;
use self::rate::Rate;
pub use self::resume::{Identify, ResumeError};
use self::runner::{Runner, Setting};
use super::io::Event;
use super::job::{Answer, JobEvent, JobId, JobSpec};
use super::journal::{Journal, JournalError};
use super::machine::Limits;
use super::plan::Plan;
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
    journal: Journal,
    identify: Option<Identify>,
    rate: Arc<Rate>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that finds locations by `resolve`. Asks nothing of disk or network.
    pub fn new(resolve: Resolver, limits: Limits) -> Self {
        Self {
            resolve,
            limits,
            budget: Arc::new(Budget::new(&limits)),
            journal: Journal::none(),
            identify: None,
            rate: Arc::new(Rate::new(None)),
        }
    }

    /// Begins a job, which goes on by itself until its [`JobEvent::Finished`]; dropping the handle
    /// doesn't end it. Must be called within a tokio runtime.
    pub fn start(&self, id: JobId, spec: JobSpec) -> JobHandle {
        let (start, handle) = prepare(id, &spec);
        let (setting, identities) = (self.setting(&spec, &start), self.identities(&spec));
        let journal = self.journal.clone();
        tokio::spawn(async move {
            let log = match journal.begin(&spec, &identities, resume::wall_clock()).await {
                Ok(log) => {
                    start.tell(JobEvent::Kept(log.number()));
                    Some(log)
                }
                Err(JournalError::NotKept) => None,
                Err(error) => {
                    start.tell(JobEvent::Note(format!(
                        "this job can't be resumed if it is interrupted: {error}"
                    )));
                    None
                }
            };
            start.run(spec, Setting { log, ..setting }).await;
        });
        handle
    }

    fn setting(&self, spec: &JobSpec, start: &Start) -> Setting {
        Setting {
            limits: self.limits,
            places: Arc::new(Places::new(self.resolve.clone(), spec)),
            budget: self.budget.clone(),
            rates: [start.rate.clone(), self.rate.clone()],
            log: None,
            keep: None,
            begun: None,
            events: start.events.clone(),
        }
    }

    /// What a job would do, past every cache: the plan so far from time to time, and at last in full. An
    /// error ends it: the destination isn't known. Dropping the stream cancels it.
    pub fn plan(&self, spec: JobSpec) -> BoxStream<'static, Result<Plan>> {
        survey::plan(self.resolve.clone(), spec, self.limits)
    }
}

/// The two ends of a job that is about to run.
fn prepare(id: JobId, spec: &JobSpec) -> (Start, JobHandle) {
    let (events, heard) = unbounded_channel();
    let (control, commands) = unbounded_channel();
    let rate = Arc::new(Rate::new(spec.options.rate));
    let weak = control.downgrade();
    let start = Start { events, commands, control: weak, rate: rate.clone() };
    (start, JobHandle { id, events: heard, control: JobControl { sender: control, rate } })
}

/// A job that is about to run: its ends of the channels.
struct Start {
    events: UnboundedSender<JobEvent>,
    commands: UnboundedReceiver<Event>,
    control: WeakUnboundedSender<Event>,
    rate: Arc<Rate>,
}

impl Start {
    fn tell(&self, event: JobEvent) {
        // Nobody may be listening any more; the job goes on.
        drop(self.events.send(event));
    }

    async fn run(self, spec: JobSpec, setting: Setting) {
        let Self { events, commands, control, .. } = self;
        drop(events);
        Runner::new(spec, setting).run(commands, control).await;
    }
}

impl Engine {
    /// How the trees below two directories differ, past every cache, in the order of their paths. An error
    /// ends it: then it isn't known what else there is. Dropping the stream cancels it.
    pub fn compare(
        &self,
        here: &Uri,
        there: &Uri,
        how: Comparing,
    ) -> BoxStream<'static, Result<Vec<super::compare::Difference>>> {
        compare::compare(&self.resolve, here, there, how)
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
    rate: Arc<Rate>,
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

    /// Hands out nothing more for now; what is under way goes on to its end. Heard of by
    /// [`JobEvent::Paused`].
    pub fn pause(&self) {
        drop(self.sender.send(Event::Pause));
    }

    /// Goes on after a pause.
    pub fn go_on(&self) {
        drop(self.sender.send(Event::Continue));
    }

    /// Leaves the job as it is, to be resumed from the journal; one that no journal keeps is given up.
    pub fn suspend(&self) {
        drop(self.sender.send(Event::Suspend));
    }

    /// The most bytes a second from now on.
    pub fn set_rate(&self, most: Option<u64>) {
        self.rate.set(most);
    }

    /// Whether [`JobEvent::File`] is heard of each file that is over.
    pub fn tell_files(&self, on: bool) {
        drop(self.sender.send(Event::TellFiles(on)));
    }
}
