//! A directory of sample files on the disk.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::blob::Blob;

/// How much older each file is than the one before: a list sorted by time should show it.
const BETWEEN: Duration = Duration::from_hours(17);

/// A directory that is removed when this is dropped: a home for settings and state, so that a person's
/// own stay as they are, with sample files in its `files/`.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// Makes it.
    ///
    /// # Errors
    /// When the temporary directory can't be written.
    pub fn new() -> io::Result<Self> {
        let scratch = Self(tempfile::Builder::new().prefix("bifold-demo-").tempdir()?);
        fs::create_dir_all(scratch.home())?;
        fill(&scratch.files())?;
        Ok(scratch)
    }

    /// The sample files.
    pub fn files(&self) -> PathBuf {
        self.home().join("files")
    }

    /// The home directory of the demo.
    pub fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }
}

fn fill(dir: &Path) -> io::Result<()> {
    for (age, (name, body)) in (1..).zip(files()) {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap_or(dir))?;
        write(&path, body, SystemTime::now() - age * BETWEEN)?;
    }
    fs::create_dir_all(dir.join("exports/empty"))?;
    symlink("notes.md", dir.join("link-to-notes"))?;
    symlink("nowhere", dir.join("dangling-link"))
}

fn files() -> Vec<(&'static str, Blob)> {
    let rows = "id,name,country,since\n1042,Meier,DE,2019-03-01\n1043,Sato,JP,2021-07-14\n";
    vec![
        (
            "notes.md",
            Blob::from("# Notes\n\n- copy `customers.csv` to the lake\n- look at yesterday's partition\n"),
        ),
        ("customers.csv", Blob::repeat(rows, 4_120_000)),
        ("customers.2025.csv", Blob::repeat(rows, 3_987_000)),
        (
            "orders.parquet",
            Blob::concat([Blob::from("PAR1"), Blob::noise(5, 41_030_000), Blob::from("PAR1")]),
        ),
        ("reports/2026-10.txt", Blob::from("October: 1,284 files, none lost.\n")),
        ("reports/2026-11.txt", Blob::from("November: not over yet.\n")),
        ("raw/sensor-1.bin", Blob::noise(11, 1_500_000)),
        ("raw/sensor-2.bin", Blob::noise(12, 2_500_000)),
        (".hidden-settings", Blob::from("colour = blue\n")),
        ("weird\nname\u{1b}[31m.txt", Blob::from("The name is odd.\n")),
    ]
}

fn write(path: &Path, body: Blob, modified: SystemTime) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    body.chunks().try_for_each(|chunk| file.write_all(&chunk))?;
    file.set_modified(modified)
}
