//! Buckets with async methods only in a `KeyedFactory`: they vanish as others do.

use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pyrate_memory::{
    AbstractBucket, AnyBucket, AsyncBucket, BucketError, BucketFactory, Decision, InMemoryBucket,
    KeyedFactory, Limiter, ManualClock, RateItem, Rates, Timestamp,
};

use crate::desk::{ms, per};

struct AsyncOnly(InMemoryBucket);

#[async_trait]
impl AsyncBucket for AsyncOnly {
    fn rates(&self) -> &Rates {
        self.0.rates()
    }

    async fn now_async(&self) -> Result<Timestamp, BucketError> {
        self.0.now()
    }

    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        tokio::task::yield_now().await;
        self.0.reserve(item, max_delay)
    }

    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.0.waiting(item)
    }

    async fn leak_async(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        self.0.leak(now)
    }

    async fn flush_async(&self) -> Result<(), BucketError> {
        self.0.flush()
    }

    async fn count_async(&self) -> Result<u64, BucketError> {
        tokio::task::yield_now().await;
        self.0.count()
    }

    async fn peek_async(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.0.peek(index)
    }
}

fn factory(bucket: impl Fn() -> InMemoryBucket + Send + Sync + 'static) -> KeyedFactory {
    KeyedFactory::new(move |_| Ok(AnyBucket::asynchronous(AsyncOnly(bucket()))))
}

fn on_clock() -> (KeyedFactory, ManualClock) {
    let clock = ManualClock::new();
    let of_bucket = clock.clone();
    let bucket = move || InMemoryBucket::with_clock(per(1, ms(100)), of_bucket.clone());
    (factory(bucket), clock)
}

async fn put(factory: &KeyedFactory, name: &str) -> bool {
    let item = RateItem::new(name, 1);
    factory.reserve_async(&item, Duration::ZERO).await.unwrap().is_granted()
}

#[tokio::test]
async fn an_async_leak_drops_those_that_are_empty() {
    let (factory, clock) = on_clock();
    assert!(put(&factory, "old").await && put(&factory, "held").await);
    let held = factory.get(&RateItem::new("held", 1)).unwrap().into_owned();
    clock.advance(ms(50));
    assert!(put(&factory, "new").await);
    clock.advance(ms(50));
    assert_eq!((factory.leak_async().await.unwrap(), factory.buckets().len()), (2, 2));
    drop(held);
    clock.advance(ms(50));
    assert_eq!((factory.leak_async().await.unwrap(), factory.buckets().len()), (1, 0));
}

#[tokio::test]
async fn a_sync_leak_names_the_right_door_and_still_drops_what_is_empty() {
    let (factory, clock) = on_clock();
    assert!(put(&factory, "a").await);
    assert!(factory.buckets()[0].leak(None).is_err());
    clock.advance(ms(100));
    let factory = std::sync::Arc::new(factory);
    let leaking = std::sync::Arc::clone(&factory);
    assert!(tokio::task::spawn_blocking(move || leaking.leak()).await.unwrap().is_err());
    assert!(factory.buckets().is_empty());
}

/// On real time: the leaker knows no other.
#[tokio::test]
async fn the_background_leaker_drops_those_that_are_empty() {
    let limiter = Limiter::with_factory(factory(|| InMemoryBucket::new(per(1, ms(30)))));
    assert!(limiter.try_acquire_async("a").await.is_ok());
    assert!(limiter.try_acquire_async("b").await.is_ok());
    let start = Instant::now();
    while !limiter.buckets().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "idle buckets are still held");
        thread::sleep(ms(5));
    }
}
