//! The bucket in a file beside the least that any store on SQLite has to do, and beside one that counts rows.
//!
//! All files are in write-ahead mode, with `synchronous = NORMAL`. What was reached on which machine stands in
//! ARCHITECTURE.md.

// A benchmark prints: that is its job. It measures code, not bad input.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod callers;
mod desk;
mod floor;
mod two_processes;

use std::hint::black_box;

use pyrate_sqlite::{AbstractBucket, Limiter, Rate, RateItem};
use xtask::paired::{Pair, Report, save};

use callers::{Threads, from_tasks};
use desk::{Desk, timed};
use floor::{Counting, Floor};

/// As many units an hour as a bucket may hold: nothing is denied.
const PLENTY: u64 = (1 << 53) - 1;

fn main() {
    if two_processes::is_child() {
        return two_processes::run_child();
    }
    let mut reports = Vec::new();
    for (stored, target) in [(1_000, 1.8), (100_000, 1.8), (1_000_000, 2.2)] {
        reports.push(one_caller(stored, target));
        reports.push(at_the_limit(stored));
        reports.push(deny(stored));
    }
    reports.extend([1_000, 100_000].map(counting));
    reports.push(through_limiter());
    reports.push(another_name());
    reports.push(from_64_tasks());
    reports.push(from_64_threads());
    reports.push(two_processes::longest_wait());
    save("sqlite", &reports).unwrap();
}

fn one_caller(stored: u64, target: f64) -> Report {
    let (desk, floor) = (Desk::filled(stored, Rate::per_hour(PLENTY)), Floor::new());
    let item = RateItem::new("key", 1);
    Pair::new(&format!("sqlite, admit, one caller, stored: {stored}"), "floor").target(target).run(
        |iterations| timed(iterations, || desk.bucket.put(black_box(&item)).unwrap()),
        |iterations| timed(iterations, || floor.update()),
    )
}

/// Each grant takes the place of one that leaves the window just then: nothing can be decided by the cursors alone.
fn at_the_limit(stored: u64) -> Report {
    let (desk, floor) = (Desk::full(stored), Floor::new());
    let item = RateItem::new("key", 1);
    Pair::new(&format!("sqlite, admit at the limit, stored: {stored}"), "floor").run(
        |iterations| {
            timed(iterations, || {
                desk.clock.advance(desk::STEP);
                assert!(desk.bucket.put(black_box(&item)).unwrap().is_granted());
            })
        },
        |iterations| timed(iterations, || floor.update()),
    )
}

fn deny(stored: u64) -> Report {
    let (desk, floor) = (Desk::full(stored), Floor::new());
    let item = RateItem::new("key", 1);
    Pair::new(&format!("sqlite, deny, stored: {stored}"), "floor").run(
        |iterations| {
            timed(iterations, || assert!(desk.bucket.put(black_box(&item)).unwrap().is_denied()))
        },
        |iterations| timed(iterations, || floor.update()),
    )
}

fn counting(stored: u64) -> Report {
    let (desk, counting) = (Desk::filled(stored, Rate::per_hour(PLENTY)), Counting::filled(stored));
    let item = RateItem::new("key", 1);
    Pair::new(&format!("sqlite, admit, stored: {stored}"), "COUNT(*)").run(
        |iterations| timed(iterations, || desk.bucket.put(black_box(&item)).unwrap()),
        |iterations| timed(iterations, || counting.put()),
    )
}

fn through_limiter() -> Report {
    let (desk, floor) = (Desk::filled(1_000, Rate::per_hour(PLENTY)), Floor::new());
    let limiter = Limiter::new(desk.bucket.clone());
    Pair::new("sqlite, admit through Limiter", "floor").run(
        |iterations| timed(iterations, || limiter.try_acquire(black_box("key")).unwrap()),
        |iterations| timed(iterations, || floor.update()),
    )
}

fn another_name() -> Report {
    let (desk, floor) = (Desk::filled(1_000, Rate::per_hour(PLENTY)), Floor::new());
    let names = ["one", "two"].map(|name| RateItem::new(name, 1));
    let mut turns = names.iter().cycle();
    Pair::new("sqlite, admit, the name changes each time", "floor").run(
        |iterations| timed(iterations, || desk.bucket.put(turns.next().unwrap()).unwrap()),
        |iterations| timed(iterations, || floor.update()),
    )
}

fn from_64_tasks() -> Report {
    let (desk, floor) = (Desk::filled(1_000, Rate::per_hour(PLENTY)), Floor::new());
    Pair::new("sqlite, admit, 64 tasks on one bucket", "floor").target(0.2).run(
        |iterations| from_tasks(64, iterations, &desk.bucket),
        |iterations| timed(iterations, || floor.update()),
    )
}

fn from_64_threads() -> Report {
    let (desk, floor) = (Desk::filled(1_000, Rate::per_hour(PLENTY)), Floor::new());
    let threads = Threads::on(&desk.bucket, 64);
    Pair::new("sqlite, admit, 64 threads on one bucket", "floor").target(0.5).run(
        |iterations| threads.call(iterations),
        |iterations| timed(iterations, || floor.update()),
    )
}
