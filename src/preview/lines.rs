//! Where lines begin and end in bytes of any length: [`after`], [`before`].
//!
//! A line without end would be without bound, so long ones are cut. A cut lies at a multiple of [`CELL`] if no
//! line ends in the cell before it: whether it is one can be told from the bytes around it, so that whoever
//! comes from below cuts where whoever comes from above does. No stretch is longer than two cells.

use std::ops::Range;

use bytes::Bytes;

use super::charset::Charset;
use super::feed::Feed;
use crate::model::Result;

/// The distance of places where long lines may be cut.
pub const CELL: u64 = 16 << 10;

/// A line, or a stretch of a long one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Where it is in the file, with its end of line.
    pub range: Range<u64>,
    /// Its bytes, with its end of line.
    pub bytes: Bytes,
    /// Whether a line begins here, and not only a stretch of one.
    pub fresh: bool,
}

/// The stretch that begins at `at`; `None` at the end of the file.
pub async fn after(feed: &Feed, charset: Charset, at: u64) -> Result<Option<Stretch>> {
    let lead = if at > charset.skip { charset.unit() } else { 0 };
    let bytes = feed.read(at - lead as u64..at + 2 * CELL + 4).await?;
    if bytes.len() <= lead {
        return Ok(None);
    }
    let fresh = lead == 0 || charset.is_newline(&bytes[..lead]);
    let body = bytes.slice(lead..);
    let limit = (first_cut(at, fresh, lead == 0) - at) as usize;
    let end = match charset.find(&body[..limit.min(body.len())]) {
        Some(newline) => newline + charset.unit(),
        None if body.len() <= limit => body.len(),
        None => limit + charset.cut(&body[limit..]),
    };
    Ok(Some(Stretch { range: at..at + end as u64, bytes: body.slice(..end), fresh }))
}

/// The first place behind `at` where its line would be cut.
fn first_cut(at: u64, fresh: bool, first: bool) -> u64 {
    // The first line begins with the first cell, whatever mark stands before it; a stretch that begins a
    // little behind a cut, with the one of that cut.
    let cell = if fresh && !first { at } else { at - at % CELL };
    cell.next_multiple_of(CELL) + CELL
}

/// Where the stretch begins that holds the unit before `at`; `None` at the beginning.
pub async fn before(feed: &Feed, charset: Charset, at: u64) -> Result<Option<u64>> {
    let unit = charset.unit() as u64;
    let mut end = at;
    loop {
        if end < charset.skip + unit {
            return Ok(None);
        }
        let cell = (end - unit) / CELL * CELL;
        let low = cell.saturating_sub(CELL);
        let bytes = feed.read(low..end.max(cell + 4)).await?;
        let (middle, upto) = ((cell - low) as usize, (end - unit - low) as usize);
        let upto = upto.min(bytes.len());
        if let Some(newline) = charset.rfind(&bytes[middle.min(upto)..upto]) {
            return Ok(Some(cell + newline as u64 + unit));
        }
        if cell == 0 {
            return Ok(Some(charset.skip));
        }
        if let Some(newline) = charset.rfind(&bytes[..middle]) {
            return Ok(Some(low + newline as u64 + unit));
        }
        let cut = cell + charset.cut(&bytes[middle..]) as u64;
        if cut < end {
            return Ok(Some(cut));
        }
        end = cell;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::preview::testing::feed;

    async fn both_ways(bytes: &[u8]) -> (Vec<u64>, Vec<u64>) {
        let (feed, _dir) = feed(bytes).await;
        let charset = Charset::detect(bytes);
        let (mut down, mut up) = (Vec::new(), Vec::new());
        let mut at = charset.skip;
        while let Some(stretch) = after(&feed, charset, at).await.unwrap() {
            assert!(stretch.range.end - at <= 2 * CELL + 3, "{:?}", stretch.range);
            down.push(at);
            at = stretch.range.end;
        }
        let mut at = bytes.len() as u64;
        while let Some(begin) = before(&feed, charset, at).await.unwrap() {
            up.push(begin);
            at = begin;
        }
        up.reverse();
        (down, up)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn lines_begin_at_the_same_places_from_above_and_from_below(
            parts in proptest::collection::vec(
                (prop_oneof![Just("x"), Just("ä"), Just("日"), Just("👍"), Just("\r\n"), Just("ab\n")], 1usize..9_000),
                1..12,
            ),
            mark in any::<bool>(),
            wide in any::<bool>(),
        ) {
            let text: String = parts.iter().map(|(unit, count)| unit.repeat(*count)).collect();
            let bytes: Vec<u8> = match (wide, mark) {
                (true, _) => [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect(),
                (false, true) => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
                (false, false) => text.into_bytes(),
            };
            let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (down, up) = tokio.block_on(both_ways(&bytes));
            prop_assert_eq!(down, up);
        }
    }

    #[tokio::test]
    async fn garbage_is_cut_the_same_from_both_sides() {
        for bytes in [vec![0x80; 100_000], vec![b'\n'; 20_000], Vec::new(), vec![b'a'; 16_384]] {
            let (down, up) = both_ways(&bytes).await;
            assert_eq!(down, up);
        }
    }
}
