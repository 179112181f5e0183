//! Searches of a view.

use std::sync::Arc;

use super::Tell;
use super::events::progress;
use super::open::Opened;
use super::sheet::Sheet;
use crate::model::{Ask, Result, Seen, ViewKind, text};
use crate::preview::feed::Feed;
use crate::preview::search::{Goal, Hunt, Needle, Outcome};

/// What was looked for last.
#[derive(Debug)]
pub struct Search {
    /// The expression.
    pub needle: Arc<Needle>,
    /// As it was typed.
    pattern: String,
    up: bool,
    /// The find that one is at.
    found: Option<std::ops::Range<u64>>,
    /// Whether one went elsewhere since.
    pub moved: bool,
}

impl Opened {
    /// Begins a search from what is seen.
    pub fn search_for(&mut self, pattern: &str, up: bool, tell: Tell<'_>) {
        let needle = match Needle::new(pattern) {
            Ok(needle) => Arc::new(needle),
            Err(told) => return tell(Seen::NotFound(told)),
        };
        self.sheet.ink(Some(needle.clone()));
        self.search = Some(Search { needle, pattern: pattern.to_owned(), up, found: None, moved: true });
        self.search_from_here(up, tell);
    }

    /// Goes to the next find.
    pub fn search_on(&mut self, back: bool, tell: Tell<'_>) {
        match &self.search {
            Some(search) => self.search_from_here(search.up != back, tell),
            None => tell(Seen::NotFound("nothing was looked for yet".into())),
        }
    }

    fn search_from_here(&mut self, up: bool, tell: Tell<'_>) {
        let Some(search) = &self.search else { return };
        let found = search.found.clone().filter(|_| !search.moved);
        if let Sheet::Paged(paged, _) = &mut self.sheet {
            let first = search.moved;
            if !paged.find(&search.needle, up, first) {
                tell(Seen::NotFound(not_found(&search.pattern, up)));
            }
            self.came_to(None);
            return;
        }
        let at = match (found, up) {
            (Some(found), false) => found.end.max(found.start + 1),
            (Some(found), true) => found.start,
            (None, _) => self.sheet.offset(),
        };
        let needle = search.needle.clone();
        let goal = match &self.sheet {
            Sheet::Hex(_) => Goal::Bytes(needle, up),
            _ => Goal::Text(needle, up, self.charset),
        };
        self.begin(Hunt::new(goal, at, self.may_ask()));
    }

    /// Goes to a line by its number.
    pub fn seek_line(&mut self, line: u64) {
        match &mut self.sheet {
            Sheet::Paged(paged, _) => paged.go_to(line.saturating_sub(1) as usize),
            Sheet::Text(text) => {
                let (at, before) = text.feed().nearest(line.max(1));
                let goal = Goal::Line(line.max(1), before, self.charset);
                self.begin(Hunt::new(goal, at, self.may_ask()));
            }
            Sheet::Hex(_) | Sheet::Blank => {}
        }
    }

    /// What a search may ask of a service before it asks a person.
    fn may_ask(&self) -> Option<u64> {
        self.raw.source().metered().then_some(self.back.settings.search_ask)
    }

    fn hunted_in(&self) -> Arc<Feed> {
        if self.kind == ViewKind::Hex { self.raw.clone() } else { self.text.clone() }
    }

    fn begin(&mut self, hunt: Hunt) {
        self.progress = progress();
        self.searched = hunt.seen;
        self.by_number = matches!(hunt.goal, Goal::Line(..));
        self.hunting = Some(Box::pin(hunt.run(self.hunted_in(), self.progress.0.clone())));
    }

    /// A person lets a search read on.
    pub fn read_on(&mut self) {
        if let Some(hunt) = self.waiting.take() {
            self.begin(Hunt { may_ask: None, ..hunt });
        }
    }

    /// Takes in how a search ended.
    pub async fn hunted(&mut self, outcome: Result<Outcome>, tell: Tell<'_>) {
        let shown = match outcome {
            Ok(Outcome::Found(range)) => self.go_to_find(range).await,
            Ok(Outcome::Asks(bytes, hunt)) => {
                self.waiting = Some(hunt);
                return tell(Seen::AsksToRead(bytes));
            }
            Ok(Outcome::Nothing) => return self.found_nothing(tell).await,
            Err(error) => Err(error),
        };
        match shown {
            Ok(()) => self.show(tell).await,
            Err(error) => tell(Seen::Failed(error)),
        }
    }

    async fn go_to_find(&mut self, range: std::ops::Range<u64>) -> Result<()> {
        if self.by_number {
            return self.sheet.go_to(range.start).await;
        }
        let context = i64::from(self.frame.rows / 3);
        if !self.sheet.sees(range.start) {
            self.sheet.go_to(range.start).await?;
            self.sheet.go(&Ask::Lines(-context), self.frame).await?;
        }
        self.sheet.show_columns(&range).await?;
        // One may have begun to follow the end while it went on.
        self.following = None;
        if let Sheet::Hex(hex) = &mut self.sheet {
            hex.find(Some(range.clone()));
        }
        self.came_to(Some(range));
        Ok(())
    }

    fn came_to(&mut self, found: Option<std::ops::Range<u64>>) {
        if let Some(search) = &mut self.search {
            search.found = found;
            search.moved = false;
        }
    }

    /// A line beyond the last is the last.
    async fn found_nothing(&mut self, tell: Tell<'_>) {
        if self.by_number {
            if let Err(error) = self.sheet.go_last().await {
                return tell(Seen::Failed(error));
            }
            return self.show(tell).await;
        }
        let told = self.search.as_ref().map(|search| not_found(&search.pattern, search.up));
        tell(Seen::NotFound(told.unwrap_or_default()));
    }
}

fn not_found(pattern: &str, up: bool) -> String {
    let way = if up { "above" } else { "below" };
    format!("\u{201c}{}\u{201d} isn't found {way}", text::escape(pattern))
}
