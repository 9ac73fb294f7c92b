//! Patience: `max_delay` is exact to the microsecond, and who may not wait that long leaves no trace.

use std::thread;
use std::time::Duration;

use pyrate_memory::{AcquireError, InMemoryBucket, Limiter, ManualClock, Rate, Request};

use crate::desk::{Call, at_ms, count, on_manual, poll, ready, until, us};

const WAIT: u64 = 599_999;

/// One per second, where the next unit has to wait for `WAIT` microseconds.
fn limiter(max_delay: Option<Duration>) -> (Limiter, ManualClock) {
    let clock = ManualClock::new();
    let bucket = InMemoryBucket::with_clock(Rate::per_second(1), clock.clone());
    let builder = Limiter::builder(bucket).sleeper(clock.sleeper());
    let builder = match max_delay {
        Some(max_delay) => builder.max_delay(max_delay),
        None => builder,
    };
    let limiter = builder.build();
    let _used = limiter.try_acquire("first").unwrap();
    clock.advance(us(1_000_000 - WAIT));
    (limiter, clock)
}

fn patient(micros: u64) -> Request<'static> {
    Request::new("a").max_delay(us(micros))
}

fn call<'a>(limiter: &'a Limiter, request: Request<'a>) -> Call<'a> {
    Box::pin(limiter.acquire_async(request))
}

fn assert_refused(refusal: &AcquireError, allowed: u64) {
    let AcquireError::DelayExceeded { max_delay, actual_delay, .. } = refusal else {
        panic!("{refusal} should be a delay that is too long");
    };
    assert_eq!((*max_delay, *actual_delay), (us(allowed), us(WAIT)));
}

#[test]
fn one_microsecond_too_long_is_refused_and_leaves_no_trace() {
    let (limiter, clock) = limiter(None);
    assert_refused(&limiter.acquire(patient(WAIT - 1)).unwrap_err(), WAIT - 1);
    assert_refused(&ready(&mut call(&limiter, patient(WAIT - 1))).unwrap_err(), WAIT - 1);
    assert_eq!((count(&limiter), clock.sleepers()), (1, 0));
    assert!(poll(&mut call(&limiter, patient(WAIT))).is_pending());
}

#[test]
fn a_thread_waits_for_exactly_max_delay() {
    let (limiter, clock) = limiter(None);
    let waiter = limiter.clone();
    let thread = thread::spawn(move || waiter.acquire(patient(WAIT)).unwrap());
    until(|| clock.sleepers() == 1);
    clock.advance(us(WAIT));
    let grant = thread.join().unwrap();
    assert_eq!((grant.at, grant.delay), (at_ms(1_000), us(WAIT)));
}

#[test]
fn a_task_waits_for_exactly_max_delay() {
    let (limiter, clock) = limiter(None);
    let mut call = call(&limiter, patient(WAIT));
    assert!(poll(&mut call).is_pending());
    clock.advance(us(WAIT - 1));
    assert!(poll(&mut call).is_pending());
    clock.advance(us(1));
    assert_eq!(ready(&mut call).unwrap().at, at_ms(1_000));
}

#[test]
fn a_limiters_max_delay_holds_for_requests_that_do_not_say() {
    let (strict, _clock) = limiter(Some(us(WAIT - 1)));
    assert_refused(&strict.acquire("a").unwrap_err(), WAIT - 1);
    assert_refused(&ready(&mut call(&strict, "a".into())).unwrap_err(), WAIT - 1);
    let (mild, _clock) = limiter(Some(us(WAIT)));
    assert!(poll(&mut call(&mild, "a".into())).is_pending());
}

#[test]
fn a_requests_max_delay_goes_before_the_limiters() {
    let (strict, _clock) = limiter(Some(Duration::ZERO));
    assert!(poll(&mut call(&strict, patient(WAIT))).is_pending());
    let (mild, _clock) = limiter(Some(Duration::MAX));
    assert_refused(&mild.acquire(patient(5)).unwrap_err(), 5);
}

#[test]
fn with_no_patience_at_all_a_waiting_call_takes_what_is_there_or_is_refused_at_once() {
    let (limiter, clock) = limiter(Some(Duration::ZERO));
    assert_refused(&limiter.acquire("a").unwrap_err(), 0);
    assert_refused(&ready(&mut call(&limiter, patient(0))).unwrap_err(), 0);
    clock.advance(us(WAIT));
    assert_eq!(limiter.acquire("a").unwrap().delay, Duration::ZERO);
}

#[test]
fn try_acquire_ignores_max_delay() {
    let (limiter, clock) = limiter(Some(Duration::MAX));
    let request = || Request::new("a").max_delay(Duration::MAX);
    assert!(matches!(limiter.try_acquire(request()), Err(AcquireError::BucketFull { .. })));
    let refusal = ready(&mut Box::pin(limiter.try_acquire_async(request())));
    assert!(matches!(refusal, Err(AcquireError::BucketFull { .. })));
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn without_a_max_delay_a_caller_waits_for_days() {
    let (limiter, clock) = on_manual("3/day".parse::<Rate>().unwrap());
    let _used = limiter.try_acquire(("a", 3)).unwrap();
    let mut calls: Vec<Call<'_>> = (0..30).map(|_| call(&limiter, "a".into())).collect();
    assert!(calls.iter_mut().all(|call| poll(call).is_pending()));
    clock.advance(Duration::from_secs(10 * 24 * 60 * 60));
    let last = calls.iter_mut().map(|call| ready(call).unwrap().at).max();
    assert_eq!(last, Some(at_ms(10 * 24 * 60 * 60 * 1_000)));
}
