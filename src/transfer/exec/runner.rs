//! The loop of one job: events to the machine, its actions to tasks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::super::io::{Action, Event, Io, IoId, Reply};
use super::super::job::{JobEvent, JobSpec, Outcome, Progress};
use super::super::machine::{Limits, Machine};
use super::budget::Budget;
use super::perform::Worker;
use super::places::Places;
use crate::model::{ErrorKind, Op, Result, Uri, VfsError};
use crate::vfs::Caps;

/// Between two reports of progress.
const REPORT: Duration = Duration::from_millis(100);

/// Between two reports of touched directories.
const TOUCH: Duration = Duration::from_secs(1);

type Ended = (IoId, Result<Reply>);

/// One job.
pub struct Runner {
    machine: Machine,
    worker: Arc<Worker>,
    budget: Arc<Budget>,
    events: UnboundedSender<JobEvent>,
    tasks: JoinSet<Ended>,
    running: HashMap<Id, (IoId, Uri)>,
    passing: HashMap<IoId, Arc<AtomicU64>>,
    interrupt: CancellationToken,
    began: Instant,
    reported: Option<(Instant, Progress)>,
    touched_at: Instant,
    finished: bool,
}

impl Runner {
    pub fn new(
        spec: JobSpec,
        limits: Limits,
        places: Arc<Places>,
        budget: Arc<Budget>,
        events: UnboundedSender<JobEvent>,
    ) -> Self {
        let caps = |uri: &Uri| places.at(uri).map(|path| path.caps());
        let sources = spec.sources.iter().map(|source| caps(&source.uri)).collect();
        let to = target_caps(&spec, &caps);
        let buffered = to.as_ref().is_some_and(|to| to.as_ref().is_ok_and(|caps| caps.metered));
        let (now, interrupt) = (Instant::now(), CancellationToken::new());
        Self {
            machine: Machine::new(spec, sources, to, limits, fastrand::u64(..)),
            worker: Arc::new(Worker::new(places, buffered, interrupt.clone())),
            budget,
            events,
            tasks: JoinSet::new(),
            running: HashMap::new(),
            passing: HashMap::new(),
            interrupt,
            began: now,
            reported: None,
            touched_at: now,
            finished: false,
        }
    }

    /// Runs the job to its end.
    pub async fn run(mut self, mut commands: UnboundedReceiver<Event>) {
        self.feed(Event::Start);
        while !self.finished {
            let wake = self.wake();
            let event = tokio::select! {
                biased;
                Some(command) = commands.recv() => command,
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
                () = sleep_until(wake.unwrap_or(self.began)), if wake.is_some() => Event::Tick,
                // Nothing runs, and nobody is left who could answer.
                else => Event::Cancel,
            };
            self.feed(event);
            self.report(false);
        }
    }

    /// When something is due though nothing ends: nothing, while the job only waits for an answer.
    fn wake(&self) -> Option<Instant> {
        let report = self.reported.as_ref().map_or(self.began, |(at, _)| *at) + REPORT;
        let report = (!self.tasks.is_empty() || self.machine.has_touched()).then_some(report);
        let machine = self.machine.wake().map(|wake| self.began + wake);
        [report, machine].into_iter().flatten().min()
    }

    fn feed(&mut self, event: Event) {
        for action in self.machine.on(event, self.began.elapsed()) {
            match action {
                Action::Do(id, io) => self.spawn(id, io),
                Action::Ask(number, question) => self.tell(JobEvent::Asks(number, question)),
                Action::Interrupt => self.interrupt.cancel(),
                Action::Finish(outcome) => self.finish(outcome),
            }
        }
    }

    fn tell(&self, event: JobEvent) {
        // Nobody may be listening any more; the job goes on.
        drop(self.events.send(event));
    }

    fn spawn(&mut self, id: IoId, io: Io) {
        let passing = Arc::new(AtomicU64::new(0));
        let (worker, budget, passed) = (self.worker.clone(), self.budget.clone(), passing.clone());
        let interrupt = io.interruptible().then(|| self.interrupt.clone());
        let at = io.place().clone();
        let cancelled = VfsError::cancelled(Op::Copy, at.clone());
        let work = async move {
            let permit = budget.admit(&io, worker.buffered).await;
            worker.perform(io, passed, permit).await
        };
        let task = self.tasks.spawn(async move {
            let result = match interrupt {
                Some(token) => token.run_until_cancelled(work).await.unwrap_or(Err(cancelled)),
                None => work.await,
            };
            (id, result)
        });
        self.running.insert(task.id(), (id, at));
        self.passing.insert(id, passing);
    }

    /// A task ended, or panicked: then its work failed, and the rest goes on.
    fn ended(&mut self, ended: std::result::Result<(Id, Ended), JoinError>) -> Event {
        let (task, result) = match ended {
            Ok((task, (_, result))) => (task, Some(result)),
            Err(error) => (error.id(), None),
        };
        let Some((id, at)) = self.running.remove(&task) else { return Event::Tick };
        self.passing.remove(&id);
        let broken = || VfsError::new(Op::Copy, at, ErrorKind::Io, "a defect in bifold; see the log");
        Event::Done(id, result.unwrap_or_else(|| Err(broken())))
    }

    fn progress(&self) -> Progress {
        let mut progress = self.machine.progress().clone();
        progress.done.bytes +=
            self.passing.values().map(|passed| passed.load(Ordering::Relaxed)).sum::<u64>();
        // While a plan grows, and while parts are sent again, more may pass than is known.
        progress.done.bytes = progress.done.bytes.min(progress.total.bytes);
        progress
    }

    fn report(&mut self, last: bool) {
        let now = Instant::now();
        if last || now >= self.touched_at + TOUCH {
            self.touched_at = now;
            let touched: BTreeSet<Uri> = self.machine.take_touched();
            for dir in touched {
                self.tell(JobEvent::Touched(dir));
            }
        }
        let due = self.reported.as_ref().is_none_or(|(at, _)| now >= *at + REPORT);
        if last || self.finished || !due {
            return;
        }
        let progress = self.progress();
        if self.reported.as_ref().is_none_or(|(_, told)| *told != progress) {
            self.tell(JobEvent::Progress(progress.clone()));
        }
        self.reported = Some((now, progress));
    }

    fn finish(&mut self, outcome: Box<Outcome>) {
        self.finished = true;
        self.report(true);
        self.tell(JobEvent::Finished(outcome));
    }
}

fn target_caps(spec: &JobSpec, caps: &impl Fn(&Uri) -> Result<Caps>) -> Option<Result<Caps>> {
    spec.target.as_ref().map(|target| caps(target.place()))
}
