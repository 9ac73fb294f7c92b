//! What these tests have in common.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_redis::{AbstractBucket, BucketError, Decision, RateItem, RedisBucket, RedisError};

/// The server's error behind a bucket's.
pub(crate) fn source(error: &BucketError) -> &RedisError {
    error.source().and_then(<dyn Error>::downcast_ref).expect("a RedisError behind it")
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Asks for units by the bucket's own name, so that it needs one key only.
pub(crate) fn put(bucket: &RedisBucket, weight: u64) -> Result<Decision, BucketError> {
    bucket.put(&RateItem::new(bucket.key(), weight))
}

/// Lets time pass until `holds`; gives up after half a minute, which only a fault takes.
pub(crate) fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "this should have come about");
        thread::sleep(ms(2));
    }
}

/// Tells callers to stop, even where the test fails.
pub(crate) struct Bell<'a>(pub(crate) &'a AtomicBool);

impl Drop for Bell<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
