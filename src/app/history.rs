//! What the caches answered over the last minutes: [`History`].

use std::collections::VecDeque;

use super::stats::Stats;
use crate::model::Timestamp;

/// How many milliseconds one sample covers.
pub const STEP: i64 = 10_000;
/// How many samples are kept: ten minutes.
pub const SAMPLES: usize = 60;

/// The look-ups of one step of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Those that a cache answered.
    pub hits: u64,
    /// Those that it didn't.
    pub misses: u64,
}

impl Sample {
    /// What is above an earlier number.
    fn above(self, before: Self) -> Self {
        let hits = self.hits.saturating_sub(before.hits);
        Self { hits, misses: self.misses.saturating_sub(before.misses) }
    }

    fn add(&mut self, more: Self) {
        self.hits += more.hits;
        self.misses += more.misses;
    }
}

/// A ring of samples, each by the step of time that it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ring {
    samples: VecDeque<(i64, Sample)>,
    before: Sample,
}

impl Ring {
    fn take(&mut self, all: Sample, step: i64) {
        let new = all.above(self.before);
        self.before = all;
        match self.samples.back_mut() {
            // A clock that was put back goes on in the last step.
            Some((last, sample)) if *last >= step => sample.add(new),
            _ => self.samples.push_back((step, new)),
        }
        while self.samples.len() > SAMPLES {
            self.samples.pop_front();
        }
    }

    fn until(&self, last: i64) -> Vec<Sample> {
        let first = last - i64::try_from(SAMPLES).unwrap_or(i64::MAX) + 1;
        let at = |step| self.samples.iter().find(|(of, _)| *of == step).map_or(Sample::default(), |it| it.1);
        (first..=last).map(at).collect()
    }
}

/// What the caches answered over the last minutes of this run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    operations: Ring,
    layers: Vec<Ring>,
}

impl History {
    /// Takes in the numbers of now: what they are above the last ones belongs to this step.
    pub fn take(&mut self, stats: &Stats, now: Timestamp) {
        let step = now.0.div_euclid(STEP);
        self.operations.take(Sample { hits: stats.hits, misses: stats.misses }, step);
        self.layers.resize_with(self.layers.len().max(stats.layers.len()), Ring::default);
        for (ring, layer) in self.layers.iter_mut().zip(&stats.layers) {
            ring.take(Sample { hits: layer.run_hits, misses: layer.run_misses }, step);
        }
    }

    /// Those of the operation cache in the last [`SAMPLES`] steps until now, the oldest first; where nothing
    /// happened they are empty.
    pub fn until(&self, now: Timestamp) -> Vec<Sample> {
        self.operations.until(now.0.div_euclid(STEP))
    }

    /// The same of a cache on disk, by its place in [`Stats::layers`].
    pub fn of_layer(&self, layer: usize, now: Timestamp) -> Vec<Sample> {
        self.layers.get(layer).map_or_else(Vec::new, |ring| ring.until(now.0.div_euclid(STEP)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::stats::LayerStats;
    use super::*;

    #[test]
    fn each_step_has_what_came_within_it_and_old_ones_go() {
        let mut history = History::default();
        let numbers = |hits, misses| Stats { hits, misses, ..Stats::default() };
        for (at, hits, misses) in [(0, 1, 1), (9_999, 3, 1), (10_000, 3, 2), (599_999, 10, 2)] {
            history.take(&numbers(hits, misses), Timestamp(at));
        }
        let steps = history.until(Timestamp(599_999));
        assert_eq!(steps.len(), SAMPLES);
        assert_eq!((steps[0], steps[1]), (Sample { hits: 3, misses: 1 }, Sample { hits: 0, misses: 1 }));
        assert_eq!((steps[2], steps[59]), (Sample::default(), Sample { hits: 7, misses: 0 }));
        assert_eq!(history.until(Timestamp(600_000))[0], Sample { hits: 0, misses: 1 });
        for at in 0..1_000 {
            history.take(&numbers(10 + at, 2), Timestamp(600_000 + at.cast_signed() * STEP));
        }
        assert_eq!(history.operations.samples.len(), SAMPLES);
        // A clock that goes back loses nothing and breaks nothing.
        history.take(&numbers(2_000, 2), Timestamp(0));
        assert_eq!(history.operations.samples.len(), SAMPLES);
    }

    #[test]
    fn each_cache_has_its_own_and_what_earlier_runs_did_is_no_part_of_it() {
        let mut history = History::default();
        let layer = |run_hits| LayerStats { run_hits, hits: 5_000, ..LayerStats::default() };
        let numbers = |hits, run| Stats { hits, layers: vec![layer(run), layer(0)], ..Stats::default() };
        history.take(&numbers(1, 0), Timestamp(0));
        history.take(&numbers(1, 4), Timestamp(STEP));
        let last = |samples: Vec<Sample>| samples.last().map(|sample| sample.hits);
        let now = Timestamp(STEP);
        assert_eq!([last(history.until(now)), last(history.of_layer(0, now))], [Some(0), Some(4)]);
        assert_eq!([last(history.of_layer(1, now)), last(history.of_layer(2, now))], [Some(0), None]);
    }
}
