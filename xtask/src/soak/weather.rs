//! The weather: a wall clock that steps ahead and back, and fails now and then.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_conformance::Dice;
use pyrate_memory::{BucketError, Clock, Outcome, SystemClock, Timestamp};

use super::planted::Planted;
use super::record::{Kind, Record, tell};

/// The furthest that a clock steps, in microseconds: a few windows of the shorter rate.
const FURTHEST: u64 = 40_000;

/// A worker with a planted fault is sound for so long.
const SOUND: Duration = Duration::from_millis(200);

/// A clock as a machine may have it. Each process has its own, and they disagree.
#[derive(Debug)]
pub(crate) struct Weather {
    start: Instant,
    planted: Planted,
    is_sprung: AtomicBool,
    clock: SystemClock,
    ahead: AtomicU64,
    is_failing: AtomicBool,
}

impl Weather {
    /// What a failing clock says.
    pub(crate) const FAILURE: &str = "the clock was told to fail";

    /// Fair until it [blows](Weather::blow). Whoever reads the clock is the one that hangs or panics, where that is `planted`.
    pub(crate) fn new(planted: Planted) -> Weather {
        let (start, clock, ahead) = (Instant::now(), SystemClock, AtomicU64::new(0));
        let (is_sprung, is_failing) = (AtomicBool::new(false), AtomicBool::new(false));
        Weather { start, planted, is_sprung, clock, ahead, is_failing }
    }

    /// Lets the clock step and fail until `end`, as `dice` say, and tells how often.
    ///
    /// # Errors
    ///
    /// If nobody listens.
    pub(crate) fn blow(self: &Arc<Weather>, mut dice: Dice, end: Instant) -> io::Result<()> {
        while Instant::now() < end {
            thread::sleep(Duration::from_micros(dice.within(5_000..=60_000)));
            if dice.one_in(5) {
                self.is_failing.store(true, Relaxed);
                thread::sleep(Duration::from_micros(dice.within(10..=1_000)));
                self.is_failing.store(false, Relaxed);
            } else {
                self.ahead.store(dice.within(0..=FURTHEST), Relaxed);
            }
            tell(Record::new(Kind::Fault))?;
        }
        Ok(())
    }
}

impl Weather {
    /// Does what is planted, once.
    fn spring(&self) {
        let is_harmless = matches!(self.planted, Planted::Nothing | Planted::OneUnitMore);
        if is_harmless || self.start.elapsed() < SOUND || self.is_sprung.swap(true, Relaxed) {
            return;
        }
        assert!(self.planted == Planted::Hang, "a panic was planted");
        loop {
            thread::park();
        }
    }
}

impl Clock for Weather {
    fn now(&self) -> Result<Timestamp, BucketError> {
        self.spring();
        if self.is_failing.load(Relaxed) {
            return Err(BucketError::new(Outcome::NotRecorded, Weather::FAILURE));
        }
        let ahead = Duration::from_micros(self.ahead.load(Relaxed));
        let now = self.clock.now()?;
        Ok(now.checked_add(ahead).unwrap_or(now))
    }
}
