//! How much memory a grant takes, by a counting allocator: as much at any weight.
//!
//! A benchmark of its own, because counting slows every allocation down.

// A benchmark prints: that is its job. It measures code, not bad input.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use peak_alloc::PeakAlloc;
use pyrate_memory::{AbstractBucket, InMemoryBucket, ManualClock, Rate, RateItem};
use xtask::paired::{Chart, Pair, Report, save};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Just past a power of two, where a ring that doubles is at its emptiest.
const GRANTS: u32 = (1 << 17) + 1;

fn main() {
    let reports = [1, 100, 10_000, 1_000_000].map(with_weight);
    save("memory_bytes", &reports).unwrap();
}

fn with_weight(weight: u32) -> Report {
    let work = format!("memory, bytes a grant, weight: {weight}");
    let pair = Pair::new(&work, "the same, weight: 1");
    // Held against itself, weight 1 could not miss.
    let pair = if weight == 1 { pair } else { pair.target(1.0) };
    pair.bytes(bytes_each(weight), bytes_each(1)).on(Chart::Bytes, "memory", weight)
}

fn bytes_each(weight: u32) -> f64 {
    let (before, clock) = (MEMORY.current_usage(), ManualClock::new());
    let bucket = InMemoryBucket::with_clock(Rate::per_hour((1 << 53) - 1), clock.clone());
    for _ in 0..GRANTS {
        // Each grant at an instant of its own.
        clock.advance(Duration::from_micros(1));
        assert!(bucket.put(&RateItem::new("item", weight.into())).unwrap().is_granted());
    }
    let used = MEMORY.current_usage().saturating_sub(before);
    f64::from(u32::try_from(used).unwrap()) / f64::from(GRANTS)
}
