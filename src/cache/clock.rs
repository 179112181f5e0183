//! The time that lives are measured in: it never goes back, and it goes on while the machine sleeps.
//!
//! A laptop that was shut for an hour must not show an hour-old listing as fresh: hence not
//! `std::time::Instant`, which stands still in suspend on Linux.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};

use crate::model::Timestamp;

/// A point in time since the machine started, sleep included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub Duration);

impl Moment {
    /// How long ago `earlier` was; zero if it is yet to come.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later))
    }
}

/// Where the time comes from.
pub trait Clock: Debug + Send + Sync + 'static {
    /// For measuring lives.
    fn now(&self) -> Moment;

    /// For showing to a person.
    fn wall(&self) -> Timestamp;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(any(target_os = "linux", target_os = "android"))]
const SINCE_BOOT: ClockId = ClockId::Boottime;
// On macOS this one counts sleep.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SINCE_BOOT: ClockId = ClockId::Monotonic;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment(clock_gettime(SINCE_BOOT).try_into().unwrap_or_default())
    }

    fn wall(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands until it is told to go on: for tests.
#[derive(Debug, Default)]
pub struct ManualClock(Mutex<Duration>);

impl ManualClock {
    /// Lets so much time pass.
    pub fn advance(&self, by: Duration) {
        *self.0.lock() += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        Moment(*self.0.lock())
    }

    /// The time that has passed, as if the clock had been started in 1970.
    fn wall(&self) -> Timestamp {
        Timestamp(i64::try_from(self.0.lock().as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_never_goes_back() {
        let first = SystemClock.now();
        assert!(first > Moment::default());
        assert!(SystemClock.now() >= first);
        assert!(SystemClock.wall() > Timestamp(1_700_000_000_000));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_clock_counts_suspend() {
        let monotonic: Duration = clock_gettime(ClockId::Monotonic).try_into().unwrap();
        assert_eq!(SINCE_BOOT, ClockId::Boottime);
        assert!(SystemClock.now().0 >= monotonic);
    }

    #[test]
    fn what_is_yet_to_come_is_no_time_ago() {
        let soon = Moment::default().plus(Duration::from_secs(1));
        assert_eq!(Moment::default().since(soon), Duration::ZERO);
        assert_eq!(soon.since(Moment::default()), Duration::from_secs(1));
    }
}
