//! A factory behind an `Arc` is that factory: one can be kept beside the limiter that uses it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::BucketFactory;
use crate::bucket::AnyBucket;
use crate::error::BucketError;
use crate::pure::{Decision, Grant, RateItem, Request};

#[async_trait]
impl<F: BucketFactory + ?Sized> BucketFactory for Arc<F> {
    fn wrap_item<'a>(&self, request: &Request<'a>) -> RateItem<'a> {
        (**self).wrap_item(request)
    }

    fn get(&self, item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError> {
        (**self).get(item)
    }

    fn buckets(&self) -> Vec<AnyBucket> {
        (**self).buckets()
    }

    fn dispose(&self, name: &str) -> bool {
        (**self).dispose(name)
    }

    fn leak_interval(&self, bucket: &AnyBucket) -> Duration {
        (**self).leak_interval(bucket)
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        (**self).reserve(item, max_delay)
    }

    fn cancel(&self, item: &RateItem<'_>, grant: &Grant) -> Result<bool, BucketError> {
        (**self).cancel(item, grant)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        (**self).waiting(item)
    }

    fn leak(&self) -> Result<u64, BucketError> {
        (**self).leak()
    }

    fn next_leak(&self) -> Option<Duration> {
        (**self).next_leak()
    }

    fn leak_due(&self) {
        (**self).leak_due();
    }

    fn flush(&self) -> Result<(), BucketError> {
        (**self).flush()
    }

    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        (**self).reserve_async(item, max_delay).await
    }

    async fn cancel_async(&self, item: &RateItem<'_>, grant: &Grant) -> Result<bool, BucketError> {
        (**self).cancel_async(item, grant).await
    }

    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        (**self).waiting_async(item).await
    }

    async fn leak_async(&self) -> Result<u64, BucketError> {
        (**self).leak_async().await
    }

    async fn flush_async(&self) -> Result<(), BucketError> {
        (**self).flush_async().await
    }
}
