//! The bucket in a file beside the least that any store on SQLite has to do, and beside one that counts rows.
//!
//! All files are in write-ahead mode, with `synchronous = NORMAL`. What was reached on which machine stands in
//! ARCHITECTURE.md.

// A benchmark prints: that is its job. It measures code, not bad input.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod callers;
mod desk;
mod floor;
mod growth;
mod two_processes;

use std::hint::black_box;

use pyrate_sqlite::{AbstractBucket, Limiter, Rate, RateItem};
use xtask::paired::{Chart, Pair, Report, save, timed};

use desk::Desk;
use floor::{FLOOR, Floor};

/// As many units an hour as a bucket may hold: nothing is denied.
const PLENTY: u64 = (1 << 53) - 1;

fn main() {
    if two_processes::is_child() {
        return two_processes::run_child();
    }
    let mut reports = Vec::new();
    reports.extend(full(10));
    for (stored, target) in [(1_000, 1.8), (100_000, 1.8), (1_000_000, 2.2)] {
        reports.push(one_caller(stored, target));
        reports.extend(full(stored));
    }
    reports.extend([10, 1_000, 100_000].map(counting));
    reports.push(through_limiter());
    reports.push(another_name());
    reports.extend(growth::all());
    reports.push(two_processes::longest_wait());
    save("sqlite", &reports).unwrap();
}

/// Why an admission takes longer than the floor.
const TWO_ROWS: &str = "an admission changes the row of the bucket's state and appends one to its log; the floor changes one row";

fn one_caller(stored: u32, target: f64) -> Report {
    let (desk, floor) = (Desk::filled(stored, Rate::per_hour(PLENTY)), Floor::new());
    let item = RateItem::new("key", 1);
    let work = format!("sqlite, admit, one caller, stored: {stored}");
    let report = Pair::new(&work, FLOOR).target(target).run(
        |iterations| timed(iterations, || desk.bucket.put(black_box(&item)).unwrap()),
        |iterations| timed(iterations, || floor.update()),
    );
    let report = report.because(TWO_ROWS);
    match stored {
        100_000 => report.on(Chart::Backends, "sqlite, admit, 100,000 stored", 1).peer_on(
            Chart::Backends,
            "one-row UPDATE (SQLite's floor)",
            1,
        ),
        _ => report,
    }
}

fn full(stored: u32) -> [Report; 2] {
    let (desk, floor) = (Desk::full(stored), Floor::new());
    [at_the_limit(stored, &desk, &floor), deny(stored, &desk, &floor)]
}

/// Each grant takes the place of one that leaves the window just then: nothing can be decided by the cursors alone.
fn at_the_limit(stored: u32, desk: &Desk, floor: &Floor) -> Report {
    let item = RateItem::new("key", 1);
    let report = Pair::new(&format!("sqlite, admit at the limit, stored: {stored}"), FLOOR)
        .run(
            |iterations| {
                timed(iterations, || {
                    desk.clock.advance(desk::STEP);
                    assert!(desk.bucket.put(black_box(&item)).unwrap().is_granted());
                })
            },
            |iterations| timed(iterations, || floor.update()),
        )
        .on(Chart::Stored, "sqlite", stored)
        .peer_on(Chart::Stored, "one-row UPDATE", stored);
    match stored {
        100_000 => report.on(Chart::Backends, "sqlite, at the limit, 100,000 stored", 1),
        _ => report,
    }
}

fn deny(stored: u32, desk: &Desk, floor: &Floor) -> Report {
    let item = RateItem::new("key", 1);
    let report = Pair::new(&format!("sqlite, deny, stored: {stored}"), FLOOR).run(
        |iterations| {
            timed(iterations, || assert!(desk.bucket.put(black_box(&item)).unwrap().is_denied()))
        },
        |iterations| timed(iterations, || floor.update()),
    );
    match stored {
        100_000 => report.on(Chart::Backends, "sqlite, deny, 100,000 stored", 1),
        _ => report,
    }
}

fn counting(stored: u32) -> Report {
    let report = growth::counting(&format!("sqlite, admit, stored: {stored}"), stored, 1);
    let report = report.peer_on(Chart::Stored, "COUNT(*)", stored);
    match stored {
        100_000 => report.peer_on(Chart::Backends, "COUNT(*) in SQLite, admit, 100,000 stored", 1),
        _ => report,
    }
}

fn through_limiter() -> Report {
    let (desk, floor) = (Desk::filled(1_000, Rate::per_hour(PLENTY)), Floor::new());
    let limiter = Limiter::new(desk.bucket.clone());
    Pair::new("sqlite, admit through Limiter", FLOOR).run(
        |iterations| timed(iterations, || limiter.try_acquire(black_box("key")).unwrap()),
        |iterations| timed(iterations, || floor.update()),
    )
}

fn another_name() -> Report {
    let (desk, floor) = (Desk::filled(1_000, Rate::per_hour(PLENTY)), Floor::new());
    let names = ["one", "two"].map(|name| RateItem::new(name, 1));
    let mut turns = names.iter().cycle();
    Pair::new("sqlite, admit, the name changes each time", FLOOR).run(
        |iterations| timed(iterations, || desk.bucket.put(turns.next().unwrap()).unwrap()),
        |iterations| timed(iterations, || floor.update()),
    )
}
