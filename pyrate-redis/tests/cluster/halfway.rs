//! Buckets whose slot is being moved, step by step.

use std::thread;
use std::time::Duration;

use pyrate_redis::fred::util::redis_keyslot;
use pyrate_redis::{
    AbstractBucket, Decision, Grant, Outcome, Rate, RateItem, RedisBucket, RedisError, RedisStore,
    Timestamp,
};

use crate::desk::{ms, source};
use crate::support::cluster::Cluster;

/// A bucket, and where its slot is and goes to.
struct Journey<'a> {
    cluster: &'a Cluster,
    bucket: RedisBucket,
    slot: u16,
    from: usize,
    to: usize,
}

impl Journey<'_> {
    fn of<'a>(cluster: &'a Cluster, key: &str, rate: Rate) -> Journey<'a> {
        let store = RedisStore::builder(cluster.url()).command_timeout(ms(2_000)).build().unwrap();
        let slot = redis_keyslot(key.as_bytes());
        let from = cluster.first_owner(slot);
        Journey { cluster, bucket: store.bucket(key, rate), slot, from, to: (from + 1) % 3 }
    }

    fn put(&self) -> Result<Decision, pyrate_redis::BucketError> {
        self.bucket.put(&RateItem::new(self.bucket.key(), 1))
    }

    fn begin(&self) {
        self.cluster.begin_to_move(self.slot, self.from, self.to);
    }

    /// Moves the keys with this ending: the bucket's main one has none.
    fn move_key(&self, ending: &str) {
        let key = format!("pyrate:{{{}}}{ending}", self.bucket.key());
        self.cluster.move_key(&key, self.from, self.to);
    }

    fn finish(&self) {
        self.cluster.finish_to_move(self.slot, self.from, self.to);
    }

    fn must_come_again(&self) {
        let error = self.put().unwrap_err();
        assert!(matches!(source(&error), RedisError::Cluster(_)), "{error}");
        assert_eq!(error.outcome(), Outcome::NotRecorded);
        assert!(error.is_retryable());
    }

    /// Someone who waits for a place behind the first unit.
    fn line_up(&self, name: &str) -> Grant {
        let decision = self.bucket.reserve(&RateItem::new(name, 1), Duration::MAX).unwrap();
        let Decision::Granted(grant) = decision else { panic!("nobody is refused") };
        assert!(grant.delay > Duration::ZERO);
        grant
    }
}

#[test]
fn a_bucket_of_one_key_is_served_wherever_that_key_is() {
    let cluster = Cluster::start();
    let journey = Journey::of(&cluster, "one", Rate::per_hour(9));
    let fresh = journey.bucket.clone();
    assert!(journey.put().unwrap().is_granted());
    journey.begin();
    assert!(journey.put().unwrap().is_granted(), "before it has moved");
    journey.move_key("");
    assert!(journey.put().unwrap().is_granted(), "on the server that doesn't have the slot yet");
    assert_eq!(fresh.count().unwrap(), 3);
    journey.finish();
    assert!(journey.put().unwrap().is_granted(), "where the slot is now");
    assert_eq!(journey.bucket.count().unwrap(), 4);
}

#[test]
fn a_bucket_that_is_new_begins_where_its_slot_goes_to() {
    let cluster = Cluster::start();
    let journey = Journey::of(&cluster, "new", Rate::per_hour(2));
    journey.begin();
    assert!(journey.put().unwrap().is_granted());
    journey.line_up_and_leave();
    assert_eq!(cluster.keys(journey.slot, journey.from), Vec::<String>::new());
    assert!(journey.put().unwrap().is_granted());
    journey.finish();
    assert!(journey.put().unwrap().is_denied());
}

impl Journey<'_> {
    /// Waits in line for a full window, and gives that up.
    fn line_up_and_leave(&self) {
        let decision = self.bucket.reserve(&RateItem::new("b", 2), Duration::MAX).unwrap();
        let Decision::Granted(grant) = decision else { panic!("nobody is refused") };
        assert!(self.bucket.cancel(&grant).unwrap());
    }
}

/// A page that isn't there looks like one that has expired, with all units in it.
#[test]
fn a_full_bucket_whose_pages_are_elsewhere_is_not_taken_for_an_empty_one() {
    let cluster = Cluster::start();
    for (key, order) in [("page", ["", ":0"]), ("leaf", [":0", ""])] {
        let journey = Journey::of(&cluster, key, Rate::per_hour(4_200));
        fill(&journey.bucket, 4_200);
        assert_eq!(cluster.keys(journey.slot, journey.from).len(), 2, "a page, and what is newer");
        journey.begin();
        for ending in order {
            journey.move_key(ending);
            for weight in [1, 2, 700] {
                let decision = journey.bucket.put(&RateItem::new(key, weight));
                assert!(!decision.is_ok_and(|decision| decision.is_granted()), "{key}{ending}");
            }
            let count = journey.bucket.count();
            assert!(count.is_err() || count.unwrap() == 4_200, "{key}{ending}");
        }
        assert!(journey.put().unwrap().is_denied(), "all is there");
        journey.finish();
        assert!(journey.put().unwrap().is_denied());
        assert_eq!(journey.bucket.count().unwrap(), 4_200);
    }
}

/// So many units, each at an instant of its own.
fn fill(bucket: &RedisBucket, units: u64) {
    let start = AbstractBucket::now(bucket).unwrap().as_micros();
    for number in 0..units {
        let timestamp = Some(Timestamp::from_micros(start + 1_000 * number));
        let item = RateItem { timestamp, ..RateItem::new(bucket.key(), 1) };
        assert!(bucket.put(&item).unwrap().is_granted());
    }
}

#[test]
fn a_line_that_is_elsewhere_is_waited_for() {
    let cluster = Cluster::start();
    for (key, order) in [("line", ["", ":q"]), ("file", [":q", ""])] {
        let journey = Journey::of(&cluster, key, Rate::per_hour(1));
        assert!(journey.put().unwrap().is_granted());
        let (first, second) = (journey.line_up(key), journey.line_up(key));
        journey.begin();
        journey.move_key(order[0]);
        let error = journey.bucket.cancel(&second).unwrap_err();
        assert!(matches!(source(&error), RedisError::Cluster(_)), "{error}");
        journey.move_key(order[1]);
        assert!(journey.bucket.cancel(&second).unwrap(), "all is there");
        journey.finish();
        assert!(journey.bucket.cancel(&first).unwrap());
        assert_eq!(journey.bucket.count().unwrap(), 1);
        assert_eq!(journey.bucket.waiting(&RateItem::new(key, 1)).unwrap().map(hours), Some(1));
    }
}

fn hours(wait: Duration) -> u64 {
    wait.as_secs().div_ceil(3_600)
}

/// The server that gives the slot away makes no new keys for it; so nothing may have been written by the time it says so.
#[test]
fn what_needs_a_further_key_waits_until_the_bucket_has_moved_and_leaves_no_trace_before() {
    let cluster = Cluster::start();
    let journey = Journey::of(&cluster, "further", Rate::per_hour(1));
    assert!(journey.put().unwrap().is_granted());
    journey.begin();
    let waits = journey.bucket.reserve(&RateItem::new("b", 1), Duration::MAX).unwrap_err();
    assert!(matches!(source(&waits), RedisError::Cluster(_)), "{waits}");
    assert_eq!(waits.outcome(), Outcome::NotRecorded);
    assert!(journey.put().unwrap().is_denied(), "this needs no further key");
    journey.move_key("");
    journey.line_up("b");
    journey.finish();
    assert_eq!(journey.bucket.count().unwrap(), 2);
}

#[test]
fn a_call_waits_within_its_timeout_for_keys_that_are_on_their_way() {
    let cluster = Cluster::start();
    let journey = Journey::of(&cluster, "patient", Rate::per_hour(2));
    assert!(journey.put().unwrap().is_granted());
    let waiting = journey.bucket.reserve(&RateItem::new("b", 2), Duration::MAX).unwrap();
    assert!(waiting.is_granted());
    journey.begin();
    journey.move_key(":q");
    journey.must_come_again();
    thread::scope(|scope| {
        let call = scope.spawn(|| journey.put());
        thread::sleep(ms(50));
        journey.finish();
        assert!(call.join().unwrap().unwrap().is_denied(), "behind who waits");
    });
}

#[test]
fn scripts_that_one_server_has_forgotten_are_sent_again() {
    let cluster = Cluster::start();
    let store = RedisStore::connect(cluster.url()).unwrap();
    for round in 1..=3 {
        for key in 0..9 {
            let bucket = store.bucket(key.to_string(), Rate::per_hour(9));
            assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
            assert_eq!(bucket.count().unwrap(), round);
        }
        cluster.servers()[usize::try_from(round).unwrap() % 3].ask("SCRIPT FLUSH");
    }
}
