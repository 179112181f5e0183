//! When to draw: [`Pace`]. Once all that waits is taken in, at most 60 times a second, and not at all
//! when nothing changed.

use std::time::Duration;

use tokio::time::Instant;

/// The least time between two frames.
const FRAME: Duration = Duration::from_micros(16_667);

/// Keeps the frames apart.
#[derive(Debug, Default)]
pub(super) struct Pace {
    changed: bool,
    last: Option<Instant>,
}

impl Pace {
    /// Something is to be seen.
    pub(super) fn change(&mut self) {
        self.changed = true;
    }

    /// When the next frame is due; `None` while nothing changed.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.changed.then(|| self.last.map_or(now, |last| (last + FRAME).max(now)))
    }

    /// A frame was drawn.
    pub(super) fn drawn(&mut self, now: Instant) {
        (self.changed, self.last) = (false, Some(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_drawn_for_changes_and_kept_apart() {
        let (mut pace, begin) = (Pace::default(), Instant::now());
        assert_eq!(pace.due(begin), None);
        pace.change();
        assert_eq!(pace.due(begin), Some(begin));
        pace.drawn(begin);
        assert_eq!(pace.due(begin), None);
        pace.change();
        assert_eq!(pace.due(begin), Some(begin + FRAME));
        let late = begin + 2 * FRAME;
        assert_eq!(pace.due(late), Some(late));
    }
}
