//! Colours of a view: they come when they are ready, and nothing waits long for them.

use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::open::Opened;
use super::sheet::Sheet;
use crate::model::{Result, Screenful};
use crate::preview::syntax::{Brush, Done};

/// How long a screen waits for its colours before it is shown without.
const PATIENCE: Duration = Duration::from_millis(25);

/// In a quick view larger texts stay plain.
const QUICK: u64 = 64 << 10;

/// What a thread that paints answers.
#[derive(Debug)]
pub enum Painted {
    /// The colours of the language; `None` where it is unknown.
    Brush(Option<Brush>),
    /// Lines in colours.
    Lines(Done),
}

impl Opened {
    /// Finds out the language, where colours are wanted.
    pub fn begin_painting(&mut self) {
        let theme = self.back.settings.theme.clone();
        let plain = self.quick && self.text.len() > QUICK;
        if theme.is_empty() || plain || !matches!(self.sheet, Sheet::Text(_)) {
            return;
        }
        let name = self.raw.source().entry().name.to_lossy().into_owned();
        let (feed, charset) = (self.text.clone(), self.charset);
        self.painting = Some(tokio::spawn(async move {
            let head = feed.read(charset.skip..256).await.unwrap_or_default();
            let line = charset.decode(&head).text.lines().next().unwrap_or_default().to_owned();
            let brush = spawn_blocking(move || Brush::find(&theme, &name, &line)).await;
            Painted::Brush(brush.unwrap_or_default())
        }));
    }

    /// Takes in what was painted.
    pub fn painted(&mut self, painted: Painted) {
        let Sheet::Text(text) = &mut self.sheet else { return };
        match painted {
            Painted::Brush(Some(brush)) => text.paint_with(brush),
            Painted::Brush(None) => {}
            Painted::Lines(done) => text.painted(done),
        }
    }

    /// What is seen now, in colours if they come soon; `None` while there is nothing to see.
    pub async fn draw(&mut self) -> Result<Option<Screenful>> {
        if matches!(self.sheet, Sheet::Blank) {
            return Ok(None);
        }
        let until = Instant::now() + PATIENCE;
        let mut screen = self.sheet.screen().await?;
        while self.paints().await? {
            let Some(painting) = &mut self.painting else { break };
            let Ok(painted) = timeout_at(until, painting).await else { break };
            self.painting = None;
            self.painted(painted.unwrap_or(Painted::Brush(None)));
            screen = self.sheet.screen().await?;
        }
        screen.kinds.clone_from(&self.guess.kinds);
        screen.size = self.raw.source().size();
        screen.following = self.following.is_some();
        screen.warning = self.note.clone().or(screen.warning);
        Ok(Some(screen))
    }

    /// Whether something is being painted; begins with what is seen and has no colours yet.
    async fn paints(&mut self) -> Result<bool> {
        if self.painting.is_some() {
            return Ok(true);
        }
        let Sheet::Text(text) = &self.sheet else { return Ok(false) };
        let Some(job) = text.job().await? else { return Ok(false) };
        self.painting = Some(spawn_blocking(move || Painted::Lines(job.run())));
        Ok(true)
    }
}
