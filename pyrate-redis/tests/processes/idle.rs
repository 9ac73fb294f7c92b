//! Nobody calls any more, or only for nothing: no key is left after the longest window and a second.

use std::thread;
use std::time::{Duration, Instant};

use pyrate_redis::{
    AbstractBucket, Clock, Decision, Grant, RateItem, Rates, RedisBucket, RedisStore,
};

use crate::support::{builder, fresh_prefix, shared};

/// The documented grace, and how far apart two looks of this test may be on a busy machine.
const GRACE: Duration = Duration::from_millis(1_000);
const SLACK: Duration = Duration::from_millis(150);

fn keys(prefix: &str) -> String {
    shared().connect().ask(&["KEYS", &format!("{prefix}*")])
}

fn reserve(bucket: &RedisBucket, name: &str, weight: u64, max_delay: Duration) -> Option<Grant> {
    match bucket.reserve(&RateItem::new(name, weight), max_delay).unwrap() {
        Decision::Granted(grant) => Some(grant),
        Decision::Denied(_) => None,
    }
}

/// A bucket in an empty store, and the prefix of its keys.
fn opened(rates: &str) -> (RedisStore, RedisBucket, String) {
    let prefix = fresh_prefix();
    let store = builder().prefix(prefix.clone()).build().unwrap();
    let bucket = store.bucket("idle", rates.parse::<Rates>().unwrap());
    (store, bucket, prefix)
}

/// The longest window and the grace after `last`, no key is left, whatever `meanwhile` does.
fn vanishes(
    store: &RedisStore,
    bucket: &RedisBucket,
    prefix: &str,
    last: &Grant,
    meanwhile: impl Fn(),
) {
    let (clock, longest) = (store.clock(), AbstractBucket::rates(bucket).longest().interval());
    let end = last.at.checked_add(longest + GRACE + SLACK).unwrap();
    assert_ne!(keys(prefix), "", "there was something");
    while clock.now().unwrap() < end {
        meanwhile();
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(keys(prefix), "");
}

#[test]
fn a_bucket_that_nobody_calls_any_more_leaves_no_key() {
    let (store, bucket, prefix) = opened("20/50ms;100/500ms");
    let last = reserve(&bucket, "idle", 3, Duration::ZERO).unwrap();
    vanishes(&store, &bucket, &prefix, &last, || {});
}

#[test]
fn a_line_that_was_served_leaves_no_key_nor_do_names_and_long_ones() {
    let (store, bucket, prefix) = opened("20/50ms;100/500ms");
    let long = "x".repeat(200);
    let mut last = None;
    for number in 0..40 {
        let name = if number % 3 == 0 { long.clone() } else { format!("name {number}") };
        last = reserve(&bucket, &name, 5, Duration::MAX).or(last);
    }
    let names = keys(&prefix);
    assert!(names.contains(":q"), "{names}");
    vanishes(&store, &bucket, &prefix, &last.unwrap(), || {});
}

#[test]
fn reservations_that_were_given_back_leave_no_key() {
    let (store, bucket, prefix) = opened("20/50ms;100/500ms");
    let all: Vec<Grant> =
        (0..60).filter_map(|_| reserve(&bucket, "a", 20, Duration::MAX)).collect();
    // The line reaches beyond 5 seconds. All but those at its head leave it, from the middle and from the end.
    let (kept, given_back) = all.split_at(6);
    for grant in given_back.iter().step_by(2).chain(given_back.iter().skip(1).step_by(2).rev()) {
        assert!(bucket.cancel(grant).unwrap());
    }
    vanishes(&store, &bucket, &prefix, kept.last().unwrap(), || {});
}

#[test]
fn denials_and_looks_without_end_do_not_lengthen_a_buckets_life() {
    let (store, bucket, prefix) = opened("20/400ms;30/800ms");
    let last = reserve(&bucket, "a", 15, Duration::ZERO).unwrap();
    let start = Instant::now();
    vanishes(&store, &bucket, &prefix, &last, || {
        // Denied while the fifteen count.
        if start.elapsed() < Duration::from_millis(300) {
            assert_eq!(reserve(&bucket, "b", 6, Duration::ZERO), None);
        }
        let item = RateItem::new("c", 1);
        bucket.waiting(&item).unwrap();
        bucket.available().unwrap();
        bucket.count().unwrap();
        bucket.peek(0).unwrap();
        bucket.leak(None).unwrap();
        assert!(!bucket.cancel(&last).unwrap());
    });
}

#[test]
fn many_names_leave_nothing_on_the_server() {
    let prefix = fresh_prefix();
    let store = builder().prefix(prefix.clone()).build().unwrap();
    let rates: Rates = "2/100ms".parse().unwrap();
    let mut last = None;
    for number in 0..300 {
        let bucket = store.bucket(format!("user {number}"), rates.clone());
        last = reserve(&bucket, "call", 2, Duration::ZERO).or(last);
        assert!(bucket.available().unwrap() <= 2);
    }
    let bucket = store.bucket("user 0", rates);
    vanishes(&store, &bucket, &prefix, &last.unwrap(), || {});
}
