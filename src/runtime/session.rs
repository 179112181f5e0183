//! Where one left off: a small file in the state directory, written whole or not at all.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::app::{Session, Side};
use crate::config::{private_dir, private_file};
use crate::model::sort::{SortBy, SortKey};
use crate::model::{Arrangement, Uri, filter::Filter};

/// A session as the file has it.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    left: SavedPane,
    right: SavedPane,
    right_is_active: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedPane {
    location: Uri,
    sort: SavedKey,
    descending: bool,
    skip_hidden: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedKey {
    Name,
    Size,
    Modified,
}

fn file(state: &Path) -> PathBuf {
    state.join("session.json")
}

/// Keeps a session. A crash leaves the old file or the new one.
pub(super) fn save(state: &Path, session: &Session) -> io::Result<()> {
    private_dir(state)?;
    let text = serde_json::to_vec_pretty(&to_saved(session))?;
    let next = state.join(format!("session.{}.new", std::process::id()));
    let mut out = private_file(&next, OpenOptions::new().write(true).truncate(true))?;
    out.write_all(&text)?;
    out.sync_all()?;
    std::fs::rename(&next, file(state))
}

/// The session that was kept; `None` where there is none that can be read.
pub(super) fn load(state: &Path) -> Option<Session> {
    let text = std::fs::read(file(state)).ok()?;
    match serde_json::from_slice(&text) {
        Ok(saved) => Some(from_saved(saved)),
        Err(error) => {
            tracing::warn!("the last session can't be read: {error}");
            None
        }
    }
}

fn to_saved(session: &Session) -> Saved {
    let pane = |side: Side| SavedPane {
        location: session.locations[side.index()].clone(),
        sort: match session.arrangements[side.index()].sort.key {
            SortKey::Name => SavedKey::Name,
            SortKey::Size => SavedKey::Size,
            SortKey::Modified => SavedKey::Modified,
        },
        descending: session.arrangements[side.index()].sort.descending,
        skip_hidden: session.arrangements[side.index()].filter.skip_hidden,
    };
    Saved { left: pane(Side::Left), right: pane(Side::Right), right_is_active: session.active == Side::Right }
}

fn from_saved(saved: Saved) -> Session {
    let arrangement = |pane: &SavedPane| Arrangement {
        sort: SortBy {
            key: match pane.sort {
                SavedKey::Name => SortKey::Name,
                SavedKey::Size => SortKey::Size,
                SavedKey::Modified => SortKey::Modified,
            },
            descending: pane.descending,
        },
        filter: Filter { skip_hidden: pane.skip_hidden, ..Filter::default() },
    };
    Session {
        arrangements: [arrangement(&saved.left), arrangement(&saved.right)],
        locations: [saved.left.location, saved.right.location],
        active: if saved.right_is_active { Side::Right } else { Side::Left },
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::model::S3Uri;

    fn session(left: Uri, right: Uri) -> Session {
        let sort = SortBy { key: SortKey::Size, descending: true };
        let filter = Filter { skip_hidden: true, ..Filter::default() };
        Session {
            locations: [left, right],
            arrangements: [Arrangement { sort, filter }, Arrangement::default()],
            active: Side::Right,
        }
    }

    #[test]
    fn comes_back_byte_for_byte() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        assert_eq!(load(&state), None);
        let odd = Uri::Local(OsString::from_vec(b"/a\xff\n".to_vec()).into());
        let kept = session(odd, Uri::S3(S3Uri::new("prod", "b", "//a\u{1}/")));
        save(&state, &kept).unwrap();
        assert_eq!(load(&state), Some(kept));
        let next = session(Uri::Local("/x".into()), Uri::S3(S3Uri::buckets("s3")));
        save(&state, &next).unwrap();
        assert_eq!(load(&state), Some(next));
        assert_eq!(std::fs::read_dir(&state).unwrap().count(), 1);
    }

    #[test]
    fn a_broken_file_is_no_session() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(file(dir.path()), "{\"left\":").unwrap();
        assert_eq!(load(dir.path()), None);
    }
}
