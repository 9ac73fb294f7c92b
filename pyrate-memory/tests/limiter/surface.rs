//! The surface: what can be shared, sent and spawned, and how large an error may be.

use std::sync::Arc;

use pyrate_memory::{
    AbstractBucket, AcquireError, AnyBucket, AsyncBucket, BucketError, BucketFactory, Clock,
    Decision, Denial, DoorError, Grant, InMemoryBucket, KeyedFactory, Limiter, LimiterBuilder,
    ManualClock, MonotonicClock, Outcome, Rate, RateError, RateItem, Rates, Request,
    SingleBucketFactory, Sleeper, SystemClock, Timestamp, TokioSleeper,
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
