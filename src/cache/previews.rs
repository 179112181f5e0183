//! Rendered previews on disk, by what they were made of and how: [`Previews`].

use super::disk::{About, DiskStats, FileName, Shelf, Tally};

/// Names a rendering: what it was made of, and every setting that shaped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PreviewKey(FileName);

impl PreviewKey {
    /// The key of these parts. Their lengths count, too, so that no two lists of parts are one key.
    pub fn of(parts: &[&[u8]]) -> Self {
        Self(FileName::of(parts))
    }
}

/// The cache of rendered previews. A clone is another handle on the same.
///
/// A key tells all that a rendering depends on: what is held under it is right for ever, and is never asked for.
#[derive(Clone, Debug, Default)]
pub struct Previews(Option<Shelf>);

impl Previews {
    /// A cache on a shelf.
    pub fn new(shelf: Shelf) -> Self {
        Self(Some(shelf))
    }

    /// One that keeps nothing.
    pub fn off() -> Self {
        Self(None)
    }

    /// Where the previews are, with what those need who look after them; `None` where nothing is kept.
    pub fn shelf(&self) -> Option<&Shelf> {
        self.0.as_ref()
    }

    /// The figures.
    pub async fn stats(&self) -> DiskStats {
        match &self.0 {
            Some(shelf) => shelf.stats().await,
            None => DiskStats::default(),
        }
    }

    /// What was kept under this key.
    pub async fn get(&self, key: &PreviewKey) -> Option<Vec<u8>> {
        let shelf = self.0.as_ref()?;
        let found = read(shelf, key).await;
        let again = found.is_none() && shelf.was_evicted(&key.0);
        tracing::debug!(key = %key.0, "preview cache: {}", if found.is_some() { "hit" } else { "miss" });
        shelf.count("", |tally: &mut Tally| {
            if let Some(bytes) = &found {
                tally.hits += 1;
                tally.bytes_saved += bytes.len() as u64;
            } else {
                tally.misses += 1;
                tally.evicted_again += u64::from(again);
            }
        });
        if found.is_some() {
            shelf.served(key.0, false);
        }
        found
    }

    /// Keeps a rendering. A failure is the cache's own affair.
    pub async fn put(&self, key: &PreviewKey, rendered: Vec<u8>) {
        let Some(shelf) = &self.0 else { return };
        let size = rendered.len() as u64;
        if size == 0 || size > shelf.bounds().max_size / 4 {
            return;
        }
        let nowhere = || "".into();
        let about = About {
            name: key.0,
            connection: nowhere(),
            endpoint: nowhere(),
            bucket: nowhere(),
            key: nowhere(),
            version: None,
            tag: "preview".into(),
            size,
            head: None,
        };
        let mut fill = shelf.fill(about, None);
        fill.push(&rendered.into()).await;
        fill.finish().await;
    }
}

/// All of a rendering, or nothing.
async fn read(shelf: &Shelf, key: &PreviewKey) -> Option<Vec<u8>> {
    let held = shelf.find(key.0, 0..u64::MAX).await?;
    let mut bytes = Vec::with_capacity(held.about.size as usize);
    for piece in &held.pieces {
        bytes.extend_from_slice(&shelf.bytes(&held, piece).await?);
    }
    (bytes.len() as u64 == held.about.size).then_some(bytes)
}
