//! Where a copy for an editor lies: in a directory of its own that nobody else may enter, under a name that its
//! program knows the kind by.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::{private_dir, private_file};
use crate::model::Name;

/// What says of a copy that nothing in it waits to be written back.
const UNCHANGED: &str = ".unchanged";

/// For how long such a copy stays.
const DAY: Duration = Duration::from_hours(24);

/// The longest name, in bytes: what common disks hold.
const LONGEST: usize = 255;

/// A path for a new file below `dir`. Nothing is there yet but its directory.
pub(super) fn new_file(dir: &Path, name: &Name) -> io::Result<PathBuf> {
    private_dir(dir)?;
    let own = tempfile::Builder::new().prefix("edit-").rand_bytes(12).tempdir_in(dir)?.keep();
    private_dir(&own)?;
    Ok(own.join(safe(name)))
}

/// Holds the directory of a copy, so that nobody takes it for one that was left.
pub(super) fn hold(file: &Path) -> Option<File> {
    let dir = File::open(file.parent()?).ok()?;
    dir.lock().ok()?;
    Some(dir)
}

/// Leaves a copy that has nothing new in it for a day: its program may go on in a window of its own, though what was
/// started has ended.
pub(super) fn leave(file: &Path) {
    let Some(dir) = file.parent() else { return };
    let mark = private_file(&dir.join(UNCHANGED), OpenOptions::new().write(true).truncate(true));
    if let Err(error) = mark {
        tracing::warn!("a copy for an editor stays at {}: {error}", file.display());
    }
}

/// Removes the copies below a directory that were left for a day, and gives those that have something in them which
/// nobody writes back any more: a program ended before, or wrote after it was thought to have ended. Blocks.
pub fn left(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| unsaved(&entry.path()).unwrap_or_default()).collect()
}

/// The copy in a directory, if it is nobody's and has something new in it.
fn unsaved(dir: &Path) -> io::Result<Option<PathBuf>> {
    if File::open(dir)?.try_lock().is_err() {
        return Ok(None);
    }
    let modified = |path: &Path| path.symlink_metadata()?.modified();
    let mark = dir.join(UNCHANGED);
    let since = if mark.exists() { Some(modified(&mark)?) } else { None };
    let mut newest = None;
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        newest = newest.max(if path == mark { None } else { Some((modified(&path)?, path)) });
    }
    match (newest, since) {
        (Some((at, file)), since) if since.is_none_or(|since| at > since) => Ok(Some(file)),
        // Another program may have made it just now.
        _ => {
            if modified(dir)?.elapsed().is_ok_and(|age| age > DAY) {
                std::fs::remove_dir_all(dir)?;
            }
            Ok(None)
        }
    }
}

/// Removes a copy and its directory. What can't be removed is left to the log.
pub(super) fn remove(file: &Path) {
    let Some(dir) = file.parent() else { return };
    if let Err(error) = std::fs::remove_dir_all(dir) {
        tracing::warn!("a copy for an editor stays at {}: {error}", file.display());
    }
}

/// The name as a file can have it and a shell script won't stumble over it: no control characters, no
/// leading dash or dot-dot, no more than a disk holds; its end stays, which tells the kind.
fn safe(name: &Name) -> String {
    let text = name.to_lossy();
    let clean: String = text.chars().map(|c| if c.is_control() || c == '/' { '_' } else { c }).collect();
    let clean = match clean.as_str() {
        "" | "." | ".." => return "object".to_owned(),
        dashed if dashed.starts_with('-') => format!("_{dashed}"),
        _ => clean,
    };
    if clean.len() <= LONGEST {
        return clean;
    }
    let mut from = clean.len() - LONGEST;
    while !clean.is_char_boundary(from) {
        from += 1;
    }
    clean[from..].to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_name_keeps_its_end_and_loses_what_harms() {
        for (name, wanted) in [
            ("notes.md", "notes.md"),
            ("$(touch P);-rf", "$(touch P);-rf"),
            ("-rf", "_-rf"),
            ("..", "object"),
            ("", "object"),
            ("a\nb\u{1b}[31m", "a_b_[31m"),
        ] {
            assert_eq!(safe(&name.into()), wanted);
        }
        let long = safe(&format!("{}.csv", "é".repeat(400)).as_str().into());
        assert!(long.len() <= LONGEST && long.as_bytes().ends_with(b".csv"));
    }

    #[test]
    fn what_nobody_writes_back_any_more_is_told_and_the_rest_goes_after_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let ago = |hours| SystemTime::now() - Duration::from_hours(hours);
        let copy = |name: &str, hours| {
            let path = new_file(dir.path(), &name.into()).unwrap();
            std::fs::write(&path, name).unwrap();
            File::open(&path).unwrap().set_modified(ago(hours)).unwrap();
            path
        };
        let dated = |path: &Path, hours| {
            leave(path);
            let mark = path.with_file_name(UNCHANGED);
            File::open(mark).unwrap().set_modified(ago(hours)).unwrap();
            File::open(path.parent().unwrap()).unwrap().set_modified(ago(hours)).unwrap();
        };
        let (open, lost, old, new, late) =
            (copy("open", 0), copy("lost", 90), copy("old", 50), copy("new", 2), copy("late", 1));
        let held = hold(&open);
        dated(&old, 49);
        dated(&new, 1);
        dated(&late, 49);
        let mut found = left(dir.path());
        found.sort();
        let mut wanted = vec![lost.clone(), late.clone()];
        wanted.sort();
        assert_eq!(found, wanted);
        let there = [&open, &lost, &old, &new, &late].map(|path| path.exists());
        assert_eq!(there, [true, true, false, true, true]);
        drop(held);
        assert!(left(dir.path()).contains(&open), "its program ended without a word");
        assert_eq!(left(&dir.path().join("none")), [] as [PathBuf; 0]);
    }

    #[test]
    fn nobody_else_may_look() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let file = new_file(&dir.path().join("edits"), &"a".into()).unwrap();
        for dir in [file.parent().unwrap(), file.parent().unwrap().parent().unwrap()] {
            assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        }
        remove(&file);
        assert!(!file.parent().unwrap().exists());
    }
}
