//! Films in Matroska and WebM: what their first elements tell.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::lines::{fact, heading, span};
use crate::model::StyledLine;

/// The most elements that are looked at, and the most bytes of a text among them.
const MOST_ELEMENTS: u32 = 2_000;
const MOST_TEXT: u64 = 500;

/// What the beginning of such a file tells.
#[derive(Debug, Default)]
pub struct Reel {
    /// `matroska` or `webm`.
    pub container: String,
    title: String,
    /// The length by the file's own clock, and its tick in nanoseconds.
    duration: f64,
    tick: u64,
    tracks: Vec<Track>,
}

#[derive(Debug, Default)]
struct Track {
    kind: u64,
    codec: String,
    width: u64,
    height: u64,
    rate: f64,
    channels: u64,
}

/// Whether a file begins as these do.
pub fn is_matroska(head: &[u8]) -> bool {
    head.starts_with(b"\x1a\x45\xdf\xa3")
}

/// Reads it as far as the first pictures and sounds.
pub fn reel<R: Read + Seek>(from: &mut R) -> io::Result<Reel> {
    let end = from.seek(SeekFrom::End(0))?;
    let mut reel = Reel { tick: 1_000_000, ..Reel::default() };
    let mut left = MOST_ELEMENTS;
    each(from, 0..end, &mut left, &mut |from, id, body, left| {
        match id {
            0x1a45_dfa3 => each(from, body, left, &mut |from, id, body, _| {
                if id == 0x4282 {
                    reel.container = text(from, &body)?;
                }
                Ok(true)
            })?,
            0x1853_8067 => {
                each(from, body, left, &mut |from, id, body, left| reel.part(from, id, body, left))?;
            }
            _ => {}
        }
        Ok(id != 0x1853_8067)
    })?;
    Ok(reel)
}

impl Reel {
    /// Takes in a part of the segment; `false` where its pictures and sounds begin.
    fn part<R: Read + Seek>(
        &mut self,
        from: &mut R,
        id: u32,
        body: Range<u64>,
        left: &mut u32,
    ) -> io::Result<bool> {
        match id {
            0x1549_a966 => each(from, body, left, &mut |from, id, body, _| self.info(from, id, &body))?,
            0x1654_ae6b => each(from, body, left, &mut |from, id, body, left| {
                if id == 0xae {
                    let mut track = Track::default();
                    each(from, body, left, &mut |from, id, body, left| track.part(from, id, body, left))?;
                    self.tracks.push(track);
                }
                Ok(true)
            })?,
            _ => {}
        }
        Ok(id != 0x1f43_b675)
    }

    fn info<R: Read + Seek>(&mut self, from: &mut R, id: u32, body: &Range<u64>) -> io::Result<bool> {
        match id {
            0x2a_d7b1 => self.tick = number(from, body)?,
            0x4489 => self.duration = float(from, body)?,
            0x7ba9 => self.title = text(from, body)?,
            _ => {}
        }
        Ok(true)
    }

    /// What is known, line by line.
    pub fn lines(&self) -> Vec<StyledLine> {
        let mut lines = vec![heading("Media"), fact("container", &self.container)];
        if !self.title.is_empty() {
            lines.push(fact("title", &self.title));
        }
        let seconds = self.duration * self.tick as f64 / 1e9;
        if (1.0..1e9).contains(&seconds) {
            lines.push(fact("duration", &span(seconds as u64)));
        }
        lines.extend(self.tracks.iter().map(Track::line));
        lines
    }
}

impl Track {
    fn part<R: Read + Seek>(
        &mut self,
        from: &mut R,
        id: u32,
        body: Range<u64>,
        left: &mut u32,
    ) -> io::Result<bool> {
        match id {
            0x83 => self.kind = number(from, &body)?,
            0x86 => self.codec = text(from, &body)?,
            0xb0 => self.width = number(from, &body)?,
            0xba => self.height = number(from, &body)?,
            0xb5 => self.rate = float(from, &body)?,
            0x9f => self.channels = number(from, &body)?,
            0xe0 | 0xe1 => each(from, body, left, &mut |from, id, body, left| {
                if matches!(id, 0xe0 | 0xe1) { Ok(true) } else { self.part(from, id, body, left) }
            })?,
            _ => {}
        }
        Ok(true)
    }

    fn line(&self) -> StyledLine {
        let kind = match self.kind {
            1 => "picture",
            2 => "sound",
            17 => "subtitles",
            _ => "track",
        };
        let sides = (self.width > 0).then(|| format!("{} × {}", self.width, self.height));
        let rate = (self.rate >= 1.0).then(|| format!("{} Hz", self.rate as u64));
        let channels = (self.channels > 0).then(|| match self.channels {
            1 => "1 channel".to_owned(),
            many => format!("{many} channels"),
        });
        let words = [Some(self.codec.clone()), sides, rate, channels];
        fact(kind, &words.into_iter().flatten().collect::<Vec<_>>().join(" · "))
    }
}

/// What looks at an element: its number, where its body is, how many more may be looked at. `false` ends it.
type Look<'a, R> = &'a mut dyn FnMut(&mut R, u32, Range<u64>, &mut u32) -> io::Result<bool>;

/// Goes through the elements of a range.
fn each<R: Read + Seek>(
    from: &mut R,
    within: Range<u64>,
    left: &mut u32,
    look: Look<'_, R>,
) -> io::Result<()> {
    let mut at = within.start;
    while at < within.end && *left > 0 {
        *left -= 1;
        let Some((id, body)) = element(from, at, within.end)? else { return Ok(()) };
        at = body.end;
        if !look(from, id, body, left)? {
            return Ok(());
        }
    }
    Ok(())
}

/// The element that begins here: its number, and where its body is. One of unknown size goes to the end.
fn element<R: Read + Seek>(from: &mut R, at: u64, end: u64) -> io::Result<Option<(u32, Range<u64>)>> {
    let head = bytes(from, &(at..end.min(at + 12)))?;
    let id_len = head.first().map_or(9, |first| first.leading_zeros() as usize + 1);
    let size_len = head.get(id_len).map_or(9, |first| first.leading_zeros() as usize + 1);
    let (Some(id), Some(size)) = (head.get(..id_len), head.get(id_len..id_len + size_len)) else {
        return Ok(None);
    };
    if id_len > 4 || size_len > 8 {
        return Ok(None);
    }
    let unmarked = u64::MAX >> (64 - 7 * size_len);
    let size = big_endian(size) & unmarked;
    let begin = at + (id_len + size_len) as u64;
    let body_end = if size == unmarked { Some(end) } else { begin.checked_add(size) };
    let id = big_endian(id) as u32;
    Ok(body_end.filter(|body_end| *body_end <= end).map(|body_end| (id, begin..body_end)))
}

fn bytes<R: Read + Seek>(from: &mut R, range: &Range<u64>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.seek(SeekFrom::Start(range.start))?;
    from.take(range.end - range.start).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn number<R: Read + Seek>(from: &mut R, body: &Range<u64>) -> io::Result<u64> {
    if body.end - body.start > 8 {
        return Ok(0);
    }
    Ok(big_endian(&bytes(from, body)?))
}

fn float<R: Read + Seek>(from: &mut R, body: &Range<u64>) -> io::Result<f64> {
    let raw = number(from, body)?;
    Ok(match body.end - body.start {
        4 => f32::from_bits(raw as u32).into(),
        8 => f64::from_bits(raw),
        _ => 0.0,
    })
}

fn text<R: Read + Seek>(from: &mut R, body: &Range<u64>) -> io::Result<String> {
    let raw = bytes(from, &(body.start..body.end.min(body.start + MOST_TEXT)))?;
    let raw = raw.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(raw).into_owned())
}
