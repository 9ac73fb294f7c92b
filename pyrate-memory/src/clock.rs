//! The clock of a bucket in memory: the process's own, or one that was brought along.

use std::fmt;

use pyrate_core::{BucketError, Clock, MonotonicClock, Timestamp};

/// The default clock is told apart because a call through `dyn` would cost a tenth of the whole admission.
pub(crate) enum BucketClock {
    Monotonic(MonotonicClock),
    Other(Box<dyn Clock>),
}

impl BucketClock {
    pub(crate) const fn monotonic() -> BucketClock {
        BucketClock::Monotonic(MonotonicClock::new())
    }

    pub(crate) fn other(clock: impl Clock) -> BucketClock {
        BucketClock::Other(Box::new(clock))
    }
}

impl Clock for BucketClock {
    #[inline]
    fn now(&self) -> Result<Timestamp, BucketError> {
        match self {
            BucketClock::Monotonic(clock) => clock.now(),
            BucketClock::Other(clock) => clock.now(),
        }
    }
}

impl fmt::Debug for BucketClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BucketClock::Monotonic(_) => "Monotonic",
            BucketClock::Other(_) => "Other",
        })
    }
}
