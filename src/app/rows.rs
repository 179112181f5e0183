//! The rows of a pane: [`Rows`].
//!
//! Difficulties, and how each is met:
//!
//! 1. *A million rows.* The pages are shared with the cache; beside them stand one number per shown row and
//!    one bit per row.
//! 2. *Pages arrive while one reads.* A page is sorted by itself and merged with few comparisons; nothing is
//!    sorted again.
//! 3. *Sorting a million rows takes seconds.* It runs elsewhere on [`Rows::pages`], while pages go on arriving
//!    here in the old order; its answer is taken by [`Rows::take_order`], and what came since is merged into it.

use std::sync::Arc;

use crate::model::sort::{arrange, merge};
use crate::model::{Arrangement, Entry, Kind, Name, Order, Pages};

use super::marks::Marks;

/// The rows of one listing, in order, with marks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pages: Pages,
    order: Order,
    arrangement: Arrangement,
    marks: Marks,
}

impl Rows {
    /// No rows yet, to be arranged like this.
    pub fn new(arrangement: Arrangement) -> Self {
        Self { arrangement, ..Self::default() }
    }

    /// How many rows there are, shown or not.
    pub fn total(&self) -> usize {
        self.pages.len() as usize
    }

    /// How many rows are shown.
    pub fn shown(&self) -> usize {
        self.order.0.len()
    }

    /// All rows, for sorting elsewhere.
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    /// How the rows are arranged.
    pub fn arrangement(&self) -> &Arrangement {
        &self.arrangement
    }

    /// The marks.
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// The row of this number.
    pub fn get(&self, number: u32) -> Option<&Entry> {
        self.pages.get(number)
    }

    /// The number of the row that is shown at this place.
    pub fn number(&self, place: usize) -> Option<u32> {
        self.order.0.get(place).copied()
    }

    /// The row that is shown at this place.
    pub fn entry(&self, place: usize) -> Option<&Entry> {
        self.number(place).and_then(|number| self.get(number))
    }

    /// Where the row of this number is shown, if it is.
    pub fn place(&self, number: u32) -> Option<usize> {
        let wanted = self.get(number)?;
        let compare = |row: &u32| {
            self.get(*row)
                .map_or(std::cmp::Ordering::Less, |entry| self.arrangement.sort.compare(entry, wanted))
        };
        let place = self.order.0.binary_search_by(compare).ok()?;
        (self.order.0[place] == number).then_some(place)
    }

    /// The number of the row with this name. Looks at every row.
    pub fn find(&self, name: &Name, kind: Kind) -> Option<u32> {
        self.pages.iter().find(|(_, entry)| entry.id() == (name, kind)).map(|(number, _)| number)
    }

    /// Takes a page in, and tells the number of its first row.
    pub fn push(&mut self, page: Arc<Vec<Entry>>) -> u32 {
        let first = self.pages.push(page);
        self.merge_from(first);
        first
    }

    /// Arranges all rows anew, at once.
    pub fn arrange(&mut self, arrangement: Arrangement) {
        self.order = arrange(&self.pages, &arrangement);
        self.arrangement = arrangement;
    }

    /// Takes the order that was made elsewhere of the first `covered` rows.
    pub fn take_order(&mut self, order: Order, arrangement: Arrangement, covered: u32) {
        self.order = order;
        self.arrangement = arrangement;
        self.merge_from(covered);
    }

    fn merge_from(&mut self, first: u32) {
        let Self { pages, order, arrangement, .. } = self;
        let row = |number: u32| pages.get(number).expect("a number below the length has its row");
        let mut new: Vec<u32> =
            (first..pages.len()).filter(|number| arrangement.filter.shows(row(*number))).collect();
        let compare = |a: u32, b: u32| arrangement.sort.compare(row(a), row(b));
        new.sort_unstable_by(|a, b| compare(*a, *b));
        merge(&mut order.0, &new, compare);
    }

    /// Marks or unmarks the row that is shown at this place.
    pub fn mark(&mut self, place: usize, marked: bool) {
        let Some(number) = self.number(place) else { return };
        if let Some(entry) = self.pages.get(number) {
            self.marks.set(number, entry, marked);
        }
    }

    /// Marks each shown row as `decide` says of it and of whether it is marked.
    pub fn mark_each(&mut self, decide: impl Fn(&Entry, bool) -> bool) {
        for number in &self.order.0 {
            if let Some(entry) = self.pages.get(*number) {
                let marked = decide(entry, self.marks.has(*number));
                self.marks.set(*number, entry, marked);
            }
        }
    }

    /// Removes all marks, also those of rows that aren't shown.
    pub fn unmark(&mut self) {
        self.marks = Marks::default();
    }

    /// Whether the row that is shown at this place is marked.
    pub fn is_marked(&self, place: usize) -> bool {
        self.number(place).is_some_and(|number| self.marks.has(number))
    }

    /// The marked rows.
    pub fn marked(&self) -> impl Iterator<Item = &Entry> {
        self.marks.iter().filter_map(|number| self.get(number))
    }

    /// Marks what was marked in `old`, by name and kind; what is gone stays unmarked.
    pub fn carry_marks(&mut self, old: &Self) {
        if old.marks.count() == 0 {
            return;
        }
        let wanted: std::collections::HashSet<_> = old.marked().map(Entry::id).collect();
        for (number, entry) in self.pages.iter() {
            if wanted.contains(&entry.id()) {
                self.marks.set(number, entry, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Filter, SortBy, SortKey};

    fn page(names: &[String], offset: usize) -> Arc<Vec<Entry>> {
        let entry = |(at, name): (usize, &String)| Entry {
            size: Some((offset + at * 7 % 5) as u64),
            ..Entry::new(format!("{name}{}", offset + at).as_str().into(), Kind::File)
        };
        Arc::new(names.iter().enumerate().map(entry).collect())
    }

    fn arrangement(key: SortKey, descending: bool, text: &str) -> Arrangement {
        Arrangement {
            sort: SortBy { key, descending },
            filter: Filter { text: text.into(), skip_hidden: false },
        }
    }

    proptest! {
        #[test]
        fn pages_that_arrive_one_by_one_end_in_the_same_order(
            pages in prop::collection::vec(prop::collection::vec("[ab]{1,2}", 0..6), 0..6),
            descending: bool,
            size: bool,
        ) {
            let how = arrangement(if size { SortKey::Size } else { SortKey::Name }, descending, "a");
            let mut rows = Rows::new(how.clone());
            for (at, names) in pages.iter().enumerate() {
                rows.push(page(names, at * 10));
            }
            prop_assert_eq!(&rows.order, &arrange(&rows.pages, &how));
            for place in 0..rows.shown() {
                prop_assert_eq!(rows.place(rows.number(place).unwrap()), Some(place));
            }
        }

        #[test]
        fn an_order_made_elsewhere_takes_in_what_came_since(
            before in prop::collection::vec("[ab]{1,2}", 0..6),
            since in prop::collection::vec("[ab]{1,2}", 0..6),
        ) {
            let mut rows = Rows::new(Arrangement::default());
            rows.push(page(&before, 0));
            let how = arrangement(SortKey::Size, true, "b");
            let (order, covered) = (arrange(rows.pages(), &how), rows.pages().len());
            rows.push(page(&since, 10));
            rows.take_order(order, how.clone(), covered);
            prop_assert_eq!(&rows.order, &arrange(&rows.pages, &how));
        }
    }

    #[test]
    fn marks_follow_names_into_a_new_listing() {
        let names = ["x".to_owned(), "y".to_owned(), "z".to_owned()];
        let mut old = Rows::default();
        old.push(page(&names, 0));
        old.mark_each(|entry, _| entry.name.as_str() != Some("y1"));
        let mut new = Rows::default();
        new.push(Arc::new(page(&names, 0).iter().rev().take(2).cloned().collect()));
        new.carry_marks(&old);
        let marked: Vec<_> = new.marked().map(|entry| entry.name.as_str().unwrap()).collect();
        assert_eq!(marked, ["z2"]);
        assert_eq!(new.marks().count(), 1);
    }

    #[test]
    fn a_row_costs_little_beside_its_entry() {
        let per_row = size_of::<Entry>() + size_of::<u32>() + 1;
        assert!(per_row <= 130, "{per_row}");
    }
}
