//! The ways in which a thing is shown, behind one face: [`Sheet`].

use crate::model::{Ask, Frame, Result, Screenful};
use crate::preview::hex::HexView;
use crate::preview::text::TextView;

/// What is scrolled in.
#[derive(Debug)]
pub enum Sheet {
    /// Text.
    Text(TextView),
    /// Bytes.
    Hex(HexView),
}

impl Sheet {
    /// Draws into another place.
    pub fn resize(&mut self, frame: Frame) {
        match self {
            Self::Text(text) => text.resize(frame),
            Self::Hex(hex) => hex.resize(frame),
        }
    }

    /// The offset of what is shown first, where it goes by bytes.
    pub fn offset(&self) -> u64 {
        match self {
            Self::Text(text) => text.offset(),
            Self::Hex(hex) => hex.offset(),
        }
    }

    /// Shows this byte in the first row.
    pub async fn go_to(&mut self, offset: u64) -> Result<()> {
        match self {
            Self::Text(text) => text.go_to(offset).await,
            Self::Hex(hex) => {
                hex.go_to(offset);
                Ok(())
            }
        }
    }

    /// Moves as is asked.
    pub async fn go(&mut self, ask: &Ask, frame: Frame) -> Result<()> {
        let page = i64::from(frame.rows.saturating_sub(1).max(1));
        match *ask {
            Ask::Lines(by) => self.scroll(by).await,
            Ask::Pages(by) => self.scroll(by.saturating_mul(page)).await,
            Ask::Top => self.go_first().await,
            Ask::Bottom => self.go_last().await,
            Ask::Percent(share) => self.go_to_share(share).await,
            Ask::Offset(offset) => self.go_to(offset).await,
            Ask::Columns(by) => {
                self.columns(by);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn columns(&mut self, by: i32) {
        if let Self::Text(text) = self {
            text.columns(by);
        }
    }

    async fn scroll(&mut self, by: i64) -> Result<()> {
        match self {
            Self::Text(text) => text.scroll(by).await,
            Self::Hex(hex) => {
                hex.scroll(by);
                Ok(())
            }
        }
    }

    async fn go_first(&mut self) -> Result<()> {
        match self {
            Self::Text(text) => {
                text.go_first();
                Ok(())
            }
            Self::Hex(hex) => {
                hex.go_to(0);
                Ok(())
            }
        }
    }

    /// Goes to the end.
    pub async fn go_last(&mut self) -> Result<()> {
        match self {
            Self::Text(text) => text.go_last().await,
            Self::Hex(hex) => {
                hex.go_to(hex.feed().end().await?);
                Ok(())
            }
        }
    }

    async fn go_to_share(&mut self, share: u8) -> Result<()> {
        let feed = match self {
            Self::Text(text) => text.feed(),
            Self::Hex(hex) => hex.feed(),
        };
        let offset = u128::from(feed.end().await?) * u128::from(share.min(100)) / 100;
        self.go_to(offset as u64).await
    }

    /// What is seen now.
    pub async fn screen(&mut self) -> Result<Screenful> {
        match self {
            Self::Text(text) => text.screen().await,
            Self::Hex(hex) => hex.screen().await,
        }
    }
}
