//! Deleting what was named, in batches, and counting it before.

use bifold::model::{Entry, ErrorKind, Kind};
use bifold::transfer::{Choice, Counts, JobId, JobKind, JobOptions, JobSpec, Outcome, Plan, SourceItem};
use bifold::vfs::faulty::{Call, Fault};
use futures::TryStreamExt;

use super::bed::{Bed, Pair, finish};

async fn delete(bed: &Bed, sources: Vec<SourceItem>) -> Outcome {
    let spec = JobSpec {
        kind: JobKind::Delete,
        sources,
        target: None,
        options: bifold::transfer::JobOptions::default(),
    };
    finish(bed.engine.start(JobId(1), spec), Choice::Cancel).await
}

#[tokio::test]
async fn a_tree_goes_and_its_neighbours_stay() {
    for pair in [Pair::LocalLocal, Pair::MemoryLocal] {
        let bed = Bed::new(pair);
        for name in ["d/a", "d/e/b", "d/e/f/c", "d2/a", "da"] {
            bed.left.put(name, b"1").await;
        }
        bed.left.put("d/empty/", b"").await;
        let outcome = delete(&bed, bed.left.items(&["d/"]).await).await;
        assert_eq!(outcome.failures, [], "{pair:?}");
        let left: Vec<String> = bed.left.tree().await.into_keys().collect();
        assert_eq!(left, ["d2/a", "da"], "{pair:?}");
        assert_eq!(outcome.progress.done, outcome.progress.total, "{pair:?}");
    }
}

#[tokio::test]
async fn a_marker_alone_leaves_what_is_below_its_prefix() {
    let bed = Bed::new(Pair::MemoryLocal);
    bed.memory.put("left/p/", "");
    bed.memory.put("left/p/a", "1");
    let entry = Entry::new("p".into(), Kind::File);
    let outcome = delete(&bed, vec![SourceItem { uri: bed.left.uri("p/"), entry }]).await;
    assert_eq!(outcome.failures, []);
    assert_eq!((bed.memory.get("left/p/"), bed.memory.get("left/p/a").is_some()), (None, true));
}

#[tokio::test]
async fn an_object_beside_its_prefix_is_deleted_as_itself() {
    let bed = Bed::new(Pair::MemoryLocal);
    bed.memory.put("left/a", "1");
    bed.memory.put("left/a/b", "1");
    assert_eq!(delete(&bed, bed.left.items(&["a"]).await).await.failures, []);
    assert_eq!((bed.memory.get("left/a"), bed.memory.get("left/a/b").is_some()), (None, true));
}

#[tokio::test]
async fn what_changed_since_it_was_shown_stays() {
    let bed = Bed::new(Pair::MemoryLocal);
    bed.memory.put("left/a", "shown");
    let shown = bed.left.items(&["a"]).await;
    bed.memory.put("left/a", "changed");
    let outcome = delete(&bed, shown).await;
    assert_eq!(outcome.failures[0].error.kind, ErrorKind::Conflict);
    assert!(bed.memory.get("left/a").is_some());
}

#[tokio::test]
async fn each_failure_is_told_and_the_rest_goes_on() {
    let bed = Bed::new(Pair::LocalLocal);
    for name in ["d/a", "d/e/b", "d/f/c"] {
        bed.left.put(name, b"1").await;
    }
    bed.script.add(Call::List, Some("d/e"), 0, 10, Fault::Fail(ErrorKind::Denied));
    let outcome = delete(&bed, bed.left.items(&["d/"]).await).await;
    assert_eq!(outcome.failures.len(), 1, "{:?}", outcome.failures);
    assert_eq!(bed.left.tree().await.into_keys().collect::<Vec<_>>(), ["d/e/b"]);
    assert_eq!(outcome.retry[0].sources[0].uri, bed.left.uri("d/e/"));
}

#[tokio::test]
async fn a_link_is_deleted_and_what_it_leads_to_stays() {
    let bed = Bed::new(Pair::LocalLocal);
    bed.left.put("far/x", b"1").await;
    bed.left.put("d/a", b"1").await;
    std::os::unix::fs::symlink("../far", bed.dir.path().join("left/d/link")).unwrap();
    assert_eq!(delete(&bed, bed.left.items(&["d/"]).await).await.failures, []);
    assert_eq!(bed.left.tree().await.into_keys().collect::<Vec<_>>(), ["far/x"]);
}

#[tokio::test]
async fn a_directory_swapped_for_a_link_is_not_followed() {
    let bed = Bed::new(Pair::LocalLocal);
    bed.left.put("d/e/x", b"1").await;
    bed.right.put("e/x", b"precious").await;
    let (swapped, outside) = (bed.dir.path().join("left/d/e"), bed.dir.path().join("right/e"));
    let swap = std::sync::Arc::new(move || {
        std::fs::remove_dir_all(&swapped).unwrap();
        std::os::unix::fs::symlink(&outside, &swapped).unwrap();
    });
    // Right before the removals in it: the listing is done, the directory is another one.
    bed.script.add(Call::Remove, Some("d/e"), 0, 1, Fault::Before(swap));
    let outcome = delete(&bed, bed.left.items(&["d/"]).await).await;
    assert!(!outcome.failures.is_empty());
    assert_eq!(bed.right.get("e/x").await.as_deref(), Some(&b"precious"[..]));
}

#[tokio::test]
async fn only_an_empty_bucket_goes() {
    let bed = Bed::new(Pair::MemoryLocal);
    bed.memory.put("full/a", "1");
    bed.memory.put_dir("empty");
    let bucket = |name: &str| SourceItem {
        uri: bed.memory.uri(&format!("{name}/")),
        entry: Entry::new(name.into(), Kind::Bucket),
    };
    let outcome = delete(&bed, vec![bucket("full"), bucket("empty")]).await;
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(outcome.failures[0].error.kind, ErrorKind::NotEmpty);
    assert!(bed.memory.get("full/a").is_some());
    assert!(!bed.memory.keys().contains(&"empty/".to_owned()));
}

#[tokio::test]
async fn counting_tells_the_numbers_so_far_and_at_last() {
    let bed = Bed::new(Pair::LocalLocal);
    for name in ["d/a", "d/e/b", "d/e/c", "f"] {
        bed.left.put(name, b"123").await;
    }
    let counted = async |names: &[&str]| {
        let sources = bed.left.items(names).await;
        let spec = JobSpec { kind: JobKind::Delete, sources, target: None, options: JobOptions::default() };
        let told: Vec<Plan> = bed.engine.plan(spec).try_collect().await.unwrap();
        assert!(told.is_sorted_by_key(|plan| plan.counts.files));
        let known: Vec<bool> = told.iter().map(|plan| plan.known).collect();
        assert!(known.iter().rev().skip(1).all(|known| !known) && known.last() == Some(&true));
        told.last().unwrap().counts
    };
    assert_eq!(counted(&["d/", "f"]).await, Counts { files: 4, dirs: 2, bytes: 12 });
    assert_eq!(counted(&["f"]).await, Counts { files: 1, dirs: 0, bytes: 3 });
}

#[tokio::test]
async fn a_directory_swapped_for_a_file_leaves_the_file() {
    let bed = Bed::new(Pair::LocalLocal);
    bed.left.put("d/e/", b"").await;
    let swapped = bed.dir.path().join("left/d/e");
    let swap = std::sync::Arc::new(move || {
        std::fs::remove_dir(&swapped).unwrap();
        std::fs::write(&swapped, "came later").unwrap();
    });
    bed.script.add(Call::Remove, Some("d/e"), 0, 1, Fault::Before(swap));
    let outcome = delete(&bed, bed.left.items(&["d/"]).await).await;
    assert_eq!(outcome.failures.len(), 1, "{:?}", outcome.failures);
    assert_eq!(bed.left.get("d/e").await.as_deref(), Some(&b"came later"[..]));
}
