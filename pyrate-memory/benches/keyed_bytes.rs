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

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Most bytes a name, by how many grants it holds.
const TARGETS: [(u32, f64); 3] = [(1, 200.0), (4, 200.0), (10, 340.0)];

fn main() {
    for count in [1_000, 100_000, 1_000_000] {
        for (grants, target) in TARGETS {
            let used = used_by(|| filled(count, grants));
            used.print(
                &format!("keyed, names: {count}, grants each: {grants}"),
                count,
                Some(target),
            );
        }
        let used = used_by(|| governor_filled(count));
        used.print(&format!("governor, keyed, names: {count}"), count, None);
    }
}

/// Bytes that a value takes.
struct Used {
    allocated: usize,
    resident: usize,
}

impl Used {
    #[expect(clippy::cast_precision_loss, reason = "bytes fit a float")]
    fn print(&self, work: &str, count: usize, target: Option<f64>) {
        let each = |bytes: usize| bytes as f64 / count as f64;
        let allocated = each(self.allocated);
        let verdict = target.map_or(String::new(), |target| {
            let verdict = if allocated <= target { "met" } else { "missed" };
            format!("target <= {target}  {verdict}")
        });
        let resident = each(self.resident);
        println!("{work:<44} {allocated:6.1} bytes a name, resident {resident:6.1}   {verdict}");
    }
}

fn used_by<T>(make: impl FnOnce() -> T) -> Used {
    let (allocated, resident) = (MEMORY.current_usage(), resident());
    let value = make();
    let used = Used {
        allocated: MEMORY.current_usage().saturating_sub(allocated),
        resident: self::resident().saturating_sub(resident),
    };
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

fn names(count: usize) -> impl Iterator<Item = String> {
    let random = RandomState::new();
    (0..count).map(move |number| format!("{:016x}", random.hash_one(number)))
}

fn filled(count: usize, grants: u32) -> KeyedMemory {
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

fn governor_filled(count: usize) -> DefaultKeyedRateLimiter<String> {
    let limiter = RateLimiter::keyed(Quota::per_hour(NonZeroU32::new(1_000).unwrap()));
    names(count).for_each(|name| assert!(limiter.check_key(&name).is_ok()));
    limiter
}
