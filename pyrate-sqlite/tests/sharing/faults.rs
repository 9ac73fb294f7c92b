//! Faults of one caller, of the clock or of a commit: whom they reach, and whom they must not.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;

use pyrate_sqlite::rusqlite::Connection;
use pyrate_sqlite::{
    AbstractBucket, AsyncBucket, BucketError, Clock, Decision, Outcome, Rate, RateItem,
    SqliteBucket, SqliteStore, Timestamp,
};

use crate::desk::{Desk, current_thread, ms, poll, ready};
use crate::files::File;

type Put<'a> = Pin<Box<dyn Future<Output = Result<Decision, BucketError>> + Send + 'a>>;

/// A put that is under way, or stands in the queue.
fn begun<'a>(bucket: &'a SqliteBucket, item: &'a RateItem<'a>) -> Put<'a> {
    let mut put = bucket.put_async(item);
    assert!(poll(&mut put).is_pending());
    put
}

/// Panics when it is told to.
#[derive(Clone, Default)]
struct Fragile(Arc<AtomicBool>);

impl Clock for Fragile {
    fn now(&self) -> Result<Timestamp, BucketError> {
        assert!(!self.0.load(Ordering::SeqCst), "this panic is part of the test");
        Ok(Timestamp::from_micros(1_000))
    }
}

#[test]
fn a_clock_that_panics_harms_only_those_who_read_it() {
    let (file, clock) = (File::new(), Fragile::default());
    let store = SqliteStore::builder(file.path()).clock(clock.clone()).build().unwrap();
    let bucket = store.bucket("key", Rate::per_hour(10));
    let (plain, mut stamped) = (RateItem::new("unit", 1), RateItem::new("unit", 1));
    stamped.timestamp = Some(Timestamp::from_micros(2_000));
    let lock = file.connect();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    clock.0.store(true, Ordering::SeqCst);
    // The first may be on its way alone; those behind it share a transaction.
    let puts = [&plain, &plain, &stamped, &plain].map(|item| begun(&bucket, item));
    lock.execute_batch("COMMIT").unwrap();
    let [first, second, third, fourth] = puts.map(|mut put| ready(&mut put));
    assert!(third.unwrap().is_granted());
    for error in [first, second, fourth].map(Result::unwrap_err) {
        assert_eq!((error.outcome(), error.is_retryable()), (Outcome::NotRecorded, true));
    }
    clock.0.store(false, Ordering::SeqCst);
    assert!(bucket.put(&plain).unwrap().is_granted());
    assert_eq!(bucket.count().unwrap(), 2);
}

struct PanickingWaker;

impl Wake for PanickingWaker {
    fn wake(self: Arc<PanickingWaker>) {
        panic!("this panic is part of the test");
    }
}

#[test]
fn a_waker_that_panics_harms_nobody_who_shares_its_transaction() {
    let (desk, item) = (Desk::new(Rate::per_hour(10)), RateItem::new("unit", 1));
    let locked = desk.lock();
    let before = begun(&desk.buckets[0], &item);
    let mut fragile = desk.buckets[0].put_async(&item);
    let waker = Waker::from(Arc::new(PanickingWaker));
    assert!(fragile.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let after = begun(&desk.buckets[0], &item);
    locked.let_go();
    for mut put in [before, fragile, after] {
        assert!(ready(&mut put).unwrap().is_granted());
    }
    assert!(desk.buckets[0].put(&item).unwrap().is_granted());
    assert_eq!(desk.count(), 4);
}

#[test]
fn callers_that_panic_while_they_wait_harm_nobody() {
    let (desk, item) = (Desk::new(Rate::per_hour(10)), RateItem::new("unit", 1));
    let locked = desk.lock();
    // Under way, so that the others wait for the next transaction.
    let first = begun(&desk.buckets[0], &item);
    let panicking = || {
        let _waiting = begun(&desk.buckets[0], &item);
        panic!("this panic is part of the test");
    };
    thread::scope(|scope| (0..5).for_each(|_| drop(scope.spawn(panicking).join())));
    let last = begun(&desk.buckets[0], &item);
    locked.let_go();
    for mut put in [first, last] {
        assert!(ready(&mut put).unwrap().is_granted());
    }
    assert_eq!(desk.count(), 2);
}

#[test]
fn nothing_is_answered_before_it_is_committed() {
    let file = File::new();
    // With a rollback journal a commit must wait for those who read.
    let connection = Connection::open(file.path()).unwrap();
    let store = SqliteStore::builder_from_connection(connection).busy_timeout(ms(10));
    let bucket = store.build().unwrap().bucket("key", Rate::per_hour(10));
    let reader = file.connect();
    reader.execute_batch("BEGIN; SELECT * FROM pyrate_store").unwrap();
    let item = RateItem::new("unit", 1);
    assert_eq!(bucket.put(&item).unwrap_err().outcome(), Outcome::NotRecorded);
    let put = current_thread().block_on(bucket.put_async(&item));
    assert_eq!(put.unwrap_err().outcome(), Outcome::NotRecorded);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(bucket.count().unwrap(), 0);
    assert!(bucket.put(&item).unwrap().is_granted());
    assert_eq!(bucket.count().unwrap(), 1);
}
