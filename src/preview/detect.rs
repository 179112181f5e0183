//! Of which kind a file is, by its name and its first bytes: [`guess`].

use crate::model::ViewKind;

/// What a file seems to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// How it is best shown.
    pub kind: ViewKind,
    /// All ways that make sense, the best first; text and hex are always among them.
    pub kinds: Vec<ViewKind>,
    /// Whether the bytes are packed, so that text is shown unpacked.
    pub packed: Option<Packed>,
}

/// How a single file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packed {
    /// By gzip.
    Gzip,
    /// By zstd.
    Zstd,
}

impl Packed {
    /// What these first bytes tell.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Names that say what a text is.
const BY_NAME: [(&str, ViewKind); 14] = [
    (".md", ViewKind::Markdown),
    (".markdown", ViewKind::Markdown),
    (".mkd", ViewKind::Markdown),
    (".json", ViewKind::Json),
    (".geojson", ViewKind::Json),
    (".ipynb", ViewKind::Json),
    (".webmanifest", ViewKind::Json),
    (".jsonl", ViewKind::JsonLines),
    (".ndjson", ViewKind::JsonLines),
    (".geojsonl", ViewKind::JsonLines),
    (".csv", ViewKind::Table),
    (".tsv", ViewKind::Table),
    (".tab", ViewKind::Table),
    (".psv", ViewKind::Table),
];

/// Names of archives whose first bytes may tell only how they are packed.
const ARCHIVES: [&str; 5] = [".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar"];

/// The kind of a file of this name that begins with these bytes.
pub fn guess(name: &[u8], head: &[u8]) -> Guess {
    let name = String::from_utf8_lossy(name).to_lowercase();
    let packed = Packed::of(head);
    if head.is_empty() {
        // Whatever its name promises: nothing is damaged about it.
        return Guess { kind: ViewKind::Text, kinds: vec![ViewKind::Text, ViewKind::Hex], packed };
    }
    if let Some(kind) = by_magic(&name, head) {
        return Guess { kind, kinds: with_both(kind, ViewKind::Hex), packed };
    }
    if packed.is_some() {
        return Guess { kind: ViewKind::Text, kinds: vec![ViewKind::Text, ViewKind::Hex], packed };
    }
    if is_binary(head) {
        return Guess { kind: ViewKind::Hex, kinds: vec![ViewKind::Hex, ViewKind::Text], packed };
    }
    let kind = BY_NAME.iter().find(|(end, _)| name.ends_with(end)).map_or(ViewKind::Text, |(_, kind)| *kind);
    let mut kinds = with_both(kind, ViewKind::Text);
    if kind == ViewKind::Text && matches!(head.trim_ascii_start(), [b'{' | b'[', ..]) {
        kinds.extend([ViewKind::Json, ViewKind::JsonLines]);
    }
    Guess { kind, kinds, packed }
}

impl Guess {
    /// Takes in what the bytes are once they are unpacked: an archive, or no text.
    pub fn refine(&mut self, name: &[u8], head: &[u8]) {
        match guess(name, head).kind {
            ViewKind::Archive => self.prefer(ViewKind::Archive),
            ViewKind::Text | ViewKind::Markdown | ViewKind::Json | ViewKind::JsonLines | ViewKind::Table => {}
            _ => self.prefer(ViewKind::Hex),
        }
    }

    fn prefer(&mut self, kind: ViewKind) {
        self.kind = kind;
        self.kinds.retain(|it| *it != kind);
        self.kinds.insert(0, kind);
    }
}

/// This kind, then text and hex, `first` of them first.
fn with_both(kind: ViewKind, first: ViewKind) -> Vec<ViewKind> {
    let second = if first == ViewKind::Text { ViewKind::Hex } else { ViewKind::Text };
    let mut kinds = vec![kind];
    kinds.extend([first, second].into_iter().filter(|it| *it != kind));
    match kind {
        ViewKind::Json => kinds.push(ViewKind::JsonLines),
        ViewKind::JsonLines => kinds.push(ViewKind::Json),
        _ => {}
    }
    kinds
}

fn by_magic(name: &str, head: &[u8]) -> Option<ViewKind> {
    if head.starts_with(b"PAR1") {
        return Some(ViewKind::Parquet);
    }
    let is_tar = head.get(257..262) == Some(b"ustar");
    let packed_tar = Packed::of(head).is_some() && ARCHIVES.iter().any(|end| name.ends_with(end));
    if is_tar || packed_tar || is_zip(head) {
        return Some(ViewKind::Archive);
    }
    match infer::get(head)?.mime_type() {
        "image/png"
        | "image/jpeg"
        | "image/gif"
        | "image/webp"
        | "image/bmp"
        | "image/tiff"
        | "image/vnd.microsoft.icon" => Some(ViewKind::Image),
        "application/pdf" => Some(ViewKind::Pdf),
        mime if mime.starts_with("audio/") || mime.starts_with("video/") => Some(ViewKind::Media),
        _ => None,
    }
}

/// Documents of many offices are zip archives, too, and so are jars.
fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// Whether these bytes are no text: zeros that no UTF-16 has, or many control characters.
fn is_binary(head: &[u8]) -> bool {
    if encoding_rs::Encoding::for_bom(head).is_some() || super::charset::Charset::detect(head).unit() == 2 {
        return false;
    }
    let odd = |byte: &&u8| matches!(byte, 0..=6 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    head.contains(&0) || head.iter().filter(odd).count() * 10 > head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_first_bytes_tell_the_kind() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        let wide: Vec<u8> = "some words\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let numbers: Vec<u8> = (0..64u16).flat_map(|at| (at % 8 + 2).to_le_bytes()).collect();
        for (name, head, kind) in [
            ("a.txt", &b"words"[..], ViewKind::Text),
            ("a", b"", ViewKind::Text),
            ("a.json", b"", ViewKind::Text),
            ("a.csv", b"", ViewKind::Text),
            ("README.MD", b"# x", ViewKind::Markdown),
            ("a.json", b"{}", ViewKind::Json),
            ("a.ndjson", b"{}\n{}", ViewKind::JsonLines),
            ("a.csv", b"a,b", ViewKind::Table),
            ("a.json", b"\0\x01\x02", ViewKind::Hex),
            ("numbers", &numbers, ViewKind::Hex),
            ("a.parquet", b"PAR1\x15\0", ViewKind::Parquet),
            ("a.txt", png, ViewKind::Image),
            ("a", b"%PDF-1.7", ViewKind::Pdf),
            ("a.docx", b"PK\x03\x04....", ViewKind::Archive),
            ("a", &tar, ViewKind::Archive),
            ("a.tar.gz", b"\x1f\x8b\x08\0", ViewKind::Archive),
            ("a.log.gz", b"\x1f\x8b\x08\0", ViewKind::Text),
            ("a.mp3", b"ID3\x03\0", ViewKind::Media),
            ("colours.log", b"\x1b[31mred\x1b[0m and more words", ViewKind::Text),
            ("wide.txt", &wide, ViewKind::Text),
        ] {
            let guess = guess(name.as_bytes(), head);
            assert_eq!(guess.kind, kind, "{name}");
            assert_eq!(guess.kinds[0], kind, "{name}");
            for always in [ViewKind::Text, ViewKind::Hex] {
                assert_eq!(guess.kinds.iter().filter(|it| **it == always).count(), 1, "{name}");
            }
        }
    }
}
