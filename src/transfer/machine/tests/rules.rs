//! One rule of the machine each.

use super::*;
use crate::model::{ErrorKind, Name};
use crate::transfer::io::Reply;

fn world(files: &[(&str, u64)]) -> World {
    let mut world = World::default();
    for (name, size) in files {
        world.put(name, *size);
    }
    world
}

fn run(world: World, spec: JobSpec, choice: Choice) -> (World, Outcome) {
    Bench::new(world, spec, 1).run(choose(choice))
}

fn with(mut spec: JobSpec, policy: ConflictPolicy) -> JobSpec {
    spec.options.conflict = policy;
    spec
}

fn copy_a(world: &World) -> JobSpec {
    spec(JobKind::Copy, vec![source("/s/a.txt", Kind::File, world)], into("/t/"))
}

#[test]
fn each_policy_does_what_it_says() {
    let start = world(&[("/s/a.txt", 3), ("/t/a.txt", 4)]);
    let (own, there) = (start.content("/s/a.txt"), start.content("/t/a.txt"));
    let after = |policy| {
        let (world, outcome) = run(start.clone(), with(copy_a(&start), policy), Choice::Cancel);
        assert!(!outcome.cancelled && outcome.failures.is_empty());
        (world.content("/t/a.txt"), world.content("/t/a (2).txt"), outcome.progress.skipped)
    };
    assert_eq!(after(ConflictPolicy::Overwrite), (own, None, 0));
    assert_eq!(after(ConflictPolicy::Skip), (there, None, 1));
    assert_eq!(after(ConflictPolicy::Rename), (there, own, 0));
    assert_eq!(after(ConflictPolicy::Newer), (there, None, 1));
}

#[test]
fn keeping_both_asks_once_and_takes_the_first_free_name() {
    let start = world(&[("/s/a.txt", 3), ("/t/a.txt", 4), ("/t/a (2).txt", 5), ("/t/a (3).txt", 5)]);
    let mut questions = 0;
    let (world, _) = Bench::new(start.clone(), copy_a(&start), 1).run(|_| {
        questions += 1;
        Answer { choice: Choice::KeepBoth, for_all: false }
    });
    assert_eq!(questions, 1);
    assert_eq!(world.content("/t/a (4).txt"), start.content("/s/a.txt"));
}

#[test]
fn an_answer_for_all_is_asked_once() {
    let mut start = World::default();
    let mut sources = Vec::new();
    for n in 0..20 {
        start.put(&format!("/s/{n}"), 3);
        start.put(&format!("/t/{n}"), 4);
        sources.push(source(&format!("/s/{n}"), Kind::File, &start));
    }
    let mut questions = 0;
    let (world, outcome) =
        Bench::new(start.clone(), spec(JobKind::Copy, sources, into("/t/")), 5).run(|_| {
            questions += 1;
            Answer { choice: Choice::Overwrite, for_all: true }
        });
    assert_eq!((questions, outcome.progress.done.files), (1, 20));
    assert!((0..20).all(|n| world.content(&format!("/t/{n}")) == start.content(&format!("/s/{n}"))));
}

#[test]
fn what_changed_since_the_answer_is_asked_again() {
    let start = world(&[("/s/a.txt", 3), ("/t/a.txt", 4)]);
    let mut bench = Bench::new(start.clone(), copy_a(&start), 1);
    let mut changed = Vec::new();
    while bench.outcome.is_none() {
        if let Some((number, Question::Conflict(conflict))) = bench.asked.pop() {
            changed.push(conflict.changed);
            bench.feed(Event::Answer(number, Answer { choice: Choice::Overwrite, for_all: true }));
            if changed.len() == 1 {
                bench.world.put("/t/a.txt", 9);
            }
            continue;
        }
        bench.end(0);
    }
    assert_eq!(changed, [false, true]);
    assert_eq!(bench.world.content("/t/a.txt"), start.content("/s/a.txt"));
}

#[test]
fn a_directory_is_made_before_and_removed_after_its_contents() {
    let start = world(&[("/s/d/e/a", 3), ("/s/d/b", 3)]);
    let sources = vec![source("/s/d/", Kind::Dir, &start)];
    let (world, outcome) = run(start, spec(JobKind::Move, sources, into("/t/")), Choice::Cancel);
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    assert!(world.below("/s/").is_empty() && !world.dirs.contains(&world::uri("/s/d/")));
    let at = |wanted: &dyn Fn(&Io) -> bool| world.log.iter().position(wanted).unwrap();
    let made = at(&|io| matches!(io, Io::MakeDir { at, .. } if *at == world::uri("/t/d/e")));
    let copied = at(&|io| matches!(io, Io::Native { to, .. } if *to == world::uri("/t/d/e/a")));
    let removed = at(&|io| matches!(io, Io::RemoveDir { at, .. } if *at == world::uri("/s/d/e")));
    assert!(made < copied && copied < removed);
}

#[test]
fn a_skipped_file_keeps_its_directories() {
    let start = world(&[("/s/d/a", 3), ("/s/d/b", 3), ("/t/d/a", 4)]);
    let sources = vec![source("/s/d/", Kind::Dir, &start)];
    let (world, outcome) = run(start.clone(), spec(JobKind::Move, sources, into("/t/")), Choice::Skip);
    assert_eq!(world.below("/s/"), [world::uri("/s/d/a")]);
    assert_eq!(world.content("/t/d/b"), start.content("/s/d/b"));
    assert!(!world.log.iter().any(|io| matches!(io, Io::RemoveDir { .. })));
    assert_eq!((outcome.failures.len(), outcome.progress.skipped), (0, 1));
}

#[test]
fn names_that_a_disk_cannot_hold_fail_alone() {
    let mut files = vec![("s3://b/s/ok", 1), ("s3://b/s/a", 1), ("s3://b/s/a/x", 1), ("s3://b/s//y", 1)];
    let long = format!("s3://b/s/{}", "x".repeat(256));
    files.extend([("s3://b/s/../up", 1), (long.as_str(), 1)]);
    let start = world(&files);
    let sources = vec![source("s3://b/s/", Kind::Dir, &start)];
    let (world, outcome) = run(start, spec(JobKind::Copy, sources, into("/t/")), Choice::Cancel);
    let names: Vec<String> = outcome.failures.iter().map(|failure| failure.item.uri.to_string()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(outcome.failures.iter().all(|failure| failure.error.kind == ErrorKind::Invalid));
    assert!(world.content("/t/s/ok").is_some());
    let outside = world.files.keys().filter(|at| at.as_local().is_some());
    assert!(outside.into_iter().all(|at| world::uri("/t/s").contains(at)));
}

#[test]
fn empty_directories_survive_both_ways() {
    let start = world(&[("/s/d/e/", 0)]);
    let sources = vec![source("/s/d/", Kind::Dir, &start)];
    let (world, _) = run(start, spec(JobKind::Copy, sources, into("s3://b/t/")), Choice::Cancel);
    assert_eq!(world.below("s3://b/t/"), [world::uri("s3://b/t/d/e/")]);
    let sources = vec![source("s3://b/t/d/", Kind::Dir, &world)];
    let (world, _) = run(world, spec(JobKind::Move, sources, into("/u/")), Choice::Cancel);
    assert!(world.dirs.contains(&world::uri("/u/d/e/")));
    assert!(world.below("s3://b/t/").is_empty(), "the marker went with its directory");
}

#[test]
fn links_are_asked_about_once_and_following_ends() {
    let mut start = world(&[("/s/d/a", 3), ("/s/far", 5)]);
    start.put_link("/s/d/one", "/s/far");
    start.put_link("/s/d/loop", "/s/d");
    start.put_link("/s/d/nowhere", "/s/none");
    let sources = vec![source("/s/d/", Kind::Dir, &start)];
    let job = spec(JobKind::Copy, sources, into("s3://b/t/"));
    let mut asked = 0;
    let (world, outcome) = Bench::new(start.clone(), job.clone(), 3).run(|_| {
        asked += 1;
        Answer { choice: Choice::FollowLinks, for_all: false }
    });
    assert_eq!(asked, 1);
    assert_eq!(world.content("s3://b/t/d/one"), start.content("/s/far"));
    assert_eq!(outcome.failures.len(), 2, "{:?}", outcome.failures);
    let (world, outcome) = run(start, job, Choice::SkipLinks);
    assert_eq!(world.below("s3://b/t/"), [world::uri("s3://b/t/d/a")]);
    assert_eq!((outcome.progress.skipped, outcome.failures.len()), (3, 0));
}

#[test]
fn links_are_copied_as_links_where_they_can_be_kept() {
    let mut start = World::default();
    start.put_link("/s/d/one", "../none");
    let sources = vec![source("/s/d/", Kind::Dir, &start)];
    let (world, _) = run(start, spec(JobKind::Copy, sources, into("/t/")), Choice::Cancel);
    assert_eq!(world.files[&world::uri("/t/d/one")].link.as_deref(), Some("../none"));
}

#[test]
fn slow_down_is_tried_again_with_fewer_at_once() {
    let start = world(&[("/s/big", 400)]);
    let sources = vec![source("/s/big", Kind::File, &start)];
    let mut bench = Bench::new(start.clone(), spec(JobKind::Copy, sources, into("s3://b/t/")), 1);
    let mut slowed = 0;
    while bench.outcome.is_none() {
        let part = bench.flying.iter().position(|(_, io)| matches!(io, Io::Part { .. }));
        if let Some(at) = part.filter(|_| slowed < 5) {
            let (id, io) = bench.flying.swap_remove(at);
            slowed += 1;
            let error = crate::model::VfsError::new(
                crate::model::Op::Write,
                io.place().clone(),
                ErrorKind::Throttled,
                "slow down",
            );
            bench.feed(Event::Done(id, Err(error)));
        } else if bench.flying.is_empty() {
            bench.now = bench.machine.wake().expect("a retry waits");
            bench.feed(Event::Tick);
        } else {
            bench.end(0);
        }
    }
    assert_eq!(bench.world.content("s3://b/t/big"), start.content("/s/big"));
}

#[test]
fn a_batch_holds_at_most_a_thousand() {
    let mut start = World::default();
    for n in 0..2500 {
        start.put(&format!("s3://b/d/{n:04}"), 1);
    }
    let sources = vec![source("s3://b/d/", Kind::Dir, &start)];
    let (world, outcome) = run(start, spec(JobKind::Delete, sources, None), Choice::Cancel);
    let batches: Vec<usize> = world
        .log
        .iter()
        .filter_map(|io| match io {
            Io::RemoveMany { removals, .. } => Some(removals.len()),
            _ => None,
        })
        .collect();
    assert_eq!(batches.len(), 3);
    assert_eq!(batches.iter().sum::<usize>(), 2500);
    assert_eq!(outcome.progress.done.files, 2500);
}

#[test]
fn a_retry_holds_only_what_failed() {
    let start = world(&[("/s/d/a", 3), ("/s/d/b", 3)]);
    let sources = vec![source("/s/d/", Kind::Dir, &start)];
    let mut bench = Bench::new(start, spec(JobKind::Copy, sources, into("/t/")), 1);
    while bench.outcome.is_none() {
        let (id, io) = bench.flying.remove(0);
        let denied = matches!(&io, Io::Native { to, .. } if to.name() == Name::from("b"));
        let result = if denied {
            Err(crate::model::VfsError::new(
                crate::model::Op::Copy,
                io.place().clone(),
                ErrorKind::Denied,
                "no",
            ))
        } else {
            bench.world.perform(&io, &mut bench.rng)
        };
        bench.feed(Event::Done(id, result));
    }
    let outcome = bench.outcome.unwrap();
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(outcome.retry.len(), 1);
    assert_eq!(outcome.retry[0].target, Some(Target::Into(world::uri("/t/d"))));
    assert_eq!(outcome.retry[0].sources[0].uri, world::uri("/s/d/b"));
}

#[test]
fn a_late_or_foreign_answer_is_dropped() {
    let start = world(&[("/s/a.txt", 3), ("/t/a.txt", 4)]);
    let mut bench = Bench::new(start.clone(), copy_a(&start), 1);
    while bench.asked.is_empty() {
        bench.end(0);
    }
    let (number, _) = bench.asked.pop().unwrap();
    bench.feed(Event::Answer(number + 1, Answer { choice: Choice::Overwrite, for_all: true }));
    bench.feed(Event::Answer(number, Answer { choice: Choice::FollowLinks, for_all: true }));
    bench.feed(Event::Done(12345, Ok(Reply::Done)));
    assert!(bench.flying.is_empty() && bench.outcome.is_none());
    bench.feed(Event::Answer(number, Answer { choice: Choice::Cancel, for_all: false }));
    assert!(bench.outcome.unwrap().cancelled);
}
