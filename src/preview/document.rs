//! What a kind of file is rendered to when all of it is rendered at once: [`Document`].

use serde::{Deserialize, Serialize};

use crate::model::{Frame, Pixels, StyledLine};

/// What shapes a rendering besides the bytes. All of it is part of a preview's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// The place that it is drawn into.
    pub frame: Frame,
    /// The colours of source text: a theme's name, or empty for none.
    pub theme: String,
    /// The columns of a tab.
    pub tab: u8,
    /// Whether long lines are wrapped.
    pub wrap: bool,
    /// The pixels of a cell, width and height, where pictures are drawn.
    pub cell: (u16, u16),
}

/// A whole rendering, bounded: the viewer scrolls in it without asking for more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// All lines, those inside folds, too. They may be wider than the frame.
    pub lines: Vec<StyledLine>,
    /// What can be closed, by its first line; an inner fold comes after its outer one.
    pub folds: Vec<Fold>,
    /// The picture, where it is one: it is drawn above the lines.
    pub pixels: Option<Pixels>,
    /// What stands at the foot. Escaped.
    pub about: String,
    /// What isn't shown and why: a bound that was met, damage. Escaped.
    pub warning: Option<String>,
}

/// Lines that can be closed into one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// The line that stays.
    pub head: usize,
    /// The line after the last that goes.
    pub end: usize,
    /// Whether it is closed at first.
    pub closed: bool,
    /// What stands after the head while it is closed, as `… 12 items }`. Escaped.
    pub summary: String,
}
