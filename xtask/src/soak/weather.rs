//! The weather: a wall clock that steps ahead and back, and fails now and then.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_conformance::Dice;
use pyrate_memory::{BucketError, Clock, Outcome, SystemClock, Timestamp};

use super::record::{Kind, Record, tell};

/// The furthest that a clock steps, in microseconds: a few windows of the shorter rate.
const FURTHEST: u64 = 40_000;

/// A clock as a machine may have it. Each process has its own, and they disagree.
#[derive(Debug, Default)]
pub(crate) struct Weather {
    clock: SystemClock,
    ahead: AtomicU64,
    is_failing: AtomicBool,
}

impl Weather {
    /// What a failing clock says.
    pub(crate) const FAILURE: &str = "the clock was told to fail";

    /// Lets the clock step and fail until `end`, as `dice` say, and tells how often.
    ///
    /// # Errors
    ///
    /// If nobody listens.
    pub(crate) fn blow(self: &Arc<Weather>, mut dice: Dice, end: Instant) -> io::Result<()> {
        while Instant::now() < end {
            thread::sleep(Duration::from_micros(dice.within(5_000..=60_000)));
            if dice.one_in(5) {
                self.is_failing.store(true, Ordering::Relaxed);
                thread::sleep(Duration::from_micros(dice.within(10..=1_000)));
                self.is_failing.store(false, Ordering::Relaxed);
            } else {
                self.ahead.store(dice.within(0..=FURTHEST), Ordering::Relaxed);
            }
            tell(Record::new(Kind::Fault))?;
        }
        Ok(())
    }
}

impl Clock for Weather {
    fn now(&self) -> Result<Timestamp, BucketError> {
        if self.is_failing.load(Ordering::Relaxed) {
            return Err(BucketError::new(Outcome::NotRecorded, Weather::FAILURE));
        }
        let ahead = Duration::from_micros(self.ahead.load(Ordering::Relaxed));
        let now = self.clock.now()?;
        Ok(now.checked_add(ahead).unwrap_or(now))
    }
}
