//! What a denied caller does next: the arithmetic of waiting, without the waiting.

use std::time::Duration;

use super::error::AcquireError;
use crate::bucket::NextAsk;
use crate::pure::{Denial, Rate, RateItem, Timestamp};

/// No caller asks again sooner than this, whatever a bucket says: it would spin.
const SHORTEST_SLEEP: Duration = Duration::from_micros(1);

/// How long one caller waits, since when, and how much of that it slept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    max_delay: Duration,
    since: Timestamp,
    slept: Duration,
}

impl Patience {
    pub(super) const fn from(since: Timestamp, max_delay: Duration) -> Patience {
        Patience { max_delay, since, slept: Duration::ZERO }
    }

    /// The last instant at which this caller may still go.
    pub(super) fn deadline(&self) -> Timestamp {
        self.since.checked_add(self.max_delay).unwrap_or(Timestamp::MAX)
    }

    /// How much longer it waits.
    pub(super) fn left(&self, now: Timestamp) -> Duration {
        self.max_delay.saturating_sub(self.waited(now))
    }

    pub(super) fn has_slept(&mut self, duration: Duration) {
        self.slept = self.slept.saturating_add(duration);
    }

    /// A clock that was set back in the meantime doesn't make a caller wait longer.
    fn waited(&self, now: Timestamp) -> Duration {
        now.saturating_since(self.since).max(self.slept)
    }

    /// The item as it is asked for at `now`: a stamp moves on by the time that was waited.
    pub(super) fn at<'a>(&self, item: &'a RateItem<'_>, now: Timestamp) -> RateItem<'a> {
        let waited = self.waited(now);
        item.stamped(item.timestamp.map(|stamp| stamp.checked_add(waited).unwrap_or(stamp)))
    }

    /// When to ask again after a denial of `asked` at `now`.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if that would be too late, or no wait is long enough.
    pub(super) fn next_ask(
        &self,
        denial: Denial,
        asked: &RateItem<'_>,
        now: Timestamp,
    ) -> Result<NextAsk, AcquireError> {
        let rate = denial.rate;
        let Some(retry_after) = denial.retry_after else {
            let (name, weight) = (asked.name.to_string(), asked.weight);
            return Err(AcquireError::TooHeavy { name, weight, rate });
        };
        let sleep = retry_after.max(SHORTEST_SLEEP);
        // Behind the last instant there is no asking again, neither on the clock nor by the stamp.
        let is_in_reach = asked.timestamp.unwrap_or(now).checked_add(sleep).is_some();
        match now.checked_add(sleep) {
            Some(at) if is_in_reach && retry_after <= self.left(now) => {
                Ok(NextAsk { at, sleep, rate })
            }
            _ => Err(self.exceeded(asked, rate, self.waited(now).saturating_add(retry_after))),
        }
    }

    /// The refusal of a caller who stood in line and can't wait until the head asks next.
    pub(super) fn outlasted(&self, next: NextAsk, item: &RateItem<'_>) -> AcquireError {
        self.exceeded(item, next.rate, next.at.saturating_since(self.since))
    }

    /// The refusal of a caller who stood in line for as long as it may.
    pub(super) fn ended(&self, item: &RateItem<'_>, rate: Rate) -> AcquireError {
        self.exceeded(item, rate, self.max_delay.saturating_add(SHORTEST_SLEEP))
    }

    fn exceeded(&self, item: &RateItem<'_>, rate: Rate, actual_delay: Duration) -> AcquireError {
        let (name, weight, max_delay) = (item.name.to_string(), item.weight, self.max_delay);
        AcquireError::DelayExceeded { name, weight, rate, max_delay, actual_delay }
    }
}

/// Checks that a caller who was denied without having waited may wait for the time to ask again.
///
/// # Errors
///
/// [`AcquireError`] if that would be too late, or no wait is long enough.
pub(super) fn check_patience(
    denial: Denial,
    item: &RateItem<'_>,
    max_delay: Duration,
) -> Result<(), AcquireError> {
    // Before anything was waited for, only differences count: any instant does for the start.
    let patience = Patience::from(Timestamp::ZERO, max_delay);
    patience.next_ask(denial, item, Timestamp::ZERO).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn denial(micros: u64) -> Denial {
        let retry_after = Some(Duration::from_micros(micros));
        Denial { rate: Rate::per_second(1), retry_after }
    }

    #[test]
    fn patience_ends_exactly_at_max_delay() {
        let (patience, item) =
            (Patience::from(at(100), Duration::from_micros(50)), RateItem::new("", 1));
        assert_eq!(patience.deadline(), at(150));
        assert_eq!(patience.next_ask(denial(20), &item, at(130)).unwrap().at, at(150));
        let refusal = patience.next_ask(denial(21), &item, at(130)).unwrap_err();
        assert_eq!(refusal.retry_after(), Some(Duration::from_micros(51)));
    }

    #[test]
    fn a_bucket_that_says_at_once_does_not_make_its_caller_spin() {
        let patience = Patience::from(at(0), Duration::MAX);
        let next = patience.next_ask(denial(0), &RateItem::new("", 1), at(0)).unwrap();
        assert_eq!(next.sleep, SHORTEST_SLEEP);
        assert_eq!(patience.deadline(), Timestamp::MAX);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_prolong_the_wait() {
        let mut patience = Patience::from(at(1_000), Duration::from_micros(50));
        patience.has_slept(Duration::from_micros(30));
        assert_eq!(patience.left(at(0)).as_micros(), 20);
        assert_eq!(patience.left(at(1_040)).as_micros(), 10);
    }

    #[test]
    fn nobody_waits_for_an_instant_behind_the_last_one() {
        let patience = Patience::from(at(0), Duration::MAX);
        let last = RateItem { timestamp: Some(Timestamp::MAX), ..RateItem::new("", 1) };
        assert!(patience.next_ask(denial(1), &last, at(0)).unwrap_err().is_denied());
        assert!(patience.next_ask(denial(1), &RateItem::new("", 1), Timestamp::MAX).is_err());
    }

    #[test]
    fn a_stamp_moves_on_with_the_time_waited() {
        let patience = Patience::from(at(1_000), Duration::MAX);
        let item = RateItem { timestamp: Some(at(7)), ..RateItem::new("", 1) };
        assert_eq!(patience.at(&item, at(1_005)).timestamp, Some(at(12)));
        assert_eq!(patience.at(&RateItem::new("", 1), at(1_005)).timestamp, None);
    }
}
