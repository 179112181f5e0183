//! The open views: a task for each, asked by the loop, telling it what is seen. [`Views`].

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::images::Means;
use crate::app::{Msg, ReqId};
use crate::cache::previews::Previews;
use crate::config::PreviewSettings;
use crate::model::{Ask, ErrorKind, Frame, Freshness, Op, Seen, VfsError, Viewed};
use crate::preview::{self, Backstage};
use crate::transfer::Resolver;
use crate::view::{Drawing, Picture, Pictures};

/// All open views.
pub(super) struct Views {
    resolve: Resolver,
    settings: PreviewSettings,
    previews: Previews,
    means: Means,
    pictures: Pictures,
    outbox: Sender<Msg>,
    open: HashMap<ReqId, Open>,
}

/// One of them.
struct Open {
    asks: UnboundedSender<Ask>,
    frame: Frame,
    task: AbortHandle,
}

impl Views {
    pub(super) fn new(
        resolve: Resolver,
        settings: PreviewSettings,
        previews: Previews,
        means: Means,
        outbox: Sender<Msg>,
    ) -> Self {
        let pictures = Pictures::default();
        Self { resolve, settings, previews, means, pictures, outbox, open: HashMap::new() }
    }

    /// The pictures that are ready to be drawn.
    pub(super) fn pictures(&self) -> &Pictures {
        &self.pictures
    }

    /// Opens a view.
    pub(super) fn open(&mut self, id: ReqId, what: Viewed, frame: Frame, anew: bool) {
        self.open.retain(|_, open| !open.task.is_finished());
        let (asks, asked) = unbounded_channel();
        let means = self.means.now();
        let back = self.backstage(means.map_or((0, 0), |(_, cell)| cell));
        let easel = Easel { id, means, pictures: self.pictures.clone() };
        let opening = Opening { back, what, frame, anew };
        let task = tokio::spawn(attend(easel, opening, asked, self.outbox.clone()));
        self.open.insert(id, Open { asks, frame, task: task.abort_handle() });
    }

    fn backstage(&self, cell: (u16, u16)) -> Arc<Backstage> {
        let resolve = self.resolve.clone();
        Arc::new(Backstage {
            resolve: Arc::new(move |uri| resolve(uri)),
            previews: self.previews.clone(),
            settings: self.settings.clone(),
            cell,
        })
    }

    pub(super) fn ask(&mut self, id: ReqId, ask: Ask) {
        if let Some(open) = self.open.get_mut(&id) {
            if let Ask::Resize(frame) = ask {
                open.frame = frame;
            }
            // A view that is over answers nothing.
            drop(open.asks.send(ask));
        }
    }

    /// Closes a view: its requests end with it.
    pub(super) fn close(&mut self, id: ReqId) {
        if let Some(open) = self.open.remove(&id) {
            open.task.abort();
            self.pictures.remove(id);
        }
    }

    /// Has all views draw once more: the terminal lost its pictures.
    pub(super) fn draw_again(&self) {
        for open in self.open.values() {
            drop(open.asks.send(Ask::Resize(open.frame)));
        }
    }

    /// Closes all.
    pub(super) fn end(&mut self) {
        for (id, open) in self.open.drain() {
            open.task.abort();
            self.pictures.remove(id);
        }
    }
}

/// What a view begins with.
struct Opening {
    back: Arc<Backstage>,
    what: Viewed,
    frame: Frame,
    anew: bool,
}

/// Where the pictures of a view are made ready.
struct Easel {
    id: ReqId,
    means: Option<(Drawing, (u16, u16))>,
    pictures: Pictures,
}

impl Easel {
    /// Makes the picture of a screen ready before the loop hears of it, on a thread that may be busy.
    async fn paint(&self, seen: &Seen) {
        let (Seen::Screenful(screen), Some((how, cell))) = (seen, self.means) else { return };
        let Some(pixels) = screen.pixels.clone() else { return };
        let made = tokio::task::spawn_blocking(move || Picture::new(pixels, how, cell)).await;
        if let Ok(Some(picture)) = made {
            self.pictures.put(self.id, picture);
        }
    }
}

/// Stays with a view until it is closed, and passes on what it tells. One that breaks down says so.
async fn attend(easel: Easel, opening: Opening, asked: UnboundedReceiver<Ask>, out: Sender<Msg>) {
    let (tell, mut told) = unbounded_channel();
    let uri = opening.what.uri.clone();
    let broken = tell.clone();
    let view = AssertUnwindSafe(show(opening, asked, tell)).catch_unwind();
    let view = async {
        if view.await.is_err() {
            let reason = "bifold has a defect here; the log has its text";
            let error = VfsError::new(Op::Read, uri, ErrorKind::Io, reason);
            drop(broken.send(Seen::Failed(error)));
        }
        drop(broken);
    };
    let pass_on = async {
        while let Some(all) = news(&mut told).await {
            for seen in all {
                easel.paint(&seen).await;
                if out.send(Msg::Seen(easel.id, seen)).await.is_err() {
                    return;
                }
            }
        }
    };
    tokio::join!(view, pass_on);
}

async fn show(opening: Opening, asked: UnboundedReceiver<Ask>, tell: UnboundedSender<Seen>) {
    let Opening { back, mut what, frame, anew } = opening;
    if anew {
        match look_again(&back, &what).await {
            Ok(entry) => what.entry = entry,
            Err(error) => return drop(tell.send(Seen::Failed(error))),
        }
    }
    preview::view(back, what, frame, asked, move |seen| drop(tell.send(seen))).await;
}

/// The row as it is now, whatever a cache holds.
async fn look_again(back: &Backstage, what: &Viewed) -> crate::model::Result<crate::model::Entry> {
    (back.resolve)(&what.uri)?.stat(Freshness::Past).await
}

/// All that was told by now; of screens and of numbers only the last.
async fn news(told: &mut UnboundedReceiver<Seen>) -> Option<Vec<Seen>> {
    let mut all = vec![told.recv().await?];
    while let Ok(seen) = told.try_recv() {
        all.push(seen);
    }
    let last = |wanted: fn(&Seen) -> bool| all.iter().rposition(wanted);
    let kept = [last(is_screen), last(is_number)];
    let mut at = 0..;
    all.retain(|seen| {
        let at = at.next();
        kept.contains(&at) || !(is_screen(seen) || is_number(seen))
    });
    Some(all)
}

fn is_screen(seen: &Seen) -> bool {
    matches!(seen, Seen::Screenful(_))
}

fn is_number(seen: &Seen) -> bool {
    matches!(seen, Seen::Searching(_))
}
