//! The bucket in memory beside governor, both on their own cycle-counter clocks.
//!
//! governor holds one rate, approximately (GCRA); a bucket here holds any number of them, exactly. What was reached
//! on which machine stands in ARCHITECTURE.md.

// A benchmark prints: that is its job. It measures code, not bad input.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use pyrate_memory::{AbstractBucket, InMemoryBucket, Limiter, ManualClock, Rate, RateItem, Rates};
use xtask::paired::{Bound, Pair, Report, save};

/// So many units a second that no call is denied: governor counts whole nanoseconds between them.
const PLENTY: u32 = 1_000_000_000;

fn main() {
    let reports = [
        admit_with("memory, admit, bucket alone, 1 rate", one_rate(), 1.25),
        admit_with("memory, admit, bucket alone, 4 rates", four_rates(), 1.4),
        admit_through_limiter(),
        deny(1),
        deny(2),
        admit_with_two_threads(),
        first_call_after_two_million_expired(),
    ];
    save("memory", &reports).unwrap();
}

fn one_rate() -> Rates {
    Rate::per_second(u64::from(PLENTY)).into()
}

fn four_rates() -> Rates {
    let plenty = u64::from(PLENTY);
    let rates = [
        Rate::per_second(plenty),
        Rate::per_minute(plenty * 60),
        Rate::per_hour(plenty * 3_600),
        Rate::per_day(plenty * 86_400),
    ];
    // A day of marks is kept for the longest rate: as long as the benchmark runs.
    Rates::new(rates).unwrap()
}

fn governor_with_plenty() -> DefaultDirectRateLimiter {
    RateLimiter::direct(Quota::per_second(NonZeroU32::new(PLENTY).unwrap()))
}

/// The time of `iterations` calls.
fn timed(iterations: u64, mut call: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    for _ in 0..iterations {
        black_box(call());
    }
    start.elapsed()
}

/// The time of `iterations` calls shared out to `threads` threads that start together.
fn timed_on(threads: u64, iterations: u64, call: &(impl Fn() -> bool + Sync)) -> Duration {
    if threads == 1 {
        return timed(iterations, call);
    }
    let barrier = Barrier::new(usize::try_from(threads).unwrap());
    let one = || {
        barrier.wait();
        timed(iterations / threads, call)
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
    })
}

fn admit_with(work: &str, rates: Rates, target: f64) -> Report {
    let (item, peer) = (RateItem::new("item", 1), governor_with_plenty());
    let bucket = InMemoryBucket::new(rates);
    Pair::new(work, "governor").target(target).run(
        |iterations| timed(iterations, || bucket.put(black_box(&item)).unwrap().is_granted()),
        |iterations| timed(iterations, || peer.check().is_ok()),
    )
}

fn admit_through_limiter() -> Report {
    let (limiter, peer) = (Limiter::new(InMemoryBucket::new(one_rate())), governor_with_plenty());
    Pair::new("memory, admit, through Limiter", "governor").target(1.6).run(
        |iterations| timed(iterations, || limiter.try_acquire(black_box("item")).is_ok()),
        |iterations| timed(iterations, || peer.check().is_ok()),
    )
}

fn deny(threads: u64) -> Report {
    let item = RateItem::new("item", 1);
    let bucket = InMemoryBucket::new(Rate::per_week(1));
    let peer: DefaultDirectRateLimiter =
        RateLimiter::direct(Quota::with_period(Duration::from_hours(7 * 24)).unwrap());
    let _ = (bucket.put(&item).unwrap(), peer.check());
    let ours = || bucket.put(black_box(&item)).unwrap().is_granted();
    let theirs = || peer.check().is_ok();
    Pair::new(&format!("memory, deny, threads: {threads}"), "governor").target(1.15).run(
        |iterations| timed_on(threads, iterations, &ours),
        |iterations| timed_on(threads, iterations, &theirs),
    )
}

fn admit_with_two_threads() -> Report {
    let (item, peer) = (RateItem::new("item", 1), governor_with_plenty());
    let bucket = InMemoryBucket::new(one_rate());
    let ours = || bucket.put(black_box(&item)).unwrap().is_granted();
    let theirs = || peer.check().is_ok();
    Pair::new("memory, admit, threads: 2", "governor").target(1.3).run(
        |iterations| timed_on(2, iterations, &ours),
        |iterations| timed_on(2, iterations, &theirs),
    )
}

fn first_call_after_two_million_expired() -> Report {
    let item = RateItem::new("item", 1);
    let full_window = Rate::new(2_000_000, Duration::from_secs(10)).unwrap();
    let two_million_and_one = || {
        let clock = ManualClock::new();
        // Full to the last unit, so that the cursors alone can't decide the call.
        let bucket = InMemoryBucket::with_clock(full_window, clock.clone());
        for _ in 0..2_000_000 {
            assert!(bucket.put(&item).unwrap().is_granted());
            clock.advance(Duration::from_micros(1));
        }
        clock.advance(Duration::from_secs(100));
        timed(1, || bucket.put(&item).unwrap().is_granted())
    };
    Bound::new("memory, first call after 2 million grants expired", Duration::from_micros(50))
        .run(|iterations| (0..iterations).map(|_| two_million_and_one()).sum())
}
