//! Rule 7 of DESIGN.md section 1: what does not fit the numbers is an error or a denial, never a wrap.

use std::time::Duration;

use pyrate_core::{Decision, Rate, RateItem, Rates, SlidingLog, Timestamp, TimestampError};

use crate::desk::{Desk, FOR_EVER, NOW_OR_NEVER, SECOND, TICK};

const MAX: u64 = (1 << 53) - 1;

/// A desk at the clock's zero, under one rate.
fn desk(limit: u64, micros: u64) -> Desk {
    let rates = Rates::from(Rate::new(limit, Duration::from_micros(micros)).unwrap());
    Desk { now: Timestamp::ZERO, ..Desk::with_rates(rates) }
}

#[test]
fn an_instant_beyond_the_last_is_refused_and_changes_nothing() {
    let mut desk = desk(3, 1_000_000);
    let (_due, waiter) = (desk.stands("", 3), desk.stands("", 1));
    for beyond in [1 << 53, u64::MAX].map(Timestamp::from_micros) {
        let (item, error) = (RateItem::new("", 1), TimestampError(beyond));
        assert_eq!(desk.log.reserve(&item, beyond, FOR_EVER), Err(error));
        assert_eq!(desk.log.reserve(&RateItem::new("", 0), beyond, FOR_EVER), Err(error));
        assert_eq!(desk.log.cancel(&waiter, beyond), Err(error));
        assert_eq!(desk.log.leak(beyond), Err(error));
        assert_eq!(desk.log.waiting(&item, beyond), Err(error));
        assert_eq!(desk.log.count(beyond), Err(error));
        assert_eq!(desk.log.available(beyond), Err(error));
        assert_eq!(desk.log.peek(0, beyond), Err(error));
    }
    assert_eq!((desk.count(), desk.log.seen()), (4, desk.now));
}

#[test]
fn the_last_instant_is_as_good_as_any() {
    let mut desk = desk(2, 1);
    desk.now = Timestamp::MAX;
    assert!(desk.admits(2));
    assert_eq!((desk.count(), desk.log.seen()), (2, Timestamp::MAX));
}

#[test]
fn a_grant_may_lie_at_the_last_instant_but_not_beyond_it() {
    let mut desk = desk(1, MAX);
    assert_eq!((desk.stands("", 1).at, desk.stands("", 1).at), (Timestamp::ZERO, Timestamp::MAX));
    let Decision::Denied(denial) = desk.ask("", 1, FOR_EVER) else { panic!("granted") };
    assert_eq!(denial.retry_after, Some(2 * Duration::from_micros(MAX)));
    assert_eq!(desk.count(), 2);
}

#[test]
fn more_units_in_line_than_2_to_the_53_are_denied_until_they_fit() {
    let mut desk = desk(MAX, 1_000_000);
    desk.joins("", MAX - 1);
    desk.joins("", 1);
    let Decision::Denied(denial) = desk.ask("", 1, FOR_EVER) else { panic!("granted") };
    assert_eq!((denial.retry_after, desk.count()), (Some(SECOND), MAX));
    desk.later(SECOND - TICK);
    assert!(desk.ask("", 1, FOR_EVER).is_denied());
    desk.later(TICK);
    assert!(desk.admits(MAX));
}

#[test]
fn weights_of_any_size_are_decided() {
    let mut desk = desk(MAX, 1_000_000);
    for weight in [MAX + 1, u64::MAX / 2, u64::MAX / 2 + 1, u64::MAX - MAX, u64::MAX] {
        assert_eq!((desk.denial(weight).retry_after, desk.waiting(weight)), (None, None));
    }
    assert!(desk.admits(1));
    assert_eq!((desk.available(), desk.waiting(MAX)), (MAX - 1, Some(SECOND)));
    assert!(desk.admits(MAX - 1) && !desk.admits(1));
}

#[test]
fn a_log_grants_more_in_its_life_than_a_u64_can_count() {
    let mut desk = desk(MAX, 2);
    for _ in 0..5_000 {
        assert!(desk.admits(1) && desk.admits(MAX - 1) && !desk.admits(1));
        desk.later(TICK);
        assert!(!desk.admits(1));
        assert_eq!((desk.count(), desk.waiting(MAX)), (MAX, Some(TICK)));
        desk.later(TICK);
    }
}

#[test]
fn a_line_lives_on_when_totals_are_counted_anew() {
    let mut desk = desk(MAX / 3, 3);
    for _ in 0..20_000 {
        let next = [(); 2].map(|()| desk.stands("", MAX / 3));
        assert!(desk.cancels(&next[1]));
        assert!(!desk.admits(MAX / 3));
        desk.later(Duration::from_micros(3));
    }
}

#[test]
fn a_long_gap_is_a_gap_and_no_more() {
    for gap in [1 << 32, 1 << 42, 1 << 52, MAX] {
        let mut log = SlidingLog::new(Rate::per_second(2));
        let item = RateItem::new("", 1);
        for now in [0, 0, gap, gap].map(Timestamp::from_micros) {
            assert!(log.reserve(&item, now, NOW_OR_NEVER).unwrap().is_granted());
        }
        let now = Timestamp::from_micros(gap);
        assert!(log.reserve(&item, now, NOW_OR_NEVER).unwrap().is_denied());
    }
}

#[test]
fn a_log_that_is_emptied_again_and_again_never_runs_out_of_numbers() {
    let mut desk = desk(MAX, 1_000_000);
    for _ in 0..5_000 {
        assert!(desk.admits(MAX) && !desk.admits(1));
        desk.log.flush();
        assert_eq!(desk.count(), 0);
    }
}
