//! Cases of names: each is a row of its own that can be entered, read and removed as itself.

use bifold::model::{ErrorKind, Kind, Name};
use bifold::vfs::{CreateHint, DynPath, Precondition};

use super::kit::{fails, file, files, get, list, names, put, stat, subdir};
use super::listing::subdir_made;

/// Names that exist in real directories and buckets.
const ODD: [&str; 18] = [
    " leading and trailing ",
    "-rf",
    "...",
    "%2F",
    "a+b c",
    "a&b=c?d#e",
    "a\\b",
    "a\nb",
    "tab\there",
    "\u{1b}[31mred",
    "\u{1}",
    "\u{7f}",
    "quote\"'`$(touch P);",
    "é",
    "e\u{301}",
    "名前",
    "\u{202e}evil",
    "👩‍👩‍👧",
];

pub(super) async fn odd_names_are_exact(dir: &DynPath) {
    for name in ODD {
        put(&file(dir, name), name.as_bytes()).await;
    }
    let mut sorted = ODD;
    sorted.sort_unstable();
    assert_eq!(names(dir).await, files(&sorted));
    for row in list(dir).await {
        let path = dir.join(&row.name, row.kind).expect("a row's own name");
        assert_eq!(get(&path).await, row.name.as_bytes());
        path.remove(Precondition::None).await.expect("a removal");
    }
    assert_eq!(names(dir).await, []);

    for name in ODD {
        let inner = subdir_made(dir, name).await;
        put(&file(&inner, name), b"deep").await;
        assert_eq!(names(&inner).await, files(&[name]), "{name:?} as a directory");
    }
}

/// The AWS SDK takes a key of blanks alone for none at all: it is refused, and nothing else is touched.
pub(super) async fn a_name_of_blanks_is_exact_or_refused(dir: &DynPath) {
    let blank = file(dir, "  ");
    let sink = blank.create(CreateHint { size: Some(0), ..CreateHint::default() }).await;
    let sink = sink.expect("a write begins");
    match sink.commit(Precondition::Absent).await {
        Ok(_) => {
            assert_eq!(names(dir).await, files(&["  "]));
            assert_eq!(get(&blank).await, b"");
            blank.remove(Precondition::None).await.expect("a removal");
        }
        Err(error) => {
            assert!(!dir.caps().real_dirs && error.kind == ErrorKind::Invalid, "{error:?}");
            sink.abort().await.expect("an abort");
        }
    }
    assert_eq!(names(dir).await, []);
    let inner = subdir_made(dir, " ").await;
    put(&file(&inner, " "), b"deep").await;
    assert_eq!(names(&inner).await, files(&[" "]), "a key of more than blanks is exact everywhere");
}

pub(super) async fn odd_keys_are_exact(dir: &DynPath) {
    if dir.caps().real_dirs {
        return;
    }
    // The keys "/", "//", "/x", "a//b", "a/" and "a", by their names.
    let nameless = subdir(dir, "");
    nameless.mkdir().await.expect("the marker /");
    subdir(&nameless, "").mkdir().await.expect("the marker //");
    put(&file(&nameless, "x"), b"/x").await;
    put(&file(&subdir(&subdir(dir, "a"), ""), "b"), b"a//b").await;
    subdir(dir, "a").mkdir().await.expect("the marker a/");
    put(&file(dir, "a"), b"a").await;

    let row = |name: &str, kind| (name.to_owned(), kind);
    assert_eq!(names(dir).await, [row("", Kind::Dir), row("a", Kind::Dir), row("a", Kind::File)]);
    assert_eq!(names(&nameless).await, [row("", Kind::Dir), row("", Kind::File), row("x", Kind::File)]);
    assert_eq!(names(&subdir(&nameless, "")).await, [row("", Kind::File)]);
    assert_eq!(names(&subdir(dir, "a")).await, [row("", Kind::Dir), row("", Kind::File)]);
    assert_eq!(names(&subdir(&subdir(dir, "a"), "")).await, files(&["b"]));
    assert_eq!(get(&file(&nameless, "x")).await, b"/x");
    assert_eq!(get(&file(&subdir(&subdir(dir, "a"), ""), "b")).await, b"a//b");

    let marker = file(&subdir(dir, "a"), "");
    assert_eq!(get(&marker).await, b"");
    marker.remove(Precondition::None).await.expect("the marker alone goes");
    assert_eq!(names(&subdir(dir, "a")).await, [row("", Kind::Dir)]);
    assert_eq!(get(&file(dir, "a")).await, b"a");
}

pub(super) async fn a_name_beside_a_prefix_of_that_name(dir: &DynPath) {
    if !dir.caps().file_beside_dir {
        return;
    }
    put(&file(dir, "a"), b"object").await;
    put(&file(&subdir(dir, "a"), "b"), b"below").await;
    put(&file(dir, "a-"), b"between them in byte order").await;
    let row = |name: &str, kind| (name.to_owned(), kind);
    assert_eq!(names(dir).await, [row("a", Kind::Dir), row("a", Kind::File), row("a-", Kind::File)]);
    file(dir, "a").remove(Precondition::None).await.expect("a removal");
    assert_eq!(names(dir).await, [row("a", Kind::Dir), row("a-", Kind::File)]);
    assert_eq!(get(&file(&subdir(dir, "a"), "b")).await, b"below");
}

pub(super) async fn the_longest_name_fits(dir: &DynPath) {
    let longest = "x".repeat(dir.caps().max_name);
    let key_so_far = dir.uri().as_s3().map_or(0, |s3| s3.key.len());
    let name = &longest[key_so_far..];
    put(&file(dir, name), b"long").await;
    assert_eq!(names(dir).await, files(&[name]));
    assert_eq!(get(&file(dir, name)).await, b"long");
    // One byte more is refused, by the name or by the place.
    let too_long = format!("{name}x");
    if let Ok(path) = dir.join(&Name::from(too_long.as_str()), Kind::File) {
        let outcome = stat(&path).await;
        assert!(outcome.is_err());
        if let Ok(sink) = path.create(CreateHint { size: Some(0), ..CreateHint::default() }).await {
            assert!(sink.commit(Precondition::None).await.is_err(), "a name that is too long");
            sink.abort().await.expect("an abort");
        }
    }
    assert_eq!(names(dir).await, files(&[name]));
}

pub(super) async fn names_that_are_not_text(dir: &DynPath) {
    let name = Name::from(&b"caf\xe9 \xff\xfe"[..]);
    if dir.caps().utf8_names {
        fails(dir.join(&name, Kind::File), ErrorKind::Invalid);
        return;
    }
    let path = dir.join(&name, Kind::File).expect("any bytes will do");
    assert_eq!(path.name(), name);
    put(&path, b"exact").await;
    put(&file(dir, "caf\u{fffd} \u{fffd}\u{fffd}"), b"what it looks like").await;
    let rows = list(dir).await;
    assert!(rows.iter().any(|row| row.name == name) && rows.len() == 2, "{rows:?}");
    assert_eq!(get(&path).await, b"exact");
    path.remove(Precondition::None).await.expect("a removal");
    assert_eq!(get(&file(dir, "caf\u{fffd} \u{fffd}\u{fffd}")).await, b"what it looks like");
}

pub(super) async fn impossible_names_are_invalid(dir: &DynPath) {
    fails(dir.join(&Name::from("a/b"), Kind::File), ErrorKind::Invalid);
    if dir.caps().real_dirs {
        for name in ["", ".", "..", "a\0b"] {
            fails(dir.join(&Name::from(name), Kind::File), ErrorKind::Invalid);
        }
    }
}

pub(super) async fn neighbours_are_left_alone(dir: &DynPath) {
    for name in ["foo", "foobar", "fo", "foo.bak"] {
        put(&file(dir, name), name.as_bytes()).await;
    }
    let tree = subdir_made(dir, "dir").await;
    put(&file(&tree, "x"), b"x").await;
    let beside = subdir_made(dir, "dir2").await;
    put(&file(&beside, "y"), b"y").await;
    file(dir, "foo").remove(Precondition::None).await.expect("a removal");
    file(&tree, "x").remove(Precondition::None).await.expect("a removal");
    for name in ["foobar", "fo", "foo.bak"] {
        assert_eq!(get(&file(dir, name)).await, name.as_bytes());
    }
    assert_eq!(names(&beside).await, files(&["y"]));
}
