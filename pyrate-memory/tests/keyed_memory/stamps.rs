//! A stamp stands in for the clock at one name and one call, and an item that leaves no trace moves nothing.

use std::time::Duration;

use pyrate_memory::{BucketFactory, Decision, KeyedMemory, ManualClock, RateItem, Timestamp};

use crate::desk::{ms, per};

/// An item whose stamp lies beyond the window of everything else here.
fn ahead(name: &str, weight: u64) -> RateItem<'_> {
    RateItem { timestamp: Some(Timestamp::from_micros(500_000)), ..RateItem::new(name, weight) }
}

fn put(memory: &KeyedMemory, item: &RateItem<'_>) -> Decision {
    memory.reserve(item, Duration::ZERO).unwrap()
}

/// Two units per 100 ms for each name.
fn memory() -> (KeyedMemory, ManualClock) {
    let clock = ManualClock::new();
    (KeyedMemory::builder(per(2, ms(100))).clock(clock.clone()).build(), clock)
}

/// A log in which somebody waited was emptied by items from beyond its window, though they left no trace: the limit
/// could be had twice.
#[test]
fn an_item_that_leaves_no_trace_drops_nothing_however_far_ahead_its_stamp_lies() {
    let (memory, clock) = memory();
    let two = RateItem::new("a", 2);
    assert!(put(&memory, &two).is_granted());
    assert!(memory.reserve(&two, Duration::MAX).unwrap().is_granted());
    for weight in [0, 3, u64::MAX] {
        let _ = put(&memory, &ahead("a", weight));
        clock.advance(ms(1));
        assert!(put(&memory, &two).is_denied(), "after weight {weight}");
    }
    clock.advance(ms(197));
    assert!(put(&memory, &two).is_granted());
}

/// A stamped item that came when the table was full let other names be forgotten before their time.
#[test]
fn a_stamp_that_lies_ahead_makes_no_other_name_forgotten() {
    let (memory, _clock) = memory();
    let names: Vec<String> = (0..1_000).map(|number| format!("name-{number}")).collect();
    for name in &names {
        assert!(put(&memory, &RateItem::new(name.as_str(), 2)).is_granted());
    }
    for number in 0..1_000 {
        assert!(put(&memory, &ahead(&format!("stamped-{number}"), 1)).is_granted());
    }
    assert_eq!(memory.names(), 2_000);
    for name in &names {
        assert!(put(&memory, &RateItem::new(name.as_str(), 1)).is_denied());
    }
}
