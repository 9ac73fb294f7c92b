//! What the tests of failures have in common.

use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_conformance::audit;
use pyrate_redis::{
    AbstractBucket, BucketError, Decision, RateItem, Rates, RedisBucket, RedisError, RedisStore,
    Timestamp,
};

/// The server's error behind a bucket's.
pub(crate) fn source(error: &BucketError) -> &RedisError {
    error.source().and_then(<dyn Error>::downcast_ref).expect("a RedisError behind it")
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn put(bucket: &RedisBucket, weight: u64) -> Result<Decision, BucketError> {
    bucket.put(&RateItem::new("a", weight))
}

/// Lets time pass until `holds`; gives up after half a minute, which only a fault takes.
pub(crate) fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "this should have come about");
        thread::sleep(ms(2));
    }
}

/// What callers got who called for a while.
#[derive(Debug, Default)]
pub(crate) struct Harvest {
    pub(crate) granted: Vec<(Timestamp, u64)>,
    pub(crate) failed: Vec<BucketError>,
    pub(crate) longest: Duration,
}

impl Harvest {
    /// That no window holds too much, counting nothing but what was acknowledged.
    pub(crate) fn audit(&self, rates: &Rates) {
        assert!(!self.granted.is_empty(), "nothing was granted: {:?}", self.failed.first());
        assert_eq!(audit(rates, &self.granted), [], "a window above its limit");
    }
}

/// Four threads, each with a handle on the bucket of one key, call for `time`, while `disturb` is called again and again.
pub(crate) fn under_load(
    store: &RedisStore,
    rates: &Rates,
    time: Duration,
    mut disturb: impl FnMut(),
) -> Harvest {
    let (harvest, is_over) = (Mutex::new(Harvest::default()), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..4 {
            let bucket = store.bucket("load", rates.clone());
            let (harvest, is_over) = (&harvest, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let start = Instant::now();
                    let decision = bucket.reserve(&RateItem::new("a", 1), ms(20));
                    let took = start.elapsed();
                    let mut harvest = harvest.lock().unwrap();
                    harvest.longest = harvest.longest.max(took);
                    match decision {
                        Ok(Decision::Granted(grant)) => harvest.granted.push((grant.at, 1)),
                        Ok(Decision::Denied(_)) => {}
                        Err(error) => harvest.failed.push(error),
                    }
                }
            });
        }
        let start = Instant::now();
        while start.elapsed() < time {
            disturb();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    harvest.into_inner().unwrap()
}
