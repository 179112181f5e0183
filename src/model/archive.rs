//! Archives as directories: which files are some, and where a thing inside one is: [`ArchiveUri`].
//!
//! The text of such a location is that of the archive, `!/`, and the path inside: `~/x.zip!/docs/a.txt`. A
//! text is read so at the first `!/` (or a `!` that ends it) that follows the ending of an archive's name. A
//! real name that looks so is written with one `!` more: `x.zip!!/a` is `a` in the directory `x.zip!`. There
//! are no archives inside archives.
//!
//! Whoever has a row can ask [`ArchiveKind::of`] whether its name is that of an archive, and
//! [`super::Uri::entered`] for the location of what is in it.

use std::sync::Arc;

use super::{ErrorKind, Op, Uri, VfsError};

/// What an archive is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ArchiveKind {
    /// A zip file, or what is one by another name.
    Zip,
    /// A tar file.
    Tar,
    /// A tar file packed by gzip.
    TarGz,
    /// A tar file packed by zstd.
    TarZst,
}

/// The endings of the names of archives, in lower case.
const ENDINGS: [(&[u8], ArchiveKind); 12] = [
    (b".zip", ArchiveKind::Zip),
    (b".jar", ArchiveKind::Zip),
    (b".whl", ArchiveKind::Zip),
    (b".apk", ArchiveKind::Zip),
    (b".epub", ArchiveKind::Zip),
    (b".cbz", ArchiveKind::Zip),
    (b".tar", ArchiveKind::Tar),
    (b".tar.gz", ArchiveKind::TarGz),
    (b".tgz", ArchiveKind::TarGz),
    (b".tar.zst", ArchiveKind::TarZst),
    (b".tar.zstd", ArchiveKind::TarZst),
    (b".tzst", ArchiveKind::TarZst),
];

/// Up to how many bytes an archive that is read whole is fetched from a service without asking.
pub const MOST_UNASKED: u64 = 64 << 20;

const READ_ONLY: &str = "archives are only read here, so nothing was changed";
const WRITES_ELSEWHERE: &str = "choose a directory outside of it, and pack it anew with another program";
const CHANGES_ELSEWHERE: &str = "copy what you need out of it, change that, and pack it anew";

impl ArchiveKind {
    /// What a file of this name is; `None` where it is no archive.
    pub fn of(name: &[u8]) -> Option<Self> {
        let longest = name.len().min(10);
        let end = name[name.len() - longest..].to_ascii_lowercase();
        let named = |ending: &&(&[u8], Self)| end.ends_with(ending.0) && name.len() > ending.0.len();
        ENDINGS.iter().find(named).map(|ending| ending.1)
    }

    /// Whether what is in it is known only once all of it was read.
    pub fn is_read_whole(self) -> bool {
        matches!(self, Self::TarGz | Self::TarZst)
    }
}

/// A place inside an archive.
///
/// As on S3 a directory's path ends in `/` and a file's doesn't; the root is the empty path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArchiveUri {
    /// The archive itself.
    pub outer: Arc<Uri>,
    /// The path inside, byte for byte.
    pub inner: Arc<[u8]>,
}

impl ArchiveUri {
    /// A place inside an archive.
    pub fn new(outer: Uri, inner: &[u8]) -> Self {
        Self { outer: Arc::new(outer), inner: inner.into() }
    }

    /// The same archive, another path in it.
    #[must_use]
    pub fn at(&self, inner: &[u8]) -> Self {
        Self { outer: self.outer.clone(), inner: inner.into() }
    }

    /// Whether this is the archive's root.
    pub fn is_root(&self) -> bool {
        self.inner.is_empty()
    }

    /// Whether this is shaped like a directory: the root, or a path ending in `/`.
    pub fn is_dir_shaped(&self) -> bool {
        self.inner.last().is_none_or(|last| *last == b'/')
    }

    /// The same place as a directory.
    #[must_use]
    pub fn as_dir(&self) -> Self {
        if self.is_dir_shaped() { self.clone() } else { self.at(&[&self.inner, &b"/"[..]].concat()) }
    }

    /// That nothing in an archive is changed: what was tried here, and what to do instead.
    pub fn refusal(&self, op: Op) -> VfsError {
        let error = VfsError::new(op, Uri::Archive(self.clone()), ErrorKind::ReadOnly, READ_ONLY);
        error.with_hint(match op {
            Op::Write | Op::Create | Op::Mkdir | Op::Copy => WRITES_ELSEWHERE,
            _ => CHANGES_ELSEWHERE,
        })
    }

    /// The path of the directory that holds this, and its last name.
    pub fn split(&self) -> (&[u8], &[u8]) {
        let body = self.inner.strip_suffix(b"/").unwrap_or(&self.inner);
        match body.iter().rposition(|byte| *byte == b'/') {
            Some(at) => (&body[..=at], &body[at + 1..]),
            None => (b"", body),
        }
    }
}

/// How a text that was typed goes into an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// It doesn't; here is the text without what was written to say so.
    Plain(Vec<u8>),
    /// The archive's own text, and the path inside.
    Into(Vec<u8>, Vec<u8>),
}

/// Takes a text apart where it goes into an archive.
pub(super) fn split(text: &[u8]) -> Split {
    let mut outer = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'!') {
        outer.extend_from_slice(&rest[..at]);
        let bangs = rest[at..].iter().take_while(|byte| **byte == b'!').count();
        let after = &rest[at + bangs..];
        let enters = is_archive_path(&outer) && (after.is_empty() || after[0] == b'/');
        if enters && bangs == 1 {
            return Split::Into(outer, after.get(1..).unwrap_or_default().to_vec());
        }
        let written = if enters { bangs - 1 } else { bangs };
        outer.extend(std::iter::repeat_n(b'!', written));
        rest = after;
    }
    outer.extend_from_slice(rest);
    Split::Plain(outer)
}

/// The text with one `!` more wherever it would be read as going into an archive.
pub(super) fn guard(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 1);
    let mut rest = text;
    let mut seen = 0;
    while let Some(at) = rest.iter().position(|byte| *byte == b'!') {
        out.extend_from_slice(&rest[..at]);
        seen += at;
        let enters = is_archive_path(&text[..seen]);
        let bangs = rest[at..].iter().take_while(|byte| **byte == b'!').count();
        out.extend_from_slice(&rest[at..at + bangs]);
        rest = &rest[at + bangs..];
        seen += bangs;
        if enters && (rest.is_empty() || rest[0] == b'/') {
            out.push(b'!');
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Whether the last name of a path is that of an archive.
fn is_archive_path(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    ArchiveKind::of(name).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn into(outer: &str, inner: &str) -> Split {
        Split::Into(outer.into(), inner.into())
    }

    #[test]
    fn a_text_goes_into_the_first_archive_on_its_way() {
        assert_eq!(split(b"x.zip!/a/b"), into("x.zip", "a/b"));
        assert_eq!(split(b"x.zip!"), into("x.zip", ""));
        assert_eq!(split(b"s3://b/d/x.TAR.GZ!/"), into("s3://b/d/x.TAR.GZ", ""));
        assert_eq!(split(b"x.zip!/y.zip!/z"), into("x.zip", "y.zip!/z"));
        assert_eq!(split(b"x.zip!//etc"), into("x.zip", "/etc"));
        assert_eq!(split(b"x.txt!/a"), Split::Plain(b"x.txt!/a".to_vec()));
        assert_eq!(split(b".zip!/a"), Split::Plain(b".zip!/a".to_vec()));
        assert_eq!(split(b"x.zip!a"), Split::Plain(b"x.zip!a".to_vec()));
        assert_eq!(split(b"x.zip!!/a"), Split::Plain(b"x.zip!/a".to_vec()));
        assert_eq!(split(b"x.zip!!!"), Split::Plain(b"x.zip!!".to_vec()));
    }

    #[test]
    fn names_tell_archives() {
        for (name, kind) in [
            ("a.zip", Some(ArchiveKind::Zip)),
            ("A.JAR", Some(ArchiveKind::Zip)),
            ("a.tar.gz", Some(ArchiveKind::TarGz)),
            ("a.tar.zst", Some(ArchiveKind::TarZst)),
            ("a.gz", None),
            (".zip", None),
            ("zip", None),
            ("", None),
        ] {
            assert_eq!(ArchiveKind::of(name.as_bytes()), kind, "{name}");
        }
    }

    #[test]
    fn a_refusal_says_what_where_and_what_to_do() {
        let at = ArchiveUri::new(Uri::Local("/d/x.zip".into()), b"docs/a.txt");
        for (op, tried, hint) in [
            (Op::Write, "could not write", "choose a directory outside"),
            (Op::Mkdir, "could not make the directory", "choose a directory outside"),
            (Op::Remove, "could not delete", "copy what you need"),
            (Op::Rename, "could not rename", "copy what you need"),
        ] {
            let error = at.refusal(op);
            let told = error.to_string();
            assert_eq!(error.kind, ErrorKind::ReadOnly);
            assert!(told.starts_with(tried) && told.contains("/d/x.zip!/docs/a.txt"), "{told}");
            assert!(told.contains("only read here") && told.contains(hint), "{told}");
        }
    }

    proptest! {
        #[test]
        fn a_guarded_text_is_no_archive_and_comes_back(text in "([a!/]|x[.]zip|[.]tar){0,8}") {
            prop_assert_eq!(split(&guard(text.as_bytes())), Split::Plain(text.into_bytes()));
        }

        #[test]
        fn what_is_inside_comes_back(outer in "[a/]{0,3}x[.]zip", inner in "([a!/]|x[.]zip){0,6}") {
            let text = format!("{outer}!/{inner}");
            prop_assert_eq!(split(text.as_bytes()), Split::Into(outer.into_bytes(), inner.into_bytes()));
        }
    }
}
