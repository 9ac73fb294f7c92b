//! Lines on a server that are longer, or reach further, than anybody planned for, and what they take of its memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and these say what they measured"
)]

mod support;

use std::time::Duration;

use pyrate_conformance::overload;
use pyrate_redis::{AbstractBucket, Decision, ManualClock, Rate, RateItem, RedisBucket};
use support::{builder, fresh_prefix, shared};

/// What a place in line may take of the server's memory: a mark, and a member of the sorted set of those who wait.
const BYTES_A_PLACE: u64 = 220;

/// So many, or that many times as many where the run may be long.
fn size(normal: u64, times: u64) -> u64 {
    if std::env::var_os("PYRATE_LONG").is_some() { normal * times } else { normal }
}

/// A bucket, its clock, and what all its keys begin with.
struct Bench {
    bucket: RedisBucket,
    clock: ManualClock,
    prefix: String,
}

impl Bench {
    fn new(rate: &str) -> Bench {
        let (prefix, clock) = (fresh_prefix(), ManualClock::new());
        let store = builder().prefix(prefix.clone()).clock(clock.clone());
        let store = store.command_timeout(Duration::from_secs(20)).build().unwrap();
        Bench { bucket: store.bucket("key", rate.parse::<Rate>().unwrap()), clock, prefix }
    }

    /// What all keys of the bucket take, by the server's own count.
    fn server_bytes(&self) -> u64 {
        let keys = shared().ask(&format!("KEYS {}*", self.prefix));
        let keys = keys.split(' ').filter(|key| !key.is_empty());
        let bytes = |key| shared().ask(&format!("MEMORY USAGE {key} SAMPLES 0"));
        keys.map(|key| bytes(key).parse::<u64>().unwrap()).sum()
    }
}

#[test]
fn a_line_on_a_server_reaches_years_ahead_and_no_further_than_numbers_do() {
    for rate in ["1/365d", "1/52w", "1/30d"] {
        let ahead = overload::years_ahead(Bench::new(rate).bucket).unwrap();
        println!("{rate}: {} days ahead", ahead.as_secs() / 86_400);
        assert!(ahead > Duration::from_hours(280 * 365 * 24));
    }
}

#[test]
fn a_million_cancels_on_a_server_lose_no_place_and_none_of_its_memory() {
    let (waiting, bench) = (1_000, Bench::new("10/s"));
    overload::cancels(bench.bucket.clone(), waiting, size(5_000, 200)).unwrap();
    let each = bench.server_bytes() / waiting;
    println!("{each} bytes of the server for each of {waiting} places, after all those cancels");
    // Of each place that is left, it is kept how much of it is free.
    assert!(each <= 2 * BYTES_A_PLACE, "{each} bytes for each place");
}

#[test]
fn ten_thousand_places_in_line_take_bounded_memory_of_the_server_and_give_it_back() {
    let (places, bench) = (size(2_000, 5), Bench::new("1/s"));
    for _ in 0..places {
        let granted = bench.bucket.reserve(&RateItem::new("somebody", 1), Duration::MAX).unwrap();
        assert!(matches!(granted, Decision::Granted(_)));
    }
    let each = bench.server_bytes() / places;
    println!("{each} bytes of the server for each of {places} places");
    assert!(each <= BYTES_A_PLACE, "{each} bytes for each place");
    bench.clock.advance(Duration::from_secs(2 * places));
    assert_eq!((bench.bucket.leak(None).unwrap(), bench.bucket.count().unwrap()), (places, 0));
    // A call works off 64 of those who have gone, and stands behind them until all are; or all of it expires.
    for _ in 0..=places / 63 {
        bench.clock.advance(Duration::from_secs(2));
        assert!(bench.bucket.put(&RateItem::new("afterwards", 1)).unwrap().is_granted());
    }
    let left = bench.server_bytes();
    assert!(left < 2_000, "{left} bytes are left of a line that is over");
}

#[test]
fn a_limiter_that_is_dropped_with_thousands_in_line_on_a_server_gives_every_place_back() {
    let Bench { bucket, clock, .. } = Bench::new("100/s");
    overload::dropped_in_line(bucket, &clock, size(2_000, 5)).unwrap();
}
