//! What a renderer reads from, and what holds it to its bounds: [`Input`], [`Bounds`].

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Most;
use super::lines::size;
use crate::model::VfsError;
use crate::preview::source::BLOCK;
use crate::preview::{Cursor, Source};

/// The account of one rendering: what it has read, unpacked and waited for.
#[derive(Debug)]
pub struct Bounds {
    cancel: CancellationToken,
    began: Instant,
    most: Most,
    waited: AtomicU64,
    read: AtomicU64,
    failure: Mutex<Option<VfsError>>,
    breach: Mutex<Option<String>>,
}

impl Bounds {
    /// That the work may go on.
    ///
    /// # Errors
    /// When nobody waits for it any more, or its time is over.
    pub fn check(&self) -> io::Result<()> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        let waited = Duration::from_nanos(self.waited.load(Ordering::Relaxed));
        if self.began.elapsed().saturating_sub(waited) > self.most.time {
            return Err(self.broken(format!("it took longer than {} s", self.most.time.as_secs())));
        }
        Ok(())
    }

    /// Keeps what bound was met, and makes an error of it.
    fn broken(&self, what: String) -> io::Error {
        let error = io::Error::new(io::ErrorKind::FileTooLarge, what.clone());
        self.breach.lock().get_or_insert(what);
        error
    }

    /// The bound that was met, in words.
    pub fn breach(&self) -> Option<String> {
        self.breach.lock().clone()
    }

    /// The failure of the backend that a decoder met, and may have hidden.
    pub fn take_failure(&self) -> Option<VfsError> {
        self.failure.lock().take()
    }

    fn count(&self, began: Instant, read: &io::Result<usize>) {
        let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.waited.fetch_add(nanos, Ordering::Relaxed);
        match read {
            Ok(bytes) => _ = self.read.fetch_add(*bytes as u64, Ordering::Relaxed),
            Err(error) => {
                let failure = error.get_ref().and_then(|error| error.downcast_ref::<VfsError>());
                if let Some(failure) = failure {
                    self.failure.lock().get_or_insert_with(|| failure.clone());
                }
            }
        }
    }
}

/// A file for decoders: ranges of a [`Source`], counted.
#[derive(Debug)]
pub struct Input {
    source: Arc<Source>,
    tokio: Handle,
    cursor: Cursor,
    bounds: Arc<Bounds>,
}

impl Input {
    pub fn new(source: Arc<Source>, tokio: Handle, cancel: CancellationToken, most: Most) -> Self {
        let cursor = source.cursor(tokio.clone(), BLOCK, cancel.clone());
        let bounds = Bounds {
            cancel,
            began: Instant::now(),
            most,
            waited: AtomicU64::new(0),
            read: AtomicU64::new(0),
            failure: Mutex::default(),
            breach: Mutex::default(),
        };
        Self { source, tokio, cursor, bounds: Arc::new(bounds) }
    }

    /// The account that all readers of this rendering share.
    pub fn bounds(&self) -> Arc<Bounds> {
        self.bounds.clone()
    }

    /// Another reader of the same, at its beginning, which fetches so much at a time.
    pub fn again(&self, ahead: u64) -> Self {
        let cursor = self.source.cursor(self.tokio.clone(), ahead, self.bounds.cancel.clone());
        Self { source: self.source.clone(), tokio: self.tokio.clone(), cursor, bounds: self.bounds.clone() }
    }

    /// The size of all of it, in bytes.
    pub fn len(&self) -> u64 {
        self.source.len()
    }

    /// The name of the file.
    pub fn name(&self) -> &[u8] {
        self.source.entry().name.as_bytes()
    }

    /// The first bytes, at most so many, in one request.
    pub fn head(&self, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.again(most.min(self.len())).take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// What to tell where only the first bytes are shown.
    pub fn cut(&self, most: u64) -> Option<String> {
        let len = self.len();
        (len > most).then(|| format!("only the first {} of {} are shown", size(most), size(len)))
    }
}

impl Read for Input {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.bounds.check()?;
        let most = self.bounds.most.read;
        if self.bounds.read.load(Ordering::Relaxed) >= most {
            return Err(self.bounds.broken(format!("more than {} of it would have to be read", size(most))));
        }
        let began = Instant::now();
        let read = self.cursor.read(buf);
        self.bounds.count(began, &read);
        read
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.cursor.seek(to)
    }
}
