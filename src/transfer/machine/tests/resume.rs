//! Pausing, leaving, dying and going on.

use super::*;
use crate::model::ErrorKind;
use crate::transfer::io::{Earlier, Left};

fn tree(from: &str) -> World {
    let mut world = World::default();
    for (name, size) in [("d/a", 3), ("d/b", 100), ("d/e/c", 0), ("d/e/x", 41), ("d/z/", 0), ("d/y", 77)] {
        world.put(&format!("{from}{name}"), size);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// However often it dies or is left, and whatever records were lost with it: in the end all is there,
    /// nothing is lost, nothing that was recorded was sent twice (the world checks that), nothing stays
    /// open.
    #[test]
    fn whatever_interrupts_it_the_job_comes_to_its_end(
        seed in any::<u64>(),
        side in 0..SIDES.len(),
        moves in any::<bool>(),
        faults in 0..10u8,
        forgets in 0..30u8,
        stops in prop::collection::vec((0..40usize, any::<bool>()), 1..4),
    ) {
        let (from, to) = SIDES[side];
        let mut world = tree(from);
        world.put(&format!("{to}d/b"), 7);
        let before = world.clone();
        (world.faults, world.forgets) = (faults, forgets);
        let kind = if moves { JobKind::Move } else { JobKind::Copy };
        let sources = vec![source(&format!("{from}d/"), Kind::Dir, &world)];
        let mut spec = spec(kind, sources, into(to));
        spec.options.conflict = ConflictPolicy::Overwrite;
        let mut resumed = false;
        for (n, (steps, suspend)) in stops.into_iter().enumerate() {
            let mut bench = Bench::kept(world, spec.clone(), seed + n as u64, Some(resumed));
            resumed = true;
            bench.some(steps);
            world = if suspend && bench.outcome.is_none() {
                bench.feed(Event::Suspend);
                let (world, outcome) = bench.run(choose(Choice::Skip));
                prop_assert!(outcome.suspended && !outcome.cancelled);
                world
            } else {
                bench.kill()
            };
        }
        let bench = Bench::kept(world, spec, seed, Some(true));
        let (world, outcome) = bench.run(choose(Choice::Overwrite));
        world.check_nothing_lost(&before, from, to, kind);
        if faults == 0 {
            prop_assert_eq!(&outcome.failures, &[]);
            prop_assert!(world.left.is_empty(), "left open: {:?}", world.left);
            for name in ["d/a", "d/b", "d/e/x", "d/y"] {
                let (source, copy) = (format!("{from}{name}"), format!("{to}{name}"));
                prop_assert_eq!(world.content(&copy), before.content(&source), "{}", copy);
                let there = world.content(&source).is_some();
                prop_assert_eq!(there, kind == JobKind::Copy, "{}", source);
            }
            let progress = &outcome.progress;
            prop_assert!(progress.done.bytes <= progress.total.bytes, "{:?}", progress);
            prop_assert!(progress.kept.bytes <= progress.done.bytes && progress.kept.files <= progress.done.files);
        }
    }

    /// Pauses change nothing but the time it takes.
    #[test]
    fn a_pause_hands_out_nothing_and_loses_nothing(seed in any::<u64>(), pauses in prop::collection::vec(0..15usize, 1..6)) {
        let mut world = tree("/s/");
        world.faults = 5;
        let sources = vec![source("/s/d/", Kind::Dir, &world)];
        let mut bench = Bench::new(world, spec(JobKind::Copy, sources, into("s3://b/t/")), seed);
        for steps in pauses {
            bench.some(steps);
            bench.feed(Event::Pause);
            let under_way = bench.flying.len();
            if bench.outcome.is_none() && under_way > 0 {
                bench.end(0);
                prop_assert!(bench.flying.len() < under_way, "what ended was followed by something");
            }
            bench.now += Duration::from_mins(1);
            bench.feed(Event::Tick);
            prop_assert!(bench.flying.len() <= under_way);
            bench.feed(Event::Continue);
        }
        let (_, outcome) = bench.run(choose(Choice::Skip));
        prop_assert!(!outcome.cancelled && !outcome.suspended);
    }

    /// What a cancelled job hasn't done is told as jobs that do just the rest.
    #[test]
    fn a_cancelled_job_can_be_tried_again(seed in any::<u64>(), steps in 0..40usize, moves in any::<bool>()) {
        let mut world = tree("/s/");
        world.put("/s/w", 55);
        let before = world.clone();
        let kind = if moves { JobKind::Move } else { JobKind::Copy };
        let sources = vec![source("/s/d/", Kind::Dir, &world), source("/s/w", Kind::File, &world)];
        let mut bench = Bench::new(world, spec(kind, sources, into("s3://b/t/")), seed);
        bench.some(steps);
        bench.feed(Event::Cancel);
        let (mut world, outcome) = bench.run(choose(Choice::Skip));
        let mut retry = outcome.retry;
        for n in 0..20 {
            let Some(spec) = retry.pop() else { break };
            let sources = spec.sources.iter().map(|item| source(&item.uri.to_string(), item.entry.kind, &world)).collect();
            let bench = Bench::new(world, JobSpec { sources, ..spec }, seed + n);
            let (now, outcome) = bench.run(choose(Choice::Skip));
            world = now;
            retry.extend(outcome.retry.into_iter().filter(|_| !moves));
        }
        for name in ["d/a", "d/b", "d/e/x", "d/y", "w"] {
            let copied = world.content(&format!("s3://b/t/{name}"));
            prop_assert_eq!(copied, before.content(&format!("/s/{name}")), "{}", name);
        }
    }
}

/// Runs to `steps` pieces of work, dies, and goes on with a world that was changed meanwhile.
fn died(
    world: World,
    spec: &JobSpec,
    steps: usize,
    change: impl FnOnce(&mut World),
) -> (World, Outcome, Vec<String>) {
    let mut bench = Bench::kept(world, spec.clone(), 7, Some(false));
    bench.some(steps);
    let mut world = bench.kill();
    change(&mut world);
    world.log.clear();
    let mut bench = Bench::kept(world, spec.clone(), 7, Some(true));
    bench.feed(Event::TellFiles(true));
    for _ in 0..1000 {
        bench.some(1);
        if let Some((number, _)) = bench.asked.pop() {
            let answer = Answer { choice: Choice::Skip, for_all: false };
            bench.feed(Event::Answer(number, answer));
        }
    }
    let outcome = bench.outcome.take().expect("it ended");
    (bench.world, outcome, bench.notes)
}

fn large() -> (World, JobSpec) {
    let mut world = World::default();
    world.put("/s/big", 95);
    let spec = spec(JobKind::Copy, vec![source("/s/big", Kind::File, &world)], into("s3://b/t/"));
    (world, spec)
}

fn parts(world: &World) -> usize {
    world.log.iter().filter(|io| matches!(io, Io::Part { .. })).count()
}

#[test]
fn a_source_that_changed_meanwhile_starts_over_and_says_so() {
    let (world, spec) = large();
    let (world, outcome, notes) = died(world, &spec, 8, |world| world.put("/s/big", 95));
    assert_eq!(outcome.failures, []);
    assert_eq!(parts(&world), 10);
    assert!(notes.iter().any(|note| note.contains("changed since")), "{notes:?}");
    assert_eq!(world.content("s3://b/t/big"), world.content("/s/big"));
    assert!(world.left.is_empty());
}

#[test]
fn a_target_that_another_client_wrote_meanwhile_is_a_conflict() {
    let (world, spec) = large();
    let (world, outcome, _) = died(world, &spec, 8, |world| world.put("s3://b/t/big", 5));
    assert_eq!(outcome.progress.skipped, 1, "{outcome:?}");
    assert_ne!(world.content("s3://b/t/big"), world.content("/s/big"));
    assert!(world.left.is_empty() && world.sinks.is_empty());
}

#[test]
fn what_somebody_aborted_meanwhile_starts_over_and_says_so() {
    let (world, spec) = large();
    let (world, outcome, notes) = died(world, &spec, 8, |world| world.left.clear());
    assert_eq!((outcome.failures.len(), parts(&world)), (0, 10));
    assert!(notes.iter().any(|note| note.contains("nothing is left")), "{notes:?}");
}

#[test]
fn only_the_parts_that_are_missing_are_sent() {
    for steps in 0..20 {
        let (world, spec) = large();
        let mut recorded: Vec<u64> = Vec::new();
        let (world, outcome, _) = died(world, &spec, steps, |world| {
            let open = |earlier: &Earlier| match &earlier.what {
                Left::Open(state, _) => state.parts.iter().map(|part| part.len).collect(),
                Left::Placed(_) => vec![10, 10, 10, 10, 10, 10, 10, 10, 10, 5],
                _ => vec![],
            };
            recorded = world.journal.values().flat_map(open).collect();
        });
        assert_eq!(parts(&world), 10 - recorded.len(), "after {steps}");
        assert_eq!(outcome.progress.done.bytes, 95);
        assert_eq!(outcome.progress.kept.bytes, recorded.iter().sum::<u64>());
    }
}

#[test]
fn a_source_that_is_gone_meanwhile_fails_and_is_told() {
    let (world, spec) = large();
    let gone = |world: &mut World| drop(world.files.remove(&world::uri("/s/big")));
    let (_, outcome, _) = died(world, &spec, 8, gone);
    let kinds: Vec<_> = outcome.failures.iter().map(|failure| failure.error.kind).collect();
    assert_eq!(kinds, [ErrorKind::NotFound]);
}

#[test]
fn a_job_that_nothing_keeps_is_given_up_when_it_is_left() {
    let (world, spec) = large();
    let mut bench = Bench::new(world, spec, 1);
    bench.some(6);
    bench.feed(Event::Suspend);
    let (world, outcome) = bench.run(choose(Choice::Skip));
    assert!(outcome.cancelled && !outcome.suspended);
    assert!(world.left.is_empty() && world.sinks.is_empty());
}

/// A job that follows a link, to its end after it died; and how many parts were on record.
fn followed(steps: usize) -> (World, usize) {
    let mut world = World::default();
    world.put_link("/s/link", "/t/big");
    world.put("/t/big", 95);
    let sources = vec![source("/s/link", Kind::Symlink, &world)];
    let mut spec = spec(JobKind::Copy, sources, into("s3://b/t/"));
    spec.options.links = LinkPolicy::Follow;
    let mut recorded = 0;
    let (world, outcome, _) = died(world, &spec, steps, |world| {
        let open = |earlier: &Earlier| match &earlier.what {
            Left::Open(state, _) => state.parts.len(),
            Left::Placed(_) => 10,
            _ => 0,
        };
        recorded = world.journal.values().map(open).sum();
    });
    assert_eq!(outcome.failures, [], "after {steps}");
    (world, recorded)
}

#[test]
fn what_a_link_leads_to_goes_on_where_it_was() {
    for steps in 0..20 {
        let (world, recorded) = followed(steps);
        assert_eq!(parts(&world), 10 - recorded, "after {steps}");
        assert_eq!(world.content("s3://b/t/link"), world.content("/t/big"));
        assert!(world.left.is_empty(), "after {steps}: {:?}", world.left);
    }
}

#[test]
fn what_went_elsewhere_under_another_name_is_still_to_go_where_it_belongs() {
    let mut world = World::default();
    world.put("/s/a", 5);
    world.put("s3://b/t/link", 5);
    let item = source("/s/a", Kind::File, &world);
    let target = world::uri("s3://b/t/link");
    let placed = crate::vfs::Placed::by_size(world.entry(&target).unwrap());
    let what = Left::Placed(Box::new(placed));
    let earlier = Earlier { entry: item.entry.clone(), target, what };
    world.journal.insert(item.uri.clone(), earlier);
    let bench = Bench::kept(world, spec(JobKind::Move, vec![item], into("s3://b/t/")), 1, Some(true));
    let (world, outcome) = bench.run(choose(Choice::Cancel));
    assert_eq!(outcome.failures, []);
    assert!(world.content("s3://b/t/a").is_some());
    assert!(world.content("/s/a").is_none());
}
