//! Looking for something further on than what is seen: [`Needle`], [`Hunt`].
//!
//! A hunt reads window after window. Each is read with a little before it, so that what looks back in an
//! expression has something to look at, and more behind it, so that what lies across a border is found.
//! A find lies in one line, as it is drawn.

mod piece;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use regex::bytes::{Regex, RegexBuilder};
use tokio::sync::mpsc::UnboundedSender;

use self::piece::LinePiece;
use super::charset::Charset;
use super::feed::Feed;
use super::lines::CELL;
use crate::model::{Result, text};

/// What is read before a window, and behind it.
const LEAD: u64 = 64;
const OVER: u64 = 4 * CELL;

/// The windows, on a disk and over a network at first and later.
const NEAR: u64 = 4 << 20;
const FAR: Range<u64> = (1 << 20)..(4 << 20);

/// The most finds that are told of one line.
const MOST_FINDS: usize = 1_000;

/// A regular expression as it is looked for.
#[derive(Debug)]
pub struct Needle {
    text: Regex,
    raw: Regex,
}

impl Needle {
    /// Takes an expression. Upper case counts only where it has some. The error is a sentence, escaped.
    pub fn new(pattern: &str) -> std::result::Result<Self, String> {
        let build = |unicode| {
            let blind = !has_upper(pattern);
            RegexBuilder::new(pattern).unicode(unicode).case_insensitive(blind).multi_line(true).build()
        };
        let text = build(true).map_err(|error| {
            let told = error.to_string();
            let last = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("this is no regular expression: {}", text::escape(last))
        })?;
        // What speaks of characters can't be said of bytes; then bytes are looked at as characters.
        let raw = build(false).unwrap_or_else(|_| text.clone());
        Ok(Self { text, raw })
    }

    /// Where it is in a line of text.
    pub fn finds(&self, line: &str) -> Vec<Range<usize>> {
        let finds = self.text.find_iter(line.as_bytes()).filter(|found| !found.is_empty());
        finds.take(MOST_FINDS).map(|found| found.range()).collect()
    }

    /// Whether it is in a line of text.
    pub fn is_in(&self, line: &str) -> bool {
        self.text.is_match(line.as_bytes())
    }
}

/// Whether an expression has an upper-case letter that isn't the name of a class, as `\W` is.
fn has_upper(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|c| {
        let is_name = escaped;
        escaped = !escaped && c == '\\';
        !is_name && c.is_uppercase()
    })
}

/// What is looked for.
#[derive(Clone, Debug)]
pub enum Goal {
    /// The beginning of a line: its number from 1, and how many end before the place to begin at.
    Line(u64, u64, Charset),
    /// A find in text, down or up.
    Text(Arc<Needle>, bool, Charset),
    /// A find in bytes, down or up.
    Bytes(Arc<Needle>, bool),
}

/// A search on its way.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// What for.
    pub goal: Goal,
    /// Where it goes on: down from here, or up from before here.
    pub at: u64,
    /// How many bytes it may ask of a service in all.
    pub may_ask: Option<u64>,
    /// How many it has asked, and how many it has looked at.
    pub asked: u64,
    /// See `asked`.
    pub seen: u64,
}

/// How a hunt ends.
#[derive(Debug)]
pub enum Outcome {
    /// Here.
    Found(Range<u64>),
    /// Nowhere.
    Nothing,
    /// It would ask this many bytes of a service to go on.
    Asks(u64, Hunt),
}

/// What a window told.
enum Step {
    Found(Range<u64>),
    /// Go on here; so many lines ended in it.
    On(u64, u64),
    Over,
}

impl Hunt {
    /// A hunt that begins here.
    pub fn new(goal: Goal, at: u64, may_ask: Option<u64>) -> Self {
        Self { goal, at, may_ask, asked: 0, seen: 0 }
    }

    fn up(&self) -> bool {
        matches!(self.goal, Goal::Text(_, true, _) | Goal::Bytes(_, true))
    }

    /// The next window.
    fn window(&self, feed: &Feed) -> Range<u64> {
        let size = match self.seen {
            _ if !feed.source().metered() => NEAR,
            0 => FAR.start,
            _ => FAR.end,
        };
        if self.up() {
            return self.at.saturating_sub(size).max(self.first().min(self.at))..self.at;
        }
        self.at..self.at.saturating_add(size)
    }

    /// Where what is looked at begins: a mark is no text.
    fn first(&self) -> u64 {
        match &self.goal {
            Goal::Text(_, _, charset) => charset.skip,
            Goal::Line(..) | Goal::Bytes(..) => 0,
        }
    }

    /// Goes on until it ends. `progress` hears the bytes that were looked at.
    pub async fn run(mut self, feed: Arc<Feed>, progress: UnboundedSender<u64>) -> Result<Outcome> {
        loop {
            let window = self.window(&feed);
            if self.may_ask.is_some_and(|most| self.asked + (window.end - window.start) > most) {
                let rest = if self.up() { self.at } else { feed.len().saturating_sub(self.at) };
                if rest > most_left(&self) {
                    return Ok(Outcome::Asks(rest, self));
                }
            }
            let before = feed.source().asked();
            let step = self.step(&feed, window.clone()).await?;
            self.asked += feed.source().asked() - before;
            self.seen += window.end - window.start;
            match step {
                Step::Found(range) => return Ok(Outcome::Found(range)),
                Step::Over => return Ok(Outcome::Nothing),
                Step::On(at, lines) => {
                    self.at = at;
                    if let Goal::Line(_, before, _) = &mut self.goal {
                        *before += lines;
                    }
                }
            }
            // Nobody listens any more when the view is gone; then this is dropped, too.
            let _ = progress.send(self.seen);
        }
    }

    async fn step(&self, feed: &Feed, window: Range<u64>) -> Result<Step> {
        let begin = window.start.saturating_sub(LEAD).max(self.first().min(window.start));
        let bytes = feed.read(begin..window.end.saturating_add(OVER)).await?;
        if bytes.len() as u64 <= window.start - begin {
            return Ok(Step::Over);
        }
        let (goal, last) = (self.goal.clone(), window.start <= self.first());
        let looked = tokio::task::spawn_blocking(move || Look { bytes, begin, window }.look(&goal, last));
        Ok(looked.await.unwrap_or(Step::Over))
    }
}

fn most_left(hunt: &Hunt) -> u64 {
    hunt.may_ask.unwrap_or(u64::MAX).saturating_sub(hunt.asked)
}

/// A window that is looked at: `bytes` begin at `begin`, a little before it.
struct Look {
    bytes: Bytes,
    begin: u64,
    window: Range<u64>,
}

impl Look {
    fn look(&self, goal: &Goal, last: bool) -> Step {
        let (up, found) = match goal {
            Goal::Line(line, before, charset) => return self.line(*line, *before, *charset),
            Goal::Text(needle, up, charset) if charset.is_utf8() => (*up, self.find(&needle.text, *up, true)),
            Goal::Text(needle, up, charset) => return self.decoded(needle, *up, *charset, last),
            Goal::Bytes(needle, up) => (*up, self.find(&needle.raw, *up, false)),
        };
        match found {
            Some(range) => Step::Found(range.start as u64 + self.begin..range.end as u64 + self.begin),
            None => self.on(up, last),
        }
    }

    fn on(&self, up: bool, last: bool) -> Step {
        match up {
            true if last => Step::Over,
            true => Step::On(self.window.start, 0),
            false => Step::On(self.window.end, 0),
        }
    }

    /// The window within the bytes.
    fn within(&self) -> Range<usize> {
        let end = (self.window.end - self.begin) as usize;
        (self.window.start - self.begin) as usize..end.min(self.bytes.len())
    }

    /// The first find that begins in the window, or the last.
    fn find(&self, regex: &Regex, up: bool, by_line: bool) -> Option<Range<usize>> {
        let within = self.within();
        let (mut at, mut best) = (within.start, None);
        while at < within.end {
            let Some(found) = next(regex, &self.bytes, at, by_line).filter(|found| found.start < within.end)
            else {
                break;
            };
            at = found.end.max(found.start + 1);
            best = Some(found);
            if !up {
                break;
            }
        }
        best
    }

    /// Line by line, for encodings in which bytes can't be searched as they are.
    fn decoded(&self, needle: &Needle, up: bool, charset: Charset, last: bool) -> Step {
        let within = self.within();
        let (mut at, mut fresh) = (within.start, last || self.is_fresh(within.start, charset));
        let (mut best, mut first) = (None, None);
        if up && !last {
            // The line that begins before this window is found in the one before.
            if let Some(newline) = charset.find(&self.bytes[at..]) {
                (at, fresh) = (within.start + newline + charset.unit(), true);
            }
            first = Some(self.begin + at as u64).filter(|first| *first < self.window.end);
        }
        while at < within.end {
            let piece = self.piece(at, fresh, charset);
            let found =
                if up { piece.last(needle, charset, within.end) } else { piece.first(needle, charset) };
            best = found.or(best);
            if best.is_some() && !up {
                break;
            }
            (at, fresh) = piece.next(charset);
        }
        match (best, up) {
            (Some(range), _) => Step::Found(self.begin + range.start as u64..self.begin + range.end as u64),
            (None, false) => Step::On(self.begin + at as u64, 0),
            (None, true) if last => Step::Over,
            (None, true) => Step::On(first.unwrap_or(self.window.start), 0),
        }
    }

    /// Whether a line ends just before here.
    fn is_fresh(&self, at: usize, charset: Charset) -> bool {
        at.checked_sub(charset.unit()).is_some_and(|before| charset.is_newline(&self.bytes[before..at]))
    }

    /// The line that begins here, or what can be looked at at once of a long one.
    fn piece(&self, at: usize, fresh: bool, charset: Charset) -> LinePiece<'_> {
        let most = (at + 2 * CELL as usize).min(self.bytes.len());
        let newline = charset.find(&self.bytes[at..most]);
        let end = newline.map_or(most, |newline| at + newline + charset.unit());
        LinePiece { bytes: &self.bytes[at..end], at, fresh, cut: newline.is_none() && end < self.bytes.len() }
    }

    fn line(&self, line: u64, before: u64, charset: Charset) -> Step {
        let within = self.within();
        let bytes = &self.bytes[within.clone()];
        let ends = charset.count(bytes);
        if before + ends + 1 < line {
            return Step::On(self.window.end, ends);
        }
        let mut at = 0;
        for _ in before + 1..line {
            at += charset.find(&bytes[at..]).map_or(0, |newline| newline + charset.unit());
        }
        let at = self.window.start + at as u64;
        Step::Found(at..at)
    }
}

/// The next find from `at` on; by line, one that lies in a single line.
fn next(regex: &Regex, bytes: &[u8], mut at: usize, by_line: bool) -> Option<Range<usize>> {
    loop {
        let found = regex.find_at(bytes, at)?.range();
        if found.is_empty() {
            // Nothing is found everywhere.
            at = found.start + 1;
            if at > bytes.len() {
                return None;
            }
            continue;
        }
        let Some(newline) = memchr::memchr(b'\n', &bytes[found.clone()]).filter(|_| by_line) else {
            return Some(found);
        };
        let end = found.start + newline;
        if let Some(found) = regex.find_at(&bytes[..end], found.start).filter(|found| !found.is_empty()) {
            return Some(found.range());
        }
        at = end + 1;
        if at > bytes.len() {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::preview::testing::feed;

    async fn hunt(feed: &Arc<Feed>, goal: Goal, at: u64) -> Option<Range<u64>> {
        let (progress, _hears) = tokio::sync::mpsc::unbounded_channel();
        match Hunt::new(goal, at, None).run(feed.clone(), progress).await.unwrap() {
            Outcome::Found(range) => Some(range),
            Outcome::Nothing => None,
            Outcome::Asks(..) => unreachable!("nothing is metered here"),
        }
    }

    fn needle(pattern: &str) -> Arc<Needle> {
        Arc::new(Needle::new(pattern).unwrap())
    }

    #[test]
    fn upper_case_counts_where_there_is_some() {
        for (pattern, line, is_in) in [
            ("error", "an ERROR", true),
            ("Error", "an ERROR", false),
            (r"\Wx", "a-X", true),
            (r"\\Wx", r"\wx", false),
            ("ä", "Ä", true),
        ] {
            assert_eq!(needle(pattern).is_in(line), is_in, "{pattern}");
        }
        let told = Needle::new("a(b\x1b").unwrap_err();
        assert!(told.starts_with("this is no regular expression: ") && !told.contains('\x1b'), "{told}");
    }

    #[tokio::test]
    async fn what_lies_across_a_border_is_found_both_ways() {
        let mut bytes = vec![b'.'; 12 << 20];
        let border = 4 << 20;
        bytes[border - 3..border + 3].copy_from_slice(b"needle");
        let (feed, _dir) = feed(&bytes).await;
        let wanted = Some(border as u64 - 3..border as u64 + 3);
        let goal = |up| Goal::Text(needle("needle"), up, Charset::utf8());
        assert_eq!(hunt(&feed, goal(false), 0).await, wanted);
        assert_eq!(hunt(&feed, goal(true), 8 << 20).await, wanted);
        assert_eq!(hunt(&feed, goal(true), 12 << 20).await, wanted);
        assert_eq!(hunt(&feed, Goal::Bytes(needle("ne+dle"), true), 12 << 20).await, wanted);
        assert_eq!(hunt(&feed, goal(false), border as u64).await, None);
        assert_eq!(hunt(&feed, goal(true), border as u64 - 3).await, None);
    }

    #[tokio::test]
    async fn a_mark_is_no_text() {
        for (bytes, at) in [(&b"\xef\xbb\xbffirst\nlast"[..], 3), (b"\xff\xfef\0i\0r\0s\0t\0\n\0x\0", 2)] {
            let (feed, _dir) = feed(bytes).await;
            let goal = |up| Goal::Text(needle("^first"), up, Charset::detect(bytes));
            for (up, from) in [(false, at), (true, bytes.len() as u64)] {
                let found = hunt(&feed, goal(up), from).await;
                assert_eq!(found.map(|range| range.start), Some(at), "up: {up}");
            }
        }
    }

    #[tokio::test]
    async fn a_find_lies_in_one_line() {
        let (feed, _dir) = feed(b"one\n two\nthree two\n").await;
        let text = |pattern| Goal::Text(needle(pattern), false, Charset::utf8());
        assert_eq!(hunt(&feed, text(r"\s+two"), 0).await, Some(4..8));
        assert_eq!(hunt(&feed, text("^three"), 0).await, Some(9..14));
        assert_eq!(hunt(&feed, text("one[^x]*three"), 0).await, None);
        assert_eq!(hunt(&feed, Goal::Bytes(needle(r"e\n"), false), 0).await, Some(2..4));
    }

    #[tokio::test]
    async fn lines_are_counted_beyond_what_is_seen() {
        let bytes = "line\n".repeat(2_000_000);
        let (feed, _dir) = feed(bytes.as_bytes()).await;
        for line in [1, 2, 1_000_000, 2_000_000] {
            let (at, before) = feed.nearest(line);
            let found = hunt(&feed, Goal::Line(line, before, Charset::utf8()), at).await;
            assert_eq!(found.map(|range| range.start), Some((line - 1) * 5), "line {line}");
        }
        assert_eq!(hunt(&feed, Goal::Line(9_000_000, 0, Charset::utf8()), 0).await, None);
        assert_eq!(feed.number(5_000_000).await.unwrap(), Some(1_000_001));
    }

    /// All finds one after the other, as one goes through them.
    async fn hunt_all(feed: &Arc<Feed>, goal: Goal) -> Vec<Range<u64>> {
        let Goal::Text(_, up, charset) = goal else { return Vec::new() };
        let (mut at, mut all) = (if up { feed.len() } else { charset.skip }, Vec::new());
        while let Some(found) = hunt(feed, goal.clone(), at).await {
            at = if up { found.start } else { found.end };
            all.push(found);
            assert!(all.len() < 1_000, "it goes round in circles");
        }
        if up {
            all.reverse();
        }
        all
    }

    fn encoded(text: &str, label: &str) -> Vec<u8> {
        match label {
            "utf-16le" => {
                [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
            }
            label => encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().encode(text).0.into_owned(),
        }
    }

    #[tokio::test]
    async fn what_lies_across_a_cut_of_a_long_line_is_found_in_every_encoding() {
        for (label, filler) in
            [("utf-16le", "日本語 "), ("shift_jis", "日本語テキスト "), ("windows-1252", "caf\u{e9} ")]
        {
            let unit = encoded(filler, label).len() - usize::from(label == "utf-16le") * 2;
            let skip = if label == "utf-16le" { 2 } else { 0 };
            // One line of a quarter of a megabyte, in which each cut of 32 KiB meets a needle somewhere.
            let (mut text, mut wanted, mut at) = (String::new(), Vec::new(), skip);
            let needle_size = if skip > 0 { 12 } else { 6 };
            for cell in 1..6 {
                let near = cell * (32 << 10) - 14 + cell;
                while at + unit <= near {
                    text += filler;
                    at += unit;
                }
                text += "needle";
                wanted.push(at as u64..(at + needle_size) as u64);
                at += needle_size;
            }
            text += &filler.repeat(2_000);
            let bytes = encoded(&text, label);
            let (feed, _dir) = feed(&bytes).await;
            let charset = Charset::detect(&bytes[..BLOCK_OF_TEXT.min(bytes.len())]);
            assert_eq!(charset.name().to_lowercase(), label);
            for up in [false, true] {
                let goal = |pattern| Goal::Text(needle(pattern), up, charset);
                assert_eq!(hunt_all(&feed, goal("needle")).await, wanted, "{label} up: {up}");
                assert_eq!(hunt_all(&feed, goal("needle$")).await, [], "{label} up: {up}");
                let anchored = hunt_all(&feed, goal(&format!("^{}", filler.trim()))).await;
                assert_eq!(
                    anchored.iter().map(|found| found.start).collect::<Vec<_>>(),
                    [skip as u64],
                    "{label}"
                );
            }
        }
    }

    /// As much as a view looks at to know the encoding.
    const BLOCK_OF_TEXT: usize = 64 << 10;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn other_encodings_are_searched_line_by_line(
            lines in proptest::collection::vec("[a-c]{0,6}", 1..60),
            up in any::<bool>(),
        ) {
            let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
            let mut at = 2;
            let hits = lines.iter().filter_map(|line| {
                let begin = at;
                at += 2 * (line.len() as u64 + 1);
                let hit = if up { line.rfind("ab") } else { line.find("ab") };
                hit.map(|hit| begin + 2 * hit as u64)
            });
            let wanted = if up { hits.last() } else { hits.min() };
            let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
            let found = tokio.block_on(async {
                let (feed, _dir) = feed(&wide).await;
                let charset = Charset::detect(&wide);
                let from = if up { wide.len() as u64 } else { 2 };
                hunt(&feed, Goal::Text(needle("ab"), up, charset), from).await
            });
            prop_assert_eq!(found.map(|range| range.start), wanted);
        }
    }
}
