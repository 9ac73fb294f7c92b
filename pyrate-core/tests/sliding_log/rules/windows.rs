//! What a window holds, and who comes when: "One idea" of DESIGN.md section 1.

use std::time::Duration;

use crate::desk::{Desk, SECOND, TICK, rate};

#[test]
fn a_unit_counts_until_its_interval_has_passed_and_not_a_tick_longer() {
    let mut desk = Desk::new("1/s;2/3s");
    assert!(desk.admits(1));
    desk.later(SECOND - TICK);
    assert!(!desk.admits(1));
    desk.later(TICK);
    assert!(desk.admits(1));
    desk.later(2 * SECOND - TICK);
    assert_eq!(desk.denial(1).rate, rate("2/3s"));
    desk.later(TICK);
    assert!(desk.admits(1));
}

#[test]
fn a_caller_waits_for_the_earliest_instant_and_no_longer_than_he_may() {
    let mut desk = Desk::new("2/s");
    desk.joins("", 2);
    assert!(desk.ask("", 1, SECOND - TICK).is_denied());
    assert!(desk.ask("", 1, SECOND - Duration::from_nanos(1)).is_denied());
    assert!(desk.ask("", 1, SECOND).is_granted());
}

#[test]
fn a_light_item_does_not_overtake_a_heavy_one() {
    let mut desk = Desk::new("3/s");
    desk.joins("", 1);
    let heavy = desk.stands("heavy", 3);
    let light = desk.stands("light", 1);
    assert_eq!((heavy.delay, light.delay), (SECOND, 2 * SECOND));
}

#[test]
fn expired_entries_go_as_others_arrive_so_leaking_is_never_needed() {
    let mut desk = Desk::new("5/s");
    for _ in 0..10_000 {
        assert!(desk.admits(5));
        desk.later(SECOND);
    }
    assert!(desk.log.leak(desk.now).unwrap() <= 3 * 5);
}

#[test]
fn memory_follows_the_window_far_below_the_limit_too() {
    let mut desk = Desk::new("10000/s");
    for _ in 0..5_000 {
        assert!(desk.admits(1));
        desk.later(SECOND / 10);
    }
    assert!(desk.log.leak(desk.now).unwrap() <= 64);
}
