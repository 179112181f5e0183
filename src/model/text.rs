//! Text on its way to a screen: escaping, width and cutting. The one place where either happens.
//!
//! Names, keys, error texts and whatever else comes from outside passes [`escape`] (or
//! [`escape_bytes`]) exactly once. After that it holds nothing that a terminal would obey and nothing
//! that an eye can't see, so two names that differ look different, and no name can move the cursor,
//! reverse the line or hide its ending.
//!
//! Control characters become their pictures (`␛`, `␊`); what has no picture becomes its number between
//! `‹` and `›`: two digits for a byte that isn't UTF-8, four or more for a character.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Which end of a field the padding goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text first, then spaces.
    Left,
    /// Spaces first, then the text.
    Right,
}

/// The text with everything visible that a terminal would obey or an eye would miss.
///
/// Clean text comes back as it is, and escaped text is clean.
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    if text.graphemes(true).all(is_clean) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for grapheme in text.graphemes(true) {
        push_grapheme(&mut out, grapheme);
    }
    Cow::Owned(out)
}

/// [`escape`] for bytes that may not be UTF-8, as local names: each bad byte is shown by its number.
pub fn escape_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return escape(text);
    }
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        out.push_str(&escape(chunk.valid()));
        for byte in chunk.invalid() {
            push_number(&mut out, format_args!("{byte:02X}"));
        }
    }
    Cow::Owned(out)
}

/// The number of terminal columns that escaped text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text cut in its middle to at most `max` columns, so that beginning and ending stay; what was
/// cut is told by `ellipsis`. Never splits a grapheme.
pub fn cut_middle<'a>(text: &'a str, max: usize, ellipsis: &str) -> Cow<'a, str> {
    if fits(text, max) {
        return Cow::Borrowed(text);
    }
    let Some(room) = max.checked_sub(width(ellipsis)) else { return Cow::Borrowed(head(text, max)) };
    // The ending gets the odd column: it holds the extension and the number that tells names apart.
    let end = tail(text, room.div_ceil(2));
    let begin = head(&text[..text.len() - end.len()], room - width(end));
    Cow::Owned(format!("{begin}{ellipsis}{end}"))
}

/// The text cut at its end to at most `max` columns, with `ellipsis` where something was cut.
pub fn cut_end<'a>(text: &'a str, max: usize, ellipsis: &str) -> Cow<'a, str> {
    if fits(text, max) {
        return Cow::Borrowed(text);
    }
    match max.checked_sub(width(ellipsis)) {
        Some(room) => Cow::Owned(format!("{}{ellipsis}", head(text, room))),
        None => Cow::Borrowed(head(text, max)),
    }
}

/// The text filled with spaces to `columns`; longer text stays as it is.
pub fn pad(text: &str, columns: usize, align: Align) -> Cow<'_, str> {
    let missing = columns.saturating_sub(width(text));
    match (missing, align) {
        (0, _) => Cow::Borrowed(text),
        (_, Align::Left) => Cow::Owned(format!("{text}{:missing$}", "")),
        (_, Align::Right) => Cow::Owned(format!("{:missing$}{text}", "")),
    }
}

/// The lines of a text of at most `max` columns each, broken at spaces where there are any. A line
/// break in the text begins a new line. `max` of 0 gives nothing.
pub fn wrap(text: &str, max: usize) -> Vec<String> {
    if max == 0 {
        return Vec::new();
    }
    text.lines().flat_map(|line| wrap_line(&escape(line), max)).collect()
}

/// The longest beginning of at most `max` columns.
pub fn head(text: &str, max: usize) -> &str {
    let mut left = max;
    for (at, grapheme) in text.grapheme_indices(true) {
        match left.checked_sub(width(grapheme)) {
            Some(rest) => left = rest,
            None => return &text[..at],
        }
    }
    text
}

/// The longest ending of at most `max` columns.
pub fn tail(text: &str, max: usize) -> &str {
    let mut left = max;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        match left.checked_sub(width(grapheme)) {
            Some(rest) => left = rest,
            None => return &text[at + grapheme.len()..],
        }
    }
    text
}

/// Whether a text takes at most `max` columns; cheap for the plain and short.
fn fits(text: &str, max: usize) -> bool {
    (text.len() <= max && text.is_ascii()) || width(text) <= max
}

fn wrap_line(line: &str, max: usize) -> Vec<String> {
    let (mut lines, mut rest) = (Vec::new(), line.trim_end());
    while !fits(rest, max) {
        let room = head(rest, max);
        let at = match room.rfind(' ') {
            _ if rest[room.len()..].starts_with(' ') => room.len(),
            Some(at) if at > 0 => at,
            _ => room.len(),
        };
        // A column too narrow for one wide character must still move on.
        let at = if at == 0 { rest.graphemes(true).next().map_or(rest.len(), str::len) } else { at };
        lines.push(rest[..at].trim_end().to_owned());
        rest = rest[at..].trim_start();
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

fn is_clean(grapheme: &str) -> bool {
    !grapheme.chars().any(is_hidden) && width(grapheme) > 0
}

fn push_grapheme(out: &mut String, grapheme: &str) {
    if is_clean(grapheme) {
        return out.push_str(grapheme);
    }
    // Marks follow what they belong to; without it, as after a control character, they would have no
    // column of their own.
    let mut has_base = false;
    for c in grapheme.chars() {
        let stays = !is_hidden(c) && (has_base || c.width().unwrap_or(0) > 0);
        if stays {
            out.push(c);
        } else {
            push_visible(out, c);
        }
        has_base = stays;
    }
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\0'..='\x1f' => out.extend(char::from_u32(0x2400 + u32::from(c))),
        '\x7f' => out.push('␡'),
        _ => push_number(out, format_args!("{:04X}", u32::from(c))),
    }
}

fn push_number(out: &mut String, number: std::fmt::Arguments<'_>) {
    // Writing into a `String` can't fail.
    let _ = write!(out, "‹{number}›");
}

/// Whether a character is obeyed by terminals or invisible: controls, bidirectional marks, joiners,
/// fillers, tags, variation selectors, separators of lines and paragraphs.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Text rich in what makes trouble.
    fn hostile() -> impl Strategy<Value = String> {
        let odd = proptest::sample::select(vec![
            '\0',
            '\x1b',
            '\n',
            '\r',
            '\t',
            '\x7f',
            '\u{9b}',
            '\u{200b}',
            '\u{200d}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{301}',
            '\u{fe0f}',
            '\u{1161}',
            '\u{1100}',
            '日',
            '👩',
            '🇦',
            '\u{e0041}',
            '\u{600}',
        ]);
        let any = prop_oneof![3 => odd, 2 => proptest::char::range('a', 'e'), 1 => any::<char>()];
        proptest::collection::vec(any, 0..24).prop_map(String::from_iter)
    }

    #[test]
    fn shows_what_would_be_obeyed_or_missed() {
        for (raw, shown) in [
            ("weird\nname\x1b[31m.txt", "weird␊name␛[31m.txt"),
            ("\x1b]52;c;eA==\x07", "␛]52;c;eA==␇"),
            ("a\u{9b}b", "a‹009B›b"),
            ("gpj\u{202e}exe", "gpj‹202E›exe"),
            ("a\u{200b}b", "a‹200B›b"),
            ("\u{301}a", "‹0301›a"),
            ("\x1b\u{301}", "␛‹0301›"),
            ("\r\n", "␍␊"),
            ("\x7f", "␡"),
        ] {
            assert_eq!(escape(raw), shown);
        }
    }

    #[test]
    fn leaves_clean_text_alone() {
        for text in ["", "plain.txt", "naïve", "nai\u{308}ve", "日本語", "👍🏽", "🇦🇹", "한국", "नमस्ते"]
        {
            assert!(matches!(escape(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn shows_bytes_that_are_no_text() {
        assert_eq!(escape_bytes(b"caf\xe9\n"), "caf‹E9›␊");
        assert_eq!(escape_bytes(b"ok"), "ok");
    }

    #[test]
    fn cuts_in_the_middle_and_keeps_the_ending() {
        assert_eq!(cut_middle("part-00000-8f2a-c1.snappy.parquet", 20, "…"), "part-0000…py.parquet");
        assert_eq!(cut_middle("日本語日本語.txt", 9, "…"), "日本….txt");
        assert_eq!(cut_middle("abc", 3, "…"), "abc");
        assert_eq!(cut_middle("abc", 1, "…"), "…");
        assert_eq!(cut_middle("abc", 0, "…"), "");
        assert_eq!(cut_end("abcdef", 4, "~"), "abc~");
    }

    #[test]
    fn pads_by_columns() {
        assert_eq!(pad("日", 4, Align::Right), "  日");
        assert_eq!(pad("a", 3, Align::Left), "a  ");
        assert_eq!(pad("long", 2, Align::Left), "long");
    }

    #[test]
    fn wraps_at_spaces() {
        assert_eq!(wrap("could not list it", 9), ["could not", "list it"]);
        assert_eq!(wrap("s3://verylong x", 6), ["s3://v", "erylon", "g x"]);
        assert_eq!(wrap("a\n\nb", 6), ["a", "", "b"]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
        assert!(wrap("abc", 0).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_escaped_is_hidden(text in hostile()) {
            let shown = escape(&text);
            prop_assert!(!shown.chars().any(is_hidden), "{shown:?}");
            prop_assert!(shown.graphemes(true).all(|g| width(g) > 0), "{shown:?}");
            prop_assert_eq!(escape(&shown), &*shown);
        }

        #[test]
        fn nothing_escaped_from_bytes_is_hidden(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let shown = escape_bytes(&bytes);
            prop_assert!(!shown.chars().any(is_hidden), "{shown:?}");
        }

        #[test]
        fn cuts_are_never_wider_than_asked(text in hostile(), max in 0usize..30) {
            let shown = escape(&text);
            for cut in [cut_middle(&shown, max, "…"), cut_end(&shown, max, "…")] {
                prop_assert!(width(&cut) <= max, "{cut:?}");
                prop_assert!(cut == shown || max == 0 || width(&cut) + 3 >= max, "{cut:?} wastes room");
            }
        }

        #[test]
        fn wrapping_loses_only_spaces(text in "[a-c日 ]{0,40}", max in 2usize..12) {
            let lines = wrap(&text, max);
            prop_assert!(lines.iter().all(|line| width(line) <= max));
            let solid = |s: &str| s.replace(' ', "");
            prop_assert_eq!(solid(&lines.concat()), solid(&text));
        }
    }
}
