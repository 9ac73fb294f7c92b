//! Faults between a bucket and its callers: doors that drift apart, and a store that has them ask again and again.

use std::time::Duration;

use async_trait::async_trait;
use pyrate_core::{
    AbstractBucket, AsyncBucket, BucketError, Decision, Denial, Grant, RateItem, Rates, Timestamp,
};

use super::forward::forward;

/// The sync door is right; the async one forgot the weight.
#[derive(Clone, Debug)]
pub struct DoorsDriftApart<B> {
    inner: B,
}

impl<B: AbstractBucket> DoorsDriftApart<B> {
    /// Puts the fault on `inner`.
    pub fn new(inner: B) -> DoorsDriftApart<B> {
        DoorsDriftApart { inner }
    }
}

impl<B: AbstractBucket> AbstractBucket for DoorsDriftApart<B> {
    forward! { now rates waiting cancel leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.inner.reserve(item, max_delay)
    }
}

#[async_trait]
impl<B: AbstractBucket> AsyncBucket for DoorsDriftApart<B> {
    fn rates(&self) -> &Rates {
        self.inner.rates()
    }

    async fn now_async(&self) -> Result<Timestamp, BucketError> {
        self.inner.now()
    }

    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        let one = RateItem { timestamp: item.timestamp, ..RateItem::new(&*item.name, 1) };
        self.inner.reserve(&one, max_delay)
    }

    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.inner.waiting(item)
    }

    async fn cancel_async(&self, grant: &Grant) -> Result<bool, BucketError> {
        self.inner.cancel(grant)
    }

    async fn leak_async(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        self.inner.leak(now)
    }

    async fn flush_async(&self) -> Result<(), BucketError> {
        self.inner.flush()
    }

    async fn count_async(&self) -> Result<u64, BucketError> {
        self.inner.count()
    }

    async fn peek_async(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.inner.peek(index)
    }
}

/// Refuses every delay, and has callers ask again each millisecond.
#[derive(Clone, Debug)]
pub struct Polled<B> {
    inner: B,
}

impl<B: AbstractBucket> Polled<B> {
    /// Puts the fault on `inner`.
    pub fn new(inner: B) -> Polled<B> {
        Polled { inner }
    }
}

impl<B: AbstractBucket> AbstractBucket for Polled<B> {
    forward! { now rates waiting cancel leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, _: Duration) -> Result<Decision, BucketError> {
        Ok(match self.inner.put(item)? {
            Decision::Denied(Denial { rate, retry_after: Some(wait) }) => {
                let soon = wait.min(Duration::from_millis(1));
                Decision::Denied(Denial { rate, retry_after: Some(soon) })
            }
            other => other,
        })
    }
}
