//! The jobs under way: their events go to the loop, the loop's words go to them.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::kept::{self, Opened};
use crate::app::Msg;
use crate::transfer::journal::RecordedUpload;
use crate::transfer::{Answer, JobControl, JobEvent, JobHandle, JobId, JobSpec, Outcome};

/// How a job begins.
enum Begin {
    /// Anew.
    Start(Box<JobSpec>),
    /// From the journal.
    Resume(u64),
    /// To undo what the job of this number did.
    Undo(u64),
}

/// What the loop says to a job.
pub(super) enum Order {
    /// An answer to its question.
    Answer(u64, Answer),
    /// To give up.
    Cancel,
    /// To hand out nothing new, or to go on.
    Pause(bool),
    /// To stop where it is.
    Suspend,
    /// The most bytes a second.
    Limit(Option<u64>),
    /// Whether to tell each file.
    Watch(bool),
}

/// All jobs of this run.
pub(super) struct Jobs {
    opened: Arc<Opened>,
    outbox: Sender<Msg>,
    orders: HashMap<JobId, UnboundedSender<Order>>,
    tasks: JoinSet<()>,
}

impl Jobs {
    pub(super) fn new(opened: Arc<Opened>, outbox: Sender<Msg>) -> Self {
        Self { opened, outbox, orders: HashMap::new(), tasks: JoinSet::new() }
    }

    pub(super) fn start(&mut self, id: JobId, spec: Box<JobSpec>) {
        self.begin(id, Begin::Start(spec));
    }

    pub(super) fn resume(&mut self, id: JobId, number: u64) {
        self.begin(id, Begin::Resume(number));
    }

    pub(super) fn undo(&mut self, id: JobId, number: u64) {
        self.begin(id, Begin::Undo(number));
    }

    fn begin(&mut self, id: JobId, begin: Begin) {
        while self.tasks.try_join_next().is_some() {}
        self.orders.retain(|_, orders| !orders.is_closed());
        let (sender, orders) = unbounded_channel();
        self.orders.insert(id, sender);
        self.tasks.spawn(attend(id, begin, self.opened.clone(), orders, self.outbox.clone()));
    }

    pub(super) fn order(&self, id: JobId, order: Order) {
        if let Some(job) = self.orders.get(&id) {
            // A job that is over takes no orders.
            drop(job.send(order));
        }
    }

    /// Tells what stands in the journal.
    pub(super) fn list_kept(&mut self) {
        self.tasks.spawn(kept::tell(self.opened.clone(), self.outbox.clone()));
    }

    pub(super) fn forget_kept(&mut self, number: u64) {
        self.tasks.spawn(kept::forget(self.opened.clone(), number, self.outbox.clone()));
    }

    pub(super) fn abort_uploads(&mut self, uploads: Vec<RecordedUpload>) {
        self.tasks.spawn(kept::abort(self.opened.clone(), uploads, self.outbox.clone()));
    }

    /// Lets all that still run stop where they are, and waits until each has.
    pub(super) async fn end(&mut self) {
        for orders in self.orders.values() {
            drop(orders.send(Order::Suspend));
        }
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Stays with a job until its end, and passes on what is heard of it. Every job ends with a `Finished`,
/// also one that broke down.
async fn attend(
    id: JobId,
    begin: Begin,
    opened: Arc<Opened>,
    mut orders: UnboundedReceiver<Order>,
    out: Sender<Msg>,
) {
    let engine = opened.engine().await;
    let job = match begin {
        Begin::Start(spec) => Ok(engine.start(id, opened.as_set(*spec))),
        Begin::Resume(number) => engine.resume(id, number).await,
        Begin::Undo(number) => engine.undo(id, number).await,
    };
    let mut job = match job {
        Ok(job) => job,
        Err(error) => {
            let _ = out.send(Msg::NotResumed { id, reason: error.to_string() }).await;
            return;
        }
    };
    let control = job.control();
    loop {
        let event = tokio::select! {
            biased;
            Some(order) = orders.recv() => {
                obey(&control, &order);
                continue;
            }
            event = next(&mut job) => event,
        };
        let last = matches!(event, JobEvent::Finished(_));
        // A loop that is gone hears nothing; the job is still attended to its end.
        let _ = out.send(Msg::Job(id, event)).await;
        if last {
            return;
        }
    }
}

async fn next(job: &mut JobHandle) -> JobEvent {
    let broken_down = || JobEvent::Finished(Box::new(Outcome { cancelled: true, ..Outcome::default() }));
    job.next().await.unwrap_or_else(broken_down)
}

fn obey(control: &JobControl, order: &Order) {
    match *order {
        Order::Answer(question, answer) => control.answer(question, answer),
        Order::Cancel => control.cancel(),
        Order::Pause(true) => control.pause(),
        Order::Pause(false) => control.go_on(),
        Order::Suspend => control.suspend(),
        Order::Limit(most) => control.set_rate(most),
        Order::Watch(on) => control.tell_files(on),
    }
}
