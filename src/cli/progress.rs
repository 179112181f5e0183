//! How far a job is, on one line of standard error, where that is a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use humansize::{DECIMAL, format_size};

use crate::transfer::Progress;

/// The line.
pub(super) struct Line {
    shown: bool,
    terminal: bool,
    begun: Instant,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { shown: false, terminal: io::stderr().is_terminal(), begun: Instant::now() }
    }

    /// Shows these numbers in place of the last ones.
    pub(super) fn show(&mut self, progress: &Progress) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K{}", text(progress, self.begun.elapsed().as_secs_f64()));
            self.shown = true;
        }
    }

    /// Takes the line away, before anything else is written there.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.clear();
    }
}

fn text(progress: &Progress, seconds: f64) -> String {
    use std::fmt::Write as _;

    let (done, total) = (progress.done, progress.total);
    let so_far = if progress.total_known { "" } else { "+" };
    let rate = if seconds > 0.5 { (done.bytes as f64 / seconds) as u64 } else { 0 };
    let size = |bytes| format_size(bytes, DECIMAL);
    let mut text = format!("{} of {}{so_far} files", done.files, total.files);
    if total.bytes > 0 {
        let _ = write!(text, ", {} of {}{so_far}, {}/s", size(done.bytes), size(total.bytes), size(rate));
    }
    for (number, word) in [(progress.failed, "failed"), (progress.skipped, "skipped")] {
        if number > 0 {
            let _ = write!(text, ", {number} {word}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::Counts;

    #[test]
    fn tells_what_is_known() {
        let mut progress =
            Progress { total: Counts { files: 3, dirs: 0, bytes: 3000 }, ..Progress::default() };
        progress.done = Counts { files: 1, dirs: 0, bytes: 1000 };
        assert_eq!(text(&progress, 1.0), "1 of 3+ files, 1 kB of 3 kB+, 1 kB/s");
        (progress.total_known, progress.failed) = (true, 2);
        assert_eq!(text(&progress, 1.0), "1 of 3 files, 1 kB of 3 kB, 1 kB/s, 2 failed");
    }
}
