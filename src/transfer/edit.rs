//! Editing a thing through a copy of one's own, which is written back only over what it was made from:
//! [`Draft`].
//!
//! Invariants: what an editor wrote stays on disk until the service has it; nothing is replaced that isn't what
//! was fetched, unless a person says so, and then only what is there at that moment.

mod difference;
mod place;

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::model::{Entry, ErrorKind, Freshness, Head, Op, Result, Tag, Uri, VfsError};
use crate::vfs::{Attributes, CreateHint, DynPath, Fetch, Placed, Precondition, Reading, Sink, Trust};

pub use place::left;

/// Up to how many bytes of each side a difference is made of.
const COMPARED: u64 = 4 << 20;

/// What is at a place: something with a tag, or without; or nothing.
type There = Option<Option<Tag>>;

/// What a save may replace.
#[derive(Clone, Debug)]
pub enum Save {
    /// What the draft was made from, or saved as last; else `Conflict`.
    Bound,
    /// What a person was shown instead of it: by [`Draft::difference`] last, or by the conflict. What came after
    /// that is another `Conflict`.
    Over,
    /// Nothing: another name, which must be free.
    As(DynPath),
}

/// A copy of a thing in a directory of its own, for an editor.
#[derive(Debug)]
pub struct Draft {
    origin: DynPath,
    file: PathBuf,
    tag: Option<Tag>,
    content: [u8; 32],
    /// Whether it was ever saved.
    saved: bool,
    /// Whether a save ended without an answer: it may have been done.
    doubted: bool,
    /// What was there instead of it when a person was told so last.
    met: Option<There>,
    /// Says to other programs that it is in use, as long as it is.
    _hold: Option<std::fs::File>,
}

impl Draft {
    /// Fetches what is there now, through the cache of bodies, into a new directory below `dir` that only
    /// its owner may enter. `read_only` is for programs that only show it.
    pub async fn fetch(origin: DynPath, dir: &Path, read_only: bool) -> Result<Self> {
        let io = |error| VfsError::io(Op::Read, origin.uri().clone(), error);
        let file = place::new_file(dir, &origin.name()).map_err(io)?;
        let (unfinished, hold) = (Unfinished(&file), place::hold(&file));
        let (tag, content) = fill(&origin, &file, read_only).await?;
        std::mem::forget(unfinished);
        Ok(Self { origin, file, tag, content, saved: false, doubted: false, met: None, _hold: hold })
    }

    /// The copy.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What it is a copy of.
    pub fn origin(&self) -> &Uri {
        self.origin.uri()
    }

    /// Whether the copy holds something else than what was fetched or saved last.
    pub async fn changed(&self) -> Result<bool> {
        Ok(self.hash().await? != self.content)
    }

    /// Writes the copy back, with all that the object carries: headers, metadata, tags, class, encryption.
    ///
    /// # Errors
    /// `Conflict` where what is there isn't what `how` allows to be replaced. Whatever fails, the copy stays.
    pub async fn save(&mut self, how: &Save) -> Result<Entry> {
        let target = match how {
            Save::As(path) => path.clone(),
            Save::Bound | Save::Over => self.origin.clone(),
        };
        let precondition = self.precondition(how).await?;
        let attributes = self.carried().await?;
        let size = fs::metadata(&self.file).await.map_err(|error| self.lost(error))?.len();
        let hint = CreateHint { size: Some(size), attributes, ..CreateHint::default() };
        let sink = target.create(hint).await?;
        match self.send(&target, &*sink, size, precondition).await {
            Ok((placed, sent)) => Ok(self.keep(target, placed.entry, sent)),
            Err(error) => {
                if let Err(left) = sink.abort().await {
                    tracing::warn!("what a failed save began can't be ended: {left}");
                }
                let refused = matches!(error.kind, ErrorKind::Conflict | ErrorKind::AlreadyExists);
                if refused
                    && self.doubted
                    && let Some((entry, sent)) = self.same_there(&target, size).await?
                {
                    return Ok(self.keep(target, entry, sent));
                }
                self.doubted |= error.kind.outcome_unknown();
                if error.kind == ErrorKind::Conflict && !matches!(how, Save::As(_)) {
                    self.met = there(&self.origin).await.ok();
                }
                Err(error)
            }
        }
    }

    /// From now on the copy is one of what was saved.
    fn keep(&mut self, target: DynPath, entry: Entry, content: [u8; 32]) -> Entry {
        (self.tag, self.content, self.origin, self.doubted) = (entry.tag.clone(), content, target, false);
        (self.met, self.saved) = (None, true);
        entry
    }

    /// What is there, if it is what the copy holds: a save whose answer was lost had been done.
    async fn same_there(&self, target: &DynPath, size: u64) -> Result<Option<(Entry, [u8; 32])>> {
        let entry = target.stat(Freshness::Past).await?;
        if entry.size != Some(size) {
            return Ok(None);
        }
        let (mut body, mut there) = (target.fetch(None, &Fetch::now()).await?.body, Sha256::new());
        while let Some(bytes) = body.try_next().await? {
            there.update(&bytes);
        }
        let (there, mine): ([u8; 32], _) = (there.finalize().into(), self.hash().await?);
        Ok((there == mine).then_some((entry, mine)))
    }

    /// What changed between what is there now and the copy, line by line, as a text. From now on that is what
    /// [`Save::Over`] may replace.
    pub async fn difference(&mut self) -> Result<String> {
        let (now, there) = head_of(&self.origin).await?;
        self.met = Some(there);
        let mut mine = Vec::new();
        let file = File::open(&self.file).await.map_err(|error| self.lost(error))?;
        file.take(COMPARED + 1).read_to_end(&mut mine).await.map_err(|error| self.lost(error))?;
        Ok(difference::of(now.as_deref(), &mine, COMPARED as usize))
    }

    /// Ends an edit that leaves nothing to be saved. What was never saved lies for a day: its program may have been
    /// started only, and go on by itself.
    pub fn let_go(self) {
        if self.saved { place::remove(&self.file) } else { place::leave(&self.file) }
    }

    /// Removes the copy: nobody wants it.
    pub fn discard(self) {
        place::remove(&self.file);
    }

    async fn precondition(&self, how: &Save) -> Result<Precondition> {
        match how {
            Save::As(_) => Ok(Precondition::Absent),
            // No tag, no way to know: it is asked about as if it had changed.
            Save::Bound => match &self.tag {
                Some(tag) => Ok(Precondition::Matches(tag.clone())),
                None => Err(self.conflict("its service tells no tag to compare")),
            },
            Save::Over => {
                let met = match &self.met {
                    Some(met) => met.clone(),
                    None => there(&self.origin).await?,
                };
                Ok(met.map_or(Precondition::Absent, |tag| {
                    tag.map_or(Precondition::None, Precondition::Matches)
                }))
            }
        }
    }

    /// What the thing carries besides its bytes, without the time of its content, which is another now.
    async fn carried(&self) -> Result<Attributes> {
        let carried = match self.origin.carried().await {
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Unsupported) => {
                Attributes::default()
            }
            carried => carried?,
        };
        Ok(Attributes { modified: None, nanos: 0, ..carried })
    }

    async fn send(
        &self,
        target: &DynPath,
        sink: &dyn Sink,
        size: u64,
        on: Precondition,
    ) -> Result<(Placed, [u8; 32])> {
        let mut file = File::open(&self.file).await.map_err(|error| self.lost(error))?;
        let (mut hash, mut offset) = (Sha256::new(), 0);
        while offset < size || offset == 0 {
            let len = sink.layout().part_size.min(size - offset);
            let mut part = vec![0; usize::try_from(len).unwrap_or_default()];
            file.read_exact(&mut part).await.map_err(|error| self.lost(error))?;
            hash.update(&part);
            let part = Bytes::from(part);
            sink.write_part(offset, len, futures::stream::once(async { Ok(part) }).boxed()).await?;
            offset += len;
            if size == 0 {
                break;
            }
        }
        self.check(target, &on).await?;
        Ok((sink.commit(on).await?, hash.finalize().into()))
    }

    /// What a service that passes over conditions doesn't check: that there is still what may be replaced. Looked at
    /// right before the write.
    async fn check(&self, target: &DynPath, on: &Precondition) -> Result<()> {
        if target.caps().conditional_put {
            return Ok(());
        }
        match (on, there(target).await?) {
            (Precondition::None, _) | (Precondition::Absent, None) => Ok(()),
            (Precondition::Matches(tag), Some(Some(now))) if *tag == now => Ok(()),
            (Precondition::Absent, Some(_)) => {
                let why = "something of that name is there already";
                Err(VfsError::new(Op::Write, target.uri().clone(), ErrorKind::AlreadyExists, why))
            }
            (Precondition::Matches(_), _) => Err(self.conflict("it is not what it was")),
        }
    }

    async fn hash(&self) -> Result<[u8; 32]> {
        let mut file = File::open(&self.file).await.map_err(|error| self.lost(error))?;
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; 256 << 10]);
        loop {
            match file.read(&mut buffer).await.map_err(|error| self.lost(error))? {
                0 => return Ok(hash.finalize().into()),
                read => hash.update(&buffer[..read]),
            }
        }
    }

    fn conflict(&self, why: &str) -> VfsError {
        VfsError::new(Op::Write, self.origin.uri().clone(), ErrorKind::Conflict, why)
    }

    /// The copy itself can't be read any more.
    fn lost(&self, error: std::io::Error) -> VfsError {
        VfsError::io(Op::Read, Uri::Local(self.file.clone()), error)
    }
}

/// A copy that is removed unless it gets whole, also when nobody waits for it any more.
struct Unfinished<'a>(&'a Path);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        place::remove(self.0);
    }
}

/// Writes what is there now into a file, and gives its tag and its hash.
async fn fill(origin: &DynPath, file: &Path, read_only: bool) -> Result<(Option<Tag>, [u8; 32])> {
    let io = |error| VfsError::io(Op::Write, Uri::Local(file.to_owned()), error);
    let reading = read_now(origin).await?;
    let mode = if read_only { 0o400 } else { 0o600 };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let mut out = OpenOptions::from(options).open(file).await.map_err(io)?;
    let (mut body, mut hash) = (reading.body, Sha256::new());
    while let Some(bytes) = body.try_next().await? {
        hash.update(&bytes);
        out.write_all(&bytes).await.map_err(io)?;
    }
    out.flush().await.map_err(io)?;
    let tag = tag_of(origin, reading.head.as_deref()).await?;
    Ok((tag, hash.finalize().into()))
}

/// What is at a place now: its tag, if it has one, or nothing.
async fn there(path: &DynPath) -> Result<There> {
    match path.stat(Freshness::Past).await {
        Ok(there) => Ok(Some(there.tag)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The beginning of what is there now, and its tag; nothing where nothing is.
async fn head_of(path: &DynPath) -> Result<(Option<Vec<u8>>, There)> {
    let reading = match read_now(path).await {
        Ok(reading) => reading,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok((None, None)),
        Err(error) => return Err(error),
    };
    let tag = tag_of(path, reading.head.as_deref()).await?;
    let (mut body, mut head) = (reading.body, Vec::new());
    while let Some(bytes) = body.try_next().await? {
        head.extend_from_slice(&bytes);
        if head.len() as u64 > COMPARED {
            break;
        }
    }
    Ok((Some(head), Some(tag)))
}

/// Reads what is there now. What a cache holds without what the service told of it is fetched anew: a later look
/// could tell of something else.
async fn read_now(path: &DynPath) -> Result<Reading> {
    let reading = path.fetch(None, &Fetch::now()).await?;
    if reading.head.is_some() || !path.caps().metered {
        return Ok(reading);
    }
    path.fetch(None, &Fetch { trust: Trust::Refresh, ..Fetch::now() }).await
}

/// The tag of what was read; who reads local files is asked for it.
async fn tag_of(path: &DynPath, head: Option<&Head>) -> Result<Option<Tag>> {
    match head {
        Some(head) => Ok(head.entry.tag.clone()),
        None => Ok(path.stat(Freshness::Past).await?.tag),
    }
}
