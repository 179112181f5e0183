//! Rendered previews on disk, by what they were made of and how: [`Previews`].

use std::sync::Arc;

use super::disk::{About, DiskStats, FileName, Shelf, Tally};
use crate::model::Uri;

/// Names a rendering: what it was made of, and every setting that shaped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewKey {
    name: FileName,
    /// What it was made of, for a person: a connection and a bucket, empty for what lies on this machine.
    connection: Arc<str>,
    bucket: Arc<str>,
    /// The key; for what isn't an object of its own the location as it would be typed.
    key: Arc<str>,
    /// Which part of a look it is.
    part: &'static str,
}

impl PreviewKey {
    /// The key of these parts. Their lengths count, too, so that no two lists of parts are one key.
    pub fn of(parts: &[&[u8]]) -> Self {
        let nowhere = || "".into();
        Self {
            name: FileName::of(parts),
            connection: nowhere(),
            bucket: nowhere(),
            key: nowhere(),
            part: "preview",
        }
    }

    /// The same with what it was made of, and which part of a look it is: those are told who look at what is held.
    #[must_use]
    pub fn made_of(self, uri: &Uri, part: &'static str) -> Self {
        let bucket = uri.as_s3().and_then(|at| at.bucket.clone().map(|bucket| (at, bucket)));
        match bucket {
            Some((at, bucket)) => {
                Self { connection: at.connection.clone(), bucket, key: at.key.clone(), part, ..self }
            }
            None => Self { key: uri.to_string().into(), part, ..self },
        }
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
        let again = found.is_none() && shelf.was_evicted(&key.name);
        tracing::debug!(key = %key.name, "preview cache: {}", if found.is_some() { "hit" } else { "miss" });
        shelf.count(&key.connection, |tally: &mut Tally| {
            if let Some(bytes) = &found {
                tally.hits += 1;
                tally.bytes_saved += bytes.len() as u64;
            } else {
                tally.misses += 1;
                tally.evicted_again += u64::from(again);
            }
        });
        if found.is_some() {
            shelf.served(key.name, false);
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
        let about = About {
            name: key.name,
            connection: key.connection.clone(),
            // No write touches it: its name tells which content it was made of.
            endpoint: "".into(),
            bucket: key.bucket.clone(),
            key: key.key.clone(),
            version: None,
            tag: key.part.into(),
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
    let held = shelf.find(key.name, 0..u64::MAX).await?;
    let mut bytes = Vec::with_capacity(held.about.size as usize);
    for piece in &held.pieces {
        bytes.extend_from_slice(&shelf.bytes(&held, piece).await?);
    }
    (bytes.len() as u64 == held.about.size).then_some(bytes)
}
