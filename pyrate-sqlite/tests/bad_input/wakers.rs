//! Callers whose own code fails while they are told the answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_sqlite::{
    AbstractBucket, AsyncBucket, BucketError, Clock, Outcome, Rate, RateItem, SqliteBucket,
    SqliteStore, Timestamp,
};

use crate::desk::{bucket, holds_its_limit};
use crate::files::File;

/// A waker that panics.
struct Broken;

impl Wake for Broken {
    fn wake(self: Arc<Self>) {
        panic!("a waker that was told to panic");
    }
}

#[test]
fn a_waker_that_panics_wedges_nobody_else() {
    let file = File::new();
    let (bucket, item) = (bucket(&file), RateItem::new("key", 1));
    let waker = Waker::from(Arc::new(Broken));
    {
        let mut asking = pin!(bucket.reserve_async(&item, Duration::ZERO));
        let poll = asking.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
        let start = Instant::now();
        while bucket.count().unwrap() == 0 && start.elapsed() < Duration::from_secs(5) {
            thread::yield_now();
        }
        let answer = asking.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(answer, Poll::Ready(Ok(_))), "{answer:?}");
    }
    assert!(pollster::block_on(bucket.put_async(&item)).unwrap().is_granted());
    assert!(catch_unwind(AssertUnwindSafe(|| holds_its_limit(&bucket))).is_ok());
}

/// A waker that makes a blocking call to the store, and keeps what it is told.
struct Calling(SqliteBucket, Mutex<Option<Result<u64, BucketError>>>);

impl Wake for Calling {
    fn wake(self: Arc<Self>) {
        *self.1.lock().unwrap() = Some(self.0.count());
    }
}

#[test]
fn a_waker_that_calls_the_store_is_told_that_it_can_not_and_wedges_nobody() {
    let file = File::new();
    let (bucket, item) = (bucket(&file), RateItem::new("key", 1));
    let calling = Arc::new(Calling(bucket.clone(), Mutex::default()));
    let waker = Waker::from(Arc::clone(&calling));
    let mut asking = pin!(bucket.reserve_async(&item, Duration::ZERO));
    assert!(asking.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let told = wait_for(|| calling.1.lock().unwrap().take());
    assert!(pollster::block_on(asking).unwrap().is_granted());
    assert_eq!(told.unwrap_err().outcome(), Outcome::NotRecorded);
    assert!(pollster::block_on(bucket.put_async(&item)).unwrap().is_granted());
    holds_its_limit(&bucket);
}

/// A clock that makes a blocking call to the store which reads it.
#[derive(Clone, Default)]
struct CallingClock(Arc<OnceLock<SqliteBucket>>);

impl Clock for CallingClock {
    fn now(&self) -> Result<Timestamp, BucketError> {
        let count = self.0.get().map_or(Ok(0), AbstractBucket::count)?;
        Ok(Timestamp::from_micros(count))
    }
}

#[test]
fn a_clock_that_calls_the_store_is_told_that_it_can_not() {
    let (clock, item) = (CallingClock::default(), RateItem::new("key", 1));
    let store = SqliteStore::builder_in_memory().clock(clock.clone()).build().unwrap();
    let bucket = store.bucket("key", Rate::per_second(3));
    assert!(bucket.put(&item).unwrap().is_granted());
    clock.0.set(bucket.clone()).unwrap();
    assert_eq!(bucket.put(&item).unwrap_err().outcome(), Outcome::NotRecorded);
    let told = pollster::block_on(bucket.put_async(&item)).unwrap_err();
    assert_eq!(told.outcome(), Outcome::NotRecorded);
}

fn wait_for<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "nothing came");
        thread::yield_now();
    }
}

#[test]
fn a_waker_that_panics_keeps_no_neighbour_of_its_transaction_from_its_answer() {
    let file = File::new();
    let (bucket, item) = (bucket(&file), RateItem::new("key", 1));
    let locked = file.connect();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let broken = Waker::from(Arc::new(Broken));
    let mut asking: Vec<_> = (0..6).map(|_| bucket.reserve_async(&item, Duration::ZERO)).collect();
    for (index, asking) in asking.iter_mut().enumerate() {
        let waker = if index % 2 == 0 { &broken } else { Waker::noop() };
        assert!(asking.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    locked.execute_batch("COMMIT").unwrap();
    let granted = asking.into_iter().map(pollster::block_on);
    assert_eq!(granted.filter(|answer| answer.as_ref().unwrap().is_granted()).count(), 3);
    holds_its_limit(&bucket);
}
