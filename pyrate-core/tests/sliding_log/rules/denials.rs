//! Rules 5 and 6: special weights, and the rate that a denial names.

use crate::desk::{Desk, FOR_EVER, NOW_OR_NEVER, SECOND, rate};

// ---- Rule 5: weights that are special ------------------------------------------------------------------------------

#[test]
fn weight_0_ignores_the_queue_and_leaves_nothing() {
    let mut desk = Desk::new("1/s");
    desk.joins("", 1);
    desk.joins("", 1);
    let nothing = desk.stands("", 0);
    assert_eq!((nothing.at, nothing.delay, nothing.weight), (desk.now, NOW_OR_NEVER, 0));
    assert_eq!(desk.waiting(0), Some(NOW_OR_NEVER));
    assert_eq!((desk.count(), desk.names().len()), (2, 2));
}

#[test]
fn a_weight_above_a_limit_is_denied_for_ever() {
    let mut desk = Desk::new("2/s;3/m");
    assert!(desk.ask("", 3, FOR_EVER).is_denied());
    let denial = desk.denial(3);
    assert_eq!((denial.rate, denial.retry_after), (rate("2/s"), None));
    assert_eq!((desk.waiting(3), desk.waiting(2)), (None, Some(NOW_OR_NEVER)));
}

#[test]
fn a_denied_heavy_item_leaves_no_trace() {
    let mut desk = Desk::new("3/s");
    assert!(desk.admits(2));
    assert!(!desk.admits(2));
    assert_eq!((desk.count(), desk.available()), (2, 1));
    assert!(desk.admits(1));
}

// ---- Rule 6: the binding rate --------------------------------------------------------------------------------------

#[test]
fn a_denial_names_the_rate_that_sets_the_instant() {
    let mut desk = Desk::new("2/s;3/m");
    desk.joins("", 2);
    assert_eq!(desk.denial(1).rate, rate("2/s"));
    assert_eq!(desk.denial(2).rate, rate("3/m"));
}

#[test]
fn of_rates_that_tie_the_shortest_is_named() {
    let mut desk = Desk::new("1/s;2/2s");
    desk.joins("", 1);
    desk.later(SECOND);
    desk.joins("", 1);
    let denial = desk.denial(1);
    assert_eq!((denial.rate, denial.retry_after), (rate("1/s"), Some(SECOND)));
}

#[test]
fn where_only_the_queue_sets_the_instant_the_shortest_is_named() {
    let mut desk = Desk::new("10/s;12/10s");
    desk.joins("", 5);
    desk.later(SECOND / 10);
    desk.joins("", 5);
    let (leaver, _stays) = (desk.stands("", 8), desk.stands("", 1));
    assert!(desk.cancels(&leaver));
    let denial = desk.denial(2);
    assert_eq!((denial.rate, denial.retry_after), (rate("10/s"), Some(10 * SECOND)));
}

#[test]
fn where_a_free_place_is_the_earliest_the_shortest_is_named() {
    let mut desk = Desk::new("1/s;2/m");
    desk.joins("", 2 - 1);
    desk.later(SECOND);
    desk.joins("", 1);
    let (leaver, _behind) = (desk.stands("", 1), desk.stands("", 1));
    assert_eq!(desk.denial(1).rate, rate("2/m"));
    assert!(desk.cancels(&leaver));
    let denial = desk.denial(1);
    assert_eq!((denial.rate, denial.retry_after), (rate("1/s"), Some(59 * SECOND)));
}
