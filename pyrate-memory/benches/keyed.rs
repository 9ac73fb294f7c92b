//! A limit for each of many names beside governor's keyed limiter: `DashMap` with its default hasher and `String` keys.
//!
//! Names are random and 16 bytes long, and asked for in random order. Each holds a grant or two at any time, but for the
//! busy ones; governor keeps one number a name, however many. What was reached on which machine stands in ARCHITECTURE.md.

// A benchmark prints: that is its job. It measures code, not bad input.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use pyrate_memory::{BucketFactory, KeyedMemory, Limiter, Rate, RateItem};
use xtask::paired::{Pair, Report, save};

/// So many units a second that no call is denied.
const PLENTY: u32 = 1_000_000_000;

fn main() {
    let mut reports = Vec::new();
    for (count, target) in [(1_000, 1.15), (100_000, 2.2), (1_000_000, 1.05)] {
        let names = random_names(count);
        for threads in [1, 2] {
            reports.push(admit(&names, threads, target));
        }
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
    let window = Duration::from_micros(u64::try_from(names.len()).unwrap() / 20);
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

/// The time of `iterations` calls shared out to `threads` threads that start together.
fn timed(
    names: &[String],
    threads: u64,
    iterations: u64,
    call: &(impl Fn(&String) -> bool + Sync),
) -> Duration {
    let barrier = Barrier::new(usize::try_from(threads).unwrap());
    let one = |thread: u64| {
        let mut shuffled = Shuffled { names, state: thread ^ iterations };
        barrier.wait();
        let start = Instant::now();
        for _ in 0..iterations / threads {
            black_box(call(shuffled.next()));
        }
        start.elapsed()
    };
    if threads == 1 {
        return one(0);
    }
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || one(thread))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
    })
}

fn admit(names: &[String], threads: u64, target: f64) -> Report {
    let work = format!("keyed, admit, names: {}, threads: {threads}", names.len());
    let pair = Pair::new(&work, "governor, keyed").target(target);
    admit_with(&keyed(names), &pair, names, threads)
}

/// Each name holds thousands of grants: those of a second.
fn admit_busy(names: &[String]) -> Report {
    let work = format!("keyed, admit, busy names: {}", names.len());
    let memory = KeyedMemory::new(Rate::per_second(u64::from(PLENTY)));
    admit_with(&memory, &Pair::new(&work, "governor, keyed"), names, 1)
}

fn admit_with(memory: &KeyedMemory, pair: &Pair<'_>, names: &[String], threads: u64) -> Report {
    let peer = governor_with_plenty();
    let ours = |name: &String| {
        let item = RateItem::new(name.as_str(), 1);
        memory.reserve(&item, Duration::ZERO).unwrap().is_granted()
    };
    let theirs = |name: &String| peer.check_key(name).is_ok();
    for name in names {
        assert!(ours(name) && theirs(name));
    }
    pair.run(
        |iterations| timed(names, threads, iterations, &ours),
        |iterations| timed(names, threads, iterations, &theirs),
    )
}

fn admit_through_limiter(names: &[String]) -> Report {
    let (limiter, peer) = (Limiter::with_factory(keyed(names)), governor_with_plenty());
    let ours = |name: &String| limiter.try_acquire(name.as_str()).is_ok();
    let theirs = |name: &String| peer.check_key(name).is_ok();
    for name in names {
        assert!(ours(name) && theirs(name));
    }
    let work = format!("keyed, admit through Limiter, names: {}", names.len());
    Pair::new(&work, "governor, keyed").run(
        |iterations| timed(names, 1, iterations, &ours),
        |iterations| timed(names, 1, iterations, &theirs),
    )
}
