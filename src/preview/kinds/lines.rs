//! Small things that all kinds write with: pieces, sizes, times, text of unknown bytes.

use std::fmt::Write as _;

use chrono::DateTime;
use humansize::{DECIMAL, format_size};

pub use crate::model::units::{count, counted};

use crate::model::text::{escape, escape_bytes};
use crate::model::{Ink, Piece, StyledLine};

/// Bytes as people read them: `12.4 kB`.
pub fn size(bytes: u64) -> String {
    format_size(bytes, DECIMAL.decimal_places(1).decimal_zeroes(0))
}

/// A time in milliseconds since 1970, as UTC tells it.
pub fn time(millis: i64) -> String {
    let time = DateTime::from_timestamp_millis(millis);
    time.map(|time| time.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

/// A span of time: `3:07`, `1:02:45`.
pub fn span(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Text from outside, escaped.
pub fn plain(text: &str) -> Piece {
    Piece::plain(escape(text))
}

/// Text from outside in a colour, escaped.
pub fn inked(text: &str, ink: Ink) -> Piece {
    Piece::inked(escape(text), ink)
}

/// Bytes from outside, escaped; no more than `most` of them, and the number of the others.
pub fn cut_bytes(bytes: &[u8], most: usize) -> String {
    if bytes.len() <= most {
        return escape_bytes(bytes).into_owned();
    }
    let mut end = most;
    while end > 0 && bytes[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    let mut out = escape_bytes(&bytes[..end]).into_owned();
    // Writing into a `String` can't fail.
    let _ = write!(out, "… ({} more)", counted((bytes.len() - end) as u64, "byte", "bytes"));
    out
}

/// A line of a fact: its name, and what it is.
pub fn fact(name: &str, value: &str) -> StyledLine {
    let name = Piece::inked(format!("{:<14}", escape(name)), Ink::Accent);
    StyledLine { pieces: vec![name, plain(value)], number: None }
}

/// A heading.
pub fn heading(title: &str) -> StyledLine {
    StyledLine::of(Piece { bold: true, ..inked(title, Ink::Accent) })
}

/// The bytes as UTF-8, where a mark at their beginning says that they are UTF-16, and without the mark.
pub fn as_utf8(bytes: Vec<u8>) -> Vec<u8> {
    match encoding_rs::Encoding::for_bom(&bytes) {
        Some((encoding, mark)) if encoding == encoding_rs::UTF_8 => bytes[mark..].to_vec(),
        Some((encoding, _)) => encoding.decode(&bytes).0.into_owned().into_bytes(),
        None => bytes,
    }
}
