//! An archive whose members are known: [`Opened`].

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::body::{broken, told};
use super::contents::{Data, Most, Zipped, contents, packed_tar};
use super::outer::Place;
use super::spool::{Spool, Tee};
use super::tree::{Node, Tree};
use super::{links, unpack, zip};
use crate::model::archive::ArchiveKind;
use crate::model::{Entry, ErrorKind, Op, Result, Tag, VfsError};

/// How many members of a zip file are held unpacked.
const SPOOLS: NonZeroUsize = NonZeroUsize::new(8).expect("it isn't zero");
/// The most members that an archive may have to be entered.
const MOST_MEMBERS: usize = 200_000;
/// The largest directory of a zip file, and the most bytes that a packed tar may unpack to.
const MOST_DIRECTORY: u64 = 128 << 20;
const MOST_UNPACKED: u64 = 64 << 30;
/// Up to this size a packed tar is kept unpacked from the first reading on.
const MOST_TEE: u64 = 256 << 20;
/// The most memory that the members may take before they are a tree, which takes as much again.
const MOST_HELD: usize = 128 << 20;
/// The most of a packed member that is unpacked for a look at it.
const MOST_LOOK: u64 = 32 << 20;
/// How long something lies unpacked that nobody reads.
const IDLE: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_mins(1) };
/// What is asked for at a time.
pub(super) const NEAR: u64 = 256 << 10;
const FAR: u64 = 8 << 20;

/// An archive whose members are known.
pub(super) struct Opened {
    pub place: Place,
    pub tree: Tree,
    kind: ArchiveKind,
    /// A packed tar as it is unpacked.
    stream: Mutex<Option<Arc<Spool>>>,
    /// Members of a zip file as they are unpacked, by where they begin.
    members: Mutex<LruCache<u64, Arc<Spool>>>,
    /// Whether somebody looks after what lies unpacked.
    tended: AtomicBool,
    /// What ends the unpacking when nobody has the archive open any more.
    token: CancellationToken,
    _guard: DropGuard,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Opened {
    /// Reads what is in an archive.
    pub async fn read(place: Place) -> Result<Arc<Self>> {
        let uri = place.path.uri().clone();
        let Some(kind) =
            ArchiveKind::of(place.entry.name.as_bytes()).or(ArchiveKind::of(uri.name().as_bytes()))
        else {
            let why = "its name is not that of an archive";
            return Err(VfsError::new(Op::List, uri, ErrorKind::Unsupported, why));
        };
        let cancel = CancellationToken::new();
        let _guard = cancel.clone().drop_guard();
        let tokio = Handle::current();
        match tokio::task::spawn_blocking(move || Self::build(place, kind, &tokio, &cancel)).await {
            Ok(Ok(opened)) => Ok(Arc::new(opened)),
            Ok(Err(error)) => Err(told(Op::List, uri, error)),
            Err(_) => Err(broken(Op::List, uri)),
        }
    }

    fn build(
        place: Place,
        kind: ArchiveKind,
        tokio: &Handle,
        cancel: &CancellationToken,
    ) -> io::Result<Self> {
        let mut members = Vec::new();
        let mut stream = None;
        if matches!(kind, ArchiveKind::TarGz | ArchiveKind::TarZst) {
            let from = place.reader(tokio.clone(), FAR, cancel.clone());
            let most = Most { members: MOST_MEMBERS, held: MOST_HELD, unpacked: MOST_UNPACKED };
            let mut tee = Tee::new(unpack::whole(kind, from, most.unpacked)?, MOST_TEE);
            packed_tar(&mut tee, most, &mut members)?;
            stream = tee.kept().map(Arc::new);
        } else {
            let from = place.reader(tokio.clone(), NEAR, cancel.clone());
            let most = Most { members: MOST_MEMBERS, held: MOST_HELD, unpacked: MOST_DIRECTORY };
            contents(kind, from, most, &mut members)?;
            links::read(&place, &mut members, tokio, cancel)?;
        }
        let tree = Tree::of(members, outer_tag(&place.entry).as_deref())?;
        let token = CancellationToken::new();
        let guard = token.clone().drop_guard();
        let (stream, members) = (Mutex::new(stream), Mutex::new(LruCache::new(SPOOLS)));
        Ok(Self { place, tree, kind, stream, members, tended: AtomicBool::new(false), token, _guard: guard })
    }

    /// How far a look may go into a member: `None` to its end.
    ///
    /// # Errors
    /// `Unsupported` where even its beginning lies behind too much.
    pub fn reach(&self, node: &Node) -> io::Result<Option<u64>> {
        let size = node.entry.size.unwrap_or(0);
        let reach = match &node.data {
            Data::At(at) if self.kind != ArchiveKind::Tar => {
                if self.stream.lock().as_ref().is_some_and(|spool| spool.reaches(at + size)) {
                    return Ok(None);
                }
                if *at >= MOST_TEE {
                    return Err(too_far(MOST_TEE));
                }
                MOST_LOOK.min(MOST_TEE - at)
            }
            Data::Zip(zipped) if zipped.method != 0 => MOST_LOOK,
            _ => return Ok(None),
        };
        Ok((reach < size).then_some(reach))
    }

    /// The bytes of members of a zip file that lie unpacked on the disk.
    #[cfg(test)]
    pub fn spooled(&self) -> u64 {
        self.members.lock().iter().map(|(_, spool)| spool.len()).sum()
    }

    /// That a look doesn't unpack more than it may.
    fn check_look(&self, node: &Node, range: &Range<u64>) -> io::Result<()> {
        match self.reach(node)? {
            Some(reach) if range.end > reach => Err(too_far(reach)),
            _ => Ok(()),
        }
    }

    /// A reader of a range of a member, of which a `look` unpacks only so much. Only for threads that may
    /// block.
    pub fn reader(
        self: &Arc<Self>,
        node: &Node,
        range: Range<u64>,
        look: bool,
        tokio: &Handle,
        cancel: CancellationToken,
    ) -> io::Result<Box<dyn Read + Send>> {
        if look {
            self.check_look(node, &range)?;
        }
        let left = range.end - range.start;
        let size = node.entry.size.unwrap_or(0);
        let from: Box<dyn Read + Send> = match &node.data {
            Data::At(at) if self.kind == ArchiveKind::Tar => {
                let mut from = self.place.reader(tokio.clone(), left.max(1), cancel);
                from.seek(SeekFrom::Start(at + range.start))?;
                Box::new(from)
            }
            Data::At(at) => {
                let spool = self.unpacked(tokio)?;
                Box::new(Spooled { spool, at: at + range.start, cancel, _opened: self.clone() })
            }
            Data::Zip(zipped) if range.start > NEAR && zipped.method == 0 => {
                let mut from = self.place.reader(tokio.clone(), left.max(64 << 10), cancel);
                from.seek(SeekFrom::Start(zipped.header))?;
                zip::pass_header(&mut from)?;
                from.seek_relative(range.start.cast_signed())?;
                Box::new(from)
            }
            Data::Zip(zipped) if range.start > NEAR => {
                let spool = self.unpacked_member(zipped, size, tokio)?;
                Box::new(Spooled { spool, at: range.start, cancel, _opened: self.clone() })
            }
            Data::Zip(zipped) => {
                let mut from = member(&self.place, zipped, size, range.end, tokio, cancel)?;
                io::copy(&mut from.by_ref().take(range.start), &mut io::sink())?;
                Box::new(from)
            }
            Data::Unreadable(why) => return Err(io::Error::new(io::ErrorKind::Unsupported, *why)),
            Data::None | Data::Same => Box::new(io::empty()),
        };
        Ok(Box::new(Exact { from, left }))
    }

    fn unpacked_member(
        self: &Arc<Self>,
        zipped: &Zipped,
        size: u64,
        tokio: &Handle,
    ) -> io::Result<Arc<Spool>> {
        if let Some(spool) = self.members.lock().get(&zipped.header) {
            return Ok(spool.clone());
        }
        let (place, zipped, token) = (self.place.clone(), *zipped, self.token.clone());
        let (tokio, handle) = (tokio.clone(), tokio);
        let header = zipped.header;
        let opening = move || member(&place, &zipped, size, size, &tokio, token);
        // Somebody else may have been faster: then theirs counts, and this one has asked for nothing yet.
        let new = Arc::new(Spool::new(Box::new(Late::Closed(Some(opening))))?);
        let spool = self.members.lock().get_or_insert(header, || new).clone();
        self.tend(handle);
        Ok(spool)
    }

    /// The tar file, unpacked as far as somebody reads.
    fn unpacked(self: &Arc<Self>, tokio: &Handle) -> io::Result<Arc<Spool>> {
        let mut stream = self.stream.lock();
        if let Some(spool) = &*stream {
            return Ok(spool.clone());
        }
        let from = self.place.reader(tokio.clone(), FAR, self.token.clone());
        let spool = Arc::new(Spool::new(unpack::whole_sent(self.kind, from)?)?);
        let spool = stream.insert(spool).clone();
        drop(stream);
        self.tend(tokio);
        Ok(spool)
    }

    /// Has what nobody reads any more taken from the disk, where no name shows it: a copy unpacks as much as it
    /// copies.
    fn tend(self: &Arc<Self>, tokio: &Handle) {
        if self.tended.swap(true, Ordering::SeqCst) {
            return;
        }
        let this = Arc::downgrade(self);
        tokio.spawn(async move {
            loop {
                tokio::time::sleep(IDLE).await;
                if this.upgrade().is_none_or(|this| this.sweep()) {
                    return;
                }
            }
        });
    }

    /// Lets go of what nobody has read for a while. Tells whether nothing is left to look after.
    fn sweep(&self) -> bool {
        let (Some(mut stream), Some(mut members)) = (self.stream.try_lock(), self.members.try_lock()) else {
            return false;
        };
        // A small stream stays, for the next look at a member.
        let small = |spool: &Arc<Spool>, idle| spool.idle(idle).map(|len| len <= MOST_TEE);
        if stream.as_ref().is_some_and(|spool| small(spool, IDLE) == Some(false)) {
            *stream = None;
        }
        let idle: Vec<u64> =
            members.iter().filter(|(_, spool)| spool.idle(IDLE).is_some()).map(|(at, _)| *at).collect();
        for at in idle {
            members.pop(&at);
        }
        let settled =
            |spool: &Arc<Spool>| spool.reaches(u64::MAX) && small(spool, Duration::ZERO) == Some(true);
        let done = members.is_empty() && stream.as_ref().is_none_or(settled);
        // Under both locks: whoever unpacks more from here on finds nobody who tends it.
        self.tended.store(!done, Ordering::SeqCst);
        done
    }
}

/// A member of a zip file from its beginning, of which `wanted` bytes are wanted.
fn member(
    place: &Place,
    zipped: &Zipped,
    size: u64,
    wanted: u64,
    tokio: &Handle,
    cancel: CancellationToken,
) -> io::Result<unpack::Held> {
    // The header's length isn't known before it is read: a little more than the bytes is asked for.
    let ahead = zipped.packed.saturating_add(1024);
    let ahead = if wanted < size { ahead.min(wanted.saturating_add(NEAR)) } else { ahead };
    let mut from = place.reader(tokio.clone(), ahead, cancel);
    from.seek(SeekFrom::Start(zipped.header))?;
    zip::pass_header(&mut from)?;
    unpack::member(zipped, size, from)
}

/// What tells one content of an archive from another, as text.
pub(super) fn outer_tag(entry: &Entry) -> Option<String> {
    Some(match entry.tag.as_ref()? {
        Tag::ETag(etag) => etag.to_string(),
        Tag::File { dev, ino, mtime_ns } => format!("{dev:x}-{ino:x}-{mtime_ns:x}"),
    })
}

fn too_far(reach: u64) -> io::Error {
    let why = format!("it is packed, and a look unpacks only {} MiB to get at something", reach >> 20);
    io::Error::new(io::ErrorKind::Unsupported, why)
}

/// A reader that is opened when it is first read.
enum Late<F, R> {
    Closed(Option<F>),
    Open(R),
}

impl<F: FnOnce() -> io::Result<R>, R: Read> Read for Late<F, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Self::Closed(opening) = self {
            let opening = opening.take().ok_or_else(super::contents::ended)?;
            *self = Self::Open(opening()?);
        }
        let Self::Open(from) = self else { return Ok(0) };
        from.read(buf)
    }
}

/// A reader of what is unpacked on disk.
struct Spooled {
    spool: Arc<Spool>,
    at: u64,
    cancel: CancellationToken,
    /// What unpacks ends with it.
    _opened: Arc<Opened>,
}

impl Read for Spooled {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.spool.read_at(buf, self.at, &self.cancel)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Exactly so many bytes: an end before is damage.
struct Exact<R> {
    from: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let count = self.from.read(&mut buf[..most])?;
        if count == 0 {
            return Err(super::contents::ended());
        }
        self.left -= count as u64;
        Ok(count)
    }
}
