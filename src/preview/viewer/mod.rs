//! One open view: takes [`Ask`]s, tells what is [`Seen`]: [`view`].
//!
//! What takes long is a future beside the asks: a search, a rendering, painting. An ask that makes it void
//! drops it, and with it the request that is under way.

mod act;
mod events;
mod held;
mod hunting;
mod open;
mod painting;
mod sheet;

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use self::events::Event;
use self::open::Opened;
use super::Source;
use crate::cache::previews::Previews;
use crate::config::PreviewSettings;
use crate::model::{Ask, ErrorKind, Frame, Freshness, Result, Seen, Uri, VfsError, Viewed};
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

/// What hears of a view.
type Tell<'a> = &'a (dyn Fn(Seen) + Send + Sync);

/// Shows one thing until `asks` ends; whoever loses interest drops the future.
pub async fn view(
    back: Arc<Backstage>,
    what: Viewed,
    frame: Frame,
    mut asks: UnboundedReceiver<Ask>,
    tell: impl Fn(Seen) + Send + Sync,
) {
    if let Err(error) = run(&back, what, frame, &mut asks, &tell).await {
        tell(Seen::Failed(error.clone()));
        // Whoever asks for more hears why there is nothing, and waits for nothing.
        while asks.recv().await.is_some() {
            tell(Seen::Failed(error.clone()));
        }
    }
}

async fn run(
    back: &Arc<Backstage>,
    what: Viewed,
    frame: Frame,
    asks: &mut UnboundedReceiver<Ask>,
    tell: Tell<'_>,
) -> Result<()> {
    let source = Arc::new(Source::open((back.resolve)(&what.uri)?, what.entry.clone()).await?);
    let key = held::first_key(back, &source, &what, frame).await;
    let mut first = None;
    if let Some(screen) = held::first(back, key.as_ref()).await {
        tell(Seen::Screenful(Box::new(screen)));
        // Nothing is read before more is wanted than is here.
        first = loop {
            match asks.recv().await {
                None => return Ok(()),
                Some(Ask::Resize(same)) if same == frame => {}
                Some(Ask::Stop) => {}
                ask => break ask,
            }
        };
    }
    let mut opened = open_now(back, source, &what, frame).await?;
    opened.key = key.filter(|_| first.is_none());
    match first {
        Some(ask) => opened.do_all(ask, asks, tell).await,
        None => opened.show(tell).await,
    }
    loop {
        match opened.next(asks).await {
            Event::Ask(Some(ask)) => opened.do_all(ask, asks, tell).await,
            Event::Ask(None) => return Ok(()),
            event => opened.hear(event, tell).await,
        }
    }
}

/// Opens it; a row that is older than the object is looked up anew.
async fn open_now(back: &Arc<Backstage>, source: Arc<Source>, what: &Viewed, frame: Frame) -> Result<Opened> {
    match Opened::open(back, source.clone(), what, frame).await {
        Err(error) if error.kind == ErrorKind::Conflict => {
            let now = renewed(&source).await?;
            let mut opened = Opened::open(back, now, what, frame).await?;
            opened.note(CHANGED);
            Ok(opened)
        }
        opened => opened,
    }
}

/// What is told of a thing that isn't what was shown.
const CHANGED: &str = "it changed meanwhile: this is what it holds now";

/// The same location with what it holds now.
async fn renewed(source: &Source) -> Result<Arc<Source>, VfsError> {
    let path = source.path().clone();
    let entry = path.stat(Freshness::Past).await?;
    Ok(Arc::new(Source::open(path, entry).await?))
}
