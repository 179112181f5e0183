//! What of a view is kept from one look to the next: its first screen, and documents.
//!
//! A key names the content by location and tag, and everything that shapes what is drawn. A thing without a
//! tag is never kept, nor is one that changes without a trace.

use std::sync::Arc;

use super::Backstage;
use super::open::Opened;
use crate::cache::previews::PreviewKey;
use crate::model::{Frame, Result, Screenful, Tag, ViewKind, Viewed};
use crate::preview::{Document, RENDERER, Shape, Source, kinds};
use crate::vfs::Place;

/// Larger ones are rendered again rather than kept.
const MOST: usize = 4 << 20;

/// Names the first screen of this.
pub async fn first_key(back: &Backstage, source: &Source, what: &Viewed, frame: Frame) -> Option<PreviewKey> {
    let settings = &back.settings;
    let shape = Shape {
        frame,
        theme: settings.theme.clone(),
        tab: settings.tab,
        wrap: settings.wrap,
        cell: back.cell,
    };
    let asked = format!("{:?} {}", what.kind, what.quick);
    key(source, "screen", &shape, &asked).await
}

/// The first screen as it was kept.
pub async fn first(back: &Backstage, key: Option<&PreviewKey>) -> Option<Screenful> {
    let kept = back.previews.get(key?).await?;
    // What can't be understood was written by another version, and is none.
    let screen: Screenful = postcard::from_bytes(&kept).ok()?;
    Some(Screenful { held: true, ..screen })
}

/// A document as it was kept, or rendered now.
pub async fn document(
    back: Arc<Backstage>,
    kind: ViewKind,
    source: Arc<Source>,
    shape: Shape,
) -> Result<Document> {
    let key = key(&source, "document", &shape, kind.title()).await;
    if let Some(key) = &key
        && let Some(kept) = back.previews.get(key).await
        && let Ok(document) = postcard::from_bytes(&kept)
    {
        return Ok(document);
    }
    let document = kinds::document(kind, &source, &shape).await?;
    if let Some(key) = key {
        put(&back, key, &document);
    }
    Ok(document)
}

/// Names what is made of a source.
async fn key(source: &Source, part: &'static str, shape: &Shape, asked: &str) -> Option<PreviewKey> {
    if !source.is_told() {
        return None;
    }
    let tag = match source.entry().tag.as_ref()? {
        Tag::ETag(etag) => etag.to_string(),
        Tag::File { dev, ino, mtime_ns } => format!("{dev} {ino} {mtime_ns}"),
    };
    let identity = source.path().identity().await.ok()?;
    let place = match identity.place {
        Place::Bucket { endpoint, bucket } => format!("{endpoint} {bucket}"),
        place => format!("{place:?}"),
    };
    let at = source.path().uri();
    let uri = at.to_string();
    let size = source.len().to_le_bytes();
    let shape = postcard::to_stdvec(shape).ok()?;
    let renderer = RENDERER.to_le_bytes();
    let key = PreviewKey::of(&[
        part.as_bytes(),
        uri.as_bytes(),
        place.as_bytes(),
        &identity.below,
        tag.as_bytes(),
        &size,
        &shape,
        asked.as_bytes(),
        &renderer,
    ]);
    Some(key.made_of(at, part))
}

fn put(back: &Arc<Backstage>, key: PreviewKey, rendered: &impl serde::Serialize) {
    // What can't be encoded is rendered again next time.
    let Ok(bytes) = postcard::to_stdvec(rendered) else { return };
    if bytes.len() <= MOST {
        let back = back.clone();
        tokio::spawn(async move { back.previews.put(&key, bytes).await });
    }
}

impl Opened {
    /// Keeps the first screen, once it is whole.
    pub fn keep(&mut self, screen: &Screenful) {
        if self.painting.is_some() || self.rendering.is_some() || self.note.is_some() {
            return;
        }
        if let Some(key) = self.key.take() {
            put(&self.back, key, screen);
        }
    }
}
