//! Names that were disposed of or flushed: those who wait still go, and nobody frees a place in a log that isn't his.

use std::collections::HashSet;
use std::time::Duration;

use pyrate_memory::{
    BucketFactory, Decision, Grant, KeyedMemory, Limiter, ManualClock, RateItem, Timestamp,
};

use crate::desk::{ms, per};
use crate::lines::{ready, waiting};

fn limiter() -> (Limiter, ManualClock) {
    let clock = ManualClock::new();
    let memory = KeyedMemory::builder(per(1, ms(100))).clock(clock.clone()).build();
    (Limiter::builder_with_factory(memory).sleeper(clock.sleeper()).build(), clock)
}

fn counts(limiter: &Limiter) -> Vec<u64> {
    limiter.buckets().iter().map(|bucket| bucket.count().unwrap()).collect()
}

const WAYS: [fn(&Limiter); 2] =
    [|limiter| assert!(limiter.dispose("a")), |limiter| limiter.flush().unwrap()];

#[test]
fn those_who_wait_already_still_go() {
    for empty in WAYS {
        let (limiter, clock) = limiter();
        limiter.try_acquire("a").unwrap();
        let mut calls = [waiting(&limiter, "a"), waiting(&limiter, "a")];
        empty(&limiter);
        assert!(limiter.try_acquire("a").is_ok());
        for (call, millis) in calls.iter_mut().zip([100, 200]) {
            clock.set(Timestamp::from_micros(millis * 1_000));
            assert_eq!(ready(call).unwrap().at.as_micros(), millis * 1_000);
        }
    }
}

/// The old place and the new one lie at the same instant.
#[test]
fn a_waiter_who_leaves_afterwards_frees_nobodys_place() {
    for empty in WAYS {
        let (limiter, clock) = limiter();
        limiter.try_acquire("a").unwrap();
        let old = waiting(&limiter, "a");
        empty(&limiter);
        limiter.try_acquire("a").unwrap();
        let mut new = waiting(&limiter, "a");
        drop(old);
        assert_eq!(counts(&limiter), [2]);
        clock.advance(ms(100));
        assert!(ready(&mut new).is_ok() && limiter.try_acquire("a").is_err());
    }
}

#[test]
fn a_waiter_who_leaves_after_his_name_was_disposed_of_holds_no_name() {
    let (limiter, _clock) = limiter();
    limiter.try_acquire("a").unwrap();
    let old = waiting(&limiter, "a");
    assert!(limiter.dispose("a"));
    drop(old);
    assert!(limiter.buckets().is_empty());
}

#[test]
fn no_reservation_has_the_number_of_another_whatever_happened_in_between() {
    let clock = ManualClock::new();
    let memory = KeyedMemory::builder(per(1, ms(100))).clock(clock.clone()).build();
    let mut numbers = HashSet::new();
    for round in 0..300 {
        let name = ["a", "b"][round % 2];
        let grants = [(); 3].map(|()| reserved(&memory, name));
        let ids: Vec<u64> = grants.iter().map(Grant::id).filter(|id| *id != 0).collect();
        assert!(ids.into_iter().all(|id| numbers.insert(id)));
        match round % 3 {
            0 => assert!(memory.dispose(name)),
            1 => memory.flush().unwrap(),
            _ => clock.advance(ms(1_000)),
        }
        memory.leak().unwrap();
    }
    assert!(numbers.len() >= 600);
}

#[test]
fn a_grant_of_one_name_cancels_nothing_of_another() {
    let memory = KeyedMemory::builder(per(1, ms(100))).clock(ManualClock::new()).build();
    let [a, b] = ["a", "b"].map(|name| {
        let _used = reserved(&memory, name);
        reserved(&memory, name)
    });
    let [at_a, at_b] = ["a", "b"].map(|name| RateItem::new(name, 1));
    assert_eq!(a.at, b.at);
    assert!(!memory.cancel(&at_a, &b).unwrap() && !memory.cancel(&at_b, &a).unwrap());
    assert!(!memory.cancel(&RateItem::new("c", 1), &a).unwrap());
    assert!(memory.cancel(&at_a, &a).unwrap() && !memory.cancel(&at_a, &a).unwrap());
    assert!(memory.cancel(&at_b, &b).unwrap());
    assert_eq!(memory.names(), 2);
}

fn reserved(memory: &KeyedMemory, name: &str) -> Grant {
    match memory.reserve(&RateItem::new(name, 1), Duration::MAX).unwrap() {
        Decision::Granted(grant) => grant,
        Decision::Denied(denial) => panic!("{denial:?}"),
    }
}
