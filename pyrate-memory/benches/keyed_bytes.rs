//! How much memory a name takes, by a counting allocator and by what the operating system says the process resides in.
//!
//! A benchmark of its own, because counting slows every allocation down. Names are random and 16 bytes long, and their
//! bytes count; governor's keyed limiter stands beside it, which keeps one number a name.

// A benchmark prints: that is its job. It measures code, not bad input.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use peak_alloc::PeakAlloc;
use pyrate_memory::{BucketFactory, KeyedMemory, ManualClock, Rate, RateItem};
use xtask::paired::{Bound, Pair, Peer, Report, Skill, save};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const GOVERNOR: Peer<'_> = Peer::new("governor, keyed").cannot(&[
    Skill::ExactWindows,
    Skill::SeveralRates,
    Skill::WaitingInLine,
]);

/// Why a name takes more than it may.
const DOUBLED: &str = "tables double, so that what a name takes depends on how full they are";

/// Most bytes a name, by how many grants it holds.
const TARGETS: [(u32, f64); 3] = [(1, 200.0), (4, 200.0), (10, 340.0)];

fn main() {
    let reports: Vec<Report> = [1_000, 100_000, 1_000_000].into_iter().flat_map(names_of).collect();
    save("keyed_bytes", &reports).unwrap();
}

fn names_of(count: u32) -> Vec<Report> {
    let theirs = used_by(count, || governor_filled(count));
    let with = |(grants, target)| {
        let ours = used_by(count, || filled(count, grants));
        let work = format!("keyed, bytes a name, names: {count}, grants each: {grants}");
        // However many were granted, governor keeps one number a name.
        let beside = (grants == 1).then(|| Pair::new(&work, GOVERNOR).bytes(ours, theirs));
        beside.into_iter().chain([Bound::bytes(&work, target).measured(ours).because(DOUBLED)])
    };
    TARGETS.into_iter().flat_map(with).collect()
}

/// Bytes a name that a value takes.
fn used_by<T>(names: u32, make: impl FnOnce() -> T) -> f64 {
    let (allocated, resident) = (MEMORY.current_usage(), resident());
    let value = make();
    let each = |bytes: usize| f64::from(u32::try_from(bytes).unwrap()) / f64::from(names);
    let used = each(MEMORY.current_usage().saturating_sub(allocated));
    println!("  resident: {:.1} bytes a name", each(self::resident().saturating_sub(resident)));
    drop(value);
    used
}

/// Bytes of this process that are in memory; zero where the operating system doesn't say.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|statm| statm.split_whitespace().nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * 4_096
}

fn names(count: u32) -> impl Iterator<Item = String> {
    let random = RandomState::new();
    (0..count).map(move |number| format!("{:016x}", random.hash_one(number)))
}

fn filled(count: u32, grants: u32) -> KeyedMemory {
    let clock = ManualClock::new();
    let memory = KeyedMemory::builder(Rate::per_hour(1_000)).clock(clock.clone()).build();
    for name in names(count) {
        for _ in 0..grants {
            // Each grant at an instant of its own.
            clock.advance(Duration::from_micros(1));
            assert!(memory.reserve(&RateItem::new(&name, 1), Duration::ZERO).unwrap().is_granted());
        }
    }
    memory
}

fn governor_filled(count: u32) -> DefaultKeyedRateLimiter<String> {
    let limiter = RateLimiter::keyed(Quota::per_hour(NonZeroU32::new(1_000).unwrap()));
    names(count).for_each(|name| assert!(limiter.check_key(&name).is_ok()));
    limiter
}
