//! What the crate offers, as its users write it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pyrate_redis::{
    AbstractBucket, AnyBucket, AsyncBucket, BucketFactory, Clock, Grant, KeyedRedis, Limiter,
    ManualClock, Rate, RateItem, Rates, RedisBucket, RedisClock, RedisError, RedisStore, Timestamp,
};
use static_assertions::assert_impl_all;

use crate::support::{builder, fresh_prefix, shared, store};
use crate::until;

assert_impl_all!(RedisStore: Send, Sync, Clone);
assert_impl_all!(RedisBucket: Send, Sync, Clone, AbstractBucket, AsyncBucket);
assert_impl_all!(KeyedRedis: BucketFactory);
assert_impl_all!(RedisClock: Clock);

#[test]
fn each_name_has_a_bucket_of_its_own() {
    let limiter = Limiter::with_factory(store().keyed(Rate::per_hour(2)));
    for name in ["a", "b", "", "{a}"] {
        assert!(limiter.try_acquire((name, 2)).is_ok());
        let refusal = limiter.try_acquire(name).unwrap_err();
        assert!(refusal.is_denied() && refusal.retry_after() > Some(Duration::from_secs(3_500)));
    }
    assert!(limiter.try_acquire(("a", 3)).unwrap_err().retry_after().is_none());
    assert!(limiter.buckets().is_empty());
}

#[test]
fn a_name_of_a_keyed_store_is_the_bucket_of_that_key() {
    let store = store();
    let (limiter, bucket) = (
        Limiter::with_factory(store.keyed(Rate::per_hour(2))),
        store.bucket("user", Rate::per_hour(2)),
    );
    limiter.try_acquire("user").unwrap();
    assert_eq!(bucket.count().unwrap(), 1);
    assert_eq!(&*bucket.peek(0).unwrap().unwrap().name, "user");
    bucket.flush().unwrap();
    assert!(limiter.try_acquire(("user", 2)).is_ok());
}

#[test]
fn names_that_wait_are_routed_to_their_own_lines() {
    let factory = Arc::new(store().keyed(Rate::per_hour(1)));
    let item = RateItem::new("a", 1);
    assert!(factory.reserve(&item, Duration::ZERO).unwrap().is_granted());
    let pyrate_redis::Decision::Granted(grant) = factory.reserve(&item, Duration::MAX).unwrap()
    else {
        panic!("somebody who waits for ever is granted");
    };
    assert!(factory.waiting(&item).unwrap() > Some(Duration::from_secs(7_000)));
    assert!(!factory.cancel(&RateItem::new("b", 1), &grant).unwrap());
    assert!(factory.cancel(&item, &grant).unwrap());
    assert_eq!(factory.get(&item).unwrap().count().unwrap(), 1);
}

#[test]
fn buckets_of_a_keyed_store_are_not_flushed_together_in_silence() {
    let limiter = Limiter::with_factory(store().keyed(Rate::per_hour(1)));
    assert!(limiter.flush().is_err());
}

#[test]
fn the_servers_time_is_told() {
    let clock = store().clock();
    let (first, second) = (clock.now().unwrap(), clock.now().unwrap());
    assert!(first < second);
    let wire = shared().ask("TIME");
    let seconds: u64 = wire.split(' ').next().unwrap().parse().unwrap();
    assert!(second.as_micros() / 1_000_000 <= seconds);
    assert!(first.as_micros() / 1_000_000 + 1 >= seconds);
}

#[test]
fn names_can_be_left_out() {
    let bucket = builder().without_names().build().unwrap().bucket("key", Rate::per_hour(2));
    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
    assert_eq!(&*bucket.peek(0).unwrap().unwrap().name, "key");
}

#[test]
fn what_can_not_be_a_grant_of_the_bucket_cancels_nothing() {
    let bucket = store().bucket("a", Rate::per_hour(2));
    for at in [0, 1 << 52, 1 << 53, u64::MAX] {
        for id in [0, 1, 1 << 53, u64::MAX] {
            let grant = Grant::new(Timestamp::from_micros(at), Duration::ZERO, 1).with_id(id);
            assert!(!bucket.cancel(&grant).unwrap());
            bucket.cancel_later(grant);
        }
    }
    assert_eq!(bucket.count().unwrap(), 0);
}

#[test]
fn settings_that_can_not_be_used_are_refused() {
    let refused = |builder: pyrate_redis::RedisStoreBuilder| {
        assert!(matches!(builder.build(), Err(RedisError::Settings(_))));
    };
    refused(builder().prefix("a{b}"));
    refused(builder().pool_size(0));
    refused(builder().command_timeout(Duration::ZERO));
    refused(RedisStore::builder("nowhere"));
    #[cfg(not(feature = "tls"))]
    refused(RedisStore::builder("rediss://localhost"));
}

#[test]
fn who_sets_no_end_to_a_call_gets_its_answer() {
    let ends = builder().command_timeout(Duration::MAX).connection_timeout(Duration::MAX);
    let bucket = ends.build().unwrap().bucket("a", Rate::per_hour(1));
    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_denied());
}

#[test]
fn a_password_is_not_shown() {
    let builder = RedisStore::builder("redis://:secret@localhost");
    assert!(!format!("{builder:?}").contains("secret"));
}

#[test]
fn numbers_of_reservations_rise_across_flushes_and_lost_keys() {
    let prefix = fresh_prefix();
    let clock = ManualClock::new();
    let store = builder().prefix(prefix.clone()).clock(clock).build().unwrap();
    let bucket = store.bucket("a", Rate::per_hour(1));
    let mut last = 0;
    let mut next = || {
        let reserve = || bucket.reserve(&RateItem::new("a", 1), Duration::MAX).unwrap();
        let _ = reserve();
        let pyrate_redis::Decision::Granted(grant) = reserve() else { panic!("granted") };
        assert!(grant.id() > last, "{} after {last}", grant.id());
        last = grant.id();
    };
    next();
    bucket.flush().unwrap();
    next();
    shared().connect().ask(&["DEL", &format!("{prefix}{{a}}"), &format!("{prefix}{{a}}:q")]);
    next();
}

// ---- Life ---------------------------------------------------------------------------------------------------------

fn keys(prefix: &str) -> String {
    shared().connect().ask(&["KEYS", &format!("{prefix}*")])
}

#[test]
fn idle_buckets_leave_no_key_behind() {
    let prefix = fresh_prefix();
    let store = builder().prefix(prefix.clone()).build().unwrap();
    let rates: Rates = "2/100ms;5/300ms".parse().unwrap();
    let bucket = store.bucket("a", rates);
    // With a line, free places and names.
    for name in ["a", "b", "c", "d", "e"] {
        let _ = bucket.reserve(&RateItem::new(name, 1), Duration::MAX).unwrap();
    }
    let pyrate_redis::Decision::Granted(grant) =
        bucket.reserve(&RateItem::new("f", 2), Duration::MAX).unwrap()
    else {
        panic!("granted")
    };
    let _ = bucket.reserve(&RateItem::new("g", 1), Duration::MAX).unwrap();
    assert!(bucket.cancel(&grant).unwrap());
    for suffix in [":n", ":q", ":p"] {
        assert!(keys(&prefix).contains(&format!("{{a}}{suffix}")), "{suffix}: {}", keys(&prefix));
    }
    thread::sleep(Duration::from_millis(700));
    assert!(keys(&prefix).contains("{a}"));
    thread::sleep(Duration::from_millis(1_700));
    assert_eq!(keys(&prefix), "");
}

#[test]
fn denials_do_not_lengthen_a_buckets_life() {
    let prefix = fresh_prefix();
    let store = builder().prefix(prefix.clone()).build().unwrap();
    let bucket = store.bucket("a", Rate::new(1, Duration::from_millis(300)).unwrap());
    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
    let left =
        || -> i64 { shared().connect().ask(&["PTTL", &format!("{prefix}{{a}}")]).parse().unwrap() };
    let first = left();
    assert!((1_000..=1_302).contains(&first), "{first}");
    while bucket.put(&RateItem::new("a", 1)).unwrap().is_denied() {
        assert!(left() <= first);
    }
    assert!(left() >= 300, "what was granted since counts for its whole window");
}

#[test]
fn a_bucket_in_use_lives_on() {
    let prefix = fresh_prefix();
    let store = builder().prefix(prefix.clone()).build().unwrap();
    let rates: Rates = "1/20ms;40/2s".parse().unwrap();
    let limiter = Limiter::new(store.bucket("a", rates.clone()));
    let mut granted = Vec::new();
    for _ in 0..120 {
        let grant = limiter.acquire("a").unwrap();
        granted.push((grant.at, 1));
    }
    assert_eq!(pyrate_conformance::audit(&rates, &granted), []);
}

#[test]
fn any_bucket_of_it_serves_both_doors_and_cancels_without_runtime() {
    let bucket = AnyBucket::from(store().bucket("a", Rate::per_hour(1)));
    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
    let pyrate_redis::Decision::Granted(grant) =
        pollster::block_on(bucket.reserve_async(&RateItem::new("a", 1), Duration::MAX)).unwrap()
    else {
        panic!("granted")
    };
    bucket.cancel_later(grant);
    until(|| bucket.count().unwrap() == 1);
}
