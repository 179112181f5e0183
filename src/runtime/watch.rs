//! Hears of a file that is written by a program that goes on running: [`watch`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep};

use crate::app::Msg;
use crate::app::edit::EditId;

/// For how long a file must be the same before it counts as saved: programs write in several steps.
const SETTLED: Duration = Duration::from_millis(500);
/// How often it is looked at.
const STEP: Duration = Duration::from_millis(100);

/// What tells that a file was written: inode, size, and time of modification in nanoseconds. A program may
/// write beside it and rename, so that the inode is another.
type Look = (u64, u64, i128);

/// Lets `begin` start the program once it is known how the file is before it, so that not even its first save
/// is missed. Then tells each time that the file has settled in another state than it was told in last, until
/// nobody hears.
pub(super) async fn watch(id: EditId, file: PathBuf, out: Sender<Msg>, begin: impl FnOnce()) {
    let mut told = look(&file).await;
    begin();
    let (mut seen, mut since) = (told, Instant::now());
    loop {
        sleep(STEP).await;
        let now = look(&file).await;
        if now != seen {
            (seen, since) = (now, Instant::now());
        } else if seen.is_some() && seen != told && since.elapsed() >= SETTLED {
            told = seen;
            if out.send(Msg::DraftTouched(id)).await.is_err() {
                return;
            }
        }
    }
}

async fn look(file: &Path) -> Option<Look> {
    use std::os::unix::fs::MetadataExt;
    let meta = tokio::fs::metadata(file).await.ok()?;
    Some((meta.ino(), meta.len(), i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec())))
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn each_save_is_told_once_it_has_settled() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        std::fs::write(&file, "0").unwrap();
        let (out, mut told) = mpsc::channel(8);
        let watcher = tokio::spawn(watch(EditId(1), file.clone(), out, || {}));
        sleep(STEP * 2).await;
        for at in 1..6 {
            std::fs::write(&file, "x".repeat(at)).unwrap();
            sleep(STEP).await;
        }
        assert!(told.try_recv().is_err(), "it is still being written");
        assert_eq!(told.recv().await, Some(Msg::DraftTouched(EditId(1))));
        let beside = dir.path().join("b");
        std::fs::write(&beside, "renamed").unwrap();
        std::fs::rename(&beside, &file).unwrap();
        assert_eq!(told.recv().await, Some(Msg::DraftTouched(EditId(1))));
        std::fs::remove_file(&file).unwrap();
        sleep(SETTLED * 2).await;
        assert!(told.try_recv().is_err(), "what is gone is no save");
        watcher.abort();
    }
}
