//! Callers who leave: their places go to others, and no thread stays behind.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use pyrate_redis::{
    AbstractBucket, AsyncBucket, Decision, Limiter, Rate, RateItem, RedisBucket, RedisStore,
};
use tokio::runtime::Builder;

use crate::support::server::Server;
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

/// Callers give up just when the server is slow or gone: their places must not stay taken for that.
#[test]
fn a_place_is_given_back_though_the_server_was_away_for_longer_than_a_call_may_take() {
    let server = Server::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let store = RedisStore::builder(server.url()).command_timeout(Duration::from_millis(100));
    let bucket = store.build().unwrap().bucket("a", Rate::per_hour(1));
    let reserve = || match bucket.reserve(&RateItem::new("a", 1), Duration::MAX).unwrap() {
        Decision::Granted(grant) => grant,
        Decision::Denied(denial) => panic!("{denial:?}"),
    };
    reserve();
    let waits = reserve();
    server.kill();
    thread::sleep(Duration::from_millis(50));
    bucket.cancel_later(waits);
    thread::sleep(Duration::from_millis(400));
    server.run();
    until(|| bucket.count().is_ok_and(|count| count == 1));
    // The server has the call, and yet it is done but once: the place is somebody else's by then.
    let waits = reserve();
    server.ask("CLIENT PAUSE 500 ALL");
    bucket.cancel_later(waits);
    until(|| bucket.count().is_ok_and(|count| count == 1));
    reserve();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(bucket.count().unwrap(), 2);
}

#[test]
fn a_call_that_was_given_up_before_it_was_sent_is_not_sent() {
    let server = Server::start();
    let store = RedisStore::builder(server.url());
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
    let server = Server::start();
    let clients = || {
        let list = server.ask("CLIENT LIST");
        list.lines().filter(|line| !line.contains("cmd=client")).count()
    };
    let store = RedisStore::connect(server.url()).unwrap();
    let bucket = store.bucket("a", Rate::per_hour(5));
    drop(store);
    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
    assert_eq!(clients(), 1);
    drop(bucket);
    until(|| clients() == 0);
}
