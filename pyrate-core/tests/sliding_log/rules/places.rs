//! Rule 3: what becomes of a place whose holder cancelled.

use pyrate_core::{Grant, Timestamp};

use crate::desk::{Desk, SECOND, TICK};

#[test]
fn a_cancelled_place_goes_to_the_next_who_fits_and_nobody_behind_is_delayed() {
    let mut desk = Desk::new("2/s");
    desk.joins("", 2);
    let (leaver, behind) = (desk.stands("", 1), desk.stands("", 2));
    assert!(desk.cancels(&leaver));
    let heavy = desk.stands("", 2);
    let light = desk.stands("", 1);
    assert_eq!((behind.delay, heavy.delay, light.delay), (2 * SECOND, 3 * SECOND, SECOND));
}

#[test]
fn a_free_place_beyond_the_callers_patience_is_not_taken() {
    let mut desk = Desk::new("1/s");
    desk.joins("", 1);
    let leaver = desk.stands("", 1);
    desk.joins("", 1);
    assert!(desk.cancels(&leaver));
    assert_eq!(desk.denial(1).retry_after, Some(SECOND));
    assert!(desk.ask("", 1, SECOND).is_granted());
}

#[test]
fn places_freed_at_one_instant_add_up() {
    let mut desk = Desk::new("3/s");
    desk.joins("", 3);
    let leavers = [desk.stands("", 1), desk.stands("", 1)];
    desk.joins("", 3);
    assert!(leavers.iter().all(|leaver| desk.cancels(leaver)));
    assert_eq!(desk.stands("", 2).delay, SECOND);
}

#[test]
fn the_end_of_the_line_recedes_over_all_free_places() {
    let mut desk = Desk::new("1/s");
    desk.joins("", 1);
    let [first, second, third] = [(); 3].map(|()| desk.stands("", 1));
    assert!(desk.cancels(&first) && desk.cancels(&second));
    assert_eq!(desk.waiting(1), Some(SECOND));
    assert!(desk.cancels(&third));
    let next = [(); 2].map(|()| desk.stands("", 1).delay);
    assert_eq!(next, [SECOND, 2 * SECOND]);
}

#[test]
fn free_units_go_even_where_somebody_else_holds_the_last_instant() {
    let mut desk = Desk::new("3/s");
    desk.joins("", 3);
    let (stays, leaver) = (desk.stands("", 1), desk.stands("", 2));
    assert!(desk.cancels(&leaver));
    assert_eq!(desk.stands("", 2).at, stays.at);
    assert_eq!(desk.waiting(1), Some(2 * SECOND));
}

#[test]
fn a_free_place_that_nobody_took_stays_charged_for_one_window() {
    let mut desk = Desk::new("1/s");
    desk.joins("", 1);
    let (leaver, _behind) = (desk.stands("", 1), desk.stands("", 1));
    assert!(desk.cancels(&leaver));
    desk.later(SECOND);
    assert_eq!((desk.available(), desk.count()), (1, 1));
    desk.later(TICK);
    assert_eq!((desk.available(), desk.waiting(1)), (0, Some(2 * SECOND - TICK)));
}

#[test]
fn at_least_1024_free_places_are_remembered() {
    let mut desk = Desk::new("1/s");
    desk.joins("", 1);
    let leavers: Vec<Grant> = (0..1_024).map(|_| desk.stands("", 1)).collect();
    desk.joins("", 1);
    assert!(leavers.iter().rev().all(|leaver| desk.cancels(leaver)));
    assert!(leavers.iter().all(|leaver| desk.stands("", 1).at == leaver.at));
    assert_eq!(desk.waiting(1), Some(1_026 * SECOND));
}

/// Demand is 1.5 times the limit, each caller stands in line and leaves after a second.
///
/// Returns how many of 1,000 units that the limit allows were used.
fn served_in_a_storm(limit: u64) -> u64 {
    let mut desk = Desk::new(&format!("{limit}/s"));
    let gap = SECOND * 2 / (u32::try_from(limit).unwrap() * 3);
    let mut leaving = Vec::new();
    let mut served = 0;
    for _ in 0..1_500 {
        leaving.retain(|(grant, leaves): &(Grant, Timestamp)| {
            // The callers act at their own instants, which the clock has passed by less than one gap.
            *leaves > desk.now || !desk.log.cancel(grant, *leaves).unwrap()
        });
        let grant = desk.stands("", 1);
        if grant.delay <= SECOND {
            served += 1;
        } else {
            leaving.push((grant, desk.now.checked_add(SECOND).unwrap()));
        }
        desk.later(gap);
    }
    served
}

#[test]
fn a_storm_of_timeouts_leaves_nine_tenths_of_the_limit_served() {
    for limit in [10, 20, 50, 100] {
        let served = served_in_a_storm(limit);
        assert!((900..=1_000 + limit).contains(&served), "{served} of 1000 at {limit}/s");
    }
}
