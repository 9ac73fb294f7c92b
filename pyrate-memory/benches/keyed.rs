//! A limit for each of many names beside governor's keyed limiter: `DashMap` with its default hasher and `String` keys.
//!
//! Names are random and 16 bytes long, and asked for in random order. Each holds a grant or two at any time, but for the
//! busy ones; governor keeps one number a name, however many. What was reached on which machine stands in ARCHITECTURE.md.

// A benchmark prints: that is its job. It measures code, not bad input.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use pyrate_memory::{BucketFactory, KeyedMemory, Limiter, Rate, RateItem};
use xtask::paired::{Chart, Pair, Peer, Report, Skill, save, timed};

const GOVERNOR: Peer<'_> = Peer::new("governor, keyed").cannot(&[
    Skill::ExactWindows,
    Skill::SeveralRates,
    Skill::WaitingInLine,
]);

/// Why a thousand names take longer than governor's.
const EXACT: &str = "the names are in the cache, so what counts is the instructions of an exact admission: half of the time is \
                     the map, the lock and the clock";

/// So many units a second that no call is denied.
const PLENTY: u32 = 1_000_000_000;

fn main() {
    let mut reports = vec![admit(&random_names(1), 1, None)];
    for (count, target) in [(1_000, 1.15), (100_000, 2.2), (1_000_000, 1.05)] {
        let names = random_names(count);
        reports.extend([1, 2].map(|threads| admit(&names, threads, Some(target))));
        reports.push(admit_through_limiter(&names));
    }
    reports.push(admit_busy(&random_names(1_000)));
    save("keyed", &reports).unwrap();
}

/// Different names of 16 letters and digits.
fn random_names(count: usize) -> Vec<String> {
    let random = RandomState::new();
    let mut names = HashSet::new();
    (0_u64..)
        .map(|number| format!("{:016x}", random.hash_one(number)))
        .filter(|name| names.insert(name.clone()))
        .take(count)
        .collect()
}

/// A memory whose window sees each name about once at the pace of one thread.
fn keyed(names: &[String]) -> KeyedMemory {
    let window = Duration::from_micros(u64::try_from(names.len() / 20).unwrap().max(1));
    KeyedMemory::new(Rate::new(1_000_000, window).unwrap())
}

fn governor_with_plenty() -> DefaultKeyedRateLimiter<String> {
    RateLimiter::keyed(Quota::per_second(NonZeroU32::new(PLENTY).unwrap()))
}

/// Names in an order that no cache foresees.
struct Shuffled<'a> {
    names: &'a [String],
    state: u64,
}

impl<'a> Shuffled<'a> {
    fn new(names: &'a [String], state: u64) -> Shuffled<'a> {
        Shuffled { names, state }
    }

    fn next(&mut self) -> &'a String {
        // Knuth's linear congruential generator (MMIX); its high bits choose.
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let index = (u128::from(self.state) * u128::try_from(self.names.len()).unwrap()) >> 64;
        self.names.get(usize::try_from(index).unwrap()).unwrap()
    }
}

fn admit(names: &[String], threads: u64, target: Option<f64>) -> Report {
    let work = format!("keyed, admit, names: {}, threads: {threads}", names.len());
    let pair = target.iter().fold(Pair::new(&work, GOVERNOR), |pair, target| pair.target(*target));
    charted(admit_with(&keyed(names), &pair, names, threads), names.len(), threads)
}

fn charted(report: Report, names: usize, threads: u64) -> Report {
    let report = if names == 1_000 { report.because(EXACT) } else { report };
    let count = u32::try_from(names).unwrap();
    match (names, threads) {
        (100_000, 1) => report
            .on(Chart::Backends, "keyed, admit, 100,000 names", 1)
            .peer_on(Chart::Backends, "governor keyed, admit, 100,000 names", 1)
            .on(Chart::Names, "keyed", count)
            .peer_on(Chart::Names, "governor, keyed", count),
        (_, 1) => {
            report.on(Chart::Names, "keyed", count).peer_on(Chart::Names, "governor, keyed", count)
        }
        _ => report,
    }
}

/// Each name holds thousands of grants: those of a second.
fn admit_busy(names: &[String]) -> Report {
    let work = format!("keyed, admit, busy names: {}", names.len());
    let memory = KeyedMemory::new(Rate::per_second(u64::from(PLENTY)));
    admit_with(&memory, &Pair::new(&work, GOVERNOR), names, 1)
}

fn admit_with(memory: &KeyedMemory, pair: &Pair<'_>, names: &[String], threads: u64) -> Report {
    let peer = governor_with_plenty();
    let ours = |name: &String| {
        let item = RateItem::new(name.as_str(), 1);
        memory.reserve(&item, Duration::ZERO).unwrap().is_granted()
    };
    let theirs = |name: &String| peer.check_key(name).is_ok();
    beside(pair, names, threads, ours, theirs)
}

fn admit_through_limiter(names: &[String]) -> Report {
    let (limiter, peer) = (Limiter::with_factory(keyed(names)), governor_with_plenty());
    let ours = |name: &String| limiter.try_acquire(name.as_str()).is_ok();
    let theirs = |name: &String| peer.check_key(name).is_ok();
    let work = format!("keyed, admit through Limiter, names: {}", names.len());
    beside(&Pair::new(&work, GOVERNOR), names, 1, ours, theirs)
}

fn beside(
    pair: &Pair<'_>,
    names: &[String],
    threads: u64,
    ours: impl Fn(&String) -> bool + Sync,
    theirs: impl Fn(&String) -> bool + Sync,
) -> Report {
    assert!(names.iter().all(|name| ours(name) && theirs(name)));
    let (ours, theirs) = (&ours, &theirs);
    let (mut our_names, mut their_names) = (Shuffled::new(names, 0), Shuffled::new(names, 1));
    if threads == 1 {
        return pair.run(
            |iterations| timed(iterations, || ours(our_names.next())),
            |iterations| timed(iterations, || theirs(their_names.next())),
        );
    }
    pair.run_on(
        threads,
        |thread| {
            let mut names = Shuffled::new(names, thread);
            move || ours(names.next())
        },
        |thread| {
            let mut names = Shuffled::new(names, thread);
            move || theirs(names.next())
        },
    )
}
