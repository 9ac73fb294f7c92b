//! What grows: rates, weight, names, callers. Each is a line and a point on a chart.

use std::hint::black_box;
use std::time::Duration;

use pollster::block_on;
use pyrate_redis::{AbstractBucket, BucketFactory, Rate, RateItem, Rates, RedisBucket};
use xtask::paired::{Chart, Pair, Report};

use crate::callers::{from_tasks, medians, put};
use crate::crowd::repeated;
use crate::desk::{Desk, HOUR, PLENTY, name};
use crate::peer::{PING, SORTED_SET};

pub(crate) fn all() -> Vec<Report> {
    let desk = Desk::new();
    let mut reports = Vec::from([1, 2, 4, 8].map(|count| with_rates(&desk, count)));
    reports.extend([10_000, 1_000_000].map(|weight| with_weight(&desk, weight)));
    reports.extend([1, 100, 10_000].map(|weight| with_weight_sorted(&desk, weight)));
    reports.extend([1, 1_000, 100_000, 1_000_000].map(with_names));
    reports.extend([1, 4, 16, 64, 256, 1_024].map(|tasks| with_tasks(&desk, tasks)));
    reports
}

/// So many rates, each over an hour more than the one before; nothing is denied.
fn with_rates(desk: &Desk, count: u32) -> Report {
    let rates: Vec<(i64, i64)> =
        (1..=count.into()).map(|number| (HOUR * number, (1 << 40) * number)).collect();
    let sorted = || assert!(block_on(desk.peer.sorted_set("sorted", 1, &rates)));
    let rate = |(interval, limit): &(i64, i64)| {
        Rate::new(limit.unsigned_abs(), Duration::from_micros(interval.unsigned_abs())).unwrap()
    };
    let bucket =
        desk.store.bucket(format!("rates {count}"), Rates::new(rates.iter().map(rate)).unwrap());
    Pair::new(&format!("redis, admit, rates: {count}"), SORTED_SET)
        .run(
            |iterations| medians(iterations, || admit(&bucket, 1)),
            |iterations| medians(iterations, sorted),
        )
        .on(Chart::Rates, "redis", count)
        .peer_on(Chart::Rates, "sorted set", count)
}

fn with_weight(desk: &Desk, weight: u32) -> Report {
    let [heavy, light] = ["heavy", "light"].map(|key| with_plenty(desk, key));
    Pair::new(&format!("redis, admit, weight: {weight}"), "the same, weight: 1")
        .run(
            |iterations| medians(iterations, || admit(&heavy, weight)),
            |iterations| medians(iterations, || admit(&light, 1)),
        )
        .on(Chart::Weight, "redis", weight)
}

fn with_weight_sorted(desk: &Desk, weight: u32) -> Report {
    let bucket = with_plenty(desk, "beside a sorted set");
    let sorted =
        || assert!(block_on(desk.peer.sorted_set("sorted", weight.into(), &[(HOUR, i64::MAX)])));
    Pair::new(&format!("redis, admit, weight: {weight}"), SORTED_SET)
        .run(
            |iterations| medians(iterations, || admit(&bucket, weight)),
            |iterations| {
                // Or the server would hold a member for each unit of every round.
                block_on(desk.peer.call("DEL", vec!["sorted".into()]));
                medians(iterations, sorted)
            },
        )
        .peer_on(Chart::Weight, "sorted set", weight)
}

/// On a server of its own, which is gone with its million keys afterwards.
fn with_names(count: u32) -> Report {
    let desk = Desk::new();
    let keyed = desk.with_names(count);
    let mut number: u32 = 0;
    let mut call = || {
        // A step that shares no factor with the count visits each name, and none where the last one lies.
        number = (number + 61_803) % count;
        let name = name(number);
        let item = RateItem::new(&name, 1);
        assert!(keyed.reserve(black_box(&item), Duration::ZERO).unwrap().is_granted());
    };
    Pair::new(&format!("redis, admit, names: {count}"), PING)
        .run(
            |iterations| medians(iterations, &mut call),
            |iterations| medians(iterations, || block_on(desk.peer.ping())),
        )
        .on(Chart::Names, "redis", count)
}

/// Calls for one bucket share round trips; those of the peer are pipelined.
fn with_tasks(desk: &Desk, tasks: u32) -> Report {
    let bucket = with_plenty(desk, "shared");
    Pair::new(&format!("redis, admit, tasks on one bucket: {tasks}"), PING)
        .with_long_rounds()
        .run(
            |iterations| {
                from_tasks(tasks.into(), iterations, |_, times| put(bucket.clone(), 1, times, true))
            },
            repeated(tasks.into(), &desk.peer, |peer| async move { peer.ping().await }),
        )
        .on(Chart::Callers, "redis, tasks", tasks)
        .peer_on(Chart::Callers, "PING, same hop, tasks", tasks)
}

fn with_plenty(desk: &Desk, key: &str) -> RedisBucket {
    desk.store.bucket(key, Rate::per_hour(PLENTY))
}

fn admit(bucket: &RedisBucket, weight: u32) {
    let item = RateItem::new("key", weight.into());
    assert!(bucket.put(black_box(&item)).unwrap().is_granted());
}
