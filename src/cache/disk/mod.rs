//! What the caches on disk share: files in 256 folders, an index of them in the state file, bounds, figures.
//!
//! A layer is a [`Shelf`]. What it holds of one thing is a file, called by a SHA-256 ([`FileName`]), and a row
//! in the index with the pieces that are in the file: at most [`BLOCK`] each, never across a multiple of it,
//! each with a checksum that covers the file's name, the tag, the place and the bytes. A piece is checked when
//! it is read; one that is wrong, cut short or gone is a miss.
//!
//! Order: bytes come before the row that tells of them, a row goes before its file. Whatever ends the program in
//! between leaves a file without a row, which [`Shelf::clean`] removes, or bytes that no row tells of, which are
//! written again. A new file is made under a temporary name, and gets its own within the transaction that makes
//! its row: what other windows do meanwhile comes before or after, never in between. Nothing is flushed: a loss
//! of power shows as wrong checksums.
//!
//! Bytes on their way hold a [`crate::cache::ops::BodyTicket`]: what an own write touched since they were asked for
//! isn't kept. The directory has a mark of each index that has files there, so that none takes another's for lost.
//! One transaction unlinks a few files at most, since the journal has the same file.
//!
//! A piece lies in the file where it lies in the thing, and the checksums are in the index alone: a file that is whole
//! and not packed is the thing itself, whose blocks can be shared with a copy of it, either way ([`Lent`],
//! [`Shelf::adopt`]). A layer whose directory was changed by a setting empties the one before ([`Former`]).

mod adopt;
mod clean;
mod early;
mod entry;
mod figures;
mod files;
mod fill;
mod former;
mod index;
mod name;
mod open;
mod piece;
mod room;
mod schema;
mod shelf;
#[cfg(test)]
mod tests;
mod tools;
mod voice;

pub use adopt::{Came, Lent, share_blocks};
pub use entry::{About, Held, HeldEntry};
pub use figures::{ConnectionStats, DiskStats, Tally};
pub use files::Quota;
pub use fill::Fill;
pub use former::Former;
pub use name::FileName;
pub use open::Cabinet;
pub use piece::{BLOCK, Piece, Span, spans};
pub use shelf::{Bounds, Shelf};
pub use tools::{Amount, Selection, Verified};
pub use voice::Voice;

/// What a layer of this kind is called in the log.
fn called(kind: &str) -> String {
    format!("{} cache", kind.trim_end_matches('s'))
}
