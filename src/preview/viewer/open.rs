//! What is open in a view, and what is done with it: [`Opened`].

use std::sync::Arc;

use super::Backstage;
use super::sheet::Sheet;
use crate::model::{Ask, Frame, Result, Seen, ViewKind, Viewed};
use crate::preview::charset::Charset;
use crate::preview::detect::{Guess, guess};
use crate::preview::feed::Feed;
use crate::preview::hex::HexView;
use crate::preview::source::{BLOCK, Source};
use crate::preview::text::TextView;

/// A thing that is shown.
#[derive(Debug)]
pub struct Opened {
    back: Arc<Backstage>,
    feed: Arc<Feed>,
    frame: Frame,
    wrap: bool,
    guess: Guess,
    charset: Charset,
    sheet: Sheet,
}

impl Opened {
    /// Opens it and finds out what it is, by its first block.
    pub async fn open(back: &Arc<Backstage>, what: Viewed, frame: Frame) -> Result<Self> {
        let source = Arc::new(Source::open((back.resolve)(&what.uri)?, what.entry).await?);
        let feed = Arc::new(Feed::new(source, what.quick));
        let head = feed.read(0..BLOCK).await?;
        let guess = guess(feed.source().entry().name.as_bytes(), &head);
        let charset = Charset::detect(&head);
        let kind = what.kind.unwrap_or(guess.kind);
        let wrap = back.settings.wrap;
        let sheet = Sheet::Hex(HexView::new(feed.clone(), frame));
        let mut opened = Self { back: back.clone(), feed, frame, wrap, guess, charset, sheet };
        opened.turn_to(kind).await?;
        Ok(opened)
    }

    /// Shows it in another way, at the same place where both go by bytes.
    async fn turn_to(&mut self, kind: ViewKind) -> Result<()> {
        let at = self.sheet.offset();
        self.sheet = match kind {
            ViewKind::Hex => Sheet::Hex(HexView::new(self.feed.clone(), self.frame)),
            _ => {
                let tab = self.back.settings.tab;
                Sheet::Text(TextView::new(self.feed.clone(), self.charset, self.frame, self.wrap, tab))
            }
        };
        if at > 0 { self.sheet.go_to(at).await } else { Ok(()) }
    }

    /// Does what is asked.
    pub async fn act(&mut self, ask: Ask, tell: &(impl Fn(Seen) + Send + Sync)) {
        if let Err(error) = self.try_to(ask).await {
            tell(Seen::Failed(error));
        }
    }

    async fn try_to(&mut self, ask: Ask) -> Result<()> {
        match ask {
            Ask::Resize(frame) => self.resize(frame),
            Ask::Show(kind) => return self.turn_to(kind).await,
            Ask::Wrap(wrap) => self.set_wrap(wrap),
            Ask::Encoding => return self.next_encoding().await,
            other => return self.sheet.go(&other, self.frame).await,
        }
        Ok(())
    }

    fn resize(&mut self, frame: Frame) {
        self.frame = frame;
        self.sheet.resize(frame);
    }

    fn set_wrap(&mut self, wrap: bool) {
        self.wrap = wrap;
        if let Sheet::Text(text) = &mut self.sheet {
            text.wrap(wrap);
        }
    }

    async fn next_encoding(&mut self) -> Result<()> {
        let Sheet::Text(text) = &mut self.sheet else { return Ok(()) };
        self.charset = self.charset.next();
        text.recode(self.charset).await
    }

    /// Tells what is seen now.
    pub async fn show(&mut self, tell: &(impl Fn(Seen) + Send + Sync)) {
        match self.sheet.screen().await {
            Ok(mut screen) => {
                screen.kinds.clone_from(&self.guess.kinds);
                tell(Seen::Screenful(Box::new(screen)));
            }
            Err(error) => tell(Seen::Failed(error)),
        }
    }
}
