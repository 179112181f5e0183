//! Which rows of a listing are marked: [`Marks`].

use crate::model::Entry;

/// A set of rows by their numbers in a listing, with its count and bytes kept as it changes.
///
/// Within a listing a number stands for one (name, kind), whatever the order on screen; when a directory is
/// listed again, the marks are carried over by name and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    words: Vec<u64>,
    count: usize,
    bytes: u64,
}

impl Marks {
    /// How many rows.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The bytes of those whose size is known.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether this row is marked.
    pub fn has(&self, number: u32) -> bool {
        let word = self.words.get(number as usize / 64).copied().unwrap_or_default();
        word >> (number % 64) & 1 == 1
    }

    /// Marks or unmarks this row.
    pub fn set(&mut self, number: u32, entry: &Entry, marked: bool) {
        if self.has(number) == marked {
            return;
        }
        let word = number as usize / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] ^= 1 << (number % 64);
        let bytes = entry.size.unwrap_or(0);
        if marked {
            self.count += 1;
            self.bytes = self.bytes.saturating_add(bytes);
        } else {
            self.count -= 1;
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    /// The marked rows, by number.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let bits = |word: u64| (0..64).filter(move |bit| word >> bit & 1 == 1);
        (0..)
            .step_by(64)
            .zip(&self.words)
            .flat_map(move |(base, word)| bits(*word).map(move |bit: u32| base + bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn count_and_bytes_follow() {
        let row = |size| Entry { size, ..Entry::new("x".into(), Kind::File) };
        let mut marks = Marks::default();
        marks.set(3, &row(Some(10)), true);
        marks.set(130, &row(Some(5)), true);
        marks.set(130, &row(Some(5)), true);
        marks.set(64, &row(None), true);
        assert_eq!((marks.count(), marks.bytes()), (3, 15));
        assert_eq!(marks.iter().collect::<Vec<_>>(), [3, 64, 130]);
        marks.set(3, &row(Some(10)), false);
        assert!(!marks.has(3) && marks.has(64) && !marks.has(100_000));
        assert_eq!((marks.count(), marks.bytes()), (2, 5));
    }
}
