//! Keys that would lead elsewhere if they were taken for paths.

use bifold::model::{Freshness, Kind};
use bifold::transfer::{Choice, JobKind, JobOptions, Outcome, SourceItem};
use futures::StreamExt;
use proptest::prelude::*;

use super::snapshot;
use crate::transfer::bed::{Bed, Pair, finish};

/// Copies or moves all that the source shows into the directory on the right.
async fn bring_all(bed: &Bed, kind: JobKind) -> Outcome {
    let mut sources = Vec::new();
    let mut pages = bed.left.root.list(Freshness::Past);
    while let Some(Ok(page)) = pages.next().await {
        for entry in page.entries.iter() {
            let uri = bed.left.root.uri().join(&entry.name, entry.kind);
            sources.push(SourceItem { uri, entry: entry.clone() });
        }
    }
    let target = Some(bifold::transfer::Target::Into(bed.right.root.uri().clone()));
    let spec = bifold::transfer::JobSpec { kind, sources, target, options: JobOptions::default() };
    finish(bed.engine.start(bifold::transfer::JobId(1), spec), Choice::Skip).await
}

fn evil() -> Vec<String> {
    let mut keys: Vec<String> = [
        "../x",
        "../../x",
        "a/../../x",
        "a/../../../x",
        "..",
        "../",
        ".",
        "./x",
        "a/./x",
        "a/..",
        "/abs",
        "//abs",
        "/etc/passwd",
        "C:/x",
        "C:\\x",
        "a\0b",
        "a/\0",
        "~/x",
        "right/../../x",
        "rightx/y",
        "a//b",
        "a/",
        "",
    ]
    .map(String::from)
    .into();
    keys.push("x".repeat(256));
    keys.push(format!("{}/x", "y".repeat(300)));
    keys
}

#[tokio::test]
async fn keys_that_lead_elsewhere_stay_inside() {
    for pair in [Pair::MemoryLocal, Pair::S3Local] {
        let bed = Bed::new(pair);
        let mut keys = evil();
        keys.retain(|key| !key.is_empty());
        for key in &keys {
            if pair == Pair::S3Local {
                bed.server().store().put("left", key, "theirs");
            } else {
                bed.memory.put(&format!("left/{key}"), "theirs");
            }
        }
        bed.left.put("good", b"good").await;
        std::fs::create_dir(bed.dir.path().join("rightx")).expect("a neighbour");
        let right = bed.dir.path().join("right");
        let before = snapshot(bed.dir.path(), &right);
        let outcome = bring_all(&bed, JobKind::Copy).await;
        assert_eq!(snapshot(bed.dir.path(), &right), before, "{pair:?}");
        assert_eq!(bed.right.get("good").await.as_deref(), Some(&b"good"[..]), "the rest goes on");
        assert_eq!(bed.right.get("C:\\x").await.as_deref(), Some(&b"theirs"[..]), "a name like any other");
        let refused = outcome.failures.iter().map(|failed| failed.error.to_string()).collect::<Vec<_>>();
        assert!(refused.len() >= 6, "what can't be held is told: {refused:#?}");
        bed.check_clean();
    }
}

#[tokio::test]
async fn moving_keys_that_cannot_be_held_keeps_them() {
    let bed = Bed::new(Pair::MemoryLocal);
    for key in ["../x", "a/../../x", "..", "a\0b", "/abs"] {
        bed.memory.put(&format!("left/{key}"), "theirs");
    }
    let keys = bed.memory.keys();
    let right = bed.dir.path().join("right");
    let before = snapshot(bed.dir.path(), &right);
    let outcome = bring_all(&bed, JobKind::Move).await;
    assert_eq!(snapshot(bed.dir.path(), &right), before);
    assert!(!outcome.failures.is_empty());
    assert_eq!(bed.memory.keys(), keys, "none of them could go, so all are where they were");
}

/// Pieces of keys that collide and that mean something to a disk.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["..", ".", "", "a", "b", "right", "left", "C:", "~", "\0", "\\", "...", " "])
            .prop_map(String::from),
        1 => "[a.]{1,3}",
        1 => Just("x".repeat(256)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_keys_every_file_is_made_inside(
        keys in prop::collection::btree_set(prop::collection::vec(piece(), 1..6), 1..12),
        moves in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let bed = Bed::new(Pair::MemoryLocal);
            for pieces in &keys {
                bed.memory.put(&format!("left/{}", pieces.join("/")), "theirs");
            }
            let right = bed.dir.path().join("right");
            let before = snapshot(bed.dir.path(), &right);
            let kind = if moves { JobKind::Move } else { JobKind::Copy };
            let total = bed.memory.keys().len();
            bring_all(&bed, kind).await;
            prop_assert_eq!(snapshot(bed.dir.path(), &right), before);
            bed.check_clean();
            let here = snapshot(&right, &right).values().filter(|(mode, _)| is_file(*mode)).count();
            let there = bed.memory.keys().len();
            prop_assert!(!moves || here + there >= total, "{} of {} are somewhere", here + there, total);
            Ok(())
        })?;
    }
}

fn is_file(mode: u32) -> bool {
    Kind::File == if mode & 0o170_000 == 0o100_000 { Kind::File } else { Kind::Special }
}
