//! A move removes what it copied, and nothing else.

use std::sync::Arc;

use bifold::model::ErrorKind;
use bifold::transfer::{Choice, JobKind, Target};
use bifold::vfs::faulty::{Call, Fault};

use super::bed::{Bed, PAIRS, Pair};

#[tokio::test]
async fn everything_is_moved_in_every_direction() {
    for pair in PAIRS {
        let bed = Bed::new(pair);
        for name in ["d/a", "d/e/b", "d/e/f/c", "keep"] {
            bed.left.put(name, name.as_bytes()).await;
        }
        bed.left.put("d/empty/", b"").await;
        let mut expected = bed.left.tree().await;
        let kept = expected.remove("keep");
        let outcome = bed.mv(&["d/"], Choice::Cancel).await;
        assert_eq!(outcome.failures, [], "{pair:?}");
        assert_eq!(bed.right.tree().await, expected, "{pair:?}");
        let left = bed.left.tree().await;
        assert_eq!((left.len(), left.get("keep")), (1, kept.as_ref()), "{pair:?}: {left:?}");
        bed.check_clean();
    }
}

#[tokio::test]
async fn on_one_disk_a_move_is_a_rename() {
    let bed = Bed::new(Pair::LocalLocal);
    bed.left.put("d/a", b"1").await;
    bed.mv(&["d/"], Choice::Cancel).await;
    assert_eq!(bed.script.count(Call::Rename), 1);
    assert_eq!((bed.script.count(Call::Read), bed.script.count(Call::Copy)), (0, 0));
}

#[tokio::test]
async fn moving_into_a_directory_that_is_there_merges() {
    let bed = Bed::new(Pair::LocalLocal);
    bed.left.put("d/a", b"1").await;
    bed.left.put("d/b", b"2").await;
    bed.right.put("d/b", b"theirs").await;
    let outcome = bed.mv(&["d/"], Choice::Skip).await;
    assert_eq!(outcome.progress.skipped, 1);
    assert_eq!(bed.right.get("d/a").await.as_deref(), Some(&b"1"[..]));
    assert_eq!(bed.right.get("d/b").await.as_deref(), Some(&b"theirs"[..]));
    assert_eq!(bed.left.tree().await.into_keys().collect::<Vec<_>>(), ["d/b"]);
}

#[tokio::test]
async fn across_file_systems_it_copies_and_removes() {
    let bed = Bed::new(Pair::LocalLocal);
    bed.left.put("d/a", b"1").await;
    std::os::unix::fs::symlink("a", bed.dir.path().join("left/d/link")).unwrap();
    bed.script.add(Call::Rename, None, 0, 100, Fault::Fail(ErrorKind::Unsupported));
    let expected = bed.left.tree().await;
    let outcome = bed.mv(&["d/"], Choice::Cancel).await;
    assert_eq!(outcome.failures, []);
    assert_eq!(bed.right.tree().await, expected);
    assert!(bed.left.tree().await.is_empty());
}

#[tokio::test]
async fn a_source_that_changed_since_it_was_copied_stays() {
    for pair in [Pair::MemoryLocal, Pair::MemoryMemory] {
        let bed = Bed::new(pair);
        bed.left.put("d/a", b"1").await;
        bed.left.put("d/b", b"2").await;
        let memory = bed.memory.clone();
        let change = Arc::new(move || memory.put("left/d/a", "changed"));
        let (call, name) =
            if pair == Pair::MemoryLocal { (Call::Commit, "right/d/a") } else { (Call::Remove, "left/d/a") };
        // On the way to the removal the source is looked at: change it right before that.
        let call = if call == Call::Remove { Call::Stat } else { call };
        bed.script.add(call, Some(name), 0, 1, Fault::Before(change));
        let outcome = bed.mv(&["d/"], Choice::Cancel).await;
        assert_eq!(outcome.failures.len(), 1, "{pair:?} {:?}", outcome.failures);
        assert_eq!(outcome.failures[0].error.kind, ErrorKind::Conflict, "{pair:?}");
        assert_eq!(bed.left.get("d/a").await.as_deref(), Some(&b"changed"[..]), "{pair:?}");
        assert_eq!(bed.left.get("d/b").await, None, "{pair:?}");
    }
}

#[tokio::test]
async fn what_comes_later_stays_with_its_directory() {
    let bed = Bed::new(Pair::LocalMemory);
    bed.left.put("d/a", b"1").await;
    let late = bed.dir.path().join("left/d/late");
    let add = Arc::new(move || std::fs::write(&late, "late").unwrap());
    bed.script.add(Call::Remove, Some("left/d"), 0, 1, Fault::Before(add));
    let outcome = bed.mv(&["d/"], Choice::Cancel).await;
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(bed.left.tree().await.into_keys().collect::<Vec<_>>(), ["d/late"]);
}

#[tokio::test]
async fn a_failed_copy_keeps_its_source() {
    let bed = Bed::new(Pair::LocalMemory);
    bed.left.put("d/a", b"1").await;
    bed.left.put("d/b", b"2").await;
    bed.script.add(Call::Commit, Some("right/d/a"), 0, 1, Fault::Fail(ErrorKind::Denied));
    let outcome = bed.mv(&["d/"], Choice::Cancel).await;
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(bed.left.tree().await.into_keys().collect::<Vec<_>>(), ["d/a"]);
    let retry = &outcome.retry[0];
    assert_eq!((retry.kind, retry.sources.len()), (JobKind::Move, 1));
    let again = bed.copy_to(retry.kind, retry.sources.clone(), retry.target.clone().unwrap()).await;
    assert_eq!(again.failures, []);
    assert_eq!(bed.memory.get("right/d/a").as_deref(), Some(&b"1"[..]));
    bed.check_clean();
}

#[tokio::test]
async fn a_followed_link_stays() {
    let bed = Bed::new(Pair::LocalMemory);
    bed.left.put("far", b"1").await;
    bed.left.put("d/x", b"2").await;
    std::os::unix::fs::symlink("../far", bed.dir.path().join("left/d/link")).unwrap();
    let outcome = bed.mv(&["d/"], Choice::FollowLinks).await;
    assert_eq!(outcome.failures, []);
    assert_eq!(bed.memory.get("right/d/link").as_deref(), Some(&b"1"[..]));
    let left: Vec<String> = bed.left.tree().await.into_keys().collect();
    assert_eq!(left, ["d/link", "far"]);
}

#[tokio::test]
async fn a_rename_is_a_move_as() {
    for pair in [Pair::LocalLocal, Pair::MemoryMemory] {
        let bed = Bed::new(pair);
        bed.left.put("a", b"1").await;
        let sources = bed.left.items(&["a"]).await;
        let outcome = bed.copy_to(JobKind::Move, sources, Target::As(bed.left.uri("b"))).await;
        assert_eq!(outcome.failures, [], "{pair:?}");
        assert_eq!(bed.left.tree().await.into_keys().collect::<Vec<_>>(), ["b"], "{pair:?}");
    }
}
