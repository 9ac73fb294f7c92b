//! Several handles with different rates on one bucket, and the places that they leave each other.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pyrate_conformance::histories;
use pyrate_redis::{
    AbstractBucket, Decision, Grant, ManualClock, Rate, RateItem, Rates, RedisBucket, Timestamp,
};

use crate::pair::Check;
use crate::{START, for_all, store_on};

/// Which handle, how much later, how heavy, how patient.
type Call = (usize, u64, u64, Duration);

fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(START + micros)
}

fn opened<const N: usize>(all: [Rates; N]) -> ([RedisBucket; N], ManualClock) {
    let clock = ManualClock::new();
    clock.set(at(0));
    let store = store_on(clock.clone());
    (all.map(|rates| store.bucket("key", rates)), clock)
}

fn reserved(handle: &RedisBucket, weight: u64) -> Grant {
    match handle.reserve(&RateItem::new("x", weight), Duration::MAX).unwrap() {
        Decision::Granted(grant) => grant,
        Decision::Denied(denial) => panic!("{denial:?}"),
    }
}

#[test]
fn a_place_of_a_looser_handle_is_not_taken_where_the_own_rates_have_no_room() {
    let rates = |limit| Rates::from(Rate::new(limit, us(10)).unwrap());
    let ([loose, tight], clock) = opened([rates(5), rates(1)]);
    reserved(&loose, 5);
    let [left, _, _] = [2, 2, 3].map(|weight| reserved(&loose, weight));
    assert!(loose.cancel(&left).unwrap());
    clock.set(at(10));
    // Two of the five at 10 are free: room for the one handle, and four too many for the other.
    assert_eq!((loose.available().unwrap(), tight.available().unwrap()), (2, 0));
    assert_eq!(tight.waiting(&RateItem::new("x", 1)).unwrap(), Some(us(20)));
    assert_eq!(reserved(&tight, 1).at, at(30));
    assert_eq!(reserved(&loose, 2).at, at(10));
}

/// Calls and cancels; each grant must have room by the rates of its own handle.
fn play(handles: &[RedisBucket], clock: &ManualClock, calls: &[Call]) -> Check {
    let (mut held, mut now): (Vec<Grant>, u64) = (Vec::new(), 1_000);
    for (turn, (handle, later, weight, max_delay)) in calls.iter().enumerate() {
        now += later;
        clock.set(at(now));
        let handle = &handles[handle % handles.len()];
        if turn % 3 == 2 && !held.is_empty() {
            let index = (turn * 7) % held.len();
            if handle.cancel(&held[index]).unwrap() {
                held.remove(index);
            }
        }
        let item = RateItem::new("x", *weight);
        let (waiting, available) = (handle.waiting(&item).unwrap(), handle.available().unwrap());
        prop_assert_eq!(waiting == Some(Duration::ZERO), *weight <= available || *weight == 0);
        let Decision::Granted(grant) = handle.reserve(&item, *max_delay).unwrap() else { continue };
        held.push(grant);
        for rate in AbstractBucket::rates(handle).iter().filter(|_| *weight > 0) {
            let is_inside = |other: &&Grant| {
                other.at <= grant.at && grant.at.saturating_since(other.at) < rate.interval()
            };
            let inside: u64 = held.iter().filter(is_inside).map(|other| other.weight).sum();
            prop_assert!(inside <= rate.limit(), "{} by {} at {}", inside, rate, grant.at);
        }
    }
    Ok(())
}

#[test]
fn whatever_places_others_leave_each_handle_is_granted_what_its_own_rates_allow() {
    let patience = prop_oneof![
        2 => Just(Duration::ZERO),
        2 => (0..20_u64).prop_map(us),
        1 => Just(Duration::MAX)
    ];
    let later = prop_oneof![3 => Just(0), 3 => 0..3_u64, 1 => 0..=40_u64];
    let calls = vec((any::<usize>(), later, 0..=7_u64, patience), 1..80);
    let histories = (histories::rates(), histories::rates(), calls);
    for_all(100, histories, |(first, second, calls)| {
        let (handles, clock) = opened([first, second]);
        play(&handles, &clock, &calls)
    });
}
