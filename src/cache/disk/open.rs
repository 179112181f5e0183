//! Where the index of all layers is: [`Cabinet`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::schema::CACHE;
use super::{Bounds, Quota, Shelf, Voice};
use crate::cache::{Clock, SystemClock};
use crate::store::Store;

/// The state file as the caches use it: opened when the first of them is asked for something, and not before.
/// Its handle is its own: what the caches write never holds up a journal. A clone is another handle on the same.
#[derive(Clone, Debug)]
pub struct Cabinet(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    voice: Voice,
    store: OnceCell<Option<Store>>,
}

impl Cabinet {
    /// One whose index is in this state directory. Opens nothing yet.
    pub fn new(state: Option<PathBuf>) -> Self {
        Self::with_clock(state, Arc::new(SystemClock))
    }

    /// The same on a clock.
    pub fn with_clock(state: Option<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { state, clock, voice: Voice::default(), store: OnceCell::new() }))
    }

    /// What a person must be told of the caches.
    pub fn voice(&self) -> &Voice {
        &self.0.voice
    }

    /// A layer whose files are in this directory.
    pub fn shelf(&self, kind: &'static str, dir: PathBuf, bounds: Bounds, quota: Option<Quota>) -> Shelf {
        Shelf::new(self.clone(), kind, dir, bounds, quota)
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// The directory of the index.
    pub(super) fn state(&self) -> Option<&Path> {
        self.0.state.as_deref()
    }

    /// Whether there is an index that was made before.
    pub(super) fn is_there(&self) -> bool {
        self.0.state.as_deref().is_some_and(|dir| dir.join("state.db").exists())
    }

    pub(super) async fn store(&self) -> Option<&Store> {
        self.0.store.get_or_init(|| self.open()).await.as_ref()
    }

    async fn open(&self) -> Option<Store> {
        let dir = self.0.state.as_deref()?;
        match opened(dir).await {
            Ok((store, told)) => {
                if let Some(told) = told {
                    self.0.voice.tell(told);
                }
                Some(store)
            }
            Err(error) => {
                let dir = dir.display();
                let text =
                    format!("nothing is cached on disk: the state file in {dir} can't be used: {error}");
                self.0.voice.tell(text);
                None
            }
        }
    }
}

async fn opened(dir: &Path) -> Result<(Store, Option<String>), crate::store::StoreError> {
    let (store, told) = Store::open(dir, None).await?;
    store.own(CACHE).await?;
    Ok((store, told))
}
