//! What a view waits for: [`Event`].

use std::future::{Future, pending};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Interval;

use super::Tell;
use super::open::Opened;
use super::painting::Painted;
use crate::model::{Ask, Result, Seen};
use crate::preview::Document;
use crate::preview::search::Outcome;

/// Something that happened while a view was open.
pub enum Event {
    /// It was asked something; `None` when nobody will ask any more.
    Ask(Option<Ask>),
    /// A search ended.
    Hunted(Result<Outcome>),
    /// A search has looked at so many bytes.
    Searched(u64),
    /// Colours are ready.
    Painted(Painted),
    /// A document is rendered.
    Rendered(Result<Document>),
    /// It is time to look whether something grew.
    Tick,
}

/// What a search tells while it is under way.
pub type Progress = (UnboundedSender<u64>, UnboundedReceiver<u64>);

/// A new line for what a search tells.
pub fn progress() -> Progress {
    unbounded_channel()
}

impl Opened {
    /// Waits for whatever comes first; asks come before all else.
    pub async fn next(&mut self, asks: &mut UnboundedReceiver<Ask>) -> Event {
        let Self { hunting, progress, painting, rendering, following, .. } = self;
        tokio::select! {
            biased;
            ask = asks.recv() => Event::Ask(ask),
            Some(bytes) = progress.1.recv() => Event::Searched(bytes),
            outcome = maybe(hunting) => Event::Hunted(outcome),
            document = maybe(rendering) => Event::Rendered(document),
            painted = joined(painting) => Event::Painted(painted),
            () = ticked(following) => Event::Tick,
        }
    }

    /// Takes in what happened.
    pub async fn hear(&mut self, event: Event, tell: Tell<'_>) {
        match event {
            Event::Ask(_) => {}
            // A search that was given up may have told something before.
            Event::Searched(_) if self.hunting.is_none() => {}
            Event::Searched(bytes) => {
                self.searched = bytes;
                tell(Seen::Searching(bytes));
            }
            Event::Hunted(outcome) => {
                self.hunting = None;
                self.hunted(outcome, tell).await;
            }
            Event::Painted(painted) => {
                self.painting = None;
                self.painted(painted);
                self.show(tell).await;
            }
            Event::Rendered(document) => {
                self.rendering = None;
                match self.rendered(document).await {
                    Ok(()) => {
                        self.do_postponed(tell).await;
                        self.show(tell).await;
                    }
                    Err(error) => tell(Seen::Failed(error)),
                }
            }
            Event::Tick => self.look(tell).await,
        }
    }
}

async fn maybe<F: Future + Unpin>(slot: &mut Option<F>) -> F::Output {
    match slot {
        Some(future) => future.await,
        None => pending().await,
    }
}

async fn joined(slot: &mut Option<JoinHandle<Painted>>) -> Painted {
    match slot {
        // A panic in a grammar leaves the text plain.
        Some(task) => task.await.unwrap_or(Painted::Brush(None)),
        None => pending().await,
    }
}

async fn ticked(slot: &mut Option<Interval>) {
    match slot {
        Some(interval) => drop(interval.tick().await),
        None => pending().await,
    }
}
