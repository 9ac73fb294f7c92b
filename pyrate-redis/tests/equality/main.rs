//! The script beside the sliding log: given the same calls, both answer the same, whatever the history.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

#[path = "../support/mod.rs"]
mod support;

mod extreme;
mod handles;
mod lines;
mod many;
mod pair;
mod stored;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use pyrate_conformance::histories::{Act, Deed, Mix, Moment, acts, rates};
use pyrate_redis::{
    AbstractBucket, Clock, ManualClock, RateItem, Rates, RedisStore, SlidingLog, Timestamp,
};
use support::builder;
use support::script::ScriptBucket;

use pair::{Call, Pair};

/// Where clocks start.
const START: u64 = 1_700_000_000_000_000;

/// A store on a clock of the tests', in which no call fails on a machine that is busy.
fn store_on(clock: ManualClock) -> RedisStore {
    builder().clock(clock).command_timeout(Duration::from_mins(1)).build().unwrap()
}

type Make = fn(Rates, ManualClock) -> Box<dyn AbstractBucket>;

fn stored(rates: Rates, clock: ManualClock) -> Box<dyn AbstractBucket> {
    Box::new(store_on(clock).bucket("key", rates))
}

fn in_small_pages(rates: Rates, clock: ManualClock) -> Box<dyn AbstractBucket> {
    Box::new(ScriptBucket::new(rates, clock))
}

fn play(make: Make, rates: &Rates, acts: &[Act]) -> Result<(), TestCaseError> {
    let mut pair = Pair::new(make, rates);
    let mut clock = START;
    for (moment, deed) in acts {
        let now = moment.instant(rates, pair.grants(), &mut clock);
        let now =
            if matches!(moment, Moment::Stamp(_)) { Timestamp::from_micros(clock) } else { now };
        let call = match *deed {
            Deed::Reserve { name, weight, max_delay } => Call::Reserve { name, weight, max_delay },
            Deed::Cancel { grant } => Call::Cancel { grant: grant.into() },
            Deed::Leave { waiting } => Call::Leave { waiting: waiting.into() },
            Deed::Leak => Call::Leak,
            Deed::Flush => Call::Flush,
            _ => Call::Look,
        };
        pair.call(now, &call)?;
    }
    Ok(())
}

fn for_all<S: Strategy>(
    cases: u32,
    strategy: S,
    play: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let long = std::env::var_os("PYRATE_LONG").is_some();
    let cases = if long { cases * 20 } else { cases };
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    TestRunner::new(config).run(&strategy, play).unwrap();
}

#[test]
fn the_stored_bucket_answers_as_the_sliding_log_does() {
    for_all(150, (rates(), acts(Mix::ALL, 60)), |(rates, acts)| play(stored, &rates, &acts));
}

#[test]
fn so_it_does_where_pages_are_sealed_and_dropped_and_lines_worked_off_by_two() {
    for_all(300, (rates(), acts(Mix::ALL, 80)), |(rates, acts)| {
        play(in_small_pages, &rates, &acts)
    });
}

#[test]
fn so_it_does_at_the_ends_of_all_numbers() {
    for make in [stored as Make, in_small_pages] {
        for_all(200, extreme::extremes(30), |extreme| extreme.play(make));
    }
}

#[test]
fn several_items_in_one_call_are_decided_in_order() {
    let item = (prop_oneof![Just("a"), Just("b")], 0..=3_u64, any::<bool>(), 0..=2_u64);
    let calls = proptest::collection::vec(proptest::collection::vec(item, 1..=9), 1..=12);
    for_all(200, (rates(), calls), |(rates, calls)| {
        let clock = ManualClock::new();
        let bucket = ScriptBucket::new(rates.clone(), clock.clone());
        let mut log = SlidingLog::new(rates);
        let mut now = START;
        for call in calls {
            let mut items = Vec::new();
            for (name, weight, waits, later) in call {
                now += later;
                let stamp = Some(Timestamp::from_micros(now));
                let item = RateItem { timestamp: stamp, ..RateItem::new(name, weight) };
                items.push((item, if waits { Duration::MAX } else { Duration::ZERO }));
            }
            let found = bucket.reserve_all(&items).unwrap();
            for ((item, max_delay), found) in items.iter().zip(found) {
                let due = log.reserve(item, item.timestamp.unwrap(), *max_delay).unwrap();
                prop_assert_eq!(pair::numberless(due), pair::numberless(found));
            }
            clock.set(Timestamp::from_micros(now));
            prop_assert_eq!(log.count(clock.now().unwrap()).unwrap(), bucket.count().unwrap());
        }
        Ok(())
    });
}
