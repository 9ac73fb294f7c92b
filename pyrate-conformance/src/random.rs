//! Random histories, shrunk to the shortest that still fails.

use std::cell::Cell;
use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use crate::failure::{Failure, Verdict};

thread_local! {
    /// How often a failing case may be simplified.
    static SHRINKS: Cell<u32> = const { Cell::new(4_096) };
    /// From where the random values come; `None`: from anywhere.
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Runs `work` on the same random values each time, and simplifies none: where only the verdict counts.
pub(crate) fn repeatably<T>(work: impl FnOnce() -> T) -> T {
    let before = (SHRINKS.replace(0), SEED.replace(Some(2_026)));
    let result = work();
    SHRINKS.set(before.0);
    SEED.set(before.1);
    result
}

/// Plays `cases` random values; the failure that is returned is that of the simplest one found.
///
/// The environment variable `PROPTEST_CASES` sets another number of cases, `PROPTEST_RNG_SEED` repeats a run.
pub(crate) fn for_all<S: Strategy>(
    cases: u32,
    strategy: S,
    play: impl Fn(&S::Value) -> Verdict,
) -> Verdict
where
    S::Value: Debug,
{
    let default = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    let rng_seed = SEED.get().map_or(default.rng_seed, RngSeed::Fixed);
    let max_shrink_iters = SHRINKS.get();
    let config = Config { cases, rng_seed, max_shrink_iters, failure_persistence: None, ..default };
    let run = TestRunner::new(config).run(&strategy, |value| {
        play(&value).map_err(|failure| TestCaseError::fail(failure.found.clone()))
    });
    match run {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, simplest)) => {
            // Played once more for its history. A bucket that answers otherwise this time keeps what it said first.
            play(&simplest)?;
            Err(by_chance(reason.message()))
        }
        Err(TestError::Abort(reason)) => Err(by_chance(reason.message())),
    }
}

fn by_chance(found: &str) -> Box<Failure> {
    Box::new(Failure {
        expected: "the same answers to the same calls".to_owned(),
        found: format!("once, {found}"),
        ..Failure::default()
    })
}
