//! What comes from elsewhere stays where it was sent: no key, link or pipe that somebody planted leads
//! a write or a removal out of the directory that a person named.

mod keys;
mod planted;
mod privacy;
mod races;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// All that is below a directory but for what is in `except`: what it is, and what is in it.
fn snapshot(root: &Path, except: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut seen = BTreeMap::new();
    let mut dirs = vec![root.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            let stat = fs::symlink_metadata(&path).expect("it is there");
            let within = match stat.file_type() {
                kind if kind.is_file() => fs::read(&path).expect("bytes"),
                kind if kind.is_symlink() => {
                    fs::read_link(&path).expect("a link").as_os_str().as_bytes().to_vec()
                }
                _ => Vec::new(),
            };
            if stat.is_dir() && path != except {
                dirs.push(path.clone());
            }
            seen.insert(path, (stat.mode(), within));
        }
    }
    seen
}
