//! Two processes that call without a pause: the longest that a single call takes.

use std::env;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pyrate_sqlite::{AbstractBucket, Rate, RateItem, SqliteStore};
use xtask::paired::{Bound, Report};

use crate::PLENTY;

/// Names the file to a child.
const FILE: &str = "PYRATE_BENCH_FILE";

/// For how long, in quick runs too: the bound is one for so many calls.
const DURATION: Duration = Duration::from_secs(10);

pub(crate) fn is_child() -> bool {
    env::var_os(FILE).is_some()
}

/// Calls for as long as the benchmark says, and prints the longest call in nanoseconds.
pub(crate) fn run_child() {
    let store = SqliteStore::open(env::var_os(FILE).unwrap()).unwrap();
    let (bucket, item) = (store.bucket("key", Rate::per_hour(PLENTY)), RateItem::new("key", 1));
    let (end, mut longest, mut calls) = (Instant::now() + DURATION, Duration::ZERO, 0_u64);
    while Instant::now() < end {
        let start = Instant::now();
        assert!(bucket.put(&item).unwrap().is_granted());
        longest = longest.max(start.elapsed());
        calls += 1;
    }
    println!("{} {calls}", longest.as_nanos());
}

/// The longest single call of two processes.
pub(crate) fn longest_wait() -> Report {
    let name = format!("sqlite, 2 processes, longest call in {DURATION:?}");
    let bound = Bound::new(&name, Duration::from_millis(50));
    bound.once(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("limits.db");
        let child = || {
            let program = env::current_exe().unwrap();
            Command::new(program).env(FILE, &path).stdout(Stdio::piped()).spawn().unwrap()
        };
        let longest = [child(), child()].map(longest);
        longest.into_iter().max().unwrap()
    })
    .because("it is the longest of many thousand calls: where the disk or a processor stalls, it waits as long")
}

fn longest(child: Child) -> Duration {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (longest, calls) = text.trim().split_once(' ').unwrap();
    println!("  a process made {calls} calls, the longest took {longest} ns");
    Duration::from_nanos(longest.parse().unwrap())
}
