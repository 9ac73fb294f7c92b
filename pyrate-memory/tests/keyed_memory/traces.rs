//! What leaves no trace: a name is held only for units that were granted to it.

use std::time::Duration;

use pyrate_memory::{BucketFactory, KeyedMemory, Limiter, ManualClock, RateItem, Timestamp};

use crate::desk::{ms, per};

fn memory() -> KeyedMemory {
    KeyedMemory::builder(per(2, ms(100))).clock(ManualClock::new()).build()
}

#[test]
fn a_denied_item_or_weight_0_on_a_new_name_holds_no_name() {
    let memory = memory();
    for weight in [0, 3, 1 << 21, u64::MAX] {
        for max_delay in [Duration::ZERO, Duration::MAX] {
            let item = RateItem::new("a", weight);
            let decision = memory.reserve(&item, max_delay).unwrap();
            assert_eq!((decision.is_granted(), memory.names()), (weight == 0, 0));
        }
    }
    assert!(memory.reserve(&RateItem::new("a", 2), Duration::ZERO).unwrap().is_granted());
    assert_eq!(memory.names(), 1);
}

#[test]
fn an_instant_beyond_all_time_is_an_error_and_holds_no_name() {
    let (memory, beyond) = (memory(), Timestamp::from_micros(u64::MAX));
    for weight in [0, 1, 3] {
        let item = RateItem { timestamp: Some(beyond), ..RateItem::new("a", weight) };
        assert!(memory.reserve(&item, Duration::MAX).is_err());
        assert!(memory.waiting(&item).is_err());
    }
    let last = RateItem { timestamp: Some(Timestamp::MAX), ..RateItem::new("a", 2) };
    assert_eq!(memory.names(), 0);
    assert!(memory.reserve(&last, Duration::ZERO).unwrap().is_granted());
    // There is no later instant for them.
    assert!(memory.reserve(&last, Duration::MAX).unwrap().is_denied());
}

#[test]
fn looking_at_a_name_holds_none() {
    let memory = memory();
    let item = RateItem::new("a", 1);
    let bucket = memory.get(&item).unwrap().into_owned();
    assert_eq!((bucket.count().unwrap(), bucket.available().unwrap()), (0, 2));
    assert_eq!((bucket.peek(0).unwrap(), bucket.leak(None).unwrap()), (None, 0));
    assert_eq!(bucket.waiting(&item).unwrap(), Some(Duration::ZERO));
    assert_eq!(memory.waiting(&RateItem::new("a", 3)).unwrap(), None);
    bucket.flush().unwrap();
    assert!(!memory.dispose("a"));
    assert_eq!((memory.names(), memory.buckets().len()), (0, 0));
}

#[test]
fn a_limiter_that_only_denied_and_let_through_what_weighs_nothing_holds_no_bucket() {
    let limiter = Limiter::with_factory(memory());
    assert!(limiter.try_acquire(("a", 3)).is_err() && limiter.acquire(("b", 3)).is_err());
    assert!(limiter.try_acquire(("c", 0)).is_ok() && limiter.acquire(("d", 0)).is_ok());
    assert!(limiter.buckets().is_empty());
}
