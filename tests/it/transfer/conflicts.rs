//! What happens when something is there already.

use bifold::model::Timestamp;
use bifold::transfer::{Choice, ConflictPolicy, JobKind, JobOptions, Question};
use bifold::vfs::faulty::{Call, Fault};

use super::bed::{Bed, PAIRS, Pair, finish, finish_with};

async fn with(policy: ConflictPolicy, pair: Pair) -> (Bed, u64) {
    let bed = Bed::new(pair);
    bed.left.put("a.txt", b"new").await;
    bed.right.put("a.txt", b"old").await;
    let options = JobOptions { conflict: policy, ..JobOptions::default() };
    let job = bed.begin(JobKind::Copy, &["a.txt"], options).await;
    let outcome = finish(job, Choice::Cancel).await;
    assert!(!outcome.cancelled && outcome.failures.is_empty(), "{outcome:?}");
    (bed, outcome.progress.skipped)
}

#[tokio::test]
async fn each_policy_holds_in_every_direction() {
    for pair in PAIRS {
        let (bed, _) = with(ConflictPolicy::Overwrite, pair).await;
        assert_eq!(bed.right.get("a.txt").await.as_deref(), Some(&b"new"[..]), "{pair:?}");
        let (bed, skipped) = with(ConflictPolicy::Skip, pair).await;
        assert_eq!((bed.right.get("a.txt").await.as_deref(), skipped), (Some(&b"old"[..]), 1), "{pair:?}");
        let (bed, _) = with(ConflictPolicy::Rename, pair).await;
        assert_eq!(bed.right.get("a.txt").await.as_deref(), Some(&b"old"[..]), "{pair:?}");
        assert_eq!(bed.right.get("a (2).txt").await.as_deref(), Some(&b"new"[..]), "{pair:?}");
    }
}

#[tokio::test]
async fn newer_replaces_only_what_is_older() {
    let options = JobOptions { conflict: ConflictPolicy::Newer, ..JobOptions::default() };
    for (theirs, expected) in [(1, &b"new"[..]), (i64::MAX / 2, &b"old"[..])] {
        let bed = Bed::new(Pair::LocalMemory);
        bed.left.put("a", b"new").await;
        bed.right.put("a", b"old").await;
        bed.memory.set_modified("right/a", Timestamp(theirs));
        let job = bed.begin(JobKind::Copy, &["a"], options.clone()).await;
        finish(job, Choice::Cancel).await;
        assert_eq!(bed.right.get("a").await.as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn the_question_shows_both_sides() {
    let bed = Bed::new(Pair::LocalMemory);
    bed.left.put("a", b"newer").await;
    bed.right.put("a", b"old").await;
    let job = bed.begin(JobKind::Copy, &["a"], JobOptions::default()).await;
    let (_, asked) = finish_with(job, |_| Choice::Skip).await;
    let Question::Conflict(conflict) = &asked[0] else { panic!("{asked:?}") };
    assert_eq!((conflict.source_entry.size, conflict.target_entry.size), (Some(5), Some(3)));
    assert!(conflict.target_entry.modified.is_some() && !conflict.changed);
    assert_eq!(conflict.target, bed.right.uri("a"));
}

#[tokio::test]
async fn what_changed_since_the_answer_is_asked_again() {
    for pair in [Pair::LocalMemory, Pair::MemoryMemory] {
        let bed = Bed::new(pair);
        bed.left.put("a", b"new").await;
        bed.right.put("a", b"old").await;
        let memory = bed.memory.clone();
        let sneak = std::sync::Arc::new(move || memory.put("right/a", "sneaked in"));
        // A small upload is bound to what was shown by its second request: the first found it there.
        let small = pair == Pair::LocalMemory;
        if !small {
            bed.script.once(Call::Copy, Fault::Before(sneak.clone()));
        }
        let job = bed.begin(JobKind::Copy, &["a"], JobOptions::default()).await;
        let mut turns = 0;
        let (outcome, asked) = finish_with(job, |_| {
            turns += 1;
            if small && turns == 1 {
                sneak();
            }
            if turns == 1 { Choice::Overwrite } else { Choice::Skip }
        })
        .await;
        let changed: Vec<bool> = asked
            .iter()
            .map(|question| matches!(question, Question::Conflict(conflict) if conflict.changed))
            .collect();
        assert_eq!(changed, [false, true], "{pair:?}");
        assert_eq!(bed.right.get("a").await.as_deref(), Some(&b"sneaked in"[..]));
        assert_eq!(outcome.progress.skipped, 1);
        bed.check_clean();
    }
}

#[tokio::test]
async fn what_appears_while_a_file_is_sent_is_asked_about() {
    let bed = Bed::new(Pair::LocalMemory);
    bed.left.put("a", b"new").await;
    let memory = bed.memory.clone();
    bed.script.once(Call::Commit, Fault::Before(std::sync::Arc::new(move || memory.put("right/a", "first"))));
    let job = bed.begin(JobKind::Copy, &["a"], JobOptions::default()).await;
    let (_, asked) = finish_with(job, |_| Choice::KeepBoth).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(bed.right.get("a").await.as_deref(), Some(&b"first"[..]));
    assert_eq!(bed.right.get("a (2)").await.as_deref(), Some(&b"new"[..]));
    bed.check_clean();
}

#[tokio::test]
async fn a_directory_in_the_way_of_a_file_is_a_failure() {
    let bed = Bed::new(Pair::LocalLocal);
    bed.left.put("a", b"new").await;
    bed.left.put("b/x", b"1").await;
    bed.right.put("a/x", b"1").await;
    bed.right.put("b", b"file").await;
    let outcome = bed.copy(&["a", "b/"], Choice::Overwrite).await;
    assert_eq!(outcome.failures.len(), 2);
    assert_eq!(bed.right.get("b").await.as_deref(), Some(&b"file"[..]));
    assert_eq!(bed.right.get("a/x").await.as_deref(), Some(&b"1"[..]));
}
