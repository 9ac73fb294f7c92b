//! While another process holds the file: tasks wait for it, and their thread does not.

use std::thread;
use std::time::Duration;

use pyrate_sqlite::{AbstractBucket, AsyncBucket, Decision, Grant, Rate, RateItem, SqliteStore};
use tokio::task::{JoinHandle, yield_now};

use crate::desk::{Call, Desk, current_thread, in_time, poll, until};

const HOUR: Duration = Duration::from_hours(1);

/// Calls by each method that may have to wait for the file, in tasks of their own.
fn calls(desk: &Desk, granted: Grant) -> Vec<JoinHandle<()>> {
    let bucket = || desk.buckets[0].clone();
    let limiter = desk.limiter(0);
    let [put, cancel, leak, flush] = [bucket(), bucket(), bucket(), bucket()];
    vec![
        tokio::spawn(async move { assert!(limiter.try_acquire_async("unit").await.is_ok()) }),
        tokio::spawn(
            async move { assert!(put.put_async(&RateItem::new("unit", 1)).await.is_ok()) },
        ),
        tokio::spawn(async move { assert!(!cancel.cancel_async(&granted).await.unwrap()) }),
        tokio::spawn(async move { assert_eq!(leak.leak_async(None).await.unwrap(), 0) }),
        tokio::spawn(async move { flush.flush_async().await.unwrap() }),
    ]
}

#[test]
fn a_task_that_waits_for_the_file_does_not_block_its_worker() {
    in_time(|| {
        let desk = Desk::new(Rate::per_hour(100));
        let first = desk.buckets[1].put(&RateItem::new("unit", 1)).unwrap();
        let Decision::Granted(granted) = first else { panic!("{first:?}") };
        let locked = desk.lock();
        current_thread().block_on(async {
            let calls = calls(&desk, granted);
            for _ in 0..1_000 {
                yield_now().await;
            }
            assert!(!calls[0].is_finished(), "nobody can have written");
            locked.let_go();
            for call in calls {
                call.await.unwrap();
            }
        });
    });
}

#[test]
fn giving_places_back_does_not_wait_for_the_file() {
    in_time(|| {
        let desk = Desk::full(1);
        let limiter = desk.limiter(0);
        let mut calls: Vec<Call<'_>> =
            (0..100).map(|_| -> Call<'_> { Box::pin(limiter.acquire_async("task")) }).collect();
        while desk.clock.sleepers() < 100 {
            assert!(calls.iter_mut().all(|call| poll(call).is_pending()));
            thread::yield_now();
        }
        let unit = RateItem::new("unit", 1);
        let mut unanswered = desk.buckets[0].reserve_async(&unit, HOUR);
        // Asked while nobody can be answered, and not looked at again.
        let locked = desk.lock();
        assert!(poll(&mut unanswered).is_pending());
        locked.let_go();
        until(|| desk.count() == 102);
        let Decision::Granted(place) = desk.buckets[0].reserve(&unit, HOUR).unwrap() else {
            panic!("an hour is long enough");
        };
        let locked = desk.lock();
        drop(calls);
        drop(unanswered);
        AbstractBucket::cancel_later(&desk.buckets[0], place);
        assert_eq!(desk.count(), 103);
        locked.let_go();
        until(|| desk.count() == 1);
    });
}

#[test]
fn who_only_looks_does_not_wait_for_those_who_write() {
    let desk = Desk::full(3);
    let locked = desk.lock();
    for bucket in &desk.buckets {
        assert_eq!((bucket.count().unwrap(), bucket.available().unwrap()), (3, 0));
        assert!(bucket.waiting(&RateItem::new("unit", 1)).unwrap().is_some());
        assert_eq!(bucket.peek(0).unwrap().unwrap().name, "first");
    }
    locked.let_go();
}

#[test]
fn a_look_through_a_handle_with_longer_windows_does_not_wait_for_the_file() {
    in_time(|| {
        let desk = Desk::new(Rate::per_hour(100));
        assert!(desk.buckets[0].put(&RateItem::new("unit", 1)).unwrap().is_granted());
        let store =
            SqliteStore::builder(desk.file.path()).clock(desk.clock.clone()).build().unwrap();
        let longer = store.bucket(desk.buckets[0].key(), Rate::per_day(200));
        let locked = desk.lock();
        assert_eq!((longer.count().unwrap(), longer.available().unwrap()), (1, 199));
        locked.let_go();
    });
}
