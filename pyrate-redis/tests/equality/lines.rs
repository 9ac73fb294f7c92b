//! Long lines of callers with names of all kinds, who leave often, and times when nobody calls.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use pyrate_redis::{Rate, Rates, Timestamp};

use crate::pair::{Call, Check, Pair};
use crate::{Make, START, for_all, in_small_pages, stored};

/// As long as a name may be that stands in the trailer, a dot included, and a byte longer.
const SHORT: &str = "sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss";
const LONG: &str = "llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll";

fn rates() -> impl Strategy<Value = Rates> {
    let rate = |(limit, micros)| Rate::new(limit, Duration::from_micros(micros)).unwrap();
    vec((1..=4_u64, 1..=12_u64).prop_map(rate), 1..=4).prop_map(|rates| {
        let first = rates[0];
        Rates::new(rates).unwrap_or(first.into())
    })
}

fn call() -> impl Strategy<Value = Call> {
    let name = select(vec!["key", "a", "b", "", "\0", SHORT, LONG]);
    let max_delay = prop_oneof![
        6 => Just(Duration::MAX),
        1 => Just(Duration::ZERO),
        1 => (0..30_u64).prop_map(Duration::from_micros),
    ];
    let reserve = (name, 1..=4_u64, max_delay);
    prop_oneof![
        28 => reserve.prop_map(|(name, weight, max_delay)| Call::Reserve { name, weight, max_delay }),
        4 => (0..40_usize).prop_map(|grant| Call::Cancel { grant }),
        10 => (0..40_usize).prop_map(|waiting| Call::Leave { waiting }),
        4 => Just(Call::Leak),
        1 => Just(Call::Flush),
    ]
}

fn play(make: Make, rates: &Rates, calls: &[(u64, Call)]) -> Check {
    let (mut pair, mut now) = (Pair::new(make, rates), START);
    calls.iter().try_for_each(|(later, call)| {
        now += later;
        pair.call(Timestamp::from_micros(now), call)
    })
}

#[test]
fn long_lines_of_all_names_are_worked_off_as_the_sliding_log_does() {
    let later = prop_oneof![12 => Just(0), 4 => 1..3_u64, 2 => 3..15_u64, 1 => 20..200_u64];
    let histories = (rates(), vec((later, call()), 20..160));
    for make in [in_small_pages as Make, stored] {
        for_all(40, &histories, |(rates, calls)| play(make, &rates, &calls));
    }
}
