//! Reads JSON token by token and lays it out as it goes: [`Printer`]. No recursion, so that no depth is too
//! deep; no number is ever computed.

use super::input::Bounds;
use super::lines::{counted, cut_bytes};
use crate::model::{Ink, Piece, StyledLine};
use crate::preview::Fold;

/// The most lines that are laid out.
pub const MOST_LINES: usize = 200_000;

/// The most bytes of one string or number that are shown.
const MOST_TOKEN: usize = 4096;

/// The deepest that lines are indented.
const DEEPEST: usize = 48;

/// Where the text stops being JSON.
#[derive(Debug)]
pub struct Damage {
    /// The offset in bytes.
    pub at: usize,
    /// Why, in words.
    pub why: String,
    /// Whether it isn't damage but a bound that was met.
    pub bound: bool,
}

/// A bracket that is open.
struct Open {
    fold: usize,
    object: bool,
    items: u64,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

/// One value on its way from text to lines.
pub struct Printer<'a> {
    bytes: &'a [u8],
    at: usize,
    lines: Vec<StyledLine>,
    line: StyledLine,
    folds: Vec<(Fold, usize)>,
    open: Vec<Open>,
    /// The fold that ended last, for the comma that may follow it.
    ended: Option<usize>,
    /// The values that were read.
    pub values: u64,
}

impl<'a> Printer<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        let (lines, folds, open) = (Vec::new(), Vec::new(), Vec::new());
        Self { bytes, at: 0, lines, line: StyledLine::default(), folds, open, ended: None, values: 0 }
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Reads one whole value.
    pub fn value(&mut self, bounds: &Bounds) -> Result<(), Damage> {
        let mut want = Want::Value;
        loop {
            want = self.step(want)?;
            if want == Want::CommaOrEnd && self.open.is_empty() {
                return Ok(());
            }
            if self.lines.len() > MOST_LINES {
                return Err(self.bound(format!("only the first {MOST_LINES} lines are shown")));
            }
            if self.values.is_multiple_of(1024) {
                bounds.check().map_err(|error| self.bound(error.to_string()))?;
            }
        }
    }

    /// That only space comes after the value.
    pub fn nothing_follows(&mut self) -> Result<(), Damage> {
        self.skip_space();
        if self.at < self.bytes.len() { Err(self.damage("more text after the value")) } else { Ok(()) }
    }

    /// The lines, and the folds with their depth. What is open still ends with the last line.
    pub fn finish(mut self) -> (Vec<StyledLine>, Vec<(Fold, usize)>) {
        self.break_line(None);
        while let Some(open) = self.open.pop() {
            self.end_fold(&open, self.lines.len());
        }
        let folds = self.folds.into_iter().filter(|(fold, _)| fold.end > fold.head + 1).collect();
        (self.lines, folds)
    }

    /// A line that tells of damage, below what was read.
    pub fn error_line(&mut self, told: &str) {
        self.break_line(None);
        self.line = StyledLine::of(Piece::inked(told, Ink::Error));
    }

    /// Line and column of an offset, from 1.
    pub fn place(&self, at: usize) -> (u64, u64) {
        let before = &self.bytes[..at.min(self.bytes.len())];
        let begin = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = before.split(|byte| *byte == b'\n').count() - 1;
        let column = before[begin..].iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        (line as u64 + 1, column as u64 + 1)
    }

    fn step(&mut self, want: Want) -> Result<Want, Damage> {
        self.skip_space();
        let Some(byte) = self.bytes.get(self.at).copied() else {
            return Err(self.damage("the text ends before the value does"));
        };
        match (want, byte) {
            (Want::ValueOrEnd | Want::CommaOrEnd, b']') if self.is_in(false) => Ok(self.close("]")),
            (Want::KeyOrEnd | Want::CommaOrEnd, b'}') if self.is_in(true) => Ok(self.close("}")),
            (Want::CommaOrEnd, b',') => Ok(self.comma()),
            (Want::Colon, b':') => {
                self.at += 1;
                self.put(": ", Ink::Dim);
                Ok(Want::Value)
            }
            (Want::Key | Want::KeyOrEnd, b'"') => {
                self.item();
                self.string(Ink::Accent).map(|()| Want::Colon)
            }
            (Want::Value | Want::ValueOrEnd, _) => self.begin_value(byte),
            (Want::Colon, _) => Err(self.damage("a colon is missing")),
            (Want::Key | Want::KeyOrEnd, _) => Err(self.damage("a key in quotation marks is missing")),
            (Want::CommaOrEnd, _) => Err(self.damage("a comma or a closing bracket is missing")),
        }
    }

    fn begin_value(&mut self, byte: u8) -> Result<Want, Damage> {
        if self.is_in(false) && !matches!(byte, b']' | b'}' | b',' | b':') {
            self.item();
        }
        match byte {
            b'{' => return Ok(self.begin(true)),
            b'[' => return Ok(self.begin(false)),
            b'"' => self.string(Ink::Plain)?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => return Err(self.damage("a value is missing")),
        }
        self.values += 1;
        Ok(Want::CommaOrEnd)
    }

    fn is_in(&self, object: bool) -> bool {
        self.open.last().is_some_and(|open| open.object == object)
    }

    fn begin(&mut self, object: bool) -> Want {
        self.at += 1;
        let head = self.lines.len();
        let fold = Fold { head, end: head, closed: false, summary: String::new() };
        self.folds.push((fold, self.open.len()));
        self.open.push(Open { fold: self.folds.len() - 1, object, items: 0 });
        self.put(if object { "{" } else { "[" }, Ink::Dim);
        if object { Want::KeyOrEnd } else { Want::ValueOrEnd }
    }

    /// One more item of the innermost bracket: on a line of its own.
    fn item(&mut self) {
        self.ended = None;
        if let Some(open) = self.open.last_mut() {
            open.items += 1;
        }
        self.break_line(Some(self.open.len()));
    }

    fn comma(&mut self) -> Want {
        self.at += 1;
        self.put(",", Ink::Dim);
        if let Some((fold, _)) = self.ended.and_then(|at| self.folds.get_mut(at)) {
            fold.summary.push(',');
        }
        if self.is_in(true) { Want::Key } else { Want::Value }
    }

    fn close(&mut self, bracket: &str) -> Want {
        self.at += 1;
        let Some(open) = self.open.pop() else { return Want::CommaOrEnd };
        if open.items > 0 {
            self.break_line(Some(self.open.len()));
        }
        self.put(bracket, Ink::Dim);
        self.end_fold(&open, self.lines.len() + 1);
        self.ended = Some(open.fold);
        self.values += 1;
        Want::CommaOrEnd
    }

    fn end_fold(&mut self, open: &Open, end: usize) {
        let (fold, _) = &mut self.folds[open.fold];
        fold.end = end;
        let bracket = if open.object { '}' } else { ']' };
        fold.summary = format!("… {} {bracket}", counted(open.items, "item", "items"));
    }

    /// Ends the line that is written; the next one is indented so deep, if there is one.
    fn break_line(&mut self, depth: Option<usize>) {
        let line = std::mem::take(&mut self.line);
        if !line.pieces.is_empty() {
            self.lines.push(line);
        }
        if let Some(depth) = depth.filter(|depth| *depth > 0) {
            self.line.pieces.push(Piece::plain("  ".repeat(depth.min(DEEPEST))));
        }
    }

    fn put(&mut self, text: &str, ink: Ink) {
        match self.line.pieces.last_mut() {
            Some(last) if last.ink == ink => last.text.push_str(text),
            _ => self.line.pieces.push(Piece::inked(text, ink)),
        }
    }

    fn token(&mut self, end: usize, ink: Ink) {
        let text = cut_bytes(&self.bytes[self.at..end], MOST_TOKEN);
        self.put(&text, ink);
        self.at = end;
    }

    fn string(&mut self, ink: Ink) -> Result<(), Damage> {
        let mut at = self.at + 1;
        loop {
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += self.escaped(at)?,
                Some(0..=0x1f) => return Err(damage(at, "a control character inside a string")),
                Some(_) => at += 1,
                None => {
                    let begin = self.at;
                    self.token(self.bytes.len(), Ink::Error);
                    let cut = damage(self.bytes.len(), "a string that began here has no end");
                    return Err(Damage { why: format!("{} (offset {begin})", cut.why), ..cut });
                }
            }
        }
        self.token(at + 1, ink);
        Ok(())
    }

    /// The length of what a backslash begins.
    fn escaped(&self, at: usize) -> Result<usize, Damage> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
            Some(b'u') => match self.bytes.get(at + 2..at + 6) {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(6),
                Some(_) => Err(damage(at, "\\u needs four hexadecimal digits")),
                None => Err(damage(self.bytes.len(), "the text ends inside a string")),
            },
            Some(_) => Err(damage(at, "no such escape")),
            None => Err(damage(self.bytes.len(), "the text ends inside a string")),
        }
    }

    fn number(&mut self) -> Result<(), Damage> {
        let part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let len = self.bytes[self.at..].iter().take_while(|byte| part(byte)).count();
        if !is_number(&self.bytes[self.at..self.at + len]) {
            return Err(self.damage("this is no number"));
        }
        self.token(self.at + len, Ink::Plain);
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Damage> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.damage("a value is missing"));
        }
        self.token(self.at + word.len(), Ink::Plain);
        Ok(())
    }

    fn skip_space(&mut self) {
        let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.bytes[self.at..].iter().take_while(|byte| space(byte)).count();
    }

    fn damage(&self, why: &str) -> Damage {
        damage(self.at, why)
    }

    fn bound(&self, why: String) -> Damage {
        Damage { at: self.at, why, bound: true }
    }
}

fn damage(at: usize, why: &str) -> Damage {
    Damage { at, why: why.to_owned(), bound: false }
}

/// Whether it is a number by JSON's grammar.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(after) = rest.strip_prefix(b".") {
        let fraction = digits(after);
        if fraction == 0 {
            return false;
        }
        rest = &after[fraction..];
    }
    if let [b'e' | b'E', after @ ..] = rest {
        let after = after.strip_prefix(b"+").or_else(|| after.strip_prefix(b"-")).unwrap_or(after);
        return !after.is_empty() && digits(after) == after.len();
    }
    rest.is_empty()
}
