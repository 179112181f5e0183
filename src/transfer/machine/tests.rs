//! The machine against a small world that answers in any order, fails, forgets answers and changes.

mod resume;
mod rules;
mod world;

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;

use super::super::io::{Action, Event, Io, IoId};
use super::super::job::*;
use super::super::testing::{disk, service};
use super::tasks::WAITS;
use super::{Limits, Machine};
use crate::model::{Entry, Kind, Uri};
use world::World;

/// A machine and its world, with the work that is under way.
struct Bench {
    machine: Machine,
    world: World,
    flying: Vec<(IoId, Io)>,
    asked: Vec<(u64, Question)>,
    outcome: Option<Outcome>,
    told: Vec<FileReport>,
    notes: Vec<String>,
    now: Duration,
    rng: fastrand::Rng,
}

fn limits() -> Limits {
    Limits { large_from: 40, ..Limits::default() }
}

impl Bench {
    fn new(world: World, spec: JobSpec, seed: u64) -> Self {
        Self::kept(world, spec, seed, None)
    }

    /// A job that a journal keeps: begun, or gone on with.
    fn kept(world: World, spec: JobSpec, seed: u64, resumed: Option<bool>) -> Self {
        let (kept, resumed) = (resumed.is_some(), resumed == Some(true));
        let caps = |uri: &Uri| if uri.as_s3().is_some() { service() } else { disk() };
        let sources = spec.sources.iter().map(|source| Ok(caps(&source.uri))).collect();
        let to = spec.target.as_ref().map(|target| {
            let at = target.place();
            Ok(caps(at))
        });
        let machine = Machine::new(spec, sources, to, limits(), seed);
        let rng = fastrand::Rng::with_seed(seed);
        let mut bench = Self {
            machine,
            world,
            flying: Vec::new(),
            asked: Vec::new(),
            outcome: None,
            told: Vec::new(),
            notes: Vec::new(),
            now: Duration::ZERO,
            rng,
        };
        if kept {
            bench.machine = bench.machine.recorded(resumed);
        }
        bench.feed(Event::Start);
        bench
    }

    fn finish(&mut self, outcome: Outcome) {
        if outcome.suspended {
            self.world.leave();
        }
        self.outcome = Some(outcome);
    }

    /// The program dies here.
    fn kill(mut self) -> World {
        self.world.leave();
        self.world
    }

    /// Ends what is under way without a question or a wait being answered, at most `most` pieces.
    fn some(&mut self, most: usize) {
        for _ in 0..most {
            if !self.flying.is_empty() {
                let at = self.rng.usize(..self.flying.len());
                self.end(at);
            }
        }
    }

    fn feed(&mut self, event: Event) {
        for action in self.machine.on(event, self.now) {
            assert!(self.outcome.is_none(), "nothing follows the end");
            match action {
                Action::Do(id, io) => self.flying.push((id, io)),
                Action::Ask(number, question) => self.asked.push((number, question)),
                Action::Interrupt => {}
                Action::File(report) => self.told.push(*report),
                Action::Note(note) => self.notes.push(note),
                Action::Finish(outcome) => self.finish(*outcome),
            }
        }
        self.check_limits();
    }

    fn check_limits(&self) {
        let is_list = |io: &Io| matches!(io, Io::Page { .. });
        let mut parts: HashMap<u64, usize> = HashMap::new();
        for (_, io) in &self.flying {
            if let Io::Part { item, .. } = io {
                *parts.entry(*item).or_default() += 1;
            }
        }
        let lists = self.flying.iter().filter(|(_, io)| is_list(io)).count();
        assert!(lists <= limits().lists);
        let waits = self.flying.iter().filter(|(_, io)| matches!(io, Io::Commit { waits: true, .. })).count();
        assert!(waits <= limits().small + WAITS);
        assert!(self.flying.len() - lists - waits.min(WAITS) <= limits().small);
        assert!(parts.values().all(|parts| *parts <= limits().parts));
        if self.outcome.is_some() {
            assert!(self.flying.is_empty() && self.world.sinks.is_empty(), "the end is clean");
        }
    }

    /// Ends the piece of work at `at` as the world has it.
    fn end(&mut self, at: usize) {
        let (id, io) = self.flying.swap_remove(at);
        let result = self.world.perform(&io, &mut self.rng);
        self.feed(Event::Done(id, result));
    }

    /// Runs to the end in a random order, answering as `answer` says.
    fn run(mut self, mut answer: impl FnMut(&Question) -> Answer) -> (World, Outcome) {
        for _ in 0..100_000 {
            if let Some(outcome) = self.outcome {
                return (self.world, outcome);
            }
            if self.flying.is_empty() || self.rng.u8(..) < 10 {
                let (question, wake) = (self.asked.pop(), self.machine.wake());
                if let Some((number, question)) = question {
                    self.feed(Event::Answer(number, answer(&question)));
                } else if let Some(wake) = wake {
                    self.now = self.now.max(wake);
                    self.feed(Event::Tick);
                } else {
                    assert!(!self.flying.is_empty(), "stuck: {:?}", self.machine);
                }
                continue;
            }
            let at = self.rng.usize(..self.flying.len());
            self.end(at);
        }
        panic!("it never ends: {:?}", self.machine);
    }
}

fn source(uri: &str, kind: Kind, world: &World) -> SourceItem {
    let uri = world::uri(uri);
    let entry = world.entry(&uri).unwrap_or_else(|| Entry::new(uri.name(), kind));
    SourceItem { uri, entry }
}

fn spec(kind: JobKind, sources: Vec<SourceItem>, target: impl Into<Option<Target>>) -> JobSpec {
    JobSpec { kind, sources, target: target.into(), options: JobOptions::default() }
}

fn into(uri: &str) -> Target {
    Target::Into(world::uri(uri))
}

fn choose(choice: Choice) -> impl FnMut(&Question) -> Answer {
    move |_| Answer { choice, for_all: false }
}

/// Sources and destinations of every pairing.
const SIDES: [(&str, &str); 3] = [("/s/", "/t/"), ("/s/", "s3://b/t/"), ("s3://b/s/", "s3://c/t/")];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever fails, in whatever order: nothing is lost, nothing is half, nothing stays open.
    #[test]
    fn nothing_is_ever_lost(
        seed in any::<u64>(),
        side in 0..SIDES.len(),
        moves in any::<bool>(),
        faults in 0..40u8,
        cancel_after in prop::option::of(0..60usize),
        choices in prop::collection::vec((0..4u8, any::<bool>()), 1..8),
    ) {
        let (from, to) = SIDES[side];
        let mut world = World::default();
        for (name, size) in [("d/a", 3), ("d/b", 100), ("d/e/c", 0), ("d/e/x", 41), ("d/z/", 0)] {
            world.put(&format!("{from}{name}"), size);
        }
        world.put(&format!("{to}d/b"), 7);
        world.put(&format!("{to}d/e/x"), 8);
        let before = world.clone();
        world.faults = faults;
        let kind = if moves { JobKind::Move } else { JobKind::Copy };
        let sources = vec![source(&format!("{from}d/"), Kind::Dir, &world)];
        let mut bench = Bench::new(world, spec(kind, sources, into(to)), seed);
        for _ in 0..cancel_after.unwrap_or(0) {
            if !bench.flying.is_empty() {
                bench.end(0);
            }
        }
        if cancel_after.is_some() {
            bench.feed(Event::Cancel);
        }
        let mut turn = 0;
        let (world, outcome) = bench.run(|_| {
            let (choice, for_all) = choices[turn % choices.len()];
            turn += 1;
            let all = [Choice::Overwrite, Choice::Skip, Choice::KeepBoth, Choice::NewerOnly];
            Answer { choice: all[usize::from(choice)], for_all }
        });
        world.check_nothing_lost(&before, from, to, kind);
        let progress = &outcome.progress;
        if !outcome.cancelled {
            prop_assert!(progress.total_known);
            let over = progress.done.files + progress.skipped + progress.failed;
            prop_assert!(over >= progress.total.files, "{progress:?} {:?}", outcome.failures);
        }
        if faults == 0 && cancel_after.is_none() {
            prop_assert_eq!(&outcome.failures, &[]);
            prop_assert!(progress.done.bytes <= progress.total.bytes);
        }
    }

    #[test]
    fn a_delete_removes_all_that_it_named_and_nothing_else(seed in any::<u64>(), faults in 0..30u8) {
        let mut world = World::default();
        for n in 0..25 {
            world.put(&format!("s3://b/s/d/{}/f{n}", n % 3), n);
            world.put(&format!("s3://b/s/other/{n}"), n);
        }
        let kept = world.below("s3://b/s/other/");
        world.faults = faults;
        let sources = vec![source("s3://b/s/d/", Kind::Dir, &world)];
        let bench = Bench::new(world, spec(JobKind::Delete, sources, None), seed);
        let (world, outcome) = bench.run(choose(Choice::Skip));
        prop_assert_eq!(world.below("s3://b/s/other/"), kept);
        let listed = |failure: &Failure| failure.item.entry.kind == Kind::Dir;
        if !outcome.failures.iter().any(listed) {
            // What is still there was told. More may be told than is there: an answer that was lost
            // each time leaves it unknown whether the key is gone.
            let told: Vec<_> = outcome.failures.iter().map(|failure| failure.item.uri.to_string()).collect();
            for left in world.below("s3://b/s/d/") {
                prop_assert!(told.contains(&left.to_string()), "{left} is left, told were {told:?}");
            }
            prop_assert!(faults > 0 || told.is_empty());
        }
    }
}
