//! A clock that stands still until it is moved, and wakes those who sleep on it.

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::Clock;
use crate::block_on::block_on;
use crate::error::BucketError;
use crate::pure::Timestamp;
use crate::race::race;
use crate::sleeper::Sleeper;

/// A clock in the hands of a test. Clones are the same clock.
///
/// It is a [`Sleeper`] as well: given to a limiter, its callers, threads and tasks alike, wait for this clock to reach
/// their instant instead of for real time to pass.
///
/// ```
/// use std::time::Duration;
/// use pyrate_core::{Clock, ManualClock, Timestamp};
///
/// let clock = ManualClock::new();
/// clock.advance(Duration::from_secs(3));
/// assert_eq!(clock.now()?, Timestamp::from_micros(3_000_000));
/// # Ok::<(), pyrate_core::BucketError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    reading: watch::Sender<Reading>,
}

/// Where the clock stands, and with what it fails to say so.
#[derive(Clone, Debug, Default)]
struct Reading {
    now: Timestamp,
    failure: Option<BucketError>,
}

impl ManualClock {
    /// A clock that shows [`Timestamp::ZERO`].
    #[must_use]
    pub fn new() -> ManualClock {
        ManualClock { reading: watch::Sender::new(Reading::default()) }
    }

    /// Shows `now` from here on, which may lie in the past.
    pub fn set(&self, now: Timestamp) {
        self.reading.send_replace(Reading { now, failure: None });
    }

    /// Moves on by the whole microseconds of `duration`; stops at [`Timestamp::MAX`].
    pub fn advance(&self, duration: Duration) {
        self.reading.send_modify(|reading| {
            reading.now = reading.now.checked_add(duration).unwrap_or(Timestamp::MAX);
        });
    }

    /// Fails each reading with `error` until the clock is [set](ManualClock::set) again: for tests of what a bucket does
    /// without a clock. Those who sleep on it sleep on, by the instant at which it stands.
    ///
    /// ```
    /// use pyrate_core::{BucketError, Clock, ManualClock, Outcome, Timestamp};
    ///
    /// let clock = ManualClock::new();
    /// clock.fail(BucketError::new(Outcome::NotRecorded, "the time server is away"));
    /// assert!(clock.now().is_err());
    /// clock.set(Timestamp::ZERO);
    /// assert!(clock.now().is_ok());
    /// ```
    pub fn fail(&self, error: BucketError) {
        self.reading.send_modify(|reading| reading.failure = Some(error));
    }

    /// This clock as a sleeper, for a limiter's builder.
    ///
    /// How many callers sleep on it says [`sleepers`](ManualClock::sleepers).
    #[must_use]
    pub fn sleeper(&self) -> ManualClock {
        self.clone()
    }

    /// How many callers sleep on this clock at the moment.
    ///
    /// A test that moves time for other threads waits for them to fall asleep first. What makes a limiter's callers
    /// sleep here is [`sleeper`](ManualClock::sleeper).
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.reading.receiver_count()
    }

    async fn reach(&self, duration: Duration) {
        // Before it counts as asleep: whoever sees that may move the clock.
        let wake = self.reading.borrow().now.checked_add(duration).unwrap_or(Timestamp::MAX);
        let mut reading = self.reading.subscribe();
        // Can't fail: this clock holds the sending side.
        let _ = reading.wait_for(|reading| reading.now >= wake).await;
    }
}

impl Default for ManualClock {
    fn default() -> ManualClock {
        ManualClock::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Result<Timestamp, BucketError> {
        let reading = self.reading.borrow();
        reading.failure.clone().map_or(Ok(reading.now), Err)
    }
}

#[async_trait]
impl Sleeper for ManualClock {
    fn sleep(&self, duration: Duration) -> Result<(), BucketError> {
        block_on(self.reach(duration));
        Ok(())
    }

    async fn sleep_async(&self, duration: Duration) -> Result<(), BucketError> {
        self.reach(duration).await;
        Ok(())
    }

    fn sleep_unless(
        &self,
        duration: Duration,
        woken: Pin<&mut (dyn Future<Output = ()> + Send)>,
    ) -> Result<bool, BucketError> {
        Ok(block_on(race(woken, self.reach(duration))).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::error::Outcome;

    #[test]
    fn threads_and_tasks_wake_when_the_clock_gets_there_and_not_before() {
        let clock = ManualClock::new();
        let second = Duration::from_secs(1);
        let sleeping = clock.clone();
        let thread = thread::spawn(move || sleeping.sleep(second).unwrap());
        let mut task = Box::pin(clock.sleep_async(second));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(task.as_mut().poll(&mut context).is_pending());
        while clock.sleepers() < 2 {
            thread::yield_now();
        }
        clock.advance(Duration::from_micros(999_999));
        assert!(task.as_mut().poll(&mut context).is_pending() && !thread.is_finished());
        clock.advance(Duration::from_micros(1));
        assert!(task.as_mut().poll(&mut context).is_ready());
        thread.join().unwrap();
        drop(task);
        assert_eq!(clock.sleepers(), 0);
    }

    #[test]
    fn a_failing_clock_fails_wherever_it_is_moved_until_it_is_set() {
        let clock = ManualClock::new();
        clock.fail(BucketError::new(Outcome::Unknown, "no signal"));
        clock.advance(Duration::from_micros(3));
        assert_eq!(clock.now().unwrap_err().outcome(), Outcome::Unknown);
        assert_eq!(clock.reading.borrow().now, Timestamp::from_micros(3));
        clock.set(Timestamp::from_micros(2));
        assert_eq!(clock.now().unwrap(), Timestamp::from_micros(2));
    }

    #[test]
    fn the_clock_stops_at_the_last_instant() {
        let clock = ManualClock::default();
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().unwrap(), Timestamp::MAX);
    }
}
