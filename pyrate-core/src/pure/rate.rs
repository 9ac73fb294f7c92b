//! Rates: how much, per how long.
//!
//! Plain values. Nothing here reads a clock, takes a lock or waits. How they are written as text stands in `rate_text`.

use std::time::Duration;

use super::timestamp::MAX_NUMBER;

/// At most `limit` units in any window of length `interval`.
///
/// The window is half-open: a unit granted at `t` stops counting at exactly `t + interval`.
///
/// As text it is `limit/interval`, in units from `us` to `weeks`: `5/2s`, `3/500ms`, `500/hour`, `10000/4weeks`. All
/// spellings stand at [`from_str`](Rate#method.from_str).
///
/// ```
/// use std::time::Duration;
/// use pyrate_core::Rate;
///
/// const HOURLY: Rate = Rate::per_hour(500);
/// assert_eq!(HOURLY, "500/hour".parse()?);
/// assert_eq!(Rate::new(5, Duration::from_secs(2))?.to_string(), "5/2s");
/// # Ok::<(), pyrate_core::RateError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    limit: u64,
    micros: u64,
}

impl Rate {
    /// A rate of `limit` units (1 to 2^53 - 1) per `interval` (whole microseconds, 1 to 2^53 - 1 of them).
    ///
    /// # Errors
    ///
    /// [`RateError`] says which of the two is out of its range.
    pub fn new(limit: u64, interval: Duration) -> Result<Rate, RateError> {
        check_limit(limit)?;
        if interval.is_zero() {
            return Err(RateError::ZeroInterval);
        }
        let micros =
            u64::try_from(interval.as_micros()).ok().filter(|micros| *micros <= MAX_NUMBER);
        let micros = micros.ok_or(RateError::IntervalTooLong { interval })?;
        if !interval.subsec_nanos().is_multiple_of(1_000) {
            return Err(RateError::IntervalNotWhole { interval });
        }
        Ok(Rate { limit, micros })
    }

    /// `limit` units per second.
    ///
    /// # Panics
    ///
    /// If `limit` is 0 or above 2^53 - 1; in a `const` that is a compile error.
    #[must_use]
    pub const fn per_second(limit: u64) -> Rate {
        Rate::per_seconds(limit, 1)
    }

    /// `limit` units per minute.
    ///
    /// # Panics
    ///
    /// As [`Rate::per_second`].
    #[must_use]
    pub const fn per_minute(limit: u64) -> Rate {
        Rate::per_seconds(limit, 60)
    }

    /// `limit` units per hour.
    ///
    /// # Panics
    ///
    /// As [`Rate::per_second`].
    #[must_use]
    pub const fn per_hour(limit: u64) -> Rate {
        Rate::per_seconds(limit, 60 * 60)
    }

    /// `limit` units per day of 24 hours.
    ///
    /// # Panics
    ///
    /// As [`Rate::per_second`].
    #[must_use]
    pub const fn per_day(limit: u64) -> Rate {
        Rate::per_seconds(limit, 24 * 60 * 60)
    }

    /// `limit` units per week of seven days.
    ///
    /// # Panics
    ///
    /// As [`Rate::per_second`].
    #[must_use]
    pub const fn per_week(limit: u64) -> Rate {
        Rate::per_seconds(limit, 7 * 24 * 60 * 60)
    }

    const fn per_seconds(limit: u64, seconds: u64) -> Rate {
        assert!(limit >= 1, "a rate needs a limit of at least 1");
        assert!(limit <= MAX_NUMBER, "a limit is at most 2^53 - 1");
        Rate { limit, micros: seconds * 1_000_000 }
    }

    /// The most units that any window may hold.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// The length of the window.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        Duration::from_micros(self.micros)
    }

    /// The length of the window in whole microseconds (1 to 2^53 - 1), as a [`Timestamp`](crate::Timestamp) counts.
    #[must_use]
    pub const fn interval_micros(&self) -> u64 {
        self.micros
    }

    /// The same limit over a window that is `late` longer, rounded up to whole microseconds.
    pub(crate) fn lengthened(self, late: Duration) -> Rate {
        let late = late.as_nanos().div_ceil(1_000);
        let micros = u64::try_from(u128::from(self.micros) + late).unwrap_or(MAX_NUMBER);
        Rate { limit: self.limit, micros: micros.min(MAX_NUMBER) }
    }

    /// Whether this rate allows more units for each microsecond than `other`.
    pub(crate) fn is_faster_than(&self, other: &Rate) -> bool {
        // Cross-multiplied in u128: neither a division nor a double could tell close paces apart.
        u128::from(self.limit) * u128::from(other.micros)
            > u128::from(other.limit) * u128::from(self.micros)
    }
}

fn check_limit(limit: u64) -> Result<(), RateError> {
    match limit {
        0 => Err(RateError::ZeroLimit),
        1..=MAX_NUMBER => Ok(()),
        _ => Err(RateError::LimitTooLarge { limit }),
    }
}

/// Why a rate, or a list of rates, was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RateError {
    /// The limit is 0: nothing could ever pass.
    #[error("a rate needs a limit of at least 1")]
    ZeroLimit,
    /// The limit is above 2^53 - 1.
    #[error("a limit of {limit} is too large: at most 2^53 - 1 units")]
    LimitTooLarge {
        /// The limit that was asked for.
        limit: u64,
    },
    /// The interval is 0: no window has that length.
    #[error("a rate needs an interval of at least 1 microsecond")]
    ZeroInterval,
    /// The interval holds a fraction of a microsecond.
    #[error("an interval of {interval:?} is not a whole number of microseconds: round it")]
    IntervalNotWhole {
        /// The interval that was asked for.
        interval: Duration,
    },
    /// The interval is above 2^53 - 1 microseconds.
    #[error("an interval of {interval:?} is too long: at most 2^53 - 1 microseconds (285 years)")]
    IntervalTooLong {
        /// The interval that was asked for.
        interval: Duration,
    },
    /// The text is not a rate.
    #[error("{text:?} is not a rate: write it as \"5/2s\", \"500/hour\" or \"10000/4weeks\"")]
    Syntax {
        /// The text, at most its first 64 characters.
        text: String,
    },
    /// The list is empty.
    #[error("a bucket needs at least one rate")]
    NoRates,
    /// The list is not sorted by interval.
    #[error(
        "{second} stands behind {first}: list the rates from the shortest interval to the longest"
    )]
    OutOfOrder {
        /// The rate that stands first.
        first: Rate,
        /// The rate behind it, whose interval is shorter.
        second: Rate,
    },
    /// Two rates share one interval.
    #[error("{first} and {second} have the same interval: keep the stricter one")]
    SameInterval {
        /// The rate that stands first.
        first: Rate,
        /// The rate behind it.
        second: Rate,
    },
    /// A limit does not rise with its interval, so the shorter rate could be left out.
    #[error("{loose} can never bind, because {tight} is already stricter: remove one of them")]
    NeverBinds {
        /// The rate that makes the other one useless.
        tight: Rate,
        /// The useless rate.
        loose: Rate,
    },
    /// A longer interval allows a faster pace than a shorter one.
    #[error("{longer} allows a faster pace than {shorter}: lower its limit or remove one of them")]
    PaceRises {
        /// The rate of the shorter interval.
        shorter: Rate,
        /// The rate of the longer interval, whose limit for each microsecond is higher.
        longer: Rate,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(limit: u64, interval: Duration) -> String {
        Rate::new(limit, interval).unwrap_err().to_string()
    }

    #[test]
    fn a_rate_out_of_range_is_refused_with_what_to_do() {
        let second = Duration::from_secs(1);
        assert_eq!(refusal(0, second), "a rate needs a limit of at least 1");
        assert_eq!(
            refusal(1 << 53, second),
            "a limit of 9007199254740992 is too large: at most 2^53 - 1 units"
        );
        assert_eq!(
            refusal(1, Duration::ZERO),
            "a rate needs an interval of at least 1 microsecond"
        );
        assert_eq!(
            refusal(1, Duration::from_nanos(1_500)),
            "an interval of 1.5µs is not a whole number of microseconds: round it"
        );
        assert!(refusal(1, Duration::MAX).contains("at most 2^53 - 1 microseconds"));
        assert!(refusal(1, Duration::from_micros(1 << 53)).contains("too long"));
    }

    #[test]
    fn the_edges_of_the_range_are_rates() {
        let longest = Duration::from_micros(MAX_NUMBER);
        let rate = Rate::new(MAX_NUMBER, longest).unwrap();
        assert_eq!((rate.limit(), rate.interval()), (MAX_NUMBER, longest));
        assert!(Rate::new(1, Duration::from_micros(1)).is_ok());
    }

    #[test]
    fn named_intervals_have_their_length() {
        assert_eq!(Rate::per_second(1).interval().as_secs(), 1);
        assert_eq!(Rate::per_minute(1).interval().as_secs(), 60);
        assert_eq!(Rate::per_hour(1).interval().as_secs(), 3_600);
        assert_eq!(Rate::per_day(1).interval().as_secs(), 86_400);
        assert_eq!(Rate::per_week(1).interval().as_secs(), 604_800);
    }

    #[test]
    #[should_panic(expected = "at least 1")]
    fn a_named_rate_of_zero_panics() {
        let _ = Rate::per_second(0);
    }

    #[test]
    #[should_panic(expected = "at most 2^53 - 1")]
    fn a_named_rate_beyond_the_greatest_number_panics() {
        let _ = Rate::per_week(1 << 53);
    }

    #[test]
    fn paces_that_differ_by_one_part_in_2_to_the_52_are_told_apart() {
        let slow = Rate::new(MAX_NUMBER - 1, Duration::from_micros(MAX_NUMBER)).unwrap();
        let fast = Rate::new(MAX_NUMBER, Duration::from_micros(MAX_NUMBER)).unwrap();
        assert!(fast.is_faster_than(&slow) && !slow.is_faster_than(&fast));
        assert!(!fast.is_faster_than(&Rate::new(1, Duration::from_micros(1)).unwrap()));
    }

    #[test]
    fn lengthening_rounds_up_and_stops_at_the_longest_interval() {
        let rate = Rate::per_second(1);
        assert_eq!(rate.lengthened(Duration::from_nanos(1)).interval_micros(), 1_000_001);
        assert_eq!(rate.lengthened(Duration::MAX).interval_micros(), MAX_NUMBER);
    }
}
