//! The surface: what can be shared, sent and spawned, and how large an error may be.

use std::sync::Arc;
use std::time::Duration;

use pyrate_memory::{
    AbstractBucket, AcquireError, AnyBucket, AsyncBucket, BucketError, BucketFactory, Clock,
    Decision, Denial, DoorError, Grant, InMemoryBucket, KeyedFactory, Limiter, LimiterBuilder,
    ManualClock, MonotonicClock, Outcome, Rate, RateError, RateItem, Rates, Request,
    SingleBucketFactory, Sleeper, SlidingLog, SystemClock, Timestamp, TimestampError, TokioSleeper,
    validate_rate_list,
};
use static_assertions::{assert_impl_all, const_assert};

use crate::desk::on_manual;

assert_impl_all!(Limiter: Clone, Send, Sync);
assert_impl_all!(LimiterBuilder: Send, Sync);
assert_impl_all!(AnyBucket: Clone, Send, Sync);
assert_impl_all!(InMemoryBucket: AbstractBucket, Send, Sync);
assert_impl_all!(Arc<InMemoryBucket>: AbstractBucket);
assert_impl_all!(Arc<dyn AbstractBucket>: AbstractBucket);
assert_impl_all!(KeyedFactory: BucketFactory, Send, Sync);
assert_impl_all!(SingleBucketFactory: BucketFactory, Send, Sync);
assert_impl_all!(Rate: Copy, Send, Sync);
assert_impl_all!(Rates: Clone, Send, Sync);
assert_impl_all!(RateItem<'static>: Clone, Send, Sync);
assert_impl_all!(Request<'static>: Clone, Send, Sync);
assert_impl_all!(Grant: Copy, Send, Sync);
assert_impl_all!(Denial: Copy, Send, Sync);
assert_impl_all!(Decision: Copy, Send, Sync);
assert_impl_all!(Timestamp: Copy, Ord, Send, Sync);
assert_impl_all!(ManualClock: Clock, Sleeper, Clone, Send, Sync);
assert_impl_all!(MonotonicClock: Clock, Send, Sync);
assert_impl_all!(SystemClock: Clock, Send, Sync);
assert_impl_all!(TokioSleeper: Sleeper, Send, Sync);
assert_impl_all!(AcquireError: std::error::Error, Send, Sync, Into<Box<dyn std::error::Error + Send + Sync>>);
assert_impl_all!(BucketError: std::error::Error, Clone, Send, Sync);
assert_impl_all!(RateError: std::error::Error, Send, Sync);
assert_impl_all!(DoorError: std::error::Error, Copy, Send, Sync);
assert_impl_all!(Outcome: Copy, Send, Sync);
assert_impl_all!(SlidingLog: Clone, Send, Sync);
assert_impl_all!(TimestampError: std::error::Error, Copy, Send, Sync);
assert_impl_all!(dyn BucketFactory: Send, Sync);
assert_impl_all!(dyn AbstractBucket: Send, Sync);
assert_impl_all!(dyn AsyncBucket: Send, Sync);
assert_impl_all!(dyn Clock: Send, Sync);
assert_impl_all!(dyn Sleeper: Send, Sync);
const_assert!(size_of::<AcquireError>() <= 128);
const_assert!(size_of::<Result<Grant, AcquireError>>() <= 128);

fn assert_send<T: Send>(_: &T) {}

#[test]
fn futures_can_be_sent() {
    let (limiter, _clock) = on_manual(Rate::per_second(1));
    assert_send(&limiter.try_acquire_async("a"));
    assert_send(&limiter.acquire_async(("a", 2)));
    assert_send(&limiter.flush_async());
    assert_send(&limiter.wrap_async(|(): &()| "a", async |()| ())(()));
    assert_send(&limiter.try_wrap_async(|(): &()| "a", |()| std::future::ready(()))(()));
    let bucket = &limiter.buckets()[0];
    assert_send(&bucket.now_async());
    assert_send(&bucket.count_async());
}

type Failing<T> = Result<T, BucketError>;

#[test]
fn values_have_the_signatures_that_callers_write() {
    let _: fn(u64, Duration) -> Result<Rate, RateError> = Rate::new;
    let _: [fn(u64) -> Rate; 5] =
        [Rate::per_second, Rate::per_minute, Rate::per_hour, Rate::per_day, Rate::per_week];
    let _: fn(&Rate) -> u64 = Rate::limit;
    let _: fn(&Rate) -> Duration = Rate::interval;
    let _: fn([Rate; 1]) -> Result<Rates, RateError> = Rates::new;
    let _: fn(Rates, Duration) -> Rates = Rates::with_tolerance;
    let _: fn(&[Rate]) -> Result<(), RateError> = validate_rate_list;
    let _: fn(Timestamp, Duration, u64) -> Grant = Grant::new;
    let _: fn(Grant, u64) -> Grant = Grant::with_id;
    let _: fn(Outcome, &'static str) -> BucketError = BucketError::new;
    let _: fn(&BucketError) -> Outcome = BucketError::outcome;
    let _: fn(&BucketError) -> bool = BucketError::is_retryable;
    let RateItem { name: _, weight: _, timestamp: _ } =
        RateItem { name: "a".into(), weight: 1, timestamp: None };
    let Denial { rate: _, retry_after: _ } =
        Denial { rate: Rate::per_second(1), retry_after: None };
}

#[test]
fn the_sync_door_has_the_signatures_that_authors_write() {
    type B = InMemoryBucket;
    let _: fn(&B) -> &Rates = B::rates;
    let _: fn(&B) -> Failing<Timestamp> = B::now;
    let _: fn(&B, &RateItem<'_>, Duration) -> Failing<Decision> = B::reserve;
    let _: fn(&B, &RateItem<'_>) -> Failing<Decision> = B::put;
    let _: fn(&B, &RateItem<'_>) -> Failing<Option<Duration>> = B::waiting;
    let _: fn(&B, &Grant) -> Failing<bool> = B::cancel;
    let _: fn(&B, Option<Timestamp>) -> Failing<u64> = B::leak;
    let _: fn(&B) -> Failing<()> = B::flush;
    let _: [fn(&B) -> Failing<u64>; 2] = [B::count, B::available];
    let _: fn(&B, u64) -> Failing<Option<RateItem<'static>>> = B::peek;
    let _: fn(&B, Grant) = B::cancel_later;
    let _: fn(&B) -> bool = B::may_block;
    let _: fn(B) -> AnyBucket = B::into_any;
}
