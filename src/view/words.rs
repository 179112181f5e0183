//! The words for locations, names, keys and counts. What comes from outside is escaped here.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;

use crate::app::{Action, State};
use crate::model::text::{escape, escape_bytes};
use crate::model::{Entry, Kind, Name, Uri};
use crate::transfer::JobKind;

/// A location as a person would type it, the home directory as `~`.
pub fn location(uri: &Uri, state: &State) -> String {
    if let Uri::Archive(at) = uri {
        return format!("{}!/{}", location(&at.outer, state), escape_bytes(&at.inner));
    }
    let Uri::Local(path) = uri else { return escape(&uri.to_string()).into_owned() };
    let home = state.context.home.as_ref().and_then(|home| path.strip_prefix(home).ok());
    match home {
        Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Some(rest) => format!("~/{}", escape_bytes(rest.as_os_str().as_bytes())),
        None => escape_bytes(path.as_os_str().as_bytes()).into_owned(),
    }
}

/// A name as it is shown: directories end in `/`, and the marker of a directory, whose name is empty,
/// is called so.
pub fn name(name: &Name, kind: Kind) -> Cow<'_, str> {
    match kind {
        Kind::Dir => Cow::Owned(format!("{}/", escape_bytes(name.as_bytes()))),
        _ if name.is_empty() => Cow::Borrowed("(marker of this directory)"),
        _ => escape_bytes(name.as_bytes()),
    }
}

/// A row's name, and for a link where it points.
pub fn row_name<'a>(entry: &'a Entry, arrow: &str) -> Cow<'a, str> {
    let name = name(&entry.name, entry.kind);
    match &entry.link {
        Some(link) => Cow::Owned(format!("{name} {arrow} {}", escape_bytes(link.target.as_bytes()))),
        None => name,
    }
}

/// A sentence with its capital; one that begins with something else than a word, an address for instance,
/// stays as it is.
pub fn capital(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    if first.contains([':', '/', '.', '_', '=']) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The key to name for an action; empty where it has none.
pub fn key(state: &State, action: Action) -> String {
    state.keymap.keys(action).first().map(ToString::to_string).unwrap_or_default()
}

/// What a job does: `copying`.
pub fn doing(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Copy => "copying",
        JobKind::Move => "moving",
        JobKind::Delete => "deleting",
    }
}

/// What a job did: `copied`.
pub fn done(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Copy => "copied",
        JobKind::Move => "moved",
        JobKind::Delete => "deleted",
    }
}

/// What files are called at a location, one and many.
pub fn things(uri: &Uri) -> (&'static str, &'static str) {
    match uri {
        Uri::Local(_) | Uri::Archive(_) => ("file", "files"),
        Uri::S3(_) => ("object", "objects"),
    }
}

/// Permission bits as `ls` writes them: `rwxr-xr-x`.
pub fn mode(bits: u32) -> String {
    let letters = ['r', 'w', 'x'];
    (0..9).map(|at| if bits >> (8 - at) & 1 == 1 { letters[at % 3] } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_kind() {
        assert_eq!(name(&"a".into(), Kind::Dir), "a/");
        assert_eq!(name(&"".into(), Kind::Dir), "/");
        assert_eq!(name(&"".into(), Kind::File), "(marker of this directory)");
        assert_eq!(name(&"a\nb".into(), Kind::File), "a␊b");
    }

    #[test]
    fn an_address_keeps_its_first_letter() {
        assert_eq!(capital("access denied"), "Access denied");
        for text in ["http://127.0.0.1:1: Connection refused", "s3://b/ isn't there", "/tmp is full", ""] {
            assert_eq!(capital(text), text);
        }
    }

    #[test]
    fn modes_read_like_those_of_ls() {
        assert_eq!([mode(0o755), mode(0o640), mode(0)], ["rwxr-xr-x", "rw-r-----", "---------"]);
    }
}
