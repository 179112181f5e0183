//! PDF: what a document tells of itself. Small ones are read as a whole; of large ones only head and tail.
//!
//! It is searched, not resolved. A few kilobytes can tell of cross references and objects that would take
//! gigabytes, so nothing that is made here has a size that the file tells. What stands in streams of objects is
//! found as well, as far as a bound allows; in all others there is nothing to find.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::ZlibDecoder;
use memchr::memmem;

use super::MIB;
use super::input::{Bounds, Input};
use super::lines::{as_utf8, count, fact, heading, size};
use crate::model::StyledLine;
use crate::preview::{Document, Shape};

/// Up to this size all of it is read.
const WHOLE: u64 = 8 * MIB;
/// How much is read of the head and of the tail of a larger one.
const ENDS: u64 = 256 << 10;
/// The most that is unpacked of all streams of objects, and how much of a packed one is read.
const MOST_UNPACKED: usize = 4 << 20;
const MOST_PACKED: usize = 1 << 20;
/// The most streams that are unpacked, and the most nodes of the page tree that are looked at.
const MOST_PLACES: usize = 10_000;
/// How far the bounds of a dictionary may be from a place in it.
const REACH: usize = 64 << 10;

/// What a document tells of itself in words.
const TEXTS: [(&str, &[u8]); 8] = [
    ("title", b"/Title"),
    ("author", b"/Author"),
    ("subject", b"/Subject"),
    ("keywords", b"/Keywords"),
    ("creator", b"/Creator"),
    ("producer", b"/Producer"),
    ("created", b"/CreationDate"),
    ("modified", b"/ModDate"),
];

pub fn render(input: &Input, _: &Shape) -> io::Result<Document> {
    let head = input.head(1024.min(input.len()))?;
    let Some(version) = version(&head) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it doesn't begin as a PDF does"));
    };
    let mut lines = vec![heading("PDF"), fact("version", &version)];
    let told = tell(read(input)?, &input.bounds(), &mut lines);
    let mut warning = told.err().map(|error| error.to_string());
    if input.len() > WHOLE {
        warning = Some(format!("only the first and the last {} are read of so large a file", size(ENDS)));
    }
    let about = format!("PDF {version} · {}", size(input.len()));
    Ok(Document { lines, about, warning, ..Document::default() })
}

fn version(head: &[u8]) -> Option<String> {
    let at = head.windows(5).position(|five| five == b"%PDF-")?;
    let digits = head[at + 5..].iter().take(4).take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
    Some(digits.map(|byte| char::from(*byte)).collect())
}

/// All of a small one; of a large one its head and its tail.
fn read(input: &Input) -> io::Result<Vec<u8>> {
    if input.len() <= WHOLE {
        return input.head(WHOLE);
    }
    let mut bytes = input.head(ENDS)?;
    let mut tail = input.again(ENDS);
    tail.seek(SeekFrom::Start(input.len().saturating_sub(ENDS)))?;
    bytes.push(b'\n');
    tail.take(ENDS).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn tell(mut text: Vec<u8>, bounds: &Bounds, lines: &mut Vec<StyledLine>) -> io::Result<()> {
    let objects = objects(&text, bounds)?;
    text.push(b'\n');
    text.extend(objects);
    if let Some(pages) = pages(&text, bounds)? {
        lines.push(fact("pages", &count(pages)));
    }
    bounds.check()?;
    if last(&text, b"/Encrypt", entry).is_some() {
        // All text is encrypted, too.
        lines.push(fact("encrypted", "yes"));
        return Ok(());
    }
    let Some(info) = info(&text) else { return Ok(()) };
    for (name, key) in TEXTS {
        if let Some(text) = last(info, key, string).filter(|text| !text.is_empty()) {
            lines.push(fact(name, &text));
        }
    }
    Ok(())
}

/// What stands in the streams of objects, of the newest if not of all; the newest last.
fn objects(plain: &[u8], bounds: &Bounds) -> io::Result<Vec<u8>> {
    let (mut left, mut texts) = (MOST_UNPACKED, Vec::new());
    for at in memmem::rfind_iter(plain, b"/ObjStm").take(MOST_PLACES) {
        bounds.check()?;
        let text = unpacked(&plain[at..], left);
        left -= text.len();
        texts.push(text);
        if left == 0 {
            break;
        }
    }
    texts.reverse();
    Ok(texts.join(&b'\n'))
}

/// The stream that begins near, unpacked up to so many bytes, or to its damage.
fn unpacked(from: &[u8], most: usize) -> Vec<u8> {
    const WORD: &[u8] = b"stream";
    let mut text = Vec::new();
    if let Some(at) = memmem::find(&from[..from.len().min(1024)], WORD) {
        let packed = from[at + WORD.len()..].trim_ascii_start();
        let packed = &packed[..packed.len().min(MOST_PACKED)];
        let _ = ZlibDecoder::new(packed).take(most as u64).read_to_end(&mut text);
    }
    text
}

/// The largest number of pages that a root of the page tree tells, or a document that is made for slow lines.
/// The other nodes know of their own branches only.
fn pages(text: &[u8], bounds: &Bounds) -> io::Result<Option<u64>> {
    let linear = memmem::find(&text[..text.len().min(2048)], b"/Linearized");
    let mut most = linear.and_then(|at| last(around(text, at), b"/N", number));
    let is_type = |at: &usize| text[..*at].trim_ascii_end().ends_with(b"/Type");
    for at in memmem::find_iter(text, b"/Pages").filter(is_type).take(MOST_PLACES) {
        bounds.check()?;
        let node = around(text, at);
        if memmem::find(node, b"/Parent").is_none() {
            most = most.max(last(node, b"/Count", number));
        }
    }
    Ok(most)
}

/// The dictionary of the document's own words: the one that is named, or what looks like it. A bookmark has a
/// title, too.
fn info(text: &[u8]) -> Option<&[u8]> {
    let named = last(text, b"/Info", reference).and_then(|name| {
        let known = |at: &usize| !text[..*at].last().is_some_and(u8::is_ascii_digit);
        let at = memmem::rfind_iter(text, name.as_bytes()).find(known)?;
        let open = memmem::find(&text[at..text.len().min(at + 64)], b"<<")?;
        Some(around(text, at + open + 2))
    });
    let like = |key: &[u8]| {
        let tells = |at: &usize| string(&text[at + key.len()..]).is_some();
        memmem::rfind_iter(text, key).find(tells).map(|at| around(text, at))
    };
    named
        .or_else(|| [&b"/Producer"[..], b"/Creator", b"/CreationDate", b"/Author"].into_iter().find_map(like))
}

/// The dictionary around a place, as far as it reaches.
fn around(text: &[u8], at: usize) -> &[u8] {
    let (low, high) = (at.saturating_sub(REACH), text.len().min(at + REACH));
    let (mut begin, mut deep) = (at, 0);
    while begin > low {
        begin -= 1;
        match &text[begin..at.min(begin + 2)] {
            b"<<" if deep == 0 => break,
            b"<<" => (begin, deep) = (begin.saturating_sub(1).max(low), deep - 1),
            b">>" => (begin, deep) = (begin.saturating_sub(1).max(low), deep + 1),
            _ => {}
        }
    }
    let (mut end, mut deep) = (at, 0);
    while end < high {
        match &text[end..high.min(end + 2)] {
            b">>" if deep == 0 => break,
            b">>" => (end, deep) = (end + 2, deep - 1),
            b"<<" => (end, deep) = (end + 2, deep + 1),
            _ => end += 1,
        }
    }
    &text[begin..end]
}

/// What follows a key where it can be read, the last and newest of all.
fn last<T>(text: &[u8], key: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
    memmem::rfind_iter(text, key).find_map(|at| read(&text[at + key.len()..]))
}

fn number(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.trim_ascii_start().iter().take_while(|byte| byte.is_ascii_digit()).take(9);
    digits.map(|byte| char::from(*byte)).collect::<String>().parse().ok()
}

/// How the object that is named here begins.
fn reference(bytes: &[u8]) -> Option<String> {
    let near = &bytes[..bytes.len().min(40)];
    let mut words = near.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let (own, generation) = (number(words.next()?)?, number(words.next()?)?);
    words.next()?.starts_with(b"R").then(|| format!("{own} {generation} obj"))
}

/// That a dictionary is named, or stands here.
fn entry(bytes: &[u8]) -> Option<()> {
    (reference(bytes).is_some() || bytes.trim_ascii_start().starts_with(b"<<")).then_some(())
}

/// The string that follows, in brackets or in hexadecimal digits.
fn string(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.trim_ascii_start();
    let raw = match bytes.first()? {
        b'(' => literal(&bytes[1..]),
        b'<' if bytes.get(1) != Some(&b'<') => hexadecimal(&bytes[1..]),
        _ => return None,
    };
    let text = as_utf8(raw);
    Some(String::from_utf8(text).unwrap_or_else(|error| latin(error.as_bytes())))
}

fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn literal(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut depth, mut at) = (Vec::new(), 0, 0);
    while let Some(byte) = bytes.get(at).copied().filter(|_| out.len() < 500) {
        at += 1;
        match byte {
            b')' if depth == 0 => break,
            b')' => depth -= 1,
            b'(' => depth += 1,
            b'\\' => {
                let digits =
                    bytes[at..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
                if digits > 0 {
                    let octal = bytes[at..at + digits]
                        .iter()
                        .fold(0u32, |sum, digit| sum * 8 + u32::from(digit - b'0'));
                    out.push(octal as u8);
                    at += digits;
                } else if let Some(escaped) = bytes.get(at) {
                    out.push(match escaped {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        other => *other,
                    });
                    at += 1;
                }
                continue;
            }
            _ => {}
        }
        out.push(byte);
    }
    out
}

fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    let inside = bytes.iter().take_while(|byte| **byte != b'>').take(1000);
    let digits: Vec<u8> = inside.filter_map(digit).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
}
