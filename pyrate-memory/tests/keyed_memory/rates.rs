//! Random rates: a few units in a few ticks, dozens, and millions over months.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pyrate_memory::{Rate, Rates};

/// 200 days: longer than the ages of a packed log reach.
const MONTHS: u64 = 200 * 86_400_000_000;

/// One to four valid rates.
pub(crate) fn rates() -> impl Strategy<Value = Rates> {
    prop_oneof![
        5 => ladder(1..=6, 1..=12, 6, 3),
        3 => ladder(5..=150, 50..=5_000, 9_000, 99),
        2 => ladder(1..=1 << 23, 1_000..=10_000_000, 60_000_000, 1 << 23),
        1 => ladder(1..=1 << 30, 1_000_000..=MONTHS, MONTHS, 1 << 30),
        1 => ladder(1..=60, 1_000_000..=MONTHS, MONTHS, 20),
    ]
}

fn ladder(
    limits: std::ops::RangeInclusive<u64>,
    micros: std::ops::RangeInclusive<u64>,
    longer: u64,
    higher: u64,
) -> impl Strategy<Value = Rates> {
    ((limits, micros), vec((0..=longer, 0..=higher), 0..=3)).prop_map(|(first, more)| {
        let mut rates = vec![first];
        for (longer, higher) in more {
            rates.push(next_rate(rates[rates.len() - 1], longer, higher));
        }
        Rates::new(rates.into_iter().map(|(limit, micros)| rate(limit, micros))).unwrap()
    })
}

/// A rate that may stand behind another one: its interval is long enough for one unit more at no faster a pace.
fn next_rate((limit, micros): (u64, u64), longer: u64, higher: u64) -> (u64, u64) {
    let wide = |n: u64| u128::from(n);
    let next = (wide(micros) * wide(limit + 1)).div_ceil(wide(limit)) + wide(longer);
    let most = wide(limit) * next / wide(micros);
    let limit = wide(limit + 1 + higher).min(most);
    (u64::try_from(limit).unwrap(), u64::try_from(next).unwrap())
}

fn rate(limit: u64, micros: u64) -> Rate {
    Rate::new(limit, Duration::from_micros(micros)).unwrap()
}
