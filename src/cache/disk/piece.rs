//! What is held of a file: [`Piece`], and how a read is made up of pieces and of gaps: [`spans`].

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::FileName;

/// The largest piece, in bytes: what is read and checked at a time.
pub const BLOCK: u64 = 1 << 20;

/// Two gaps with less than so many held bytes between them are asked for together.
const BRIDGE: u64 = 128 << 10;

/// Bytes that are held, as the index tells of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins, in the thing and in the file.
    pub start: u64,
    /// Its bytes.
    pub len: u64,
    /// The bytes that it takes in the file: fewer where it is packed.
    pub stored: u64,
    /// See `checksum`.
    pub sum: [u8; 16],
}

impl Piece {
    /// Where it ends.
    pub fn end(&self) -> u64 {
        self.start + self.len
    }
}

/// A part of a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Bytes of a piece: those of this range, which lies in it.
    Held(Piece, Range<u64>),
    /// Nothing is held of this.
    Gap(Range<u64>),
}

/// The checksum of a piece: the first half of a SHA-256 over whose it is, what it is a part of, and its bytes.
pub(super) fn checksum(name: &FileName, tag: &str, start: u64, bytes: &[u8]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(name.bytes());
    hash.update((tag.len() as u64).to_le_bytes());
    hash.update(tag);
    hash.update(start.to_le_bytes());
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
    let whole: [u8; 32] = hash.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

/// What a read of `want` is made up of, in order. `pieces` are ordered and don't overlap. Gaps with little held
/// between them become one: a request costs more than its bytes.
pub fn spans(want: &Range<u64>, pieces: &[Piece]) -> Vec<Span> {
    let mut spans = Vec::new();
    if want.is_empty() {
        return spans;
    }
    let mut at = want.start;
    for piece in pieces.iter().filter(|piece| piece.end() > want.start && piece.start < want.end) {
        if piece.start > at {
            spans.push(Span::Gap(at..piece.start));
        }
        let end = piece.end().min(want.end);
        spans.push(Span::Held(piece.clone(), at.max(piece.start)..end));
        at = end;
    }
    if at < want.end {
        spans.push(Span::Gap(at..want.end));
    }
    bridged(spans)
}

fn bridged(spans: Vec<Span>) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        if let Span::Gap(gap) = &span
            && let Some(at) = joined.iter().rposition(|before| matches!(before, Span::Gap(_)))
            && let Span::Gap(before) = joined[at].clone()
            && gap.start - before.end < BRIDGE
        {
            joined.truncate(at);
            joined.push(Span::Gap(before.start..gap.end));
        } else {
            joined.push(span);
        }
    }
    joined
}

/// Where the piece that holds this byte ends at the latest.
pub(super) fn next_boundary(at: u64) -> u64 {
    (at / BLOCK + 1) * BLOCK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(range: Range<u64>) -> Piece {
        let len = range.end - range.start;
        Piece { start: range.start, len, stored: len, sum: [0; 16] }
    }

    #[test]
    fn a_read_is_what_is_held_and_the_gaps_between() {
        let far = 10 * BLOCK;
        let pieces = [piece(0..10), piece(far..far + BLOCK)];
        let held = |at: usize, range: Range<u64>| Span::Held(pieces[at].clone(), range);
        assert_eq!(spans(&(5..8), &pieces), [held(0, 5..8)]);
        assert_eq!(
            spans(&(5..far + 1), &pieces),
            [held(0, 5..10), Span::Gap(10..far), held(1, far..far + 1)]
        );
        assert_eq!(spans(&(20..30), &pieces), [Span::Gap(20..30)]);
        assert_eq!(spans(&(0..10), &[]), [Span::Gap(0..10)]);
        assert_eq!(spans(&(7..7), &pieces), []);
    }

    #[test]
    fn gaps_that_are_close_are_one_request() {
        let pieces = [piece(100..200), piece(300_000..600_000)];
        let spans = spans(&(0..700_000), &pieces);
        let held = Span::Held(pieces[1].clone(), 300_000..600_000);
        assert_eq!(spans, [Span::Gap(0..300_000), held, Span::Gap(600_000..700_000)]);
    }

    #[test]
    fn a_checksum_covers_name_tag_and_place() {
        let (one, other) = (FileName::of(&[b"1"]), FileName::of(&[b"2"]));
        let sum = checksum(&one, "tag", 0, b"bytes");
        for wrong in [
            checksum(&other, "tag", 0, b"bytes"),
            checksum(&one, "gat", 0, b"bytes"),
            checksum(&one, "tag", 1, b"bytes"),
            checksum(&one, "tag", 0, b"bytez"),
        ] {
            assert_ne!(sum, wrong);
        }
    }
}
