//! Servers of a cluster that are away.

use std::thread;
use std::time::{Duration, Instant};

use pyrate_redis::fred::util::redis_keyslot;
use pyrate_redis::{
    AbstractBucket, Outcome, Rate, RateItem, RedisBucket, RedisError, RedisStore, Weakness,
};

use crate::desk::{ms, put, source, until};
use crate::support::cluster::Cluster;
use crate::support::held_up::HeldUp;
use crate::support::server::Server;

const TIMEOUT: Duration = Duration::from_millis(400);
/// How much longer than its timeout a call may take.
const LATE: Duration = Duration::from_millis(300);

fn store(cluster: &Cluster) -> RedisStore {
    RedisStore::builder(cluster.url()).command_timeout(TIMEOUT).build().unwrap()
}

/// A bucket on each of the three masters.
fn one_on_each(cluster: &Cluster, store: &RedisStore) -> Vec<RedisBucket> {
    let on = |master| keys_on(cluster, master).next().unwrap();
    (0..3).map(|master| store.bucket(on(master), Rate::per_hour(99))).collect()
}

/// Keys that lie on a master.
fn keys_on(cluster: &Cluster, master: usize) -> impl Iterator<Item = String> {
    let keys = (0..).map(|number: u32| number.to_string());
    keys.filter(move |key| cluster.first_owner(redis_keyslot(key.as_bytes())) == master)
}

#[test]
fn a_master_that_is_away_holds_up_its_own_buckets_only() {
    let cluster = Cluster::start();
    for server in cluster.servers() {
        server.ask("CONFIG SET cluster-require-full-coverage no");
    }
    let store = store(&cluster);
    let buckets = one_on_each(&cluster, &store);
    for bucket in &buckets {
        assert!(put(bucket, 1).unwrap().is_granted());
    }
    // The one whose address the store was given.
    cluster.servers()[0].kill();
    let (start, watch) = (Instant::now(), HeldUp::watch());
    while start.elapsed() < ms(2_500) {
        for bucket in &buckets[1..] {
            let (answer, took) = watch.timed(|| put(bucket, 1));
            assert!(answer.is_ok());
            assert!(took < TIMEOUT, "{took:?}");
        }
        let (answer, took) = watch.timed(|| put(&buckets[0], 1));
        let error = answer.unwrap_err();
        assert!(took < TIMEOUT + LATE, "{took:?}");
        let is_typed = matches!(
            source(&error),
            RedisError::Unreachable(_) | RedisError::ConnectionLost(_) | RedisError::Cluster(_)
        );
        assert!(is_typed, "{error}");
    }
    cluster.servers()[0].run();
    until(|| put(&buckets[0], 1).is_ok());
}

#[test]
fn a_cluster_that_is_down_says_so_and_works_again_once_it_is_up() {
    let cluster = Cluster::start();
    let store = store(&cluster);
    let buckets = one_on_each(&cluster, &store);
    cluster.servers()[2].kill();
    // The others close down, since not every slot is served.
    until(|| put(&buckets[1], 1).is_err());
    let (answer, took) = HeldUp::watch().timed(|| put(&buckets[1], 1));
    let error = answer.unwrap_err();
    assert!(took < TIMEOUT + LATE, "{took:?}");
    assert!(matches!(source(&error), RedisError::Cluster(_)), "{error}");
    assert_eq!(error.outcome(), Outcome::NotRecorded);
    assert!(error.is_retryable());
    cluster.servers()[2].run();
    for bucket in &buckets {
        until(|| put(bucket, 1).is_ok());
    }
}

/// The client tells the words that a cluster is down to every call on the connection: others were once made again for them, and
/// charged twice.
#[test]
fn a_slot_that_nobody_serves_has_no_call_for_another_one_charged_twice() {
    let cluster = Cluster::start();
    for server in cluster.servers() {
        server.ask("CONFIG SET cluster-require-full-coverage no");
    }
    let (store, mut keys) = (store(&cluster), keys_on(&cluster, 0));
    let [orphan, served] =
        [(); 2].map(|()| store.bucket(keys.next().unwrap(), Rate::per_hour(1 << 40)));
    assert!(put(&orphan, 1).unwrap().is_granted());
    let slot = redis_keyslot(orphan.key().as_bytes());
    assert_eq!(cluster.servers()[0].ask(&format!("CLUSTER DELSLOTS {slot}")), "OK");
    let start = Instant::now();
    let (granted, unknown) = thread::scope(|scope| {
        let orphans = [(); 2].map(|()| scope.spawn(|| put_for(&orphan, start, ms(1_500))));
        let others = [(); 6].map(|()| scope.spawn(|| put_for(&served, start, ms(1_500))));
        assert!(orphans.into_iter().all(|caller| caller.join().unwrap() == (0, 0)));
        others
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .fold((0, 0), |sum, caller| (sum.0 + caller.0, sum.1 + caller.1))
    });
    let charged = served.count().unwrap();
    assert!(unknown > 0, "some were cut off");
    assert!((granted..=granted + unknown).contains(&charged), "{granted}, {unknown}: {charged}");
    assert_eq!(cluster.servers()[0].ask(&format!("CLUSTER ADDSLOTS {slot}")), "OK");
    until(|| put(&orphan, 1).is_ok());
}

/// Takes units until the time is over: how many were granted, and of how many nobody knows.
fn put_for(bucket: &RedisBucket, start: Instant, time: Duration) -> (u64, u64) {
    let (mut granted, mut unknown) = (0, 0);
    while start.elapsed() < time {
        match put(bucket, 1) {
            Ok(decision) => granted += u64::from(decision.is_granted()),
            Err(error) => unknown += u64::from(error.outcome() == Outcome::Unknown),
        }
    }
    (granted, unknown)
}

#[test]
fn a_store_is_opened_by_any_server_that_is_there() {
    let cluster = Cluster::start();
    let [first, second, third] = cluster.servers() else { panic!("three masters") };
    let url = format!("{}?node=127.0.0.1:{}", cluster.url(), second.port());
    first.kill();
    for server in [second, third] {
        server.ask("CONFIG SET cluster-require-full-coverage no");
    }
    let store = RedisStore::builder(url).command_timeout(TIMEOUT).build().unwrap();
    for bucket in &one_on_each(&cluster, &store)[1..] {
        until(|| put(bucket, 1).is_ok());
    }
}

#[test]
fn a_server_that_is_no_cluster_is_refused() {
    let server = Server::start();
    let url = server.url().replace("redis://", "redis-cluster://");
    let error = RedisStore::connect(url).unwrap_err();
    assert!(matches!(error, RedisError::Refused(_)), "{error}");
}

#[test]
fn one_server_of_a_cluster_that_is_asked_as_if_it_were_alone_says_so() {
    let cluster = Cluster::start();
    let store = RedisStore::connect(cluster.servers()[0].url()).unwrap();
    let error = put(&one_on_each(&cluster, &store)[1], 1).unwrap_err();
    assert!(matches!(source(&error), RedisError::Cluster(_)), "{error}");
    assert_eq!(error.outcome(), Outcome::NotRecorded);
}

#[test]
fn what_a_server_did_not_answer_leaves_the_outcome_open_and_is_never_sent_to_another() {
    let cluster = Cluster::start();
    let store = store(&cluster);
    let bucket = store.bucket("paused", Rate::per_hour(99));
    assert!(put(&bucket, 1).unwrap().is_granted());
    let owner = &cluster.servers()[cluster.first_owner(redis_keyslot(b"paused"))];
    owner.ask("CLIENT PAUSE 600 ALL");
    let error = put(&bucket, 1).unwrap_err();
    assert_eq!(source(&error), &RedisError::TimedOut(TIMEOUT));
    assert_eq!(error.outcome(), Outcome::Unknown);
    until(|| bucket.count().is_ok());
    assert_eq!(bucket.count().unwrap(), 2, "it was executed once");
    assert!(bucket.put(&RateItem::new("b", 1)).unwrap().is_granted());
}

/// All who shared its trip once failed with one whose time was nearly over.
#[test]
fn who_has_next_to_no_time_left_leaves_others_for_the_same_bucket_alone() {
    let cluster = Cluster::start();
    let timeout = Duration::from_secs(1);
    let store = RedisStore::builder(cluster.url()).command_timeout(timeout).build().unwrap();
    let bucket = store.bucket("paused", Rate::per_hour(99));
    assert!(put(&bucket, 1).unwrap().is_granted());
    let owner = &cluster.servers()[cluster.first_owner(redis_keyslot(b"paused"))];
    owner.ask("CLIENT PAUSE 900 ALL");
    thread::scope(|scope| {
        let mut calls = Vec::new();
        for rest in [0, 50, 750] {
            thread::sleep(ms(rest));
            calls.push(scope.spawn(|| put(&bucket, 1)));
        }
        let last = calls.pop().unwrap().join().unwrap();
        assert!(last.unwrap().is_granted());
        let second = calls.pop().unwrap().join().unwrap().unwrap_err();
        assert_eq!(source(&second), &RedisError::NotSent(timeout));
    });
}

#[test]
fn a_check_tells_of_each_master_and_names_those_that_keep_nothing() {
    let cluster = Cluster::start();
    let found = store(&cluster).check_blocking().unwrap();
    let mut told: Vec<String> = found.servers.iter().map(|server| server.address.clone()).collect();
    told.sort_unstable();
    let mut due: Vec<String> =
        cluster.servers().iter().map(|server| format!("127.0.0.1:{}", server.port())).collect();
    due.sort_unstable();
    assert_eq!(told, due);
    for server in &found.servers {
        assert!(server.findings.contains(&Weakness::KeepsNothing), "{server}");
    }
}
