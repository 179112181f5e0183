//! Where a copy for an editor lies: in a directory of its own that nobody else may enter, under a name that its
//! program knows the kind by.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::private_dir;
use crate::model::Name;

/// The longest name, in bytes: what common disks hold.
const LONGEST: usize = 255;

/// A path for a new file below `dir`. Nothing is there yet but its directory.
pub(super) fn new_file(dir: &Path, name: &Name) -> io::Result<PathBuf> {
    private_dir(dir)?;
    let own = tempfile::Builder::new().prefix("edit-").rand_bytes(12).tempdir_in(dir)?.keep();
    private_dir(&own)?;
    Ok(own.join(safe(name)))
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
