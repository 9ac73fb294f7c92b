//! What a bucket answers: a grant or a denial.

use std::time::Duration;

use super::rate::Rate;
use super::timestamp::Timestamp;

/// A bucket's answer.
///
/// ```
/// use std::time::Duration;
/// use pyrate_core::{Decision, Grant, Timestamp};
///
/// let decision = Decision::Granted(Grant::new(Timestamp::ZERO, Duration::ZERO, 1));
/// assert!(decision.is_granted() && !decision.is_denied());
/// ```
#[must_use = "a denial must stop the work, and a grant in the future must be waited for"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The item is recorded, at the latest within the allowed delay.
    Granted(Grant),
    /// The item left no trace.
    Denied(Denial),
}

impl Decision {
    /// Whether the item is recorded.
    #[must_use]
    pub const fn is_granted(&self) -> bool {
        matches!(self, Decision::Granted(_))
    }

    /// Whether the item was refused.
    #[must_use]
    pub const fn is_denied(&self) -> bool {
        matches!(self, Decision::Denied(_))
    }
}

/// Units that were recorded for a caller, who may use them from `at` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The instant from which the units may be used, on the bucket's clock.
    pub at: Timestamp,
    /// How long to wait for that, counted from the bucket's reading of its clock; zero: go at once.
    pub delay: Duration,
    /// Units granted.
    pub weight: u64,
    id: u64,
}

impl Grant {
    /// A grant of `weight` units at `at`, which lies `delay` ahead.
    #[must_use]
    pub const fn new(at: Timestamp, delay: Duration, weight: u64) -> Grant {
        Grant { at, delay, weight, id: 0 }
    }

    /// The same grant under the number by which its bucket finds it again to cancel it.
    #[must_use]
    pub const fn with_id(self, id: u64) -> Grant {
        Grant { id, ..self }
    }

    /// This grant, copied field by field.
    ///
    /// A copy as a whole is done in wide loads, which must wait for the narrow stores that made it: 5 ns a call.
    #[inline]
    pub(crate) const fn copied(&self) -> Grant {
        Grant::new(self.at, self.delay, self.weight).with_id(self.id)
    }

    /// The number by which its bucket finds it again; 0 if it was due when it was granted.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }
}

/// Why an item was refused, and for how long it would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The rate that sets the instant at which the item would fit.
    ///
    /// The one with the shortest interval where several set the same instant, where several can never fit the item,
    /// or where only the queue sets it.
    pub rate: Rate,
    /// How long until the item fits if nothing else is granted; `None`: its weight is above a limit, it never fits.
    pub retry_after: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_either_a_grant_or_a_denial() {
        let granted = Decision::Granted(Grant::new(Timestamp::ZERO, Duration::ZERO, 1));
        let denied = Decision::Denied(Denial { rate: Rate::per_second(1), retry_after: None });
        assert_eq!([granted, denied].map(|it| it.is_granted()), [true, false]);
        assert_eq!([granted, denied].map(|it| it.is_denied()), [false, true]);
    }
}
