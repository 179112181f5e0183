//! Which rows are shown: [`Filter`].

use super::entry::{Entry, Kind};

/// What a row must have to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Filter {
    /// A part of the name. With a capital letter in it, case counts ("smart case"). Empty: all.
    pub text: String,
    /// Whether hidden rows are left out: a leading dot, or the marker of the directory itself.
    pub skip_hidden: bool,
}

impl Filter {
    /// Whether this row is shown.
    pub fn shows(&self, entry: &Entry) -> bool {
        !(self.skip_hidden && is_hidden(entry)) && has_part(entry.name.as_bytes(), &self.text)
    }
}

/// Whether the row is one that people rarely want to see: its name begins with a dot, or it is the
/// zero-byte object that only marks its directory.
pub fn is_hidden(entry: &Entry) -> bool {
    let marker = entry.kind == Kind::File && entry.name.is_empty() && entry.size.unwrap_or(0) == 0;
    marker || entry.name.is_hidden()
}

/// Whether the name has this part, by smart case.
pub fn has_part(name: &[u8], part: &str) -> bool {
    search(name, part, windows_any, |name, part| name.contains(part))
}

/// Whether the name begins so, by smart case.
pub fn begins_with(name: &[u8], part: &str) -> bool {
    search(
        name,
        part,
        |name, part| name.len() >= part.len() && same(&name[..part.len()], part),
        |name, part| name.starts_with(part),
    )
}

/// A part without capitals is lower case already, so only the name needs folding.
fn search(
    name: &[u8],
    part: &str,
    ascii: impl Fn(&[u8], &[u8]) -> bool,
    text: impl Fn(&str, &str) -> bool,
) -> bool {
    if part.is_empty() {
        return true;
    }
    if part.chars().any(char::is_uppercase) {
        return text(&String::from_utf8_lossy(name), part);
    }
    if name.is_ascii() {
        return ascii(name, part.as_bytes());
    }
    text(&String::from_utf8_lossy(name).to_lowercase(), part)
}

fn windows_any(name: &[u8], part: &[u8]) -> bool {
    name.windows(part.len()).any(|window| same(window, part))
}

fn same(name: &[u8], part: &[u8]) -> bool {
    name.eq_ignore_ascii_case(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_counts_only_with_a_capital() {
        assert!(has_part(b"ReadMe.md", "readme"));
        assert!(has_part(b"ReadMe.md", "Me."));
        assert!(!has_part(b"readme.md", "Me."));
        assert!(has_part("ÄRGER".as_bytes(), "ärg"));
        assert!(!has_part(b"", "x"));
        assert!(has_part(b"\xff\xfe", ""));
    }

    #[test]
    fn begins_by_whole_letters() {
        assert!(begins_with(b"Makefile", "make"));
        assert!(!begins_with(b"Makefile", "make file and more"));
        assert!(!begins_with(b"a make", "make"));
    }

    #[test]
    fn an_empty_marker_is_hidden_and_a_full_one_is_not() {
        let mut marker = Entry::new("".into(), Kind::File);
        assert!(is_hidden(&marker));
        marker.size = Some(3);
        assert!(!is_hidden(&marker));
        assert!(!is_hidden(&Entry::new("".into(), Kind::Dir)));
        assert!(is_hidden(&Entry::new(".git".into(), Kind::Dir)));
    }
}
