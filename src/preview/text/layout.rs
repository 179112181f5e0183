//! One line of text on rows of columns: [`Layout`].

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use unicode_segmentation::UnicodeSegmentation;

use crate::model::{Ink, Piece, StyledLine, text};
use crate::preview::charset::Decoded;

/// How lines are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The columns of a row.
    pub columns: usize,
    /// Whether a long line goes on in the next row.
    pub wrap: bool,
    /// The first column that is shown, of lines that aren't wrapped.
    pub left: usize,
    /// The columns of a tab.
    pub tab: usize,
}

/// A range of a line's text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paint {
    /// The bytes of the text.
    pub range: Range<usize>,
    /// The style; it has no text.
    pub style: Piece,
}

/// What is seen as one character, and where.
struct Glyph<'a> {
    /// Where it begins in the text.
    at: usize,
    /// What is drawn. Escaped.
    shown: Cow<'a, str>,
    width: usize,
    row: usize,
    /// Its column in its row; of lines that aren't wrapped, in the line.
    column: usize,
}

impl Layout {
    /// How many rows a line takes.
    pub fn rows(&self, line: &Decoded) -> usize {
        if !self.wrap || line.text.len() * 6 < self.columns {
            return 1;
        }
        let mut rows = 1;
        self.walk(line, |glyph| {
            rows = glyph.row + 1;
            ControlFlow::Continue(())
        });
        rows
    }

    /// The row and column of what stands at this byte of the text.
    pub fn place(&self, line: &Decoded, at: usize) -> (usize, usize) {
        let mut place = (0, 0);
        self.walk(line, |glyph| {
            if glyph.at > at {
                return ControlFlow::Break(());
            }
            place = (glyph.row, glyph.column);
            ControlFlow::Continue(())
        });
        place
    }

    /// These rows of a line, as many as there are, with what was found and what is painted in it.
    pub fn draw(
        &self,
        line: &Decoded,
        rows: Range<usize>,
        found: &[Range<usize>],
        paint: &[Paint],
    ) -> Vec<StyledLine> {
        let mut drawn = vec![StyledLine::default()];
        let mut row = 0;
        let mut style = Style { found, paint };
        self.walk(line, |glyph| {
            if glyph.row >= rows.end || (!self.wrap && glyph.column >= self.left + self.columns) {
                return ControlFlow::Break(());
            }
            if glyph.row > row {
                row = glyph.row;
                drawn.push(StyledLine::default());
            }
            if row >= rows.start
                && let Some(shown) = self.visible(&glyph)
            {
                let last = drawn.len() - 1;
                push(&mut drawn[last], &shown, &style.at(glyph.at));
            }
            ControlFlow::Continue(())
        });
        drawn.drain(..rows.start.min(drawn.len()));
        drawn
    }

    /// What is seen of a glyph right of the left edge.
    fn visible<'a>(&self, glyph: &'a Glyph<'_>) -> Option<Cow<'a, str>> {
        if self.wrap || glyph.column >= self.left {
            return Some(Cow::Borrowed(&glyph.shown));
        }
        // Half a wide character is none, but its columns stay.
        let rest = (glyph.column + glyph.width).checked_sub(self.left)?;
        (rest > 0).then(|| Cow::Owned(" ".repeat(rest)))
    }

    fn walk(&self, line: &Decoded, mut visit: impl FnMut(Glyph<'_>) -> ControlFlow<()>) {
        let (mut row, mut column, mut along) = (0, 0, 0);
        let mut bad = line.bad.iter().peekable();
        for (at, grapheme) in line.text.grapheme_indices(true) {
            while bad.next_if(|(place, _)| *place < at).is_some() {}
            let byte = bad.peek().filter(|(place, _)| *place == at).map(|(_, byte)| *byte);
            let (shown, width) = self.show(grapheme, byte, along);
            if self.wrap && column > 0 && column + width > self.columns {
                (row, column) = (row + 1, 0);
            }
            if visit(Glyph { at, shown, width, row, column }).is_break() {
                return;
            }
            column += width;
            along += width;
        }
    }

    fn show<'a>(&self, grapheme: &'a str, bad: Option<u8>, column: usize) -> (Cow<'a, str>, usize) {
        if let Some(byte) = bad {
            let shown = text::escape_bytes(&[byte]).into_owned();
            let width = text::width(&shown);
            return (Cow::Owned(shown), width);
        }
        if grapheme == "\t" {
            let width = (self.tab - column % self.tab).min(self.columns.max(1));
            return (Cow::Owned(" ".repeat(width)), width);
        }
        let shown = text::escape(grapheme);
        let width = if shown.len() == 1 { 1 } else { text::width(&shown) };
        (shown, width)
    }
}

/// The style of each place of a line. Places are asked for from left to right.
struct Style<'a> {
    found: &'a [Range<usize>],
    paint: &'a [Paint],
}

impl Style<'_> {
    fn at(&mut self, at: usize) -> Piece {
        while self.found.first().is_some_and(|range| range.end <= at) {
            self.found = &self.found[1..];
        }
        while self.paint.first().is_some_and(|paint| paint.range.end <= at) {
            self.paint = &self.paint[1..];
        }
        let painted = self.paint.first().filter(|paint| paint.range.start <= at);
        let mut style = painted.map_or_else(Piece::default, |paint| paint.style.clone());
        if self.found.first().is_some_and(|range| range.start <= at) {
            style.ink = Ink::Found;
        }
        style
    }
}

/// Adds text to a line, to its last piece if that has the same style.
fn push(line: &mut StyledLine, shown: &str, style: &Piece) {
    if let Some(last) = line.pieces.last_mut()
        && (last.ink, last.bold, last.italic, last.underlined)
            == (style.ink, style.bold, style.italic, style.underlined)
    {
        return last.text.push_str(shown);
    }
    let Piece { ink, bold, italic, underlined, .. } = *style;
    line.pieces.push(Piece { text: shown.to_owned(), ink, bold, italic, underlined });
}

/// The first column to show so that these are seen, as far as there is room; `left` where they are already.
pub fn aside(left: usize, columns: usize, wanted: Range<usize>) -> usize {
    match wanted {
        _ if left <= wanted.start && wanted.end <= left + columns => left,
        _ if wanted.end <= columns => 0,
        _ => wanted.start.saturating_sub(columns / 2),
    }
}

/// The columns of a finished line that are seen from `left` on.
pub fn crop(line: &StyledLine, left: usize, columns: usize) -> StyledLine {
    let mut cropped = StyledLine { pieces: Vec::new(), number: line.number };
    let mut column = 0;
    for piece in &line.pieces {
        for grapheme in piece.text.graphemes(true) {
            let end = column + text::width(grapheme);
            if end > left + columns {
                return cropped;
            }
            if column >= left {
                push(&mut cropped, grapheme, piece);
            } else if end > left {
                push(&mut cropped, &" ".repeat(end - left), piece);
            }
            column = end;
        }
    }
    cropped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::preview::charset::Charset;

    const WRAPPED: Layout = Layout { columns: 5, wrap: true, left: 0, tab: 4 };
    const CUT: Layout = Layout { columns: 5, wrap: false, left: 0, tab: 4 };

    fn shown(layout: Layout, text: &str) -> Vec<String> {
        let line = Charset::utf8().decode(text.as_bytes());
        texts(&layout.draw(&line, 0..100, &[], &[]))
    }

    fn texts(lines: &[StyledLine]) -> Vec<String> {
        lines.iter().map(|line| line.pieces.iter().map(|piece| &*piece.text).collect()).collect()
    }

    #[test]
    fn long_lines_are_wrapped_or_cut_by_columns() {
        assert_eq!(shown(WRAPPED, "abcdefgh"), ["abcde", "fgh"]);
        assert_eq!(shown(WRAPPED, "日本語日"), ["日本", "語日"]);
        assert_eq!(shown(WRAPPED, ""), [""]);
        assert_eq!(shown(WRAPPED, "a\tb\tc"), ["a   b", "   c"]);
        assert_eq!(shown(CUT, "abcdefgh"), ["abcde"]);
        assert_eq!(shown(Layout { left: 1, ..CUT }, "日本語"), [" 本語"]);
        assert_eq!(shown(Layout { left: 9, ..CUT }, "ab"), [""]);
        assert_eq!(shown(Layout { left: 2, ..CUT }, "a\tb"), ["  b"]);
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(shown(Layout { columns: 40, ..CUT }, "a\x1b[31mb\u{202e}c"), ["a␛[31mb‹202E›c"]);
        let line = Charset::utf8().decode(b"x\xff\x1b");
        assert_eq!(texts(&Layout { columns: 40, ..CUT }.draw(&line, 0..1, &[], &[])), ["x‹FF›␛"]);
    }

    #[test]
    fn finds_come_before_paint_and_keep_its_weight() {
        let line = Charset::utf8().decode(b"abcd");
        let bold = Piece { bold: true, ..Piece::inked("", Ink::Rgb(1, 2, 3)) };
        let found = 1..2;
        let drawn =
            CUT.draw(&line, 0..1, std::slice::from_ref(&found), &[Paint { range: 0..3, style: bold }]);
        let inks: Vec<_> =
            drawn[0].pieces.iter().map(|piece| (&*piece.text, piece.ink, piece.bold)).collect();
        let rgb = Ink::Rgb(1, 2, 3);
        assert_eq!(
            inks,
            [("a", rgb, true), ("b", Ink::Found, true), ("c", rgb, true), ("d", Ink::Plain, false)]
        );
    }

    #[test]
    fn a_finished_line_is_cropped_by_columns() {
        let line =
            StyledLine { pieces: vec![Piece::plain("ab日"), Piece::inked("cd", Ink::Dim)], number: Some(3) };
        assert_eq!(texts(&[crop(&line, 3, 3), crop(&line, 0, 3), crop(&line, 9, 3)]), [" cd", "ab", ""]);
    }

    #[test]
    fn a_place_is_a_row_and_a_column() {
        let line = Charset::utf8().decode("ab\tcd日e".as_bytes());
        assert_eq!(WRAPPED.place(&line, 3), (0, 4));
        assert_eq!(WRAPPED.place(&line, 4), (1, 0));
        assert_eq!(CUT.place(&line, 8), (0, 8));
        assert_eq!(CUT.place(&line, 99), (0, 8));
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_drawn_and_no_row_is_too_wide(
            bytes in proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(0x1b), Just(b'\t'), Just(0xe2), Just(0x80), Just(0xae)], 0..60),
            columns in 6usize..20,
            wrap in any::<bool>(),
            left in 0usize..9,
        ) {
            let layout = Layout { columns, wrap, left: if wrap { 0 } else { left }, tab: 4 };
            let line = Charset::utf8().decode(&bytes);
            let drawn = layout.draw(&line, 0..1_000, &[], &[]);
            prop_assert_eq!(drawn.len(), layout.rows(&line));
            for row in texts(&drawn) {
                prop_assert_eq!(text::escape(&row), &*row);
                prop_assert!(!wrap || text::width(&row) <= columns, "{:?}", row);
            }
        }
    }
}
