//! Checks of real servers, set up in ways that weaken what buckets promise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod support;

use std::thread;
use std::time::{Duration, Instant};

use pyrate_redis::{
    AbstractBucket, Aspect, Decision, Rate, RateItem, RedisBucket, RedisCheck, RedisError,
    RedisStore, Weakness,
};
use static_assertions::assert_impl_all;
use support::server::Server;

assert_impl_all!(RedisCheck: Send, Sync);

/// With these, a server forgets nothing.
const SAFE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

fn with(options: &[&str]) -> Server {
    Server::with(&[&SAFE, options].concat())
}

fn found(server: &Server) -> Vec<Weakness> {
    let check = RedisStore::connect(server.url()).unwrap().check_blocking().unwrap();
    check.findings().cloned().collect()
}

fn unseen(findings: &[Weakness]) -> Vec<Aspect> {
    let aspect = |finding: &Weakness| match finding {
        Weakness::Unseen { aspect, .. } => Some(*aspect),
        _ => None,
    };
    findings.iter().filter_map(aspect).collect()
}

/// Lets time pass until `holds`; gives up after half a minute, which only a fault takes.
fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "this should have come about");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn nothing_is_found_on_a_server_that_forgets_nothing_and_it_is_named() {
    let server = with(&[]);
    let store = RedisStore::connect(server.url()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let check = runtime.block_on(store.check()).unwrap();
    assert_eq!(check, store.check_blocking().unwrap());
    assert_eq!(check.findings().count(), 0, "{check}");
    let [only] = check.servers.as_slice() else { panic!("{check}") };
    assert_eq!(only.address, format!("127.0.0.1:{}", server.port()));
    assert!(
        server.ask("INFO server").contains(&format!("{}_version:{}", only.product, only.version))
    );
    assert!(check.to_string().ends_with("nothing weakens the promises"));
}

#[test]
fn what_a_restart_forgets_is_found() {
    assert_eq!(found(&Server::start()), [Weakness::KeepsNothing]);
    let schedule = Some("60 10".to_owned());
    let snapshots = Server::with(&["--save", "60", "10"]);
    assert_eq!(found(&snapshots), [Weakness::SnapshotsOnly { schedule }]);
    let server = with(&[]);
    server.ask("CONFIG SET appendfsync everysec");
    assert_eq!(found(&server), [Weakness::SyncsEverySecond]);
    server.ask("CONFIG SET appendfsync no");
    assert_eq!(found(&server), [Weakness::SyncsAtLeisure]);
}

#[test]
fn a_policy_that_evicts_is_found_also_where_no_memory_limit_is_set_yet() {
    let server = with(&["--maxmemory-policy", "volatile-ttl"]);
    let evicts = |max_memory| Weakness::Evicts { policy: "volatile-ttl".to_owned(), max_memory };
    assert_eq!(found(&server), [evicts(None)]);
    server.ask("CONFIG SET maxmemory 100mb");
    assert_eq!(found(&server), [evicts(Some(104_857_600))]);
    server.ask("CONFIG SET maxmemory-policy noeviction");
    assert_eq!(found(&server), []);
}

/// This is what the finding warns of: buckets have a lifetime, so `volatile` policies choose them.
#[test]
fn a_bucket_is_evicted_by_a_volatile_policy_as_by_any_other() {
    for policy in ["volatile-lru", "allkeys-lru"] {
        let server = Server::with(&["--maxmemory-policy", policy]);
        let store = RedisStore::builder(server.url()).prefix("p:").build().unwrap();
        let bucket = store.bucket("a", Rate::per_hour(1));
        let put = |bucket: &RedisBucket| bucket.put(&RateItem::new("a", 1)).unwrap().is_granted();
        assert!(put(&bucket) && !put(&bucket));
        server.ask("CONFIG SET maxmemory 1");
        // It is room for this that the bucket has to make.
        server.ask("SET theirs x");
        until(|| server.ask("EXISTS p:{a}") == "0");
        server.ask("CONFIG SET maxmemory 0");
        assert!(put(&bucket), "it has forgotten what it granted");
        assert!(store.check_blocking().unwrap().to_string().contains(policy));
    }
}

#[test]
fn a_replica_and_its_master_are_found() {
    let (master, replica) = (with(&[]), with(&[]));
    replica.ask(&format!("REPLICAOF 127.0.0.1 {}", master.port()));
    until(|| replica.ask("INFO replication").contains("master_link_status:up"));
    assert_eq!(found(&master), [Weakness::Replicated { replicas: 1 }]);
    assert_eq!(found(&replica), [Weakness::IsReplica]);
}

#[test]
fn settings_that_may_not_be_read_are_findings_and_no_error() {
    let renamed = with(&["--rename-command", "CONFIG", ""]);
    let findings = found(&renamed);
    assert_eq!(unseen(&findings), [Aspect::Persistence], "{findings:?}");
    let server = with(&[]);
    server.ask("ACL SETUSER guest on >secret ~* &* +@all -config -info");
    let url = server.url().replace("://", "://guest:secret@");
    let store = RedisStore::connect(url).unwrap();
    let check = store.check_blocking().unwrap();
    let findings: Vec<_> = check.findings().cloned().collect();
    let all = [Aspect::Version, Aspect::Eviction, Aspect::Persistence, Aspect::Replication];
    assert_eq!(unseen(&findings), all, "{check}");
    assert!(check.to_string().contains("NOPERM"), "{check}");
    let decision = store.bucket("a", Rate::per_hour(1)).put(&RateItem::new("a", 1));
    assert!(matches!(decision, Ok(Decision::Granted(_))), "such a user can have buckets");
}

#[test]
fn a_server_that_can_not_be_asked_is_an_error_in_time() {
    let (server, timeout) = (with(&[]), Duration::from_millis(300));
    let store = RedisStore::builder(server.url()).command_timeout(timeout).build().unwrap();
    let failure = || {
        let start = Instant::now();
        let error = store.check_blocking().unwrap_err();
        assert!(start.elapsed() < timeout + Duration::from_millis(250), "{:?}", start.elapsed());
        error
    };
    server.ask("CLIENT PAUSE 1000 ALL");
    assert_eq!(failure(), RedisError::TimedOut(timeout));
    server.kill();
    thread::sleep(Duration::from_millis(50));
    assert!(matches!(failure(), RedisError::Unreachable(_)));
    server.run();
    assert!(store.check_blocking().is_ok());
}

#[test]
fn a_check_finds_what_all_connections_of_a_pool_lead_to_once() {
    let server = with(&[]);
    let store = RedisStore::builder(server.url()).pool_size(3).build().unwrap();
    assert_eq!(store.check_blocking().unwrap().servers.len(), 1);
}
