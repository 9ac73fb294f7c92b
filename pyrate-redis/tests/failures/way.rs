//! The way to the server breaks.

use std::thread;
use std::time::{Duration, Instant};

use pyrate_redis::{
    AbstractBucket, AsyncBucket, Decision, Outcome, Rate, RateItem, Rates, RedisBucket, RedisError,
    RedisStore,
};

use crate::desk::{ms, put, source, under_load, until};
use crate::support::proxy::{Fault, Proxy};
use crate::support::server::Server;
use crate::support::{builder, fresh_prefix, shared};

/// A bucket whose way to the server can be cut.
fn by_proxy() -> (Proxy, RedisStore, RedisBucket) {
    let proxy = Proxy::before(shared().port());
    let store = RedisStore::builder(proxy.url()).prefix(fresh_prefix()).build().unwrap();
    let bucket = store.bucket("a", Rate::per_hour(9));
    (proxy, store, bucket)
}

/// The server executed it, so sending it again would grant twice.
#[test]
fn an_acquisition_whose_answer_is_lost_is_not_sent_again() {
    let (proxy, _store, bucket) = by_proxy();
    for lost in 1..=3 {
        assert!(put(&bucket, 1).unwrap().is_granted());
        proxy.strike(Fault::CutBeforeReply);
        let start = Instant::now();
        let error = put(&bucket, 1).unwrap_err();
        assert!(matches!(source(&error), RedisError::ConnectionLost(_)), "{error}");
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(!error.is_retryable());
        assert!(start.elapsed() < Duration::from_secs(1), "it fails with the connection");
        // What it was greeted with on its new connection may have been swallowed too.
        until(|| bucket.count().is_ok());
        assert_eq!(bucket.count().unwrap(), 2 * lost, "each was granted once");
    }
}

#[test]
fn the_next_call_works_after_a_connection_was_cut_between_calls() {
    let (proxy, _store, bucket) = by_proxy();
    for _ in 0..5 {
        proxy.cut();
        thread::sleep(ms(20));
        assert!(put(&bucket, 1).unwrap().is_granted());
    }
    assert_eq!(bucket.count().unwrap(), 5);
}

#[test]
fn a_line_that_has_fallen_silent_is_given_up_for_a_new_one() {
    let proxy = Proxy::before(shared().port());
    let store = RedisStore::builder(proxy.url()).prefix(fresh_prefix()).command_timeout(ms(100));
    let bucket = store.build().unwrap().bucket("a", Rate::per_hour(9));
    assert!(put(&bucket, 1).unwrap().is_granted());
    proxy.hush();
    // Only new connections pass from here on; the old one stays silent, and open.
    let failures = (0..6).take_while(|_| put(&bucket, 1).is_err()).count();
    assert!((2..=4).contains(&failures), "{failures}");
    assert!(put(&bucket, 1).unwrap().is_granted());
}

/// Time in which nobody asked anything was once taken for silence: the first call that timed out then had all others cut off.
#[test]
fn a_line_that_nobody_used_is_not_given_up_for_one_call_that_is_late() {
    let server = Server::start();
    let store = RedisStore::builder(server.url()).command_timeout(ms(400)).build().unwrap();
    let [first, second] = ["a", "b"].map(|key| store.bucket(key, Rate::per_hour(9)));
    assert!(put(&first, 1).is_ok() && put(&second, 1).is_ok());
    thread::sleep(ms(900));
    server.ask("CLIENT PAUSE 500 ALL");
    thread::scope(|scope| {
        let late = scope.spawn(|| put(&first, 1));
        thread::sleep(ms(300));
        assert!(put(&second, 1).unwrap().is_granted());
        assert_eq!(source(&late.join().unwrap().unwrap_err()), &RedisError::TimedOut(ms(400)));
    });
}

/// The one whose time is up first has the client replaced. What becomes of that new one says nothing about the others' calls.
#[test]
fn who_times_out_beside_another_is_not_told_that_nothing_was_sent() {
    let proxy = Proxy::before(shared().port());
    let store = RedisStore::builder(proxy.url()).prefix(fresh_prefix()).command_timeout(ms(200));
    let store = store.build().unwrap();
    let buckets = ["a", "b", "c", "d"].map(|key| store.bucket(key, Rate::per_hour(9)));
    let put_on_all = || {
        thread::scope(|scope| {
            let calls = buckets.each_ref().map(|bucket| scope.spawn(|| put(bucket, 1)));
            calls.map(|call| call.join().unwrap())
        })
    };
    let known = put_on_all();
    assert!(known.iter().all(Result::is_ok));
    proxy.swallow(true);
    // Until the line is given up the server executes all of them, and only the answers are lost.
    for _ in 0..2 {
        for error in put_on_all().map(Result::unwrap_err) {
            assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        }
    }
    proxy.swallow(false);
    proxy.cut();
    for bucket in &buckets {
        until(|| bucket.count().is_ok());
        assert_eq!(bucket.count().unwrap(), 3);
    }
}

#[test]
fn connections_that_are_killed_under_load_cost_capacity_at_most() {
    let rates: Rates = "20/50ms;200/1s".parse().unwrap();
    let server = Server::start();
    let store = RedisStore::builder(server.url()).pool_size(3).build().unwrap();
    let harvest = under_load(&store, &rates, ms(2_000), || {
        server.ask("CLIENT KILL TYPE normal SKIPME yes");
        thread::sleep(ms(17));
    });
    harvest.audit(&rates);
    for error in &harvest.failed {
        let is_typed =
            matches!(source(error), RedisError::ConnectionLost(_) | RedisError::Unreachable(_));
        assert!(is_typed, "{error}");
    }
    assert!(put(&store.bucket("other", rates), 1).unwrap().is_granted());
}

#[test]
fn a_reservation_whose_caller_has_gone_is_given_back() {
    let bucket = builder().build().unwrap().bucket("a", Rate::per_hour(1));
    assert!(put(&bucket, 1).unwrap().is_granted());
    let (item, runtime) = (RateItem::new("b", 1), tokio::runtime::Runtime::new().unwrap());
    for patience in [0, 10, 50, 100, 200, 400, 800] {
        let reserve = bucket.reserve_async(&item, Duration::MAX);
        let waits = runtime.block_on(async {
            tokio::time::timeout(Duration::from_micros(patience), reserve).await
        });
        if let Ok(Ok(Decision::Granted(grant))) = waits {
            bucket.cancel_later(grant);
        }
    }
    until(|| bucket.count().unwrap() == 1);
}
