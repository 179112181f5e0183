//! How files are written: temporary names, times and modes, going on after a crash.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bifold::model::Result;
use bifold::vfs::{Attributes, CreateHint, DynPath, Precondition, Sink};
use bytes::Bytes;

use super::{at, begin, mode, names_in, temp};
use crate::support::{fill, noise};

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
    assert!(state.id.starts_with(".bifold-beef0007") && state.id.ends_with(".part"), "{}", state.id);
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
    let first = crate::support::body(bytes.slice(..1 << 20));
    sink.write_part(0, 1 << 20, first).await.expect("a part");
    let state = sink.state();
    sink.keep();
    drop(sink);
    assert_eq!(names_in(dir.path()), [PathBuf::from(&state.id)], "it stays");

    let sink = path_of(&path).resume(state.clone(), hint).await.expect("it goes on");
    assert_eq!(sink.state(), state);
    assert_eq!(sink.layout().part_size, 1 << 20);
    for at in [1 << 20, 2 << 20] {
        let piece = crate::support::body(bytes.slice(at..at + (1 << 20)));
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
