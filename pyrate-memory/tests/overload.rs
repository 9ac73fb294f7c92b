//! Thousands of callers on one bucket in memory, and what they take of the process's memory.
//!
//! In a process of its own, and one test at a time: they count every byte that is allocated.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and these say what they measured"
)]

use std::env;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use peak_alloc::PeakAlloc;
use pyrate_conformance::overload;
use pyrate_memory::{
    AnyBucket, BucketFactory, InMemoryBucket, KeyedMemory, ManualClock, Rate, RateItem,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const TASKS: u64 = 10_000;

/// What each of 10,000 waiting tasks may take: the task, its future, its sleep, and its place in line.
const BYTES_A_TASK: usize = 3_000;

/// What a place in line may take, with all that the log keeps for it.
const BYTES_A_PLACE: usize = 250;

/// The right to count bytes.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    MEMORY.reset_peak_usage();
    alone
}

fn one(rate: &str, clock: &ManualClock) -> InMemoryBucket {
    InMemoryBucket::with_clock(rate.parse::<Rate>().unwrap(), clock.clone())
}

fn one_of_many(rate: &str, clock: &ManualClock) -> AnyBucket {
    let keyed = KeyedMemory::builder(rate.parse::<Rate>().unwrap()).clock(clock.clone()).build();
    keyed.get(&RateItem::new("a name", 1)).unwrap().into_owned()
}

/// Runs `work`, and holds what it allocated at once to `bytes` for each of `count`; hardly anything may be left.
fn within(what: &str, bytes: usize, count: u64, work: impl FnOnce()) {
    let before = MEMORY.current_usage();
    work();
    let (peak, left) = (MEMORY.peak_usage() - before, MEMORY.current_usage().abs_diff(before));
    let each = peak / usize::try_from(count).unwrap();
    println!("{what}: {each} bytes for each of {count}, {left} left");
    assert!(each <= bytes, "{what}: {each} bytes for each of {count}");
    assert!(left <= 100_000, "{what}: {left} bytes are left");
}

#[test]
fn ten_thousand_tasks_in_line_go_in_order_and_take_bounded_memory() {
    let _alone = alone();
    let clock = ManualClock::new();
    within("tasks in line", BYTES_A_TASK, TASKS, || {
        overload::tasks_in_line(one("100/s", &clock), &clock, TASKS).unwrap();
    });
    overload::tasks_in_line(one_of_many("100/s", &clock), &clock, TASKS).unwrap();
}

#[test]
fn a_line_reaches_years_ahead_and_no_further_than_numbers_do() {
    let _alone = alone();
    for rate in ["1/365d", "1/52w", "1/30d"] {
        let clock = ManualClock::new();
        let ahead = overload::years_ahead(one(rate, &clock)).unwrap();
        assert_eq!(overload::years_ahead(one_of_many(rate, &clock)).unwrap(), ahead);
        println!("{rate}: {} days ahead", ahead.as_secs() / 86_400);
        assert!(ahead > Duration::from_hours(280 * 365 * 24));
    }
}

#[test]
fn a_million_cancels_lose_no_place_and_no_memory() {
    let _alone = alone();
    let is_long = env::var_os("PYRATE_LONG").is_some();
    let (waiting, cancels) = (1_000, if is_long { 1_000_000 } else { 100_000 });
    let clock = ManualClock::new();
    within("places in line", BYTES_A_PLACE, waiting, || {
        overload::cancels(one("10/s", &clock), waiting, cancels).unwrap();
    });
    overload::cancels(one_of_many("10/s", &clock), waiting, cancels).unwrap();
}

#[test]
fn a_limiter_that_is_dropped_with_thousands_in_line_gives_every_place_back() {
    let _alone = alone();
    let clock = ManualClock::new();
    within("tasks dropped in line", BYTES_A_TASK, TASKS, || {
        overload::dropped_in_line(one("100/s", &clock), &clock, TASKS).unwrap();
    });
    overload::dropped_in_line(one_of_many("100/s", &clock), &clock, TASKS).unwrap();
}
