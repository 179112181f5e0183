//! One open view: takes [`Ask`]s, tells what is [`Seen`]: [`view`].

mod open;
mod sheet;

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use self::open::Opened;
use crate::cache::previews::Previews;
use crate::config::PreviewSettings;
use crate::model::{Ask, Frame, Result, Seen, Uri, Viewed};
use crate::vfs::DynPath;

/// Makes a handle of a location.
pub type Resolve = Arc<dyn Fn(&Uri) -> Result<DynPath> + Send + Sync>;

/// What every view works with.
pub struct Backstage {
    /// Where locations become handles.
    pub resolve: Resolve,
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
    let mut opened = match Opened::open(&back, what, frame).await {
        Ok(opened) => opened,
        Err(error) => {
            tell(Seen::Failed(error));
            while asks.recv().await.is_some() {}
            return;
        }
    };
    opened.show(&tell).await;
    while let Some(ask) = asks.recv().await {
        opened.act(ask, &tell).await;
        opened.show(&tell).await;
    }
}
