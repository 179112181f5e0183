//! Bytes in, styled lines or pixels out: what the viewer and the quick view show.
//!
//! Invariants: ranges only, never a whole object for its first screen; nothing of a file's content reaches a
//! screen unescaped; what a hostile file can make this floor read, unpack or keep is bounded.

mod charset;
mod detect;
mod document;
mod feed;
mod hex;
mod kinds;
mod lines;
mod paged;
mod search;
mod source;
mod syntax;
#[cfg(test)]
mod testing;
mod text;
mod unpack;
mod viewer;

pub use detect::{Guess, Packed, guess};
pub use document::{Document, Fold, Shape};
pub use kinds::{decoding, document, is_document};
pub use source::{Change, Cursor, Source};
pub use viewer::{Backstage, Resolve, view};

/// The version of what is rendered: a rendering of another version is none. Raise it with every change that
/// shows.
pub const RENDERER: u32 = 3;
