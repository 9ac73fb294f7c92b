//! Clocks that misbehave: one that fails, and one that runs back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pyrate_memory::{
    AcquireError, BucketError, Clock, InMemoryBucket, Limiter, ManualClock, Outcome, RateItem,
    Timestamp,
};

use crate::desk::{at_ms, count, ms, on_manual, per, poll, ready, us, waiting};

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// A clock that can be stopped.
#[derive(Clone, Default)]
struct Fragile {
    clock: ManualClock,
    is_stopped: Arc<AtomicBool>,
}

impl Clock for Fragile {
    fn now(&self) -> Result<Timestamp, BucketError> {
        if self.is_stopped.load(Ordering::SeqCst) {
            return Err(BucketError::new(Outcome::NotRecorded, "the clock stopped"));
        }
        self.clock.now()
    }
}

fn on_fragile() -> (Limiter, Fragile) {
    let clock = Fragile::default();
    let bucket = InMemoryBucket::with_clock(per(2, ms(100)), clock.clone());
    (Limiter::builder(bucket).sleeper(clock.clock.sleeper()).build(), clock)
}

fn assert_stopped(failure: &AcquireError) {
    assert_eq!(failure.to_string(), "the bucket failed and recorded nothing: the clock stopped");
    assert!(matches!(failure, AcquireError::Bucket(failure) if failure.is_retryable()));
}

#[test]
fn a_clock_that_fails_comes_through_every_call_and_nothing_is_recorded() {
    let (limiter, clock) = on_fragile();
    let (bucket, _unit) = (limiter.buckets().remove(0), limiter.try_acquire("a").unwrap());
    let reserved = bucket.reserve(&RateItem::new("a", 2), ms(100)).unwrap();
    let pyrate_memory::Decision::Granted(reserved) = reserved else { panic!("{reserved:?}") };
    clock.is_stopped.store(true, Ordering::SeqCst);
    assert_stopped(&limiter.try_acquire("a").unwrap_err());
    assert_stopped(&limiter.acquire("a").unwrap_err());
    assert_stopped(&ready(&mut Box::pin(limiter.try_acquire_async("a"))).unwrap_err());
    assert_stopped(&ready(&mut Box::pin(limiter.acquire_async("a"))).unwrap_err());
    assert_stopped(&bucket.count().unwrap_err().into());
    assert_stopped(&bucket.available().unwrap_err().into());
    assert_stopped(&bucket.peek(0).unwrap_err().into());
    assert_stopped(&bucket.cancel(&reserved).unwrap_err().into());
    assert_stopped(&ready(&mut Box::pin(bucket.count_async())).unwrap_err().into());
    clock.is_stopped.store(false, Ordering::SeqCst);
    assert_eq!(bucket.count().unwrap(), 3);
    assert!(bucket.cancel(&reserved).unwrap());
    assert!(limiter.try_acquire("a").is_ok());
}

#[test]
fn a_clock_that_fails_while_callers_wait_does_not_keep_them() {
    let (limiter, clock) = on_fragile();
    let _used = limiter.try_acquire(("a", 2)).unwrap();
    let mut call = waiting(&limiter, "a", 1);
    clock.is_stopped.store(true, Ordering::SeqCst);
    clock.clock.advance(ms(100));
    assert_eq!(ready(&mut call).unwrap().at, at_ms(100));
}

#[test]
fn a_clock_that_runs_back_by_an_hour_admits_nobody_too_many_and_recovers() {
    let (limiter, clock) = on_manual(per(2, ms(100)));
    clock.set(at_ms(2 * HOUR_MS));
    let _unit = limiter.try_acquire("before").unwrap();
    clock.set(at_ms(HOUR_MS));
    assert_eq!(limiter.try_acquire("after").unwrap().at, at_ms(2 * HOUR_MS));
    for _ in 0..100 {
        clock.advance(ms(100));
        assert_eq!(limiter.try_acquire("after").unwrap_err().retry_after(), Some(ms(100)));
    }
    assert_eq!(count(&limiter), 2);
    clock.set(at_ms(2 * HOUR_MS + 100));
    assert!(limiter.try_acquire(("again", 2)).is_ok());
}

#[test]
fn a_denial_that_was_remembered_is_not_believed_by_a_clock_set_back() {
    let (limiter, clock) = on_manual(per(1, ms(100)));
    clock.set(at_ms(HOUR_MS));
    let _unit = limiter.try_acquire("a").unwrap();
    clock.advance(ms(40));
    assert_eq!(limiter.try_acquire("a").unwrap_err().retry_after(), Some(ms(60)));
    clock.set(at_ms(0));
    let told = limiter.try_acquire("a").unwrap_err().retry_after().unwrap();
    assert!(told <= ms(100), "{told:?}");
}

#[test]
fn a_caller_in_line_sleeps_through_a_clock_that_runs_back() {
    let (limiter, clock) = on_manual(per(1, ms(100)));
    clock.set(at_ms(HOUR_MS));
    let _unit = limiter.try_acquire("a").unwrap();
    let mut call = waiting(&limiter, "a", 1);
    clock.set(at_ms(0));
    assert!(poll(&mut call).is_pending());
    clock.set(at_ms(HOUR_MS + 100));
    assert_eq!(ready(&mut call).unwrap().at, at_ms(HOUR_MS + 100));
    assert_eq!(
        limiter.try_acquire("a").unwrap_err().retry_after(),
        Some(Duration::from_millis(100))
    );
    clock.advance(us(99_999));
    assert!(limiter.try_acquire("a").is_err());
}
