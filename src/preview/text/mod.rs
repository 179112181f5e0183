//! Text of any length, of which only what is seen is read: [`TextView`].

mod layout;

use std::ops::Range;
use std::sync::Arc;

use self::layout::Layout;
use super::charset::{Charset, Decoded};
use super::feed::Feed;
use super::lines::{self, Stretch};
use crate::model::{Frame, Result, Screenful, ViewKind};

/// Text as it is scrolled.
#[derive(Debug)]
pub struct TextView {
    feed: Arc<Feed>,
    charset: Charset,
    rows: usize,
    layout: Layout,
    top: Top,
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
        let mut view = Self { feed, charset, rows: 1, layout, top: Top { at: charset.skip, row: 0 } };
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

    /// The encoding.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Takes the same bytes for another encoding.
    pub async fn recode(&mut self, charset: Charset) -> Result<()> {
        self.charset = charset;
        self.feed.count_in(charset);
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
        let before = &stretch.bytes[..((offset - self.top.at) as usize).min(stretch.bytes.len())];
        let at = self.charset.decode(before).text.len();
        let (row, column) = self.layout.place(&self.line(&stretch), at);
        self.top.row = row;
        let seen = self.layout.left..self.layout.left + self.layout.columns;
        if !self.layout.wrap && !seen.contains(&column) {
            self.layout.left = column.saturating_sub(self.layout.columns / 2);
        }
        Ok(())
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

    async fn draw(&self) -> Result<Screenful> {
        let mut screen = Screenful::new(ViewKind::Text);
        let mut number = self.feed.number(self.top.at).await?;
        let (mut at, mut skip) = (self.top.at, self.top.row);
        while screen.lines.len() < self.rows {
            let Some(stretch) = self.stretch(at).await? else { break };
            let room = self.rows - screen.lines.len();
            let line = self.line(&stretch);
            let mut drawn = self.layout.draw(&line, skip..skip + room + 1, &[], &[]);
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
        screen.about = self.charset.name().to_owned();
        Ok(())
    }

    /// The bytes of the file that were drawn last begin here: what is read ahead comes after them.
    pub fn near(&self) -> Range<u64> {
        self.top.at..self.top.at + (self.rows * self.layout.columns) as u64
    }
}
