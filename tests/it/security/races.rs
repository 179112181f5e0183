//! Directories that are swapped with links while a job passes them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bifold::transfer::{Choice, JobId, JobKind, JobOptions, JobSpec};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::snapshot;
use crate::transfer::bed::{Bed, Pair, finish};

/// Somebody who swaps two names, again and again.
struct Swapper {
    stop: Arc<AtomicBool>,
    swaps: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

impl Swapper {
    fn begin(one: PathBuf, other: PathBuf) -> Self {
        let (stop, swaps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (told, count) = (stop.clone(), swaps.clone());
        let swap = move || {
            while !told.load(Ordering::Relaxed) {
                if renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).is_ok() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_micros(fastrand::u64(20..400)));
            }
        };
        Self { stop, swaps, thread: Some(std::thread::spawn(swap)) }
    }

    /// How often it swapped.
    fn end(mut self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("no panic");
        }
        self.swaps.load(Ordering::Relaxed)
    }
}

/// Does something over and over for a moment, while somebody swaps `dir` with a link that leads out;
/// `set_up` makes what is in `dir`.
async fn while_swapped(dir: &Path, outside: &Path, set_up: impl Fn(), mut act: impl AsyncFnMut()) {
    let link = dir.with_extension("link");
    let (begun, mut swaps) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_millis(1_500) {
        for name in [dir, &link] {
            clear(name);
        }
        fs::create_dir_all(dir).expect("a directory");
        symlink(outside, &link).expect("a link");
        set_up();
        let swapper = Swapper::begin(dir.to_path_buf(), link.clone());
        act().await;
        swaps += swapper.end();
    }
    assert!(swaps > 20, "it was swapped while the job went on, {swaps} times");
}

/// Removes what is there, and nothing that it leads to.
fn clear(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(stat) if stat.is_dir() => fs::remove_dir_all(path).expect("a directory goes"),
        Ok(_) => fs::remove_file(path).expect("a link goes"),
        Err(_) => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_is_swapped_during_a_copy_leads_nowhere() {
    for pair in [Pair::LocalLocal, Pair::MemoryLocal] {
        let bed = Bed::new(pair);
        for number in 0..40 {
            bed.left.put(&format!("d/e/{number}"), b"theirs").await;
        }
        let (right, outside) = (bed.dir.path().join("right"), bed.dir.path().join("outside"));
        fs::create_dir(&outside).expect("a directory");
        fs::write(outside.join("0"), "mine").expect("a file");
        let before = snapshot(bed.dir.path(), &right);
        let nothing = || ();
        while_swapped(&right.join("d/e"), &outside, nothing, async || {
            bed.copy(&["d/"], Choice::Overwrite).await;
        })
        .await;
        assert_eq!(snapshot(bed.dir.path(), &right), before, "{pair:?}");
        bed.check_clean();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_is_swapped_during_a_delete_leads_nowhere() {
    let bed = Bed::new(Pair::LocalLocal);
    let (left, outside) = (bed.dir.path().join("left"), bed.dir.path().join("outside"));
    fs::create_dir_all(left.join("d/e")).expect("a directory");
    fs::create_dir_all(outside.join("sub")).expect("a directory");
    for number in 0..20 {
        fs::write(outside.join(number.to_string()), "mine").expect("a file");
        fs::write(outside.join(format!("sub/{number}")), "mine").expect("a file");
    }
    let before = snapshot(bed.dir.path(), &left);
    let sources = bed.left.items(&["d/"]).await;
    // The same names as outside, to be removed here and only here.
    let set_up = || {
        fs::create_dir(left.join("d/e/sub")).expect("a directory");
        for number in 0..20 {
            fs::write(left.join(format!("d/e/{number}")), "theirs").expect("a file");
            fs::write(left.join(format!("d/e/sub/{number}")), "theirs").expect("a file");
        }
    };
    while_swapped(&left.join("d/e"), &outside, set_up, async || {
        let spec = JobSpec {
            kind: JobKind::Delete,
            sources: sources.clone(),
            target: None,
            options: JobOptions::default(),
        };
        finish(bed.engine.start(JobId(1), spec), Choice::Skip).await;
    })
    .await;
    assert_eq!(snapshot(bed.dir.path(), &left), before);
}
