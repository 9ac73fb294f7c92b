//! Errors: what each says, word for word, and what it tells a program.

use std::error::Error;
use std::time::Duration;

use pyrate_memory::{AcquireError, BucketError, Limiter, ManualClock, Outcome, Rate, Request};

use crate::desk::{count, ms, on_manual, ready};

const SHORT: Rate = Rate::per_second(2);

/// "2/1s;3/1min", where 2 units were taken 400 ms ago.
fn limiter() -> (Limiter, ManualClock) {
    let (limiter, clock) = on_manual("2/1s;3/1min".parse::<pyrate_memory::Rates>().unwrap());
    let _used = limiter.try_acquire(("first", 2)).unwrap();
    clock.advance(ms(400));
    (limiter, clock)
}

fn assert_told(
    error: &AcquireError,
    said: &str,
    weight: u64,
    rate: Rate,
    wait: impl Into<Option<Duration>>,
) {
    assert_eq!(error.to_string(), said);
    assert_eq!(
        (error.name(), error.weight(), error.rate()),
        (Some("user-7"), Some(weight), Some(rate))
    );
    assert_eq!((error.retry_after(), error.is_denied()), (wait.into(), true));
    assert!(error.source().is_none());
}

#[test]
fn a_full_bucket_says_which_rate_is_in_the_way_and_for_how_long() {
    let (limiter, clock) = limiter();
    let said = "bucket for `user-7` is full: 2/1s allows no more for 600ms";
    assert_told(&limiter.try_acquire("user-7").unwrap_err(), said, 1, SHORT, ms(600));
    let refusal = ready(&mut Box::pin(limiter.try_acquire_async("user-7"))).unwrap_err();
    assert_told(&refusal, said, 1, SHORT, ms(600));
    clock.advance(ms(600));
    let said = "bucket for `user-7` is full: 3/1min allows no more for 59s";
    let refusal = limiter.try_acquire(("user-7", 2)).unwrap_err();
    assert_told(&refusal, said, 2, Rate::per_minute(3), Duration::from_secs(59));
}

#[test]
fn too_long_a_delay_says_how_long_it_would_be() {
    let (limiter, _clock) = limiter();
    let request = || Request::new("user-7").max_delay(ms(250));
    let said = "`user-7` would have to wait 600ms for 2/1s, longer than its max_delay of 250ms: allow more or try later";
    assert_told(&limiter.acquire(request()).unwrap_err(), said, 1, SHORT, ms(600));
    let refusal = ready(&mut Box::pin(limiter.acquire_async(request()))).unwrap_err();
    assert_told(&refusal, said, 1, SHORT, ms(600));
}

#[test]
fn too_heavy_a_weight_says_which_rate_never_allows_it() {
    let (limiter, _clock) = limiter();
    for weight in [3, u64::MAX] {
        let said = format!("`user-7` asks for {weight} at once, which 2/1s never allows: split it");
        let request = ("user-7", weight);
        assert_told(&limiter.try_acquire(request).unwrap_err(), &said, weight, SHORT, None);
        assert_told(&limiter.acquire(request).unwrap_err(), &said, weight, SHORT, None);
        let refusal = ready(&mut Box::pin(limiter.try_acquire_async(request))).unwrap_err();
        assert_told(&refusal, &said, weight, SHORT, None);
        let refusal = ready(&mut Box::pin(limiter.acquire_async(request))).unwrap_err();
        assert_told(&refusal, &said, weight, SHORT, None);
    }
    assert_eq!(count(&limiter), 2);
}

#[test]
fn a_failed_bucket_says_nothing_about_the_limit() {
    let failure = AcquireError::from(BucketError::new(Outcome::NotRecorded, "the disk is full"));
    let said = "the bucket failed and recorded nothing: the disk is full";
    assert_eq!(failure.to_string(), said);
    assert_eq!((failure.name(), failure.weight(), failure.rate()), (None, None, None));
    assert_eq!((failure.retry_after(), failure.is_denied()), (None, false));
    assert_eq!(failure.source().unwrap().to_string(), "the disk is full");
}
