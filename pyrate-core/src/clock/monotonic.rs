//! The monotonic clock: the processor's cycle counter, kept true by the operating system's clock.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use super::Clock;
use crate::error::BucketError;
use crate::pure::Timestamp;

/// Readings are compared with the operating system's clock at least this often.
const CORRECTED_EVERY_NANOS: u64 = 1_000_000_000;

/// Time since this process first asked for it; steps of the wall clock don't touch it. The default in memory.
///
/// All values of this type are one clock. A reading costs about as much as one of the processor's cycle counter, which
/// is corrected against [`Instant`] at least once a second. Where a correction would set it back, by what the counter
/// drifted within that second, it stands still instead.
///
/// It means nothing to another process: shared stores have clocks of their own.
///
/// ```
/// use pyrate_core::{Clock, MonotonicClock};
///
/// let clock = MonotonicClock::new();
/// let (first, second) = (clock.now()?, clock.now()?);
/// assert!(first <= second);
/// # Ok::<(), pyrate_core::BucketError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MonotonicClock;

impl MonotonicClock {
    /// The process's monotonic clock.
    #[must_use]
    pub const fn new() -> MonotonicClock {
        MonotonicClock
    }
}

impl Clock for MonotonicClock {
    #[inline]
    fn now(&self) -> Result<Timestamp, BucketError> {
        static PROCESS: LazyLock<Timeline> = LazyLock::new(Timeline::start);
        Ok(Timestamp::from_micros(PROCESS.now_nanos() / 1_000))
    }
}

/// A cycle counter and its correction. All numbers are nanoseconds since `start`.
#[derive(Debug)]
struct Timeline {
    counter: quanta::Clock,
    start_of_counter: u64,
    start: Instant,
    correction: Correction,
}

impl Timeline {
    fn start() -> Timeline {
        let counter = quanta::Clock::new();
        let (start, start_of_counter) = (Instant::now(), counter.raw());
        Timeline { counter, start_of_counter, start, correction: Correction::default() }
    }

    #[inline]
    fn now_nanos(&self) -> u64 {
        let counted = self.counter.delta_as_nanos(self.start_of_counter, self.counter.raw());
        if self.correction.is_due(counted) {
            self.correction.correct(counted, || {
                u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
            });
        }
        self.correction.apply(counted)
    }
}

/// What must be added to the counter to show the true time.
#[derive(Debug, Default)]
struct Correction {
    /// The counter's reading at the last correction.
    made_at: AtomicU64,
    offset: AtomicI64,
    /// The time that was shown last before the correction: nothing earlier is shown after it.
    floor: AtomicU64,
}

impl Correction {
    #[inline]
    fn is_due(&self, counted: u64) -> bool {
        // Wrapping: a counter that jumped back (the machine was moved) is due as well.
        counted.wrapping_sub(self.made_at.load(Ordering::Relaxed)) >= CORRECTED_EVERY_NANOS
    }

    #[inline]
    fn apply(&self, counted: u64) -> u64 {
        // Acquire, against the release in `correct`: who sees the new offset sees the floor under it.
        let shown = counted.saturating_add_signed(self.offset.load(Ordering::Acquire));
        shown.max(self.floor.load(Ordering::Relaxed))
    }

    #[cold]
    fn correct(&self, counted: u64, truth: impl FnOnce() -> u64) {
        let made_at = self.made_at.load(Ordering::Relaxed);
        let claim =
            self.made_at.compare_exchange(made_at, counted, Ordering::Relaxed, Ordering::Relaxed);
        // Another thread that corrects at this moment does it for both.
        if claim.is_err() {
            return;
        }
        self.floor.store(self.apply(counted), Ordering::Relaxed);
        self.offset.store(signed_difference(truth(), counted), Ordering::Release);
    }
}

fn signed_difference(left: u64, right: u64) -> i64 {
    i64::try_from(i128::from(left) - i128::from(right)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_counter_is_set_forward() {
        let correction = Correction::default();
        assert!(!correction.is_due(999_999_999) && correction.is_due(1_000_000_000));
        correction.correct(1_000_000_000, || 1_000_000_500);
        assert_eq!(correction.apply(1_000_000_000), 1_000_000_500);
        assert!(!correction.is_due(1_500_000_000));
    }

    #[test]
    fn a_fast_counter_stands_still_until_the_truth_catches_up() {
        let correction = Correction::default();
        correction.correct(1_000_000_500, || 1_000_000_000);
        assert_eq!(correction.apply(1_000_000_500), 1_000_000_500);
        assert_eq!(correction.apply(1_000_000_900), 1_000_000_500);
        assert_eq!(correction.apply(1_000_001_100), 1_000_000_600);
    }

    #[test]
    fn a_counter_that_jumps_back_is_corrected_at_once() {
        let correction = Correction::default();
        correction.correct(5_000_000_000, || 5_000_000_000);
        assert!(correction.is_due(1_000));
        correction.correct(1_000, || 5_000_000_700);
        assert_eq!(correction.apply(1_000), 5_000_000_700);
    }

    #[test]
    fn many_corrections_never_show_an_earlier_time() {
        let correction = Correction::default();
        let mut shown = 0;
        for step in 1..10_000_u64 {
            // The counter gains and loses 1 part in 100,000 in turn.
            let counted = step * 500_000_000;
            let truth =
                if (step / 100) % 2 == 0 { counted - step * 100 } else { counted + step * 100 };
            if correction.is_due(counted) {
                correction.correct(counted, || truth);
            }
            let next = correction.apply(counted);
            assert!(next >= shown);
            shown = next;
        }
    }

    #[test]
    fn the_process_clock_keeps_pace_with_the_operating_systems() {
        let (clock, before) = (MonotonicClock::new(), Instant::now());
        let first = clock.now().unwrap();
        let mut last = first;
        while before.elapsed().as_millis() < 20 {
            let next = clock.now().unwrap();
            assert!(next >= last);
            last = next;
        }
        let (told, truth) = (last.saturating_since(first), before.elapsed());
        assert!(told <= truth + truth / 100, "{told:?} told of {truth:?}");
    }
}
