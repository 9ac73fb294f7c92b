//! Slots that move while everybody calls.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_conformance::audit;
use pyrate_redis::fred::util::redis_keyslot;
use pyrate_redis::{
    AbstractBucket, BucketError, Decision, Grant, Outcome, Rate, RateItem, Rates, RedisBucket,
    RedisError, RedisStore, Timestamp,
};

use crate::desk::{Bell, ms, source};
use crate::support::cluster::Cluster;
use crate::support::valkey;

const TIMEOUT: Duration = Duration::from_secs(1);
/// How much longer than its timeout a call may take.
const LATE: Duration = Duration::from_millis(300);

/// What callers got who took, waited, and gave up.
#[derive(Debug, Default)]
struct Ledger {
    granted: Vec<(Timestamp, u64)>,
    failed: Vec<BucketError>,
    longest: Duration,
}

#[test]
fn a_slot_that_moves_under_load_leaves_no_window_above_its_limit() {
    move_under_load(&Cluster::start());
}

#[test]
fn a_slot_that_moves_under_load_on_valkey_leaves_no_window_above_its_limit() {
    move_under_load(&Cluster::of(&valkey::program(), 3, 0));
}

fn move_under_load(cluster: &Cluster) {
    let rates: Rates = "20/50ms;200/1s;100000/1h".parse().unwrap();
    let store = RedisStore::builder(cluster.url()).command_timeout(TIMEOUT).build().unwrap();
    let bucket = store.bucket("load", rates.clone());
    let (ledger, is_over) = (Mutex::new(Ledger::default()), AtomicBool::new(false));
    thread::scope(|scope| {
        for caller in 0..6 {
            let (bucket, ledger, is_over) = (bucket.clone(), &ledger, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    call(&bucket, caller, ledger);
                }
            });
        }
        let _bell = Bell(&is_over);
        move_round(cluster, redis_keyslot(b"load"));
    });
    let ledger = ledger.into_inner().unwrap();
    judge(&ledger, &rates, &bucket);
    let other = store.bucket("other", Rate::per_hour(1));
    assert!(other.put(&RateItem::new("a", 1)).unwrap().is_granted());
}

/// Half of the callers wait for as long as they must, the others give up what lies in the future.
fn call(bucket: &RedisBucket, caller: u64, ledger: &Mutex<Ledger>) {
    let (start, name) = (Instant::now(), format!("caller {caller}"));
    let decision = bucket.reserve(&RateItem::new(name, 1 + caller % 3), ms(30));
    let took = start.elapsed();
    let cancelled = match &decision {
        Ok(Decision::Granted(grant))
            if grant.delay > Duration::ZERO && caller.is_multiple_of(2) =>
        {
            bucket.cancel(grant)
        }
        _ => Ok(false),
    };
    let mut ledger = ledger.lock().unwrap();
    ledger.longest = ledger.longest.max(took);
    match (decision, cancelled) {
        (_, Err(error)) | (Err(error), _) => ledger.failed.push(error),
        (Ok(Decision::Granted(Grant { at, weight, .. })), Ok(false)) => {
            ledger.granted.push((at, weight));
        }
        (Ok(_), Ok(_)) => {}
    }
}

/// Moves a slot from each master to the next, now the bucket's main key first and now the others.
fn move_round(cluster: &Cluster, slot: u16) {
    let first = cluster.first_owner(slot);
    for round in 0..9 {
        let (from, to) = ((first + round) % 3, (first + round + 1) % 3);
        thread::sleep(ms(100));
        cluster.begin_to_move(slot, from, to);
        thread::sleep(ms(20));
        let mut keys = cluster.keys(slot, from);
        keys.sort();
        if round % 2 == 1 {
            keys.reverse();
        }
        for key in keys {
            cluster.move_key(&key, from, to);
            thread::sleep(ms(15));
        }
        cluster.finish_to_move(slot, from, to);
    }
}

fn judge(ledger: &Ledger, rates: &Rates, bucket: &RedisBucket) {
    let units: u64 = ledger.granted.iter().map(|(_, weight)| weight).sum();
    println!(
        "{units} units granted, {} calls failed, the longest took {:?}",
        ledger.failed.len(),
        ledger.longest
    );
    assert_eq!(audit(rates, &ledger.granted), [], "a window above its limit");
    assert!(units > 200, "the bucket stood still: {units}");
    for error in &ledger.failed {
        let expected = match source(error) {
            RedisError::Cluster(_) => Outcome::NotRecorded,
            // On a machine that is busy with other things.
            RedisError::TimedOut(_) => Outcome::Unknown,
            _ => panic!("no connection broke: {error}"),
        };
        assert_eq!(error.outcome(), expected);
    }
    assert!(ledger.longest < TIMEOUT + LATE, "{:?}", ledger.longest);
    // What failed may stand: a cancel's grant does, though its caller left.
    let count = bucket.count().unwrap();
    assert!(count >= units, "units were forgotten: {count} of {units}");
    let stood = 3 * ledger.failed.len() as u64;
    assert!(count <= units + stood, "units were charged twice: {count} of {units}");
}
