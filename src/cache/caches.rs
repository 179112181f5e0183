//! The caches on disk, as the program holds them: [`DiskCaches`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disk::{Bounds, Cabinet, Quota, Shelf, Voice};
use super::objects::Objects;
use super::previews::Previews;
use crate::config::{CacheSettings, Dirs, LayerSettings};

/// The caches on disk. A clone is another handle on the same.
#[derive(Clone, Debug, Default)]
pub struct DiskCaches {
    /// Bodies of objects.
    pub objects: Objects,
    /// Rendered previews.
    pub previews: Previews,
    cabinet: Option<Cabinet>,
}

impl DiskCaches {
    /// As the settings want them. Opens nothing yet.
    pub fn new(settings: &CacheSettings, dirs: &Dirs) -> Self {
        Self::on(&Cabinet::new(dirs.state.clone()), settings, dirs, None)
    }

    /// The same on an index of the caller's own, and on a disk that takes so much.
    pub fn on(cabinet: &Cabinet, settings: &CacheSettings, dirs: &Dirs, quota: Option<&Quota>) -> Self {
        let Some(dir) = dir(settings, dirs).filter(|_| settings.enabled && dirs.state.is_some()) else {
            return Self::default();
        };
        let shelf = |kind, of: &LayerSettings, compress| -> Option<Shelf> {
            let at = if of.dir.is_empty() { dir.join(kind) } else { settled(&of.dir, dirs) };
            let bounds = bounds(of, settings.cleanup_interval, compress)?;
            Some(cabinet.shelf(kind, at, bounds, quota.cloned()))
        };
        let mut caches = Self::default();
        let (of, layer) = (&settings.objects, settings.objects.layer());
        if let Some(shelf) = shelf("objects", &layer, of.compress) {
            caches.objects = Objects::new(shelf, of.validate);
        }
        if let Some(shelf) = shelf("previews", &settings.previews, false) {
            caches.previews = Previews::new(shelf);
        }
        caches.cabinet = Some(cabinet.clone());
        caches
    }

    /// What a person must be told of them; `None` where there are none.
    pub fn voice(&self) -> Option<&Voice> {
        self.cabinet.as_ref().map(Cabinet::voice)
    }

    /// Waits until all that was noted is written.
    pub async fn settle(&self) {
        self.objects.settle().await;
        if let Some(shelf) = self.previews.shelf() {
            shelf.settle().await;
        }
    }
}

/// What a layer may hold; `None` where that is nothing.
fn bounds(of: &LayerSettings, interval: Duration, compress: bool) -> Option<Bounds> {
    let LayerSettings { max_size, max_entries, max_age, eviction, .. } = *of;
    let some = of.enabled && max_size > 0 && max_entries > 0;
    some.then_some(Bounds { max_size, max_entries, max_age, eviction, interval, compress })
}

/// The directory of all caches on disk.
pub fn dir(settings: &CacheSettings, dirs: &Dirs) -> Option<PathBuf> {
    if settings.dir.is_empty() { dirs.cache.clone() } else { Some(settled(&settings.dir, dirs)) }
}

/// A directory of the settings: `~/` is the home directory.
fn settled(text: &str, dirs: &Dirs) -> PathBuf {
    match (text.strip_prefix("~/"), &dirs.home) {
        (Some(below), Some(home)) => home.join(below),
        _ => std::path::absolute(text).unwrap_or_else(|_| Path::new(text).to_path_buf()),
    }
}
