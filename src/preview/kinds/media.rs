//! Sounds and films: what they tell of themselves, without a decoder.
//!
//! A packed frame of a tag isn't unpacked: the library would do so without a bound, so its feature for that is
//! off, and it refuses such tags.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use lofty::config::ParseOptions;
use lofty::error::LoftyError;
use lofty::file::{AudioFile, TaggedFile, TaggedFileExt};
use lofty::probe::Probe;
use lofty::tag::Accessor;

use super::input::Input;
use super::lines::{fact, heading, plain, size, span};
use super::matroska::{is_matroska, reel};
use crate::model::{Ink, Piece, StyledLine};
use crate::preview::{Document, Shape};

/// The most boxes of an MPEG-4 file that are looked at.
const MOST_BOXES: u32 = 2_000;

pub fn render(input: &Input, _: &Shape) -> io::Result<Document> {
    let head = input.head(512)?;
    if is_matroska(&head) {
        let reel = reel(&mut input.again(0))?;
        return Ok(told(input, &plain(&reel.container).text, reel.lines()));
    }
    let film = film(&mut input.again(0)).unwrap_or_default();
    let mut lines = Vec::new();
    match sound(input) {
        Ok((sound, untold)) => {
            let kind = format!("{:?}", sound.file_type());
            facts(&sound, &kind, &film, &mut lines);
            let document = told(input, &kind, lines);
            Ok(Document { warning: document.warning.or(untold), ..document })
        }
        Err(error) if film.is_none() => unknown(input, &head, &error),
        Err(_) => {
            film.facts(&mut lines);
            Ok(told(input, "film", lines))
        }
    }
}

fn told(input: &Input, kind: &str, lines: Vec<StyledLine>) -> Document {
    let about = format!("{kind} · {}", size(input.len()));
    Document { lines, about, warning: input.bounds().breach(), ..Document::default() }
}

/// What is known of a sound or a film whose inside isn't read here.
fn unknown(input: &Input, head: &[u8], error: &LoftyError) -> io::Result<Document> {
    let mime = infer::get(head).map(|kind| kind.mime_type());
    let Some(mime) = mime.filter(|mime| mime.starts_with("audio/") || mime.starts_with("video/")) else {
        let why = format!("no known sound or film: {error}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    };
    let none = StyledLine::of(Piece::inked("No details of this kind are read here.", Ink::Dim));
    Ok(told(input, mime, vec![heading("Media"), fact("kind", mime), none]))
}

/// A sound, and what isn't told of it: where its tags can't be read, it is read without them.
fn sound(input: &Input) -> Result<(TaggedFile, Option<String>), LoftyError> {
    let error = match sound_as(input, true) {
        Ok(sound) => return Ok((sound, None)),
        Err(error) => error,
    };
    let why = format!("its tags can't be read: {error}");
    sound_as(input, false).map(|sound| (sound, Some(why))).map_err(|_| error)
}

fn sound_as(input: &Input, tags: bool) -> Result<TaggedFile, LoftyError> {
    let options = ParseOptions::new().read_cover_art(false).read_tags(tags);
    Probe::new(BufReader::new(input.again(0))).options(options).guess_file_type()?.read()
}

fn facts(sound: &TaggedFile, kind: &str, film: &Film, lines: &mut Vec<StyledLine>) {
    lines.push(heading("Media"));
    lines.push(fact("codec", kind));
    let told = sound.properties();
    let seconds = told.duration().as_secs();
    if seconds > 0 {
        lines.push(fact("duration", &span(seconds)));
    }
    film.sides(lines);
    let rate = told.audio_bitrate().or(told.overall_bitrate()).filter(|rate| *rate > 0);
    let numbers = [
        ("bitrate", rate.map(|rate| format!("{rate} kbit/s"))),
        ("sample rate", told.sample_rate().map(|rate| format!("{rate} Hz"))),
        ("channels", told.channels().map(|channels| channels.to_string())),
        ("bit depth", told.bit_depth().map(|bits| bits.to_string())),
    ];
    lines.extend(numbers.iter().filter_map(|(name, value)| value.as_ref().map(|value| fact(name, value))));
    let Some(tag) = sound.primary_tag().or_else(|| sound.first_tag()) else { return };
    let texts = [
        ("title", tag.title()),
        ("artist", tag.artist()),
        ("album", tag.album()),
        ("genre", tag.genre()),
        ("comment", tag.comment()),
    ];
    let texts: Vec<_> = texts.into_iter().filter_map(|(name, text)| text.map(|text| (name, text))).collect();
    if texts.is_empty() {
        return;
    }
    lines.extend([StyledLine::default(), heading("Tags")]);
    for (name, text) in texts {
        let text: String = text.chars().take(500).collect();
        lines.push(fact(name, &text));
    }
    if let Some(track) = tag.track() {
        lines.push(fact("track", &track.to_string()));
    }
}

/// What the boxes of an MPEG-4 film tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Film {
    pub seconds: Option<u64>,
    pub sides: Option<(u32, u32)>,
}

impl Film {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn sides(&self, lines: &mut Vec<StyledLine>) {
        if let Some((width, height)) = self.sides {
            lines.push(fact("picture", &format!("{width} × {height}")));
        }
    }

    fn facts(&self, lines: &mut Vec<StyledLine>) {
        lines.push(heading("Media"));
        if let Some(seconds) = self.seconds {
            lines.push(fact("duration", &span(seconds)));
        }
        self.sides(lines);
    }
}

/// Walks the boxes of an MPEG-4 film to those that tell its length and its sides.
pub(super) fn film<R: Read + Seek>(from: &mut R) -> io::Result<Film> {
    let end = from.seek(SeekFrom::End(0))?;
    let mut film = Film::default();
    let mut ends = vec![end];
    let (mut at, mut left) = (0, MOST_BOXES);
    while let Some(end) = ends.last().copied() {
        if at + 8 > end {
            ends.pop();
            at = end;
            continue;
        }
        left -= 1;
        let Some((name, body, next)) = box_at(from, at, end)? else { break };
        if left == 0 || (at == 0 && &name != b"ftyp") {
            break;
        }
        match &name {
            b"moov" | b"trak" if ends.len() < 4 => {
                ends.push(next);
                at = body;
                continue;
            }
            b"mvhd" => film.seconds = duration(&bytes::<32, _>(from, body)?),
            b"tkhd" => film.sides = film.sides.or(sides(&bytes::<96, _>(from, body)?)),
            _ => {}
        }
        at = next;
    }
    Ok(film)
}

/// The box that begins here: its name, where its body begins, and where it ends.
fn box_at<R: Read + Seek>(from: &mut R, at: u64, end: u64) -> io::Result<Option<([u8; 4], u64, u64)>> {
    let head = bytes::<16, _>(from, at)?;
    let name = [head[4], head[5], head[6], head[7]];
    let (len, skip) = match u32::from_be_bytes([head[0], head[1], head[2], head[3]]) {
        0 => (end - at, 8),
        1 => (u64::from_be_bytes(std::array::from_fn(|n| head[8 + n])), 16),
        len => (len.into(), 8),
    };
    let next = at.checked_add(len).filter(|next| len >= skip && *next <= end);
    Ok(next.map(|next| (name, at + skip, next)))
}

/// So many bytes from here; zeros after the end.
fn bytes<const N: usize, R: Read + Seek>(from: &mut R, at: u64) -> io::Result<[u8; N]> {
    let mut bytes = Vec::with_capacity(N);
    from.seek(SeekFrom::Start(at))?;
    from.take(N as u64).read_to_end(&mut bytes)?;
    Ok(std::array::from_fn(|n| bytes.get(n).copied().unwrap_or(0)))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(std::array::from_fn(|n| bytes[at + n]))
}

fn duration(header: &[u8; 32]) -> Option<u64> {
    let (scale, length) = if header[0] == 1 {
        (word(header, 20), u64::from(word(header, 24)) << 32 | u64::from(word(header, 28)))
    } else {
        (word(header, 12), word(header, 16).into())
    };
    length.checked_div(scale.into())
}

/// The sides of a track's picture, in whole pixels; a sound has none.
fn sides(header: &[u8; 96]) -> Option<(u32, u32)> {
    let at = if header[0] == 1 { 88 } else { 76 };
    let sides = (word(header, at) >> 16, word(header, at + 4) >> 16);
    (sides.0 > 0 && sides.1 > 0).then_some(sides)
}
