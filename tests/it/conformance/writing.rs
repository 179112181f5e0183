//! Cases of writing.

use bifold::model::{ErrorKind, Op, VfsError};
use bifold::vfs::{CreateHint, DynPath, Precondition};
use bytes::Bytes;
use futures::stream::{self, StreamExt};

use super::kit::{
    begin, body, fails, file, files, fill, get, names, parts, pattern, put, put_if, stat, subdir, tag_of,
};

/// Enough for several parts wherever there are parts.
const LARGE: usize = (17 << 20) + 123;

pub(super) async fn nothing_shows_before_the_commit(dir: &DynPath) {
    let path = file(dir, "file");
    let sink = begin(&path, 5).await;
    fails(stat(&path).await, ErrorKind::NotFound);
    fill(&*sink, b"bytes").await;
    fails(stat(&path).await, ErrorKind::NotFound);
    let entry = sink.commit(Precondition::Absent).await.expect("a commit");
    assert_eq!((entry.entry.size, entry.entry.name.as_str()), (Some(5), Some("file")));
    assert_eq!(get(&path).await, b"bytes");
    drop(sink);
    assert_eq!(names(dir).await, files(&["file"]));
}

pub(super) async fn an_aborted_write_leaves_nothing(dir: &DynPath) {
    let sink = begin(&file(dir, "file"), 5).await;
    fill(&*sink, b"bytes").await;
    sink.abort().await.expect("an abort");
    drop(sink);
    assert_eq!(names(dir).await, []);

    let sink = begin(&file(dir, "file"), 5).await;
    fill(&*sink, b"bytes").await;
    sink.commit(Precondition::None).await.expect("a commit");
    sink.abort().await.expect("nothing to abort any more");
    assert_eq!(get(&file(dir, "file")).await, b"bytes");
}

pub(super) async fn a_dropped_write_shows_nothing(dir: &DynPath) {
    let sink = begin(&file(dir, "file"), 5).await;
    fill(&*sink, b"bytes").await;
    drop(sink);
    assert_eq!(names(dir).await, []);
}

pub(super) async fn parts_go_in_any_order(dir: &DynPath) {
    let bytes = pattern(LARGE, 3);
    let path = file(dir, "file");
    let sink = begin(&path, bytes.len()).await;
    let parts = parts(&*sink, bytes.len());
    assert!(parts.len() > 1 && sink.layout().parallel > 1, "{:?}", sink.layout());
    let write = |part: std::ops::Range<usize>| {
        sink.write_part(part.start as u64, part.len() as u64, body(&bytes[part]))
    };
    for outcome in futures::future::join_all(parts.iter().rev().cloned().map(write)).await {
        outcome.expect("a part is written");
    }
    sink.commit(Precondition::Absent).await.expect("a commit");
    assert!(get(&path).await == bytes);
}

pub(super) async fn a_part_may_be_written_again(dir: &DynPath) {
    let bytes = pattern(LARGE, 4);
    let path = file(dir, "file");
    let sink = begin(&path, bytes.len()).await;
    let first = parts(&*sink, bytes.len())[0].clone();
    let wrong = vec![0; first.len()];
    sink.write_part(0, first.len() as u64, body(&wrong)).await.expect("a part is written");
    fill(&*sink, &bytes).await;
    sink.commit(Precondition::None).await.expect("a commit");
    assert!(get(&path).await == bytes);
}

pub(super) async fn an_empty_file_is_written(dir: &DynPath) {
    let path = file(dir, "none");
    assert_eq!(put(&path, b"").await.size, Some(0));
    assert_eq!(get(&path).await, b"");
    assert_eq!(stat(&path).await.expect("it is there").size, Some(0));
    // A part of no bytes does no harm.
    let sink = begin(&file(dir, "one"), 0).await;
    sink.write_part(0, 0, body(b"")).await.expect("an empty part");
    sink.commit(Precondition::Absent).await.expect("a commit");
    assert_eq!(names(dir).await, files(&["none", "one"]));
}

pub(super) async fn a_size_unknown_before_is_written(dir: &DynPath) {
    for (name, len) in [("nothing", 0), ("little", 1_000), ("much", LARGE)] {
        let bytes = pattern(len, 5);
        let sink = file(dir, name).create(CreateHint::default()).await.expect("a write begins");
        assert_eq!(sink.layout().parallel, 1, "parts of a pipe come in order");
        fill(&*sink, &bytes).await;
        assert_eq!(sink.commit(Precondition::Absent).await.expect("a commit").entry.size, Some(len as u64));
        assert!(get(&file(dir, name)).await == bytes, "{name}");
    }
}

pub(super) async fn a_wrong_length_is_refused(dir: &DynPath) {
    let path = file(dir, "file");
    for arrives in [&b"four"[..], b"sixsix"] {
        let sink = begin(&path, 5).await;
        sink.write_part(0, 5, body(arrives)).await.expect_err("five bytes were promised");
        sink.commit(Precondition::None).await.expect_err("nothing whole was written");
        sink.abort().await.expect("an abort");
    }
    assert_eq!(names(dir).await, []);
}

pub(super) async fn a_broken_body_is_refused(dir: &DynPath) {
    let path = file(dir, "file");
    let sink = begin(&path, 10).await;
    let lost = VfsError::new(Op::Read, path.uri().clone(), ErrorKind::Unavailable, "the line went dead");
    let broken = stream::iter([Ok(Bytes::from_static(b"01234")), Err(lost)]).boxed();
    fails(sink.write_part(0, 10, broken).await, ErrorKind::Unavailable);
    sink.commit(Precondition::None).await.expect_err("half of it is missing");
    // The same sink takes the part again.
    sink.write_part(0, 10, body(b"0123456789")).await.expect("a part is written");
    sink.commit(Precondition::None).await.expect("a commit");
    assert_eq!(get(&path).await, b"0123456789");
}

pub(super) async fn a_missing_part_is_refused(dir: &DynPath) {
    let bytes = pattern(LARGE, 6);
    let sink = begin(&file(dir, "file"), bytes.len()).await;
    for part in parts(&*sink, bytes.len()).into_iter().skip(1) {
        let written = sink.write_part(part.start as u64, part.len() as u64, body(&bytes[part])).await;
        written.expect("a part is written");
    }
    sink.commit(Precondition::None).await.expect_err("the first part is missing");
    sink.abort().await.expect("an abort");
    assert_eq!(names(dir).await, []);
}

pub(super) async fn absent_keeps_what_is_there(dir: &DynPath) {
    let path = file(dir, "file");
    put_if(&path, b"first", Precondition::Absent).await.expect("nothing is there");
    fails(put_if(&path, b"second", Precondition::Absent).await, ErrorKind::Conflict);
    assert_eq!(get(&path).await, b"first");
    assert_eq!(names(dir).await, files(&["file"]));
}

pub(super) async fn matches_keeps_what_changed(dir: &DynPath) {
    let path = file(dir, "file");
    put(&path, b"shown").await;
    let bound = Precondition::Matches(tag_of(&path).await);
    put(&path, b"by somebody else").await;
    fails(put_if(&path, b"mine", bound.clone()).await, ErrorKind::Conflict);
    assert_eq!(get(&path).await, b"by somebody else");
    path.remove(Precondition::None).await.expect("a removal");
    let gone = put_if(&path, b"mine", bound).await.expect_err("what was shown is gone");
    assert!(matches!(gone.kind, ErrorKind::Conflict | ErrorKind::NotFound), "{gone:?}");
    assert_eq!(names(dir).await, []);
}

pub(super) async fn matches_replaces_what_was_shown(dir: &DynPath) {
    let path = file(dir, "file");
    put(&path, b"shown").await;
    let bound = Precondition::Matches(tag_of(&path).await);
    put_if(&path, b"agreed", bound).await.expect("it is what was shown");
    assert_eq!(get(&path).await, b"agreed");
}

pub(super) async fn a_conflict_can_be_agreed_to(dir: &DynPath) {
    let bytes = pattern(100_000, 7);
    let path = file(dir, "file");
    put(&path, b"in the way").await;
    let sink = begin(&path, bytes.len()).await;
    fill(&*sink, &bytes).await;
    fails(sink.commit(Precondition::Absent).await, ErrorKind::Conflict);
    assert_eq!(get(&path).await, b"in the way");
    let agreed = Precondition::Matches(tag_of(&path).await);
    sink.commit(agreed).await.expect("the same bytes, now agreed to");
    assert!(get(&path).await == bytes);
}

pub(super) async fn a_failed_write_keeps_the_old_content(dir: &DynPath) {
    let path = file(dir, "file");
    put(&path, b"the old content").await;
    let before = stat(&path).await.expect("it is there");
    let sink = begin(&path, 100).await;
    sink.write_part(0, 100, body(b"short")).await.expect_err("a hundred bytes were promised");
    sink.commit(Precondition::None).await.expect_err("nothing whole was written");
    assert_eq!(get(&path).await, b"the old content");
    sink.abort().await.expect("an abort");
    assert_eq!(stat(&path).await, Ok(before));
    assert_eq!(names(dir).await, files(&["file"]));
}

pub(super) async fn a_write_goes_on_after_a_crash(dir: &DynPath) {
    let bytes = pattern(LARGE, 8);
    let path = file(dir, "file");
    let sink = begin(&path, bytes.len()).await;
    let parts = parts(&*sink, bytes.len());
    let first = parts[0].clone();
    sink.write_part(0, first.len() as u64, body(&bytes[first])).await.expect("a part is written");
    let kept = sink.state();
    assert_eq!(kept.parts.len(), 1);
    // A program that is killed runs no destructor.
    std::mem::forget(sink);

    let sink = path.resume(kept, CreateHint::default()).await.expect("the write goes on");
    assert_eq!(sink.state().parts.len(), 1, "what was written still counts");
    for part in parts.into_iter().skip(1) {
        let written = sink.write_part(part.start as u64, part.len() as u64, body(&bytes[part])).await;
        written.expect("a part is written");
    }
    sink.commit(Precondition::Absent).await.expect("a commit");
    assert!(get(&path).await == bytes);
    assert_eq!(names(dir).await, files(&["file"]));
}

pub(super) async fn a_file_needs_its_directory(dir: &DynPath) {
    let path = file(&subdir(dir, "missing"), "file");
    if dir.caps().real_dirs {
        let hint = CreateHint { size: Some(1), ..CreateHint::default() };
        fails(path.create(hint).await.map(drop), ErrorKind::NotFound);
    } else {
        put(&path, b"x").await;
        assert_eq!(get(&path).await, b"x");
    }
}

pub(super) async fn a_directory_is_not_overwritten(dir: &DynPath) {
    if dir.caps().file_beside_dir {
        return;
    }
    subdir(dir, "made").mkdir().await.expect("a directory is made");
    let hint = CreateHint { size: Some(1), ..CreateHint::default() };
    fails(file(dir, "made").create(hint).await.map(drop), ErrorKind::AlreadyExists);

    let sink = begin(&file(dir, "late"), 1).await;
    fill(&*sink, b"x").await;
    subdir(dir, "late").mkdir().await.expect("a directory is made");
    fails(sink.commit(Precondition::None).await, ErrorKind::AlreadyExists);
    sink.abort().await.expect("an abort");
    assert_eq!(names(&subdir(dir, "late")).await, []);
}
