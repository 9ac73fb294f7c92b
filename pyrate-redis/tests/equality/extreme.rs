//! Random calls at the ends of all numbers.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use pyrate_redis::{Rate, Rates, Timestamp};

use crate::Make;
use crate::pair::{Call, Check, Pair};

const MAX: u64 = Timestamp::MAX.as_micros();
const HALF: u64 = 1 << 52;

/// Rates, and calls at absolute instants.
#[derive(Clone, Debug)]
pub(crate) struct Extreme {
    rates: Rates,
    calls: Vec<(Timestamp, Call)>,
}

impl Extreme {
    pub(crate) fn play(&self, make: Make) -> Check {
        let mut pair = Pair::new(make, &self.rates);
        self.calls.iter().try_for_each(|(now, call)| pair.call(*now, call))
    }
}

/// Up to `calls` calls on one to three rates.
pub(crate) fn extremes(calls: usize) -> impl Strategy<Value = Extreme> {
    (rates(), vec((now(), call()), 1..=calls)).prop_map(|(rates, calls)| Extreme { rates, calls })
}

/// The whole list where it is valid, else its first rate.
fn rates() -> impl Strategy<Value = Rates> {
    let limit = select(vec![1, 2, 3, HALF - 1, HALF, MAX - 1, MAX]);
    let interval = select(vec![1, 2, 3, HALF, MAX - 1, MAX]);
    let rate = (limit, interval)
        .prop_map(|(limit, micros)| Rate::new(limit, Duration::from_micros(micros)).unwrap());
    vec(rate, 1..=3).prop_map(|rates| {
        let first = rates[0];
        Rates::new(rates).unwrap_or(first.into())
    })
}

/// Mostly early, since an instant that was seen is never left behind.
fn now() -> impl Strategy<Value = Timestamp> {
    let micros = prop_oneof![
        40 => 0..=6_u64,
        4 => HALF - 1..=HALF + 2,
        2 => MAX - 5..=MAX,
        1 => select(vec![MAX + 1, i64::MAX as u64, u64::MAX]),
    ];
    micros.prop_map(Timestamp::from_micros)
}

fn call() -> impl Strategy<Value = Call> {
    let weight = prop_oneof![
        4 => 1..=3_u64,
        4 => select(vec![HALF / 2, HALF - 1, HALF, HALF + 1, MAX - 1, MAX]),
        1 => select(vec![0, u64::from(u32::MAX) + 2, MAX + 1, u64::MAX]),
    ];
    let micros = prop_oneof![1 => Just(0), 1 => 1..=4_u64, 1 => MAX - 4..=MAX];
    let delay = prop_oneof![2 => micros.prop_map(Duration::from_micros), 3 => Just(Duration::MAX)];
    let reserve = (select(vec!["a", "b"]), weight, delay);
    prop_oneof![
        12 => reserve.prop_map(|(name, weight, max_delay)| Call::Reserve { name, weight, max_delay }),
        3 => (0..9_usize).prop_map(|grant| Call::Cancel { grant }),
        2 => (0..9_usize).prop_map(|waiting| Call::Leave { waiting }),
        1 => Just(Call::Leak),
        1 => Just(Call::Look),
    ]
}
