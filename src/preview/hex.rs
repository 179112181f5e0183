//! Bytes of any file as numbers and characters: [`HexView`].

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use super::feed::Feed;
use crate::model::{Frame, Ink, Piece, Result, Screenful, StyledLine, ViewKind, text};

/// A view of bytes.
#[derive(Debug)]
pub struct HexView {
    feed: Arc<Feed>,
    rows: u64,
    /// The bytes of a row.
    across: u64,
    /// The offset of the first row: a multiple of `across`.
    top: u64,
    /// What a search found.
    found: Option<Range<u64>>,
}

impl HexView {
    /// The beginning of a file.
    pub fn new(feed: Arc<Feed>, frame: Frame) -> Self {
        let mut view = Self { feed, rows: 1, across: 1, top: 0, found: None };
        view.resize(frame);
        view
    }

    /// Draws into another place.
    pub fn resize(&mut self, frame: Frame) {
        self.rows = frame.rows.max(1).into();
        self.across = [32, 16, 8, 4, 2]
            .into_iter()
            .find(|across| columns(*across) <= frame.columns.into())
            .unwrap_or(1);
        self.top -= self.top % self.across;
    }

    /// What it reads from.
    pub fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// The offset of what is shown first.
    pub fn offset(&self) -> u64 {
        self.top
    }

    /// The offset behind what is shown.
    pub fn ends(&self) -> u64 {
        self.top + self.rows * self.across
    }

    /// Inks these bytes as found.
    pub fn find(&mut self, found: Option<Range<u64>>) {
        self.found = found;
    }

    /// Goes so many rows down, or up.
    pub fn scroll(&mut self, by: i64) {
        self.top = self.top.saturating_add_signed(by.saturating_mul(self.across.cast_signed()));
    }

    /// Shows this byte in the first row.
    pub fn go_to(&mut self, offset: u64) {
        self.top = offset - offset % self.across;
    }

    /// What is seen now.
    pub async fn screen(&mut self) -> Result<Screenful> {
        let room = self.rows * self.across;
        let end = self.feed.end_before(self.top.saturating_add(room)).await?;
        if end < self.top.saturating_add(room) {
            // The last screen is a full one.
            let last = end.next_multiple_of(self.across).saturating_sub(room);
            self.top = self.top.min(last);
        }
        let bytes = self.feed.read(self.top..self.top + room).await?;
        let mut screen = Screenful::new(ViewKind::Hex);
        let offsets = (self.top..).step_by(self.across as usize);
        screen.lines =
            offsets.zip(bytes.chunks(self.across as usize)).map(|row| self.row(row.0, row.1)).collect();
        let end = self.top + bytes.len() as u64;
        screen.warning = self.feed.warning();
        screen.offset = Some(self.top);
        screen.at_top = self.top == 0;
        screen.at_end = self.feed.ends_at(end).await?;
        screen.progress = self.feed.share(end);
        Ok(screen)
    }

    fn row(&self, offset: u64, bytes: &[u8]) -> StyledLine {
        let mut line = StyledLine::of(Piece::inked(format!("{offset:010x}  "), Ink::Dim));
        for at in 0..self.across {
            let gap = if at % 8 == 7 { "  " } else { " " };
            match bytes.get(at as usize) {
                Some(byte) => push(&mut line, &format!("{byte:02x}{gap}"), self.ink(offset + at, *byte)),
                None => push(&mut line, &format!("  {gap}"), Ink::Plain),
            }
        }
        push(&mut line, " ", Ink::Plain);
        for (at, byte) in (offset..).zip(bytes) {
            push(&mut line, glyph(*byte), self.ink(at, *byte));
        }
        line
    }

    fn ink(&self, at: u64, byte: u8) -> Ink {
        match byte {
            _ if self.found.as_ref().is_some_and(|found| found.contains(&at)) => Ink::Found,
            0 => Ink::Dim,
            _ => Ink::Plain,
        }
    }
}

/// The columns that a row of so many bytes takes.
fn columns(across: u64) -> u64 {
    12 + across * 3 + across / 8 + 1 + across
}

fn push(line: &mut StyledLine, shown: &str, ink: Ink) {
    match line.pieces.last_mut() {
        // Writing into a `String` can't fail.
        Some(last) if last.ink == ink => drop(last.text.write_str(shown)),
        _ => line.pieces.push(Piece::inked(shown, ink)),
    }
}

/// The character of a byte, or a dot: control characters would all be alike here.
fn glyph(byte: u8) -> &'static str {
    const PRINTABLE: &str =
        " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    let at = usize::from(byte.wrapping_sub(b' '));
    debug_assert!(text::width(PRINTABLE) == PRINTABLE.len());
    PRINTABLE.get(at..=at).unwrap_or("·")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preview::testing::feed;

    async fn view(bytes: &[u8], columns: u16, rows: u16) -> (HexView, tempfile::TempDir) {
        let (feed, dir) = feed(bytes).await;
        (HexView::new(feed, Frame { columns, rows }), dir)
    }

    fn shown(screen: &Screenful) -> Vec<String> {
        screen.lines.iter().map(|line| line.pieces.iter().map(|piece| &*piece.text).collect()).collect()
    }

    #[tokio::test]
    async fn bytes_stand_in_rows_that_fit() {
        let (mut view, _dir) = view(b"GIF89a\0\x1b[31m\xff\n<<tail", 80, 4).await;
        let screen = view.screen().await.unwrap();
        assert_eq!(
            shown(&screen),
            [
                "0000000000  47 49 46 38 39 61 00 1b  5b 33 31 6d ff 0a 3c 3c   GIF89a··[31m··<<",
                "0000000010  74 61 69 6c                                        tail",
            ]
        );
        assert!(screen.at_top && screen.at_end);
        for (columns, across) in [(200, 32), (80, 16), (50, 8), (40, 4), (1, 1)] {
            view.resize(Frame { columns, rows: 4 });
            assert_eq!(view.across, across, "{columns} columns");
        }
    }

    #[tokio::test]
    async fn the_last_screen_is_full() {
        let (mut view, _dir) = view(&[7; 1_000], 80, 4).await;
        view.scroll(i64::MAX);
        let screen = view.screen().await.unwrap();
        assert_eq!((screen.lines.len(), screen.offset, screen.at_end), (4, Some(944), true));
        view.scroll(-1);
        assert_eq!(view.screen().await.unwrap().offset, Some(928));
    }
}
