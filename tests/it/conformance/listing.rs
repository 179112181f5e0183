//! Cases of listing and looking up.

use bifold::model::{Entry, ErrorKind, Freshness, Kind, Name};
use bifold::vfs::{DynPath, Precondition};
use futures::stream::StreamExt;

use super::kit::{fails, file, files, list, names, put, stat, subdir, try_list};

pub(super) async fn an_empty_directory_has_no_rows(dir: &DynPath) {
    assert_eq!(names(dir).await, []);
}

pub(super) async fn what_is_missing_is_not_found(dir: &DynPath) {
    let missing = file(dir, "missing");
    fails(stat(&missing).await, ErrorKind::NotFound);
    fails(missing.read(None, Precondition::None).await.map(drop), ErrorKind::NotFound);
    fails(try_list(&subdir(dir, "missing")).await, ErrorKind::NotFound);
    fails(stat(&file(&subdir(dir, "missing"), "below")).await, ErrorKind::NotFound);
}

pub(super) async fn a_file_is_no_directory(dir: &DynPath) {
    put(&file(dir, "file"), b"x").await;
    let kind = if dir.caps().real_dirs { ErrorKind::NotADirectory } else { ErrorKind::NotFound };
    fails(try_list(&subdir(dir, "file")).await, kind);
}

pub(super) async fn directories_and_markers_show(dir: &DynPath) {
    let made = subdir(dir, "made");
    made.mkdir().await.expect("a directory is made");
    assert_eq!(names(dir).await, [("made".to_owned(), Kind::Dir)]);
    let marker = if dir.caps().real_dirs { vec![] } else { files(&[""]) };
    assert_eq!(names(&made).await, marker, "on S3 the marker is a row of its own");

    put(&file(&made, "file"), b"x").await;
    assert_eq!(names(&made).await, [marker, files(&["file"])].concat());
    assert_eq!(names(dir).await, [("made".to_owned(), Kind::Dir)]);
}

pub(super) async fn a_directory_is_made_once(dir: &DynPath) {
    let made = subdir(dir, "made");
    made.mkdir().await.expect("a directory is made");
    fails(made.mkdir().await, ErrorKind::AlreadyExists);
    if dir.caps().real_dirs {
        fails(subdir(&subdir(dir, "missing"), "below").mkdir().await, ErrorKind::NotFound);
        put(&file(dir, "file"), b"x").await;
        fails(subdir(dir, "file").mkdir().await, ErrorKind::AlreadyExists);
    } else {
        put(&file(&subdir(dir, "prefix"), "below"), b"x").await;
        subdir(dir, "prefix").mkdir().await.expect("a prefix may have no marker yet");
    }
}

pub(super) async fn a_row_is_what_stat_tells(dir: &DynPath) {
    let written = put(&file(dir, "file"), b"some bytes").await;
    let [row] = &list(dir).await[..] else { panic!("one row") };
    assert_eq!(row.size, Some(10));
    assert!(row.modified.is_some() && row.tag.is_some());
    assert_eq!(*row, told(dir, row).await);
    // Services tell the time in a HEAD and in a listing, not in the answer to a write.
    assert_eq!((&written.name, written.size, &written.tag), (&row.name, row.size, &row.tag));
    subdir(dir, "made").mkdir().await.expect("a directory is made");
    for row in list(dir).await.iter().filter(|row| row.kind == Kind::File || dir.caps().real_dirs) {
        assert_eq!(*row, told(dir, row).await);
    }
}

async fn told(dir: &DynPath, row: &Entry) -> Entry {
    let path = dir.join(&row.name, row.kind).expect("a row's own name");
    stat(&path).await.expect("what is listed is there")
}

pub(super) async fn a_big_listing_is_whole(dir: &DynPath) {
    let names: Vec<String> = (0..2_500).map(|at| format!("row {at:04}")).collect();
    let writes = futures::stream::iter(&names).map(|name| async move {
        put(&file(dir, name), b"").await;
    });
    writes.buffer_unordered(16).collect::<Vec<()>>().await;
    let rows = list(dir).await;
    let listed: Vec<&str> = rows.iter().filter_map(|row| row.name.as_str()).collect();
    assert_eq!(listed, names);
}

pub(super) async fn a_listing_can_be_left(dir: &DynPath) {
    for name in ["a", "b", "c", "d", "e"] {
        put(&file(dir, name), b"").await;
    }
    let mut listing = dir.list(Freshness::Past);
    let first = listing.next().await.expect("a page").expect("a good one");
    assert!(!first.entries.is_empty());
    drop(listing);
    assert_eq!(names(dir).await, files(&["a", "b", "c", "d", "e"]));
}

pub(super) async fn listing_twice_gives_the_same(dir: &DynPath) {
    put(&file(dir, "a"), b"1").await;
    put(&file(&subdir_made(dir, "b").await, "c"), b"2").await;
    assert_eq!(list(dir).await, list(dir).await);
    assert_eq!(list(dir).await[1].id(), (&Name::from("b"), Kind::Dir));
}

/// A directory, on a place where it must be made.
pub(super) async fn subdir_made(dir: &DynPath, name: &str) -> DynPath {
    let made = subdir(dir, name);
    if dir.caps().real_dirs {
        made.mkdir().await.expect("a directory is made");
    }
    made
}
