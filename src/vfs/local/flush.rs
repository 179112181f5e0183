//! Making bytes last: [`Flusher`] for the parts of one file, [`flush_all`] for many small files.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::io::Errno;

use super::run::run;
use super::temp::Temp;

/// From how many files on flushing the file system at once beats flushing each: measured on ext4, where
/// each file's own flush waits for the journal again.
const WORTH_ALL: usize = 2;

/// Flushes one file for all who wrote to it: those who wait together share a flush that began after the
/// last of them had written.
#[derive(Debug)]
pub(super) struct Flusher {
    temp: Arc<Temp>,
    turn: tokio::sync::Mutex<()>,
    count: Arc<Mutex<Count>>,
}

/// The flushes of a file, numbered from 1.
#[derive(Debug, Default)]
struct Count {
    begun: u64,
    /// The last that ended well.
    ended: u64,
    /// A failure is told by the system once and then forgotten, whatever was lost: here it stays.
    failed: Option<Errno>,
}

impl Flusher {
    pub fn new(temp: Arc<Temp>) -> Self {
        Self { temp, turn: tokio::sync::Mutex::default(), count: Arc::default() }
    }

    /// Comes back when all that was written before the call is safe.
    pub async fn flush(&self) -> io::Result<()> {
        let needed = self.count.lock().begun + 1;
        let _turn = self.turn.lock().await;
        if self.ended()? >= needed {
            return Ok(());
        }
        let (temp, count) = (self.temp.clone(), self.count.clone());
        run(move || flush_counted(&temp, &count)).await
    }

    /// The number of the last flush that ended well.
    fn ended(&self) -> io::Result<u64> {
        let count = self.count.lock();
        count.failed.map_or(Ok(count.ended), |failed| Err(failed.into()))
    }
}

/// Counts also where nobody waits for it any more.
fn flush_counted(temp: &Temp, count: &Mutex<Count>) -> io::Result<()> {
    let number = {
        let mut count = count.lock();
        count.begun += 1;
        count.begun
    };
    let outcome = temp.flush();
    let mut count = count.lock();
    match &outcome {
        Ok(()) => count.ended = count.ended.max(number),
        Err(error) => count.failed = Some(Errno::from_io_error(error).unwrap_or(Errno::IO)),
    }
    outcome
}

/// Makes many files last, and tells the outcome of each, in order.
pub(super) fn flush_all(temps: &[&Temp]) -> Vec<io::Result<()>> {
    let all_at_once = temps.len() >= WORTH_ALL && flush_file_system(temps);
    temps.iter().map(|temp| if all_at_once { Ok(()) } else { temp.flush() }).collect()
}

/// Flushes all that the file system holds. Only where a failure to write is known to be told, and then
/// through the file that was opened first: what went wrong with any of them went wrong after that.
/// `false` where each has to be flushed (and to fail) by itself.
#[cfg(target_os = "linux")]
fn flush_file_system(temps: &[&Temp]) -> bool {
    let first = temps.iter().min_by_key(|temp| temp.born);
    first.is_some_and(|temp| tells_failures() && known(&temp.file) && rustix::fs::syncfs(&temp.file).is_ok())
}

#[cfg(not(target_os = "linux"))]
fn flush_file_system(_: &[&Temp]) -> bool {
    false
}

/// The kinds of local file system whose `syncfs` writes everything and waits for it. Others (network,
/// FUSE) may take it for a hint.
#[cfg(target_os = "linux")]
fn known(file: &std::fs::File) -> bool {
    const EXT: i64 = 0xef53;
    const XFS: i64 = 0x5846_5342;
    const BTRFS: i64 = 0x9123_683e;
    const F2FS: i64 = 0xf2f5_2010;
    const TMPFS: i64 = 0x0102_1994;
    #[allow(clippy::unnecessary_cast, clippy::cast_lossless, reason = "the widths differ between systems")]
    let told = rustix::fs::fstatfs(file).map(|stat| stat.f_type as i64 & 0xffff_ffff);
    told.is_ok_and(|told| [EXT, XFS, BTRFS, F2FS, TMPFS].contains(&told))
}

/// Whether `syncfs` of this kernel tells failures to write (since 5.8).
#[cfg(target_os = "linux")]
fn tells_failures() -> bool {
    static TELLS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *TELLS.get_or_init(|| {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        release_of(&release).is_some_and(|release| release >= (5, 8))
    })
}

#[cfg(target_os = "linux")]
fn release_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_known_by_its_release() {
        assert_eq!(release_of("6.18.5\n"), Some((6, 18)));
        assert_eq!(release_of("5.7-rc1"), Some((5, 7)));
        assert_eq!(release_of("strange"), None);
        assert_eq!(release_of(""), None);
    }
}
