//! The bucket in memory beside governor, leaky-bucket and ratelimit, each on its own default clock.
//!
//! Each of them holds one rate, approximately; a bucket here holds any number of them, exactly. What was reached
//! on which machine stands in ARCHITECTURE.md.

// A benchmark prints: that is its job. It measures code, not bad input.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod growth;
mod peers;

use std::hint::black_box;
use std::time::Duration;

use pyrate_memory::{AbstractBucket, InMemoryBucket, Limiter, ManualClock, Rate, RateItem, Rates};
use xtask::paired::{Bound, Chart, Pair, Report, save, timed};

use peers::{GOVERNOR, LEAKY_BUCKET, PLENTY, RATELIMIT};

/// Why an admission takes longer than governor's.
const EXACT: &str = "reading the clock hides all that governor does; an exact admission that keeps the name is some 240 \
                     instructions more";
/// Why a denial takes longer than governor's.
const DENIAL: &str =
    "the clock's reading is the floor under both; the exact wait and the answer take 2 ns more";

fn main() {
    let mut reports = vec![
        admit_with("memory, admit, bucket alone, 1 rate", rates(1), Some(1.25))
            .on(Chart::Backends, "memory, admit", 1)
            .on(Chart::Rates, "memory", 1)
            .on(Chart::Weight, "memory", 1)
            .peer_on(Chart::Backends, "governor, admit", 1)
            .peer_on(Chart::Rates, "governor (1 rate)", 1),
        admit_beside_leaky_bucket().peer_on(Chart::Backends, "leaky-bucket, admit", 1),
        admit_beside_ratelimit().peer_on(Chart::Backends, "ratelimit, admit", 1),
        admit_with("memory, admit, bucket alone, 4 rates", rates(4), Some(1.4)).on(
            Chart::Rates,
            "memory",
            4,
        ),
        admit_through_limiter(),
        deny(1).on(Chart::Backends, "memory, deny", 1).peer_on(
            Chart::Backends,
            "governor, deny",
            1,
        ),
        deny_beside_leaky_bucket().peer_on(Chart::Backends, "leaky-bucket, deny", 1),
        deny_beside_ratelimit().peer_on(Chart::Backends, "ratelimit, deny", 1),
        deny(2),
        admit_with_two_threads(),
        first_call_after_two_million_expired(),
    ];
    reports.extend(growth::all());
    save("memory", &reports).unwrap();
}

/// So many rates, each twice as long as the one before; nothing is denied, and marks are kept for minutes.
fn rates(count: u32) -> Rates {
    let rate = |number: u32| {
        let limit = u64::from(PLENTY) << number;
        Rate::new(limit, Duration::from_secs(1 << number)).unwrap()
    };
    // The limit a second never rises, and does not fall either.
    Rates::new((0..count).map(rate)).unwrap()
}

fn admit_with(work: &str, rates: Rates, target: Option<f64>) -> Report {
    let (item, peer) = (RateItem::new("item", 1), peers::governor_with_plenty());
    let bucket = InMemoryBucket::new(rates);
    let pair = Pair::new(work, GOVERNOR);
    let pair = target.iter().fold(pair, |pair, target| pair.target(*target));
    pair.run(
        |iterations| timed(iterations, || bucket.put(black_box(&item)).unwrap().is_granted()),
        |iterations| timed(iterations, || peer.check().is_ok()),
    )
    .because(EXACT)
}

fn admit_beside_leaky_bucket() -> Report {
    let peer = peers::leaky_bucket_with_plenty();
    admit_beside(&Pair::new("memory, admit, bucket alone, 1 rate", LEAKY_BUCKET), || {
        peer.try_acquire(1)
    })
}

fn admit_beside_ratelimit() -> Report {
    let peer = peers::ratelimit_with_plenty();
    admit_beside(&Pair::new("memory, admit, bucket alone, 1 rate", RATELIMIT), || {
        peer.try_wait().is_ok()
    })
}

fn admit_beside(pair: &Pair<'_>, theirs: impl Fn() -> bool) -> Report {
    let (item, bucket) = (RateItem::new("item", 1), InMemoryBucket::new(rates(1)));
    assert!(theirs());
    pair.run(
        |iterations| timed(iterations, || bucket.put(black_box(&item)).unwrap().is_granted()),
        |iterations| timed(iterations, &theirs),
    )
}

fn admit_through_limiter() -> Report {
    let limiter = Limiter::new(InMemoryBucket::new(rates(1)));
    let peer = peers::governor_with_plenty();
    Pair::new("memory, admit, through Limiter", GOVERNOR)
        .target(1.6)
        .run(
            |iterations| timed(iterations, || limiter.try_acquire(black_box("item")).is_ok()),
            |iterations| timed(iterations, || peer.check().is_ok()),
        )
        .because(EXACT)
}

fn full_bucket() -> InMemoryBucket {
    let bucket = InMemoryBucket::new(Rate::per_week(1));
    let _ = bucket.put(&RateItem::new("item", 1)).unwrap();
    bucket
}

fn deny(threads: u64) -> Report {
    let (item, bucket, peer) =
        (RateItem::new("item", 1), full_bucket(), peers::governor_with_none());
    Pair::new(&format!("memory, deny, threads: {threads}"), GOVERNOR)
        .target(1.15)
        .run_on(
            threads,
            |_| || bucket.put(black_box(&item)).unwrap().is_granted(),
            |_| || peer.check().is_ok(),
        )
        .because(DENIAL)
}

fn deny_beside_leaky_bucket() -> Report {
    let peer = peers::leaky_bucket_with_none();
    deny_beside(&Pair::new("memory, deny, threads: 1", LEAKY_BUCKET), || peer.try_acquire(1))
}

fn deny_beside_ratelimit() -> Report {
    let peer = peers::ratelimit_with_none();
    deny_beside(&Pair::new("memory, deny, threads: 1", RATELIMIT), || peer.try_wait().is_ok())
}

fn deny_beside(pair: &Pair<'_>, theirs: impl Fn() -> bool) -> Report {
    let (item, bucket) = (RateItem::new("item", 1), full_bucket());
    assert!(!theirs());
    pair.run(
        |iterations| timed(iterations, || bucket.put(black_box(&item)).unwrap().is_granted()),
        |iterations| timed(iterations, &theirs),
    )
}

fn admit_with_two_threads() -> Report {
    growth::admit_on(2, &Pair::new("memory, admit, threads: 2", GOVERNOR).target(1.3))
        .because(EXACT)
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
        .with_long_rounds()
        .run(|iterations| (0..iterations).map(|_| two_million_and_one()).sum())
}
