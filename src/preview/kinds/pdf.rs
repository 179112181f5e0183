//! PDF: what a document tells of itself. Small ones are read as a whole; of large ones only head and tail.

use std::io::{self, Read, Seek, SeekFrom};

use super::MIB;
use super::input::Input;
use super::lines::{as_utf8, count, fact, heading, size};
use crate::model::StyledLine;
use crate::preview::{Document, Shape};

/// Up to this size all of it is read.
const WHOLE: u64 = 8 * MIB;
/// How much is read of the head and of the tail of a larger one.
const ENDS: u64 = 256 << 10;

pub fn render(input: &Input, _: &Shape) -> io::Result<Document> {
    let head = input.head(1024.min(input.len()))?;
    let Some(version) = version(&head) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it doesn't begin as a PDF does"));
    };
    let mut lines = vec![heading("PDF"), fact("version", &version)];
    let mut warning = None;
    let whole = input.len() <= WHOLE;
    let known = if whole { whole_file(input)? } else { None };
    if let Some(known) = known {
        facts(&known, &mut lines);
    } else {
        let found = ends(input)?;
        warning = Some(if whole {
            "damaged: this is what could be found at its beginning and its end".to_owned()
        } else {
            format!("only the first and the last {} are read of so large a file", size(ENDS))
        });
        lines.extend(found.iter().map(|(name, value)| fact(name, value)));
    }
    let about = format!("PDF {version} · {}", size(input.len()));
    Ok(Document { lines, about, warning, ..Document::default() })
}

fn version(head: &[u8]) -> Option<String> {
    let at = head.windows(5).position(|five| five == b"%PDF-")?;
    let digits = head[at + 5..].iter().take(4).take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
    Some(digits.map(|byte| char::from(*byte)).collect())
}

fn whole_file(input: &Input) -> io::Result<Option<lopdf::PdfMetadata>> {
    let bytes = input.head(WHOLE)?;
    input.bounds().check()?;
    Ok(lopdf::Document::load_metadata_mem(&bytes).ok())
}

fn facts(known: &lopdf::PdfMetadata, lines: &mut Vec<StyledLine>) {
    lines.push(fact("pages", &count(known.page_count.into())));
    if known.encrypted {
        lines.push(fact("encrypted", "yes"));
    }
    let texts = [
        ("title", &known.title),
        ("author", &known.author),
        ("subject", &known.subject),
        ("keywords", &known.keywords),
        ("creator", &known.creator),
        ("producer", &known.producer),
        ("created", &known.creation_date),
        ("modified", &known.modification_date),
    ];
    for (name, text) in texts {
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            lines.push(fact(name, &text.chars().take(500).collect::<String>()));
        }
    }
}

/// What stands in plain text at the beginning and the end: the last of each is the newest.
fn ends(input: &Input) -> io::Result<Vec<(&'static str, String)>> {
    let mut bytes = input.head(ENDS)?;
    let mut tail = input.again(ENDS);
    tail.seek(SeekFrom::Start(input.len().saturating_sub(ENDS)))?;
    bytes.push(b'\n');
    tail.take(ENDS).read_to_end(&mut bytes)?;
    let keys = [
        ("title", &b"/Title"[..]),
        ("author", b"/Author"),
        ("subject", b"/Subject"),
        ("creator", b"/Creator"),
        ("producer", b"/Producer"),
        ("created", b"/CreationDate"),
    ];
    let mut found = Vec::new();
    if let Some(pages) = pages(&bytes) {
        found.push(("pages", count(pages)));
    }
    for (name, key) in keys {
        let at = bytes.windows(key.len()).rposition(|window| window == key);
        if let Some(text) = at.and_then(|at| string(&bytes[at + key.len()..])).filter(|text| !text.is_empty())
        {
            found.push((name, text));
        }
    }
    Ok(found)
}

/// The largest number of pages that a node of the page tree tells.
fn pages(bytes: &[u8]) -> Option<u64> {
    let key = b"/Count ";
    let at = |at: usize| {
        let digits = bytes[at + key.len()..].iter().take_while(|byte| byte.is_ascii_digit()).take(9);
        digits.map(|byte| char::from(*byte)).collect::<String>().parse::<u64>().ok()
    };
    let node = |at: &usize| {
        let around = &bytes[at.saturating_sub(200)..(at + 200).min(bytes.len())];
        around.windows(6).any(|six| six == b"/Pages")
    };
    let places = bytes.windows(key.len()).enumerate().filter(|(_, window)| window == key).map(|(at, _)| at);
    places.filter(node).filter_map(at).max()
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
                    out.push(if *escaped == b'n' { b'\n' } else { *escaped });
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
