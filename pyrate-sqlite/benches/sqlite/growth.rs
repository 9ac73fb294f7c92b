//! What grows: rates, weight, names, callers. Each is a line and a point on a chart.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use pyrate_sqlite::{AbstractBucket, BucketFactory, Rate, RateItem, Rates, SqliteStore};
use xtask::paired::{Chart, Pair, Report, timed};

use crate::PLENTY;
use crate::callers::from_tasks;
use crate::desk::{Desk, together};
use crate::floor::{COUNTING, Counting, FLOOR, Floor};

/// Why threads may be slower than usual.
const EVERY_CORE: &str = "the threads need every core, to be woken up and to decide, and the floor's one caller needs one: what else \
                          the machine does slows only them";

/// Over how many a grant's bytes are taken.
const GRANTS: u32 = 20_000;

pub(crate) fn all() -> Vec<Report> {
    let mut reports = Vec::from([1, 2, 4, 8].map(with_rates));
    reports.extend([100, 10_000, 1_000_000].map(with_weight));
    reports.extend([1, 100, 10_000].map(with_weight_counted));
    reports.extend([1, 1_000, 100_000, 1_000_000].map(with_names));
    reports.extend([1, 4, 16, 64, 256, 1_024].map(with_tasks));
    reports.extend([1, 4, 16, 64, 256, 1_024].map(with_threads));
    reports.extend(bytes());
    reports
}

/// So many rates, each over twice the time of the one before; nothing is denied.
fn rates(count: u32) -> Rates {
    let hour = Duration::from_hours(1);
    let rate = |number: u32| Rate::new(1 << (40 + number), hour * (1 << number)).unwrap();
    Rates::new((0..count).map(rate)).unwrap()
}

fn with_rates(count: u32) -> Report {
    let (desk, floor) = (Desk::filled(1_000, rates(count)), Floor::new());
    let item = RateItem::new("key", 1);
    Pair::new(&format!("sqlite, admit, rates: {count}"), FLOOR)
        .run(
            |iterations| timed(iterations, || desk.bucket.put(black_box(&item)).unwrap()),
            |iterations| timed(iterations, || floor.update()),
        )
        .on(Chart::Rates, "sqlite", count)
        .peer_on(Chart::Rates, "one-row UPDATE", count)
}

fn with_weight(weight: u32) -> Report {
    let desk = || Desk::filled(1_000, Rate::per_hour(PLENTY));
    let (ours, theirs) = (desk(), desk());
    let (heavy, light) = (RateItem::new("key", weight.into()), RateItem::new("key", 1));
    let report = Pair::new(&format!("sqlite, admit, weight: {weight}"), "the same, weight: 1").run(
        |iterations| timed(iterations, || ours.bucket.put(black_box(&heavy)).unwrap()),
        |iterations| timed(iterations, || theirs.bucket.put(black_box(&light)).unwrap()),
    );
    report.on(Chart::Weight, "sqlite", weight)
}

fn with_weight_counted(weight: u32) -> Report {
    let report = counting(&format!("sqlite, admit, weight: {weight}"), 1_000, weight);
    let report = report.peer_on(Chart::Weight, "COUNT(*)", weight);
    if weight == 1 { report.on(Chart::Weight, "sqlite", weight) } else { report }
}

/// Beside one that counts its rows.
pub(crate) fn counting(work: &str, stored: u32, weight: u32) -> Report {
    let desk = Desk::filled(stored, Rate::per_hour(PLENTY));
    let (counting, item) = (Counting::filled(stored.into()), RateItem::new("key", weight.into()));
    Pair::new(work, COUNTING).run(
        |iterations| timed(iterations, || desk.bucket.put(black_box(&item)).unwrap()),
        |iterations| {
            counting.take_back();
            timed(iterations, || counting.put(weight))
        },
    )
}

fn with_names(count: u32) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("limits.db")).unwrap();
    let (keyed, floor) = (Arc::new(store.keyed(Rate::per_hour(PLENTY))), Floor::new());
    together(count, |number| {
        let keyed = Arc::clone(&keyed);
        async move {
            let name = name(number);
            let decision = keyed.reserve_async(&RateItem::new(&name, 1), Duration::ZERO).await;
            decision.unwrap().is_granted()
        }
    });
    let mut number: u32 = 0;
    let mut call = || {
        // A step that shares no factor with the count visits each name, and none where the last one lies.
        number = (number + 61_803) % count;
        let name = name(number);
        keyed.reserve(&RateItem::new(&name, 1), Duration::ZERO).unwrap().is_granted()
    };
    Pair::new(&format!("sqlite, admit, names: {count}"), FLOOR)
        .run(
            |iterations| timed(iterations, || assert!(call())),
            |iterations| timed(iterations, || floor.update()),
        )
        .on(Chart::Names, "sqlite", count)
}

fn name(number: u32) -> String {
    format!("name-{number:011}")
}

fn with_tasks(tasks: u32) -> Report {
    let (desk, floor) = (Desk::filled(1_000, Rate::per_hour(PLENTY)), Floor::new());
    let work = format!("sqlite, admit, tasks on one bucket: {tasks}");
    let pair = Pair::new(&work, FLOOR).with_long_rounds();
    let pair = if tasks == 64 { pair.target(0.2) } else { pair };
    let report = pair.run(
        |iterations| from_tasks(tasks, iterations, &desk.bucket),
        |iterations| timed(iterations, || floor.update()),
    );
    let report = report.on(Chart::Callers, "sqlite, tasks", tasks);
    if tasks == 1 { report } else { report.uneven() }
}

fn with_threads(threads: u32) -> Report {
    let (desk, floor) = (Desk::filled(1_000, Rate::per_hour(PLENTY)), Floor::new());
    let work = format!("sqlite, admit, threads on one bucket: {threads}");
    let pair = Pair::new(&work, FLOOR);
    let pair = if threads == 64 { pair.target(0.5) } else { pair };
    let item = RateItem::new("key", 1);
    pair.run_on_beside_one(
        threads.into(),
        |_| || assert!(desk.bucket.put(&item).unwrap().is_granted()),
        |iterations| timed(iterations, || floor.update()),
    )
    .on(Chart::Callers, "sqlite, threads", threads)
    .because(EVERY_CORE)
}

/// Each weight's bytes are taken once, since to fill a file takes longer than all else here.
fn bytes() -> Vec<Report> {
    let ours = [1, 100, 10_000, 1_000_000].map(|weight| (weight, bytes_each(weight)));
    let [(_, light), ..] = ours;
    let beside_light = ours.map(|(weight, bytes)| bytes_with_weight(weight, bytes, light));
    // At a row a unit a million of them is off the chart.
    let counted = ours.into_iter().filter(|(weight, _)| *weight < 1_000_000);
    let beside_counted = counted.map(|(weight, bytes)| bytes_counted(weight, bytes));
    beside_light.into_iter().chain(beside_counted).collect()
}

fn bytes_with_weight(weight: u32, bytes: f64, light: f64) -> Report {
    Pair::new(&format!("sqlite, bytes a grant, weight: {weight}"), "the same, weight: 1")
        .bytes(bytes, light)
        .on(Chart::Bytes, "sqlite", weight)
}

fn bytes_counted(weight: u32, bytes: f64) -> Report {
    let counting = Counting::filled(GRANTS.into()).bytes();
    Pair::new(&format!("sqlite, bytes a grant, weight: {weight}"), COUNTING)
        .bytes(bytes, f64::from(counting) * f64::from(weight) / f64::from(GRANTS))
        .peer_on(Chart::Bytes, "COUNT(*)", weight)
}

fn bytes_each(weight: u32) -> f64 {
    let desk = Desk::filled_with(GRANTS, weight, Rate::per_hour(PLENTY));
    f64::from(desk.bytes()) / f64::from(GRANTS)
}
