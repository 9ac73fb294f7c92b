//! Masters that are killed, and replicas that take over: what a takeover costs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_redis::fred::util::redis_keyslot;
use pyrate_redis::{AbstractBucket, Outcome, Rate, RedisBucket, RedisStore};

use crate::desk::{Bell, ms, put, source, until};
use crate::support::cluster::{Cluster, is_in_step};
use crate::support::held_up::HeldUp;
use crate::support::server::Server;

const TIMEOUT: Duration = Duration::from_millis(500);
/// How much longer than its timeout a call may take, on a machine that is busy with other things as well.
const LATE: Duration = Duration::from_secs(1);
const LIMIT: u64 = 4_000;

/// What became of a limit whose server was killed.
#[derive(Debug)]
struct Cost {
    /// Units that callers were granted before.
    acknowledged: u64,
    /// Units that may have been granted to calls without an answer.
    open: u64,
    /// Units that the replica knows of which took over.
    replicated: u64,
    /// Units that callers were granted in all, until none was left.
    granted: u64,
}

impl Cost {
    fn lost(&self) -> u64 {
        self.acknowledged.saturating_sub(self.replicated)
    }

    fn judge(&self, what: &str) {
        let excess = self.granted.saturating_sub(LIMIT);
        println!(
            "{what}: of {} acknowledged units {} were not replicated; the limit of {LIMIT} was exceeded by {excess}",
            self.acknowledged,
            self.lost(),
        );
        assert!(excess <= self.lost(), "more than was lost: {self:?}");
        assert!(self.granted + self.open >= LIMIT, "less than is allowed: {self:?}");
    }
}

/// Has four callers take units, whose sum `disturb` sees. That has the master replaced. Once there is another one, takes all
/// that is left.
fn cost(bucket: &RedisBucket, disturb: impl FnOnce(&AtomicU64)) -> Cost {
    let (acknowledged, open) = (AtomicU64::new(0), AtomicU64::new(0));
    let (is_over, watch) = (AtomicBool::new(false), HeldUp::watch());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    match timed_put(bucket, &watch) {
                        Some(taken) => acknowledged.fetch_add(taken, Ordering::Relaxed),
                        None => open.fetch_add(1, Ordering::Relaxed),
                    };
                }
            });
        }
        let _bell = Bell(&is_over);
        thread::sleep(ms(200));
        disturb(&acknowledged);
    });
    until(|| bucket.count().is_ok());
    let replicated = bucket.count().unwrap();
    let (acknowledged, mut open) = (acknowledged.into_inner(), open.into_inner());
    let (mut granted, start) = (acknowledged, Instant::now());
    loop {
        assert!(start.elapsed() < Duration::from_secs(60), "there is no end to it");
        match put(bucket, 1) {
            Ok(decision) if decision.is_granted() => granted += 1,
            Ok(_) => return Cost { acknowledged, open, replicated, granted },
            // A busy machine is late now and then.
            Err(error) => open += u64::from(error.outcome() == Outcome::Unknown),
        }
    }
}

/// How many units were granted; `None` if that is not known.
fn timed_put(bucket: &RedisBucket, watch: &HeldUp) -> Option<u64> {
    let (decision, took) = watch.timed(|| put(bucket, 1));
    assert!(took < TIMEOUT + LATE, "{took:?}");
    match decision {
        Ok(decision) => Some(u64::from(decision.is_granted())),
        Err(error) if error.is_retryable() => Some(0),
        Err(error) => {
            assert!(!source(&error).is_permanent(), "{error}");
            None
        }
    }
}

/// The server that has the bucket, in a cluster with replicas.
fn master(cluster: &Cluster) -> &Server {
    &cluster.servers()[cluster.first_owner(redis_keyslot(b"a"))]
}

fn bucket_on(url: String) -> RedisBucket {
    let store = RedisStore::builder(url).command_timeout(TIMEOUT).build().unwrap();
    store.bucket("a", Rate::per_hour(LIMIT))
}

#[test]
fn a_replica_that_takes_over_in_a_cluster_costs_no_more_than_it_had_not_heard_of() {
    let cluster = Cluster::with_replicas();
    let cost = cost(&bucket_on(cluster.url()), |_| master(&cluster).kill());
    cost.judge("cluster, replica in step");
}

#[test]
fn a_replica_that_was_cut_off_before_it_takes_over_costs_what_it_has_missed() {
    let cluster = Cluster::with_replicas();
    let cost = cost(&bucket_on(cluster.url()), |acknowledged| {
        cut_off_replicas(master(&cluster));
        wait_for_more(acknowledged);
        master(&cluster).kill();
    });
    cost.judge("cluster, replica cut off");
    assert!(cost.lost() > 0, "the replica should have missed something: {cost:?}");
}

#[test]
fn a_planned_takeover_in_a_cluster_costs_nothing() {
    let cluster = Cluster::with_replicas();
    let replica = &cluster.servers()[3 + cluster.first_owner(redis_keyslot(b"a"))];
    let cost = cost(&bucket_on(cluster.url()), |_| {
        assert_eq!(replica.ask("CLUSTER FAILOVER"), "OK");
        until(|| replica.ask("INFO replication").contains("role:master"));
        thread::sleep(ms(200));
    });
    cost.judge("cluster, planned");
    assert_eq!(cost.lost(), 0, "{cost:?}");
    assert!(cost.granted <= LIMIT, "{cost:?}");
}

#[test]
fn calls_go_on_after_a_replica_has_taken_over() {
    let cluster = Cluster::with_replicas();
    let bucket = bucket_on(cluster.url());
    assert!(put(&bucket, 1).unwrap().is_granted());
    let old = master(&cluster);
    old.kill();
    until(|| put(&bucket, 1).is_ok());
    // As a replica it sends all calls on to its successor.
    old.run();
    until(|| old.ask("INFO replication").contains("role:slave") && is_in_step(old));
    for _ in 0..9 {
        until(|| put(&bucket, 1).is_ok_and(|decision| decision.is_granted()));
    }
    until(|| bucket.count().is_ok_and(|count| count >= 10));
}

/// A master, a replica of it, and a sentinel that watches over both.
struct Watched {
    master: Server,
    replica: Server,
    sentinel: Server,
}

impl Watched {
    fn start() -> Watched {
        let master = Server::start();
        let port = master.port().to_string();
        let replica = Server::with(&["--replicaof", &format!("127.0.0.1 {port}")]);
        until(|| is_in_step(&replica));
        let sentinel = Server::sentinel(&format!(
            "sentinel monitor limits 127.0.0.1 {port} 1\n\
             sentinel down-after-milliseconds limits 500\n\
             sentinel failover-timeout limits 3000\n"
        ));
        until(|| sentinel.ask("SENTINEL REPLICAS limits").contains(&replica.port().to_string()));
        Watched { master, replica, sentinel }
    }

    fn url(&self) -> String {
        url_of(&self.sentinel)
    }
}

fn url_of(sentinel: &Server) -> String {
    format!("redis-sentinel://127.0.0.1:{}/0?sentinelServiceName=limits", sentinel.port())
}

#[test]
fn a_replica_that_a_sentinel_promotes_costs_no_more_than_it_had_not_heard_of() {
    let watched = Watched::start();
    let cost = cost(&bucket_on(watched.url()), |_| watched.master.kill());
    cost.judge("sentinel, replica in step");
    assert!(watched.replica.ask("INFO replication").contains("role:master"));
}

#[test]
fn a_replica_that_was_cut_off_before_a_sentinel_promotes_it_costs_what_it_has_missed() {
    let watched = Watched::start();
    let cost = cost(&bucket_on(watched.url()), |acknowledged| {
        cut_off_replicas(&watched.master);
        wait_for_more(acknowledged);
        watched.master.kill();
    });
    cost.judge("sentinel, replica cut off");
    assert!(cost.lost() > 0, "the replica should have missed something: {cost:?}");
}

/// Its connections stay, and it refuses whatever comes over them.
#[test]
fn a_master_that_was_made_a_replica_is_left_for_its_successor() {
    let Watched { master, replica, sentinel } = &Watched::start();
    let bucket = bucket_on(url_of(sentinel));
    assert!(put(&bucket, 1).unwrap().is_granted());
    until(|| replica.ask("DBSIZE") == "1");
    replica.ask("REPLICAOF NO ONE");
    master.ask(&format!("REPLICAOF 127.0.0.1 {}", replica.port()));
    sentinel.ask("SENTINEL REMOVE limits");
    sentinel.ask(&format!("SENTINEL MONITOR limits 127.0.0.1 {} 1", replica.port()));
    until(|| put(&bucket, 1).is_ok());
    assert!(bucket.count().unwrap() >= 1);
}

/// Replicas hear nothing from here on, and can't come back for it.
fn cut_off_replicas(master: &Server) {
    assert_eq!(master.ask("ACL SETUSER default -psync -sync -replconf"), "OK");
    master.ask("CLIENT KILL TYPE replica");
}

/// Waits until callers were granted some units more, for a moment at least.
fn wait_for_more(acknowledged: &AtomicU64) {
    let so_far = acknowledged.load(Ordering::Relaxed);
    thread::sleep(ms(200));
    until(|| acknowledged.load(Ordering::Relaxed) >= so_far + 10);
}
