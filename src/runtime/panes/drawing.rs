//! How the loop draws: a frame, and the pictures in it.

use std::io;

use ratatui::backend::Backend;
use ratatui::layout::Rect;
use tokio::time::Instant;

use super::{Clockwork, Panes, Screen};
use crate::view;

impl<B, I, S> Panes<B, I, S>
where
    B: Backend,
    io::Error: From<B::Error>,
    S: Screen,
{
    /// Another picture than in the last frame: one that text doesn't wipe off is wiped off with all else.
    fn hang(&mut self, clock: &mut Clockwork) {
        let shown = self.runner.pictures().shown(&self.state);
        if shown != clock.picture {
            clock.clear |= clock.picture.is_some_and(|(_, stays)| stays);
            clock.picture = shown;
        }
    }

    /// Draws the state.
    pub(super) fn draw(&mut self, clock: &mut Clockwork) -> io::Result<()> {
        self.hang(clock);
        self.screen.begin_frame()?;
        if std::mem::take(&mut clock.clear) {
            // Not `clear`, which asks the terminal for the cursor and waits for the answer among the keys.
            let size = self.terminal.size()?;
            self.terminal.resize(Rect::new(0, 0, size.width, size.height))?;
        }
        let pictures = self.runner.pictures();
        let drawn =
            self.terminal.draw(|frame| view::draw(frame, &self.state, &self.theme, pictures)).map(|_| ());
        let gone = pictures.take_gone();
        if !gone.is_empty() {
            self.screen.forget(&gone)?;
        }
        self.screen.end_frame()?;
        clock.pace.drawn(Instant::now());
        Ok(drawn?)
    }
}
