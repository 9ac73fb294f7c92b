//! Weights, stamps and waits at the ends of their ranges.

use std::error::Error;
use std::time::Duration;

use pyrate_sqlite::{
    AbstractBucket, BucketError, Decision, ManualClock, Rate, RateItem, Rates, SqliteBucket,
    SqliteStore, Timestamp, TimestampError,
};

use crate::desk::{at, put};

const MOST: u64 = (1 << 53) - 1;

fn bucket_of(rates: impl Into<Rates>, now: Timestamp) -> (SqliteBucket, ManualClock) {
    let clock = ManualClock::new();
    clock.set(now);
    let store = SqliteStore::builder_in_memory().clock(clock.clone()).build().unwrap();
    (store.bucket("key", rates), clock)
}

fn is_no_instant(answer: Result<impl Sized, BucketError>) -> bool {
    let error = answer.err().expect("beyond the last instant");
    error.source().is_some_and(<dyn Error>::is::<TimestampError>)
}

#[test]
fn weights_up_to_the_limit_fit_and_heavier_ones_never_do() {
    let limits = [1, 3, MOST - 1, MOST];
    for limit in limits {
        let (bucket, _) = bucket_of(Rate::per_hour(limit), at(7));
        for weight in [limit + 1, 1 << 53, (1 << 53) + 1, i64::MAX as u64, 1 << 63, u64::MAX] {
            let Decision::Denied(denial) = put(&bucket, weight).unwrap() else {
                panic!("{weight}")
            };
            assert_eq!(denial.retry_after, None);
            assert_eq!(bucket.waiting(&RateItem::new("key", weight)).unwrap(), None);
        }
        assert_eq!(bucket.available().unwrap(), limit);
        assert!(put(&bucket, limit).unwrap().is_granted());
        assert!(put(&bucket, 0).unwrap().is_granted());
        assert!(put(&bucket, 1).unwrap().is_denied());
        assert_eq!((bucket.count().unwrap(), bucket.available().unwrap()), (limit, 0));
        assert_eq!(bucket.peek(limit - 1).unwrap().unwrap().timestamp, Some(at(7)));
        assert_eq!(bucket.peek(limit).unwrap(), None);
    }
}

#[test]
fn a_weight_of_zero_leaves_no_trace() {
    let file = crate::files::File::new();
    let bucket = crate::desk::bucket(&file);
    assert!(put(&bucket, 0).unwrap().is_granted());
    assert_eq!(file.rows(), 0);
}

#[test]
fn a_queue_never_holds_more_than_can_be_counted() {
    let (bucket, _) = bucket_of(Rate::new(MOST, Duration::from_micros(1)).unwrap(), at(7));
    let granted = (0..4).filter(|_| {
        bucket.reserve(&RateItem::new("key", MOST / 2), Duration::MAX).unwrap().is_granted()
    });
    assert_eq!(granted.count(), 2);
    assert_eq!(bucket.count().unwrap(), MOST - 1);
}

#[test]
fn the_last_instant_is_one_like_others() {
    let (bucket, clock) = bucket_of(Rate::per_second(1), Timestamp::MAX);
    assert!(put(&bucket, 1).unwrap().is_granted());
    // What would come later than it never comes.
    let never = bucket.reserve(&RateItem::new("key", 1), Duration::MAX).unwrap();
    assert!(never.is_denied());
    assert_eq!((bucket.count().unwrap(), bucket.leak(None).unwrap()), (1, 0));
    clock.set(Timestamp::ZERO);
    assert!(put(&bucket, 1).unwrap().is_denied());
}

#[test]
fn instants_beyond_the_last_one_are_refused_by_every_call_and_harm_no_other() {
    let (bucket, clock) = bucket_of(Rate::per_second(2), at(5));
    let grant = bucket.put(&RateItem::new("key", 1)).unwrap();
    for beyond in [MOST + 1, 1 << 62, i64::MAX as u64, u64::MAX].map(at) {
        let item = RateItem { timestamp: Some(beyond), ..RateItem::new("key", 1) };
        assert!(is_no_instant(bucket.put(&item)));
        assert!(is_no_instant(bucket.waiting(&item)));
        assert!(is_no_instant(bucket.leak(Some(beyond))));
        clock.set(beyond);
        assert!(is_no_instant(bucket.count()));
        assert!(is_no_instant(bucket.peek(0)));
        assert!(is_no_instant(bucket.available()));
        clock.set(at(5));
    }
    assert!(grant.is_granted());
    assert_eq!(bucket.count().unwrap(), 1);
}

#[test]
fn waits_and_windows_may_be_as_long_as_time_itself() {
    let longest = Duration::from_micros(MOST);
    let (bucket, _) = bucket_of(Rate::new(1, longest).unwrap(), Timestamp::ZERO);
    assert!(put(&bucket, 1).unwrap().is_granted());
    let Decision::Granted(last) = bucket.reserve(&RateItem::new("key", 1), longest).unwrap() else {
        panic!("it comes at the very end");
    };
    assert_eq!(last.at, Timestamp::MAX);
    assert!(bucket.cancel(&last).unwrap());
    assert!(!bucket.cancel(&last).unwrap());
}

#[test]
fn a_grant_that_never_was_cancels_nobody() {
    let (bucket, _) = bucket_of(Rate::per_second(1), at(5));
    for _ in 0..3 {
        assert!(bucket.reserve(&RateItem::new("key", 1), Duration::MAX).unwrap().is_granted());
    }
    let numbers = [0, 7, i64::MAX as u64, 1 << 63, u64::MAX];
    let instants = [0, 5, 1_000_005, MOST, 1 << 60, i64::MAX as u64, 1 << 63, u64::MAX];
    for (number, instant) in numbers.iter().flat_map(|number| instants.map(|it| (*number, it))) {
        let grant = pyrate_sqlite::Grant::new(at(instant), Duration::MAX, u64::MAX);
        assert!(!bucket.cancel(&grant.with_id(number)).unwrap(), "{number} at {instant}");
    }
    assert_eq!(bucket.count().unwrap(), 3);
}
