//! The sync door: what a bucket promises to threads.

use std::time::Duration;

use super::AnyBucket;
use crate::error::BucketError;
use crate::pure::{Bisection, Decision, Grant, RateItem, Rates, Timestamp};

/// A bucket: at most so many units in any window of each of its rates.
///
/// Implement it to keep grants somewhere new; callers use a [`Limiter`](crate::Limiter). A bucket that keeps a
/// [`SlidingLog`](crate::SlidingLog) has every promise kept for it:
///
/// ```
/// use std::sync::Mutex;
/// use std::time::Duration;
/// use pyrate_core::*;
///
/// struct MyBucket { log: Mutex<SlidingLog>, rates: Rates, clock: MonotonicClock }
///
/// impl AbstractBucket for MyBucket {
///     fn rates(&self) -> &Rates { &self.rates }
///     fn now(&self) -> Result<Timestamp, BucketError> { self.clock.now() }
///     fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
///         let mut log = self.log.lock().unwrap();
///         Ok(log.reserve(item, self.clock.now_for(item)?, max_delay)?)
///     }
///     fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
///         Ok(self.log.lock().unwrap().waiting(item, self.clock.now_for(item)?)?)
///     }
///     fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
///         Ok(self.log.lock().unwrap().cancel(grant, self.now()?)?)
///     }
///     fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
///         Ok(self.log.lock().unwrap().leak(now.map_or_else(|| self.now(), Ok)?)?)
///     }
///     fn flush(&self) -> Result<(), BucketError> { Ok(self.log.lock().unwrap().flush()) }
///     fn count(&self) -> Result<u64, BucketError> { Ok(self.log.lock().unwrap().count(self.now()?)?) }
///     fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
///         Ok(self.log.lock().unwrap().peek(index, self.now()?)?)
///     }
///     // All in memory: tasks call in place. Leave it out where a call waits for a disk or a network.
///     fn may_block(&self) -> bool { false }
/// }
///
/// let rates = Rates::from(Rate::per_second(2));
/// let log = Mutex::new(SlidingLog::new(rates.clone()));
/// let limiter = Limiter::new(MyBucket { log, rates, clock: MonotonicClock::new() });
/// assert!(limiter.try_acquire(("user", 2)).is_ok());
/// assert!(limiter.try_acquire("user").is_err());
/// ```
///
/// A simple bucket may refuse every delay: then only `reserve` with a delay of zero has to be right, and the limiter
/// waits and asks again.
pub trait AbstractBucket: Send + Sync + 'static {
    /// The rates it holds.
    fn rates(&self) -> &Rates;

    /// The present, on this bucket's own clock.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the clock fails.
    fn now(&self) -> Result<Timestamp, BucketError>;

    /// Admits `item` at the earliest instant at which every rate has room for its whole weight, and records it there.
    ///
    /// All or nothing, atomically: an item that would have to wait longer than `max_delay` is denied and leaves no
    /// trace. Weight 0 is granted at once and stores nothing; a weight above a limit is denied with no `retry_after`. The
    /// item's stamp stands in for the clock; time never runs back behind the last change. A unit granted at `t` counts until, and not including, `t + interval`, on this bucket's own clock.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails; [`BucketError::outcome`] says whether the item may have been recorded.
    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError>;

    /// Admits `item` now or not at all.
    ///
    /// # Errors
    ///
    /// As [`AbstractBucket::reserve`].
    fn put(&self, item: &RateItem<'_>) -> Result<Decision, BucketError> {
        self.reserve(item, Duration::ZERO)
    }

    /// How long `item` would have to wait; `None`: its weight is above a limit, it never fits. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError>;

    /// Gives back a grant that is not due yet. `false` if it is due, was cancelled before, or isn't known here.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        let _ = grant;
        Ok(false)
    }

    /// Removes what has left the longest window at `now` (default: the present), and returns the units removed.
    ///
    /// No decision may depend on it: it only gives back memory.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        let _ = now;
        Ok(0)
    }

    /// Forgets every grant and reservation; those who wait already still go.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    fn flush(&self) -> Result<(), BucketError>;

    /// Units inside the longest window, reservations included.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    fn count(&self) -> Result<u64, BucketError>;

    /// The largest weight that would be granted without waiting. Changes nothing.
    ///
    /// Found by asking [`waiting`](AbstractBucket::waiting) about as often as the shortest rate's limit has bits.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    fn available(&self) -> Result<u64, BucketError> {
        let mut search = Bisection::up_to(self.rates().shortest().limit());
        while let Some(weight) = search.probe() {
            let wait = self.waiting(&RateItem::new("", weight))?;
            search.tell(weight, wait == Some(Duration::ZERO));
        }
        Ok(search.answer())
    }

    /// The unit with `index` newer units behind it, as an item of weight 1 stamped with its granted instant.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError>;

    /// Gives back the place of a waiting caller who is gone; nobody hears of the outcome.
    ///
    /// The provided one cancels in place. Where [`may_block`](AbstractBucket::may_block) is true, [`AnyBucket`] calls
    /// this on a thread of its own, so that the dropped future that caused it doesn't block.
    fn cancel_later(&self, grant: Grant) {
        let _ = self.cancel(&grant);
    }

    /// Whether a call may block. `false` only in memory: async callers then call in place, else on a blocking thread.
    fn may_block(&self) -> bool {
        true
    }

    /// This bucket for a limiter. A type with both traits overrides it with [`AnyBucket::dual`].
    ///
    /// An `Arc` can't tell which traits its bucket has and keeps the sync door only. Pass the bucket itself, since an
    /// [`AnyBucket`] is a shared handle already, or make one of the `Arc` by [`AnyBucket::dual`].
    fn into_any(self) -> AnyBucket
    where
        Self: Sized,
    {
        AnyBucket::sync(self)
    }
}
