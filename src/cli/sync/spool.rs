//! What is to be deleted, on disk until it is known whether it may be: [`Spool`].

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::transfer::SourceItem;

/// A list in a file without a name, which is gone when the program is.
#[derive(Debug)]
pub(super) struct Spool {
    file: BufWriter<File>,
    count: u64,
}

impl Spool {
    /// An empty list, in the system's directory for temporary files.
    pub(super) fn new() -> io::Result<Self> {
        Self::below(&std::env::temp_dir())
    }

    fn below(dir: &Path) -> io::Result<Self> {
        let path = dir.join(format!(".bifold-{:016x}.list", fastrand::u64(..)));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(Self { file: BufWriter::new(file), count: 0 })
    }

    /// Adds one.
    pub(super) fn add(&mut self, item: &SourceItem) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, item)?;
        self.file.write_all(b"\n")?;
        self.count += 1;
        Ok(())
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// All of them, from the first, `most` at a time.
    pub(super) fn read(self, most: usize) -> io::Result<Chunks> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Chunks { lines: BufReader::new(file), left: self.count, most })
    }
}

/// A list as it is read again.
#[derive(Debug)]
pub(super) struct Chunks {
    lines: BufReader<File>,
    left: u64,
    most: usize,
}

impl Iterator for Chunks {
    type Item = io::Result<Vec<SourceItem>>;

    fn next(&mut self) -> Option<Self::Item> {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.most);
        self.left -= count as u64;
        (count > 0).then(|| (0..count).map(|_| self.item()).collect())
    }
}

impl Chunks {
    fn item(&mut self) -> io::Result<SourceItem> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ETag, Entry, Kind, S3Uri, Tag, Uri};

    fn item(name: &str) -> SourceItem {
        let mut entry = Entry::new(name.into(), Kind::File);
        entry.tag = Some(Tag::ETag(ETag::new("x-1")));
        SourceItem { uri: Uri::S3(S3Uri::new("s3", "b", name)), entry }
    }

    #[test]
    fn a_list_comes_back_in_pieces_and_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = Spool::below(dir.path()).unwrap();
        let items: Vec<SourceItem> = (0..25).map(|n| item(&format!("a\n{n}\u{1}"))).collect();
        for item in &items {
            spool.add(item).unwrap();
        }
        assert_eq!((spool.count(), std::fs::read_dir(dir.path()).unwrap().count()), (25, 0));
        let pieces: Vec<_> = spool.read(10).unwrap().map(Result::unwrap).collect();
        assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
        assert_eq!(pieces.concat(), items);
    }

    #[test]
    fn an_empty_list_has_no_pieces() {
        assert!(Spool::new().unwrap().read(10).unwrap().next().is_none());
    }
}
