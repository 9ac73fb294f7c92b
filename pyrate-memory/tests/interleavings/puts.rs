//! Units are asked for while the clock moves on.

use crate::scene::{explore, one_in_ten, rate_of};

#[test]
fn two_who_ask_while_the_window_passes() {
    let tally = explore(one_in_ten(), 100, Some(3), |scene| {
        let one = scene.spawn(|scene| [scene.put(), scene.put()]);
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        scene.set_clock(105);
        scene.set_clock(110);
        one.join();
        other.join();
        scene.put();
    });
    assert!(tally.glances > 0, "{tally:?}");
}

#[test]
fn who_moved_the_clock_past_the_window_is_not_held_back() {
    let tally = explore(one_in_ten(), 100, None, |scene| {
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        let before = scene.put();
        scene.set_clock(110);
        let after = scene.put();
        let [first, second] = other.join();
        let at_100 = before || first;
        assert!(at_100 && (after || second || first));
    });
    assert!(tally.glances > 0, "{tally:?}");
}

#[test]
fn who_sees_a_denial_sees_the_time_at_which_it_was_found() {
    let tally = explore(one_in_ten(), 99, None, |scene| {
        let one = scene.spawn(|scene| {
            scene.set_clock(100);
            [scene.put(), scene.put()]
        });
        scene.put();
        scene.put();
        one.join();
    });
    assert!(tally.glances > 0, "{tally:?}");
}

#[test]
fn units_leave_the_window_one_by_one() {
    let tally = explore(rate_of(2), 100, Some(3), |scene| {
        assert!(scene.put());
        scene.set_clock(104);
        let one = scene.spawn(|scene| [scene.put(), scene.put()]);
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        scene.set_clock(110);
        scene.set_clock(114);
        one.join();
        other.join();
        scene.put();
    });
    assert!(tally.glances > 0 && tally.grants > 3 * tally.interleavings, "{tally:?}");
}
