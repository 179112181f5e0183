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
    /// Those that none did.
    pub misses: u64,
}

/// A ring of samples, each by the step of time that it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    samples: VecDeque<(i64, Sample)>,
    before: Sample,
}

impl History {
    /// Takes in the numbers of now: what they are above the last ones belongs to this step.
    pub fn take(&mut self, stats: &Stats, now: Timestamp) {
        let layers = stats.layers.iter().fold(Sample::default(), |sum, layer| Sample {
            hits: sum.hits + layer.hits,
            misses: sum.misses + layer.misses,
        });
        let all = Sample { hits: stats.hits + layers.hits, misses: stats.misses + layers.misses };
        let step = now.0.div_euclid(STEP);
        let new = Sample {
            hits: all.hits.saturating_sub(self.before.hits),
            misses: all.misses.saturating_sub(self.before.misses),
        };
        self.before = all;
        match self.samples.back_mut() {
            // A clock that was put back goes on in the last step.
            Some((last, sample)) if *last >= step => {
                sample.hits += new.hits;
                sample.misses += new.misses;
            }
            _ => self.samples.push_back((step, new)),
        }
        while self.samples.len() > SAMPLES {
            self.samples.pop_front();
        }
    }

    /// The last [`SAMPLES`] steps until now, the oldest first; where nothing happened they are empty.
    pub fn until(&self, now: Timestamp) -> Vec<Sample> {
        let last = now.0.div_euclid(STEP);
        let first = last - i64::try_from(SAMPLES).unwrap_or(i64::MAX) + 1;
        let at = |step| self.samples.iter().find(|(of, _)| *of == step).map_or(Sample::default(), |it| it.1);
        (first..=last).map(at).collect()
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(history.samples.len(), SAMPLES);
        // A clock that goes back loses nothing and breaks nothing.
        history.take(&numbers(2_000, 2), Timestamp(0));
        assert_eq!(history.samples.len(), SAMPLES);
    }
}
