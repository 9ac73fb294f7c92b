//! One caller, who waits for each answer: medians, beside PING's and beside the same bucket with fewer grants.

use std::hint::black_box;

use pollster::block_on;
use pyrate_redis::{AbstractBucket, RateItem, RedisBucket};
use xtask::paired::{Chart, Pair, Report};

use crate::callers::medians;
use crate::desk::{Desk, HOUR, STEP};
use crate::peer::{Direct, PING, PING_WITHOUT_HOP, SORTED_SET};

pub(crate) fn all() -> Vec<Report> {
    let desk = Desk::new();
    let bucket = desk.filled("key", 1_000);
    let mut reports = beside_floors(&desk, &bucket);
    for stored in [100_000, 1_000_000] {
        let larger = desk.filled(&stored.to_string(), stored);
        reports.push(admit_among(stored, &larger, &bucket));
        reports.push(deny_among(&desk, stored));
    }
    let desk = Desk::new();
    reports.extend([10, 100_000, 1_000_000].map(|stored| at_the_limit(&desk, stored)));
    reports
}

fn beside_floors(desk: &Desk, bucket: &RedisBucket) -> Vec<Report> {
    let (peer, direct) = (&desk.peer, Direct::connect(&desk.server.url()));
    let admit = |iterations| medians(iterations, || put(bucket, 1));
    let work = "redis, admit, one caller";
    let sorted = || assert!(block_on(peer.sorted_set("sorted", 1, &[(HOUR, i64::MAX)])));
    vec![
        Pair::new(work, PING)
            .target(1.35)
            .run(admit, |iterations| medians(iterations, || block_on(peer.ping())))
            .on(Chart::Backends, "redis, admit, 1,000 stored", 1)
            .peer_on(Chart::Backends, "PING, same client and hop", 1)
            .because("the script takes 7 to 8 us of the server's time, PING none to speak of"),
        Pair::new(work, "EVALSHA return 1")
            .run(admit, |iterations| medians(iterations, || block_on(peer.empty_script()))),
        Pair::new(work, SORTED_SET).run(admit, |iterations| medians(iterations, sorted)).peer_on(
            Chart::Backends,
            "sorted set in Redis, admit",
            1,
        ),
        Pair::new(work, PING_WITHOUT_HOP)
            .run(admit, |iterations| medians(iterations, || direct.ping()))
            .peer_on(Chart::Backends, "PING, no hop (Redis's floor)", 1),
        Pair::new("redis, admit, one caller, weight 100", "weight 1")
            .target(1.1)
            .run(|iterations| medians(iterations, || put(bucket, 100)), admit)
            .on(Chart::Weight, "redis", 100)
            .peer_on(Chart::Weight, "redis", 1),
    ]
}

fn admit_among(stored: u64, larger: &RedisBucket, bucket: &RedisBucket) -> Report {
    Pair::new(&format!("redis, admit, one caller, stored: {stored}"), "stored: 1000")
        .target(1.3)
        .run(
            |iterations| medians(iterations, || put(larger, 1)),
            |iterations| medians(iterations, || put(bucket, 1)),
        )
}

/// By handles without room on the buckets that were filled.
fn deny_among(desk: &Desk, stored: u64) -> Report {
    let without_room = |stored: u64| {
        let rate = pyrate_redis::Rate::per_hour(stored);
        desk.store.bucket(if stored > 1_000 { stored.to_string() } else { "key".to_owned() }, rate)
    };
    let (larger, bucket) = (without_room(stored), without_room(1_000));
    let deny = |bucket: &RedisBucket| {
        assert!(bucket.put(black_box(&RateItem::new("key", 1))).unwrap().is_denied());
    };
    Pair::new(&format!("redis, deny, one caller, stored: {stored}"), "stored: 1000")
        .target(1.3)
        .run(
            |iterations| medians(iterations, || deny(&larger)),
            |iterations| medians(iterations, || deny(&bucket)),
        )
}

/// Each grant takes the place of one that leaves the window just then: nothing can be decided by the trailer alone.
fn at_the_limit(desk: &Desk, stored: u64) -> Report {
    let (larger, larger_clock) = desk.full(&format!("full {stored}"), stored);
    let (bucket, clock) = desk.full(&format!("full beside {stored}"), 1_000);
    Pair::new(&format!("redis, admit at the limit, stored: {stored}"), "stored: 1000")
        .target(1.3)
        .run(
            |iterations| {
                medians(iterations, || {
                    larger_clock.advance(STEP);
                    put(&larger, 1);
                })
            },
            |iterations| {
                medians(iterations, || {
                    clock.advance(STEP);
                    put(&bucket, 1);
                })
            },
        )
        .on(Chart::Stored, "redis", u32::try_from(stored).unwrap())
        .peer_on(Chart::Stored, "redis", 1_000)
}

fn put(bucket: &RedisBucket, weight: u64) {
    let item = RateItem::new("key", weight);
    assert!(bucket.put(black_box(&item)).unwrap().is_granted());
}
