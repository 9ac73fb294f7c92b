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
    now: watch::Sender<Timestamp>,
}

impl ManualClock {
    /// A clock that shows [`Timestamp::ZERO`].
    #[must_use]
    pub fn new() -> ManualClock {
        ManualClock { now: watch::Sender::new(Timestamp::ZERO) }
    }

    /// Shows `now` from here on, which may lie in the past.
    pub fn set(&self, now: Timestamp) {
        self.now.send_replace(now);
    }

    /// Moves on by the whole microseconds of `duration`; stops at [`Timestamp::MAX`].
    pub fn advance(&self, duration: Duration) {
        self.now.send_modify(|now| *now = now.checked_add(duration).unwrap_or(Timestamp::MAX));
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
        self.now.receiver_count()
    }

    async fn reach(&self, duration: Duration) {
        // Before it counts as asleep: whoever sees that may move the clock.
        let wake = self.now.borrow().checked_add(duration).unwrap_or(Timestamp::MAX);
        let mut now = self.now.subscribe();
        // Can't fail: this clock holds the sending side.
        let _ = now.wait_for(|now| *now >= wake).await;
    }
}

impl Default for ManualClock {
    fn default() -> ManualClock {
        ManualClock::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Result<Timestamp, BucketError> {
        Ok(*self.now.borrow())
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
    fn the_clock_stops_at_the_last_instant() {
        let clock = ManualClock::default();
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().unwrap(), Timestamp::MAX);
    }
}
