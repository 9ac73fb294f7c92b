//! Totals that go on for ever: counted anew before they pass what a row may hold.

use std::time::Duration;

use pyrate_sqlite::{AbstractBucket, ManualClock, SqliteStore, Timestamp};

use crate::pair::Pair;
use crate::{at, item, rates, us};

const MOST: u64 = (1 << 53) - 1;

#[test]
fn totals_that_pass_two_to_the_power_of_64_are_answered_as_by_the_sliding_log() {
    let mut pair = Pair::of(&rates([(MOST - 1, 1), (MOST, 2)]));
    for turn in 0..3_000_u64 {
        let now = at(turn * 2);
        pair.clock.set(now);
        let long = "x".repeat(usize::try_from(turn % 100).unwrap());
        let name = ["a", "b", &long][usize::try_from(turn % 3).unwrap()];
        let weight = if turn % 7 == 0 { MOST / 3 } else { MOST - 1 };
        pair.reserve(&item(name, weight, None), now, us(turn % 4)).unwrap();
        if turn % 5 == 0 {
            pair.cancel(pair.grants.len().checked_sub(1), now).unwrap();
        }
        pair.look(now, weight).unwrap();
    }
    let granted: u128 = pair.grants.iter().map(|(grant, _)| u128::from(grant.weight)).sum();
    assert!(granted > 1 << 63, "{granted}");
}

#[test]
fn heavy_units_that_only_another_handle_keeps_are_denied_before_totals_pass_what_a_row_holds() {
    let clock = ManualClock::new();
    let store = SqliteStore::builder_in_memory().clock(clock.clone()).build().unwrap();
    let heavy = store.bucket("a", rates([(MOST, 1)]));
    let week = us(7 * 24 * 3_600_000_000);
    let keeper = store.bucket("a", rates([(1, 7 * 24 * 3_600_000_000)]));
    assert!(heavy.put(&item("a", MOST, None)).unwrap().is_granted());
    for turn in 1..1_200 {
        clock.set(at(turn));
        assert!(heavy.put(&item("a", MOST, None)).unwrap().is_denied(), "{turn}");
    }
    // The keeper still counts each of them, and all go together.
    assert_eq!(keeper.count().unwrap(), MOST);
    clock.set(Timestamp::ZERO.checked_add(week).unwrap());
    assert!(heavy.put(&item("a", MOST, None)).unwrap().is_granted());
    assert_eq!(keeper.count().unwrap(), MOST);
    assert!(heavy.reserve(&item("a", 1, None), Duration::MAX).unwrap().is_denied());
}

#[test]
fn long_logs_are_answered_as_by_the_sliding_log() {
    let mut pair = Pair::of(&rates([(40, 60), (500, 1_000), (1_200, 3_000)]));
    let (mut now, mut random) = (1_000, 1_u64);
    let mut below = |end: u64| {
        // Knuth's multiplier (MMIX); the upper half is random enough.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % end
    };
    for turn in 0..5_000 {
        now += if turn % 1_500 == 1_499 { below(4_000) } else { below(4) };
        pair.clock.set(at(now));
        let name = ["a", "b", "c"][usize::try_from(below(3)).unwrap()];
        let patience = if turn % 900 < 30 { Duration::MAX } else { us(below(3)) };
        pair.reserve(&item(name, 1 + below(3), None), at(now), patience).unwrap();
        if turn % 4 == 0 {
            let index = pair.grants.len().checked_sub(1 + usize::try_from(below(5)).unwrap());
            pair.cancel(index, at(now)).unwrap();
        }
        if turn % 16 == 0 {
            pair.look(at(now), 1 + below(40)).unwrap();
        }
    }
    assert!(pair.grants.len() > 2_000, "{}", pair.grants.len());
}
