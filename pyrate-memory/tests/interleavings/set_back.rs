//! The clock is set back: the bucket's time stands still until it has caught up.

use crate::scene::{explore, one_in_ten};

#[test]
fn the_clock_is_set_back_and_goes_on() {
    let tally = explore(one_in_ten(), 100, Some(3), |scene| {
        let one = scene.spawn(|scene| [scene.put(), scene.put()]);
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        scene.set_clock(95);
        scene.set_clock(104);
        scene.put();
        one.join();
        other.join();
    });
    assert!(tally.glances > 0, "{tally:?}");
}

#[test]
fn who_set_the_clock_back_asks_at_once() {
    let tally = explore(one_in_ten(), 105, None, |scene| {
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        scene.set_clock(100);
        scene.put();
        scene.put();
        other.join();
    });
    assert!(tally.glances > 0, "{tally:?}");
}

#[test]
fn a_grant_is_written_beyond_a_clock_that_was_set_back() {
    let tally = explore(one_in_ten(), 100, None, |scene| {
        assert!(scene.put());
        scene.set_clock(101);
        assert!(!scene.put());
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        scene.set_clock(112);
        scene.put();
        scene.set_clock(105);
        scene.put();
        other.join();
    });
    assert!(tally.glances > 0, "{tally:?}");
}

/// A free place that was missed comes again with a clock that is set back. The glance of a later denial once joined the
/// older one's instant, found while the place was missed, to its own time: a unit was denied at the place's instant.
#[test]
fn a_missed_place_comes_again() {
    let tally = explore(one_in_ten(), 100, None, |scene| {
        assert!(scene.put());
        let [missed, last] = [scene.line_up(), scene.line_up()];
        assert!(scene.cancel(missed));
        scene.set_clock(112);
        assert!(!scene.put());
        scene.set_clock(105);
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        assert!(scene.cancel(last));
        scene.put();
        scene.set_clock(110);
        other.join();
    });
    assert!(tally.grants > tally.interleavings, "{tally:?}");
}
