//! Rules 1, 2 and 8: time does not run back, dropping follows it, and a stamp stands in for the clock.

use pyrate_core::{RateItem, Timestamp};

use crate::desk::{Desk, FOR_EVER, HOUR, NOW_OR_NEVER, SECOND, TICK, rate};

// ---- Rule 1: seen --------------------------------------------------------------------------------------------------

#[test]
fn a_clock_that_runs_back_by_an_hour_admits_nothing_twice() {
    let mut desk = Desk::new("3/s");
    let start = desk.now;
    assert!(desk.admits(3));
    desk.earlier(HOUR);
    assert!(!desk.admits(1));
    assert_eq!(desk.log.seen(), start);
    let waiter = desk.stands("", 1);
    assert_eq!((waiter.at.saturating_since(start), waiter.delay), (SECOND, SECOND));
}

#[test]
fn time_stays_where_it_was_after_a_leak_a_cancel_and_a_flush() {
    let mut desk = Desk::new("1/s");
    desk.joins("", 1);
    let waiter = desk.stands("", 1);
    desk.later(SECOND / 2);
    assert!(desk.cancels(&waiter));
    assert_eq!(desk.log.seen(), desk.now);
    desk.later(SECOND);
    assert_eq!(desk.log.leak(desk.now), Ok(1));
    let leaked = desk.now;
    desk.log.flush();
    desk.earlier(HOUR);
    assert_eq!((desk.log.seen(), desk.stands("", 1).at), (leaked, leaked));
}

#[test]
fn what_changes_nothing_does_not_move_time() {
    let mut desk = Desk::new("1/s");
    let due = desk.stands("", 1);
    let start = desk.now;
    desk.later(SECOND / 2);
    assert!(!desk.admits(1) && !desk.cancels(&due) && desk.admits(0));
    assert_eq!(desk.log.leak(desk.now), Ok(0));
    assert_eq!((desk.count(), desk.available(), desk.waiting(1)), (1, 0, Some(SECOND / 2)));
    assert_eq!(desk.log.seen(), start);
}

#[test]
fn a_log_that_takes_the_place_of_another_does_not_run_back_behind_it() {
    let mut desk = Desk::new("1/s");
    let before = desk.now;
    desk.log = desk.log.with_seen(before);
    desk.earlier(HOUR);
    assert_eq!((desk.log.seen(), desk.stands("", 1).at), (before, before));
    desk.log = desk.log.with_seen(desk.now);
    assert_eq!(desk.log.seen(), before);
    desk.log = desk.log.with_seen(Timestamp::from_micros(u64::MAX));
    assert_eq!(desk.log.seen(), Timestamp::MAX);
}

// ---- Rule 2: dropping ----------------------------------------------------------------------------------------------

#[test]
fn a_grant_far_ahead_drops_nothing_that_still_counts_now() {
    let mut desk = Desk::new("2/s;3/10s");
    desk.joins("", 2);
    let waiters = [desk.stands("", 1), desk.stands("", 2), desk.stands("", 2)];
    for waiter in waiters.iter().rev() {
        assert!(desk.cancels(waiter));
    }
    desk.later(SECOND - TICK);
    assert_eq!((desk.count(), desk.available()), (2, 0));
    desk.later(TICK);
    assert_eq!((desk.count(), desk.available()), (2, 1));
}

#[test]
fn whoever_follows_a_cancelled_grant_stands_behind_what_remains() {
    let mut desk = Desk::new("1/s;2/3s");
    desk.joins("", 1);
    let last = desk.stands("", 1);
    assert!(desk.cancels(&last));
    let next = desk.stands("", 1);
    assert_eq!((next.delay, desk.stands("", 1).delay), (SECOND, 3 * SECOND));
}

#[test]
fn a_window_that_began_behind_removed_entries_begins_with_the_next_one_appended() {
    let mut desk = Desk::new("2/s;6/10s");
    desk.joins("", 2);
    let leavers = [2, 2, 1].map(|weight| desk.stands("", weight));
    assert!(desk.cancels(&leavers[0]) && desk.cancels(&leavers[1]));
    desk.later(3 * SECOND);
    let passer_by = desk.stands("", 1);
    assert!(desk.cancels(&passer_by));
    desk.later(SECOND);
    assert!(desk.cancels(&leavers[2]));
    assert!(desk.admits(2));
    let denial = desk.denial(1);
    assert_eq!((denial.rate, denial.retry_after), (rate("2/s"), Some(SECOND)));
}

#[test]
fn a_log_tells_from_when_on_it_is_as_new() {
    let mut desk = Desk::new("1/s;2/3s");
    assert_eq!(desk.log.expires_at(), Timestamp::ZERO);
    desk.joins("", 1);
    let waiter = desk.stands("", 1);
    assert_eq!(desk.log.expires_at(), waiter.at.checked_add(3 * SECOND).unwrap());
    desk.now = desk.log.expires_at();
    assert_eq!((desk.log.leak(desk.now), desk.log.expires_at()), (Ok(2), Timestamp::ZERO));
}

// ---- Rule 8: stamps ------------------------------------------------------------------------------------------------

#[test]
fn a_stamp_in_the_future_moves_time_only_if_it_changes_the_log() {
    let mut desk = Desk::new("1/s");
    desk.joins("", 1);
    let (start, ahead) = (desk.now, desk.now.checked_add(HOUR).unwrap());
    assert!(desk.log.reserve(&RateItem::new("", 2), ahead, FOR_EVER).unwrap().is_denied());
    assert_eq!(desk.log.seen(), start);
    assert!(desk.log.reserve(&RateItem::new("", 1), ahead, NOW_OR_NEVER).unwrap().is_granted());
    assert_eq!((desk.log.seen(), desk.waiting(1)), (ahead, Some(SECOND)));
}

#[test]
fn a_stamp_in_the_past_counts_as_the_last_instant_seen() {
    let mut desk = Desk::new("2/s");
    desk.joins("", 1);
    let grant = desk.log.reserve(&RateItem::new("", 1), Timestamp::ZERO, NOW_OR_NEVER).unwrap();
    assert!(grant.is_granted());
    assert_eq!(desk.names().len(), 2);
    assert_eq!(desk.waiting(2), Some(SECOND));
}

#[test]
fn the_caller_puts_the_stamp_in_the_place_of_the_clock() {
    let mut desk = Desk::new("1/s");
    let item = RateItem { timestamp: Some(Timestamp::MAX), ..RateItem::new("", 1) };
    assert!(desk.log.reserve(&item, desk.now, NOW_OR_NEVER).unwrap().is_granted());
    assert_eq!(desk.log.waiting(&item, desk.now), Ok(Some(SECOND)));
    assert_eq!(desk.log.seen(), desk.now);
}
