//! Rule 9: what `count`, `peek` and `available` show.

use crate::desk::{Desk, SECOND, TICK};

#[test]
fn each_unit_is_shown_with_its_instant_and_name_the_newest_first() {
    let mut desk = Desk::new("3/s");
    let first = desk.stands("a", 2).at;
    desk.joins("b", 1);
    let last = desk.stands("a", 1).at;
    assert_eq!(desk.names(), ["a", "b", "a", "a"]);
    let unit = desk.log.peek(0, desk.now).unwrap().unwrap();
    assert_eq!((unit.weight, unit.timestamp), (1, Some(last)));
    assert_eq!(desk.log.peek(3, desk.now).unwrap().unwrap().timestamp, Some(first));
}

#[test]
fn free_units_are_neither_counted_nor_shown() {
    let mut desk = Desk::new("2/s");
    desk.joins("a", 2);
    let leaver = desk.stands("b", 1);
    desk.joins("c", 1);
    desk.joins("d", 2);
    assert!(desk.cancels(&leaver));
    assert_eq!(
        (desk.count(), desk.names()),
        (5, ["d", "d", "c", "a", "a"].map(String::from).into())
    );
    desk.later(SECOND);
    assert_eq!((desk.count(), desk.names()), (3, ["d", "d", "c"].map(String::from).into()));
}

#[test]
fn a_unit_is_shown_until_it_leaves_the_longest_window() {
    let mut desk = Desk::new("1/s;2/5s");
    desk.joins("a", 1);
    desk.later(5 * SECOND - TICK);
    assert_eq!((desk.count(), desk.names()), (1, vec!["a".to_owned()]));
    desk.later(TICK);
    assert_eq!((desk.count(), desk.names()), (0, vec![]));
    assert_eq!((desk.log.leak(desk.now), desk.log.leak(desk.now)), (Ok(1), Ok(0)));
}

#[test]
fn nothing_is_available_while_others_stand_in_line() {
    let mut desk = Desk::new("3/s");
    desk.joins("", 1);
    assert_eq!(desk.available(), 2);
    let heavy = desk.stands("", 3);
    assert_eq!((desk.available(), desk.waiting(1)), (0, Some(2 * SECOND)));
    assert!(desk.cancels(&heavy));
    assert_eq!(desk.available(), 2);
}

#[test]
fn a_log_without_names_shows_the_same_units() {
    let mut desk = Desk::new("2/s");
    desk.log = desk.log.without_names();
    let first = desk.stands("somebody", 2).at;
    let second = desk.stands("somebody", 1).at;
    assert_eq!(desk.names(), ["", "", ""]);
    let instants =
        [0, 1, 2].map(|index| desk.log.peek(index, desk.now).unwrap().unwrap().timestamp);
    assert_eq!(instants, [Some(second), Some(first), Some(first)]);
}

#[test]
fn a_flush_remembers_no_name() {
    let mut desk = Desk::new("1/s");
    desk.joins("somebody", 1);
    desk.joins("somebody else", 1);
    assert!(format!("{:?}", desk.log).contains("somebody"));
    desk.log.flush();
    assert!(!format!("{:?}", desk.log).contains("somebody"));
}
