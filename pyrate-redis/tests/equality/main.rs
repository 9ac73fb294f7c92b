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

mod ends;
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
    AbstractBucket, AsyncBucket, Clock, Decision, ManualClock, RateItem, Rates, RedisBucket,
    RedisStore, SlidingLog, Timestamp,
};
use support::script::ScriptBucket;
use support::{builder, fresh_prefix};

use pair::{Call, Pair};

/// Where clocks start.
const START: u64 = 1_700_000_000_000_000;

/// A store on a clock of the tests', in which no call fails on a machine that is busy.
fn store_on(clock: ManualClock) -> RedisStore {
    store_under(&fresh_prefix(), clock)
}

fn store_under(prefix: &str, clock: ManualClock) -> RedisStore {
    let patient = builder().prefix(prefix).command_timeout(Duration::from_mins(1));
    patient.clock(clock).build().unwrap()
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

/// An item that is asked together with others: its name and weight, whether it may wait, and how many microseconds after the one
/// before it.
type OneOfSeveral = (&'static str, u64, bool, u64);

#[test]
fn several_items_in_one_call_are_decided_in_order() {
    let names = prop_oneof![3 => Just("a"), 1 => Just("b"), 1 => Just("a longer one")];
    let item = (names, 0..=3_u64, any::<bool>(), 0..=2_u64);
    let calls = proptest::collection::vec(proptest::collection::vec(item, 1..=9), 1..=12);
    for_all(200, (rates(), calls), |(rates, calls)| decide_in_order(rates, calls));
}

#[test]
fn each_item_of_a_call_is_told_its_own_instant() {
    let calls = vec![vec![("a", 1, false, 0)], vec![("a", 1, false, 1), ("a", 1, false, 2)]];
    decide_in_order("9/1s".parse().unwrap(), calls).unwrap();
}

#[test]
fn a_denial_behind_a_free_item_of_its_call_is_told() {
    let calls = vec![vec![("a", 1, false, 0)], vec![("a", 0, false, 1), ("a", 1, false, 0)]];
    decide_in_order("1/1s".parse().unwrap(), calls).unwrap();
}

/// Each call's items are decided as a sliding log decides them one by one, and recorded with their names.
fn decide_in_order(rates: Rates, calls: Vec<Vec<OneOfSeveral>>) -> Result<(), TestCaseError> {
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
        let now = Timestamp::from_micros(now);
        clock.set(now);
        let count = log.count(now).unwrap();
        prop_assert_eq!(count, bucket.count().unwrap());
        for index in 0..count {
            prop_assert_eq!(log.peek(index, now).unwrap(), bucket.peek(index).unwrap());
        }
    }
    Ok(())
}

#[test]
fn several_buckets_that_are_asked_together_answer_as_their_sliding_logs_do() {
    let ask = (0..3_usize, 0..=3_u64, prop_oneof![Just(0), Just(4), Just(u64::MAX)]);
    let asks = proptest::collection::vec(prop_oneof![3 => ask.prop_map(Some), 1 => Just(None)], 6);
    let rounds = proptest::collection::vec((asks, 0..=4_u64), 1..=15);
    for_all(100, (proptest::collection::vec(rates(), 6), rounds), |(rates, rounds)| {
        let clock = ManualClock::new();
        let store = store_on(clock.clone());
        let keyed =
            |(index, rates): (usize, &Rates)| store.bucket(index.to_string(), rates.clone());
        let buckets: Vec<_> = rates.iter().enumerate().map(keyed).collect();
        let mut logs: Vec<_> = rates.into_iter().map(SlidingLog::new).collect();
        let mut now = START;
        for (asks, later) in rounds {
            now += later;
            clock.set(Timestamp::from_micros(now));
            let found = ask_together(&buckets, &asks);
            for ((log, ask), found) in logs.iter_mut().zip(&asks).zip(found) {
                let Some((item, max_delay)) = ask.map(item) else { continue };
                let due = log.reserve(&item, Timestamp::from_micros(now), max_delay).unwrap();
                prop_assert_eq!(Some(pair::numberless(due)), found.map(pair::numberless));
            }
        }
        for (log, bucket) in logs.iter().zip(&buckets) {
            prop_assert_eq!(log.count(clock.now().unwrap()).unwrap(), bucket.count().unwrap());
        }
        Ok(())
    });
}

/// Which name, of which weight, and for how many microseconds it would wait.
type Ask = (usize, u64, u64);

fn item((name, weight, micros): Ask) -> (RateItem<'static>, Duration) {
    (RateItem::new(["a", "b", "0"][name], weight), Duration::from_micros(micros))
}

/// Asks every bucket for what is wanted of it, all at the same moment.
fn ask_together(buckets: &[RedisBucket], asks: &[Option<Ask>]) -> Vec<Option<Decision>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let reserve = |(bucket, ask): (&RedisBucket, &Option<Ask>)| {
            let (bucket, ask) = (bucket.clone(), ask.map(item));
            tokio::spawn(async move {
                let (item, max_delay) = ask?;
                Some(bucket.reserve_async(&item, max_delay).await.unwrap())
            })
        };
        let tasks: Vec<_> = buckets.iter().zip(asks).map(reserve).collect();
        let mut decisions = Vec::new();
        for task in tasks {
            decisions.push(task.await.unwrap());
        }
        decisions
    })
}
