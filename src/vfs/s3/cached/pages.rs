//! Listings as streams of pages: held ones, and those that a flight brings.

use std::sync::Arc;

use futures::StreamExt;
use futures::future;
use futures::stream::{self, BoxStream};

use super::flight::{End, Reader};
use crate::cache::ops::Listing;
use crate::model::{Entry, Page, Result, Source, VfsError};

/// The pages of a held listing.
pub(super) fn held_pages(listing: Arc<Listing>, source: Source) -> BoxStream<'static, Result<Page>> {
    let page = move |at: usize| {
        let entries = listing.pages.get(at)?.clone();
        Some(Ok(Page { entries, read_at: listing.read_at, source }))
    };
    stream::iter((0..).map_while(page)).boxed()
}

/// The pages that a flight brings. Should its task die before it brought any, `ask` answers in its
/// place: the cache is no reason to fail.
pub(super) fn read_pages(
    reader: Reader<Arc<Vec<Entry>>>,
    lost: VfsError,
    ask: impl Fn() -> BoxStream<'static, Result<Page>> + Send + 'static,
) -> BoxStream<'static, Result<Page>> {
    let pages = stream::unfold(Some((reader, lost, ask)), |reading| async {
        let (mut reader, lost, ask) = reading?;
        match reader.next().await {
            Ok(entries) => {
                let page = Page { entries, read_at: reader.read_at, source: reader.source };
                Some((one(Ok(page)), Some((reader, lost, ask))))
            }
            Err(End::Complete) => None,
            Err(End::Failed(error)) => Some((one(Err(error)), None)),
            Err(End::Lost) if reader.is_unread() => Some((ask(), None)),
            Err(End::Lost) => Some((one(Err(lost)), None)),
        }
    });
    pages.flatten().boxed()
}

/// A listing of one page, or one that failed.
pub(super) fn one(page: Result<Page>) -> BoxStream<'static, Result<Page>> {
    stream::once(future::ready(page)).boxed()
}
