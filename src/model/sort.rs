//! The order of rows: [`SortBy`], and [`arrange`] for a whole listing.

use std::cmp::Ordering;
use std::fmt;

use super::entry::Entry;
use super::filter::Filter;
use super::pages::Pages;

/// What rows are sorted by. What is equal is sorted by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum SortKey {
    /// The name, numbers in it by their value: `a2` before `a10`.
    #[default]
    Name,
    /// The size; unknown ones last.
    Size,
    /// The last modification; unknown ones last.
    Modified,
}

/// An order of rows. Directories come first in each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct SortBy {
    /// What decides.
    pub key: SortKey,
    /// Whether the largest or newest comes first.
    pub descending: bool,
}

/// Which rows are shown, and in what order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Arrangement {
    /// The order.
    pub sort: SortBy,
    /// Which rows.
    pub filter: Filter,
}

/// The rows of a listing that are shown, in order, by their numbers in its [`Pages`].
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Order(pub Vec<u32>);

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({} rows)", self.0.len())
    }
}

impl SortBy {
    /// Compares two rows. Only a row itself is equal to it, so the order never depends on how rows arrived.
    pub fn compare(self, a: &Entry, b: &Entry) -> Ordering {
        let dirs_first = b.can_enter().cmp(&a.can_enter());
        dirs_first.then_with(|| self.by_key(a, b)).then_with(|| by_name(a, b))
    }

    fn by_key(self, a: &Entry, b: &Entry) -> Ordering {
        match self.key {
            SortKey::Name => self.turn(by_name(a, b)),
            SortKey::Size => self.by_known(a.size, b.size),
            SortKey::Modified => self.by_known(a.modified, b.modified),
        }
    }

    fn by_known<T: Ord>(self, a: Option<T>, b: Option<T>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) => self.turn(a.cmp(&b)),
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    }

    fn turn(self, order: Ordering) -> Ordering {
        if self.descending { order.reverse() } else { order }
    }
}

fn by_name(a: &Entry, b: &Entry) -> Ordering {
    natural(a.name.as_bytes(), b.name.as_bytes()).then_with(|| a.id().cmp(&b.id()))
}

/// Compares names as people count: runs of digits by their value, letters without regard to ASCII case.
///
/// Each name is a sequence of numbers and bytes, compared item by item, so this is a total order of such
/// sequences: a sort by it can't contradict itself.
pub fn natural(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let order = match (a.first(), b.first()) {
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                by_value(take_digits(&mut a), take_digits(&mut b))
            }
            (Some(x), Some(y)) => {
                (a, b) = (&a[1..], &b[1..]);
                x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase())
            }
            (x, y) => return x.is_some().cmp(&y.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn take_digits<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits
}

/// Numbers of any length: without leading zeros, the longer is the larger.
fn by_value(a: &[u8], b: &[u8]) -> Ordering {
    let strip = |digits| -> &[u8] {
        let digits: &[u8] = digits;
        &digits[digits.iter().take_while(|digit| **digit == b'0').count()..]
    };
    let (a, b) = (strip(a), strip(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The rows that are shown, in order. For a large listing this takes a while: not on the loop.
pub fn arrange(pages: &Pages, arrangement: &Arrangement) -> Order {
    let mut rows: Vec<_> = pages.iter().filter(|(_, entry)| arrangement.filter.shows(entry)).collect();
    rows.sort_unstable_by(|(_, a), (_, b)| arrangement.sort.compare(a, b));
    Order(rows.into_iter().map(|(number, _)| number).collect())
}

/// Merges `new`, which is in order, into `order`, with few comparisons: listings arrive nearly sorted,
/// and a page must not cost as much as all pages before it.
pub fn merge(order: &mut Vec<u32>, new: &[u32], compare: impl Fn(u32, u32) -> Ordering) {
    let mut end = order.len();
    order.resize(end + new.len(), 0);
    let mut write = order.len();
    for item in new.iter().rev() {
        let at = match order[..end].last() {
            Some(last) if compare(*last, *item).is_gt() => {
                order[..end].partition_point(|row| compare(*row, *item).is_le())
            }
            _ => end,
        };
        order.copy_within(at..end, write - (end - at));
        write -= end - at + 1;
        order[write] = *item;
        end = at;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::entry::{Kind, Timestamp};
    use super::*;

    fn sorted(names: &[&str]) -> Vec<String> {
        let mut names: Vec<_> = names.iter().map(ToString::to_string).collect();
        names.sort_by(|a, b| natural(a.as_bytes(), b.as_bytes()).then_with(|| a.cmp(b)));
        names
    }

    #[test]
    fn numbers_count_by_value() {
        assert_eq!(sorted(&["a10", "a2", "a02", "A1", "a"]), ["a", "A1", "a02", "a2", "a10"]);
        let huge = ["99999999999999999999999", "100000000000000000000000"];
        assert_eq!(sorted(&[huge[1], huge[0]]), huge);
    }

    fn entry(name: &str, kind: Kind, size: Option<u64>) -> Entry {
        Entry {
            size,
            modified: size.map(|size| Timestamp(size.cast_signed())),
            ..Entry::new(name.into(), kind)
        }
    }

    fn names(sort: SortBy, rows: &[Entry]) -> Vec<String> {
        let mut pages = Pages::default();
        pages.push(Arc::new(rows.to_vec()));
        let order = arrange(&pages, &Arrangement { sort, ..Arrangement::default() });
        order.0.iter().map(|at| pages.get(*at).unwrap().name.to_lossy().into_owned()).collect()
    }

    #[test]
    fn directories_come_first_and_unknown_sizes_last() {
        let rows = [
            entry("b", Kind::File, Some(1)),
            entry("a", Kind::File, Some(5)),
            entry("c", Kind::File, None),
            entry("z", Kind::Dir, None),
        ];
        let by = |key, descending| names(SortBy { key, descending }, &rows);
        assert_eq!(by(SortKey::Name, true), ["z", "c", "b", "a"]);
        assert_eq!(by(SortKey::Size, false), ["z", "b", "a", "c"]);
        assert_eq!(by(SortKey::Size, true), ["z", "a", "b", "c"]);
        assert_eq!(by(SortKey::Modified, true), ["z", "a", "b", "c"]);
    }

    proptest! {
        #[test]
        fn natural_is_an_order(a in "[a-b0-1]{0,4}", b in "[a-b0-1]{0,4}", c in "[a-b0-1]{0,4}") {
            let (a, b, c) = (a.as_bytes(), b.as_bytes(), c.as_bytes());
            prop_assert_eq!(natural(a, b), natural(b, a).reverse());
            if natural(a, b).is_le() && natural(b, c).is_le() {
                prop_assert!(natural(a, c).is_le());
            }
        }

        #[test]
        fn merging_is_sorting(mut a: Vec<u32>, mut b: Vec<u32>) {
            a.sort_unstable();
            b.sort_unstable();
            let mut all = [a.clone(), b.clone()].concat();
            all.sort_unstable();
            merge(&mut a, &b, |x, y| x.cmp(&y));
            prop_assert_eq!(a, all);
        }
    }
}
