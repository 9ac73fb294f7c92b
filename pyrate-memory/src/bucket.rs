//! The bucket in memory: a sliding log, a lock and a clock.

use std::fmt;
use std::time::Duration;

use pyrate_core::{
    AbstractBucket, BucketError, Clock, Decision, Grant, RateItem, Rates, SlidingLog, Timestamp,
};

use crate::clock::BucketClock;
use crate::glance::Glance;
use crate::ids;
use crate::sync::{Mutex, MutexGuard};

/// An exact bucket in this process's memory.
///
/// A call costs tens of nanoseconds, whatever its weight, and never blocks for longer than another call takes. A name
/// that repeats allocates nothing. Memory follows the grants of the longest window: 16 to 32 bytes for each
/// microsecond in which something was granted, and a little for each change of name and each reservation.
///
/// ```
/// use pyrate_memory::{AbstractBucket, InMemoryBucket, Rate, RateItem};
///
/// let bucket = InMemoryBucket::new(Rate::per_second(3));
/// assert!(bucket.put(&RateItem::new("user-7", 2))?.is_granted());
/// assert!(bucket.put(&RateItem::new("user-7", 2))?.is_denied());
/// assert_eq!((bucket.count()?, bucket.available()?), (2, 1));
/// # Ok::<(), pyrate_memory::BucketError>(())
/// ```
pub struct InMemoryBucket {
    rates: Rates,
    clock: BucketClock,
    glance: Glance,
    log: Mutex<SlidingLog>,
}

impl InMemoryBucket {
    /// An empty bucket on the process's [`MonotonicClock`](crate::MonotonicClock).
    #[must_use]
    pub fn new(rates: impl Into<Rates>) -> InMemoryBucket {
        InMemoryBucket::on(BucketClock::monotonic(), rates.into())
    }

    /// An empty bucket on `clock`, which is read under the bucket's lock.
    #[must_use]
    pub fn with_clock(rates: impl Into<Rates>, clock: impl Clock) -> InMemoryBucket {
        InMemoryBucket::on(BucketClock::other(clock), rates.into())
    }

    fn on(clock: BucketClock, rates: Rates) -> InMemoryBucket {
        InMemoryBucket {
            log: Mutex::new(SlidingLog::new(rates.clone())),
            glance: Glance::default(),
            clock,
            rates,
        }
    }

    /// The log, about to be changed: what a glance showed no longer holds.
    fn log_to_change(&self) -> MutexGuard<'_, SlidingLog> {
        let log = self.log.lock();
        self.glance.clear();
        log
    }
}

impl AbstractBucket for InMemoryBucket {
    fn rates(&self) -> &Rates {
        &self.rates
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.clock.now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let is_plain = item.weight == 1 && item.timestamp.is_none() && max_delay.is_zero();
        if is_plain
            && let Some(blocked) = self.glance.read()
            && let Some(denial) = blocked.denial(self.clock.now()?, &self.rates)
        {
            return Ok(Decision::Denied(denial));
        }
        // The clock is read under the lock: a reading taken before it could be overtaken by a later grant, and the
        // log would have to set it forward.
        let mut log = self.log.lock();
        let now = self.clock.now_for(item)?;
        if !max_delay.is_zero() {
            number_next(&mut log);
        }
        let decision = log.reserve(item, now, max_delay)?;
        match decision {
            Decision::Granted(_) => self.glance.clear(),
            Decision::Denied(denial) if is_plain => {
                self.glance.write(denial, now.max(log.seen()), &self.rates);
            }
            Decision::Denied(_) => {}
        }
        Ok(decision)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        let log = self.log.lock();
        Ok(log.waiting(item, self.clock.now_for(item)?)?)
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        let mut log = self.log_to_change();
        Ok(log.cancel(grant, self.clock.now()?)?)
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        let mut log = self.log_to_change();
        Ok(log.leak(now.map_or_else(|| self.clock.now(), Ok)?)?)
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.log_to_change().flush();
        Ok(())
    }

    fn count(&self) -> Result<u64, BucketError> {
        let log = self.log.lock();
        Ok(log.count(self.clock.now()?)?)
    }

    fn available(&self) -> Result<u64, BucketError> {
        let log = self.log.lock();
        Ok(log.available(self.clock.now()?)?)
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        let log = self.log.lock();
        Ok(log.peek(index, self.clock.now()?)?)
    }

    fn may_block(&self) -> bool {
        false
    }
}

/// Sees to it that a reservation bears a number of its own. Apart, because most calls don't wait and must stay short.
#[cold]
fn number_next(log: &mut SlidingLog) {
    log.set_next_id(ids::next());
}

impl fmt::Debug for InMemoryBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryBucket")
            .field("rates", &self.rates.to_string())
            .finish_non_exhaustive()
    }
}
