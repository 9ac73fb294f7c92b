//! A bucket in SQLite answers as `SlidingLog` does, answer by answer: whatever is called, alone or in shared transactions,
//! through handles of one kind or of several.

#![cfg(test)]

mod abandoned;
mod batches;
mod gate;
mod handles;
mod histories;
mod pair;
mod totals;

use std::time::Duration;

use proptest::test_runner::{Config, TestCaseError};
use pyrate_sqlite::{Decision, Rate, RateItem, Rates, Timestamp};

type Check = Result<(), TestCaseError>;

/// So many random histories, or ten times as many where the run may be long.
fn cases(normal: u32) -> Config {
    let is_long = std::env::var_os("PYRATE_LONG").is_some();
    let cases = if is_long { normal * 10 } else { normal };
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Rates of so many units per so many microseconds.
fn rates(list: impl IntoIterator<Item = (u64, u64)>) -> Rates {
    let rate = |(limit, micros)| Rate::new(limit, us(micros)).unwrap();
    Rates::new(list.into_iter().map(rate)).unwrap()
}

fn item(name: &str, weight: u64, timestamp: Option<Timestamp>) -> RateItem<'_> {
    RateItem { timestamp, ..RateItem::new(name, weight) }
}

/// The same decision without the number of the reservation, of which each log has its own.
fn nameless(decision: Decision) -> Decision {
    match decision {
        Decision::Granted(grant) => Decision::Granted(grant.with_id(0)),
        denied @ Decision::Denied(_) => denied,
    }
}
