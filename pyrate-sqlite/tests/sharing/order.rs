//! First come, first served, whichever connection a caller came by.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread;

use pyrate_sqlite::{AbstractBucket, Decision, RateItem, SqliteBucket, Timestamp};

use crate::desk::{Desk, ms, until};

const FOR_LONG: std::time::Duration = std::time::Duration::from_secs(3_600);

fn reserve(bucket: &SqliteBucket) -> Timestamp {
    match bucket.reserve(&RateItem::new("unit", 1), FOR_LONG).unwrap() {
        Decision::Granted(grant) => grant.at,
        Decision::Denied(denial) => panic!("{denial:?}"),
    }
}

const fn at_ms(millis: u64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

#[test]
fn reservations_by_two_connections_stand_in_one_line() {
    let desk = Desk::full(1);
    for (turn, bucket) in (1..=20).zip(desk.buckets.iter().cycle()) {
        assert_eq!(reserve(bucket), at_ms(turn * 100));
    }
}

#[test]
fn a_line_made_by_many_threads_has_no_gap_and_nobody_is_overtaken() {
    let desk = Desk::full(1);
    let take_25 = |bucket: &SqliteBucket| (0..25).map(|_| reserve(bucket)).collect::<Vec<_>>();
    let lines: Vec<Vec<Timestamp>> = thread::scope(|scope| {
        let takers = desk.buckets.iter().chain(&desk.buckets);
        let takers: Vec<_> = takers.map(|bucket| scope.spawn(move || take_25(bucket))).collect();
        takers.into_iter().map(|taker| taker.join().unwrap()).collect()
    });
    assert!(lines.iter().all(|line| line.is_sorted()), "who asked later came earlier");
    let all: BTreeSet<Timestamp> = lines.into_iter().flatten().collect();
    assert!(all.into_iter().eq((1..=100).map(|turn| at_ms(turn * 100))));
}

#[test]
fn waiting_callers_of_two_connections_go_one_after_the_other_in_the_order_they_came() {
    let desk = Desk::full(1);
    let (gone, goes) = mpsc::channel();
    thread::scope(|scope| {
        for caller in 0..6 {
            let (limiter, gone) = (desk.limiter(caller % 2), gone.clone());
            scope.spawn(move || {
                let _unit = limiter.acquire("caller").unwrap();
                gone.send(caller).unwrap();
            });
            until(|| desk.clock.sleepers() == caller + 1);
        }
        for caller in 0..6 {
            desk.clock.advance(ms(99));
            assert!(goes.try_recv().is_err(), "somebody went too early");
            desk.clock.advance(ms(1));
            assert_eq!(goes.recv().unwrap(), caller);
        }
    });
}

#[test]
fn a_heavy_caller_is_not_overtaken_by_light_ones_of_the_other_connection() {
    let desk = Desk::full(10);
    let heavy = desk.buckets[0].reserve(&RateItem::new("heavy", 10), FOR_LONG).unwrap();
    assert!(matches!(heavy, Decision::Granted(grant) if grant.at == at_ms(100)));
    desk.clock.advance(ms(50));
    assert!(desk.buckets[1].put(&RateItem::new("light", 1)).unwrap().is_denied());
    assert_eq!(reserve(&desk.buckets[1]), at_ms(200));
}
