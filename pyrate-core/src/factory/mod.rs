//! Factories: which bucket an item belongs to.

mod keyed;
mod shared;
mod single;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use async_trait::async_trait;

pub use keyed::KeyedFactory;
pub use single::SingleBucketFactory;

use crate::bucket::AnyBucket;
use crate::error::BucketError;
use crate::pure::{Decision, Grant, RateItem, Request};

/// Routes each item to its bucket.
///
/// Only [`get`](BucketFactory::get) and [`buckets`](BucketFactory::buckets) must be written. The other methods go
/// through them; they can be overridden, for speed or by a store that can't list its keys. Callers that may wait don't use
/// [`reserve`](BucketFactory::reserve): they stay with the bucket that `get` gave them.
///
/// ```
/// use std::borrow::Cow;
/// use pyrate_core::{AnyBucket, BucketError, BucketFactory, Limiter, RateItem};
///
/// /// Reads and writes have buckets of their own.
/// struct ByKind { reads: AnyBucket, writes: AnyBucket }
///
/// impl BucketFactory for ByKind {
///     fn get(&self, item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError> {
///         let is_read = item.name.starts_with("GET ");
///         Ok(Cow::Borrowed(if is_read { &self.reads } else { &self.writes }))
///     }
///
///     fn buckets(&self) -> Vec<AnyBucket> {
///         vec![self.reads.clone(), self.writes.clone()]
///     }
/// }
/// ```
#[async_trait]
pub trait BucketFactory: Send + Sync + 'static {
    /// The item that a request asks for. It bears no stamp unless the request does.
    fn wrap_item<'a>(&self, request: &Request<'a>) -> RateItem<'a> {
        RateItem {
            name: request.name.clone(),
            weight: request.weight,
            timestamp: request.timestamp,
        }
    }

    /// The bucket that `item` belongs to.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if there is no such bucket or it can't be made.
    fn get(&self, item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError>;

    /// The buckets that this process holds, possibly none.
    fn buckets(&self) -> Vec<AnyBucket>;

    /// Drops the bucket of `name`, with all it holds; `false` if there is none, or buckets can't be dropped.
    fn dispose(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// How often a limiter's background leaker leaks `bucket`: twice the longest interval, unless overridden.
    ///
    /// [`Duration::MAX`] means never: right for a bucket whose store drops what has expired by itself.
    fn leak_interval(&self, bucket: &AnyBucket) -> Duration {
        bucket.rates().longest().interval().saturating_mul(2)
    }

    /// Reserves at the item's bucket, as [`AbstractBucket::reserve`](crate::AbstractBucket::reserve).
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the bucket can't be had or fails.
    #[inline]
    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.get(item)?.reserve(item, max_delay)
    }

    /// Cancels at the item's bucket, as [`AbstractBucket::cancel`](crate::AbstractBucket::cancel).
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the bucket can't be had or fails.
    fn cancel(&self, item: &RateItem<'_>, grant: &Grant) -> Result<bool, BucketError> {
        self.get(item)?.cancel(grant)
    }

    /// Asks the item's bucket, as [`AbstractBucket::waiting`](crate::AbstractBucket::waiting).
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the bucket can't be had or fails.
    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.get(item)?.waiting(item)
    }

    /// Leaks every bucket and returns the units removed.
    ///
    /// # Errors
    ///
    /// The first failure, after all buckets were leaked.
    fn leak(&self) -> Result<u64, BucketError> {
        leak_all(&self.buckets())
    }

    /// How long until a limiter's background leaker has to call [`leak_due`](BucketFactory::leak_due); `None`: nothing
    /// is held that needs it, and the leaker rests until the limiter is used again.
    ///
    /// The provided one looks at [`buckets`](BucketFactory::buckets) and their
    /// [`leak_interval`](BucketFactory::leak_interval)s. Override both if the buckets can't be listed.
    fn next_leak(&self) -> Option<Duration> {
        self.buckets()
            .iter()
            .filter_map(|bucket| bucket.next_leak(self.leak_interval(bucket)))
            .min()
    }

    /// Leaks the buckets whose time has come. Called on a thread of its own, which may block.
    ///
    /// A bucket that fails or panics doesn't keep the others from being leaked, and is tried again an interval later.
    fn leak_due(&self) {
        leak_all_due(self);
    }

    /// Flushes every bucket.
    ///
    /// # Errors
    ///
    /// The first failure, after all buckets were flushed.
    fn flush(&self) -> Result<(), BucketError> {
        let flushes: Vec<_> = self.buckets().iter().map(AnyBucket::flush).collect();
        flushes.into_iter().collect()
    }

    /// As [`reserve`](BucketFactory::reserve).
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the bucket can't be had or fails.
    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        self.get(item)?.reserve_async(item, max_delay).await
    }

    /// As [`cancel`](BucketFactory::cancel).
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the bucket can't be had or fails.
    async fn cancel_async(&self, item: &RateItem<'_>, grant: &Grant) -> Result<bool, BucketError> {
        self.get(item)?.cancel_async(grant).await
    }

    /// As [`waiting`](BucketFactory::waiting).
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the bucket can't be had or fails.
    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.get(item)?.waiting_async(item).await
    }

    /// As [`leak`](BucketFactory::leak).
    ///
    /// # Errors
    ///
    /// The first failure, after all buckets were leaked.
    async fn leak_async(&self) -> Result<u64, BucketError> {
        leak_all_async(&self.buckets()).await
    }

    /// As [`flush`](BucketFactory::flush).
    ///
    /// # Errors
    ///
    /// The first failure, after all buckets were flushed.
    async fn flush_async(&self) -> Result<(), BucketError> {
        let mut flushes = Vec::new();
        for bucket in self.buckets() {
            flushes.push(bucket.flush_async().await);
        }
        flushes.into_iter().collect()
    }
}

/// Leaks those of `factory`'s buckets whose time has come.
fn leak_all_due(factory: &(impl BucketFactory + ?Sized)) {
    for bucket in factory.buckets() {
        // The interval is the factory's own code: it could panic as well.
        let next = || bucket.next_leak(factory.leak_interval(&bucket));
        if catch_unwind(AssertUnwindSafe(next)).is_ok_and(|next| next == Some(Duration::ZERO)) {
            bucket.leak_in_background();
        }
    }
}

/// Leaks every one of `buckets`, whichever fail.
fn leak_all(buckets: &[AnyBucket]) -> Result<u64, BucketError> {
    removed(buckets.iter().map(|bucket| bucket.leak(None)).collect())
}

/// As [`leak_all`].
async fn leak_all_async(buckets: &[AnyBucket]) -> Result<u64, BucketError> {
    let mut leaks = Vec::new();
    for bucket in buckets {
        leaks.push(bucket.leak_async(None).await);
    }
    removed(leaks)
}

/// The sum of what was removed, or the first failure.
fn removed(leaks: Vec<Result<u64, BucketError>>) -> Result<u64, BucketError> {
    leaks.into_iter().try_fold(0, |sum: u64, units| Ok(sum.saturating_add(units?)))
}
