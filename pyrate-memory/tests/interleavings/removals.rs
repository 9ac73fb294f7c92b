//! Units are asked for while others cancel, flush and leak.

use crate::scene::{explore, one_in_ten, rate_of};

#[test]
fn one_cancels_what_the_others_wait_behind() {
    let tally = explore(one_in_ten(), 100, None, |scene| {
        assert!(scene.put());
        let grant = scene.line_up();
        assert!(!scene.put());
        let canceller = scene.spawn(move |scene| scene.cancel(grant));
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        scene.set_clock(112);
        let is_cancelled = canceller.join();
        let mine = scene.put();
        let others = other.join();
        let is_taken = mine || others.contains(&true);
        assert_eq!(is_taken, is_cancelled);
    });
    assert!(tally.glances > 0, "{tally:?}");
}

#[test]
fn one_stands_in_line_and_leaves_it() {
    let tally = explore(one_in_ten(), 100, Some(3), |scene| {
        assert!(scene.put());
        assert!(!scene.put());
        let waiter = scene.spawn(|scene| {
            let grant = scene.line_up();
            scene.put();
            scene.cancel(grant)
        });
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        scene.set_clock(112);
        waiter.join();
        scene.put();
        other.join();
    });
    assert!(tally.glances > 0, "{tally:?}");
}

#[test]
fn one_flushes() {
    let tally = explore(one_in_ten(), 100, None, |scene| {
        assert!(scene.put());
        assert!(!scene.put());
        let flusher = scene.spawn(|scene| {
            scene.flush();
            scene.put()
        });
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        scene.set_clock(105);
        let first = flusher.join();
        let mine = scene.put();
        let others = other.join();
        assert!(!mine);
        assert!(first || others.contains(&true));
    });
    assert!(tally.glances > 0, "{tally:?}");
}

#[test]
fn who_saw_the_log_without_them_is_not_held_back() {
    let tally = explore(one_in_ten(), 100, None, |scene| {
        assert!(scene.put());
        let grant = scene.line_up();
        assert!(!scene.put());
        let other = scene.spawn(|scene| {
            let seen = scene.count();
            (seen, scene.put())
        });
        scene.set_clock(105);
        scene.cancel(grant);
        scene.put();
        scene.flush();
        let (seen, is_granted) = other.join();
        assert!(seen > 0 || is_granted);
    });
    assert!(tally.glances > 0, "{tally:?}");
}

#[test]
fn one_leaks_by_the_clock() {
    let tally = explore(rate_of(2), 91, Some(3), |scene| {
        assert!(scene.put());
        scene.set_clock(100);
        assert!(scene.put());
        assert!(!scene.put());
        let leaker = scene.spawn(|scene| {
            scene.leak(None);
            scene.leak(None);
        });
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        scene.set_clock(101);
        scene.put();
        scene.set_clock(110);
        leaker.join();
        scene.put();
        other.join();
    });
    assert!(tally.glances > 0, "{tally:?}");
}

#[test]
fn one_leaks_as_of_an_instant_to_come() {
    let tally = explore(rate_of(2), 91, None, |scene| {
        assert!(scene.put());
        scene.set_clock(100);
        assert!(scene.put());
        assert!(!scene.put());
        let leaker = scene.spawn(|scene| scene.leak(Some(108)));
        let other = scene.spawn(|scene| [scene.put(), scene.put()]);
        leaker.join();
        let mine = scene.put();
        let others = other.join();
        let all = others.iter().chain([&mine]);
        assert_eq!(all.filter(|is_granted| **is_granted).count(), 1);
    });
    assert!(tally.glances > 0, "{tally:?}");
}
