//! What is held: [`Answer`], and the dearest of its kinds, [`Listing`].

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use crate::model::{Entry, Head, Kind, Timestamp, VfsError};

/// An answer, shared with whoever reads it: a hit copies nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To ListBuckets and ListObjectsV2.
    Listing(Arc<Listing>),
    /// To HeadObject.
    Head(Arc<Head>),
    /// To HeadBucket: the region, where the service tells it.
    Region(Option<Arc<str>>),
    /// The service said that there is no such thing.
    Absent(VfsError),
}

impl Answer {
    /// The requests that it cost.
    pub fn requests(&self) -> u64 {
        match self {
            Self::Listing(listing) => listing.requests,
            _ => 1,
        }
    }

    /// Whether it says that nothing is there.
    pub fn is_negative(&self) -> bool {
        match self {
            Self::Listing(listing) => listing.pages.iter().all(|page| page.is_empty()),
            Self::Absent(_) => true,
            Self::Head(_) | Self::Region(_) => false,
        }
    }

    /// The bytes that it takes, as far as they can be told.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Listing(listing) => listing.facts.iter().map(|facts| facts.bytes).sum(),
            Self::Head(head) => head_bytes(head),
            Self::Region(region) => region.as_ref().map_or(0, |name| name.len() as u64),
            Self::Absent(error) => error.reason.len() as u64 + size_of::<VfsError>() as u64,
        }
    }
}

/// A whole listing, however many pages it took.
#[derive(Debug, PartialEq)]
pub struct Listing {
    /// The pages as they came.
    pub pages: Vec<Arc<Vec<Entry>>>,
    /// When it was asked for, for a person.
    pub read_at: Timestamp,
    facts: Vec<Facts>,
    requests: u64,
    patched: bool,
    print: OnceLock<u64>,
}

/// What is known of a page without reading it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Facts {
    /// Its first and last row in the order of keys, to find a row without reading all.
    bounds: Option<(Row, Row)>,
    newest: Option<Timestamp>,
    bytes: u64,
}

impl Facts {
    /// Reads all rows of a page once.
    pub(super) fn of(page: &[Entry]) -> Self {
        let newest = page.iter().filter_map(|entry| entry.modified).max();
        let bytes = page.iter().map(entry_bytes).sum::<u64>() + 64;
        Self { bounds: bounds(page), newest, bytes }
    }
}

/// A row by its page and its place on it.
type Row = usize;

impl Listing {
    /// Takes the pages of a complete listing. This reads all rows once: do it outside of locks.
    pub fn new(pages: Vec<Arc<Vec<Entry>>>, read_at: Timestamp) -> Self {
        let facts = pages.iter().map(|page| Facts::of(page)).collect();
        let requests = pages.len().max(1) as u64;
        Self { pages, read_at, facts, requests, patched: false, print: OnceLock::new() }
    }

    /// The same with other rows: its age and its price stay.
    pub(super) fn with_pages(&self, pages: Vec<Arc<Vec<Entry>>>, facts: Vec<Facts>) -> Self {
        let (read_at, requests) = (self.read_at, self.requests);
        Self { pages, facts, patched: true, read_at, requests, print: OnceLock::new() }
    }

    pub(super) fn facts(&self) -> &[Facts] {
        &self.facts
    }

    /// The first and last row of a page in the order of keys.
    pub(super) fn range(&self, page: usize) -> Option<(&Entry, &Entry)> {
        let (first, last) = self.facts[page].bounds?;
        Some((&self.pages[page][first], &self.pages[page][last]))
    }

    /// The requests that it cost.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// The same for listings with the same rows, in whatever order; times are left out, since a row of our own
    /// write may not know its own. The first call reads all rows: make it outside of locks.
    pub fn fingerprint(&self) -> u64 {
        let row = |entry: &Entry| {
            let mut hasher = DefaultHasher::new();
            (&entry.name, entry.kind, entry.size, &entry.tag, &entry.class).hash(&mut hasher);
            hasher.finish()
        };
        let rows = || self.pages.iter().flat_map(|page| page.iter());
        *self.print.get_or_init(|| rows().map(row).fold(0, u64::wrapping_add))
    }

    /// Whether rows of our own writes were put in since it was read.
    pub fn is_patched(&self) -> bool {
        self.patched
    }

    /// The row of this name and kind. Reads one page, not all.
    pub fn find(&self, name: &[u8], kind: Kind) -> Option<&Entry> {
        let is_it = |entry: &&Entry| entry.kind == kind && entry.name.as_bytes() == name;
        let mut pages = self.pages.iter().zip(&self.facts);
        pages.find_map(|(page, facts)| {
            let (first, last) = facts.bounds?;
            let within =
                order(&page[first]).le(wanted(name, kind)) && order(&page[last]).ge(wanted(name, kind));
            within.then(|| page.iter().find(is_it))?
        })
    }

    /// The newest modification among its rows.
    pub fn newest(&self) -> Option<Timestamp> {
        self.facts.iter().filter_map(|facts| facts.newest).max()
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.pages.iter().map(|page| page.len()).sum()
    }
}

/// The bytes of the key behind a row, which is what pages are ordered by: directories end in `/`.
fn order(entry: &Entry) -> impl Iterator<Item = u8> + '_ {
    wanted(entry.name.as_bytes(), entry.kind)
}

pub(super) fn wanted(name: &[u8], kind: Kind) -> impl Iterator<Item = u8> + '_ {
    name.iter().copied().chain((kind == Kind::Dir).then_some(b'/'))
}

fn bounds(page: &[Entry]) -> Option<(Row, Row)> {
    let by_key = |a: &usize, b: &usize| order(&page[*a]).cmp(order(&page[*b]));
    Some(((0..page.len()).min_by(by_key)?, (0..page.len()).max_by(by_key)?))
}

fn entry_bytes(entry: &Entry) -> u64 {
    let link = entry.link.as_ref().map_or(0, |link| link.target.as_bytes().len() + 40);
    (size_of::<Entry>() + entry.name.as_bytes().len() + link) as u64
}

fn head_bytes(head: &Head) -> u64 {
    let metadata: usize = head.metadata.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
    let texts = [
        &head.version,
        &head.content_type,
        &head.content_encoding,
        &head.content_disposition,
        &head.content_language,
        &head.cache_control,
        &head.expires,
    ];
    let texts: usize = texts.iter().map(|text| text.as_ref().map_or(0, String::len)).sum();
    (size_of::<Head>() + metadata + texts) as u64 + entry_bytes(&head.entry)
}

/// What a HEAD would tell of a row, as far as the listing knows it.
pub(super) fn head_of_row(row: &Entry, key: &str) -> Head {
    let body = key.strip_suffix('/').unwrap_or(key);
    let name = body.rsplit('/').next().unwrap_or_default().into();
    Head {
        entry: Entry { name, ..row.clone() },
        version: None,
        content_type: None,
        content_encoding: None,
        content_disposition: None,
        content_language: None,
        cache_control: None,
        expires: None,
        metadata: std::collections::BTreeMap::new(),
        restored: false,
        tag_count: None,
        encryption: None,
        checksum: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: &[(&str, Kind)]) -> Arc<Vec<Entry>> {
        Arc::new(rows.iter().map(|(name, kind)| Entry::new((*name).into(), *kind)).collect())
    }

    #[test]
    fn every_row_is_found_and_nothing_else() {
        // As S3 orders keys: `a`, `a-/`, `a/`, ``: prefixes come after objects on their page.
        let rows =
            [("", Kind::File), ("a", Kind::File), ("b", Kind::File), ("a-", Kind::Dir), ("a", Kind::Dir)];
        for size in 1..=rows.len() {
            let pages: Vec<_> = rows.chunks(size).map(page).collect();
            let listing = Listing::new(pages, Timestamp(0));
            for (name, kind) in rows {
                let found = listing.find(name.as_bytes(), kind).expect(name);
                assert_eq!(found.id(), (&name.into(), kind));
            }
            for (name, kind) in [("", Kind::Dir), ("a-", Kind::File), ("c", Kind::File), ("b", Kind::Dir)] {
                assert_eq!(listing.find(name.as_bytes(), kind), None, "{name}");
            }
            assert_eq!(listing.rows(), rows.len());
        }
    }

    #[test]
    fn a_listing_knows_its_newest_row_and_its_cost() {
        let mut entry = Entry::new("a".into(), Kind::File);
        entry.modified = Some(Timestamp(7));
        let one = Arc::new(vec![entry.clone()]);
        entry.modified = Some(Timestamp(5));
        let two = Arc::new(vec![entry, Entry::new("d".into(), Kind::Dir)]);
        let listing = Listing::new(vec![one, two], Timestamp(0));
        assert_eq!(listing.newest(), Some(Timestamp(7)));
        let answer = Answer::Listing(Arc::new(listing));
        assert_eq!(answer.requests(), 2);
        assert!(answer.bytes() >= 3 * size_of::<Entry>() as u64);
        assert!(!answer.is_negative());
    }

    #[test]
    fn no_rows_are_a_negative_answer_that_cost_one_request() {
        for pages in [vec![], vec![page(&[])], vec![page(&[]), page(&[])]] {
            let requests = pages.len().max(1) as u64;
            let answer = Answer::Listing(Arc::new(Listing::new(pages, Timestamp(0))));
            assert!(answer.is_negative());
            assert_eq!(answer.requests(), requests);
        }
    }

    #[test]
    fn a_row_becomes_a_head_under_the_last_name_of_its_key() {
        let row = Entry::new("".into(), Kind::File);
        for (key, name) in [("a/b", "b"), ("a/", "a"), ("a//", ""), ("x", "x"), ("/", "")] {
            assert_eq!(head_of_row(&row, key).entry.name, name.into(), "{key}");
        }
    }
}
