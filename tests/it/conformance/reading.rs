//! Cases of reading.

use bifold::model::ErrorKind;
use bifold::vfs::{DynPath, Precondition};

use super::kit::{fails, file, get, pattern, put, read_range, subdir, tag_of};

pub(super) async fn ranges_give_their_bytes(dir: &DynPath) {
    let bytes = pattern(3_000_000, 1);
    let path = file(dir, "file");
    put(&path, &bytes).await;
    assert!(get(&path).await == bytes);
    for range in [0..1, 0..10, 1_500_000..1_500_001, 7..2_999_999, 2_999_999..3_000_000, 0..3_000_000] {
        let part = read_range(&path, Some(range.clone())).await.expect("a range is read");
        assert!(part == bytes[range.start as usize..range.end as usize], "{range:?}");
    }
    let cut = read_range(&path, Some(2_999_990..4_000_000)).await.expect("it is cut at the end");
    assert!(cut == bytes[2_999_990..]);
    for empty in [0..0, 5..5, 3_000_000..3_000_000] {
        assert_eq!(read_range(&path, Some(empty)).await, Ok(vec![]));
    }
}

pub(super) async fn a_range_beyond_the_end_is_invalid(dir: &DynPath) {
    let path = file(dir, "file");
    put(&path, b"0123456789").await;
    fails(read_range(&path, Some(10..11)).await, ErrorKind::Invalid);
    fails(read_range(&path, Some(100..200)).await, ErrorKind::Invalid);
    put(&file(dir, "empty"), b"").await;
    fails(read_range(&file(dir, "empty"), Some(0..1)).await, ErrorKind::Invalid);
    assert_eq!(get(&file(dir, "empty")).await, b"");
}

pub(super) async fn reading_twice_gives_the_same(dir: &DynPath) {
    let bytes = pattern(200_000, 2);
    let path = file(dir, "file");
    put(&path, &bytes).await;
    assert!(get(&path).await == bytes, "the first time, to view it");
    assert!(get(&path).await == bytes, "the second time, to copy it");
    let copy = file(dir, "copy");
    put(&copy, &get(&path).await).await;
    assert!(get(&copy).await == bytes);
    assert!(get(&path).await == bytes);
}

pub(super) async fn a_read_is_bound_to_its_tag(dir: &DynPath) {
    let path = file(dir, "file");
    put(&path, b"before").await;
    let shown = tag_of(&path).await;
    let bound = || Precondition::Matches(shown.clone());
    path.read(None, bound()).await.map(drop).expect("it is what was shown");
    put(&path, b"after it changed").await;
    fails(path.read(None, bound()).await.map(drop), ErrorKind::Conflict);
    fails(path.read(Some(0..3), bound()).await.map(drop), ErrorKind::Conflict);
}

pub(super) async fn what_is_no_file_has_no_bytes(dir: &DynPath) {
    if dir.caps().real_dirs {
        subdir(dir, "made").mkdir().await.expect("a directory is made");
        fails(subdir(dir, "made").read(None, Precondition::None).await.map(drop), ErrorKind::Unsupported);
    } else {
        put(&file(&subdir(dir, "prefix"), "below"), b"x").await;
        fails(subdir(dir, "prefix").read(None, Precondition::None).await.map(drop), ErrorKind::NotFound);
    }
}
