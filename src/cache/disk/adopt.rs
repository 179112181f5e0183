//! Bodies and whole files that share their blocks: [`Lent`], [`Shelf::adopt`].
//!
//! A layer's file has each piece at its place, and its checksums are in the index: where nothing is packed, it is
//! the body itself. So the kernel can copy what is held into another file, and a file into a layer, and where the
//! file system knows how, both have the same blocks and no byte moves. What was so taken is read once and checked,
//! where it went: nothing that changed meanwhile counts.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;

use crc_fast::{CrcAlgorithm, Digest as Crc};
use sha2::{Digest, Sha256};
use tempfile::TempPath;

use super::files::Files;
use super::piece::{BLOCK, checksum};
use super::{About, Held, Piece, Shelf, index};
use crate::cache::ops::BodyTicket;

/// A part of a download, as it came: where it begins, its bytes, and their CRC64NVME.
pub type Came = (u64, u64, u64);

/// A file of a layer that has all of a range as it is.
#[derive(Debug)]
pub struct Lent {
    path: PathBuf,
    about: About,
    pieces: Vec<Piece>,
}

impl Lent {
    /// The file. Blocks.
    pub fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// The pieces of the range, in order: what begins where, and how long it is.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Whether these are the bytes of a piece.
    pub fn is_right(&self, piece: &Piece, bytes: &[u8]) -> bool {
        checksum(&self.about.name, &self.about.tag, piece.start, bytes) == piece.sum
    }
}

/// A file that was taken over, and has no name yet.
struct Taken {
    temp: TempPath,
    pieces: Vec<Piece>,
    content: [u8; 32],
}

impl Shelf {
    /// The file of what is held, where it has all of this range and nothing in it is packed. Asks no disk.
    pub fn lend(&self, held: &Held, want: &Range<u64>) -> Option<Lent> {
        let mut at = want.start;
        for piece in &held.pieces {
            if piece.start != at || piece.stored != piece.len {
                return None;
            }
            at = piece.end();
        }
        let (path, about) = (self.0.files.path(&held.about.name), held.about.clone());
        (at == want.end).then(|| Lent { path, about, pieces: held.pieces.clone() })
    }

    /// Keeps a whole thing by sharing the blocks of a file that has just got it: its bytes must still be those that
    /// came. `false` where the two file systems aren't one that knows how, where there is no room, and where there is
    /// no right to it any more.
    pub async fn adopt(&self, about: About, right: &BodyTicket, from: File, came: Vec<Came>) -> bool {
        let bounds = self.bounds();
        if self.is_off()
            || about.tag.is_empty()
            || bounds.compress
            || about.size > bounds.max_size / index::QUARTER
        {
            return false;
        }
        let (files, of) = (self.0.files.clone(), about.clone());
        let Ok(taken) = tokio::task::spawn_blocking(move || take(&files, &of, &from, &came)).await else {
            return false;
        };
        let Taken { temp, pieces, content } = match taken {
            Ok(taken) => taken,
            Err(error) => {
                tracing::debug!(key = %about.key, name = %about.name, "its copy isn't kept: {error}");
                return false;
            }
        };
        let (name, birth, now, right) = (about.name, fastrand::i64(..), self.now(), right.clone());
        let begun = self.write(move |db, book| {
            if !right.is_live() {
                return Ok(None);
            }
            let begun = index::begin(db, book, &about, birth, (&temp, &pieces), now)?;
            if begun.is_some() {
                index::settle_content(db, book, &name, birth, &content)?;
            }
            Ok(begun)
        });
        let begun = begun.await.flatten();
        begun.map(|evicted| self.note_evicted(evicted)).is_some()
    }
}

fn take(files: &Files, about: &About, from: &File, came: &[Came]) -> io::Result<Taken> {
    let (file, temp) = files.temp(&about.name)?;
    files.share(from, &file)?;
    let (pieces, content) = checked(&file, about, came)?;
    Ok(Taken { temp, pieces, content })
}

/// The pieces of a file whose parts have the checksums that they came with.
fn checked(file: &File, about: &About, came: &[Came]) -> io::Result<(Vec<Piece>, [u8; 32])> {
    let (mut at, mut pieces, mut content) = (0, Vec::new(), Sha256::new());
    let mut buffer = vec![0; BLOCK as usize];
    let changed = || io::Error::new(io::ErrorKind::InvalidData, "it isn't what came");
    for (start, len, crc64) in came {
        let mut crc = Crc::new(CrcAlgorithm::Crc64Nvme);
        if *start != at || !start.is_multiple_of(BLOCK) {
            return Err(changed());
        }
        while at < start + len {
            let bytes = &mut buffer[..(start + len - at).min(BLOCK) as usize];
            file.read_exact_at(bytes, at)?;
            crc.update(bytes);
            content.update(&*bytes);
            let (len, sum) = (bytes.len() as u64, checksum(&about.name, &about.tag, at, bytes));
            pieces.push(Piece { start: at, len, stored: len, sum });
            at += len;
        }
        if crc.finalize() != *crc64 {
            return Err(changed());
        }
    }
    if at != about.size {
        return Err(changed());
    }
    file.set_len(at)?;
    Ok((pieces, content.finalize().into()))
}

/// Lets both files share their blocks, whole.
///
/// # Errors
/// Where the file system can't, or the two are on different ones.
#[cfg(target_os = "linux")]
pub fn share_blocks(from: &File, to: &File) -> io::Result<()> {
    Ok(rustix::fs::ioctl_ficlone(to, from)?)
}

/// Lets both files share their blocks, whole: not here.
#[cfg(not(target_os = "linux"))]
pub fn share_blocks(_: &File, _: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// For tests where no file system shares blocks: the bytes are copied.
#[cfg(test)]
pub(super) fn copied(from: &File, to: &File) -> io::Result<()> {
    let mut bytes = vec![0; from.metadata()?.len() as usize];
    from.read_exact_at(&mut bytes, 0)?;
    to.write_all_at(&bytes, 0)
}

/// How blocks are shared.
pub(super) type Share = fn(&File, &File) -> io::Result<()>;

/// Whether a path is below a directory that shares blocks with itself: tried with two files of a byte.
#[cfg(test)]
pub(super) fn shares(dir: &Path) -> bool {
    let make = |name: &str| {
        File::options().read(true).write(true).create(true).truncate(true).open(dir.join(name)).unwrap()
    };
    let (from, to) = (make("from"), make("to"));
    from.write_all_at(b"x", 0).unwrap();
    share_blocks(&from, &to).is_ok()
}
