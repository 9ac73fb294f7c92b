//! The monotonic clock: the processor's cycle counter, kept true by the operating system's clock.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Clock;
use crate::error::BucketError;
use crate::pure::Timestamp;

/// Readings are compared with the operating system's clock at least this often.
const CORRECTED_EVERY_NANOS: u64 = 1_000_000_000;

/// A comparison that took longer says nothing: the thread was held up in the middle of it.
const LONGEST_COMPARISON: Duration = Duration::from_micros(5);

/// How often a correction tries to compare.
const COMPARISONS: u32 = 8;

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
        let counted = self.counted();
        if self.correction.is_due(counted) {
            self.correction.correct(counted, || self.compare());
        }
        self.correction.apply(counted)
    }

    #[inline]
    fn counted(&self) -> u64 {
        self.counter.delta_as_nanos(self.start_of_counter, self.counter.raw())
    }

    /// The counter and the true time at one moment; `None` if this thread was held up between the two readings.
    fn compare(&self) -> Option<Comparison> {
        let (before, counted, after) = (Instant::now(), self.counted(), Instant::now());
        let truth = u64::try_from(before.duration_since(self.start).as_nanos()).ok()?;
        (after.duration_since(before) < LONGEST_COMPARISON).then_some(Comparison { counted, truth })
    }
}

/// What the counter and the operating system showed at one moment.
#[derive(Clone, Copy, Debug)]
struct Comparison {
    counted: u64,
    truth: u64,
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
        // A reading a little before the last correction is that of a thread that was held up. Only one far before it
        // is of a counter that jumped back, as when the machine was moved.
        counted.abs_diff(self.made_at.load(Ordering::Relaxed)) >= CORRECTED_EVERY_NANOS
    }

    #[inline]
    fn apply(&self, counted: u64) -> u64 {
        // Acquire, against the release in `correct`: who sees the new offset sees the floor under it.
        let shown = counted.saturating_add_signed(self.offset.load(Ordering::Acquire));
        shown.max(self.floor.load(Ordering::Relaxed))
    }

    #[cold]
    fn correct(&self, counted: u64, compare: impl Fn() -> Option<Comparison>) {
        let made_at = self.made_at.load(Ordering::Relaxed);
        let claim =
            self.made_at.compare_exchange(made_at, counted, Ordering::Relaxed, Ordering::Relaxed);
        // Another thread that corrects at this moment does it for both.
        if claim.is_err() {
            return;
        }
        // Where no comparison succeeds, the old offset serves another second: it errs by the counter's drift only.
        let Some(compared) = (0..COMPARISONS).find_map(|_| compare()) else {
            return;
        };
        self.floor.fetch_max(self.apply(compared.counted), Ordering::Relaxed);
        let offset = signed_difference(compared.truth, compared.counted);
        self.offset.store(offset, Ordering::Release);
    }
}

fn signed_difference(left: u64, right: u64) -> i64 {
    i64::try_from(i128::from(left) - i128::from(right)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(counted: u64, truth: u64) -> impl Fn() -> Option<Comparison> {
        move || Some(Comparison { counted, truth })
    }

    #[test]
    fn a_slow_counter_is_set_forward() {
        let correction = Correction::default();
        assert!(!correction.is_due(999_999_999) && correction.is_due(1_000_000_000));
        correction.correct(1_000_000_000, shown(1_000_000_000, 1_000_000_500));
        assert_eq!(correction.apply(1_000_000_000), 1_000_000_500);
        assert!(!correction.is_due(1_500_000_000));
    }

    #[test]
    fn a_fast_counter_stands_still_until_the_truth_catches_up() {
        let correction = Correction::default();
        correction.correct(1_000_000_500, shown(1_000_000_500, 1_000_000_000));
        assert_eq!(correction.apply(1_000_000_500), 1_000_000_500);
        assert_eq!(correction.apply(1_000_000_900), 1_000_000_500);
        assert_eq!(correction.apply(1_000_001_100), 1_000_000_600);
    }

    #[test]
    fn a_counter_that_jumps_back_is_corrected_at_once() {
        let correction = Correction::default();
        correction.correct(5_000_000_000, shown(5_000_000_000, 5_000_000_000));
        assert!(correction.is_due(1_000));
        correction.correct(1_000, shown(1_000, 5_000_000_700));
        assert_eq!(correction.apply(1_000), 5_000_000_700);
    }

    #[test]
    fn a_thread_that_was_held_up_does_not_set_the_clock_forward() {
        let correction = Correction::default();
        correction.correct(5_000_000_000, shown(5_000_000_000, 5_000_000_000));
        assert!(!correction.is_due(4_950_000_000));
        // It was held up right before it corrects: what counts is what both clocks show by then.
        correction.correct(6_000_000_000, shown(6_200_000_000, 6_200_000_000));
        assert_eq!(correction.apply(6_200_000_000), 6_200_000_000);
    }

    #[test]
    fn a_correction_that_can_not_compare_leaves_the_clock_as_it_is() {
        let correction = Correction::default();
        correction.correct(5_000_000_000, || None);
        assert_eq!(correction.apply(5_000_000_001), 5_000_000_001);
        assert!(!correction.is_due(5_500_000_000));
    }

    #[test]
    fn many_corrections_never_show_an_earlier_time() {
        let correction = Correction::default();
        let mut last = 0;
        for step in 1..10_000_u64 {
            // The counter gains and loses 1 part in 5,000,000 in turn.
            let counted = step * 500_000_000;
            let drift = step * 100;
            let truth = if (step / 100) % 2 == 0 { counted - drift } else { counted + drift };
            if correction.is_due(counted) {
                correction.correct(counted, shown(counted, truth));
            }
            let next = correction.apply(counted);
            assert!(next >= last);
            last = next;
        }
    }

    #[test]
    fn the_process_clock_keeps_pace_with_the_operating_systems() {
        let clock = MonotonicClock::new();
        let (before, first) = (Instant::now(), clock.now().unwrap());
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
