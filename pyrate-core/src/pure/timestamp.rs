//! Instants: microseconds on one bucket's own clock.
//!
//! Plain values. Where an instant comes from is the business of the clocks.

use std::fmt;
use std::time::Duration;

/// The greatest number that an instant, an interval, a limit or the units of a live log may reach: 2^53 - 1.
///
/// Up to here a double of Lua and an integer of `SQLite` hold every number exactly. As microseconds it is 285 years.
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

/// Running totals are counted anew from what is still kept before they come near the end of `u64`.
pub(crate) const REBASE_ABOVE: u64 = 1 << 62;

/// An instant: a count of microseconds on one bucket's own clock.
///
/// Two instants can be compared only if they come from the same clock; where zero lies is the clock's choice.
///
/// ```
/// use std::time::Duration;
/// use pyrate_core::Timestamp;
///
/// let start = Timestamp::from_micros(1_500_000);
/// let later = start.checked_add(Duration::from_millis(2)).unwrap();
/// assert_eq!(later.as_micros(), 1_502_000);
/// assert_eq!(later.saturating_since(start), Duration::from_millis(2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The first instant of a clock.
    pub const ZERO: Timestamp = Timestamp(0);

    /// The last instant that a bucket accepts, 2^53 - 1 microseconds.
    pub const MAX: Timestamp = Timestamp(MAX_NUMBER);

    /// The instant `micros` microseconds after the clock's zero. Buckets refuse what lies beyond [`Timestamp::MAX`].
    #[must_use]
    pub const fn from_micros(micros: u64) -> Timestamp {
        Timestamp(micros)
    }

    /// Microseconds since the clock's zero.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The instant `duration` later, whole microseconds of it; `None` beyond [`Timestamp::MAX`].
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Timestamp> {
        let micros = u64::try_from(duration.as_micros()).ok()?;
        self.0.checked_add(micros).filter(|sum| *sum <= MAX_NUMBER).map(Timestamp)
    }

    /// The time from `earlier` to this instant; zero if `earlier` is the later one.
    #[must_use]
    pub const fn saturating_since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}us", self.0)
    }
}

/// An instant that no bucket accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the instant {0} lies beyond 2^53 - 1 microseconds; check the clock or the stamp")]
pub struct TimestampError(pub Timestamp);

/// Whole microseconds of `duration`, [`MAX_NUMBER`] at most: nobody waits longer.
pub(crate) fn whole_micros(duration: Duration) -> u64 {
    // The seconds are compared first: a u128 division on each call would cost more than the log.
    if duration.as_secs() > MAX_NUMBER / 1_000_000 {
        return MAX_NUMBER;
    }
    MAX_NUMBER.min(duration.as_secs() * 1_000_000 + u64::from(duration.subsec_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_micros_floors_and_never_passes_the_greatest_number() {
        assert_eq!(whole_micros(Duration::from_nanos(1_999)), 1);
        assert_eq!(whole_micros(Duration::from_secs(3)), 3_000_000);
        assert_eq!(whole_micros(Duration::MAX), MAX_NUMBER);
        for micros in [MAX_NUMBER - 1_000_000, MAX_NUMBER - 1, MAX_NUMBER] {
            assert_eq!(whole_micros(Duration::from_micros(micros)), micros);
        }
        assert_eq!(whole_micros(Duration::from_micros(MAX_NUMBER + 1)), MAX_NUMBER);
    }

    #[test]
    fn adding_stops_at_the_last_instant() {
        assert_eq!(Timestamp::MAX.checked_add(Duration::from_micros(1)), None);
        assert_eq!(Timestamp::ZERO.checked_add(Duration::MAX), None);
        assert_eq!(Timestamp::MAX.checked_add(Duration::ZERO), Some(Timestamp::MAX));
    }

    #[test]
    fn an_instant_prints_its_microseconds() {
        assert_eq!(Timestamp::from_micros(7).to_string(), "7us");
    }
}
