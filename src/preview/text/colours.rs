//! The colours of a text as far as it was painted: [`Colours`].

use std::collections::{BTreeMap, HashMap};

use super::layout::Paint;
use crate::preview::syntax::{Brush, Done, State};

/// The most lines that are kept, and the most states.
const MOST: (usize, usize) = (10_000, 500);

/// What was painted of a text.
#[derive(Debug)]
pub struct Colours {
    brush: Brush,
    lines: HashMap<u64, Vec<Paint>>,
    states: BTreeMap<u64, State>,
}

impl Colours {
    /// Nothing is painted yet.
    pub fn new(brush: Brush) -> Self {
        Self { brush, lines: HashMap::new(), states: BTreeMap::new() }
    }

    /// What it is painted with.
    pub fn brush(&self) -> &Brush {
        &self.brush
    }

    /// The colours of the line at this place.
    pub fn of(&self, at: u64) -> &[Paint] {
        self.lines.get(&at).map_or(&[], Vec::as_slice)
    }

    /// Whether this line is painted.
    pub fn has(&self, at: u64) -> bool {
        self.lines.contains_key(&at)
    }

    /// The last place at or before this one, and not before `low`, where one can paint on.
    pub fn before(&self, at: u64, low: u64) -> Option<(u64, State)> {
        self.states.range(low..=at).next_back().map(|(at, state)| (*at, state.clone()))
    }

    /// Takes in what was painted.
    pub fn take(&mut self, done: Done) {
        if self.lines.len() > MOST.0 {
            self.lines.clear();
        }
        if self.states.len() > MOST.1 {
            self.states.clear();
        }
        self.lines.extend(done.lines);
        self.states.extend(done.states);
    }
}
