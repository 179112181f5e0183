//! The jobs under way: their events go to the loop, the loop's words go to them.

use std::collections::HashMap;

use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use crate::app::Msg;
use crate::transfer::{Answer, Engine, JobControl, JobEvent, JobHandle, JobId, JobSpec, Outcome};

/// All jobs of this run.
pub(super) struct Jobs {
    engine: Engine,
    outbox: Sender<Msg>,
    controls: HashMap<JobId, JobControl>,
    tasks: JoinSet<()>,
}

impl Jobs {
    pub(super) fn new(engine: Engine, outbox: Sender<Msg>) -> Self {
        Self { engine, outbox, controls: HashMap::new(), tasks: JoinSet::new() }
    }

    pub(super) fn start(&mut self, id: JobId, spec: JobSpec) {
        while self.tasks.try_join_next().is_some() {}
        let job = self.engine.start(id, spec);
        self.controls.insert(id, job.control());
        self.tasks.spawn(attend(id, job, self.outbox.clone()));
    }

    pub(super) fn answer(&self, id: JobId, question: u64, answer: Answer) {
        if let Some(job) = self.controls.get(&id) {
            job.answer(question, answer);
        }
    }

    pub(super) fn cancel(&self, id: JobId) {
        if let Some(job) = self.controls.get(&id) {
            job.cancel();
        }
    }

    /// Cancels all that still run, and waits until each has cleaned up.
    pub(super) async fn end(&mut self) {
        self.controls.values().for_each(JobControl::cancel);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Stays with a job until its end, and passes on what is heard of it. Every job ends with a `Finished`,
/// also one that broke down.
async fn attend(id: JobId, mut job: JobHandle, out: Sender<Msg>) {
    loop {
        let event = job.next().await.unwrap_or_else(broken_down);
        let last = matches!(event, JobEvent::Finished(_));
        // A loop that is gone hears nothing; the job is still attended to its end.
        let _ = out.send(Msg::Job(id, event)).await;
        if last {
            return;
        }
    }
}

fn broken_down() -> JobEvent {
    JobEvent::Finished(Box::new(Outcome { cancelled: true, ..Outcome::default() }))
}
