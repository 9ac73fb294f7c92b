//! Thousands of callers on one bucket in a file, and what they take: of the process's memory, and of the file.
//!
//! In a process of its own, and one test at a time: they count every byte that Rust allocates. SQLite's own memory is its
//! cache of pages, of 2 MB a connection.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and these say what they measured"
)]

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use pyrate_conformance::overload;
use pyrate_sqlite::{
    AbstractBucket, Decision, ManualClock, Rate, RateItem, SqliteBucket, SqliteStore,
};
use rusqlite::Connection;
use tempfile::TempDir;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What each of thousands of waiting tasks may take: the task, its future, its sleep, and its call at the desk.
const BYTES_A_TASK: usize = 3_500;

/// What may be left when all is over.
const MOST_LEFT: usize = 200_000;

/// What each of thousands of places in line may take of the file: rows of a mark and of the queue.
const FILE_BYTES_A_PLACE: u64 = 100;

/// The right to count bytes.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    MEMORY.reset_peak_usage();
    alone
}

/// So many, or that many times as many where the run may be long.
fn size(normal: u64, times: u64) -> u64 {
    if env::var_os("PYRATE_LONG").is_some() { normal * times } else { normal }
}

/// A bucket in a file that vanishes with it.
struct Bench {
    folder: TempDir,
    bucket: SqliteBucket,
    clock: ManualClock,
}

impl Bench {
    fn new(rate: &str) -> Bench {
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        let store = SqliteStore::builder(folder.path().join("limits.db")).clock(clock.clone());
        let bucket = store.build().unwrap().bucket("key", rate.parse::<Rate>().unwrap());
        Bench { folder, bucket, clock }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("limits.db")
    }

    /// What the file takes once its log of writes is in it.
    fn file_bytes(&self) -> u64 {
        let connection = Connection::open(self.path()).unwrap();
        let all_in = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy: bool = connection.query_row(all_in, [], |row| row.get(0)).unwrap();
        assert!(!is_busy, "nobody keeps writes out of the file");
        fs::metadata(self.path()).unwrap().len()
    }

    /// Rows of the log, of those who wait, and of places that somebody left.
    fn rows(&self) -> u64 {
        let connection = Connection::open(self.path()).unwrap();
        let rows = |table| {
            let sql = format!("SELECT count(*) FROM pyrate_{table}");
            connection.query_row(&sql, [], |row| row.get::<_, u32>(0)).unwrap()
        };
        ["log", "queue", "places"].map(rows).into_iter().map(u64::from).sum()
    }
}

/// Runs `work`, and holds what Rust allocated at once to [`BYTES_A_TASK`] for each of `count`; hardly anything may be
/// left.
fn within(what: &str, count: u64, work: impl FnOnce()) {
    let before = MEMORY.current_usage();
    work();
    let (peak, left) = (MEMORY.peak_usage() - before, left_of(before));
    let each = peak / usize::try_from(count).unwrap();
    println!("{what}: {each} bytes for each of {count}, {left} left");
    assert!(each <= BYTES_A_TASK, "{what}: {each} bytes for each of {count}");
    assert!(left <= MOST_LEFT, "{what}: {left} bytes are left");
}

/// What is left above `before`, once the store's thread has ended, which nobody waits for.
fn left_of(before: usize) -> usize {
    let start = Instant::now();
    loop {
        let left = MEMORY.current_usage().abs_diff(before);
        if left <= MOST_LEFT || start.elapsed() > Duration::from_secs(10) {
            return left;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn ten_thousand_tasks_in_line_go_in_order_and_take_bounded_memory() {
    let _alone = alone();
    let tasks = size(2_000, 5);
    within("tasks in line", tasks, || {
        let Bench { bucket, clock, .. } = &Bench::new("100/s");
        overload::tasks_in_line(bucket.clone(), clock, tasks).unwrap();
    });
}

#[test]
fn a_line_reaches_years_ahead_and_no_further_than_numbers_do() {
    let _alone = alone();
    for rate in ["1/365d", "1/52w", "1/30d"] {
        let ahead = overload::years_ahead(Bench::new(rate).bucket).unwrap();
        println!("{rate}: {} days ahead", ahead.as_secs() / 86_400);
        assert!(ahead > Duration::from_hours(280 * 365 * 24));
    }
}

#[test]
fn cancels_without_end_leave_the_file_as_small_as_its_line() {
    let _alone = alone();
    let (waiting, cancels) = (1_000, size(4_000, 25));
    let bench = Bench::new("10/s");
    overload::cancels(bench.bucket.clone(), waiting, cancels / 10).unwrap();
    let (before, rows_before) = (bench.file_bytes(), bench.rows());
    bench.bucket.flush().unwrap();
    overload::cancels(bench.bucket.clone(), waiting, cancels).unwrap();
    let (after, rows) = (bench.file_bytes(), bench.rows());
    println!("{before} bytes and {rows_before} rows after {} cancels", cancels / 10);
    println!("{after} bytes and {rows} rows after {cancels} more");
    assert!(after <= before + before / 4, "{after} bytes, where {before} were enough");
    assert!(rows <= 2 * waiting, "{rows} rows for {waiting} who wait");
}

#[test]
fn a_million_cancels_lose_no_place() {
    let _alone = alone();
    let store = SqliteStore::builder_in_memory().clock(ManualClock::new()).build().unwrap();
    let bucket = store.bucket("key", "10/s".parse::<Rate>().unwrap());
    overload::cancels(bucket, 1_000, size(5_000, 200)).unwrap();
}

#[test]
fn ten_thousand_places_in_line_take_a_bounded_part_of_the_file_and_give_it_back() {
    let _alone = alone();
    let (places, bench) = (size(2_000, 5), Bench::new("1/s"));
    let before = bench.file_bytes();
    for _ in 0..places {
        let granted = bench.bucket.reserve(&RateItem::new("somebody", 1), Duration::MAX).unwrap();
        assert!(matches!(granted, Decision::Granted(_)));
    }
    let each = (bench.file_bytes() - before) / places;
    println!("{each} bytes of file for each of {places} places");
    assert!(each <= FILE_BYTES_A_PLACE, "{each} bytes for each place");
    bench.clock.advance(Duration::from_secs(2 * places));
    assert_eq!((bench.bucket.leak(None).unwrap(), bench.bucket.count().unwrap()), (places, 0));
    assert_eq!(bench.rows(), 0, "rows are gone, and their pages are used again");
}

#[test]
fn a_limiter_that_is_dropped_with_thousands_in_line_gives_every_place_back() {
    let _alone = alone();
    let tasks = size(2_000, 5);
    within("tasks dropped in line", tasks, || {
        let Bench { bucket, clock, .. } = &Bench::new("100/s");
        overload::dropped_in_line(bucket.clone(), clock, tasks).unwrap();
    });
}
