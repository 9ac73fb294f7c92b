//! Somebody else holds the write lock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_sqlite::rusqlite::Connection;
use pyrate_sqlite::{
    AbstractBucket, AsyncBucket, BucketError, ManualClock, Outcome, Rate, RateItem, SqliteBucket,
    SqliteError, SqliteStore,
};

use crate::desk::{cause, holds_its_limit, is_granted, put};
use crate::files::File;

/// What a call may take beyond its timeout, on a machine that is busy itself.
const SLACK: Duration = Duration::from_millis(250);

fn patient_for(file: &File, busy_timeout: Duration) -> SqliteBucket {
    let store = SqliteStore::builder(file.path()).clock(ManualClock::new());
    store.busy_timeout(busy_timeout).build().unwrap().bucket("key", Rate::per_second(3))
}

fn lock(file: &File) -> Connection {
    let connection = file.connect();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

fn is_busy(error: &BucketError) -> bool {
    assert_eq!(error.outcome(), Outcome::NotRecorded);
    assert!(error.is_retryable());
    matches!(cause(error), SqliteError::Busy { .. })
}

#[test]
fn a_call_gives_up_within_its_timeout_and_records_nothing() {
    let (file, timeout) = (File::new(), Duration::from_millis(100));
    let bucket = patient_for(&file, timeout);
    assert!(is_granted(&bucket));
    let locked = lock(&file);
    let start = Instant::now();
    let error = put(&bucket, 1).unwrap_err();
    let waited = start.elapsed();
    assert!(is_busy(&error), "{error:?}");
    assert!(waited >= timeout && waited < timeout + SLACK, "{waited:?}");
    // Who only looks isn't kept waiting.
    assert_eq!(bucket.count().unwrap(), 1);
    locked.execute_batch("COMMIT").unwrap();
    assert_eq!(bucket.count().unwrap(), 1);
    holds_its_limit(&bucket);
}

#[test]
fn all_who_wait_give_up_within_the_timeout_of_each() {
    let (file, timeout) = (File::new(), Duration::from_millis(150));
    let bucket = patient_for(&file, timeout);
    let locked = lock(&file);
    let in_time = |asked: Instant, error: &BucketError| {
        let waited = asked.elapsed();
        assert!(is_busy(error), "{error:?}");
        assert!(waited >= timeout && waited < timeout + SLACK, "{waited:?}");
    };
    thread::scope(|scope| {
        for turn in 0..8_u64 {
            let bucket = &bucket;
            scope.spawn(move || {
                thread::sleep(Duration::from_millis(turn * 20));
                let asked = Instant::now();
                let item = RateItem::new("key", 1);
                let answer = if turn.is_multiple_of(2) {
                    bucket.put(&item)
                } else {
                    pollster::block_on(bucket.put_async(&item))
                };
                in_time(asked, &answer.unwrap_err());
            });
        }
    });
    drop(locked);
    holds_its_limit(&bucket);
}

#[test]
fn a_call_is_made_as_soon_as_the_lock_is_free() {
    let file = File::new();
    let bucket = patient_for(&file, Duration::MAX);
    let (locked, is_free) = (lock(&file), AtomicBool::new(false));
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            assert!(is_granted(&bucket));
            assert!(is_free.load(Ordering::SeqCst));
        });
        thread::sleep(Duration::from_millis(50));
        is_free.store(true, Ordering::SeqCst);
        locked.execute_batch("COMMIT").unwrap();
        asking.join().unwrap();
    });
    holds_its_limit(&bucket);
}

#[test]
fn without_patience_a_call_is_tried_once() {
    let file = File::new();
    let bucket = patient_for(&file, Duration::ZERO);
    holds_its_limit(&bucket);
    let locked = lock(&file);
    let start = Instant::now();
    assert!(is_busy(&put(&bucket, 1).unwrap_err()));
    assert!(start.elapsed() < SLACK);
    drop(locked);
    holds_its_limit(&bucket);
}

#[test]
fn opening_gives_up_as_well() {
    let file = File::new();
    file.execute("CREATE TABLE other (x)");
    let locked = file.connect();
    locked.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let start = Instant::now();
    let opened = SqliteStore::builder(file.path()).busy_timeout(Duration::from_millis(50)).build();
    assert!(matches!(opened.unwrap_err(), SqliteError::Busy { .. }));
    assert!(start.elapsed() < Duration::from_millis(50) + SLACK);
    drop(locked);
    holds_its_limit(&patient_for(&file, Duration::ZERO));
}

#[test]
fn a_future_dropped_while_the_store_is_busy_takes_nothing() {
    let file = File::new();
    let bucket = patient_for(&file, Duration::from_secs(60));
    let locked = lock(&file);
    let item = RateItem::new("key", 1);
    let mut asking = bucket.put_async(&item);
    let waker = std::task::Waker::noop();
    assert!(asking.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
    // The driver has taken it up by now, and waits for the lock with it.
    thread::sleep(Duration::from_millis(50));
    drop(asking);
    locked.execute_batch("COMMIT").unwrap();
    assert!(put(&bucket, 3).unwrap().is_granted());
    assert_eq!(bucket.count().unwrap(), 3);
}
