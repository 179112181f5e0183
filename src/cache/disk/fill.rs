//! Keeping bytes as they arrive: [`Fill`].

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tempfile::TempPath;

use super::files::Files;
use super::index;
use super::piece::{checksum, next_boundary};
use super::{About, Piece, Shelf};
use crate::cache::ops::BodyTicket;

/// What is packed must become smaller by so much: 1 in 8.
const WORTH: u64 = 8;
const LEVEL: i32 = 3;

/// Takes the bytes of one thing, in pieces that it writes as they are full. What fails here is the cache's own
/// affair: whoever reads doesn't hear of it. Dropped before [`Self::finish`], it has kept the full pieces.
#[derive(Debug)]
pub struct Fill {
    shelf: Shelf,
    about: About,
    /// The file that is written to, once there is one.
    open: Option<(i64, Arc<File>)>,
    /// The file that was there before.
    birth: Option<i64>,
    buffer: BytesMut,
    /// Where the buffer begins.
    at: u64,
    /// The hash of all bytes so far, where they came from the first one on.
    content: Option<Sha256>,
    stopped: bool,
    /// The right to keep it.
    ticket: Option<BodyTicket>,
}

/// A piece, written.
struct Written {
    file: Arc<File>,
    /// Where it is new: it goes with this unless it gets its name.
    temp: Option<TempPath>,
    piece: Piece,
    content: Option<Sha256>,
}

impl Fill {
    pub(super) fn new(shelf: Shelf, about: About, birth: Option<i64>) -> Self {
        let stopped = shelf.is_off() || about.tag.is_empty();
        let content = birth.is_none().then(Sha256::new);
        Self {
            shelf,
            about,
            open: None,
            birth,
            buffer: BytesMut::new(),
            at: 0,
            content,
            stopped,
            ticket: None,
        }
    }

    /// From now on nothing is kept that this ticket has no right to any more.
    #[must_use]
    pub fn by(self, ticket: BodyTicket) -> Self {
        Self { ticket: Some(ticket), ..self }
    }

    /// The bytes that come next begin here.
    pub fn seek(&mut self, at: u64) {
        if at != self.at + self.buffer.len() as u64 {
            self.content = None;
        }
        self.buffer.clear();
        self.at = at;
    }

    /// Bytes before this one are kept, of those that came; `None` where no more are.
    pub fn kept(&self) -> Option<u64> {
        (!self.stopped).then_some(self.at)
    }

    /// Takes the next bytes.
    pub async fn push(&mut self, bytes: &Bytes) {
        let mut rest = &bytes[..];
        while !rest.is_empty() && !self.stopped {
            let room = next_boundary(self.at) - self.at - self.buffer.len() as u64;
            let (now, later) = rest.split_at(rest.len().min(room as usize));
            self.buffer.extend_from_slice(now);
            rest = later;
            if now.len() as u64 == room {
                self.write().await;
            }
        }
    }

    /// Keeps what is left. Tells whether all that came was kept.
    pub async fn finish(mut self) -> bool {
        if !self.buffer.is_empty() || (self.about.size == 0 && self.open.is_none()) {
            self.write().await;
        }
        if !self.stopped && self.at == self.about.size {
            self.settle().await;
        }
        !self.stopped
    }

    async fn settle(&mut self) {
        let (Some(content), Some((birth, _))) = (self.content.take(), &self.open) else { return };
        let (name, birth) = (self.about.name, *birth);
        let content: [u8; 32] = content.finalize().into();
        self.shelf.write(move |db, book| index::settle_content(db, book, &name, birth, &content)).await;
    }

    async fn write(&mut self) {
        if self.stopped {
            return;
        }
        let bytes = self.buffer.split().freeze();
        let start = self.at;
        self.at += bytes.len() as u64;
        if let Err(error) = self.keep(start, bytes).await {
            self.stopped = true;
            if ends_it(&error) {
                self.shelf.turn_off(&error);
            }
            let about = &self.about;
            tracing::debug!(key = %about.key, name = %about.name, "not all of it is kept: {error}");
        }
    }

    async fn keep(&mut self, start: u64, bytes: Bytes) -> io::Result<()> {
        self.reopen().await?;
        let written = self.put_down(start, bytes).await?;
        self.content = written.content;
        let (name, piece, now) = (self.about.name, written.piece, self.shelf.now());
        let birth = self.open.as_ref().map_or_else(|| fastrand::i64(..), |(birth, _)| *birth);
        let (about, ticket, temp) = (self.about.clone(), self.ticket.clone(), written.temp);
        // What touches it from here on finds the row: that is asked in the order of the index. The temporary file
        // is in this transaction's hands, so that it goes with it, whoever waits or doesn't.
        let added = self.shelf.write(move |db, book| match &temp {
            _ if ticket.is_some_and(|ticket| !ticket.is_live()) => Ok(None),
            Some(temp) => index::begin(db, book, &about, birth, (temp, std::slice::from_ref(&piece)), now),
            None => index::add_piece(db, book, &name, birth, &piece),
        });
        let Some(Some(evicted)) = added.await else {
            return Err(io::Error::other("it was invalidated, or has no room"));
        };
        self.open = Some((birth, written.file));
        self.shelf.note_evicted(evicted);
        Ok(())
    }

    /// Opens the file that is held already, while nobody can put another in its place. Whatever does so later leaves
    /// this one, which has no name then.
    async fn reopen(&mut self) -> io::Result<()> {
        let (Some(birth), None) = (self.birth, &self.open) else { return Ok(()) };
        let name = self.about.name;
        let open = self.shelf.write(move |db, book| {
            let born = index::is_born(db, book, &name, birth)?;
            Ok(born.then(|| book.files.open(&name, true)))
        });
        let gone = || io::Error::other("it was replaced");
        let file = open.await.flatten().ok_or_else(gone)??;
        self.open = Some((birth, Arc::new(file)));
        Ok(())
    }

    /// Writes a piece on a thread that may block, to a new file where there is none.
    async fn put_down(&mut self, start: u64, bytes: Bytes) -> io::Result<Written> {
        let (files, about) = (self.shelf.0.files.clone(), self.about.clone());
        let file = self.open.as_ref().map(|(_, file)| file.clone());
        let (compress, content) = (self.shelf.bounds().compress, self.content.take());
        let write = move || {
            let content = content.map(|hash| hash.chain_update(&bytes));
            let (file, temp) = match file {
                Some(file) => (file, None),
                None => files.temp(&about.name).map(|(file, temp)| (Arc::new(file), Some(temp)))?,
            };
            let piece = write_piece(&files, &file, &about, start, &bytes, compress)?;
            Ok(Written { file, temp, piece, content })
        };
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
    }
}

fn write_piece(
    files: &Files,
    file: &File,
    about: &About,
    start: u64,
    bytes: &[u8],
    compress: bool,
) -> io::Result<Piece> {
    let len = bytes.len() as u64;
    let packed = if compress { zstd::bulk::compress(bytes, LEVEL).ok() } else { None };
    let packed = packed.filter(|packed| packed.len() as u64 <= len - len.div_ceil(WORTH));
    let stored = packed.as_deref().unwrap_or(bytes);
    files.write(file, start, stored)?;
    let sum = checksum(&about.name, &about.tag, start, bytes);
    Ok(Piece { start, len, stored: stored.len() as u64, sum })
}

/// Whether nothing more can be written here for now.
fn ends_it(error: &io::Error) -> bool {
    use io::ErrorKind as Io;
    let kinds =
        [Io::StorageFull, Io::QuotaExceeded, Io::ReadOnlyFilesystem, Io::PermissionDenied, Io::NotADirectory];
    kinds.contains(&error.kind()) || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}
