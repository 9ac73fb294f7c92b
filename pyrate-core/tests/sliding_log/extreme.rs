//! Random calls at the ends of all numbers.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use pyrate_core::{Rate, Rates, Timestamp};

use crate::pair::{Call, Check, Pair};

const MAX: u64 = Timestamp::MAX.as_micros();
const HALF: u64 = 1 << 52;

/// Rates and the calls made, in absolute numbers. A grant to cancel is counted from the latest one back.
#[derive(Clone, Debug)]
pub(crate) struct Extreme {
    rates: Rates,
    calls: Vec<Call>,
}

impl Extreme {
    /// Makes all calls on a log and its oracle.
    pub(crate) fn play(&self) -> Check {
        let mut pair = Pair::new(&self.rates);
        self.calls.iter().try_for_each(|call| match (call, pair.grants().len()) {
            (Call::Cancel { .. }, 0) => Ok(()),
            (Call::Cancel { grant, now }, grants) => {
                pair.call(&Call::Cancel { grant: grants - 1 - grant % grants, now: *now })
            }
            (call, _) => pair.call(call),
        })
    }
}

/// Up to `calls` calls on one to three rates.
pub(crate) fn extremes(calls: usize) -> impl Strategy<Value = Extreme> {
    (rates(), vec(call(), 1..=calls)).prop_map(|(rates, calls)| Extreme { rates, calls })
}

/// The whole list where it is valid, else its first rate; sometimes with intervals as long as can be.
fn rates() -> impl Strategy<Value = Rates> {
    let limit = select(vec![1, 2, 3, HALF - 1, HALF, MAX - 1, MAX]);
    let interval = select(vec![1, 2, 3, HALF, MAX - 1, MAX]);
    let rate = (limit, interval)
        .prop_map(|(limit, micros)| Rate::new(limit, Duration::from_micros(micros)).unwrap());
    let late = prop_oneof![6 => Just(Duration::ZERO), 1 => Just(Duration::from_nanos(1)), 1 => Just(Duration::MAX)];
    (vec(rate, 1..=3), late).prop_map(|(rates, late)| {
        let first = rates[0];
        Rates::new(rates).unwrap_or(first.into()).with_tolerance(late)
    })
}

fn call() -> impl Strategy<Value = Call> {
    let reserve = (select(vec!["a", "b"]), weight(), now(), max_delay());
    prop_oneof![
        12 => reserve.prop_map(|(name, weight, now, max_delay)| Call::Reserve { name, weight, now, max_delay }),
        4 => (0..9_usize, now()).prop_map(|(grant, now)| Call::Cancel { grant, now }),
        1 => now().prop_map(|now| Call::Leak { now }),
        1 => now().prop_map(|now| Call::Look { now }),
    ]
}

/// Mostly early, since an instant that was seen is never left behind.
fn now() -> impl Strategy<Value = Timestamp> {
    let micros = prop_oneof![
        40 => 0..=4_u64,
        4 => HALF - 1..=HALF + 2,
        2 => MAX - 5..=MAX,
        1 => select(vec![MAX + 1, MAX + 2, i64::MAX as u64, u64::MAX - 1, u64::MAX]),
    ];
    micros.prop_map(Timestamp::from_micros)
}

fn weight() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 1..=3_u64,
        4 => select(vec![HALF / 2, HALF - 1, HALF, HALF + 1, MAX - 1, MAX]),
        1 => select(vec![0, u64::from(u32::MAX) + 2, MAX + 1, MAX + 2, i64::MAX as u64, u64::MAX]),
    ]
}

fn max_delay() -> impl Strategy<Value = Duration> {
    let micros = prop_oneof![1 => Just(0), 1 => 1..=4_u64, 1 => MAX - 4..=MAX];
    prop_oneof![2 => micros.prop_map(Duration::from_micros), 3 => Just(Duration::MAX)]
}
