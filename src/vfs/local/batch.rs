//! Giving small files their names, many at a time: [`commit`].
//!
//! A flush costs the same for one small file as for a hundred, so those that are ready on one file
//! system while a flush is under way wait for it and go together: all are flushed, then all get their
//! names, then each directory is flushed once. One of those who wait does it for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex, MutexGuard};
use rustix::fs::{Stat, fstat};

use super::dress::Dress;
use super::flush::flush_all;
use super::run::run;
use super::temp::Temp;
use crate::vfs::Precondition;

/// A file that is written, and only lacks its name.
#[derive(Debug)]
pub(super) struct Ready {
    pub temp: Arc<Temp>,
    pub dress: Dress,
    pub precondition: Precondition,
}

impl Ready {
    /// Gives it its name, which lasts unless nothing shall wait for the disk.
    pub fn name(&self, no_flush: bool) -> io::Result<Stat> {
        let stat = self.temp.publish(&self.precondition)?;
        if !no_flush {
            self.temp.target().flush_dir()?;
        }
        Ok(stat)
    }

    /// Does all of it alone.
    fn name_alone(&self, no_flush: bool) -> io::Result<Stat> {
        self.temp.prepare(self.dress)?;
        if !no_flush {
            self.temp.flush()?;
        }
        self.name(no_flush)
    }
}

/// Up to how many bytes a file waits for others to be flushed with.
pub(super) const SMALL: u64 = 8 << 20;

/// The same as [`commit`] for what the kernel copied, which may be large.
pub(super) async fn commit_copy(ready: Ready, no_flush: bool) -> io::Result<Stat> {
    let small = ready.temp.file.metadata()?.len() <= SMALL;
    if small && !no_flush { commit(ready).await } else { run(move || ready.name_alone(no_flush)).await }
}

/// What waits on one file system, and what came of what waited.
#[derive(Default)]
struct Queue {
    waiting: Vec<(u64, Ready)>,
    done: BTreeMap<u64, io::Result<Stat>>,
    /// Whether one of those who wait is doing the work for all that waited when it began.
    led: bool,
}

/// The most that go at once.
const MOST: usize = 512;

static QUEUES: Mutex<BTreeMap<u64, Queue>> = Mutex::new(BTreeMap::new());
static CHANGED: Condvar = Condvar::new();
static TICKETS: AtomicU64 = AtomicU64::new(0);

/// Dresses the file, makes it last, and gives it its name if its precondition holds.
pub(super) async fn commit(ready: Ready) -> io::Result<Stat> {
    run(move || wait_for(ready.temp.device()?, ready)).await
}

fn wait_for(device: u64, ready: Ready) -> io::Result<Stat> {
    let ticket = TICKETS.fetch_add(1, Ordering::Relaxed);
    let mut queues = QUEUES.lock();
    queues.entry(device).or_default().waiting.push((ticket, ready));
    loop {
        let queue = queues.entry(device).or_default();
        if let Some(outcome) = queue.done.remove(&ticket) {
            return outcome;
        }
        if queue.led {
            CHANGED.wait(&mut queues);
        } else {
            let rest = queue.waiting.split_off(queue.waiting.len().min(MOST));
            let batch = std::mem::replace(&mut queue.waiting, rest);
            queue.led = true;
            let outcomes = MutexGuard::unlocked(&mut queues, || lead(batch));
            let queue = queues.entry(device).or_default();
            queue.done.extend(outcomes);
            queue.led = false;
            CHANGED.notify_all();
        }
    }
}

/// Whatever happens, everybody who waits gets an answer.
fn lead(batch: Vec<(u64, Ready)>) -> Vec<(u64, io::Result<Stat>)> {
    let (tickets, ready): (Vec<u64>, Vec<Ready>) = batch.into_iter().unzip();
    let outcomes = catch_unwind(AssertUnwindSafe(|| publish_all(&ready)));
    let broken = || tickets.iter().map(|_| Err(io::Error::other("flushing broke off"))).collect();
    let outcomes = outcomes.unwrap_or_else(|_| broken());
    tickets.into_iter().zip(outcomes).collect()
}

/// The outcome of each, in order.
fn publish_all(batch: &[Ready]) -> Vec<io::Result<Stat>> {
    let mut outcomes: Vec<io::Result<()>> =
        batch.iter().map(|ready| ready.temp.prepare(ready.dress)).collect();
    let good: Vec<usize> = (0..batch.len()).filter(|at| outcomes[*at].is_ok()).collect();
    let temps: Vec<&Temp> = good.iter().map(|at| &*batch[*at].temp).collect();
    for (at, outcome) in good.into_iter().zip(flush_all(&temps)) {
        outcomes[at] = outcome;
    }
    let named = batch.iter().zip(outcomes);
    let named = named.map(|(ready, outcome)| outcome.and_then(|()| ready.temp.publish(&ready.precondition)));
    let named: Vec<_> = named.collect();
    flush_dirs(batch, named)
}

/// Flushes each directory once. Where that fails, no name in it is known to last.
fn flush_dirs(batch: &[Ready], named: Vec<io::Result<Stat>>) -> Vec<io::Result<Stat>> {
    let mut done = BTreeSet::new();
    let flush = |(ready, outcome): (&Ready, io::Result<Stat>)| {
        let (stat, target) = (outcome?, ready.temp.target());
        let dir = fstat(&target.dir)?;
        if !done.contains(&(dir.st_dev, dir.st_ino)) {
            target.flush_dir()?;
            done.insert((dir.st_dev, dir.st_ino));
        }
        Ok(stat)
    };
    batch.iter().zip(named).map(flush).collect()
}
