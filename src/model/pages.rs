//! All rows of a listing as the pages that they came in: [`Pages`].

use std::fmt;
use std::sync::Arc;

use super::entry::Entry;

/// The pages of a listing, numbered through: row 0 is the first row of the first page.
///
/// The pages are shared with the cache and the other pane, never copied: a million rows are held once.
#[derive(Clone, Default, PartialEq)]
pub struct Pages {
    chunks: Vec<Arc<Vec<Entry>>>,
    /// The number of the first row of each page, for a search.
    starts: Vec<u32>,
    len: u32,
}

impl Pages {
    /// Adds a page, and tells the number of its first row. Rows beyond 2³² are left out.
    pub fn push(&mut self, page: Arc<Vec<Entry>>) -> u32 {
        let start = self.len;
        let Some(len) = u32::try_from(page.len()).ok().and_then(|rows| start.checked_add(rows)) else {
            return start;
        };
        self.chunks.push(page);
        self.starts.push(start);
        self.len = len;
        start
    }

    /// How many rows there are.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row of this number.
    pub fn get(&self, number: u32) -> Option<&Entry> {
        let page = self.starts.partition_point(|start| *start <= number).checked_sub(1)?;
        self.chunks[page].get((number - self.starts[page]) as usize)
    }

    /// All rows with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (0..).zip(self.chunks.iter().flat_map(|page| page.iter()))
    }
}

impl fmt::Debug for Pages {
    /// Numbers alone: a trace of a large listing must stay readable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pages({} rows on {} pages)", self.len, self.chunks.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Kind;
    use super::*;

    #[test]
    fn finds_each_row_across_pages_and_past_empty_ones() {
        let page = |names: &[&str]| {
            Arc::new(names.iter().map(|name| Entry::new((*name).into(), Kind::File)).collect::<Vec<_>>())
        };
        let mut pages = Pages::default();
        assert_eq!(pages.push(page(&["a", "b"])), 0);
        assert_eq!(pages.push(page(&[])), 2);
        assert_eq!(pages.push(page(&["c"])), 2);
        let found: Vec<_> =
            (0..4).map(|at| pages.get(at).map(|entry| entry.name.to_lossy().into_owned())).collect();
        assert_eq!(found, [Some("a".into()), Some("b".into()), Some("c".into()), None]);
        assert!(pages.iter().all(|(number, entry)| pages.get(number) == Some(entry)));
    }
}
