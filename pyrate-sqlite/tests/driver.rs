//! The store's own thread: it is there only for those who don't wait themselves, and gone with the store.
//!
//! In a process of its own, and one test at a time: they count this process's threads.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

#[allow(dead_code, reason = "other tests use more of it")]
mod files;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use files::File;
use pyrate_sqlite::{
    AbstractBucket, AsyncBucket, Decision, Limiter, Rate, RateItem, SqliteBucket, SqliteStore,
};
use tokio::runtime::Builder;

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Threads that bear the name of a store's own.
fn drivers() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.trim_end() == "pyrate-sqlite").count()
}

/// A thread that has been joined is seen for some microseconds more.
fn soon(count: usize) {
    let start = Instant::now();
    while drivers() != count {
        assert!(start.elapsed() < Duration::from_secs(30), "there are {} of {count}", drivers());
        thread::yield_now();
    }
}

fn bucket(file: &File) -> SqliteBucket {
    SqliteStore::open(file.path()).unwrap().bucket("key", Rate::per_hour(100))
}

fn unit() -> RateItem<'static> {
    RateItem::new("unit", 1)
}

#[test]
fn a_thread_that_calls_alone_needs_no_driver() {
    let _alone = alone();
    let (file, item) = (File::new(), unit());
    let bucket = bucket(&file);
    for _ in 0..100 {
        let _ = bucket.put(&item).unwrap();
    }
    assert_eq!(drivers(), 0);
}

#[test]
fn one_driver_serves_all_tasks_and_ends_when_the_last_handle_is_dropped() {
    let _alone = alone();
    let (file, runtime) = (File::new(), Builder::new_multi_thread().build().unwrap());
    let bucket = bucket(&file);
    let tasks = (0..32).map(|_| {
        let limiter = Limiter::new(bucket.clone());
        runtime.spawn(async move { limiter.try_acquire_async("unit").await.is_ok() })
    });
    let tasks: Vec<_> = tasks.collect();
    assert!(tasks.into_iter().all(|task| runtime.block_on(task).unwrap()));
    soon(1);
    drop(bucket);
    soon(0);
}

#[test]
fn a_driver_that_works_while_its_store_is_dropped_finishes_its_work_and_ends() {
    let _alone = alone();
    let file = File::new();
    let handle = bucket(&file);
    assert!(handle.put(&RateItem::new("all", 100)).unwrap().is_granted());
    let later = handle.reserve(&unit(), Duration::from_hours(2)).unwrap();
    let Decision::Granted(later) = later else { panic!("{later:?}") };
    assert_eq!(handle.count().unwrap(), 101);
    let lock = file.connect();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    AbstractBucket::cancel_later(&handle, later);
    drop(handle);
    soon(1);
    lock.execute_batch("COMMIT").unwrap();
    soon(0);
    assert_eq!(bucket(&file).count().unwrap(), 100);
}

#[test]
fn a_store_dropped_inside_a_runtime_leaves_no_thread() {
    let _alone = alone();
    let file = File::new();
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let bucket = bucket(&file);
        assert!(bucket.put_async(&unit()).await.unwrap().is_granted());
    });
    soon(0);
}
