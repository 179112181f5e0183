//! Directories of a disk that deletions left empty go, too, unless the source has them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::Uri;
use crate::transfer::SourceItem;

/// Removes the directories of these files as far as nothing is in them.
pub(super) fn emptied(items: &[SourceItem], here: &Uri, there: &Uri) {
    let Some(top) = there.as_local() else { return };
    let dirs: BTreeSet<&Path> = items.iter().filter_map(|item| item.uri.as_local()?.parent()).collect();
    // The deepest first: what is below a directory sorts behind it.
    for dir in dirs.into_iter().rev() {
        for dir in dir.ancestors().take_while(|dir| *dir != top && dir.starts_with(top)) {
            if counterpart(dir, top, here).is_some_and(|dir| dir.is_dir())
                || std::fs::remove_dir(dir).is_err()
            {
                break;
            }
        }
    }
}

/// Where the source would have this directory.
fn counterpart(dir: &Path, top: &Path, here: &Uri) -> Option<PathBuf> {
    Some(here.as_local()?.join(dir.strip_prefix(top).ok()?))
}
