//! How files are written: temporary names, times and modes, going on after a crash.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bifold::model::{ErrorKind, Freshness, Result};
use bifold::vfs::{Attributes, CopyOptions, CreateHint, DynPath, Precondition, Sink};
use bytes::Bytes;
use futures::future::join_all;

use super::{at, begin, mode, names_in, temp};
use crate::support::{body, fails, fill, noise};

const JOB: u32 = 0xbeef_0007;

/// An odd time, to the nanosecond.
const WHEN: i128 = 1_500_000_000_123_456_789;

fn hint(size: usize) -> CreateHint {
    CreateHint { size: Some(size as u64), job: Some(JOB), ..CreateHint::default() }
}

fn dated(mode: Option<u32>) -> Attributes {
    let mut attributes = Attributes { mode, ..Attributes::default() };
    attributes.set_modified_ns(WHEN);
    attributes
}

async fn write(path: &DynPath, bytes: &Bytes, hint: CreateHint) -> Result<Box<dyn Sink>> {
    let sink = path.create(hint).await?;
    fill(&*sink, bytes).await?;
    Ok(sink)
}

/// The time of modification, in nanoseconds.
fn modified(path: &Path) -> i128 {
    let stat = fs::symlink_metadata(path).expect("it is there");
    i128::from(stat.mtime()) * 1_000_000_000 + i128::from(stat.mtime_nsec())
}

fn sorted(dir: &Path) -> Vec<PathBuf> {
    let mut names = names_in(dir);
    names.sort();
    names
}

#[tokio::test]
async fn a_temporary_file_is_named_after_its_job() {
    let (dir, path) = temp();
    let sink = path_of(&path).create(hint(3)).await.expect("a write begins");
    let state = sink.state();
    let random = state.id.strip_prefix(".bifold-beef0007").and_then(|rest| rest.strip_suffix(".part"));
    assert_eq!(random.map(str::len), Some(8), "{}", state.id);
    assert_eq!(names_in(dir.path()), [PathBuf::from(&state.id)]);
    let other = path_of(&path).create(hint(3)).await.expect("another write begins");
    assert_ne!(other.state().id, state.id);
}

fn path_of(dir: &DynPath) -> DynPath {
    at(dir, "file")
}

#[tokio::test]
async fn a_sweep_removes_what_a_killed_attempt_left_and_nothing_else() {
    let (dir, path) = temp();
    let left = write(&at(&path, "a"), &noise(10), hint(10)).await.expect("a write");
    let kept = write(&at(&path, "b"), &noise(10), hint(10)).await.expect("a write");
    let other = begin(&at(&path, "c"), b"of no job", Attributes::default()).await.expect("a write");
    let (id, keep) = (left.state().id, kept.state().id);
    // As a process that is killed: nothing runs at its end.
    std::mem::forget((left, kept));
    let tag = "beef0007";
    for name in ["x.part".to_owned(), format!(".bifold-{tag}.part"), format!(".bifold-{tag}1234567.part")] {
        fs::write(dir.path().join(name), "theirs").expect("a file");
    }
    fs::create_dir(dir.path().join(format!(".bifold-{tag}00000000.part"))).expect("a directory");
    symlink("x.part", dir.path().join(format!(".bifold-{tag}00000001.part"))).expect("a link");
    let before = sorted(dir.path());

    let swept = path.sweep(JOB, std::slice::from_ref(&keep)).await.expect("a sweep");
    assert_eq!(swept, 2, "the file and the link");
    let gone = [PathBuf::from(&id), PathBuf::from(format!(".bifold-{tag}00000001.part"))];
    let rest: Vec<_> = before.into_iter().filter(|name| !gone.contains(name)).collect();
    assert_eq!(sorted(dir.path()), rest);
    assert_eq!(fs::read(dir.path().join("x.part")).expect("a file"), b"theirs");
    assert_eq!(path.sweep(JOB + 1, &[]).await.expect("a sweep"), 0);
    drop(other);
}

#[tokio::test]
async fn a_sweep_leaves_the_files_of_others() {
    let (dir, path) = temp();
    let theirs = dir.path().join(".bifold-beef000712345678.part");
    fs::write(&theirs, "theirs").expect("a file");
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&theirs, Some(65_534), None).expect("root may give it away");
        assert_eq!(path.sweep(JOB, &[]).await.expect("a sweep"), 0);
        assert!(theirs.exists());
    } else {
        assert_eq!(path.sweep(JOB, &[]).await.expect("a sweep"), 1);
    }
}

#[tokio::test]
async fn what_is_kept_is_gone_on_with_and_dressed_as_it_was_begun() {
    let (dir, path) = temp();
    let bytes = noise(3 << 20);
    let hint = CreateHint { attributes: dated(Some(0o640)), part_size: Some(1 << 20), ..hint(bytes.len()) };
    let sink = path_of(&path).create(hint.clone()).await.expect("a write begins");
    let first = body(bytes.slice(..1 << 20));
    sink.write_part(0, 1 << 20, first).await.expect("a part");
    let state = sink.state();
    sink.keep();
    drop(sink);
    assert_eq!(names_in(dir.path()), [PathBuf::from(&state.id)], "it stays");

    let sink = path_of(&path).resume(state.clone(), hint).await.expect("it goes on");
    assert_eq!(sink.state(), state);
    assert_eq!(sink.layout().part_size, 1 << 20);
    for at in [1 << 20, 2 << 20] {
        let piece = body(bytes.slice(at..at + (1 << 20)));
        sink.write_part(at as u64, 1 << 20, piece).await.expect("a part");
    }
    sink.commit(Precondition::Absent).await.expect("a commit");
    let file = dir.path().join("file");
    assert!(fs::read(&file).expect("bytes") == bytes[..]);
    assert_eq!((mode(&file), modified(&file)), (0o640, WHEN));
    assert_eq!(names_in(dir.path()), [PathBuf::from("file")]);
}

#[tokio::test]
async fn what_became_known_late_dresses_the_file() {
    let (dir, path) = temp();
    let sink = write(&path_of(&path), &noise(10), hint(10)).await.expect("a write");
    sink.dress(&dated(None));
    sink.dress(&Attributes { mode: Some(0o604), ..Attributes::default() });
    sink.commit(Precondition::Absent).await.expect("a commit");
    let file = dir.path().join("file");
    assert_eq!((mode(&file), modified(&file)), (0o604, WHEN));
}

#[tokio::test]
async fn a_directory_is_dressed_after_what_it_holds() {
    let (dir, path) = temp();
    let inner = at(&path, "dir");
    inner.mkdir().await.expect("a directory");
    begin(&at(&inner, "file"), b"x", Attributes::default())
        .await
        .expect("a write")
        .commit(Precondition::Absent)
        .await
        .expect("a commit");
    inner.dress(&dated(Some(0o7550))).await.expect("it is dressed");
    let inner = dir.path().join("dir");
    assert_eq!((mode(&inner), modified(&inner)), (0o550, WHEN), "and no sticky bit");
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o700)).expect("a mode");
}

#[tokio::test]
async fn only_a_directory_itself_is_dressed() {
    let (dir, path) = temp();
    let (theirs, _) = temp();
    fs::set_permissions(theirs.path(), fs::Permissions::from_mode(0o700)).expect("a mode");
    symlink(theirs.path(), dir.path().join("planted")).expect("a link");
    fs::write(dir.path().join("file"), "x").expect("a file");
    at(&path, "planted").dress(&dated(Some(0o777))).await.expect_err("a link isn't followed");
    at(&path, "file").dress(&dated(Some(0o777))).await.expect_err("it is no directory");
    assert_eq!(mode(theirs.path()), 0o700);
}

#[tokio::test]
async fn a_file_that_was_named_before_its_record_is_known_again() {
    let (dir, path) = temp();
    let bytes = noise(3 << 20);
    let hint = CreateHint { part_size: Some(1 << 20), ..hint(bytes.len()) };
    let sink = write(&path_of(&path), &bytes, hint.clone()).await.expect("a write");
    let state = sink.state();
    let placed = sink.commit(Precondition::Absent).await.expect("a commit");

    let again = path_of(&path).resume(state.clone(), hint.clone()).await.expect("it is known");
    assert_eq!(again.state(), state, "no part is missing");
    fails(again.write_part(0, 1, body(&b"x"[..])).await, ErrorKind::Unsupported);
    assert_eq!(again.commit(Precondition::Absent).await.expect("it is there"), placed);
    again.abort().await.expect("nothing to do");
    drop(again);
    assert!(fs::read(dir.path().join("file")).expect("bytes") == bytes[..]);

    let part_missing = bifold::vfs::SinkState { parts: state.parts[..2].to_vec(), ..state.clone() };
    fails(path_of(&path).resume(part_missing, hint.clone()).await, ErrorKind::NotFound);
    fs::write(dir.path().join("file"), &noise(3 << 20)[1..]).expect("another's file");
    fails(path_of(&path).resume(state, hint).await, ErrorKind::NotFound);
}

#[tokio::test]
async fn what_a_killed_pipe_left_beyond_the_last_part_is_cut_off() {
    let (dir, path) = temp();
    let hint = CreateHint { size: None, ..hint(0) };
    let sink = path_of(&path).create(hint.clone()).await.expect("a write begins");
    sink.write_part(0, 3, body(&b"abc"[..])).await.expect("a part");
    let state = sink.state();
    sink.write_part(3, 9, body(&b"unrecorded"[..9])).await.expect("a part");
    sink.keep();
    drop(sink);
    let sink = path_of(&path).resume(state, hint).await.expect("it goes on");
    sink.write_part(3, 1, body(&b"d"[..])).await.expect("a part");
    sink.commit(Precondition::Absent).await.expect("a commit");
    assert_eq!(fs::read(dir.path().join("file")).expect("bytes"), b"abcd");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_files_get_their_names_together_and_fail_alone() {
    let (dir, path) = temp();
    for sub in ["one", "two"] {
        fs::create_dir(dir.path().join(sub)).expect("a directory");
    }
    for at in (0..100).step_by(10) {
        fs::write(dir.path().join(format!("one/{at}")), "theirs").expect("a file");
    }
    let commit = |number: usize| {
        let sub = at(&path, if number.is_multiple_of(2) { "one" } else { "two" });
        let path = at(&sub, &number.to_string());
        tokio::spawn(async move {
            let bytes = Bytes::from(format!("bytes of {number}"));
            let sink = write(&path, &bytes, hint(bytes.len())).await?;
            sink.commit(Precondition::Absent).await.map(|placed| (path, placed.entry, bytes))
        })
    };
    for (number, outcome) in join_all((0..100).map(commit)).await.into_iter().enumerate() {
        let outcome = outcome.expect("no panic");
        if number.is_multiple_of(10) {
            fails(outcome, ErrorKind::Conflict);
            continue;
        }
        let (path, entry, bytes) = outcome.expect("a commit");
        assert_eq!(path.stat(Freshness::Past).await.expect("it is there"), entry);
        assert_eq!(crate::support::read(&path).await.expect("bytes"), bytes);
    }
    assert_eq!((sorted(&dir.path().join("one")).len(), sorted(&dir.path().join("two")).len()), (50, 50));
    assert_eq!(fs::read(dir.path().join("one/50")).expect("bytes"), b"theirs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_share_a_flush_are_all_there() {
    for no_flush in [false, true] {
        let (dir, path) = temp();
        let bytes = noise(20 << 20);
        let hint = CreateHint { part_size: Some(1 << 20), no_flush, ..hint(bytes.len()) };
        let sink = path_of(&path).create(hint).await.expect("a write begins");
        let part = |number: usize| {
            let at = number << 20;
            sink.write_part(at as u64, 1 << 20, body(bytes.slice(at..at + (1 << 20))))
        };
        for outcome in join_all((0..20).map(part)).await {
            outcome.expect("a part");
        }
        assert_eq!(sink.state().parts.len(), 20);
        sink.commit(Precondition::Absent).await.expect("a commit");
        assert!(fs::read(dir.path().join("file")).expect("bytes") == bytes[..]);
    }
}

#[tokio::test]
async fn a_file_larger_than_the_disk_fails_before_a_byte() {
    let (dir, path) = temp();
    fs::write(dir.path().join("file"), "old").expect("a file");
    let disk = rustix::fs::statvfs(dir.path()).expect("a disk");
    let size = disk.f_blocks * disk.f_frsize + (1 << 30);
    let hint = CreateHint { size: Some(size), ..CreateHint::default() };
    let error = fails(path_of(&path).create(hint).await, ErrorKind::NoSpace);
    let told = error.to_string();
    assert!(told.contains("needed") && told.contains("free on that disk"), "{told}");
    assert!(told.contains("another destination"), "{told}");
    assert_eq!(names_in(dir.path()), [PathBuf::from("file")]);
    assert_eq!(fs::read(dir.path().join("file")).expect("bytes"), b"old");
}

#[tokio::test]
async fn a_copy_is_dressed_as_the_caller_says() {
    let (dir, path) = temp();
    fs::write(dir.path().join("file"), "x").expect("a file");
    let options =
        CopyOptions { attributes: dated(Some(0o610)), job: Some(JOB), no_flush: true, ..Default::default() };
    let to = at(&path, "copy");
    path_of(&path).copy_native(&*to, &options, &|_| ()).await.expect("a copy").expect("done here");
    let copy = dir.path().join("copy");
    assert_eq!((mode(&copy), modified(&copy)), (0o610, WHEN));
}
