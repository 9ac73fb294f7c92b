//! What stands on the server, and what several handles make of it.

use std::time::Duration;

use pyrate_redis::{AbstractBucket, ManualClock, Rate, RateItem, Rates, SlidingLog, Timestamp};

use crate::START;
use crate::support::script::ScriptBucket;
use crate::support::{builder, fresh_prefix, shared};

const MICRO: Duration = Duration::from_micros(1);

fn clock() -> ManualClock {
    let clock = ManualClock::new();
    clock.set(Timestamp::from_micros(START));
    clock
}

fn put(bucket: &impl AbstractBucket, weight: u64) -> bool {
    bucket.put(&RateItem::new("a", weight)).unwrap().is_granted()
}

/// The keys of a bucket, each with the milliseconds it has left.
fn lives(prefix: &str) -> Vec<(String, i64)> {
    let mut wire = shared().connect();
    let keys = wire.ask(&["KEYS", &format!("{prefix}*")]);
    let keys = keys.split(' ').filter(|key| !key.is_empty());
    keys.map(|key| (key.to_owned(), wire.ask(&["PTTL", key]).parse().unwrap())).collect()
}

#[test]
fn every_key_of_a_bucket_has_an_end_and_pages_go_with_their_window() {
    let (clock, rates) = (clock(), "30/40us;300/1s".parse::<Rates>().unwrap());
    let bucket = ScriptBucket::new(rates, clock.clone());
    for _ in 0..20 {
        assert!(put(&bucket, 1));
        clock.advance(MICRO);
    }
    for name in ["b", "c"] {
        let item = RateItem::new(name, 20);
        assert!(bucket.reserve(&item, Duration::MAX).unwrap().is_granted());
    }
    let lives = lives(bucket.key());
    let pages = lives.iter().filter(|(key, _)| key.ends_with(|last: char| last.is_ascii_digit()));
    assert!(pages.count() >= 4, "{lives:?}");
    for suffix in [":q", ":n"] {
        assert!(lives.iter().any(|(key, _)| key.ends_with(suffix)), "{lives:?}");
    }
    assert!(lives.iter().all(|(_, left)| *left > 3_500_000), "{lives:?}");
    clock.advance(Duration::from_secs(2));
    assert_eq!(bucket.leak(None).unwrap(), 60);
    // A batch of pages goes at once, the others by themselves.
    let left = self::lives(bucket.key());
    assert!(left.len() < lives.len() - 2, "{left:?}");
    assert!(!left.iter().any(|(key, _)| key.ends_with(":q") || key.ends_with(":n")), "{left:?}");
}

#[test]
fn a_flush_takes_all_pages_along() {
    let (clock, rates) = (clock(), Rates::from(Rate::per_hour(100)));
    let bucket = ScriptBucket::new(rates, clock.clone());
    for _ in 0..30 {
        assert!(put(&bucket, 1));
        clock.advance(MICRO);
    }
    assert!(lives(bucket.key()).len() > 5);
    bucket.flush().unwrap();
    assert_eq!(lives(bucket.key()).len(), 1);
    assert!(put(&bucket, 100));
}

#[test]
fn full_pages_are_sealed_searched_and_dropped() {
    let clock = clock();
    let prefix = fresh_prefix();
    let store = builder().prefix(prefix.clone()).clock(clock.clone()).build().unwrap();
    let bucket = store.bucket("a", "4000/4000us;9000/12000us".parse::<Rates>().unwrap());
    let mut log = SlidingLog::new(bucket.rates().clone());
    let mut now = START;
    for round in 0..15_000 {
        let item = RateItem::new("a", 1 + round % 2);
        let due = log.reserve(&item, Timestamp::from_micros(now), Duration::ZERO).unwrap();
        assert_eq!(bucket.put(&item).unwrap(), due);
        now += 1;
        clock.set(Timestamp::from_micros(now));
    }
    assert_eq!(bucket.count().unwrap(), log.count(Timestamp::from_micros(now)).unwrap());
    let pages = lives(&prefix).len();
    assert!((2..=4).contains(&pages), "{:?}", lives(&prefix));
}

/// A zero byte ends a text in many a language.
#[test]
fn buckets_whose_keys_agree_up_to_a_zero_byte_share_no_page() {
    let (clock, prefix) = (clock(), fresh_prefix());
    let store = builder().prefix(prefix.clone()).clock(clock.clone()).build().unwrap();
    let buckets = ["x\0a", "x\0b"].map(|key| store.bucket(key, Rate::per_hour(5_000)));
    for bucket in &buckets {
        for _ in 0..4_200 {
            assert!(put(bucket, 1));
            clock.advance(MICRO);
        }
        clock.advance(Duration::from_mins(20));
    }
    buckets[1].flush().unwrap();
    assert_eq!(buckets.each_ref().map(|bucket| bucket.count().unwrap()), [4_200, 0]);
    assert!(!put(&buckets[0], 801) && put(&buckets[0], 800));
}

/// More than a byte can count.
#[test]
fn a_handle_may_have_as_many_rates_as_it_likes() {
    let rate = |number| Rate::new(number, Duration::from_micros(number * (number + 1))).unwrap();
    let rates = Rates::new((1..=300).map(rate)).unwrap();
    let (clock, mut log) = (clock(), SlidingLog::new(rates.clone()));
    let bucket = builder().clock(clock.clone()).build().unwrap().bucket("a", rates);
    let mut now = START;
    for round in 0..200 {
        let item = RateItem::new("a", 1);
        let due = log.reserve(&item, Timestamp::from_micros(now), Duration::ZERO).unwrap();
        assert_eq!(bucket.put(&item).unwrap(), due);
        now += round % 7 * 3;
        clock.set(Timestamp::from_micros(now));
    }
}

#[test]
fn a_key_whose_end_was_taken_away_is_kept_by_a_leak() {
    let (clock, prefix) = (clock(), fresh_prefix());
    let store = builder().prefix(prefix.clone()).clock(clock.clone()).build().unwrap();
    let bucket = store.bucket("a", Rate::per_second(5));
    for weight in [3, 2] {
        assert!(put(&bucket, weight));
        clock.advance(Duration::from_millis(600));
    }
    let key = format!("{prefix}{{a}}");
    assert_eq!(shared().connect().ask(&["PERSIST", &key]), "1");
    assert_eq!(bucket.leak(None).unwrap(), 3);
    let lives = lives(&prefix);
    assert!(lives.iter().any(|(found, left)| *found == key && *left > 3_500_000), "{lives:?}");
    assert_eq!(bucket.count().unwrap(), 2);
}

/// Units that a longer window of another handle still holds are counted together with what this handle grants.
#[test]
fn no_handle_fills_the_log_beyond_what_can_be_counted() {
    let clock = clock();
    let store = builder().clock(clock.clone()).build().unwrap();
    let strict = store.bucket("a", Rate::per_hour(5));
    let wide = store.bucket("a", Rate::new(Timestamp::MAX.as_micros(), MICRO).unwrap());
    let half = 1 << 52;
    assert!(put(&strict, 5));
    clock.advance(MICRO);
    assert!(put(&wide, half));
    clock.advance(MICRO);
    assert!(!put(&wide, half));
    assert!(put(&wide, half - 6));
    clock.advance(MICRO);
    assert!(!put(&wide, 1));
    assert!(!put(&strict, 1));
    assert_eq!(strict.count().unwrap(), 2 * half - 1);
    clock.advance(Duration::from_hours(1));
    assert!(put(&wide, half) && !put(&strict, 1));
}
