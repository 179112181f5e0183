//! What only a local disk has: rights, links that were planted, special files, holes, hard links.

mod writes;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bifold::model::{Entry, ErrorKind, Freshness, Kind, Name, Result};
use bifold::vfs::local::LocalPath;
use bifold::vfs::{Attributes, CopyOptions, CreateHint, DynPath, Precondition, Sink};
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use tempfile::TempDir;

fn temp() -> (TempDir, DynPath) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = LocalPath::at(dir.path());
    (dir, path)
}

fn at(dir: &DynPath, name: &str) -> DynPath {
    dir.join(&Name::from(name), Kind::File).expect("a name that fits")
}

async fn list(dir: &DynPath) -> Result<Vec<Entry>> {
    let pages: Vec<_> = dir.list(Freshness::Past).try_collect().await?;
    let mut rows: Vec<Entry> = pages.iter().flat_map(|page| page.entries.iter().cloned()).collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(rows)
}

async fn read(path: &DynPath, precondition: Precondition) -> Result<Vec<u8>> {
    let pieces: Vec<Bytes> = path.read(None, precondition).await?.try_collect().await?;
    Ok(pieces.concat())
}

async fn begin(path: &DynPath, bytes: &'static [u8], attributes: Attributes) -> Result<Box<dyn Sink>> {
    let hint = CreateHint { size: Some(bytes.len() as u64), attributes, ..CreateHint::default() };
    let sink = path.create(hint).await?;
    let body = stream::iter([Ok(Bytes::from_static(bytes))]).boxed();
    sink.write_part(0, bytes.len() as u64, body).await?;
    Ok(sink)
}

async fn put(path: &DynPath, bytes: &'static [u8]) -> Result<Entry> {
    begin(path, bytes, Attributes::default())
        .await?
        .commit(Precondition::None)
        .await
        .map(|placed| placed.entry)
}

#[track_caller]
fn fails<T: std::fmt::Debug>(outcome: Result<T>, kind: ErrorKind) {
    let error = outcome.expect_err("it can't go well");
    assert_eq!(error.kind, kind, "{error}");
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").mode() & 0o7777
}

fn names_in(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("a directory");
    entries.map(|entry| entry.expect("an entry").file_name().into()).collect()
}

/// Runs a test without the rights of root, which no permission stops.
fn without_rights<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let nobody = rustix::process::Uid::from_raw(65_534);
    let thread = std::thread::spawn(move || {
        if rustix::process::geteuid().is_root() {
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).expect("root may become nobody");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(test());
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn a_directory_without_rights_is_denied_and_not_empty() {
    let (dir, _) = temp();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).expect("a directory");
    fs::write(closed.join("file"), "x").expect("a file");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("a mode");
    without_rights(move || async move {
        let path = LocalPath::at(&closed);
        let error = list(&path).await.expect_err("it can't be read");
        assert_eq!(error.kind, ErrorKind::Denied);
        assert!(error.to_string().contains("permissions"), "{error}");
        fails(at(&path, "file").stat(Freshness::Past).await, ErrorKind::Denied);
        fails(put(&at(&path, "new"), b"x").await, ErrorKind::Denied);
        fails(at(&path, "file").remove(Precondition::None).await, ErrorKind::Denied);
    });
}

#[test]
fn rows_that_cannot_be_looked_at_still_show() {
    let (dir, _) = temp();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let listed = dir.path().join("names only");
    fs::create_dir_all(listed.join("dir")).expect("a directory");
    fs::write(listed.join("file"), "x").expect("a file");
    fs::set_permissions(&listed, fs::Permissions::from_mode(0o444)).expect("a mode");
    without_rights(move || async move {
        let rows = list(&LocalPath::at(&listed)).await.expect("names can be read");
        let shown: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.kind, row.size)).collect();
        assert_eq!(shown, [(Some("dir"), Kind::Dir, None), (Some("file"), Kind::File, None)]);
    });
}

#[tokio::test]
async fn special_files_show_and_are_never_opened() {
    let (dir, path) = temp();
    let here = fs::File::open(dir.path()).expect("a directory");
    rustix::fs::mkfifoat(&here, "pipe", rustix::fs::Mode::RUSR).expect("a pipe");
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).expect("a socket");
    for name in ["pipe", "socket"] {
        assert_eq!(at(&path, name).stat(Freshness::Past).await.expect("it is there").kind, Kind::Special);
        fails(read(&at(&path, name), Precondition::None).await, ErrorKind::Unsupported);
        let copy = at(&path, name).copy_native(&*at(&path, "copy"), &CopyOptions::default(), &|_| ()).await;
        fails(copy, ErrorKind::Unsupported);
    }
    assert_eq!(list(&path).await.expect("a listing").len(), 2);
    at(&path, "pipe").remove(Precondition::None).await.expect("a removal");
    assert_eq!(names_in(dir.path()), [PathBuf::from("socket")]);
}

#[tokio::test]
async fn a_link_planted_below_the_destination_leads_nowhere() {
    let (outside, _) = temp();
    fs::write(outside.path().join("theirs"), "theirs").expect("a file");
    let (dir, path) = temp();
    fs::write(dir.path().join("mine"), "mine").expect("a file");
    symlink(outside.path(), dir.path().join("planted")).expect("a link");

    let planted = at(&path, "planted");
    let inner = at(&planted, "theirs");
    fails(put(&at(&planted, "new"), b"x").await, ErrorKind::Conflict);
    fails(put(&inner, b"x").await, ErrorKind::Conflict);
    fails(at(&planted, "made").mkdir().await, ErrorKind::Conflict);
    fails(at(&planted, "link").symlink(&Name::from("x")).await, ErrorKind::Conflict);
    fails(inner.remove(Precondition::None).await, ErrorKind::Conflict);
    fails(read(&inner, Precondition::None).await, ErrorKind::Conflict);
    fails(list(&planted).await, ErrorKind::Conflict);
    fails(at(&path, "mine").rename(&*at(&planted, "new"), Precondition::None).await, ErrorKind::Conflict);
    fails(inner.rename(&*at(&path, "new"), Precondition::None).await, ErrorKind::Conflict);
    let copied = at(&path, "mine").copy_native(&*at(&planted, "new"), &CopyOptions::default(), &|_| ()).await;
    fails(copied, ErrorKind::Conflict);

    assert_eq!(names_in(outside.path()), [PathBuf::from("theirs")]);
    assert_eq!(fs::read(outside.path().join("theirs")).expect("a file"), b"theirs");
    assert_eq!(fs::read(dir.path().join("mine")).expect("a file"), b"mine");
}

#[tokio::test]
async fn what_a_person_names_may_pass_through_links() {
    let (dir, path) = temp();
    fs::create_dir(dir.path().join("real")).expect("a directory");
    symlink("real", dir.path().join("link")).expect("a link");
    let through = LocalPath::at(dir.path().join("link"));
    put(&at(&through, "file"), b"x").await.expect("a file is written");
    assert_eq!(list(&through).await.expect("a listing").len(), 1);
    assert!(dir.path().join("real/file").is_file());
    let row = through.stat(Freshness::Past).await.expect("it is there");
    assert_eq!(row.kind, Kind::Symlink, "it is shown as what it is");

    let real = at(&path, "real").identity().await.expect("an identity");
    let inside = at(&through, "new").identity().await.expect("an identity");
    assert!(inside.is_inside(&real), "also by the way of a link");
}

#[tokio::test]
async fn the_top_is_a_directory() {
    let top = LocalPath::at("/");
    assert!(top.parent().is_none());
    assert_eq!(top.stat(Freshness::Past).await.expect("it is there").kind, Kind::Dir);
    assert!(list(&top).await.expect("a listing").iter().any(|row| row.name.as_str() == Some("tmp")));
    let tmp = at(&top, "tmp").identity().await.expect("an identity");
    assert!(tmp.is_inside(&top.identity().await.expect("an identity")));
}

#[tokio::test]
async fn a_file_is_private_until_it_is_whole() {
    let (dir, path) = temp();
    let attributes = Attributes { mode: Some(0o6755), ..Attributes::default() };
    let sink = begin(&at(&path, "tool"), b"#!/bin/sh", attributes).await.expect("a write begins");
    let [part] = &names_in(dir.path())[..] else { panic!("one temporary file") };
    let name = part.to_string_lossy();
    assert!(name.starts_with(".bifold-") && name.ends_with(".part") && name.len() == 29, "{name}");
    assert_eq!(mode(&dir.path().join(part)), 0o600);
    sink.commit(Precondition::Absent).await.expect("a commit");
    assert_eq!(mode(&dir.path().join("tool")), 0o755, "suid and sgid are never set");
    assert_eq!(names_in(dir.path()), [PathBuf::from("tool")]);
}

#[tokio::test]
async fn replacing_a_private_file_keeps_it_private() {
    let (dir, path) = temp();
    let secret = dir.path().join("secret");
    fs::write(&secret, "old").expect("a file");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("a mode");
    put(&at(&path, "secret"), b"new").await.expect("a file is written");
    assert_eq!(mode(&secret), 0o600);
    // A new file has what the umask leaves, as any other program's.
    fs::write(dir.path().join("usual"), "x").expect("a file");
    put(&at(&path, "new"), b"x").await.expect("a file is written");
    assert_eq!(mode(&dir.path().join("new")), mode(&dir.path().join("usual")));
}

#[tokio::test]
async fn a_copy_keeps_holes_mode_and_time() {
    let (dir, path) = temp();
    let source = dir.path().join("sparse");
    let file = fs::File::create(&source).expect("a file");
    std::os::unix::fs::FileExt::write_all_at(&file, b"in the middle", 40 << 20).expect("some bytes");
    file.set_len(100 << 20).expect("a long hole");
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::new(1_500_000_000, 123_456_789))
        .expect("a time");
    fs::set_permissions(&source, fs::Permissions::from_mode(0o750)).expect("a mode");

    let done = std::sync::atomic::AtomicU64::new(0);
    let count = |bytes| {
        done.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    };
    let to = at(&path, "copy");
    let copied = at(&path, "sparse").copy_native(&*to, &CopyOptions::default(), &count).await;
    assert_eq!(copied.expect("a copy").expect("done here").entry.size, Some(100 << 20));
    assert_eq!(done.into_inner(), 100 << 20);
    let (old, new) =
        (fs::metadata(&source).expect("there"), fs::metadata(dir.path().join("copy")).expect("there"));
    assert_eq!((old.mode(), old.mtime(), old.mtime_nsec()), (new.mode(), new.mtime(), new.mtime_nsec()));
    assert!(new.blocks() * 512 < 10 << 20, "{} blocks", new.blocks());
    assert!(fs::read(&source).expect("bytes") == fs::read(dir.path().join("copy")).expect("bytes"));
}

#[test]
fn a_copy_that_is_dropped_leaves_nothing_half() {
    let (dir, path) = temp();
    fs::write(dir.path().join("large"), vec![7; 96 << 20]).expect("a file");
    fs::write(dir.path().join("old"), "old").expect("a file");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let (from, to) = (at(&path, "large"), at(&path, "old"));
        let begun = tokio::sync::Notify::new();
        let options = CopyOptions::default();
        let hear = |_| begun.notify_one();
        tokio::select! {
            biased;
            () = begun.notified() => {}
            _ = from.copy_native(&*to, &options, &hear) => {}
        }
    });
    // Waits for the blocking thread.
    drop(runtime);
    let mut left = names_in(dir.path());
    left.sort();
    assert_eq!(left, [PathBuf::from("large"), PathBuf::from("old")]);
    let len = fs::metadata(dir.path().join("old")).expect("it is there").len();
    assert!(len == 3 || len == 96 << 20, "the old content or the whole new one, not {len} bytes");
}

#[test]
fn a_listing_that_is_left_ends() {
    let (dir, path) = temp();
    for at in 0..4_500 {
        fs::write(dir.path().join(at.to_string()), "").expect("a file");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut pages = path.list(Freshness::Past);
        let first = pages.next().await.expect("a page").expect("a good one");
        assert_eq!(first.entries.len(), 1_000, "pages come while the rest is read");
    });
    // Would wait for ever for a blocking thread that goes on.
    drop(runtime);
}

#[tokio::test]
async fn hard_links_are_one_file() {
    let (dir, path) = temp();
    fs::write(dir.path().join("a"), "bytes").expect("a file");
    fs::hard_link(dir.path().join("a"), dir.path().join("b")).expect("a second name");
    let (a, b) = (at(&path, "a"), at(&path, "b"));
    assert_eq!(a.identity().await.expect("an identity"), b.identity().await.expect("an identity"));
    for precondition in [Precondition::None, Precondition::Absent] {
        assert!(a.rename(&*b, precondition).await.is_err(), "a rename would do nothing and look well");
    }
    fails(a.copy_native(&*b, &CopyOptions::default(), &|_| ()).await, ErrorKind::Invalid);
    assert_eq!(names_in(dir.path()).len(), 2);
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_a_conflict() {
    let (dir, path) = temp();
    let name = dir.path().join("log");
    fs::write(&name, vec![1; 3 << 20]).expect("a file");
    let log = at(&path, "log");
    let shown = log.stat(Freshness::Past).await.expect("it is there").tag.expect("a tag");

    let mut body = log.read(None, Precondition::Matches(shown)).await.expect("it is what was shown");
    body.next().await.expect("bytes").expect("good ones");
    let file = fs::File::options().write(true).open(&name).expect("the file");
    std::os::unix::fs::FileExt::write_all_at(&file, b"x", 3 << 20).expect("one byte more");
    let rest: Result<Vec<Bytes>> = body.try_collect().await;
    fails(rest, ErrorKind::Conflict);

    let mut body = log.read(None, Precondition::None).await.expect("it opens");
    body.next().await.expect("bytes").expect("good ones");
    file.set_len(1 << 20).expect("much shorter");
    let rest: Result<Vec<Bytes>> = body.try_collect().await;
    fails(rest, ErrorKind::Conflict);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_that_tells_no_size_is_read_and_never_copied_empty() {
    let (dir, path) = temp();
    let status = LocalPath::at("/proc/self/status");
    let text = read(&status, Precondition::None).await.expect("it can be read");
    assert!(String::from_utf8_lossy(&text).contains("Umask"));
    let copied = status.copy_native(&*at(&path, "copy"), &CopyOptions::default(), &|_| ()).await;
    fails(copied, ErrorKind::Unsupported);
    assert_eq!(names_in(dir.path()), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn only_our_own_temporary_files_are_gone_on_with() {
    let (dir, path) = temp();
    fs::write(dir.path().join("theirs"), "theirs").expect("a file");
    symlink("theirs", dir.path().join(".bifold-0123456789abcdef.part")).expect("a link");
    let sink = begin(&at(&path, "file"), b"bytes", Attributes::default()).await.expect("a write begins");
    let good = sink.state();
    for id in ["theirs", "../theirs", ".bifold-0123456789abcdef.part", ".bifold-../../../../x.part"] {
        let state = bifold::vfs::SinkState { id: id.to_owned(), ..good.clone() };
        at(&path, "file").resume(state, CreateHint::default()).await.expect_err("it isn't ours");
    }
    assert_eq!(fs::read(dir.path().join("theirs")).expect("a file"), b"theirs");

    std::mem::forget(sink);
    let part = dir.path().join(&good.id);
    fs::write(&part, "bytez").expect("another hand");
    let sink = at(&path, "file").resume(good, CreateHint::default()).await.expect("the write goes on");
    assert_eq!(sink.state().parts, [], "what changed doesn't count");
    drop(sink);
    assert!(!part.exists(), "a dropped write leaves nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_write_a_new_file_one_wins() {
    let (dir, path) = temp();
    let write = |_| {
        let path = at(&path, "file");
        tokio::spawn(async move {
            let sink = begin(&path, b"bytes", Attributes::default()).await.expect("a write begins");
            sink.commit(Precondition::Absent).await
        })
    };
    let outcomes = futures::future::join_all((0..8).map(write)).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        outcomes.into_iter().map(|outcome| outcome.expect("no panic")).partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for outcome in lost {
        fails(outcome, ErrorKind::Conflict);
    }
    assert_eq!(names_in(dir.path()), [PathBuf::from("file")]);
}
