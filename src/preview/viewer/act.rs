//! What a view does when it is asked.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::MissedTickBehavior;

use super::open::Opened;
use super::sheet::Sheet;
use super::{CHANGED, Tell};
use crate::model::{Ask, ErrorKind, Frame, Result, Seen, VfsError};
use crate::preview::Change;

/// How often what is followed is looked at, on a disk and over a network.
const NEAR: Duration = Duration::from_millis(500);
const FAR: Duration = Duration::from_secs(5);

/// What is told of what is followed, where it isn't just longer than it was.
const REWRITTEN: &str = "it was written anew: this is what it holds now";
const REPLACED: &str = "it was replaced or cut short: this is what it holds now";

impl Opened {
    /// Does what is asked, and what has been asked since; shows the result once.
    pub async fn do_all(&mut self, first: Ask, asks: &mut UnboundedReceiver<Ask>, tell: Tell<'_>) {
        let mut all = vec![first];
        while let Ok(ask) = asks.try_recv() {
            merge(&mut all, ask);
        }
        for ask in all {
            if ask == Ask::Resize(self.frame) {
                continue;
            }
            self.key = None;
            if self.must_wait(&ask) { self.postponed.push(ask) } else { self.act(ask, tell).await }
        }
        self.show(tell).await;
    }

    /// Whether this can't be done before the first document is rendered.
    fn must_wait(&self, ask: &Ask) -> bool {
        let now = matches!(ask, Ask::Resize(_) | Ask::Show(_) | Ask::Wrap(_) | Ask::Stop);
        matches!(self.sheet, Sheet::Blank) && self.rendering.is_some() && !now
    }

    /// Does what was asked of a document before there was one.
    pub async fn do_postponed(&mut self, tell: Tell<'_>) {
        for ask in std::mem::take(&mut self.postponed) {
            self.act(ask, tell).await;
        }
    }

    async fn act(&mut self, ask: Ask, tell: Tell<'_>) {
        let done = self.try_to(&ask, tell).await;
        let Err(error) = done else { return };
        let done = match error.kind {
            ErrorKind::Conflict => self.again(&ask, tell).await,
            _ => Err(error),
        };
        if let Err(error) = done {
            tell(Seen::Failed(error));
        }
    }

    /// What was read before is void: it is opened anew, and asked once more.
    async fn again(&mut self, ask: &Ask, tell: Tell<'_>) -> Result<()> {
        self.reopen(CHANGED).await?;
        self.try_to(ask, tell).await?;
        self.note(CHANGED);
        Ok(())
    }

    async fn try_to(&mut self, ask: &Ask, tell: Tell<'_>) -> Result<()> {
        self.before(ask);
        match ask {
            Ask::Resize(frame) => return self.resize(*frame).await,
            Ask::Show(kind) => return self.turn_to(*kind).await,
            Ask::Wrap(wrap) => return self.set_wrap(*wrap).await,
            Ask::Encoding => return self.next_encoding().await,
            Ask::Search { pattern, up } => self.search_for(pattern, *up, tell),
            Ask::Next { back } => self.search_on(*back, tell),
            Ask::Line(line) => self.seek_line(*line),
            Ask::ReadOn => self.read_on(),
            Ask::Stop => self.hunting = None,
            Ask::Follow(follow) => return self.follow(*follow).await,
            Ask::Fold | Ask::FoldAll => self.fold(ask),
            ask => {
                self.sheet.go(ask, self.frame).await?;
                self.read_ahead();
            }
        }
        Ok(())
    }

    /// What a move makes void: a note, following. A search that is under way goes on.
    fn before(&mut self, ask: &Ask) {
        if matches!(ask, Ask::Resize(_) | Ask::ReadOn) {
            return;
        }
        self.waiting = None;
        self.note = None;
        let away = match ask {
            Ask::Lines(by) | Ask::Pages(by) => *by < 0,
            Ask::Top
            | Ask::Percent(_)
            | Ask::Line(_)
            | Ask::Offset(_)
            | Ask::Search { .. }
            | Ask::Next { .. } => true,
            _ => false,
        };
        if away {
            self.following = None;
        }
        if !matches!(ask, Ask::Next { .. } | Ask::Stop | Ask::Columns(_) | Ask::Wrap(_))
            && let Some(search) = &mut self.search
        {
            search.moved = true;
        }
    }

    async fn resize(&mut self, frame: Frame) -> Result<()> {
        self.frame = frame;
        match &self.sheet {
            // A document is laid out for its place.
            Sheet::Paged(..) | Sheet::Blank => self.turn_to(self.kind).await,
            Sheet::Text(_) | Sheet::Hex(_) => {
                self.sheet.resize(frame);
                Ok(())
            }
        }
    }

    async fn set_wrap(&mut self, wrap: bool) -> Result<()> {
        self.wrap = wrap;
        match &mut self.sheet {
            Sheet::Text(text) => text.wrap(wrap),
            Sheet::Paged(..) => return self.turn_to(self.kind).await,
            Sheet::Hex(_) | Sheet::Blank => {}
        }
        Ok(())
    }

    async fn next_encoding(&mut self) -> Result<()> {
        if !matches!(self.sheet, Sheet::Text(_)) {
            return Ok(());
        }
        self.charset = self.charset.next();
        self.drop_hunt();
        let Sheet::Text(text) = &mut self.sheet else { return Ok(()) };
        text.recode(self.charset).await
    }

    fn fold(&mut self, ask: &Ask) {
        if let Sheet::Paged(paged, _) = &mut self.sheet {
            if *ask == Ask::Fold { paged.fold() } else { paged.fold_all() }
        }
    }

    fn read_ahead(&self) {
        match &self.sheet {
            Sheet::Text(text) => text.feed().read_ahead(text.ends()),
            Sheet::Hex(hex) => hex.feed().read_ahead(hex.ends()),
            Sheet::Paged(..) | Sheet::Blank => {}
        }
    }

    async fn follow(&mut self, follow: bool) -> Result<()> {
        self.following = None;
        if !follow || !self.sheet.goes_by_bytes() {
            return Ok(());
        }
        let pause = if self.raw.source().metered() { FAR } else { NEAR };
        let mut interval = tokio::time::interval(pause);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.following = Some(interval);
        self.sheet.go_last().await
    }

    /// Looks whether what is followed has grown.
    pub async fn look(&mut self, tell: Tell<'_>) {
        let looked = self.looked().await;
        let is_gone = looked.as_ref().is_err_and(|error| error.kind == ErrorKind::NotFound);
        let was_gone = std::mem::replace(&mut self.gone, is_gone);
        match looked {
            Ok(changed) if changed || was_gone => self.show(tell).await,
            Ok(_) => {}
            // A log that is rotated goes away, and another comes in its place.
            Err(error) if self.gone && !self.raw.source().metered() => {
                if !was_gone {
                    tell(Seen::Failed(error));
                }
            }
            Err(error) => {
                self.following = None;
                tell(Seen::Failed(error));
            }
        }
    }

    async fn looked(&mut self) -> Result<bool, VfsError> {
        match self.raw.look_again().await? {
            Change::Same => return Ok(false),
            Change::Grew if self.text.packed().is_none() => {}
            Change::Grew | Change::Replaced => {
                // What a service holds is only ever written anew.
                self.reopen(if self.raw.source().metered() { REWRITTEN } else { REPLACED }).await?;
            }
        }
        self.sheet.go_last().await?;
        Ok(true)
    }

    /// Tells what is seen now.
    pub async fn show(&mut self, tell: Tell<'_>) {
        let mut drawn = self.draw().await;
        if matches!(&drawn, Err(error) if error.kind == ErrorKind::Conflict) {
            drawn = match self.reopen(CHANGED).await {
                Ok(()) => self.draw().await,
                Err(error) => Err(error),
            };
        }
        match drawn {
            Ok(Some(screen)) => {
                self.keep(&screen);
                tell(Seen::Screenful(Box::new(screen)));
            }
            Ok(None) => {}
            Err(error) => tell(Seen::Failed(error)),
        }
        self.tell_of_hunt(tell);
    }

    /// No screen ends a search: one that goes on is told of once more, and one that was made void as that.
    fn tell_of_hunt(&mut self, tell: Tell<'_>) {
        let stopped = std::mem::take(&mut self.stopped);
        if self.hunting.is_some() {
            tell(Seen::Searching(self.searched));
        } else if stopped {
            tell(Seen::NotFound("the search was stopped".into()));
        }
    }
}

/// Adds an ask; steps in a row become one.
fn merge(all: &mut Vec<Ask>, ask: Ask) {
    match (all.last_mut(), &ask) {
        (Some(Ask::Lines(sum)), Ask::Lines(by)) | (Some(Ask::Pages(sum)), Ask::Pages(by)) => {
            *sum = sum.saturating_add(*by);
        }
        (Some(Ask::Resize(last)), Ask::Resize(frame)) => *last = *frame,
        _ => all.push(ask),
    }
}
