//! Keeps the listings of this run for the next one, in the background and at the end: [`Keeper`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::cache::{KeptListings, SharedOpCache};
use crate::config::Loaded;
use crate::vfs::registry::Registry;

/// The task that keeps listings, where the settings have any kept.
pub(super) struct Keeper(Option<(SharedOpCache, JoinHandle<()>)>);

impl Keeper {
    /// Begins to keep. Touches no disk here: what was kept is read when somebody browses there first.
    pub(super) fn begin(registry: &Registry, loaded: &Loaded) -> Self {
        let settings = &loaded.settings.cache;
        let read_only = loaded.settings.connections.iter().filter(|(_, connection)| connection.read_only);
        let read_only = read_only.map(|(name, _)| name.clone());
        let kept = caches(loaded)
            .filter(|_| settings.enabled)
            .and_then(|dir| KeptListings::new(&dir, settings.listings, read_only));
        Self(kept.map(|kept| {
            let cache = registry.cache().clone();
            cache.keep(kept);
            let task = tokio::spawn(now_and_then(cache.clone(), settings.cleanup_interval));
            (cache, task)
        }))
    }

    /// Writes down what is held now.
    pub(super) async fn end(self) {
        if let Some((cache, task)) = self.0 {
            task.abort();
            save(cache).await;
        }
    }
}

/// The directory of all caches.
fn caches(loaded: &Loaded) -> Option<PathBuf> {
    let (dir, home) = (&loaded.settings.cache.dir, loaded.dirs.home.as_deref());
    match (dir.as_str(), dir.strip_prefix("~/"), home) {
        ("", ..) => loaded.dirs.cache.clone(),
        (_, Some(below), Some(home)) => Some(home.join(below)),
        _ => Some(std::path::absolute(dir).unwrap_or_else(|_| Path::new(dir).to_path_buf())),
    }
}

async fn now_and_then(cache: SharedOpCache, every: Duration) {
    let mut before = 0;
    loop {
        tokio::time::sleep(every.max(Duration::from_secs(1))).await;
        let total = cache.stats().total;
        let now = total.misses + total.patched + total.invalidated;
        if std::mem::replace(&mut before, now) != now {
            save(cache.clone()).await;
        }
    }
}

async fn save(cache: SharedOpCache) {
    match tokio::task::spawn_blocking(move || cache.save_kept()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the listings can't be kept for the next run"),
        Err(error) => tracing::warn!(%error, "the task that keeps listings broke off"),
    }
}
