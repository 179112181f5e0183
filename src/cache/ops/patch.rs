//! What an answered write leaves in the listings that are held: [`Patch`].
//!
//! A listing that is patched keeps its age: only the rows of our own writes are newer. Each row is what the
//! service had when the listing was read, or what our own write left after that.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::answer::{Facts, Listing, wanted};
use super::{OpKey, Query};
use crate::cache::ConnectionId;
use crate::model::{Entry, Kind, Name};

/// What the endpoint of AWS itself is called.
const AWS: &str = "aws";

/// Whether a bucket of this name is one and the same to both. AWS has one of a name; with others it may belong to
/// who asks, and only its own connection is known to show it.
pub(super) fn shows_the_same(held: &OpKey, by: &ConnectionId) -> bool {
    *held.connection == *by || &*by.endpoint == AWS
}

/// A page that grows beyond this is split, so that a patch stays cheap.
const LONGEST_PAGE: usize = 2_000;

/// A key as a write left it, where the answer tells that exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// The key.
    pub key: Arc<str>,
    /// What is there now. Its name is left out of account.
    pub left: Left,
}

/// What a write leaves under a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Left {
    /// This object; what the answer didn't tell is `None`.
    Object(Box<Entry>),
    /// Nothing.
    Nothing,
}

impl Patch {
    /// The key holds this object now.
    pub fn object(key: &Arc<str>, row: Entry) -> Self {
        Self { key: key.clone(), left: Left::Object(Box::new(row)) }
    }

    /// The key holds nothing now.
    pub fn gone(key: &Arc<str>) -> Self {
        Self { key: key.clone(), left: Left::Nothing }
    }

    /// What it changes in a listing. `Err` where the listing can't tell any more.
    fn edit(&self, prefix: &str, delimited: bool) -> Result<Option<Edit>, Untold> {
        let Some(rest) = self.key.strip_prefix(prefix) else { return Ok(None) };
        let child = rest.split_once('/').filter(|_| delimited).map(|(child, _)| child);
        Ok(Some(match (child, &self.left) {
            // Whether anything else is left below the child isn't known here.
            (Some(_), Left::Nothing) => return Err(Untold),
            (Some(child), Left::Object(_)) => Edit::row(Entry::new(child.into(), Kind::Dir)),
            (None, Left::Object(row)) => Edit::row(Entry { name: rest.into(), ..(**row).clone() }),
            (None, Left::Nothing) => Edit { name: rest.into(), kind: Kind::File, row: None },
        }))
    }
}

/// The listing can't be told from its rows and the patches.
struct Untold;

/// One row that is another, or none, from now on.
struct Edit {
    name: Name,
    kind: Kind,
    row: Option<Entry>,
}

impl Edit {
    fn row(row: Entry) -> Self {
        Self { name: row.name.clone(), kind: row.kind, row: Some(row) }
    }
}

/// The listing as these writes left it; `None` where that isn't exact: then it has to be read again.
pub(super) fn patched(query: &Query, listing: &Listing, patches: &[Patch]) -> Option<Listing> {
    let Query::List { prefix, delimited, .. } = query else { return None };
    let edits: Result<Vec<_>, Untold> = patches.iter().map(|patch| patch.edit(prefix, *delimited)).collect();
    let edits: Vec<Edit> = edits.ok()?.into_iter().flatten().collect();
    let places = Places::of(listing)?;
    let mut by_page: BTreeMap<usize, Vec<&Edit>> = BTreeMap::new();
    for edit in &edits {
        by_page.entry(places.page_for(listing, edit)).or_default().push(edit);
    }
    let (mut pages, mut facts) = (listing.pages.clone(), listing.facts().to_vec());
    // The last first: a page that is split moves none of those that are yet to come.
    for (at, edits) in by_page.into_iter().rev() {
        let rows = Arc::make_mut(&mut pages[at]);
        apply(rows, &edits);
        let second = split(rows);
        facts[at] = Facts::of(rows);
        if let Some(second) = second {
            facts.insert(at + 1, Facts::of(&second));
            pages.insert(at + 1, Arc::new(second));
        }
    }
    // An empty listing is a negative answer, which lives by other rules.
    pages.iter().any(|page| !page.is_empty()).then(|| listing.with_pages(pages, facts))
}

/// The pages that have rows, where their keys are in order: only there a row has one place.
struct Places(Vec<usize>);

impl Places {
    fn of(listing: &Listing) -> Option<Self> {
        let filled: Vec<usize> = (0..listing.pages.len()).filter(|at| listing.range(*at).is_some()).collect();
        let in_order = |pair: &[usize]| {
            let (_, last) = listing.range(pair[0])?;
            let (first, _) = listing.range(pair[1])?;
            Some(key_of(last).lt(key_of(first)))
        };
        let ordered = filled.windows(2).all(|pair| in_order(pair) == Some(true));
        (ordered && !filled.is_empty()).then_some(Self(filled))
    }

    fn page_for(&self, listing: &Listing, edit: &Edit) -> usize {
        let ends_before = |at: &usize| {
            let key = wanted(edit.name.as_bytes(), edit.kind);
            listing.range(*at).is_some_and(|(_, last)| key_of(last).lt(key))
        };
        let place = self.0.partition_point(ends_before).min(self.0.len() - 1);
        self.0[place]
    }
}

fn key_of(row: &Entry) -> impl Iterator<Item = u8> + '_ {
    wanted(row.name.as_bytes(), row.kind)
}

fn apply(rows: &mut Vec<Entry>, edits: &[&Edit]) {
    let mut by_row: BTreeMap<Kind, HashMap<&[u8], Option<&Entry>>> = BTreeMap::new();
    for edit in edits {
        by_row.entry(edit.kind).or_default().insert(edit.name.as_bytes(), edit.row.as_ref());
    }
    rows.retain_mut(|row| {
        let edit = by_row.get_mut(&row.kind).and_then(|edits| edits.remove(row.name.as_bytes()));
        match edit {
            None => true,
            Some(None) => false,
            Some(Some(new)) => {
                row.clone_from(new);
                true
            }
        }
    });
    rows.extend(by_row.into_values().flat_map(HashMap::into_values).flatten().cloned());
}

/// The upper half of a page that has grown too long.
fn split(rows: &mut Vec<Entry>) -> Option<Vec<Entry>> {
    (rows.len() > LONGEST_PAGE).then(|| {
        rows.sort_by(|a, b| key_of(a).cmp(key_of(b)));
        rows.split_off(rows.len() / 2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn listing(pages: &[&[&str]]) -> Listing {
        let row = |text: &&str| match text.strip_suffix('/') {
            Some(name) => Entry::new(name.into(), Kind::Dir),
            None => Entry { size: Some(1), ..Entry::new((*text).into(), Kind::File) },
        };
        let pages = pages.iter().map(|rows| Arc::new(rows.iter().map(row).collect())).collect();
        Listing::new(pages, Timestamp(7))
    }

    fn query(prefix: &str, delimited: bool) -> Query {
        Query::List { bucket: "b".into(), prefix: prefix.into(), delimited }
    }

    fn put(key: &str) -> Patch {
        let row = Entry { size: Some(9), ..Entry::new("".into(), Kind::File) };
        Patch::object(&key.into(), row)
    }

    fn gone(key: &str) -> Patch {
        Patch::gone(&key.into())
    }

    fn shown(listing: &Listing) -> Vec<Vec<String>> {
        let row = |row: &Entry| {
            let slash = if row.kind == Kind::Dir { "/" } else { "" };
            let new = if row.size == Some(9) { "*" } else { "" };
            format!("{}{slash}{new}", row.name.to_lossy())
        };
        listing.pages.iter().map(|page| page.iter().map(row).collect()).collect()
    }

    fn after(pages: &[&[&str]], prefix: &str, patches: &[Patch]) -> Option<Vec<Vec<String>>> {
        patched(&query(prefix, true), &listing(pages), patches).map(|listing| shown(&listing))
    }

    #[test]
    fn a_row_is_added_replaced_and_removed_on_the_page_that_it_belongs_to() {
        let pages: &[&[&str]] = &[&["b", "d"], &[], &["f", "h"]];
        for (patch, expected) in [
            (put("p/a"), [&["b", "d", "a*"][..], &[], &["f", "h"]]),
            (put("p/e"), [&["b", "d"], &[], &["f", "h", "e*"]]),
            (put("p/z"), [&["b", "d"], &[], &["f", "h", "z*"]]),
            (put("p/d"), [&["b", "d*"], &[], &["f", "h"]]),
            (gone("p/f"), [&["b", "d"], &[], &["h"]]),
            (gone("p/none"), [&["b", "d"], &[], &["f", "h"]]),
            (put("other"), [&["b", "d"], &[], &["f", "h"]]),
        ] {
            assert_eq!(after(pages, "p/", std::slice::from_ref(&patch)).unwrap(), expected, "{patch:?}");
        }
    }

    #[test]
    fn an_object_below_a_child_shows_the_child_and_one_that_goes_leaves_it_untold() {
        assert_eq!(after(&[&["b", "d/"]], "", &[put("c/x")]).unwrap(), [["b", "d/", "c/"]]);
        assert_eq!(after(&[&["b", "d/"]], "", &[put("d/x")]).unwrap(), [["b", "d/"]]);
        assert_eq!(after(&[&["b", "d/"]], "", &[gone("d/x")]), None);
        // A marker is a row without a name in its own prefix, and the prefix in the one above.
        assert_eq!(after(&[&["x"]], "d/", &[put("d/")]).unwrap(), [["x", "*"]]);
        assert_eq!(after(&[&["x"]], "", &[put("d/")]).unwrap(), [["x", "d/"]]);
    }

    #[test]
    fn a_tree_has_a_row_for_each_key() {
        let tree = listing(&[&["a/b", "c"]]);
        let patched = patched(&query("", false), &tree, &[put("a/c"), gone("a/b")]).unwrap();
        assert_eq!(shown(&patched), [["c", "a/c*"]]);
    }

    #[test]
    fn the_last_row_that_goes_leaves_no_listing() {
        assert_eq!(after(&[&["a"], &["b"]], "", &[gone("a"), gone("b")]), None);
    }

    #[test]
    fn pages_out_of_order_are_read_again() {
        assert_eq!(after(&[&["m", "z"], &["a", "c"]], "", &[put("b")]), None);
    }

    #[test]
    fn it_keeps_its_age_and_its_price_and_its_rows_are_found() {
        let old = listing(&[&["b", "d"], &["f"]]);
        let mut new = patched(&query("", true), &old, &[put("c")]).unwrap();
        assert_eq!((new.read_at, new.requests(), new.rows()), (old.read_at, 2, 4));
        for name in ["b", "c", "d", "f"] {
            assert!(new.find(name.as_bytes(), Kind::File).is_some(), "{name}");
        }
        assert!(new.is_patched() && !old.is_patched());
        // However many come, no page grows beyond its bound, and each row is found.
        for at in 0..5_000 {
            new = patched(&query("", true), &new, &[put(&format!("c{at:04}"))]).unwrap();
        }
        assert!(new.pages.iter().all(|page| page.len() <= LONGEST_PAGE));
        assert!((0..5_000).all(|at| new.find(format!("c{at:04}").as_bytes(), Kind::File).is_some()));
        assert_eq!((new.rows(), new.requests()), (5_004, 2));
    }
}
