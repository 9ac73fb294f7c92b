//! Lone calls for different buckets that come together: they share round trips, and none hears of another's trouble.

use std::time::Duration;

use pyrate_redis::{
    AsyncBucket, BucketError, Decision, Rate, RateItem, RedisBucket, RedisError, RedisStore,
};

use crate::support::server::{Server, free_port};
use crate::support::store;
use crate::together::{runtime, scripts, stand_in_line};
use crate::until;

/// Asks all buckets for a unit at the same moment.
fn at_once(buckets: &[RedisBucket], max_delay: Duration) -> Vec<Result<Decision, BucketError>> {
    runtime().block_on(async {
        let reserve = |bucket: &RedisBucket| {
            let bucket = bucket.clone();
            tokio::spawn(
                async move { bucket.reserve_async(&RateItem::new("b", 1), max_delay).await },
            )
        };
        let mut decisions = Vec::new();
        for task in buckets.iter().map(reserve).collect::<Vec<_>>() {
            decisions.push(task.await.unwrap());
        }
        decisions
    })
}

fn buckets(store: &RedisStore, count: usize, rate: Rate) -> Vec<RedisBucket> {
    (0..count).map(|number| store.bucket(number.to_string(), rate)).collect()
}

fn count(bucket: &RedisBucket) -> u64 {
    runtime().block_on(bucket.count_async()).unwrap()
}

fn redis_error(answer: Result<Decision, BucketError>) -> RedisError {
    let error = answer.unwrap_err();
    std::error::Error::source(&error).unwrap().downcast_ref::<RedisError>().unwrap().clone()
}

#[test]
fn lone_calls_for_different_buckets_share_round_trips() {
    let server = Server::start();
    let store = RedisStore::connect(server.url()).unwrap();
    let buckets = buckets(&store, 100, Rate::per_hour(3));
    // A new bucket is set up by a call of its own.
    at_once(&buckets, Duration::ZERO);
    let before = scripts(&server);
    let granted = |answer: Result<Decision, _>| answer.unwrap().is_granted();
    assert!(at_once(&buckets, Duration::ZERO).into_iter().all(granted));
    assert!(at_once(&buckets, Duration::ZERO).into_iter().all(granted));
    assert!(at_once(&buckets, Duration::ZERO).into_iter().all(|answer| !granted(answer)));
    // A busy machine may have them come in a few groups.
    assert!(scripts(&server) - before < 100, "{}", scripts(&server) - before);
    assert!(buckets.iter().all(|bucket| count(bucket) == 3));
}

#[test]
fn several_callers_of_each_of_several_buckets_stand_in_order_of_arrival() {
    let (store, rate) = (store(), Rate::per_minute(2));
    let buckets = buckets(&store, 8, rate);
    let crowd: Vec<_> = buckets.iter().cycle().take(80).cloned().collect();
    let mut grants = vec![Vec::new(); 8];
    for (index, answer) in at_once(&crowd, Duration::MAX).into_iter().enumerate() {
        let Ok(Decision::Granted(grant)) = answer else { panic!("{answer:?}") };
        grants[index % 8].push((grant.at, 1));
    }
    for grants in grants {
        assert!(grants.is_sorted());
        assert_eq!(pyrate_conformance::audit(&rate.into(), &grants), []);
        let waited = grants[9].0.saturating_since(grants[0].0);
        assert!(waited < Duration::from_secs(4 * 60 + 1), "{waited:?}");
    }
}

#[test]
fn a_bucket_that_is_not_one_fails_alone() {
    let server = Server::start();
    let store = RedisStore::builder(server.url()).prefix("p:").build().unwrap();
    let buckets = buckets(&store, 10, Rate::per_hour(5));
    at_once(&buckets, Duration::ZERO);
    for (key, value) in [("p:{3}", "LPUSH p:{3} x"), ("p:{4}", "SET p:{4} something-else")] {
        assert_eq!(server.ask(&format!("DEL {key}")), "1");
        server.ask(value);
    }
    for (index, answer) in at_once(&buckets, Duration::ZERO).into_iter().enumerate() {
        match index {
            3 => assert_eq!(redis_error(answer), RedisError::WrongType),
            4 => assert!(matches!(redis_error(answer), RedisError::Corrupt(_))),
            _ => assert!(answer.unwrap().is_granted(), "{index}"),
        }
    }
    assert_eq!((count(&buckets[0]), count(&buckets[9])), (2, 2));
}

#[test]
fn a_server_that_takes_no_writes_tells_each_and_records_nothing() {
    let server = Server::start();
    let store = RedisStore::connect(server.url()).unwrap();
    let buckets = buckets(&store, 10, Rate::per_hour(5));
    at_once(&buckets, Duration::ZERO);
    server.ask("CONFIG SET maxmemory 1");
    for answer in at_once(&buckets, Duration::ZERO) {
        assert!(matches!(redis_error(answer), RedisError::OutOfMemory(_)));
    }
    server.ask("CONFIG SET maxmemory 0");
    assert!(buckets.iter().all(|bucket| count(bucket) == 1));
    assert!(
        at_once(&buckets, Duration::ZERO).into_iter().all(|answer| answer.unwrap().is_granted())
    );
}

#[test]
fn places_of_callers_who_leave_during_a_shared_trip_are_given_back() {
    let store = store();
    let buckets = buckets(&store, 20, Rate::per_hour(1));
    at_once(&buckets, Duration::ZERO);
    for _ in 0..20 {
        runtime().block_on(async {
            let reserve = |bucket: &RedisBucket| {
                let bucket = bucket.clone();
                tokio::spawn(async move { stand_in_line(&bucket).await })
            };
            let tasks: Vec<_> = buckets.iter().map(reserve).collect();
            tokio::task::yield_now().await;
            tasks.iter().for_each(tokio::task::JoinHandle::abort);
        });
    }
    until(|| buckets.iter().all(|bucket| count(bucket) == 1));
}

#[test]
fn buckets_of_a_cluster_that_is_reached_as_one_server_are_asked_one_by_one() {
    let bus = free_port().to_string();
    let server = Server::with(&["--cluster-enabled", "yes", "--cluster-port", &bus]);
    assert_eq!(server.ask("CLUSTER ADDSLOTSRANGE 0 16383"), "OK");
    until(|| server.ask("CLUSTER INFO").contains("cluster_state:ok"));
    let store = RedisStore::connect(server.url()).unwrap();
    let buckets = buckets(&store, 10, Rate::per_hour(3));
    for _ in 0..3 {
        let answers = at_once(&buckets, Duration::ZERO);
        assert!(answers.into_iter().all(|answer| answer.unwrap().is_granted()));
    }
    assert!(buckets.iter().all(|bucket| count(bucket) == 3));
}
