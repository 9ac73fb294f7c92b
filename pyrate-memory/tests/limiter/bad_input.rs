//! Odd input: weights, names and stamps at the edges of what there is.

use std::time::Duration;

use pyrate_memory::{AcquireError, Limiter, RateItem, Request, Timestamp};

use crate::desk::{at_ms, count, full, ms, on_manual, per, ready, waiting};

fn shown(limiter: &Limiter, index: u64) -> RateItem<'static> {
    limiter.buckets()[0].peek(index).unwrap().unwrap()
}

#[test]
fn weight_zero_is_granted_at_once_and_stores_nothing() {
    let (limiter, _clock) = full(2);
    let _line = waiting(&limiter, "line", 2);
    let nothing = Request::new("nothing").weight(0).max_delay(Duration::ZERO);
    for grant in [
        limiter.try_acquire(nothing.clone()).unwrap(),
        limiter.acquire(nothing.clone()).unwrap(),
        ready(&mut Box::pin(limiter.try_acquire_async(nothing.clone()))).unwrap(),
        ready(&mut Box::pin(limiter.acquire_async(nothing))).unwrap(),
    ] {
        assert_eq!((grant.at, grant.delay, grant.weight), (at_ms(0), Duration::ZERO, 0));
    }
    assert_eq!(count(&limiter), 4);
}

#[test]
fn names_are_shown_as_they_were_given() {
    let (limiter, _clock) = on_manual(per(100, ms(100)));
    let long = "x".repeat(1 << 20);
    let odd = "a\0b'; DROP TABLE \"t\"; -- \r\n\u{202e}\u{1f980}\u{0065}\u{0301}\\";
    for name in ["", &long, odd, "", " "] {
        let _unit = limiter.try_acquire(name).unwrap();
        let newest = shown(&limiter, 0);
        assert_eq!((&*newest.name, newest.weight, newest.timestamp), (name, 1, Some(at_ms(0))));
    }
    assert!(shown(&limiter, 3).name == long);
    assert_eq!(shown(&limiter, 2).name, odd);
    assert_eq!(limiter.buckets()[0].peek(5).unwrap(), None);
}

#[test]
fn a_refusal_repeats_the_name_as_it_was_given() {
    let (limiter, _clock) = full(1);
    for name in ["", "\0", "`\"'", "\u{1f980}"] {
        assert_eq!(limiter.try_acquire(name).unwrap_err().name(), Some(name));
        let heavy = limiter.acquire((name, u64::MAX)).unwrap_err();
        assert_eq!((heavy.name(), heavy.weight()), (Some(name), Some(u64::MAX)));
    }
}

#[test]
fn a_stamp_beyond_the_last_instant_is_a_typed_error() {
    let (limiter, _clock) = on_manual(per(2, ms(100)));
    for micros in [Timestamp::MAX.as_micros() + 1, u64::MAX] {
        let request = Request::new("late").timestamp(Timestamp::from_micros(micros));
        for failure in [
            limiter.try_acquire(request.clone()).unwrap_err(),
            limiter.acquire(request.clone()).unwrap_err(),
            ready(&mut Box::pin(limiter.acquire_async(request.clone()))).unwrap_err(),
        ] {
            let AcquireError::Bucket(failure) = failure else { panic!("{failure}") };
            assert!(!failure.is_retryable());
            assert!(failure.to_string().contains("beyond 2^53 - 1"), "{failure}");
        }
    }
    assert_eq!(count(&limiter), 0);
    assert_eq!(limiter.try_acquire(("now", 2)).unwrap().at, at_ms(0));
}

#[test]
fn the_last_instant_can_be_used_and_what_can_not_be_after_it_is_never_granted() {
    let (limiter, _clock) = on_manual(per(2, ms(100)));
    let last = || Request::new("last").timestamp(Timestamp::MAX);
    assert_eq!(limiter.try_acquire(last().weight(2)).unwrap().at, Timestamp::MAX);
    assert!(limiter.try_acquire(last()).is_err());
    for max_delay in [ms(99), ms(100), Duration::MAX] {
        assert!(limiter.acquire(last().max_delay(max_delay)).unwrap_err().is_denied());
    }
}

#[test]
fn a_stamp_stands_in_for_the_clock() {
    let (limiter, clock) = on_manual(per(1, ms(100)));
    clock.advance(ms(1_000));
    let stamped = |millis| Request::new("a").timestamp(at_ms(millis));
    assert_eq!(limiter.try_acquire(stamped(2_000)).unwrap().at, at_ms(2_000));
    assert_eq!(limiter.try_acquire("a").unwrap_err().retry_after(), Some(ms(100)));
    assert_eq!(limiter.try_acquire(stamped(2_100)).unwrap().at, at_ms(2_100));
}
