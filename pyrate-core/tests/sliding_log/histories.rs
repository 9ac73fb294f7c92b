//! The log decides as the oracle does, whatever happens: 10,000 histories, 1,000,000 where `PYRATE_LONG` is set.
//!
//! `PROPTEST_CASES` sets another number for each test.

use std::cell::{Cell, RefCell};
use std::env;
use std::thread;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::extreme::extremes;
use crate::history::histories;
use crate::pair::{Check, Reached};

const STEPS: usize = 48;

#[test]
fn the_log_decides_as_the_oracle_does() {
    let (cases, threads) = if is_long() { (500_000, 2) } else { (10_000, 1) };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| try_all(cases, &histories(STEPS), |history| history.play().map(drop)));
        }
    });
}

#[test]
fn the_histories_reach_what_they_are_made_for() {
    let tally = RefCell::new([0; Reached::ALL.len()]);
    let ran = Cell::new(0);
    try_all(1_000, &histories(STEPS), |history| {
        history.play()?.into_iter().for_each(|case| tally.borrow_mut()[case as usize] += 1);
        ran.update(|ran| ran + 1);
        Ok(())
    });
    for (case, times) in Reached::ALL.iter().zip(tally.into_inner()) {
        assert!(20 * times >= ran.get(), "{case:?} came up only {times} times");
    }
}

/// As heavy as numbers allow, on logs that have granted about as much as a `u64` can count.
#[test]
fn a_log_of_heavy_units_decides_so_too_however_many_it_has_granted() {
    let cases = if is_long() { 100_000 } else { 5_000 };
    let before =
        prop_oneof![Just(1_u128 << 62), Just(1 << 63), Just((1 << 64) - (1 << 54)), Just(1 << 64)];
    let before = (before, 0..=40_u128).prop_map(|(most, less)| most - less * (1 << 49));
    try_all(cases, &(histories(STEPS), before), |(history, before)| {
        history.play_heavily(before).map(drop)
    });
}

/// Instants, intervals, limits and weights from both ends of their ranges and beyond.
#[test]
fn the_log_decides_so_too_at_the_ends_of_all_numbers() {
    let cases = if is_long() { 1_000_000 } else { 10_000 };
    try_all(cases, &extremes(STEPS), |extreme| extreme.play());
}

fn is_long() -> bool {
    env::var_os("PYRATE_LONG").is_some()
}

fn try_all<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value) -> Check) {
    let standard = Config::default();
    let cases = if env::var_os("PROPTEST_CASES").is_some() { standard.cases } else { cases };
    let config = Config { cases, failure_persistence: None, ..standard };
    if let Err(failure) = TestRunner::new(config).run(strategy, test) {
        panic!("{failure}");
    }
}
