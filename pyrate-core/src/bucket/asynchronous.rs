//! The async door: what a bucket promises to tasks.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::BucketError;
use crate::pure::{Bisection, Decision, Grant, RateItem, Rates, Timestamp};

/// The promises of [`AbstractBucket`](crate::AbstractBucket) for tasks; see there for each of them.
///
/// A `reserve_async` that is dropped before it is ready must leave no place in line taken: either nothing was sent, or the
/// bucket cancels on its own what is granted after its caller has gone. What is due by then stays charged, as
/// `cancel_async` has it.
#[async_trait]
pub trait AsyncBucket: Send + Sync + 'static {
    /// The rates it holds.
    fn rates(&self) -> &Rates;

    /// The present, on this bucket's own clock.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the clock fails.
    async fn now_async(&self) -> Result<Timestamp, BucketError>;

    /// Admits `item` at the earliest instant at which every rate has room for its whole weight, and records it there.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails; [`BucketError::outcome`] says whether the item may have been recorded.
    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError>;

    /// Admits `item` now or not at all.
    ///
    /// # Errors
    ///
    /// As [`AsyncBucket::reserve_async`].
    async fn put_async(&self, item: &RateItem<'_>) -> Result<Decision, BucketError> {
        self.reserve_async(item, Duration::ZERO).await
    }

    /// How long `item` would have to wait; `None`: its weight is above a limit, it never fits. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError>;

    /// Gives back a grant that is not due yet. `false` if it is due, was cancelled before, or isn't known here.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    async fn cancel_async(&self, grant: &Grant) -> Result<bool, BucketError> {
        let _ = grant;
        Ok(false)
    }

    /// Removes what has left the longest window at `now` (default: the present), and returns the units removed.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    async fn leak_async(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        let _ = now;
        Ok(0)
    }

    /// Forgets every grant and reservation; those who wait already still go.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    async fn flush_async(&self) -> Result<(), BucketError>;

    /// Units inside the longest window, reservations included.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    async fn count_async(&self) -> Result<u64, BucketError>;

    /// The largest weight that would be granted without waiting. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    async fn available_async(&self) -> Result<u64, BucketError> {
        let mut search = Bisection::up_to(self.rates().shortest().limit());
        while let Some(weight) = search.probe() {
            let wait = self.waiting_async(&RateItem::new("", weight)).await?;
            search.tell(weight, wait == Some(Duration::ZERO));
        }
        Ok(search.answer())
    }

    /// The unit with `index` newer units behind it, as an item of weight 1 stamped with its granted instant.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails.
    async fn peek_async(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError>;

    /// Gives back the place of a waiting caller who is gone; nobody hears of the outcome.
    ///
    /// [`AnyBucket`](crate::AnyBucket) awaits it on a thread of its own, in a small tokio runtime of its own, for ten
    /// seconds at most: the dropping caller's runtime may be gone by then. The provided one awaits `cancel_async`; a
    /// bucket whose connection needs the runtime it was made in overrides it and hands over to a driver there.
    async fn cancel_later_async(&self, grant: Grant) {
        let _ = self.cancel_async(&grant).await;
    }
}
