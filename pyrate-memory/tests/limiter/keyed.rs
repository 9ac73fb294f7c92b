//! A bucket for each name, made on demand and dropped when it is idle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pyrate_memory::{
    AcquireError, AnyBucket, BucketError, BucketFactory, Decision, InMemoryBucket, KeyedFactory,
    Limiter, ManualClock, Outcome, RateItem,
};

use crate::desk::{at_ms, ms, per, ready, waiting};

fn factory(limit: u64, clock: &ManualClock) -> KeyedFactory {
    let clock = clock.clone();
    KeyedFactory::new(move |_| {
        Ok(InMemoryBucket::with_clock(per(limit, ms(100)), clock.clone()).into())
    })
}

fn put(factory: &KeyedFactory, name: &str) -> Decision {
    factory.reserve(&RateItem::new(name, 1), Duration::ZERO).unwrap()
}

#[test]
fn each_name_has_a_limit_of_its_own() {
    let limiter = Limiter::with_factory(factory(1, &ManualClock::new()));
    assert!(limiter.try_acquire("a").is_ok() && limiter.try_acquire("b").is_ok());
    assert!(limiter.try_acquire("a").is_err() && limiter.try_acquire("b").is_err());
    assert_eq!(limiter.buckets().len(), 2);
}

#[test]
fn a_bucket_that_can_not_be_made_is_a_typed_error_and_is_tried_again() {
    let (is_broken, tries) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (broken, counted) = (Arc::clone(&is_broken), Arc::clone(&tries));
    let limiter = Limiter::with_factory(KeyedFactory::new(move |name| {
        counted.fetch_add(1, Ordering::SeqCst);
        if broken.load(Ordering::SeqCst) {
            return Err(BucketError::new(Outcome::NotRecorded, format!("no disk for {name}")));
        }
        Ok(InMemoryBucket::new(per(1, ms(100))).into())
    }));
    for failure in [limiter.try_acquire("a").unwrap_err(), limiter.acquire("a").unwrap_err()] {
        assert!(matches!(failure, AcquireError::Bucket(_)));
        assert!(failure.to_string().ends_with("no disk for a"), "{failure}");
    }
    assert_eq!((tries.load(Ordering::SeqCst), limiter.buckets().len()), (2, 0));
    is_broken.store(false, Ordering::SeqCst);
    assert!(limiter.try_acquire("a").is_ok());
    assert!(limiter.try_acquire("a").is_err());
    assert_eq!(tries.load(Ordering::SeqCst), 3);
}

#[test]
fn leak_drops_idle_buckets_only() {
    let clock = ManualClock::new();
    let factory = factory(1, &clock);
    assert!(put(&factory, "old").is_granted() && put(&factory, "held").is_granted());
    let held = factory.get(&RateItem::new("held", 1)).unwrap().into_owned();
    clock.advance(ms(99));
    assert!(put(&factory, "new").is_granted());
    assert_eq!((factory.leak().unwrap(), factory.buckets().len()), (0, 3));
    clock.advance(ms(1));
    assert_eq!((factory.leak().unwrap(), factory.buckets().len()), (2, 2));
    drop(held);
    clock.advance(ms(99));
    assert_eq!((factory.leak().unwrap(), factory.buckets().len()), (1, 0));
}

#[test]
fn a_bucket_with_a_line_is_not_dropped() {
    let clock = ManualClock::new();
    let factory = factory(1, &clock);
    assert!(put(&factory, "a").is_granted());
    assert!(factory.reserve(&RateItem::new("a", 1), ms(100)).unwrap().is_granted());
    clock.advance(ms(199));
    assert_eq!((factory.leak().unwrap(), factory.buckets().len()), (1, 1));
    assert!(put(&factory, "a").is_denied());
}

#[test]
fn a_disposed_name_starts_afresh_while_its_waiting_callers_still_go() {
    let clock = ManualClock::new();
    let limiter = Limiter::builder_with_factory(factory(1, &clock)).sleeper(clock.clone()).build();
    assert!(limiter.try_acquire("a").is_ok());
    let (mut call, gone) = (waiting(&limiter, "a", 1), waiting(&limiter, "a", 1));
    assert!(limiter.dispose("a"));
    assert!(!limiter.dispose("a") && !limiter.dispose("never"));
    assert!(limiter.try_acquire("a").is_ok());
    drop(gone);
    assert_eq!(limiter.buckets()[0].count().unwrap(), 1);
    clock.advance(ms(100));
    assert_eq!(ready(&mut call).unwrap().at, at_ms(100));
}

#[tokio::test]
async fn a_flush_empties_every_bucket() {
    let limiter = Limiter::with_factory(factory(1, &ManualClock::new()));
    assert!(limiter.try_acquire("a").is_ok() && limiter.try_acquire("b").is_ok());
    limiter.flush().unwrap();
    assert!(limiter.try_acquire("a").is_ok() && limiter.try_acquire("b").is_ok());
    limiter.flush_async().await.unwrap();
    let counts: Result<Vec<u64>, _> = limiter.buckets().iter().map(AnyBucket::count).collect();
    assert_eq!(counts.unwrap(), [0, 0]);
}

#[test]
fn threads_that_use_a_new_name_at_once_share_one_bucket() {
    for round in 0..50 {
        let limiter = Limiter::with_factory(factory(10, &ManualClock::new()));
        let name = format!("name-{round}");
        let ask = || (0..10).filter(|_| limiter.try_acquire(&name).is_ok()).count();
        let granted: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((granted, limiter.buckets().len()), (10, 1));
    }
}

#[test]
fn a_waiter_dropped_after_its_bucket_was_disposed_makes_no_new_one_and_frees_nobodys_place() {
    let clock = ManualClock::new();
    let builder = Limiter::builder_with_factory(factory(1, &clock));
    let limiter = builder.sleeper(clock.sleeper()).build();
    let _used = limiter.try_acquire("a").unwrap();
    let old = waiting(&limiter, "a", 1);
    assert!(limiter.dispose("a"));
    drop(old);
    assert!(limiter.buckets().is_empty());
    let _used = limiter.try_acquire("a").unwrap();
    let _new = waiting(&limiter, "a", 1);
    assert_eq!(limiter.buckets()[0].count().unwrap(), 2);
}

#[tokio::test]
async fn an_async_leak_drops_idle_buckets_too() {
    let clock = ManualClock::new();
    let factory = Arc::new(factory(1, &clock));
    assert!(put(&factory, "a").is_granted());
    clock.advance(ms(100));
    assert_eq!(factory.leak_async().await.unwrap(), 1);
    assert!(factory.buckets().is_empty());
}
