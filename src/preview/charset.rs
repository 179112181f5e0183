//! Which encoding bytes are text in, and that text: [`Charset`], [`Decoded`].

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::{memchr, memchr_iter, memrchr};

/// The encodings that a person goes through by hand.
const TURN: [&Encoding; 12] = [
    UTF_8,
    encoding_rs::WINDOWS_1252,
    encoding_rs::ISO_8859_2,
    encoding_rs::WINDOWS_1251,
    encoding_rs::KOI8_R,
    encoding_rs::IBM866,
    encoding_rs::SHIFT_JIS,
    encoding_rs::EUC_JP,
    encoding_rs::GB18030,
    encoding_rs::EUC_KR,
    UTF_16LE,
    UTF_16BE,
];

/// How bytes are read as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset {
    encoding: &'static Encoding,
    /// The bytes of a mark at the beginning, which are no text.
    pub skip: u64,
    marked: Option<&'static Encoding>,
}

/// Text, and where in it bytes stood that are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The text, with U+FFFD for each bad byte. Not escaped.
    pub text: String,
    /// Where in `text` each bad byte is, and which it was, where the encoding tells.
    pub bad: Vec<(usize, u8)>,
}

impl Charset {
    /// The encoding that the first bytes of a file show: by its mark, its zeros, its validity, its habits.
    pub fn detect(head: &[u8]) -> Self {
        if let Some((encoding, skip)) = Encoding::for_bom(head) {
            return Self { encoding, skip: skip as u64, marked: Some(encoding) };
        }
        let encoding = wide(head).or_else(|| utf8(head)).unwrap_or_else(|| legacy(head));
        Self { encoding, skip: 0, marked: None }
    }

    /// UTF-8 without a mark.
    pub fn utf8() -> Self {
        Self { encoding: UTF_8, skip: 0, marked: None }
    }

    /// The next encoding to try by hand. The mark is text for those that it doesn't belong to.
    #[must_use]
    pub fn next(self) -> Self {
        let at = TURN.iter().position(|it| *it == self.encoding);
        let encoding = TURN[at.map_or(0, |at| (at + 1) % TURN.len())];
        let skip = match self.marked {
            Some(marked) if marked == encoding => {
                if encoding == UTF_8 {
                    3
                } else {
                    2
                }
            }
            _ => 0,
        };
        Self { encoding, skip, ..self }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.encoding.name()
    }

    /// Whether it is UTF-8, so that bytes can be searched as they are.
    pub fn is_utf8(self) -> bool {
        self.encoding == UTF_8
    }

    /// The bytes of a line's end.
    pub fn unit(self) -> usize {
        if self.is_wide() { 2 } else { 1 }
    }

    fn is_wide(self) -> bool {
        self.encoding == UTF_16LE || self.encoding == UTF_16BE
    }

    /// Where the first line ends in bytes that begin with a whole unit.
    pub fn find(self, bytes: &[u8]) -> Option<usize> {
        if !self.is_wide() {
            return memchr(b'\n', bytes);
        }
        bytes.chunks_exact(2).position(|unit| self.is_newline(unit)).map(|at| at * 2)
    }

    /// Where the last line begins to end.
    pub fn rfind(self, bytes: &[u8]) -> Option<usize> {
        if !self.is_wide() {
            return memrchr(b'\n', bytes);
        }
        bytes.chunks_exact(2).rposition(|unit| self.is_newline(unit)).map(|at| at * 2)
    }

    /// How many lines end in these bytes.
    pub fn count(self, bytes: &[u8]) -> u64 {
        if !self.is_wide() {
            return memchr_iter(b'\n', bytes).count() as u64;
        }
        bytes.chunks_exact(2).filter(|unit| self.is_newline(unit)).count() as u64
    }

    /// Whether this unit ends a line.
    pub fn is_newline(self, unit: &[u8]) -> bool {
        match unit {
            [b'\n'] => true,
            [b'\n', 0] => self.encoding == UTF_16LE,
            [0, b'\n'] => self.encoding == UTF_16BE,
            _ => false,
        }
    }

    /// The bytes of a line without its end.
    pub fn trim(self, line: &[u8]) -> &[u8] {
        let unit = self.unit();
        let Some(rest) = line.len().checked_sub(unit) else { return line };
        if !self.is_newline(&line[rest..]) {
            return line;
        }
        let line = &line[..rest];
        let returns: &[u8] = match self.encoding {
            it if it == UTF_16LE => b"\r\0",
            it if it == UTF_16BE => b"\0\r",
            _ => b"\r",
        };
        line.strip_suffix(returns).unwrap_or(line)
    }

    /// How far behind an arbitrary place a character begins, by the bytes from there on: at most 3.
    pub fn cut(self, bytes: &[u8]) -> usize {
        if self.is_utf8() {
            return bytes.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
        }
        let high = match bytes {
            [first, second, ..] if self.is_wide() => {
                if self.encoding == UTF_16LE {
                    *second
                } else {
                    *first
                }
            }
            _ => 0,
        };
        if (0xdc..0xe0).contains(&high) { 2 } else { 0 }
    }

    /// Where in these bytes the character begins that is at `place` in their text.
    pub fn place(self, bytes: &[u8], place: usize) -> usize {
        let mut decoder = self.encoding.new_decoder_without_bom_handling();
        let (mut at, mut written, mut room) = (0, 0, [0; 1024]);
        while at < bytes.len() && written < place {
            // Byte by byte only near the place: a byte never becomes more than three.
            let step = if place - written > 3 * 256 { 256.min(bytes.len() - at) } else { 1 };
            let (_, _, more, _) = decoder.decode_to_utf8(&bytes[at..at + step], &mut room, false);
            written += more;
            at += step;
        }
        at
    }

    /// The text of these bytes.
    pub fn decode(self, bytes: &[u8]) -> Decoded {
        if !self.is_utf8() {
            let (text, _) = self.encoding.decode_without_bom_handling(bytes);
            return Decoded { text: text.into_owned(), bad: Vec::new() };
        }
        let mut decoded = Decoded { text: String::with_capacity(bytes.len()), bad: Vec::new() };
        for chunk in bytes.utf8_chunks() {
            decoded.text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                decoded.bad.push((decoded.text.len(), *byte));
                decoded.text.push('\u{fffd}');
            }
        }
        decoded
    }
}

/// UTF-16 without a mark: where most characters are Latin, every other byte is zero.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    let head = &head[..head.len().min(4096) & !1];
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, most) = (zeros(0), zeros(1), head.len() / 2);
    match most {
        0..4 => None,
        _ if head.chunks_exact(2).filter(|unit| is_odd(unit)).count() * 10 > most => None,
        _ if odd * 10 >= most * 7 && even * 20 <= most => Some(UTF_16LE),
        _ if even * 10 >= most * 7 && odd * 20 <= most => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether a unit is a control character that texts don't have, in either order of bytes.
fn is_odd(unit: &[u8]) -> bool {
    unit.contains(&0) && !unit.iter().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..))
}

/// UTF-8, also with a little damage, and cut anywhere.
fn utf8(head: &[u8]) -> Option<&'static Encoding> {
    let (mut good, mut bad) = (0, 0);
    for chunk in head.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    let cut = std::str::from_utf8(head).is_err_and(|error| error.error_len().is_none());
    let bad = bad - usize::from(cut && bad == 1);
    (bad == 0 || good > bad * 4).then_some(UTF_8)
}

fn legacy(head: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(head, false);
    detector.guess(None, Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_is_known_by_its_bytes() {
        let russian = "Съешь ещё этих мягких французских булок, да выпей чаю. ".repeat(8);
        let (koi, _, _) = encoding_rs::KOI8_R.encode(&russian);
        let (sjis, _, _) =
            encoding_rs::SHIFT_JIS.encode("これは日本語のテキストです。文字コードを調べます。");
        let wide: Vec<u8> = "plain words\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, name, skip) in [
            (&b"plain"[..], "UTF-8", 0),
            (b"", "UTF-8", 0),
            ("na\u{ef}ve".as_bytes(), "UTF-8", 0),
            (&"na\u{ef}ve".as_bytes()[..3], "UTF-8", 0),
            (b"\xef\xbb\xbfmarked", "UTF-8", 3),
            (b"\xff\xfea\0", "UTF-16LE", 2),
            (b"\xfe\xff\0a", "UTF-16BE", 2),
            (&wide, "UTF-16LE", 0),
            (&koi, "KOI8-U", 0),
            (&sjis, "Shift_JIS", 0),
            (b"un caf\xe9 tr\xe8s serr\xe9", "windows-1252", 0),
            ("ä ö ü ß € é à ñ \u{1f44d}".repeat(3).as_bytes(), "UTF-8", 0),
            (&["ä ö ü ß € é à ñ".as_bytes(), b"\xff"].concat(), "UTF-8", 0),
        ] {
            let found = Charset::detect(bytes);
            assert_eq!((found.name(), found.skip), (name, skip), "{bytes:?}");
        }
    }

    #[test]
    fn a_place_in_the_text_is_one_in_the_bytes() {
        let text = "aя日b👍ﾊé";
        for (label, sizes) in [
            ("shift_jis", &[1, 2, 2, 1][..]),
            ("utf-16le", &[2, 2, 2, 2, 4, 2, 2]),
            ("utf-16be", &[2, 2, 2, 2, 4, 2, 2]),
            ("gb18030", &[1, 2, 2, 1, 4, 4, 2]),
        ] {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let charset = Charset { encoding, skip: 0, marked: None };
            let part: String = text.chars().take(sizes.len()).collect();
            let bytes: Vec<u8> = match label {
                "utf-16le" => part.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                "utf-16be" => part.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                _ => encoding.encode(&part).0.into_owned(),
            };
            let mut begin = 0;
            for ((at, c), size) in part.char_indices().zip(sizes) {
                assert_eq!(charset.place(&bytes, at), begin, "{c} in {label}");
                begin += size;
            }
            assert_eq!((charset.place(&bytes, part.len()), begin), (bytes.len(), bytes.len()), "{label}");
        }
    }

    #[test]
    fn bad_bytes_are_told() {
        let decoded = Charset::utf8().decode(b"a\xffb\xc3");
        assert_eq!(decoded, Decoded { text: "a\u{fffd}b\u{fffd}".into(), bad: vec![(1, 0xff), (5, 0xc3)] });
    }

    #[test]
    fn a_turn_comes_back_and_keeps_its_mark() {
        let marked = Charset::detect(b"\xef\xbb\xbfx");
        let mut now = marked.next();
        assert_eq!((now.name(), now.skip), ("windows-1252", 0));
        for _ in 1..TURN.len() {
            now = now.next();
        }
        assert_eq!(now, marked);
    }

    #[test]
    fn the_end_of_a_line_is_no_text() {
        assert_eq!(Charset::utf8().trim(b"ab\r\n"), b"ab");
        assert_eq!(Charset::utf8().trim(b"ab\r"), b"ab\r");
        let wide = Charset::detect(b"\xff\xfe");
        assert_eq!(wide.trim(b"a\0\r\0\n\0"), b"a\0");
        assert_eq!(wide.find(b"\n\n\n\0"), Some(2));
    }
}
