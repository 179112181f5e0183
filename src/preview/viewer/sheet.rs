//! The ways in which a thing is shown, behind one face: [`Sheet`].

use std::ops::Range;
use std::sync::Arc;

use crate::model::{Ask, Frame, Result, Screenful, ViewKind};
use crate::preview::feed::Feed;
use crate::preview::hex::HexView;
use crate::preview::paged::Paged;
use crate::preview::search::Needle;
use crate::preview::text::TextView;

/// What is scrolled in.
#[derive(Debug)]
pub enum Sheet {
    /// Nothing yet: the first document is being rendered.
    Blank,
    /// Text.
    Text(Box<TextView>),
    /// Bytes.
    Hex(HexView),
    /// A document, and what is looked for in it.
    Paged(Box<Paged>, Option<Arc<Needle>>),
}

impl Sheet {
    /// Draws into another place.
    pub fn resize(&mut self, frame: Frame) {
        match self {
            Self::Text(text) => text.resize(frame),
            Self::Hex(hex) => hex.resize(frame),
            Self::Paged(..) | Self::Blank => {}
        }
    }

    fn feed(&self) -> Option<&Arc<Feed>> {
        match self {
            Self::Text(text) => Some(text.feed()),
            Self::Hex(hex) => Some(hex.feed()),
            Self::Paged(..) | Self::Blank => None,
        }
    }

    /// Whether it goes by bytes, and so can be followed.
    pub fn goes_by_bytes(&self) -> bool {
        self.feed().is_some()
    }

    /// Inks what this finds.
    pub fn ink(&mut self, needle: Option<Arc<Needle>>) {
        match self {
            Self::Text(text) => text.ink(needle),
            Self::Paged(_, slot) => *slot = needle,
            Self::Hex(hex) => hex.find(None),
            Self::Blank => {}
        }
    }

    /// The offset of what is shown first, where it goes by bytes.
    pub fn offset(&self) -> u64 {
        match self {
            Self::Text(text) => text.offset(),
            Self::Hex(hex) => hex.offset(),
            Self::Paged(..) | Self::Blank => 0,
        }
    }

    /// Whether this offset is on the screen.
    pub fn sees(&self, offset: u64) -> bool {
        match self {
            Self::Text(text) => text.sees(offset),
            Self::Hex(hex) => (hex.offset()..hex.ends()).contains(&offset),
            Self::Paged(..) | Self::Blank => false,
        }
    }

    /// Shows this byte in the first row.
    pub async fn go_to(&mut self, offset: u64) -> Result<()> {
        match self {
            Self::Text(text) => text.go_to(offset).await?,
            Self::Hex(hex) => hex.go_to(offset),
            Self::Paged(..) | Self::Blank => {}
        }
        Ok(())
    }

    /// Scrolls sideways so that this find is seen.
    pub async fn show_columns(&mut self, found: &Range<u64>) -> Result<()> {
        match self {
            Self::Text(text) => text.show_columns(found).await,
            // A document does so itself; bytes are never cut off.
            Self::Hex(_) | Self::Paged(..) | Self::Blank => Ok(()),
        }
    }

    /// Moves as is asked.
    pub async fn go(&mut self, ask: &Ask, frame: Frame) -> Result<()> {
        let page = i64::from(frame.rows.saturating_sub(1).max(1));
        match *ask {
            Ask::Lines(by) => self.scroll(by, false).await?,
            Ask::Pages(by) => self.scroll(by.saturating_mul(page), true).await?,
            Ask::Top => self.go_first(),
            Ask::Bottom => self.go_last().await?,
            Ask::Percent(share) => self.go_to_share(share).await?,
            Ask::Offset(offset) => self.go_to(offset).await?,
            Ask::Columns(by) => self.columns(by),
            _ => {}
        }
        Ok(())
    }

    fn columns(&mut self, by: i32) {
        match self {
            Self::Text(text) => text.columns(by),
            Self::Paged(paged, _) => paged.columns(by),
            Self::Hex(_) | Self::Blank => {}
        }
    }

    async fn scroll(&mut self, by: i64, page: bool) -> Result<()> {
        match self {
            Self::Text(text) => text.scroll(by).await?,
            Self::Hex(hex) => hex.scroll(by),
            Self::Paged(paged, _) => paged.scroll(by, page),
            Self::Blank => {}
        }
        Ok(())
    }

    fn go_first(&mut self) {
        match self {
            Self::Text(text) => text.go_first(),
            Self::Hex(hex) => hex.go_to(0),
            Self::Paged(paged, _) => paged.go_to(0),
            Self::Blank => {}
        }
    }

    /// Goes to the end.
    pub async fn go_last(&mut self) -> Result<()> {
        match self {
            Self::Text(text) => text.go_last().await?,
            Self::Hex(hex) => hex.go_to(hex.feed().end().await?),
            Self::Paged(paged, _) => paged.scroll(i64::MAX, true),
            Self::Blank => {}
        }
        Ok(())
    }

    async fn go_to_share(&mut self, share: u8) -> Result<()> {
        if let Self::Paged(paged, _) = self {
            paged.go_to_share(share);
        }
        let Some(feed) = self.feed() else { return Ok(()) };
        let offset = u128::from(feed.end().await?) * u128::from(share.min(100)) / 100;
        self.go_to(offset as u64).await
    }

    /// What is seen now.
    pub async fn screen(&mut self) -> Result<Screenful> {
        match self {
            Self::Text(text) => text.screen().await,
            Self::Hex(hex) => hex.screen().await,
            Self::Paged(paged, needle) => Ok(paged.screen(needle.as_deref())),
            Self::Blank => Ok(Screenful::new(ViewKind::Text)),
        }
    }
}
