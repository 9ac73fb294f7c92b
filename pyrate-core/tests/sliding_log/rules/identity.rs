//! Rule 4: a grant in the future has a number of its own.

use pyrate_core::Grant;

use crate::desk::{Desk, SECOND, TICK};

#[test]
fn a_grant_can_be_cancelled_once_and_only_before_it_is_due() {
    let mut desk = Desk::new("1/s");
    let due = desk.stands("", 1);
    let (first, second) = (desk.stands("", 1), desk.stands("", 1));
    assert!(!desk.cancels(&due));
    assert!(desk.cancels(&second) && !desk.cancels(&second));
    desk.later(SECOND);
    assert!(!desk.cancels(&first));
    assert_eq!(desk.count(), 1);
}

#[test]
fn of_several_grants_at_one_instant_only_the_named_one_is_cancelled() {
    let mut desk = Desk::new("3/s");
    desk.joins("", 3);
    let [_a, b, _c] = ["a", "b", "c"].map(|name| desk.stands(name, 1));
    assert!(desk.cancels(&b) && !desk.cancels(&b));
    assert_eq!(desk.names()[..2], ["c", "a"]);
}

#[test]
fn no_number_is_used_again_even_after_a_flush() {
    let mut desk = Desk::new("1/s");
    desk.joins("", 1);
    let old = desk.stands("", 1);
    desk.log.flush();
    desk.joins("", 1);
    let new = desk.stands("", 1);
    assert_eq!(new.at, old.at);
    assert_ne!(new.id(), old.id());
    assert!(!desk.cancels(&old));
    assert_eq!(desk.count(), 2);
    assert!(desk.cancels(&new));
}

#[test]
fn reservations_are_numbered_from_where_the_caller_says() {
    let mut desk = Desk::new("1/s");
    desk.log.set_next_id(700);
    desk.joins("", 1);
    assert_eq!([(); 2].map(|()| desk.stands("", 1).id()), [700, 701]);
    desk.log.flush();
    assert_eq!([(); 2].map(|()| desk.stands("", 1).id()), [0, 702]);
}

#[test]
fn a_forged_grant_frees_no_more_than_the_log_holds() {
    let mut desk = Desk::new("4/s");
    desk.joins("", 4);
    let grant = desk.stands("", 2);
    desk.joins("", 2);
    assert!(!desk.cancels(&grant.with_id(grant.id() + 77)));
    let elsewhere = grant.at.checked_add(TICK).unwrap();
    assert!(!desk.cancels(&Grant::new(elsewhere, grant.delay, 2).with_id(grant.id())));
    let _ = desk.cancels(&Grant::new(grant.at, grant.delay, 4).with_id(grant.id()));
    assert!(desk.count() >= 6);
    assert_eq!(desk.stands("", 4).delay, 2 * SECOND);
}
