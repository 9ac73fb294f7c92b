//! Callers who leave: their places go to others, and no thread stays behind.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use pyrate_redis::{AbstractBucket, AsyncBucket, Limiter, Rate, RateItem, RedisBucket};
use tokio::runtime::Builder;

use crate::support::{builder, store};
use crate::until;

/// A bucket that is full for an hour.
fn full() -> RedisBucket {
    let bucket = store().bucket("a", Rate::per_hour(1));
    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
    bucket
}

fn poll_once(bucket: &RedisBucket) {
    let item = RateItem::new("b", 1);
    let mut reserve = pin!(bucket.reserve_async(&item, Duration::MAX));
    let _ = reserve.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

#[test]
fn a_future_that_is_dropped_on_a_thread_without_runtime_loses_no_units() {
    let bucket = full();
    for _ in 0..50 {
        poll_once(&bucket);
    }
    // All calls before this one have been sent by now; what they were granted is given back.
    assert!(bucket.count().is_ok());
    until(|| bucket.count().unwrap() == 1);
}

#[test]
fn a_future_whose_bucket_goes_with_it_loses_no_units() {
    let prefix = crate::support::fresh_prefix();
    let store = builder().prefix(prefix.clone()).build().unwrap();
    let other = store.bucket("a", Rate::per_hour(1));
    assert!(other.put(&RateItem::new("a", 1)).unwrap().is_granted());
    poll_once(&other);
    drop((other, store));
    let store = builder().prefix(prefix).build().unwrap();
    until(|| store.bucket("a", Rate::per_hour(1)).count().unwrap() == 1);
}

#[test]
fn a_future_that_is_dropped_with_its_runtime_loses_no_units() {
    let bucket = full();
    let limiter = Limiter::new(bucket.clone());
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for _ in 0..8 {
        let limiter = limiter.clone();
        runtime.spawn(async move { limiter.acquire_async("b").await });
    }
    until(|| bucket.count().unwrap() == 9);
    runtime.shutdown_background();
    until(|| bucket.count().unwrap() == 1);
}

#[test]
fn a_call_that_was_given_up_before_it_was_sent_is_not_sent() {
    let server = crate::support::server::Server::start();
    let store = pyrate_redis::RedisStore::builder(server.url());
    let store = store.command_timeout(Duration::from_secs(20)).build().unwrap();
    let bucket = store.bucket("a", Rate::per_hour(5));
    server.kill();
    // Until the store has noticed.
    thread::sleep(Duration::from_millis(200));
    poll_once(&bucket);
    thread::sleep(Duration::from_millis(50));
    server.run();
    assert_eq!(bucket.count().unwrap(), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_store_that_is_dropped_leaves_no_thread() {
    // Other tests have theirs: this one's is known by what it is connected to.
    let server = crate::support::server::Server::start();
    let clients = || {
        let list = server.ask("CLIENT LIST");
        list.lines().filter(|line| !line.contains("cmd=client")).count()
    };
    let store = pyrate_redis::RedisStore::connect(server.url()).unwrap();
    let bucket = store.bucket("a", Rate::per_hour(5));
    drop(store);
    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
    assert_eq!(clients(), 1);
    drop(bucket);
    until(|| clients() == 0);
}
