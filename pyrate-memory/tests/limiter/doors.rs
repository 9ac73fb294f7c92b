//! Doors: callers in the wrong place get a typed error that names the right one, and leave nothing behind.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use pyrate_memory::{
    AbstractBucket, AcquireError, AnyBucket, AsyncBucket, BucketError, Decision, DoorError,
    InMemoryBucket, Limiter, ManualClock, RateItem, Rates, Timestamp,
};

use crate::blocking::Blocking;
use crate::desk::{count, ms, per, poll, ready};

/// A full bucket in a limiter with the default sleeper.
fn limiter_without_sleeper() -> Limiter {
    let bucket = InMemoryBucket::with_clock(per(1, ms(100)), ManualClock::new());
    let limiter = Limiter::new(bucket);
    let _used = limiter.try_acquire("first").unwrap();
    limiter
}

fn assert_door(failure: &AcquireError, expected: DoorError) {
    let AcquireError::Bucket(failure) = failure else { panic!("{failure}") };
    let door = failure.source().and_then(<dyn Error>::downcast_ref::<DoorError>);
    assert_eq!((door, failure.is_retryable()), (Some(&expected), false));
}

#[test]
fn waiting_outside_a_runtime_is_a_typed_error_and_gives_the_place_back() {
    let limiter = limiter_without_sleeper();
    assert_door(&ready(&mut Box::pin(limiter.acquire_async("a"))).unwrap_err(), DoorError::NoTimer);
    assert_eq!(count(&limiter), 1);
}

#[test]
fn waiting_in_a_runtime_without_time_is_a_typed_error_and_gives_the_place_back() {
    let limiter = limiter_without_sleeper();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let failure = runtime.block_on(limiter.acquire_async("a")).unwrap_err();
    assert_door(&failure, DoorError::NoTimer);
    assert_eq!(count(&limiter), 1);
}

#[test]
fn who_need_not_wait_needs_no_runtime() {
    let limiter = Limiter::new(InMemoryBucket::new(per(2, ms(60_000))));
    assert!(ready(&mut Box::pin(limiter.acquire_async("a"))).is_ok());
    assert!(ready(&mut Box::pin(limiter.try_acquire_async("a"))).is_ok());
    assert!(ready(&mut Box::pin(limiter.try_acquire_async("a"))).is_err());
}

/// A bucket with async methods only.
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
        self.0.reserve(item, max_delay)
    }

    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.0.waiting(item)
    }

    async fn cancel_async(&self, grant: &pyrate_memory::Grant) -> Result<bool, BucketError> {
        self.0.cancel(grant)
    }

    async fn flush_async(&self) -> Result<(), BucketError> {
        self.0.flush()
    }

    async fn count_async(&self) -> Result<u64, BucketError> {
        self.0.count()
    }

    async fn peek_async(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.0.peek(index)
    }
}

fn async_only(clock: &ManualClock) -> Limiter {
    let bucket = InMemoryBucket::with_clock(per(1, ms(100)), clock.clone());
    let bucket = AnyBucket::asynchronous(AsyncOnly(bucket));
    Limiter::builder(bucket).sleeper(clock.sleeper()).build()
}

#[test]
fn an_async_bucket_refuses_threads_by_a_typed_error() {
    let limiter = async_only(&ManualClock::new());
    assert_door(&limiter.try_acquire("a").unwrap_err(), DoorError::AsyncOnly);
    assert_door(&limiter.acquire("a").unwrap_err(), DoorError::AsyncOnly);
    assert_door(&limiter.flush().unwrap_err().into(), DoorError::AsyncOnly);
    let bucket = &limiter.buckets()[0];
    assert_door(&bucket.count().unwrap_err().into(), DoorError::AsyncOnly);
    assert_door(&bucket.now().unwrap_err().into(), DoorError::AsyncOnly);
    assert_eq!(ready(&mut Box::pin(bucket.count_async())).unwrap(), 0);
}

#[test]
fn an_async_bucket_serves_tasks_and_takes_places_back() {
    let clock = ManualClock::new();
    let limiter = async_only(&clock);
    assert!(ready(&mut Box::pin(limiter.try_acquire_async("a"))).is_ok());
    let bucket = limiter.buckets().remove(0);
    let count = || ready(&mut Box::pin(bucket.count_async())).unwrap();
    let mut gone = Box::pin(limiter.acquire_async("a"));
    assert!(poll(&mut gone).is_pending());
    assert_eq!(count(), 2);
    drop(gone);
    crate::desk::until(|| count() == 1);
    let mut call = Box::pin(limiter.acquire_async("a"));
    assert!(poll(&mut call).is_pending());
    clock.advance(ms(100));
    assert!(ready(&mut call).is_ok());
}

#[test]
fn a_bucket_that_may_block_refuses_tasks_outside_a_runtime_by_a_typed_error() {
    let blocking = Blocking::full();
    let limiter = &blocking.limiter;
    for failure in [
        ready(&mut Box::pin(limiter.try_acquire_async("a"))).unwrap_err(),
        ready(&mut Box::pin(limiter.acquire_async("a"))).unwrap_err(),
        ready(&mut Box::pin(limiter.flush_async())).unwrap_err().into(),
        ready(&mut Box::pin(limiter.buckets()[0].count_async())).unwrap_err().into(),
    ] {
        assert_door(&failure, DoorError::NoRuntime);
    }
    assert_eq!(count(limiter), 1);
    assert!(limiter.try_acquire("a").is_err());
}
