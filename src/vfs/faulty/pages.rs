//! Listings that break off.

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt};

use super::cut::cut;
use super::{Call, Fate, Faulty};
use crate::model::{Op, Page, Result};

/// How many rows a page has.
fn rows_of(page: &Page) -> u64 {
    page.entries.len() as u64
}

/// The first rows of a page.
fn first_rows(mut page: Page, rows: u64) -> Page {
    page.entries = Arc::new(page.entries[..rows as usize].to_vec());
    page
}

impl Faulty {
    /// A listing, which asks for nothing before it is read.
    pub(super) fn faulty_pages(
        &self,
        pages: BoxStream<'static, Result<Page>>,
    ) -> BoxStream<'static, Result<Page>> {
        let this = self.clone();
        let listing = async move {
            match this.before(Call::List, Op::List).await {
                Ok(Fate::Cut(at, error)) => cut(pages, at, error, rows_of, first_rows),
                Ok(Fate::Well) => pages,
                Ok(Fate::Lost(error)) | Err(error) => stream::iter([Err(error)]).boxed(),
            }
        };
        stream::once(listing).flatten().boxed()
    }
}
