//! The settings of the viewer: [`PreviewSettings`].

use serde::Deserialize;

use super::{Settings, units};

/// `[preview]`: the viewer and the quick view.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviewSettings {
    /// The colours of source text: a theme's name, or empty for none.
    pub theme: String,
    /// How images are drawn.
    pub images: ImageProtocol,
    /// Whether long lines are wrapped at first.
    pub wrap: bool,
    /// The columns of a tab.
    pub tab: u8,
    /// A search asks whether to go on when it has read so many bytes of an object.
    #[serde(deserialize_with = "units::bytes")]
    pub search_ask: u64,
    /// The most requests a minute that are sent ahead of what a person does; 0 for none.
    pub prefetch: u32,
}

/// How images are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageProtocol {
    /// As the terminal is able to.
    Auto,
    /// By kitty's protocol.
    Kitty,
    /// By sixels.
    Sixel,
    /// By iTerm2's protocol.
    Iterm2,
    /// By half blocks in two colours.
    Halfblocks,
    /// Not at all.
    Off,
}

impl Default for PreviewSettings {
    fn default() -> Self {
        Settings::default().preview
    }
}
