//! What is unpacked into a file without a name, once, as far as somebody reads: [`Spool`].

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// Bytes that are unpacked at a time: whoever gives up is free again so soon.
const STEP: usize = 256 << 10;

/// A stream that can be read by ranges, because what has passed is kept on disk. The file has no name: it
/// goes with the process.
pub(super) struct Spool(Mutex<Unpacking>);

struct Unpacking {
    file: File,
    len: u64,
    /// When somebody read it last.
    used: Instant,
    /// Where the rest comes from; `None` when there is no more.
    from: Option<Box<dyn Read + Send>>,
    failed: Option<(io::ErrorKind, String)>,
}

impl Spool {
    /// A stream to be unpacked.
    pub fn new(from: Box<dyn Read + Send>) -> io::Result<Self> {
        Ok(Self::begun(tempfile::tempfile()?, 0, Some(from)))
    }

    /// A stream that was unpacked already.
    pub fn of(file: File, len: u64) -> Self {
        Self::begun(file, len, None)
    }

    fn begun(file: File, len: u64, from: Option<Box<dyn Read + Send>>) -> Self {
        Self(Mutex::new(Unpacking { file, len, used: Instant::now(), from, failed: None }))
    }

    /// The bytes that it takes, unless somebody has read it just now.
    pub fn idle(&self, for_long: Duration) -> Option<u64> {
        let unpacking = self.0.try_lock()?;
        (unpacking.used.elapsed() >= for_long).then_some(unpacking.len)
    }

    #[cfg(test)]
    pub fn len(&self) -> u64 {
        self.0.lock().len
    }

    /// Whether this is unpacked already, or all is.
    pub fn reaches(&self, at: u64) -> bool {
        let unpacking = self.0.lock();
        unpacking.from.is_none() || unpacking.len >= at
    }

    /// The bytes from here on, 0 at the end. Unpacks up to there first; a lock is held for a step of it, so
    /// that readers of other places take turns. Only for threads that may block.
    pub fn read_at(&self, buf: &mut [u8], at: u64, cancel: &CancellationToken) -> io::Result<usize> {
        loop {
            let mut unpacking = self.0.lock();
            unpacking.used = Instant::now();
            if at < unpacking.len {
                let most = buf.len().min(usize::try_from(unpacking.len - at).unwrap_or(usize::MAX));
                return unpacking.file.read_at(&mut buf[..most], at);
            }
            if let Some((kind, why)) = &unpacking.failed {
                return Err(io::Error::new(*kind, why.clone()));
            }
            if unpacking.from.is_none() {
                return Ok(0);
            }
            if cancel.is_cancelled() {
                return Err(io::Error::other("nobody waits for it any more"));
            }
            unpacking.step()?;
        }
    }
}

impl Unpacking {
    fn step(&mut self) -> io::Result<()> {
        let Some(from) = &mut self.from else { return Ok(()) };
        let mut buffer = vec![0; STEP];
        match from.read(&mut buffer).and_then(|count| {
            self.file.write_all_at(&buffer[..count], self.len)?;
            Ok(count)
        }) {
            Ok(0) => self.from = None,
            Ok(count) => self.len += count as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                // A decoder that failed can't go on: those who come later hear the same.
                self.failed = Some((error.kind(), error.to_string()));
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Keeps what passes in a file, up to a bound; beyond it keeps nothing.
pub(super) struct Tee<R> {
    from: R,
    kept: Option<(File, u64)>,
    most: u64,
}

impl<R: Read> Tee<R> {
    pub fn new(from: R, most: u64) -> Self {
        Self { from, kept: tempfile::tempfile().ok().map(|file| (file, 0)), most }
    }

    /// What was kept, where it is all that passed.
    pub fn kept(self) -> Option<Spool> {
        self.kept.map(|(file, len)| Spool::of(file, len))
    }
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buf)?;
        if let Some((file, len)) = &mut self.kept {
            let fits = *len + count as u64 <= self.most;
            if fits && file.write_all_at(&buf[..count], *len).is_ok() {
                *len += count as u64;
            } else {
                self.kept = None;
            }
        }
        Ok(count)
    }
}
