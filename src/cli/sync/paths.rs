//! Between paths below a tree and locations.

use std::os::unix::ffi::OsStrExt;

use crate::model::{Entry, Kind, Name, Uri};
use crate::transfer::SourceItem;

/// A row of a tree as something to copy or to delete: its name is the last one again.
pub(super) fn item(top: &Uri, mut entry: Entry) -> SourceItem {
    let uri = locate(top, &entry.name);
    let last = entry.name.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    entry.name = Name::from(last);
    SourceItem { uri, entry }
}

/// Where a path below a tree is.
pub(super) fn locate(top: &Uri, path: &Name) -> Uri {
    let mut names = path.as_bytes().split(|byte| *byte == b'/').map(Name::from).peekable();
    let mut at = top.clone();
    while let Some(name) = names.next() {
        at = at.join(&name, if names.peek().is_some() { Kind::Dir } else { Kind::File });
    }
    at
}

/// The path of a location below a tree.
pub(super) fn below(top: &Uri, at: &Uri) -> Name {
    match (top, at) {
        (Uri::Local(top), Uri::Local(at)) => {
            Name::from(at.strip_prefix(top).unwrap_or(at).as_os_str().as_bytes())
        }
        (Uri::S3(top), Uri::S3(at)) => Name::from(at.key.strip_prefix(&*top.key).unwrap_or(&at.key)),
        (Uri::Archive(top), Uri::Archive(at)) => {
            Name::from(at.inner.strip_prefix(&*top.as_dir().inner).unwrap_or(&at.inner))
        }
        _ => at.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::S3Uri;

    #[test]
    fn paths_and_locations_lead_to_each_other() {
        let tops = [
            Uri::Local("/a/b".into()),
            Uri::S3(S3Uri::new("s3", "box", "")),
            Uri::S3(S3Uri::new("s3", "box", "p/")),
        ];
        for top in tops {
            for path in ["x", "x/y", "x/y/z.txt"] {
                let at = locate(&top, &path.into());
                assert_eq!(below(&top, &at), Name::from(path), "{at}");
            }
        }
        let top = Uri::S3(S3Uri::new("s3", "box", "p/"));
        for path in ["a//b", "a/", "/x"] {
            assert_eq!(locate(&top, &path.into()), Uri::S3(S3Uri::new("s3", "box", &format!("p/{path}"))));
        }
    }
}
