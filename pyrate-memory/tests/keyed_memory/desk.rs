//! What every test here has at hand: short units, and how random histories are run.

use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, thread};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use pyrate_memory::{Rate, Rates};

/// What a step of a random history comes to.
pub(crate) type Check = Result<(), TestCaseError>;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

pub(crate) fn per(limit: u64, interval: Duration) -> Rates {
    Rate::new(limit, interval).unwrap().into()
}

/// Lets other threads run until `holds`; gives up after half a minute, which only a hang takes.
pub(crate) fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "this should have come about");
        thread::yield_now();
    }
}

/// What `run` gives, which must not hang.
pub(crate) fn in_time<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waits) = mpsc::channel();
    thread::spawn(move || done.send(run()).unwrap());
    waits.recv_timeout(Duration::from_secs(30)).unwrap()
}

/// Runs `test` on so many random values, and on `long` where `PYRATE_LONG` is set; `PROPTEST_CASES` sets another number.
pub(crate) fn try_all<S: Strategy>(
    normal: u32,
    long: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> Check,
) {
    let cases = if env::var_os("PYRATE_LONG").is_some() { long } else { normal };
    let standard = Config::default();
    let cases = if env::var_os("PROPTEST_CASES").is_some() { standard.cases } else { cases };
    let config = Config { cases, failure_persistence: None, ..standard };
    if let Err(failure) = TestRunner::new(config).run(strategy, test) {
        panic!("{failure}");
    }
}
