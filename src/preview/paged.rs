//! A document that is all here, scrolled: [`Paged`].

use std::ops::Range;

use super::Document;
use super::search::Needle;
use super::text::{aside, crop};
use crate::model::text::width;
use crate::model::{Frame, Ink, Piece, Screenful, StyledLine, ViewKind};

/// A document as it is scrolled. One with folds has a cursor.
#[derive(Debug)]
pub struct Paged {
    document: Document,
    kind: ViewKind,
    rows: usize,
    columns: usize,
    left: usize,
    /// The lines that are seen, those inside closed folds left out.
    seen: Vec<usize>,
    /// The first of `seen` on the screen, and the one of the cursor.
    top: usize,
    cursor: usize,
    /// The line that a search found, and what was looked for.
    found: Option<usize>,
}

impl Paged {
    /// The beginning of a document.
    pub fn new(kind: ViewKind, document: Document, frame: Frame) -> Self {
        let (rows, columns) = (frame.rows.max(1).into(), frame.columns.max(1).into());
        let mut paged =
            Self { document, kind, rows, columns, left: 0, seen: Vec::new(), top: 0, cursor: 0, found: None };
        paged.lay();
        paged
    }

    fn lay(&mut self) {
        let count = self.document.lines.len();
        let mut next = 0;
        self.seen.clear();
        let mut closed =
            self.document.folds.iter().filter(|fold| fold.closed && fold.end > fold.head + 1).peekable();
        while next < count {
            self.seen.push(next);
            while closed.next_if(|fold| fold.head < next).is_some() {}
            next = closed.next_if(|fold| fold.head == next).map_or(next + 1, |fold| fold.end.min(count));
        }
        self.settle();
    }

    /// Keeps the cursor on the screen, and the screen full.
    fn settle(&mut self) {
        let last = self.seen.len().saturating_sub(1);
        self.cursor = self.cursor.min(last);
        self.top = self.top.min(self.seen.len().saturating_sub(self.rows));
        if self.has_cursor() {
            self.top = self.top.clamp((self.cursor + 1).saturating_sub(self.rows), self.cursor);
        }
    }

    fn has_cursor(&self) -> bool {
        !self.document.folds.is_empty()
    }

    /// Goes so many lines down, or up.
    pub fn scroll(&mut self, by: i64, page: bool) {
        let by = isize::try_from(by).unwrap_or(if by < 0 { isize::MIN } else { isize::MAX });
        if self.has_cursor() {
            self.cursor = self.cursor.saturating_add_signed(by);
        }
        if page || !self.has_cursor() {
            self.top = self.top.saturating_add_signed(by);
        }
        self.settle();
    }

    /// Goes to this line, from 0; what is folded over it opens.
    pub fn go_to(&mut self, line: usize) {
        let line = line.min(self.document.lines.len().saturating_sub(1));
        for fold in &mut self.document.folds {
            fold.closed &= !(fold.head < line && line < fold.end);
        }
        self.lay();
        let at = self.seen.partition_point(|seen| *seen < line);
        self.cursor = at;
        self.top = at;
        self.settle();
    }

    /// Goes to this share of it, 0 to 100.
    pub fn go_to_share(&mut self, share: u8) {
        let at = self.seen.len() * usize::from(share.min(100)) / 100;
        self.top = at;
        self.cursor = at;
        self.settle();
    }

    /// Goes so many columns right, or left.
    pub fn columns(&mut self, by: i32) {
        self.left = self.left.saturating_add_signed(by as isize);
    }

    /// Opens or closes the fold that the cursor is on, or the innermost that it is in.
    pub fn fold(&mut self) {
        let Some(line) = self.seen.get(self.cursor).copied() else { return };
        let folds = &mut self.document.folds;
        let on = folds.iter().position(|fold| fold.head == line);
        let within = || folds.iter().rposition(|fold| fold.head < line && line < fold.end);
        let Some(at) = on.or_else(within) else { return };
        folds[at].closed = !folds[at].closed;
        let head = folds[at].head;
        self.lay();
        self.cursor = self.seen.partition_point(|seen| *seen < head);
        self.settle();
    }

    /// Opens all, or closes all where none is closed.
    pub fn fold_all(&mut self) {
        let close = self.document.folds.iter().all(|fold| !fold.closed);
        let line = self.seen.get(self.cursor).copied().unwrap_or_default();
        for fold in &mut self.document.folds {
            fold.closed = close;
        }
        self.lay();
        self.cursor = self.seen.partition_point(|seen| *seen <= line).saturating_sub(1);
        self.settle();
    }

    /// Goes to the next line that has it, or back; `first` counts the line that is on top, too. Tells whether
    /// there is one.
    pub fn find(&mut self, needle: &Needle, up: bool, first: bool) -> bool {
        let here = self
            .seen
            .get(if self.has_cursor() { self.cursor } else { self.top })
            .copied()
            .unwrap_or_default();
        let here = self.found.filter(|_| !first).unwrap_or(here);
        let is_in = |line: &usize| needle.is_in(&plain(&self.document.lines[*line]));
        let found = if up {
            (0..here).rev().find(is_in)
        } else {
            (here + usize::from(!first)..self.document.lines.len()).find(is_in)
        };
        self.found = found.or(self.found);
        found.is_some_and(|line| {
            self.go_to(line);
            self.show_columns(line, needle);
            true
        })
    }

    /// Scrolls sideways so that the first find of a line is seen.
    fn show_columns(&mut self, line: usize, needle: &Needle) {
        let text = plain(&self.document.lines[line]);
        if let Some(found) = needle.finds(&text).first() {
            let wanted = width(&text[..found.start])..width(&text[..found.end]);
            self.left = aside(self.left, self.columns, wanted);
        }
    }

    /// What is seen now, with the finds of `needle`.
    pub fn screen(&self, needle: Option<&Needle>) -> Screenful {
        let mut screen = Screenful::new(self.kind);
        let end = (self.top + self.rows).min(self.seen.len());
        let line = |at: &usize| crop(&self.line(*at, needle), self.left, self.columns);
        screen.lines = self.seen[self.top..end].iter().map(line).collect();
        screen.pixels.clone_from(&self.document.pixels);
        screen.about.clone_from(&self.document.about);
        screen.warning.clone_from(&self.document.warning);
        screen.progress = Some(end as f32 / self.seen.len().max(1) as f32);
        screen.at_top = self.top == 0;
        screen.at_end = end == self.seen.len();
        screen.left = self.left as u32;
        screen.cursor = self.has_cursor().then(|| (self.cursor - self.top) as u16);
        screen
    }

    fn line(&self, at: usize, needle: Option<&Needle>) -> StyledLine {
        let mut line = self.document.lines[at].clone();
        let closed = self.document.folds.iter().find(|fold| fold.head == at && fold.closed);
        if let Some(fold) = closed {
            line.pieces.push(Piece::inked(format!(" {}", fold.summary), Ink::Dim));
        }
        if let Some(needle) = needle {
            line = ink(&line, needle.finds(&plain(&line)));
        }
        line
    }
}

/// The text of a line.
fn plain(line: &StyledLine) -> String {
    line.pieces.iter().map(|piece| &*piece.text).collect()
}

/// The line with these bytes of its text inked as found, which come in order.
fn ink(line: &StyledLine, finds: impl IntoIterator<Item = Range<usize>>) -> StyledLine {
    let mut inked = StyledLine { pieces: Vec::new(), number: line.number };
    let (mut finds, mut begin) = (finds.into_iter().peekable(), 0);
    for piece in &line.pieces {
        let (end, mut at) = (begin + piece.text.len(), begin);
        let mut put = |range: Range<usize>, ink| {
            if !range.is_empty() {
                inked
                    .pieces
                    .push(Piece { ink, ..piece.with(&piece.text[range.start - begin..range.end - begin]) });
            }
        };
        while let Some(found) = finds.peek().filter(|found| found.start < end) {
            let (from, to, goes_on) = (found.start.max(at), found.end.min(end), found.end > end);
            put(at..from, piece.ink);
            put(from..to, Ink::Found);
            at = at.max(to);
            if goes_on {
                break;
            }
            finds.next();
        }
        put(at..end, piece.ink);
        begin = end;
    }
    inked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preview::Fold;

    fn paged(closed: bool) -> Paged {
        let text = ["{", "  \"a\": [", "    1,", "    2", "  ],", "  \"b\": 3", "}"];
        let lines = text.iter().map(|line| StyledLine::of(Piece::plain(*line))).collect();
        let fold = |head, end, summary: &str| Fold { head, end, closed, summary: summary.into() };
        let folds = vec![fold(0, 7, "… 2 }"), fold(1, 5, "… 2 ],")];
        let document = Document { lines, folds, ..Document::default() };
        Paged::new(ViewKind::Json, document, Frame { columns: 40, rows: 4 })
    }

    fn shown(paged: &Paged) -> Vec<String> {
        paged.screen(None).lines.iter().map(plain).collect()
    }

    #[test]
    fn folds_close_to_their_head_and_open_again() {
        let mut it = paged(true);
        assert_eq!(shown(&it), ["{ … 2 }"]);
        it.fold();
        assert_eq!(shown(&it), ["{", "  \"a\": [ … 2 ],", "  \"b\": 3", "}"]);
        it.scroll(1, false);
        it.fold();
        assert_eq!(shown(&it), ["{", "  \"a\": [", "    1,", "    2"]);
        it.scroll(2, false);
        assert_eq!(it.screen(None).cursor, Some(3));
        it.fold();
        assert_eq!(it.screen(None).cursor, Some(1), "the innermost fold closes, the cursor on its head");
        it.fold_all();
        assert_eq!(it.seen.len(), 7);
        it.fold_all();
        assert_eq!(shown(&it), ["{ … 2 }"]);
    }

    #[test]
    fn a_find_opens_what_hides_it() {
        let mut it = paged(true);
        let needle = Needle::new("2").unwrap();
        assert!(it.find(&needle, false, true));
        let screen = it.screen(Some(&needle));
        let found: Vec<_> = screen
            .lines
            .iter()
            .flat_map(|line| &line.pieces)
            .filter(|piece| piece.ink == Ink::Found)
            .collect();
        assert_eq!(found.len(), 1);
        assert!(!it.find(&needle, false, false) && !it.find(&needle, true, false));
    }

    #[test]
    fn finds_are_inked_in_one_pass_across_pieces() {
        let line =
            StyledLine { pieces: vec![Piece::plain("abca"), Piece::inked("bcab", Ink::Dim)], number: None };
        let inked = ink(&line, [1..2, 3..6, 7..8]);
        let pieces: Vec<_> = inked.pieces.iter().map(|piece| (piece.text.as_str(), piece.ink)).collect();
        let (found, dim) = (Ink::Found, Ink::Dim);
        let wanted = [
            ("a", Ink::Plain),
            ("b", found),
            ("c", Ink::Plain),
            ("a", found),
            ("bc", found),
            ("a", dim),
            ("b", found),
        ];
        assert_eq!(pieces, wanted);
        // A line of a megabyte with as many finds isn't made anew for each.
        let long = StyledLine::of(Piece::plain("ab".repeat(1 << 18)));
        let begin = std::time::Instant::now();
        assert_eq!(ink(&long, (0..1 << 18).map(|at| at * 2..at * 2 + 1)).pieces.len(), 1 << 19);
        assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
    }

    #[test]
    fn the_cursor_stays_on_the_screen() {
        let mut it = paged(false);
        it.scroll(i64::MAX, false);
        let screen = it.screen(None);
        assert_eq!((screen.cursor, screen.at_end, screen.at_top), (Some(3), true, false));
        it.scroll(i64::MIN, false);
        assert_eq!((it.screen(None).cursor, it.screen(None).at_top), (Some(0), true));
    }
}
