//! The loop of one job: events to the machine, its actions to tasks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::super::io::{Action, Event, Io, IoId, Reply};
use super::super::job::{JobEvent, JobKind, JobSpec, Outcome, Progress, Target};
use super::super::journal::{JobLog, JobState};
use super::super::machine::{Limits, Machine};
use super::budget::Budget;
use super::leftovers;
use super::perform::Worker;
use super::places::Places;
use super::rate::Rate;
use super::record::Record;
use super::watch::Watch;
use crate::model::{ErrorKind, Op, Result, Timestamp, Uri, VfsError};
use crate::vfs::Caps;

/// Between two reports of progress.
const REPORT: Duration = Duration::from_millis(100);

/// Between two reports of touched directories.
const TOUCH: Duration = Duration::from_secs(1);

/// How many failures the journal is told of.
const ERRORS: usize = 20;

type Ended = (IoId, Result<Reply>);

/// What a job runs with.
pub struct Setting {
    pub limits: Limits,
    pub places: Arc<Places>,
    pub budget: Arc<Budget>,
    /// How fast: that of the job, and that of all jobs.
    pub rates: [Arc<Rate>; 2],
    /// The job's records, where a journal keeps it.
    pub log: Option<JobLog>,
    /// In a job that goes on: the temporary files that it goes on with.
    pub keep: Option<Vec<String>>,
    /// And when it was begun first.
    pub begun: Option<Timestamp>,
    pub events: UnboundedSender<JobEvent>,
}

/// One job.
pub struct Runner {
    machine: Machine,
    outcome: Option<Box<Outcome>>,
    /// The directories that it goes into without making them.
    entered: BTreeSet<Uri>,
    watch: Option<Watch>,
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
}

impl Runner {
    pub fn new(spec: JobSpec, setting: Setting) -> Self {
        let Setting { limits, places, budget, rates, log, keep, begun, events } = setting;
        let caps = |uri: &Uri| places.at(uri).map(|path| path.caps());
        let sources = spec.sources.iter().map(|source| caps(&source.uri)).collect();
        let to = target_caps(&spec, &caps);
        let buffered = to.as_ref().is_some_and(|to| to.as_ref().is_ok_and(|caps| caps.metered));
        let (now, interrupt) = (Instant::now(), CancellationToken::new());
        let (record, options) = (Record::new(log, spec.kind == JobKind::Move), spec.options.clone());
        let (entered, resumed, recorded) = (entered(&spec), keep.is_some(), record.log().is_some());
        let machine = Machine::new(spec, sources, to, limits, fastrand::u64(..));
        let worker = Worker::new(places, buffered, record, rates, options, keep, interrupt.clone());
        Self {
            machine: if recorded { machine.recorded(resumed).begun(begun) } else { machine },
            worker: Arc::new(worker),
            outcome: None,
            entered,
            watch: None,
            budget,
            events,
            tasks: JoinSet::new(),
            running: HashMap::new(),
            passing: HashMap::new(),
            interrupt,
            began: now,
            reported: None,
            touched_at: now,
        }
    }

    /// Runs the job to its end.
    pub async fn run(mut self, mut commands: UnboundedReceiver<Event>, control: WeakUnboundedSender<Event>) {
        self.watch =
            self.worker.record.log().map(|log| Watch::begin(log.clone(), control, self.events.clone()));
        for dir in std::mem::take(&mut self.entered) {
            self.worker.enter(&dir).await;
        }
        self.feed(Event::Start);
        while self.outcome.is_none() {
            let wake = self.wake();
            let event = tokio::select! {
                biased;
                Some(command) = commands.recv() => command,
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
                () = sleep_until(wake.unwrap_or(self.began)), if wake.is_some() => Event::Tick,
                // Nothing runs, and nobody is left who could answer or go on.
                else => if self.machine.is_paused() { Event::Suspend } else { Event::Cancel },
            };
            self.feed(event);
            self.report(false);
        }
        self.end().await;
    }

    /// When something is due though nothing ends: nothing, while the job only waits for an answer.
    fn wake(&self) -> Option<Instant> {
        let report = self.reported.as_ref().map_or(self.began, |(at, _)| *at) + REPORT;
        let report = (!self.tasks.is_empty() || self.machine.has_touched()).then_some(report);
        let machine = self.machine.wake().map(|wake| self.began + wake);
        [report, machine].into_iter().flatten().min()
    }

    fn feed(&mut self, event: Event) {
        let before = self.machine.is_paused();
        let actions = self.machine.on(event, self.began.elapsed());
        if self.machine.is_paused() != before {
            self.tell(JobEvent::Paused(!before));
        }
        for action in actions {
            match action {
                Action::Do(id, io) => self.spawn(id, io),
                Action::Ask(number, question) => self.tell(JobEvent::Asks(number, question)),
                Action::Interrupt => self.stop(),
                Action::File(report) => self.tell(JobEvent::File(report)),
                Action::Note(text) => self.tell(JobEvent::Note(text)),
                Action::Finish(outcome) => self.outcome = Some(outcome),
            }
        }
    }

    /// Breaks off what may be broken off.
    fn stop(&self) {
        if self.machine.is_left() {
            self.worker.keep_all();
        }
        self.interrupt.cancel();
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
        if last || self.outcome.is_some() || !due {
            return;
        }
        let progress = self.progress();
        if let Some(watch) = &self.watch {
            watch.progress(&progress);
        }
        if self.reported.as_ref().is_none_or(|(_, told)| *told != progress) {
            self.tell(JobEvent::Progress(progress.clone()));
        }
        self.reported = Some((now, progress));
    }

    /// Nothing is under way any more: what must not stay is removed, and the journal hears how it ended.
    async fn end(mut self) {
        self.report(true);
        self.watch = None;
        let Some(mut outcome) = self.outcome.take() else { return };
        if outcome.suspended {
            self.worker.keep_all();
        }
        if let Some(log) = self.worker.record.log().cloned() {
            // What is placed but not yet written down would be taken for open.
            self.worker.record.settled().await;
            if !outcome.suspended {
                let notes = leftovers::abort(&self.worker.places, &log).await;
                for note in notes {
                    self.tell(JobEvent::Note(note));
                }
            }
            close(&log, &mut outcome).await;
            if let Some(trouble) = log.trouble() {
                self.tell(JobEvent::Note(trouble));
            }
        }
        self.tell(JobEvent::Finished(outcome));
    }
}

/// The last records of a job.
async fn close(log: &JobLog, outcome: &mut Outcome) {
    let recent = outcome.failures.len().saturating_sub(ERRORS);
    for failure in &outcome.failures[recent..] {
        log.failed(&failure.error.to_string()).await;
    }
    let state = match () {
        () if outcome.suspended => JobState::Suspended,
        () if outcome.cancelled => JobState::Cancelled,
        () if !outcome.failures.is_empty() => JobState::Failed,
        () => JobState::Done,
    };
    outcome.undoable = log.ended(state, &outcome.progress).await;
    outcome.number = Some(log.number());
}

/// The directories that files go into which the job doesn't make.
fn entered(spec: &JobSpec) -> BTreeSet<Uri> {
    match &spec.target {
        Some(Target::Into(dir)) => [dir.clone()].into(),
        Some(Target::As(uri)) => uri.parent().into_iter().collect(),
        Some(Target::Each { targets, .. }) => targets.iter().filter_map(Uri::parent).collect(),
        Some(Target::ContentsInto(_)) | None => BTreeSet::new(),
    }
}

fn target_caps(spec: &JobSpec, caps: &impl Fn(&Uri) -> Result<Caps>) -> Option<Result<Caps>> {
    spec.target.as_ref().map(|target| caps(target.place()))
}
