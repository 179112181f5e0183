//! Where something is, as data: [`Uri`].
//!
//! `s3://bucket/key` is on the default connection, `NAME://bucket/key` on the connection called
//! NAME, `s3://` is the list of buckets. Anything shaped `word://` that names no connection is an
//! error; everything else is a local path. Keys are byte-exact: nothing is normalised, decoded or
//! trimmed, so `//`, `..`, a leading and a trailing slash all survive.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::archive::{ArchiveUri, Split, guard, split};
use super::entry::{Kind, Name};

/// The name of a connection, as it stands before `://`.
pub type ConnName = Arc<str>;

/// The name of the connection that `s3://` means.
pub const DEFAULT_CONNECTION: &str = "s3";

/// Where something is: a path on a local disk, a place on an S3 connection, or a place inside an archive that
/// is on one of those.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "super::saved::SavedUri", into = "super::saved::SavedUri")]
pub enum Uri {
    /// An absolute path on a local disk.
    Local(PathBuf),
    /// A place on a connection: its list of buckets, a bucket, a prefix or an object.
    S3(S3Uri),
    /// A place inside an archive, see [`super::archive`].
    Archive(ArchiveUri),
}

/// A place on an S3 connection.
///
/// The same text may mean two things: `b/a/` is the prefix `a/` and also the marker object of that
/// name. Which one is meant is said by the call (`list` the prefix, `stat`, `read` and `remove` the
/// object of exactly that key), and by the kind of the entry that it came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct S3Uri {
    /// The connection's name.
    pub connection: ConnName,
    /// The bucket, or `None` for the list of buckets.
    pub bucket: Option<Arc<str>>,
    /// The key, byte-exact; empty for the bucket itself, and ending in `/` for a prefix.
    pub key: Arc<str>,
}

impl S3Uri {
    /// A place in a bucket.
    pub fn new(connection: &str, bucket: &str, key: &str) -> Self {
        Self { connection: connection.into(), bucket: Some(bucket.into()), key: key.into() }
    }

    /// The list of buckets of a connection.
    pub fn buckets(connection: &str) -> Self {
        Self { connection: connection.into(), bucket: None, key: "".into() }
    }

    /// Whether this is shaped like a directory: the bucket list, a bucket, or a key ending in `/`.
    pub fn is_dir_shaped(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }

    /// The same place with `/` added to its key, unless it is directory-shaped already.
    #[must_use]
    pub fn as_prefix(&self) -> Self {
        if self.is_dir_shaped() {
            return self.clone();
        }
        Self { key: format!("{}/", self.key).into(), ..self.clone() }
    }

    /// Splits the key into its parent's prefix and the last name (without its trailing `/`).
    ///
    /// `a/b` gives (`a/`, `b`), `a/b/` the same, `a//` gives (`a/`, ``), `/` gives (``, ``).
    pub fn split_key(&self) -> (&str, &str) {
        let body = self.key.strip_suffix('/').unwrap_or(&self.key);
        match body.rfind('/') {
            Some(at) => (&self.key[..=at], &body[at + 1..]),
            None => ("", body),
        }
    }
}

impl fmt::Display for S3Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.connection)?;
        if let Some(bucket) = &self.bucket {
            write!(f, "{bucket}/{}", self.key)?;
        }
        Ok(())
    }
}

impl fmt::Display for Uri {
    /// The text a person would type. Local names that aren't UTF-8 are shown lossily, and nothing
    /// is escaped: on its way to a screen the text passes [`super::text::escape`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => write_guarded(f, &path.display().to_string()),
            Self::S3(s3) => write_guarded(f, &s3.to_string()),
            Self::Archive(at) => {
                match &*at.outer {
                    Self::Local(path) => write!(f, "{}", path.display()),
                    outer => outer.fmt(f),
                }?;
                write!(f, "!/{}", String::from_utf8_lossy(&at.inner))
            }
        }
    }
}

/// A text that must not be read as going into an archive.
fn write_guarded(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    if !text.contains('!') {
        return f.write_str(text);
    }
    f.write_str(&String::from_utf8_lossy(&guard(text.as_bytes())))
}

/// Why a text is no location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UriError {
    /// Nothing was given.
    Empty,
    /// `word://` names no connection.
    UnknownConnection {
        /// The word before `://`.
        name: String,
        /// The connections that there are.
        known: Vec<String>,
    },
    /// A key without a bucket, as in `s3:///key`.
    NoBucket {
        /// What was typed.
        text: String,
    },
    /// A `~` without a known home directory.
    NoHome,
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "an empty location: give a path or s3://bucket/key"),
            Self::UnknownConnection { name, known } => write!(
                f,
                "no connection is called \"{name}\": known are {}; for a local file of that name write ./{name}:…",
                known.join(", ")
            ),
            Self::NoBucket { text } => {
                write!(
                    f,
                    "\"{text}\" names no bucket: write s3://bucket/key, or s3:// for the list of buckets"
                )
            }
            Self::NoHome => write!(f, "~ is not known here: HOME is not set; give a full path"),
        }
    }
}

impl std::error::Error for UriError {}

/// What the reading of a location depends on, handed in so that reading stays pure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UriContext {
    /// The names of all connections, the default one included.
    pub connections: Vec<String>,
    /// What a relative path starts from.
    pub base: PathBuf,
    /// What `~` means.
    pub home: Option<PathBuf>,
}

impl Uri {
    /// Reads what a person typed, or an argument of the command line.
    pub fn parse(text: &OsStr, context: &UriContext) -> std::result::Result<Self, UriError> {
        if text.is_empty() {
            return Err(UriError::Empty);
        }
        match split(text.as_bytes()) {
            Split::Into(outer, inner) => {
                let outer = Self::parse_plain(OsStr::from_bytes(&outer), context)?;
                Ok(Self::Archive(ArchiveUri::new(outer, &inner)))
            }
            Split::Plain(text) => Self::parse_plain(OsStr::from_bytes(&text), context),
        }
    }

    fn parse_plain(text: &OsStr, context: &UriContext) -> std::result::Result<Self, UriError> {
        if let Some((name, rest)) = split_scheme(text.as_bytes()) {
            return parse_s3(name, rest, context);
        }
        parse_local(text, context)
    }

    /// The last name of this location, as its parent's listing would show it.
    pub fn name(&self) -> Name {
        match self {
            Self::Local(path) => Name::from(path.file_name().map_or(&b"/"[..], OsStr::as_bytes)),
            Self::S3(s3) if s3.key.is_empty() => {
                Name::from(s3.bucket.as_deref().unwrap_or_default().as_bytes())
            }
            Self::S3(s3) => Name::from(s3.split_key().1.as_bytes()),
            Self::Archive(at) if at.is_root() => at.outer.name(),
            Self::Archive(at) => Name::from(at.split().1),
        }
    }

    /// The location of what is in the archive that this is; `None` where its name is not that of one, and for
    /// what is inside an archive itself.
    pub fn entered(&self) -> Option<Self> {
        match self {
            Self::Archive(_) => None,
            Self::S3(s3) if s3.is_dir_shaped() => None,
            outer => {
                super::archive::ArchiveKind::of(outer.name().as_bytes())?;
                Some(Self::Archive(ArchiveUri::new(outer.clone(), b"")))
            }
        }
    }

    /// The same location as a directory, where it shows in the text: on S3 and in archives.
    #[must_use]
    pub fn as_dir(&self) -> Self {
        match self {
            Self::Local(_) => self.clone(),
            Self::S3(s3) => Self::S3(s3.as_prefix()),
            Self::Archive(at) => Self::Archive(at.as_dir()),
        }
    }

    /// The location of the child that a listing of this directory shows as (`name`, `kind`).
    ///
    /// On S3 a directory's key ends in `/` and an object's is its exact key. This location is taken
    /// as a directory. Bytes that aren't UTF-8 have no place in a key; they are replaced, and callers
    /// that must be exact check [`Name::as_str`] first.
    #[must_use]
    pub fn join(&self, name: &Name, kind: Kind) -> Self {
        match self {
            Self::Local(path) => Self::Local(path.join(OsStr::from_bytes(name.as_bytes()))),
            Self::S3(s3) if s3.bucket.is_none() => {
                Self::S3(S3Uri { bucket: Some(name.to_lossy().into()), ..s3.clone() })
            }
            Self::S3(s3) => {
                let slash = if kind.is_dir() { "/" } else { "" };
                let key = format!("{}{}{slash}", s3.as_prefix().key, name.to_lossy());
                Self::S3(S3Uri { key: key.into(), ..s3.clone() })
            }
            Self::Archive(at) => {
                let slash = if kind.is_dir() { &b"/"[..] } else { b"" };
                Self::Archive(at.at(&[&at.as_dir().inner, name.as_bytes(), slash].concat()))
            }
        }
    }

    /// The directory that holds this, or `None` at the top (`/`, or a list of buckets). What is above the root
    /// of an archive is the directory that holds the archive.
    pub fn parent(&self) -> Option<Self> {
        match self {
            Self::Local(path) => path.parent().map(|parent| Self::Local(parent.to_path_buf())),
            Self::S3(s3) if s3.bucket.is_none() => None,
            Self::S3(s3) if s3.key.is_empty() => Some(Self::S3(S3Uri { bucket: None, ..s3.clone() })),
            Self::S3(s3) => Some(Self::S3(S3Uri { key: s3.split_key().0.into(), ..s3.clone() })),
            Self::Archive(at) if at.is_root() => at.outer.parent(),
            Self::Archive(at) => Some(Self::Archive(at.at(at.split().0))),
        }
    }

    /// Whether `other` is this directory or lies below it, judged by the text alone.
    pub fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Local(dir), Self::Local(path)) => path.starts_with(dir),
            (Self::S3(dir), Self::S3(it)) => {
                dir.connection == it.connection
                    && (dir.bucket.is_none()
                        || (dir.bucket == it.bucket && it.key.starts_with(&*dir.as_prefix().key)))
            }
            (Self::Archive(dir), Self::Archive(it)) => {
                dir.outer == it.outer && it.inner.starts_with(&dir.as_dir().inner)
            }
            (_, Self::Archive(it)) => self.contains(&it.outer),
            _ => false,
        }
    }

    /// The local path, where this is one.
    pub fn as_local(&self) -> Option<&Path> {
        match self {
            Self::Local(path) => Some(path),
            Self::S3(_) | Self::Archive(_) => None,
        }
    }

    /// The place on S3, where this is one.
    pub fn as_s3(&self) -> Option<&S3Uri> {
        match self {
            Self::Local(_) | Self::Archive(_) => None,
            Self::S3(s3) => Some(s3),
        }
    }

    /// The place inside an archive, where this is one.
    pub fn as_archive(&self) -> Option<&ArchiveUri> {
        match self {
            Self::Archive(at) => Some(at),
            Self::Local(_) | Self::S3(_) => None,
        }
    }
}

fn split_scheme(text: &[u8]) -> Option<(&str, &[u8])> {
    let at = text.windows(3).position(|three| three == b"://")?;
    let word = std::str::from_utf8(&text[..at]).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    (!word.is_empty() && !word.starts_with('.') && word.chars().all(plain)).then(|| (word, &text[at + 3..]))
}

fn parse_s3(name: &str, rest: &[u8], context: &UriContext) -> std::result::Result<Uri, UriError> {
    if name != DEFAULT_CONNECTION && !context.connections.iter().any(|known| known == name) {
        let known = context.connections.clone();
        return Err(UriError::UnknownConnection { name: name.to_owned(), known });
    }
    let rest = String::from_utf8_lossy(rest);
    if rest.is_empty() {
        return Ok(Uri::S3(S3Uri::buckets(name)));
    }
    let (bucket, key) = rest.split_once('/').unwrap_or((&rest, ""));
    if bucket.is_empty() {
        return Err(UriError::NoBucket { text: format!("{name}://{rest}") });
    }
    Ok(Uri::S3(S3Uri::new(name, bucket, key)))
}

fn parse_local(text: &OsStr, context: &UriContext) -> std::result::Result<Uri, UriError> {
    let bytes = text.as_bytes();
    if bytes == b"~" || bytes.starts_with(b"~/") {
        let home = context.home.as_ref().ok_or(UriError::NoHome)?;
        let rest = OsString::from_vec(bytes.get(2..).unwrap_or_default().to_vec());
        return Ok(Uri::Local(tidy_path(&home.join(rest))));
    }
    Ok(Uri::Local(tidy_path(&context.base.join(text))))
}

/// Drops `.` parts and a trailing slash, and keeps `..`: what `..` means depends on links.
fn tidy_path(path: &Path) -> PathBuf {
    path.components().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> std::result::Result<Uri, UriError> {
        let context = UriContext {
            connections: vec!["s3".into(), "prod".into()],
            base: "/disk".into(),
            home: Some("/home/me".into()),
        };
        Uri::parse(OsStr::new(text), &context)
    }

    #[test]
    fn reads_each_shape() {
        assert_eq!(parse("s3://"), Ok(Uri::S3(S3Uri::buckets("s3"))));
        assert_eq!(parse("s3://b"), Ok(Uri::S3(S3Uri::new("s3", "b", ""))));
        assert_eq!(parse("prod://b//a/../x/"), Ok(Uri::S3(S3Uri::new("prod", "b", "/a/../x/"))));
        assert_eq!(parse("a/b/"), Ok(Uri::Local("/disk/a/b".into())));
        assert_eq!(parse("~/x"), Ok(Uri::Local("/home/me/x".into())));
        assert_eq!(parse("./a:b"), Ok(Uri::Local("/disk/a:b".into())));
        assert_eq!(parse("./s3://x"), Ok(Uri::Local("/disk/s3:/x".into())));
    }

    #[test]
    fn refuses_what_names_no_connection() {
        assert!(matches!(parse("sf3://b/k"), Err(UriError::UnknownConnection { .. })));
        assert!(matches!(parse("s3:///k"), Err(UriError::NoBucket { .. })));
        assert_eq!(parse(""), Err(UriError::Empty));
    }

    #[test]
    fn every_key_comes_back_from_join_and_parent() {
        for key in ["a", "a/", "a//", "/", "//", "a//b", "../x/", "a/./b"] {
            let uri = Uri::S3(S3Uri::new("s3", "b", key));
            let kind = if key.ends_with('/') { Kind::Dir } else { Kind::File };
            let parent = uri.parent().expect("below a bucket");
            assert_eq!(parent.join(&uri.name(), kind), uri, "{key}");
        }
    }

    #[test]
    fn contains_goes_by_whole_names() {
        let dir = parse("s3://b/foo").unwrap();
        assert!(dir.contains(&parse("s3://b/foo/x").unwrap()));
        assert!(!dir.contains(&parse("s3://b/foobar").unwrap()));
        assert!(parse("/a").unwrap().contains(&parse("/a/b").unwrap()));
        assert!(!parse("/a").unwrap().contains(&parse("/ab").unwrap()));
    }
}
