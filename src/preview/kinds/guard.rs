//! Decoders of others that may break down on damaged bytes: [`guarded`].

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static WORKS: Cell<bool> = const { Cell::new(false) };
}

/// Whether a decoder works on this thread whose breakdown is told as damage of what it decodes: its panic is no
/// defect of this program.
pub fn decoding() -> bool {
    WORKS.get()
}

/// Runs a decoder; `None` when it breaks down.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = WORKS.replace(true);
    // What it was at work on is thrown away with it.
    let done = catch_unwind(AssertUnwindSafe(work));
    WORKS.set(before);
    done.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breakdown_is_told_and_stays_within() {
        assert_eq!(
            guarded(|| (decoding(), guarded(|| -> u8 { panic!("as a decoder does") }))),
            Some((true, None))
        );
        assert!(!decoding());
    }
}
