//! The cap: no more names are held, those that are go on, and idle ones make room.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prop_assert;
use pyrate_memory::{
    AcquireError, BucketFactory, Decision, KeyedMemory, Limiter, ManualClock, Rate, RateItem, Rates,
};

use crate::desk::{Check, in_time, ms, per, try_all, until, us};

fn capped(names: usize, rates: impl Into<Rates>) -> (KeyedMemory, ManualClock) {
    let clock = ManualClock::new();
    (KeyedMemory::builder(rates).clock(clock.clone()).max_names(names).build(), clock)
}

fn put(memory: &KeyedMemory, name: &str) -> Decision {
    memory.reserve(&RateItem::new(name, 1), Duration::ZERO).unwrap()
}

fn retry_after(decision: Decision) -> Duration {
    let Decision::Denied(denial) = decision else { panic!("this should be denied") };
    denial.retry_after.unwrap()
}

#[test]
fn threads_never_hold_more_names_than_the_cap() {
    const CAP: usize = 10;
    let (memory, clock) = capped(CAP, per(1, ms(1)));
    let (most, is_over, barrier) = (AtomicUsize::new(0), AtomicBool::new(false), Barrier::new(8));
    let rounds = |thread: usize| {
        barrier.wait();
        for round in 0..5_000 {
            let _ = put(&memory, &format!("{thread}-{round}"));
            clock.advance(us(10));
            most.fetch_max(memory.names(), Ordering::SeqCst);
        }
        is_over.store(true, Ordering::SeqCst);
    };
    thread::scope(|scope| {
        (0..7).for_each(|thread| drop(scope.spawn(move || rounds(thread))));
        barrier.wait();
        while !is_over.load(Ordering::SeqCst) {
            most.fetch_max(memory.names(), Ordering::SeqCst);
        }
    });
    assert_eq!(most.load(Ordering::SeqCst), CAP);
}

#[test]
fn threads_at_the_cap_get_exactly_as_many_names_as_it_allows() {
    for _ in 0..200 {
        let (memory, barrier) = (capped(10, per(1, ms(1))).0, Barrier::new(8));
        let names = |thread: usize| {
            barrier.wait();
            (0..5).filter(|name| put(&memory, &format!("{thread}-{name}")).is_granted()).count()
        };
        let granted: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|thread| scope.spawn(move || names(thread))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((granted, memory.names(), memory.buckets().len()), (10, 10, 10));
    }
}

#[test]
fn at_the_cap_a_name_that_is_held_goes_on_and_a_new_one_is_denied_until_one_has_expired() {
    let (memory, clock) = capped(2, per(2, ms(100)));
    assert!(put(&memory, "a").is_granted());
    clock.advance(ms(10));
    assert!(put(&memory, "b").is_granted());
    clock.advance(ms(40));
    let denied = put(&memory, "c");
    assert_eq!(retry_after(denied), ms(50));
    assert!(put(&memory, "b").is_granted() && put(&memory, "b").is_denied());
    clock.advance(us(49_999));
    assert!(put(&memory, "c").is_denied());
    clock.advance(us(1));
    assert!(put(&memory, "c").is_granted());
    assert_eq!(memory.names(), 2);
    assert!(put(&memory, "a").is_denied() && put(&memory, "b").is_denied());
}

/// Names used once each, at random instants.
#[test]
fn a_name_denied_at_the_cap_is_admitted_when_it_was_told_to_come_again() {
    try_all(300, 20_000, &(1..=200_usize, vec(0..=400_u64, 1..=600)), |(cap, gaps)| {
        let (memory, clock) = capped(cap, per(1, us(1_000)));
        for (number, gap) in gaps.into_iter().enumerate() {
            clock.advance(us(if gap < 40 { gap } else { gap / 40 }));
            admit(&memory, &clock, &format!("name-{number}"))?;
            prop_assert!(memory.names() <= cap);
        }
        Ok(())
    });
}

fn admit(memory: &KeyedMemory, clock: &ManualClock, name: &str) -> Check {
    if let Decision::Denied(denial) = put(memory, name) {
        let wait = denial.retry_after.unwrap();
        prop_assert!(wait <= us(1_250), "a window, and a quarter for the sweep: {wait:?}");
        clock.advance(wait);
        prop_assert!(put(memory, name).is_granted(), "not after {wait:?}");
    }
    prop_assert!(put(memory, name).is_denied(), "what still counts was dropped");
    Ok(())
}

/// Once a sweep had met names of long windows, those of short ones stayed for a quarter of the long ones' window.
#[test]
fn names_of_long_windows_do_not_keep_those_of_short_ones_from_making_room() {
    let clock = ManualClock::new();
    let (long, short): (Rates, Rates) = (Rate::per_hour(1).into(), per(1, ms(100)));
    let rates =
        move |name: &str| if name.starts_with("long") { long.clone() } else { short.clone() };
    let memory = KeyedMemory::builder_with_rates(rates).clock(clock.clone()).max_names(8_000);
    let memory = memory.build();
    let fill = |kind: &str, names: usize| {
        (0..names).filter(|number| put(&memory, &format!("{kind}-{number}")).is_granted()).count()
    };
    assert_eq!((fill("long", 1_000), fill("early", 6_900)), (1_000, 6_900));
    clock.advance(ms(90));
    assert_eq!(fill("late", 100), 100);
    clock.advance(ms(10));
    assert_eq!(fill("longer", 8_000), 6_900);
    clock.advance(ms(120));
    assert_eq!(fill("new", 200), 100);
}

#[test]
fn names_that_were_flushed_make_room_at_once() {
    let (memory, clock) = capped(2, Rate::per_hour(1));
    assert!(put(&memory, "a").is_granted() && put(&memory, "b").is_granted());
    memory.flush().unwrap();
    clock.advance(us(1));
    assert!(put(&memory, "c").is_granted() && put(&memory, "d").is_granted());
    assert_eq!((memory.names(), put(&memory, "e").is_denied()), (2, true));
    let handle = memory.get(&RateItem::new("c", 1)).unwrap().into_owned();
    handle.flush().unwrap();
    clock.advance(us(1));
    assert!(put(&memory, "e").is_granted());
    assert_eq!(memory.names(), 2);
}

#[test]
fn a_name_whose_place_in_line_was_given_back_makes_room_when_the_rest_has_expired() {
    let (memory, clock) = capped(1, per(1, ms(100)));
    assert!(put(&memory, "a").is_granted());
    let waiting = RateItem::new("a", 1);
    for _ in 0..9 {
        let Decision::Granted(grant) = memory.reserve(&waiting, Duration::MAX).unwrap() else {
            panic!("who may wait for ever is granted a place");
        };
        assert!(memory.cancel(&waiting, &grant).unwrap());
    }
    clock.advance(ms(100));
    assert!(put(&memory, "b").is_granted());
}

#[test]
fn the_count_of_names_is_right_after_whatever_makes_them_go() {
    let (memory, clock) = capped(3, per(1, ms(100)));
    assert!(["a", "b", "c"].iter().all(|name| put(&memory, name).is_granted()));
    assert!(memory.dispose("a") && !memory.dispose("a"));
    assert_eq!((memory.names(), put(&memory, "d").is_granted(), memory.names()), (2, true, 3));
    memory.flush().unwrap();
    memory.leak().unwrap();
    assert_eq!(memory.names(), 0);
    assert!(put(&memory, "a").is_granted());
    clock.advance(ms(100));
    assert_eq!((memory.leak().unwrap(), memory.names()), (1, 0));
    assert!(!memory.dispose("a"));
    assert_eq!(memory.names(), 0);
}

#[test]
fn a_cap_of_zero_admits_no_name_and_still_lets_through_what_weighs_nothing() {
    let (memory, clock) = capped(0, per(1, ms(100)));
    for _ in 0..3 {
        assert!(retry_after(put(&memory, "a")) > Duration::ZERO);
        clock.advance(ms(100));
    }
    let weightless = memory.reserve(&RateItem::new("a", 0), Duration::ZERO).unwrap();
    assert!(weightless.is_granted());
    assert_eq!((memory.names(), memory.leak().unwrap()), (0, 0));
}

#[test]
fn at_the_cap_too_heavy_is_still_told_from_full() {
    let limiter = Limiter::with_factory(capped(1, per(2, ms(100))).0);
    limiter.try_acquire("a").unwrap();
    let refused = limiter.try_acquire(("b", 3)).unwrap_err();
    assert!(matches!(refused, AcquireError::TooHeavy { .. }), "{refused}");
    let refused = limiter.try_acquire("b").unwrap_err();
    assert!(matches!(refused, AcquireError::BucketFull { .. }), "{refused}");
}

#[test]
fn who_waits_at_the_cap_is_served_when_a_name_has_gone() {
    let (memory, clock) = capped(1, per(1, ms(100)));
    let memory = Arc::new(memory);
    let builder = Limiter::builder_with_factory(Arc::clone(&memory)).without_leaker();
    let limiter = builder.sleeper(clock.sleeper()).build();
    limiter.try_acquire("a").unwrap();
    let moving = clock.clone();
    thread::spawn(move || {
        until(|| moving.sleepers() == 1);
        moving.advance(ms(100));
    });
    let served = in_time(move || limiter.acquire("b").unwrap().at);
    assert_eq!(served.as_micros(), 100_000);
    assert_eq!(memory.names(), 1);
}
