//! Callers who leave at any moment: what they were given comes back, and nobody else's does.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_sqlite::{
    AbstractBucket, AsyncBucket, BucketError, Decision, ManualClock, SqliteBucket, SqliteStore,
};

use crate::{item, rates};

type Asking = Pin<Box<dyn Future<Output = Result<Decision, BucketError>> + Send>>;

fn asking(bucket: &SqliteBucket, weight: u64) -> Asking {
    let bucket = bucket.clone();
    Box::pin(async move { bucket.reserve_async(&item("x", weight, None), Duration::MAX).await })
}

#[test]
fn futures_dropped_at_any_moment_give_their_places_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("limits.db");
    let open = || SqliteStore::builder(&path).clock(ManualClock::new()).build().unwrap();
    let buckets = [open(), open()].map(|store| store.bucket("a", rates([(3, 1_000)])));
    // Whoever comes now has to wait, so that nothing is due when its caller leaves.
    assert!(buckets[0].put(&item("x", 3, None)).unwrap().is_granted());
    let held: u64 = thread::scope(|scope| {
        let threads = [0, 1, 2_u64].map(|seed| {
            let bucket = &buckets[usize::try_from(seed % 2).unwrap()];
            scope.spawn(move || come_and_go(bucket, seed))
        });
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    });
    assert!(held > 50, "{held}");
    // The drivers give back in their own time.
    let start = Instant::now();
    while buckets[0].count().unwrap() != held + 3 && start.elapsed() < Duration::from_secs(10) {
        thread::yield_now();
    }
    assert_eq!(buckets[1].count().unwrap(), held + 3);
}

/// Asks, and leaves at once, after a few polls, or with the answer; answers what was kept.
fn come_and_go(bucket: &SqliteBucket, seed: u64) -> u64 {
    let (mut held, mut random) = (0, seed);
    for _ in 0..200 {
        random = random.wrapping_mul(25_214_903_917).wrapping_add(11);
        let weight = 1 + (random >> 20) % 3;
        let mut asking = asking(bucket, weight);
        if (random >> 30).is_multiple_of(3) {
            held += u64::from(pollster::block_on(asking).unwrap().is_granted()) * weight;
            continue;
        }
        for _ in 0..(random >> 40) % 4 {
            let polled = asking.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if let Poll::Ready(decision) = polled {
                held += u64::from(decision.unwrap().is_granted()) * weight;
                break;
            }
            thread::sleep(Duration::from_micros((random >> 44) % 300));
        }
    }
    held
}

#[test]
fn what_is_given_back_last_is_in_the_file_although_the_store_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("limits.db");
    let open = || {
        let store = SqliteStore::builder(&path).clock(ManualClock::new()).build().unwrap();
        store.bucket("a", rates([(1, 1_000)]))
    };
    for turn in 0..20 {
        let bucket = open();
        bucket.flush().unwrap();
        assert!(bucket.put(&item("x", 1, None)).unwrap().is_granted());
        let Decision::Granted(grant) = bucket.reserve(&item("x", 1, None), Duration::MAX).unwrap()
        else {
            panic!("it may wait");
        };
        bucket.cancel_later(grant);
        drop(bucket);
        let (left, start) = (open(), Instant::now());
        while left.count().unwrap() != 1 && start.elapsed() < Duration::from_secs(10) {
            thread::yield_now();
        }
        assert_eq!(left.count().unwrap(), 1, "turn {turn}");
    }
}
