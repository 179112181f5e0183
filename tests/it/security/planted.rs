//! Links, pipes and files that somebody put where a transfer goes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use bifold::model::{ErrorKind, Kind, Name};
use bifold::transfer::Choice;
use bifold::vfs::local::LocalPath;
use bifold::vfs::{CreateHint, DynPath, Precondition, SinkState};

use super::snapshot;
use crate::support::{body, fails};
use crate::transfer::bed::{Bed, Pair};

/// Those that bring something to a disk.
const TO_DISK: [Pair; 3] = [Pair::LocalLocal, Pair::MemoryLocal, Pair::S3Local];

#[tokio::test]
async fn a_link_in_the_place_of_a_directory_leads_nowhere() {
    for pair in TO_DISK {
        for choice in [Choice::Overwrite, Choice::Skip, Choice::KeepBoth] {
            let bed = Bed::new(pair);
            bed.left.put("d/e/file", b"theirs").await;
            bed.left.put("d/other", b"theirs").await;
            let (right, outside) = (bed.dir.path().join("right"), bed.dir.path().join("outside"));
            fs::create_dir_all(outside.join("e")).expect("a directory");
            fs::create_dir(right.join("d")).expect("a directory");
            symlink(outside.join("e"), right.join("d/e")).expect("a link");
            let before = snapshot(bed.dir.path(), &right);
            let outcome = bed.copy(&["d/"], choice).await;
            assert_eq!(snapshot(bed.dir.path(), &right), before, "{pair:?} {choice:?}");
            assert!(bed.right.get("d/other").await.is_some(), "the rest goes on");
            let beside = bed.right.get("d/e (2)/file").await.is_some();
            assert!(beside || !outcome.failures.is_empty() || choice == Choice::Skip, "{pair:?} {choice:?}");
        }
    }
}

#[tokio::test]
async fn a_link_or_a_pipe_of_a_files_name_is_replaced_and_never_passed() {
    for pair in TO_DISK {
        let bed = Bed::new(pair);
        for name in ["link", "pipe", "dangling"] {
            bed.left.put(name, b"theirs").await;
        }
        let (right, outside) = (bed.dir.path().join("right"), bed.dir.path().join("outside"));
        fs::write(&outside, "mine").expect("a file");
        symlink(&outside, right.join("link")).expect("a link");
        symlink(bed.dir.path().join("nowhere"), right.join("dangling")).expect("a link");
        let here = fs::File::open(&right).expect("a directory");
        rustix::fs::mkfifoat(&here, "pipe", rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).expect("a pipe");
        let before = snapshot(bed.dir.path(), &right);
        let outcome = bed.copy(&["link", "pipe", "dangling"], Choice::Overwrite).await;
        assert_eq!(outcome.failures, [], "{pair:?}");
        assert_eq!(snapshot(bed.dir.path(), &right), before, "{pair:?}");
        for name in ["link", "pipe", "dangling"] {
            assert!(
                fs::symlink_metadata(right.join(name)).expect("it is there").is_file(),
                "{pair:?} {name}"
            );
            assert_eq!(bed.right.get(name).await.as_deref(), Some(&b"theirs"[..]));
        }
    }
}

/// A write that was killed, and what its journal holds.
async fn killed() -> (tempfile::TempDir, DynPath, SinkState) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join("victim"), "victim").expect("a file");
    fs::create_dir(dir.path().join("inside")).expect("a directory");
    let root = LocalPath::at(dir.path().join("inside"));
    let path = root.join(&Name::from("file"), Kind::File).expect("a good name");
    let hint = CreateHint { size: Some(6), part_size: Some(3), ..CreateHint::default() };
    let sink = path.create(hint).await.expect("a write begins");
    sink.write_part(0, 3, body(&b"vic"[..])).await.expect("a part");
    let state = sink.state();
    sink.keep();
    (dir, path, state)
}

#[tokio::test]
async fn a_temporary_file_that_was_swapped_is_not_gone_on_with() {
    for planted in ["link", "hard link", "pipe", "directory"] {
        let (dir, path, state) = killed().await;
        let (victim, part) = (dir.path().join("victim"), dir.path().join("inside").join(&state.id));
        fs::remove_file(&part).expect("the temporary file goes");
        match planted {
            "link" => symlink(&victim, &part).expect("a link"),
            "hard link" => fs::hard_link(&victim, &part).expect("a second name"),
            "directory" => fs::create_dir(&part).expect("a directory"),
            _ => {
                let inside = fs::File::open(dir.path().join("inside")).expect("a directory");
                rustix::fs::mkfifoat(&inside, &state.id, rustix::fs::Mode::RUSR).expect("a pipe");
            }
        }
        fails(path.resume(state, CreateHint::default()).await, ErrorKind::Invalid);
        assert_eq!(fs::read(&victim).expect("bytes"), b"victim", "{planted}");
        assert!(fs::symlink_metadata(&part).is_ok(), "{planted}: what isn't ours stays");
    }
}

#[tokio::test]
async fn a_temporary_file_that_is_swapped_midway_gets_no_name() {
    let (dir, path, state) = killed().await;
    let part = dir.path().join("inside").join(&state.id);
    let sink = path.resume(state, CreateHint::default()).await.expect("it goes on");
    sink.write_part(3, 3, body(&b"tim"[..])).await.expect("a part");
    fs::rename(&part, dir.path().join("theirs")).expect("another hand");
    symlink(dir.path().join("victim"), &part).expect("a link");
    fails(sink.commit(Precondition::None).await, ErrorKind::Conflict);
    assert!(!dir.path().join("inside/file").exists());
    assert_eq!(fs::read(dir.path().join("victim")).expect("bytes"), b"victim");
    drop(sink);
    let left: Vec<PathBuf> = super::snapshot(&dir.path().join("inside"), dir.path()).into_keys().collect();
    assert_eq!(left, [] as [PathBuf; 0], "and its name is free again");
}
