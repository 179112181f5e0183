//! What passes between a running job and its journal beside its records: wishes of other programs, how far
//! it is, and that records can't be written.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, WeakUnboundedSender};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::super::io::Event;
use super::super::job::{JobEvent, Progress};
use super::super::journal::{JobLog, Wish};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);

/// Looks from time to time until it is dropped.
#[derive(Debug)]
pub struct Watch {
    progress: watch::Sender<Progress>,
    task: JoinHandle<()>,
}

impl Watch {
    pub fn begin(
        log: JobLog,
        control: WeakUnboundedSender<Event>,
        events: UnboundedSender<JobEvent>,
    ) -> Self {
        let (progress, told) = watch::channel(Progress::default());
        let task = tokio::spawn(watch(log, control, events, told));
        Self { progress, task }
    }

    /// How far the job is.
    pub fn progress(&self, progress: &Progress) {
        self.progress.send_replace(progress.clone());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(
    log: JobLog,
    control: WeakUnboundedSender<Event>,
    events: UnboundedSender<JobEvent>,
    mut progress: watch::Receiver<Progress>,
) {
    let mut clock = interval(EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let wish = match log.wishes().await {
            Some(Wish::Pause) => Some(Event::Suspend),
            Some(Wish::Cancel) => Some(Event::Cancel),
            None => None,
        };
        if let (Some(wish), Some(control)) = (wish, control.upgrade()) {
            // A job that is over needs no wish.
            drop(control.send(wish));
        }
        if progress.has_changed().unwrap_or(false) {
            let now = progress.borrow_and_update().clone();
            log.progress(&now).await;
        }
        if let Some(trouble) = log.trouble() {
            drop(events.send(JobEvent::Note(trouble)));
        }
    }
}
