//! How much may be under way at once: [`Window`].

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Grows by one each clean second, halves when the service asks to slow down.
#[derive(Debug)]
pub struct Window {
    size: usize,
    most: usize,
    cut: Option<Duration>,
    grown: Duration,
}

impl Window {
    /// Fully open.
    pub fn new(most: usize) -> Self {
        Self { size: most.max(1), most: most.max(1), cut: None, grown: Duration::ZERO }
    }

    /// How much.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The service asks to slow down. What was under way together asks together: that counts once.
    pub fn slow_down(&mut self, now: Duration) {
        if self.cut.is_some_and(|cut| now < cut + SECOND) {
            return;
        }
        self.size = (self.size / 2).max(1);
        self.cut = Some(now);
        self.grown = now;
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Duration) {
        while self.size < self.most && now >= self.grown + SECOND {
            self.size += 1;
            self.grown += SECOND;
        }
    }

    /// When it grows next, if it isn't fully open.
    pub fn grows_at(&self) -> Option<Duration> {
        (self.size < self.most).then(|| self.grown + SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_once_a_burst_and_grows_by_clean_seconds() {
        let at = Duration::from_millis;
        let mut window = Window::new(32);
        for _ in 0..32 {
            window.slow_down(at(10));
        }
        assert_eq!(window.size(), 16);
        window.tick(at(1009));
        assert_eq!(window.size(), 16);
        window.tick(at(3010));
        assert_eq!(window.size(), 19);
        window.slow_down(at(3011));
        assert_eq!(window.size(), 9);
        window.tick(at(100_000));
        assert_eq!(window.size(), 32);
        assert_eq!(window.grows_at(), None);
    }

    #[test]
    fn never_closes() {
        let mut window = Window::new(4);
        for second in 0..10 {
            window.slow_down(Duration::from_secs(second));
        }
        assert_eq!(window.size(), 1);
    }
}
