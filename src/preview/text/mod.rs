//! Text of any length, of which only what is seen is read: [`TextView`].

mod colours;
mod layout;

use std::ops::Range;
use std::sync::Arc;

use self::colours::Colours;
use self::layout::Layout;
pub use self::layout::{Paint, aside, crop};
use super::charset::{Charset, Decoded};
use super::detect::Packed;
use super::feed::Feed;
use super::lines::{self, Stretch};
use super::search::Needle;
use super::source::BLOCK;
use super::syntax::{Brush, Done, Job};
use crate::model::{Frame, Result, Screenful, ViewKind};

/// How far before what is seen painting begins, in bytes and in lines.
const CONTEXT: (u64, usize) = (BLOCK, 500);

/// Text as it is scrolled.
#[derive(Debug)]
pub struct TextView {
    feed: Arc<Feed>,
    charset: Charset,
    rows: usize,
    layout: Layout,
    top: Top,
    needle: Option<Arc<Needle>>,
    colours: Option<Colours>,
    /// The places of the lines that were drawn last.
    seen: Vec<u64>,
}

/// What is shown in the first row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    /// Where its stretch begins in the file.
    pub at: u64,
    /// Which row of that stretch.
    pub row: usize,
}

impl TextView {
    /// The beginning of a text.
    pub fn new(feed: Arc<Feed>, charset: Charset, frame: Frame, wrap: bool, tab: u8) -> Self {
        feed.count_in(charset);
        let layout = Layout { columns: 1, wrap, left: 0, tab: tab.max(1).into() };
        let top = Top { at: charset.skip, row: 0 };
        let mut view =
            Self { feed, charset, rows: 1, layout, top, needle: None, colours: None, seen: Vec::new() };
        view.resize(frame);
        view
    }

    /// Draws into another place.
    pub fn resize(&mut self, frame: Frame) {
        self.rows = frame.rows.max(1).into();
        self.layout.columns = frame.columns.max(1).into();
        self.top.row = 0;
    }

    /// What it reads from.
    pub fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// Inks what this finds.
    pub fn ink(&mut self, needle: Option<Arc<Needle>>) {
        self.needle = needle;
    }

    /// Paints with these colours from now on.
    pub fn paint_with(&mut self, brush: Brush) {
        self.colours = Some(Colours::new(brush));
    }

    /// Takes in what was painted.
    pub fn painted(&mut self, done: Done) {
        if let Some(colours) = &mut self.colours {
            colours.take(done);
        }
    }

    /// The offset of the last line that was drawn.
    pub fn ends(&self) -> u64 {
        self.seen.last().copied().unwrap_or(self.top.at)
    }

    /// Whether this offset is on the screen.
    pub fn sees(&self, offset: u64) -> bool {
        let (first, last) = (self.seen.first(), self.seen.last());
        first.zip(last).is_some_and(|(first, last)| (*first..=*last).contains(&offset))
    }

    /// Takes the same bytes for another encoding.
    pub async fn recode(&mut self, charset: Charset) -> Result<()> {
        self.charset = charset;
        self.feed.count_in(charset);
        self.colours = self.colours.take().map(|colours| Colours::new(colours.brush().clone()));
        self.go_to(self.top.at).await
    }

    /// The offset of what is shown first.
    pub fn offset(&self) -> u64 {
        self.top.at
    }

    /// Wraps long lines, or doesn't.
    pub fn wrap(&mut self, wrap: bool) {
        self.layout.wrap = wrap;
        self.layout.left = 0;
        self.top.row = 0;
    }

    /// Goes so many columns right, or left.
    pub fn columns(&mut self, by: i32) {
        if !self.layout.wrap {
            self.layout.left = self.layout.left.saturating_add_signed(by as isize);
        }
    }

    /// Goes so many rows down, or up.
    pub async fn scroll(&mut self, by: i64) -> Result<()> {
        let rows = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
        self.top = if by < 0 { self.up(self.top, rows).await? } else { self.down(self.top, rows).await? };
        Ok(())
    }

    /// Goes to the beginning.
    pub fn go_first(&mut self) {
        self.top = Top { at: self.charset.skip, row: 0 };
    }

    /// Goes to the end.
    pub async fn go_last(&mut self) -> Result<()> {
        let end = self.feed.end().await?;
        self.top = self.up(Top { at: end, row: 0 }, self.rows).await?;
        Ok(())
    }

    /// Shows the line that holds this byte first.
    pub async fn go_to(&mut self, offset: u64) -> Result<()> {
        let unit = self.charset.unit() as u64;
        let end = self.feed.end_before(offset.saturating_add(unit)).await?;
        let offset = offset.clamp(self.charset.skip, end.max(self.charset.skip));
        let offset = offset - offset % unit;
        let begin = lines::before(&self.feed, self.charset, (offset + unit).min(end)).await?;
        self.top = Top { at: begin.unwrap_or(self.charset.skip), row: 0 };
        self.reveal(offset).await
    }

    /// Scrolls within the first stretch so that this byte of it is seen.
    async fn reveal(&mut self, offset: u64) -> Result<()> {
        let Some(stretch) = self.stretch(self.top.at).await? else { return Ok(()) };
        let (row, column) = self.place(&stretch, offset);
        self.top.row = row;
        self.bring(column..column + 1);
        Ok(())
    }

    /// Scrolls sideways so that a find is seen, in whatever line it is.
    pub async fn show_columns(&mut self, found: &Range<u64>) -> Result<()> {
        let unit = self.charset.unit() as u64;
        let end = self.feed.end_before(found.start.saturating_add(unit)).await?;
        let begin = lines::before(&self.feed, self.charset, end).await?.unwrap_or(self.charset.skip);
        let Some(stretch) = self.stretch(begin).await? else { return Ok(()) };
        let [(_, from), (_, to)] = [found.start, found.end].map(|offset| self.place(&stretch, offset));
        self.bring(from..to.max(from + 1));
        Ok(())
    }

    /// The row and column of a byte of a stretch.
    fn place(&self, stretch: &Stretch, offset: u64) -> (usize, usize) {
        let within = offset.saturating_sub(stretch.range.start) as usize;
        let before = &stretch.bytes[..within.min(stretch.bytes.len())];
        self.layout.place(&self.line(stretch), self.charset.decode(before).text.len())
    }

    fn bring(&mut self, wanted: Range<usize>) {
        if !self.layout.wrap {
            self.layout.left = aside(self.layout.left, self.layout.columns, wanted);
        }
    }

    async fn stretch(&self, at: u64) -> Result<Option<Stretch>> {
        lines::after(&self.feed, self.charset, at).await
    }

    fn line(&self, stretch: &Stretch) -> Decoded {
        self.charset.decode(self.charset.trim(&stretch.bytes))
    }

    async fn rows_at(&self, at: u64) -> Result<usize> {
        let stretch = self.stretch(at).await?;
        Ok(stretch.map_or(0, |stretch| self.layout.rows(&self.line(&stretch))))
    }

    async fn down(&self, mut top: Top, mut by: usize) -> Result<Top> {
        while by > 0 {
            let Some(stretch) = self.stretch(top.at).await? else { break };
            let rows = self.layout.rows(&self.line(&stretch));
            let below = rows.saturating_sub(top.row + 1);
            if by <= below {
                top.row += by;
                break;
            }
            by -= below + 1;
            top = Top { at: stretch.range.end, row: 0 };
        }
        Ok(top)
    }

    async fn up(&self, mut top: Top, mut by: usize) -> Result<Top> {
        while by > top.row {
            by -= top.row;
            top.row = 0;
            let Some(at) = lines::before(&self.feed, self.charset, top.at).await? else { return Ok(top) };
            // One more than there is: the loop takes it away again.
            top = Top { at, row: self.rows_at(at).await? };
        }
        top.row -= by;
        Ok(top)
    }

    /// What is seen now.
    pub async fn screen(&mut self) -> Result<Screenful> {
        let mut screen = self.draw().await?;
        let missing = self.rows.saturating_sub(screen.lines.len());
        let begins = self.top == (Top { at: self.charset.skip, row: 0 });
        if missing > 0 && !begins {
            // The last screen is a full one.
            self.top = self.up(self.top, missing).await?;
            screen = self.draw().await?;
        }
        Ok(screen)
    }

    async fn draw(&mut self) -> Result<Screenful> {
        self.seen.clear();
        let mut screen = Screenful::new(ViewKind::Text);
        let mut number = self.feed.number(self.top.at).await?;
        let (mut at, mut skip) = (self.top.at, self.top.row);
        while screen.lines.len() < self.rows {
            let Some(stretch) = self.stretch(at).await? else { break };
            let room = self.rows - screen.lines.len();
            let line = self.line(&stretch);
            let found = self.needle.as_ref().map(|needle| needle.finds(&line.text)).unwrap_or_default();
            let paint = self.colours.as_ref().map_or(&[][..], |colours| colours.of(at));
            let mut drawn = self.layout.draw(&line, skip..skip + room + 1, &found, paint);
            self.seen.push(at);
            let whole = drawn.len() <= room;
            drawn.truncate(room);
            if let Some(first) = drawn.first_mut().filter(|_| skip == 0 && stretch.fresh) {
                first.number = number;
            }
            screen.lines.append(&mut drawn);
            if !whole {
                break;
            }
            number = self.next_number(number, &stretch);
            (at, skip) = (stretch.range.end, 0);
        }
        self.tell(&mut screen, at).await?;
        Ok(screen)
    }

    fn next_number(&self, number: Option<u64>, stretch: &Stretch) -> Option<u64> {
        number.map(|number| {
            number
                + self
                    .charset
                    .count(&stretch.bytes[stretch.bytes.len().saturating_sub(self.charset.unit())..])
        })
    }

    /// Fills in where this is; `end` is the end of the last line that is shown whole.
    async fn tell(&self, screen: &mut Screenful, end: u64) -> Result<()> {
        screen.offset = Some(self.top.at);
        screen.at_top = self.top == (Top { at: self.charset.skip, row: 0 });
        screen.at_end = self.feed.ends_at(end).await?;
        screen.left = self.layout.left as u32;
        screen.wrap = self.layout.wrap;
        screen.progress = self.feed.share(end);
        screen.warning = self.feed.warning();
        screen.about = self.about();
        Ok(())
    }

    fn about(&self) -> String {
        let packed = self.feed.packed().map(Packed::name);
        let language = self.colours.as_ref().map(|colours| colours.brush().language());
        let words = [Some(self.charset.name()), packed, language];
        words.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// What there is to paint for what is seen, if anything.
    pub async fn job(&self) -> Result<Option<Job>> {
        let Some(colours) = &self.colours else { return Ok(None) };
        let (Some(first), Some(last)) = (self.seen.first().copied(), self.seen.last().copied()) else {
            return Ok(None);
        };
        if self.seen.iter().all(|at| colours.has(*at)) {
            return Ok(None);
        }
        let known = colours.before(first, first.saturating_sub(CONTEXT.0));
        let (begin, state) = match known {
            Some((at, state)) => (at, Some(state)),
            None => (self.context(first).await?, None),
        };
        let lines = self.gather(begin, first, last).await?;
        Ok(Some(Job { brush: colours.brush().clone(), state, lines, keep: first }))
    }

    /// Where painting begins when nothing is known: a little before, where that asks nothing of a service.
    async fn context(&self, first: u64) -> Result<u64> {
        let low = first.saturating_sub(CONTEXT.0).max(self.charset.skip);
        let source = self.feed.source();
        if source.metered() && source.gap(low.saturating_sub(CONTEXT.0) / BLOCK, first / BLOCK + 1).is_some()
        {
            return Ok(first);
        }
        let low = low - low % self.charset.unit() as u64;
        let begin = lines::before(&self.feed, self.charset, low).await?;
        Ok(begin.unwrap_or(self.charset.skip))
    }

    /// The lines from `begin` on to `last`, not too many before `first`.
    async fn gather(&self, begin: u64, first: u64, last: u64) -> Result<Vec<(u64, String)>> {
        let (mut lines, mut at, mut before) = (Vec::new(), begin, 0);
        while at <= last {
            let Some(stretch) = self.stretch(at).await? else { break };
            before += usize::from(at < first);
            lines.push((at, self.line(&stretch).text));
            at = stretch.range.end;
        }
        lines.drain(..before.saturating_sub(CONTEXT.1));
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preview::testing::feed;

    async fn open(bytes: &[u8], columns: u16, rows: u16, wrap: bool) -> (TextView, tempfile::TempDir) {
        let (feed, dir) = feed(bytes).await;
        (TextView::new(feed, Charset::detect(bytes), Frame { columns, rows }, wrap, 8), dir)
    }

    async fn shown(view: &mut TextView) -> Vec<String> {
        let screen = view.screen().await.unwrap();
        screen.lines.iter().map(|line| line.pieces.iter().map(|piece| &*piece.text).collect()).collect()
    }

    fn numbered(count: usize) -> Vec<u8> {
        (1..=count).map(|at| format!("line {at}\n")).collect::<String>().into_bytes()
    }

    #[tokio::test]
    async fn numbers_are_known_from_the_beginning_on() {
        let (mut view, _dir) = open(&numbered(50_000), 40, 3, true).await;
        let screen = view.screen().await.unwrap();
        assert_eq!(
            screen.lines.iter().map(|line| line.number).collect::<Vec<_>>(),
            [Some(1), Some(2), Some(3)]
        );
        view.go_last().await.unwrap();
        assert_eq!(shown(&mut view).await, ["line 49998", "line 49999", "line 50000"]);
        let screen = view.screen().await.unwrap();
        assert!(
            screen.at_end && !screen.at_top && screen.lines[0].number.is_none(),
            "nobody read what is between"
        );
        view.go_first();
        view.scroll(9_000).await.unwrap();
        assert_eq!(view.screen().await.unwrap().lines[0].number, Some(9_001));
    }

    #[tokio::test]
    async fn down_and_up_meet_whatever_is_wrapped() {
        let bytes = ["short", &"word ".repeat(40), "", &"日".repeat(33), "\ttab", "end"].join("\n");
        for wrap in [true, false] {
            let (mut view, _dir) = open(bytes.as_bytes(), 10, 2, wrap).await;
            let mut screens = vec![shown(&mut view).await];
            while !view.screen().await.unwrap().at_end {
                view.scroll(1).await.unwrap();
                screens.push(shown(&mut view).await);
            }
            for screen in screens.iter().rev().skip(1) {
                view.scroll(-1).await.unwrap();
                assert_eq!(shown(&mut view).await, *screen, "wrap {wrap}");
            }
            assert!(view.screen().await.unwrap().at_top);
        }
    }

    #[tokio::test]
    async fn the_last_screen_is_full_and_a_short_file_stays() {
        let (mut view, _dir) = open(b"a\nb\nc\nd\n", 10, 3, true).await;
        view.scroll(99).await.unwrap();
        assert_eq!(shown(&mut view).await, ["b", "c", "d"]);
        let (mut view, _dir) = open(b"a\nb\n", 10, 3, true).await;
        view.scroll(99).await.unwrap();
        assert_eq!(shown(&mut view).await, ["a", "b"]);
        let (mut view, _dir) = open(b"", 10, 3, true).await;
        let screen = view.screen().await.unwrap();
        assert!(screen.lines.is_empty() && screen.at_top && screen.at_end);
    }

    #[tokio::test]
    async fn a_line_without_end_is_bounded() {
        let (mut view, _dir) = open(&vec![b'x'; 3 << 20], 80, 24, true).await;
        assert_eq!(shown(&mut view).await.len(), 24);
        view.go_last().await.unwrap();
        let screen = view.screen().await.unwrap();
        assert!(screen.at_end && screen.lines.len() == 24);
        view.go_to(1_500_000).await.unwrap();
        view.scroll(-10).await.unwrap();
        assert_eq!(shown(&mut view).await.len(), 24);
    }

    #[tokio::test]
    async fn a_place_in_a_long_line_is_brought_into_view() {
        let mut bytes = vec![b'.'; 10_000];
        bytes[7_000..7_006].copy_from_slice(b"needle");
        for wrap in [true, false] {
            let (mut view, _dir) = open(&bytes, 80, 5, wrap).await;
            view.ink(Some(Arc::new(Needle::new("needle").unwrap())));
            view.go_to(7_000).await.unwrap();
            let screen = view.screen().await.unwrap();
            let found = |piece: &&crate::model::Piece| piece.ink == crate::model::Ink::Found;
            let seen: Vec<_> = screen.lines.iter().flat_map(|line| &line.pieces).filter(found).collect();
            assert!(seen.iter().any(|piece| piece.text.starts_with("need")), "wrap {wrap}: {seen:?}");
        }
    }

    #[tokio::test]
    async fn other_encodings_are_read_and_switched() {
        let wide: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain("Grüße\r\n日本".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        let (mut view, _dir) = open(&wide, 40, 3, true).await;
        assert_eq!(shown(&mut view).await, ["Grüße", "日本"]);
        view.recode(Charset::utf8()).await.unwrap();
        assert_eq!(shown(&mut view).await[0], "‹FF›‹FE›G␀r␀‹FC›␀‹DF›␀e␀␍␀");
    }
}
