//! Rendered previews on disk, by what they were made of and how: [`Previews`].

use sha2::{Digest, Sha256};

/// Names a rendering: what it was made of, and every setting that shaped it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PreviewKey([u8; 32]);

impl PreviewKey {
    /// The key of these parts. Their lengths count, too, so that no two lists of parts are one key.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

/// The cache of rendered previews. A clone is another handle on the same.
#[derive(Clone, Debug, Default)]
pub struct Previews;

impl Previews {
    /// One that keeps nothing.
    pub fn off() -> Self {
        Self
    }

    /// What was kept under this key.
    pub async fn get(&self, key: &PreviewKey) -> Option<Vec<u8>> {
        let _ = key;
        None
    }

    /// Keeps a rendering. A failure is the cache's own affair.
    pub async fn put(&self, key: &PreviewKey, rendered: Vec<u8>) {
        let _ = (key, rendered);
    }
}
