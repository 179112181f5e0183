//! How long a listing lives by how often it changes: [`Pulse`].

use std::time::Duration;

/// The lives of one listing, as a multiple of what is set: half as long after each change that a new reading
/// found, half as long again after each that found none, from a quarter to eight times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pulse(f32);

/// The shortest and the longest, in lives that are set.
const BOUNDS: (f32, f32) = (0.25, 8.0);

impl Default for Pulse {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Pulse {
    /// This life, longer or shorter.
    pub(super) fn of(self, life: Duration) -> Duration {
        life.mul_f32(self.0)
    }

    /// The next one, after a new reading that found the same or not.
    pub(super) fn after(self, same: bool) -> Self {
        let (least, most) = BOUNDS;
        Self((self.0 * if same { 1.5 } else { 0.5 }).clamp(least, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_within_its_bounds() {
        let life = Duration::from_mins(1);
        let mut pulse = Pulse::default();
        assert_eq!(pulse.of(life), life);
        assert_eq!(pulse.after(true).of(life), Duration::from_secs(90));
        assert_eq!(pulse.after(false).of(life), Duration::from_secs(30));
        for (same, bound) in [(true, 480), (false, 15)] {
            for _ in 0..20 {
                pulse = pulse.after(same);
            }
            assert_eq!(pulse.of(life), Duration::from_secs(bound));
        }
    }
}
