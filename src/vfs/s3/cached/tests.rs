//! What the cache around an API costs, shares and forgets. Time stands until a test moves it.

mod reads;
mod table;
mod writes;

use std::time::Duration;

use futures::TryStreamExt;

use super::fake::{Fake, Fault};
use super::*;
use crate::cache::{CacheStats, ManualClock};
use crate::config::OpCacheSettings;

/// A cached connection to a service, with its clock.
pub(super) struct Setup {
    pub(super) fake: Fake,
    pub(super) s3: Cached<Fake>,
    clock: Arc<ManualClock>,
}

impl Setup {
    pub(super) fn new(keys: &[&str]) -> Self {
        Self::around(Fake::new(keys))
    }

    pub(super) fn around(fake: Fake) -> Self {
        let clock = Arc::new(ManualClock::default());
        let cache = SharedOpCache::with_clock(OpCacheSettings::default(), clock.clone());
        Self { s3: Cached::new(fake.clone(), cache), fake, clock }
    }

    pub(super) fn stats(&self) -> CacheStats {
        self.s3.cache.stats()
    }

    pub(super) fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(super) async fn list(&self, prefix: &str) -> Vec<String> {
        names(self.s3.list(request(prefix), Freshness::Cached)).await.expect("a listing")
    }

    pub(super) async fn refresh(&self, prefix: &str) -> Vec<String> {
        names(self.s3.list(request(prefix), Freshness::Past)).await.expect("a listing")
    }

    pub(super) async fn stat(&self, key: &str) -> Result<u64> {
        self.head(key, Detail::Row, Freshness::Cached).await
    }

    /// The object's value.
    pub(super) async fn head(&self, key: &str, detail: Detail, freshness: Freshness) -> Result<u64> {
        let head = self.s3.head(&object(key), detail, freshness).await?;
        Ok(head.entry.size.expect("a value"))
    }

    pub(super) async fn put(&self, key: &str, value: u64) -> Result<Written> {
        let payload = Payload::new(bytes::Bytes::new(), value);
        self.s3.put(&object(key), &ObjectAttributes::default(), payload, &Precondition::None).await
    }

    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        self.s3.delete(&object(key), &Precondition::None).await.map(drop)
    }
}

pub(super) fn request(prefix: &str) -> ListRequest {
    ListRequest { bucket: "b".into(), prefix: prefix.into(), delimited: true }
}

pub(super) fn object(key: &str) -> ObjectRef {
    ObjectRef { bucket: "b".into(), key: key.into(), version: None }
}

/// The rows; directories end in `/`.
pub(super) async fn names(pages: BoxStream<'static, Result<Page>>) -> Result<Vec<String>> {
    let pages: Vec<Page> = pages.try_collect().await?;
    Ok(pages.iter().flat_map(page_names).collect())
}

pub(super) fn page_names(page: &Page) -> Vec<String> {
    let slash = |entry: &Entry| if entry.kind.is_dir() { "/" } else { "" };
    page.entries.iter().map(|entry| format!("{}{}", entry.name.to_lossy(), slash(entry))).collect()
}
