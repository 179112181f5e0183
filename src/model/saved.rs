//! Locations and names as files keep them: byte by byte where they aren't text.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use serde::{Deserialize, Serialize};

use super::archive::ArchiveUri;
use super::entry::{ETag, Name, StorageClass};
use super::uri::{S3Uri, Uri};

/// A location.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SavedUri {
    Local(String),
    LocalBytes(Vec<u8>),
    S3 { connection: String, bucket: Option<String>, key: String },
    Archive { outer: Box<SavedUri>, inner: SavedName },
}

impl From<Uri> for SavedUri {
    fn from(uri: Uri) -> Self {
        match uri {
            Uri::Local(path) => match path.into_os_string().into_string() {
                Ok(text) => Self::Local(text),
                Err(bytes) => Self::LocalBytes(bytes.as_bytes().to_vec()),
            },
            Uri::S3(s3) => Self::S3 {
                connection: s3.connection.to_string(),
                bucket: s3.bucket.as_deref().map(str::to_owned),
                key: s3.key.to_string(),
            },
            Uri::Archive(at) => Self::Archive {
                outer: Box::new((*at.outer).clone().into()),
                inner: Name::from(&*at.inner).into(),
            },
        }
    }
}

impl From<SavedUri> for Uri {
    fn from(saved: SavedUri) -> Self {
        match saved {
            SavedUri::Local(path) => Self::Local(path.into()),
            SavedUri::LocalBytes(bytes) => Self::Local(OsString::from_vec(bytes).into()),
            SavedUri::S3 { connection, bucket, key } => Self::S3(S3Uri {
                connection: connection.into(),
                bucket: bucket.map(Into::into),
                key: key.into(),
            }),
            SavedUri::Archive { outer, inner } => {
                Self::Archive(ArchiveUri::new((*outer).into(), Name::from(inner).as_bytes()))
            }
        }
    }
}

/// A name.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum SavedName {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<Name> for SavedName {
    fn from(name: Name) -> Self {
        match name.as_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes(name.as_bytes().to_vec()),
        }
    }
}

impl From<SavedName> for Name {
    fn from(saved: SavedName) -> Self {
        match saved {
            SavedName::Text(text) => Self::from(text.as_str()),
            SavedName::Bytes(bytes) => Self::from(bytes.as_slice()),
        }
    }
}

impl From<ETag> for String {
    fn from(tag: ETag) -> Self {
        tag.to_string()
    }
}

impl From<String> for ETag {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<StorageClass> for String {
    fn from(class: StorageClass) -> Self {
        class.as_str().to_owned()
    }
}

impl From<String> for StorageClass {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Entry, Kind, Link, Tag, Timestamp};
    use super::*;

    fn back<T: Serialize + for<'de> Deserialize<'de>>(value: &T) -> T {
        serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
    }

    #[test]
    fn locations_come_back_byte_for_byte() {
        let odd = Uri::Local(OsString::from_vec(b"/a\xff\n".to_vec()).into());
        let inside = Uri::Archive(ArchiveUri::new(odd.clone(), b"a/\xfe//"));
        for uri in [odd, inside, Uri::S3(S3Uri::new("prod", "b", "//a\u{1}/")), Uri::S3(S3Uri::buckets("s3"))]
        {
            assert_eq!(back(&uri), uri);
        }
    }

    #[test]
    fn a_row_comes_back_as_it_was() {
        let mut entry = Entry::new(Name::from(&b"\xffx"[..]), Kind::Symlink);
        entry.tag = Some(Tag::ETag(ETag::new("d41d8cd98f00b204e9800998ecf8427e-12")));
        entry.class = Some(StorageClass::new("GLACIER"));
        entry.modified = Some(Timestamp(-5));
        entry.link = Some(Box::new(Link { target: Name::from("t"), leads_to: Some(Kind::Dir) }));
        assert_eq!(back(&entry), entry);
        entry.tag = Some(Tag::File { dev: 1, ino: u64::MAX, mtime_ns: -7 });
        assert_eq!(back(&entry), entry);
    }
}
