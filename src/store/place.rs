//! Where the state file lies: who may read it, whether the file system is shared over a network, what
//! becomes of a damaged file.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono::Utc;

use crate::config::{private_dir, private_file};

/// Makes the directory and the file, for their owner alone whatever the umask, and gives the file's path.
pub(super) fn prepare(dir: &Path) -> io::Result<PathBuf> {
    private_dir(dir)?;
    let path = dir.join("state.db");
    private_file(&path, OpenOptions::new().read(true).write(true).truncate(false))?;
    Ok(path)
}

/// What the first bytes of a file tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// It is empty: new.
    Empty,
    /// It is an SQLite file with this version.
    Version(u32),
    /// It is something else.
    Foreign,
}

/// Reads the first bytes without SQLite, which would leave traces, and would take a short file for a new one.
pub(super) fn header(path: &Path) -> io::Result<Header> {
    let mut header = Vec::new();
    File::open(path)?.take(64).read_to_end(&mut header)?;
    Ok(match header.split_last_chunk::<4>() {
        _ if header.is_empty() => Header::Empty,
        Some((rest, number)) if rest.len() == 60 && rest.starts_with(b"SQLite format 3\0") => {
            Header::Version(u32::from_be_bytes(*number))
        }
        _ => Header::Foreign,
    })
}

/// Whether a file lies on a network file system, where processes can't share memory.
#[cfg(target_os = "linux")]
pub(super) fn on_network(path: &Path) -> bool {
    /// NFS, CIFS and its kin, AFS, Coda, Ceph, 9P, Lustre, GPFS, FUSE (which may be sshfs).
    const NETWORKS: [u64; 11] = [
        0x6969,
        0x517B,
        0xFF53_4D42,
        0xFE53_4D42,
        0x5346_414F,
        0x7375_7245,
        0x00C3_6400,
        0x0102_1997,
        0x0BD0_0BD0,
        0x4750_4653,
        0x6573_5546,
    ];
    rustix::fs::statfs(path).is_ok_and(|stat| is_network(stat.f_type.cast_unsigned(), &NETWORKS))
}

#[cfg(target_os = "linux")]
fn is_network(kind: u64, networks: &[u64]) -> bool {
    // The kernel's number may come with its sign.
    networks.contains(&(kind & 0xFFFF_FFFF))
}

/// Elsewhere the file system isn't known: the slower way is right everywhere.
#[cfg(not(target_os = "linux"))]
pub(super) fn on_network(_path: &Path) -> bool {
    true
}

/// Gives a damaged file, with what belongs to it, another name, and tells which.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = free_name(path);
    // The log first: beside a new file it would be taken for that one's.
    for suffix in ["-wal", "-shm", "-journal"] {
        match std::fs::rename(with(path, suffix), with(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::rename(path, &aside)?;
    Ok(aside)
}

fn free_name(path: &Path) -> PathBuf {
    let date = Utc::now().format("%Y-%m-%dT%H%M%S");
    let named = |more: String| with(path, &format!(".damaged-{date}{more}"));
    let mut name = named(String::new());
    for number in 2.. {
        if !name.exists() {
            break;
        }
        name = named(format!("-{number}"));
    }
    name
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// The damaged files that were set aside in a state directory.
pub fn damaged_copies(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut copies: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with("state.db.damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm")
        })
        .collect();
    copies.sort();
    copies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn this_disk_is_no_network() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!on_network(dir.path()));
        assert!(is_network(0xFFFF_FFFF_FF53_4D42, &[0xFF53_4D42]));
    }

    #[test]
    fn two_damaged_files_of_one_second_are_both_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.db");
        for text in ["one", "two", "three"] {
            std::fs::write(&path, text).unwrap();
            std::fs::write(with(&path, "-wal"), text).unwrap();
            let aside = set_aside(&path).unwrap();
            assert_eq!(std::fs::read_to_string(with(&aside, "-wal")).unwrap(), text);
        }
        assert_eq!(damaged_copies(dir.path()).len(), 3);
        assert!(!path.exists() && !with(&path, "-wal").exists());
    }
}
