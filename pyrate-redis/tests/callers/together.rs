//! Callers who come together: calls for one bucket share round trips, and each is answered for itself.

use std::time::Duration;

use pyrate_redis::{
    AbstractBucket, AsyncBucket, Decision, Grant, Rate, RateItem, RedisBucket, RedisError,
    RedisStore,
};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::support::proxy::Proxy;
use crate::support::server::Server;
use crate::support::store;
use crate::until;

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Takes a place in line, and gives it back where the answer is heard: who leaves before has it given back for him.
pub(crate) async fn stand_in_line(bucket: &RedisBucket) {
    let reserved = bucket.reserve_async(&RateItem::new("b", 1), Duration::MAX).await;
    if let Ok(Decision::Granted(grant)) = reserved {
        bucket.cancel_later_async(grant).await;
    }
}

/// What so many tasks that reserve a unit at the same moment are granted, in the order in which they asked.
fn granted_at_once(bucket: &RedisBucket, tasks: usize) -> Vec<Grant> {
    granted_under(bucket, "b", tasks)
}

/// The same for units that bear that name.
fn granted_under(bucket: &RedisBucket, name: &str, tasks: usize) -> Vec<Grant> {
    runtime().block_on(async {
        let reserve = |_| {
            let bucket = bucket.clone();
            let name = name.to_owned();
            tokio::spawn(async move {
                match bucket.reserve_async(&RateItem::new(name, 1), Duration::MAX).await {
                    Ok(Decision::Granted(grant)) => grant,
                    other => panic!("{other:?}"),
                }
            })
        };
        let mut grants = Vec::new();
        for task in (0..tasks).map(reserve).collect::<Vec<_>>() {
            grants.push(task.await.unwrap());
        }
        grants
    })
}

/// How many scripts the server has run.
pub(crate) fn scripts(server: &Server) -> u64 {
    let stats = server.ask("INFO commandstats");
    let of = |command: &str| -> Option<u64> {
        let line = stats.lines().find(|line| line.starts_with(&format!("cmdstat_{command}:")))?;
        line.split_once("calls=")?.1.split(',').next()?.parse().ok()
    };
    of("evalsha").unwrap_or(0) + of("eval").unwrap_or(0)
}

#[test]
fn calls_for_one_bucket_share_round_trips_and_stand_in_order_of_arrival() {
    let server = Server::start();
    let bucket = RedisStore::connect(server.url()).unwrap().bucket("a", Rate::per_second(10));
    let before = scripts(&server);
    let grants = granted_at_once(&bucket, 100);
    // The first goes at once, the others share the next trip. A busy machine may have them come in a few groups.
    assert!(scripts(&server) - before < 50);
    assert!(grants.is_sorted_by_key(|grant| grant.at));
    assert!(
        grants
            .windows(11)
            .all(|ten| ten[10].at.saturating_since(ten[0].at) >= Duration::from_secs(1))
    );
}

#[test]
fn callers_with_long_names_share_no_round_trip_longer_than_a_megabyte() {
    let server = Server::start();
    let bucket = RedisStore::connect(server.url()).unwrap().bucket("a", Rate::per_second(10));
    let before = scripts(&server);
    let grants = granted_under(&bucket, &"long".repeat(100 << 10), 12);
    // Two of them fit in one, so there are six at least.
    assert!(scripts(&server) - before >= 6);
    assert!(grants.is_sorted_by_key(|grant| grant.at));
}

#[test]
fn many_callers_do_not_wait_for_the_trip_before_theirs_to_be_back() {
    let server = Server::start();
    let proxy = Proxy::before(server.port());
    let patient = RedisStore::builder(proxy.url()).command_timeout(Duration::from_mins(1));
    let bucket = patient.build().unwrap().bucket("a", Rate::per_hour(1_000));
    let recorded = RedisStore::connect(server.url()).unwrap().bucket("a", Rate::per_hour(1_000));
    granted_at_once(&bucket, 1);
    // From now on nothing comes back.
    proxy.swallow(true);
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let call = || {
        let bucket = bucket.clone();
        drop(runtime.spawn(async move { bucket.put_async(&RateItem::new("b", 1)).await }));
    };
    call();
    until(|| recorded.count().unwrap() == 2);
    (0..16).for_each(|_| call());
    until(|| recorded.count().unwrap() == 18);
    runtime.shutdown_background();
}

#[test]
fn a_lone_call_is_one_round_trip() {
    let server = Server::start();
    let bucket = RedisStore::connect(server.url()).unwrap().bucket("a", Rate::per_hour(100));
    granted_at_once(&bucket, 1);
    let before = scripts(&server);
    for _ in 0..10 {
        granted_at_once(&bucket, 1);
    }
    assert_eq!(scripts(&server) - before, 10);
}

#[test]
fn calls_of_all_kinds_are_answered_in_order_of_arrival() {
    let bucket = store().bucket("a", Rate::per_hour(5));
    runtime().block_on(async {
        let item = RateItem::new("b", 2);
        let (first, second, counted, third, available, last) = tokio::join!(
            bucket.put_async(&item),
            bucket.put_async(&item),
            bucket.count_async(),
            bucket.put_async(&item),
            bucket.available_async(),
            bucket.reserve_async(&item, Duration::MAX),
        );
        assert!(first.unwrap().is_granted() && second.unwrap().is_granted());
        assert_eq!((counted.unwrap(), available.unwrap()), (4, 1));
        assert!(third.unwrap().is_denied());
        let Ok(Decision::Granted(last)) = last else { panic!("{last:?}") };
        let (cancelled, again, counted) = tokio::join!(
            bucket.cancel_async(&last),
            bucket.cancel_async(&last),
            bucket.count_async()
        );
        assert_eq!((cancelled.unwrap(), again.unwrap(), counted.unwrap()), (true, false, 4));
    });
}

#[test]
fn who_leaves_before_the_trip_is_not_on_it_and_who_leaves_during_it_is_given_back() {
    let bucket = store().bucket("a", Rate::per_hour(4));
    runtime().block_on(async {
        for round in 0..50 {
            let reserve = |_| {
                let bucket = bucket.clone();
                tokio::spawn(async move { bucket.put_async(&RateItem::new("b", 1)).await.unwrap() })
            };
            let tasks: Vec<_> = (0..10).map(reserve).collect();
            for _ in 0..round % 5 {
                tokio::task::yield_now().await;
            }
            tasks.iter().skip(1).step_by(2).for_each(JoinHandle::abort);
            for task in tasks.into_iter().step_by(2) {
                let _ = task.await.unwrap();
            }
        }
    });
    // The limit is reached, by whoever came first, and not passed.
    until(|| runtime().block_on(bucket.count_async()).unwrap() == 4);
}

#[test]
fn a_place_in_line_on_a_shared_trip_is_given_back_if_its_caller_leaves() {
    let bucket = store().bucket("a", Rate::per_hour(1));
    granted_at_once(&bucket, 1);
    runtime().block_on(async {
        let reserve = |_| {
            let bucket = bucket.clone();
            tokio::spawn(async move { stand_in_line(&bucket).await })
        };
        let tasks: Vec<_> = (0..40).map(reserve).collect();
        tokio::task::yield_now().await;
        tasks.iter().for_each(JoinHandle::abort);
    });
    until(|| runtime().block_on(bucket.count_async()).unwrap() == 1);
}

#[test]
fn a_trip_that_fails_tells_each_of_its_callers() {
    let server = Server::start();
    let store = RedisStore::builder(server.url()).prefix("p:").build().unwrap();
    let bucket = store.bucket("a", Rate::per_hour(5));
    granted_at_once(&bucket, 1);
    // There are further keys with its names; the decision needs this one.
    assert_eq!(server.ask("DEL p:{a}"), "1");
    assert_eq!(server.ask("LPUSH p:{a} x"), "1");
    runtime().block_on(async {
        let put = |_| {
            let bucket = bucket.clone();
            tokio::spawn(async move { bucket.put_async(&RateItem::new("b", 1)).await })
        };
        for task in (0..20).map(put).collect::<Vec<_>>() {
            let error = task.await.unwrap().unwrap_err();
            let source = std::error::Error::source(&error).unwrap();
            assert_eq!(source.downcast_ref(), Some(&RedisError::WrongType));
        }
    });
    assert_eq!(server.ask("DEL p:{a}"), "1");
    assert_eq!(granted_at_once(&bucket, 5).len(), 5);
}
