//! One open view: takes [`Ask`]s, tells what is [`Seen`]: [`view`].

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use super::Source;
use crate::cache::previews::Previews;
use crate::config::PreviewSettings;
use crate::model::{Ask, Frame, Piece, Result, Screenful, Seen, StyledLine, Uri, ViewKind, Viewed, text};
use crate::vfs::DynPath;

/// What every view works with.
pub struct Backstage {
    /// Where locations become handles.
    pub resolve: Arc<dyn Fn(&Uri) -> Result<DynPath> + Send + Sync>,
    /// What was rendered before.
    pub previews: Previews,
    /// How things are shown.
    pub settings: PreviewSettings,
    /// The pixels of a cell of the terminal, width and height.
    pub cell: (u16, u16),
}

impl fmt::Debug for Backstage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backstage").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Shows one thing until `asks` ends; whoever loses interest drops the future.
pub async fn view(
    back: Arc<Backstage>,
    what: Viewed,
    frame: Frame,
    mut asks: UnboundedReceiver<Ask>,
    tell: impl Fn(Seen) + Send + Sync,
) {
    match first(&back, what, frame).await {
        Ok(screenful) => tell(Seen::Screenful(Box::new(screenful))),
        Err(error) => tell(Seen::Failed(error)),
    }
    while asks.recv().await.is_some() {}
}

async fn first(back: &Backstage, what: Viewed, frame: Frame) -> Result<Screenful> {
    let source = Source::open((back.resolve)(&what.uri)?, what.entry).await?;
    let head = source.read(0..super::source::BLOCK).await?;
    let mut screenful = Screenful::new(ViewKind::Text);
    let lines = String::from_utf8_lossy(&head);
    let line = |line: &str| StyledLine::of(Piece::plain(text::escape(line)));
    screenful.lines = lines.lines().take(frame.rows.into()).map(line).collect();
    Ok(screenful)
}
