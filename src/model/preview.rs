//! What a viewer shows and what it is asked, as plain data: [`Screenful`], [`Ask`].

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Entry, Uri};

/// How a thing is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ViewKind {
    /// Text, with colours where its language is known.
    Text,
    /// Bytes as hexadecimal numbers and characters.
    Hex,
    /// Markdown, laid out.
    Markdown,
    /// JSON, indented and folded.
    Json,
    /// JSON, a value a line.
    JsonLines,
    /// Values separated by commas, tabs and their like, as a table.
    Table,
    /// The schema, the row groups and the first rows of a Parquet file.
    Parquet,
    /// A picture.
    Image,
    /// What an archive holds.
    Archive,
    /// What a PDF tells of itself.
    Pdf,
    /// What a sound or a film tells of itself.
    Media,
}

impl ViewKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Text,
        Self::Hex,
        Self::Markdown,
        Self::Json,
        Self::JsonLines,
        Self::Table,
        Self::Parquet,
        Self::Image,
        Self::Archive,
        Self::Pdf,
        Self::Media,
    ];

    /// The word for it on a screen.
    pub fn title(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Hex => "hex",
            Self::Markdown => "Markdown",
            Self::Json => "JSON",
            Self::JsonLines => "JSON lines",
            Self::Table => "table",
            Self::Parquet => "Parquet",
            Self::Image => "image",
            Self::Archive => "archive",
            Self::Pdf => "PDF",
            Self::Media => "media",
        }
    }
}

/// The colour of a piece of text, by what it means; the theme says how it looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ink {
    /// Ordinary text.
    #[default]
    Plain,
    /// What is beside the point: offsets, borders, line numbers.
    Dim,
    /// Headings, keys, names of columns.
    Accent,
    /// Bad news.
    Error,
    /// What a search found.
    Found,
    /// A colour of a theme for source text: red, green, blue.
    Rgb(u8, u8, u8),
}

/// A piece of a line. Its text is escaped already: [`super::text`] was asked once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Its colour.
    pub ink: Ink,
    /// Whether it is bold.
    pub bold: bool,
    /// Whether it is italic.
    pub italic: bool,
    /// Whether it is underlined.
    pub underlined: bool,
}

impl Piece {
    /// Another text that looks the same.
    #[must_use]
    pub fn with(&self, text: &str) -> Self {
        let Self { ink, bold, italic, underlined, .. } = *self;
        Self { text: text.to_owned(), ink, bold, italic, underlined }
    }

    /// Ordinary text, which is escaped already.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::inked(text, Ink::Plain)
    }

    /// Text in a colour, which is escaped already.
    pub fn inked(text: impl Into<String>, ink: Ink) -> Self {
        Self { text: text.into(), ink, ..Self::default() }
    }
}

/// A line as it is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StyledLine {
    /// Its pieces from left to right.
    pub pieces: Vec<Piece>,
    /// Its number in the file, from 1, where that is known and this is its first row.
    pub number: Option<u64>,
}

impl StyledLine {
    /// A line of one piece.
    pub fn of(piece: Piece) -> Self {
        Self { pieces: vec![piece], number: None }
    }
}

/// How large the place is that a viewer draws into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Frame {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// The pixels of a picture, scaled for its frame already.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    /// Columns of pixels.
    pub width: u32,
    /// Rows of pixels.
    pub height: u32,
    /// Four bytes a pixel: red, green, blue, opacity; row by row.
    pub rgba: Bytes,
}

impl fmt::Debug for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pixels({}×{})", self.width, self.height)
    }
}

/// What a viewer draws at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Screenful {
    /// How it is shown.
    pub kind: ViewKind,
    /// How else it could be.
    pub kinds: Vec<ViewKind>,
    /// The lines, at most as many as there are rows.
    pub lines: Vec<StyledLine>,
    /// The picture, where it is one.
    pub pixels: Option<Pixels>,
    /// The bytes of all that is shown a part of, as far as they are known.
    pub size: Option<u64>,
    /// What stands at the foot: encoding, language, size of the picture. Escaped.
    pub about: String,
    /// What isn't shown and why: a bound that was met, damage. Escaped.
    pub warning: Option<String>,
    /// How far down this is, 0 to 1, where that is known.
    pub progress: Option<f32>,
    /// The offset in bytes of what is shown first, where the kind goes by bytes.
    pub offset: Option<u64>,
    /// Whether nothing comes before.
    pub at_top: bool,
    /// Whether nothing comes after.
    pub at_end: bool,
    /// The first column that is shown, where lines aren't wrapped.
    pub left: u32,
    /// Whether lines are wrapped.
    pub wrap: bool,
    /// The row of the cursor among the lines, where the kind has one (folds).
    pub cursor: Option<u16>,
    /// Whether what comes at the end of the file is awaited.
    pub following: bool,
    /// Whether this came from the cache of previews: nothing was asked or decoded.
    pub held: bool,
}

impl Screenful {
    /// An empty one of a kind.
    pub fn new(kind: ViewKind) -> Self {
        Self {
            kind,
            kinds: Vec::new(),
            lines: Vec::new(),
            pixels: None,
            size: None,
            about: String::new(),
            warning: None,
            progress: None,
            offset: None,
            at_top: true,
            at_end: true,
            left: 0,
            wrap: false,
            cursor: None,
            following: false,
            held: false,
        }
    }
}

/// What to view.
#[derive(Clone, Debug, PartialEq)]
pub struct Viewed {
    /// Where it is.
    pub uri: Uri,
    /// Its row as it was shown: size and tag come from it, and nothing is asked for them.
    pub entry: Entry,
    /// How to show it, where a person said.
    pub kind: Option<ViewKind>,
    /// Whether it only follows the cursor: less is fetched.
    pub quick: bool,
}

/// What a viewer is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Draw into a place of this size from now on.
    Resize(Frame),
    /// Show it in another way.
    Show(ViewKind),
    /// So many lines down, or up.
    Lines(i64),
    /// So many screens down, or up.
    Pages(i64),
    /// To the beginning.
    Top,
    /// To the end.
    Bottom,
    /// To this share of the whole, 0 to 100.
    Percent(u8),
    /// To this line, from 1: what comes before is read.
    Line(u64),
    /// To this offset in bytes.
    Offset(u64),
    /// So many columns right, or left.
    Columns(i32),
    /// Wrap long lines, or don't.
    Wrap(bool),
    /// Look for a regular expression from here on, up or down. Upper case in it counts only where it has some.
    Search {
        /// The expression.
        pattern: String,
        /// Whether up.
        up: bool,
    },
    /// The next place of the last search, in its direction or the other.
    Next {
        /// Whether against its direction.
        back: bool,
    },
    /// Read on although it is much: the answer to [`Seen::AsksToRead`].
    ReadOn,
    /// Give up a search.
    Stop,
    /// Follow the end as it grows, or don't.
    Follow(bool),
    /// Take the bytes for text in the next encoding.
    Encoding,
    /// Open or close what the cursor is on.
    Fold,
    /// Open or close all.
    FoldAll,
}

/// What a viewer tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// What to draw now.
    Screenful(Box<Screenful>),
    /// A search is under way: bytes read so far.
    Searching(u64),
    /// To go on, a search would read this many bytes from a service.
    AsksToRead(u64),
    /// A search ended without a find, or the expression is none; what to tell.
    NotFound(String),
    /// It can't be shown.
    Failed(super::VfsError),
}
