//! Pages that are cut short.

use std::sync::Arc;

use crate::model::Page;

/// How many rows a page has.
pub(super) fn rows_of(page: &Page) -> u64 {
    page.entries.len() as u64
}

/// The first rows of a page.
pub(super) fn first_rows(mut page: Page, rows: u64) -> Page {
    page.entries = Arc::new(page.entries[..rows as usize].to_vec());
    page
}
