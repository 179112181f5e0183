//! What a new object carries: what callers said, else what the connection's settings say, else what its
//! name and its first bytes tell.

use super::Upload;
use crate::model::head::{MTIME, mtime_text};
use crate::model::{ErrorKind, Result, StorageClass, WRITE_ID};
use crate::vfs::Attributes;
use crate::vfs::s3::api::ObjectAttributes;

/// The most tags of an object.
const MOST_TAGS: usize = 10;
/// The most bytes of the header that they go in.
const TAG_BYTES: usize = 8 << 10;

impl Upload {
    /// All that the object is to carry; `first` are its first bytes, where they are at hand.
    pub(super) fn carried(&self, first: &[u8]) -> Result<ObjectAttributes> {
        let mut with = self.given.lock().clone().or(&self.path.service.written);
        check_tags(&with.tags).map_err(|why| self.error(ErrorKind::Invalid, why))?;
        if let Some(nanos) = with.modified_ns() {
            with.metadata.entry(MTIME.to_owned()).or_insert_with(|| mtime_text(nanos));
        }
        with.metadata.insert(WRITE_ID.to_owned(), self.id.clone());
        if with.content_type.is_none() {
            with.content_type = content_type(&self.object.key, first).map(str::to_owned);
        }
        Ok(with.into())
    }

    /// The class that it gets, where anybody said one.
    pub(super) fn class(&self) -> Option<StorageClass> {
        self.given.lock().class.clone().or_else(|| self.path.service.written.class.clone())
    }
}

/// The type that a name tells, else the one that the first bytes do.
fn content_type(key: &str, first: &[u8]) -> Option<&'static str> {
    let name = key.rsplit('/').next().unwrap_or_default();
    let by_bytes = || infer::get(first).map(|found| found.mime_type());
    mime_guess::from_path(name).first_raw().or_else(by_bytes)
}

/// Whether the tags go along with a request.
pub(in crate::vfs::s3) fn check_tags(tags: &[(String, String)]) -> std::result::Result<(), String> {
    let bytes: usize = tags.iter().map(|(name, value)| 2 + 3 * (name.len() + value.len())).sum();
    if tags.len() > MOST_TAGS {
        return Err(format!("an object has at most {MOST_TAGS} tags, and these are {}", tags.len()));
    }
    if bytes > TAG_BYTES {
        return Err(format!("the tags are too long for one request: more than {TAG_BYTES} bytes"));
    }
    Ok(())
}

impl From<Attributes> for ObjectAttributes {
    fn from(with: Attributes) -> Self {
        Self {
            content_type: with.content_type,
            content_encoding: with.content_encoding,
            content_disposition: with.content_disposition,
            content_language: with.content_language,
            cache_control: with.cache_control,
            expires: with.expires,
            class: with.class,
            encryption: with.encryption.map(|it| (it.kind, it.key)),
            metadata: with.metadata,
            tags: with.tags,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_types_and_bytes_tell_the_rest() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        for (key, first, told) in [
            ("d/a.html", &b""[..], Some("text/html")),
            ("d.html/a", b"", None),
            ("photo", png, Some("image/png")),
            ("photo.txt", png, Some("text/plain")),
            ("a.PDF", b"", Some("application/pdf")),
            ("", b"", None),
            (".html", b"plain", None),
        ] {
            assert_eq!(content_type(key, first), told, "{key}");
        }
    }

    #[test]
    fn ten_tags_fit_and_eleven_do_not() {
        let tags = |n: usize, len: usize| -> Vec<(String, String)> {
            (0..n).map(|at| (format!("k{at}"), "v".repeat(len))).collect()
        };
        assert_eq!(check_tags(&tags(10, 200)), Ok(()));
        assert!(check_tags(&tags(11, 1)).unwrap_err().contains("at most 10"));
        assert!(check_tags(&tags(10, 1000)).unwrap_err().contains("too long"));
    }
}
