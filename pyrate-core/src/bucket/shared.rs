//! A bucket behind an `Arc` is that bucket.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{AbstractBucket, AsyncBucket};
use crate::error::BucketError;
use crate::pure::{Decision, Grant, RateItem, Rates, Timestamp};

/// The bucket itself, behind all of its clones.
///
/// Of an `Arc`, [`into_any`](AbstractBucket::into_any) sees the sync door only, also where the bucket in it has both:
/// tasks are then served by its sync methods, on blocking threads where those may block. Pass such a bucket itself,
/// since [`AnyBucket`](crate::AnyBucket) can be cloned and shared; or say that the `Arc` has both doors:
///
/// ```
/// use std::sync::Arc;
/// use pyrate_core::{AbstractBucket, AnyBucket, AsyncBucket};
///
/// fn hold<B: AbstractBucket + AsyncBucket>(bucket: &Arc<B>) -> AnyBucket {
///     AnyBucket::dual(Arc::clone(bucket))
/// }
/// ```
impl<B: AbstractBucket + ?Sized> AbstractBucket for Arc<B> {
    fn rates(&self) -> &Rates {
        (**self).rates()
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        (**self).now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        (**self).reserve(item, max_delay)
    }

    fn put(&self, item: &RateItem<'_>) -> Result<Decision, BucketError> {
        (**self).put(item)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        (**self).waiting(item)
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        (**self).cancel(grant)
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        (**self).leak(now)
    }

    fn flush(&self) -> Result<(), BucketError> {
        (**self).flush()
    }

    fn count(&self) -> Result<u64, BucketError> {
        (**self).count()
    }

    fn available(&self) -> Result<u64, BucketError> {
        (**self).available()
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        (**self).peek(index)
    }

    fn cancel_later(&self, grant: Grant) {
        (**self).cancel_later(grant);
    }

    fn may_block(&self) -> bool {
        (**self).may_block()
    }
}

#[async_trait]
impl<B: AsyncBucket + ?Sized> AsyncBucket for Arc<B> {
    fn rates(&self) -> &Rates {
        (**self).rates()
    }

    async fn now_async(&self) -> Result<Timestamp, BucketError> {
        (**self).now_async().await
    }

    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        (**self).reserve_async(item, max_delay).await
    }

    async fn put_async(&self, item: &RateItem<'_>) -> Result<Decision, BucketError> {
        (**self).put_async(item).await
    }

    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        (**self).waiting_async(item).await
    }

    async fn cancel_async(&self, grant: &Grant) -> Result<bool, BucketError> {
        (**self).cancel_async(grant).await
    }

    async fn leak_async(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        (**self).leak_async(now).await
    }

    async fn flush_async(&self) -> Result<(), BucketError> {
        (**self).flush_async().await
    }

    async fn count_async(&self) -> Result<u64, BucketError> {
        (**self).count_async().await
    }

    async fn available_async(&self) -> Result<u64, BucketError> {
        (**self).available_async().await
    }

    async fn peek_async(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        (**self).peek_async(index).await
    }

    async fn cancel_later_async(&self, grant: Grant) {
        (**self).cancel_later_async(grant).await;
    }
}
