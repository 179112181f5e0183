//! A line in an encoding whose bytes can't be searched as they are, a piece at a time: [`LinePiece`].

use std::ops::Range;

use super::{Needle, next};
use crate::preview::charset::Charset;

/// How much of the text of a long line is looked at twice, so that what lies across a cut is found.
const OVERLAP: usize = 4 << 10;

/// A line, or a piece of a long one, as it is decoded and looked at.
pub(super) struct LinePiece<'a> {
    /// Its bytes, with its end of line.
    pub bytes: &'a [u8],
    /// Where it begins in what is looked at.
    pub at: usize,
    /// Whether a line begins here.
    pub fresh: bool,
    /// Whether its line goes on behind it.
    pub cut: bool,
}

/// What stands for the text before a piece that isn't the beginning of its line.
const BEFORE: char = '\u{fffd}';

impl LinePiece<'_> {
    /// The first find, by its bytes.
    pub fn first(&self, needle: &Needle, charset: Charset) -> Option<Range<usize>> {
        let text = self.text(charset);
        let found = self.finds(needle, &text).next();
        found.map(|found| self.place(&found, charset))
    }

    /// The last find that begins before `end`.
    pub fn last(&self, needle: &Needle, charset: Charset, end: usize) -> Option<Range<usize>> {
        let text = self.text(charset);
        let finds: Vec<_> = self.finds(needle, &text).collect();
        finds.iter().rev().map(|found| self.place(found, charset)).find(|found| found.start < end)
    }

    /// Its text, behind a character that is none of it.
    fn text(&self, charset: Charset) -> String {
        let text = charset.decode(charset.trim(self.bytes)).text;
        if self.fresh { text } else { format!("{BEFORE}{text}") }
    }

    fn lead(&self) -> usize {
        if self.fresh { 0 } else { BEFORE.len_utf8() }
    }

    /// The finds in its text that aren't cut, but for those that are too long to be seen whole.
    fn finds<'t>(&self, needle: &'t Needle, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        let (mut at, bytes) = (self.lead(), text.as_bytes());
        let all = std::iter::from_fn(move || {
            let found = next(&needle.text, bytes, at, false)?;
            at = found.end;
            Some(found)
        });
        let (cut, again) = (self.cut, text.len().saturating_sub(OVERLAP));
        all.filter(move |found| !cut || found.end < text.len() || found.start < again)
    }

    fn place(&self, found: &Range<usize>, charset: Charset) -> Range<usize> {
        let of = |place: usize| self.at + charset.place(self.bytes, place - self.lead());
        of(found.start)..of(found.end)
    }

    /// Where to go on, and whether a line begins there: of a line that was cut the end is looked at again,
    /// from where a character begins.
    pub fn next(&self, charset: Charset) -> (usize, bool) {
        let end = self.at + self.bytes.len();
        if !self.cut {
            return (end, true);
        }
        let text = charset.decode(self.bytes).text;
        let again = text.floor_char_boundary(text.len().saturating_sub(OVERLAP));
        (self.at + charset.place(self.bytes, again).max(1), false)
    }
}
