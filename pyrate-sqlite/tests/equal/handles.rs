//! Several handles with different rates on one bucket, beside a plain list of what was granted.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pyrate_conformance::histories;
use pyrate_sqlite::{
    AbstractBucket, Decision, Denial, Grant, ManualClock, Rate, Rates, SqliteBucket, SqliteStore,
};

use crate::{Check, at, cases, item, nameless, rates, us};

/// Which handle, how much later, how heavy, how patient.
type Call = (usize, u64, u64, Duration);

/// All that was granted, in order of instants: instant, and total up to it.
#[derive(Default)]
struct List(Vec<(u64, u64)>);

impl List {
    fn total(&self) -> u64 {
        self.0.last().map_or(0, |(_, total)| *total)
    }

    fn last_at(&self) -> u64 {
        self.0.last().map_or(0, |(at, _)| *at)
    }

    /// When the first unit that `rate` has no room for beside `weight` more leaves its window.
    fn term(&self, rate: &Rate, weight: u64) -> u64 {
        let need = (self.total() + weight).saturating_sub(rate.limit());
        let found = self.0.iter().find(|(_, total)| need > 0 && *total >= need);
        found.map_or(0, |(at, _)| at + rate.interval_micros())
    }

    /// As the design has it: the maximum of `now`, the last grant and each rate's own term.
    fn decide(&mut self, rates: &Rates, weight: u64, now: u64, max_delay: Duration) -> Decision {
        let denied = |rate, retry_after| Decision::Denied(Denial { rate, retry_after });
        if rates.iter().any(|rate| weight > rate.limit()) {
            return denied(rates.shortest(), None);
        }
        let (mut spot, mut binding) = (now.max(self.last_at()), None);
        for rate in rates.iter().filter(|_| weight > 0) {
            let term = self.term(rate, weight);
            if term > spot || (term == spot && binding.is_none()) {
                (spot, binding) = (term, Some(*rate));
            }
        }
        let (spot, rate) =
            (if weight == 0 { now } else { spot }, binding.unwrap_or(rates.shortest()));
        if us(spot - now) > max_delay {
            return denied(rate, Some(us(spot - now)));
        }
        if weight > 0 {
            self.0.push((spot, self.total() + weight));
        }
        Decision::Granted(Grant::new(at(spot), us(spot - now), weight))
    }

    fn used(&self, interval: u64, now: u64) -> u64 {
        let gone =
            self.0.iter().rfind(|(at, _)| at + interval <= now).map_or(0, |(_, total)| *total);
        self.total() - gone
    }
}

fn play(handles: &[SqliteBucket], clock: &ManualClock, calls: &[Call]) -> Check {
    let (mut list, mut now) = (List::default(), 1_000);
    for (handle, later, weight, max_delay) in calls {
        now += later;
        clock.set(at(now));
        let handle = &handles[handle % handles.len()];
        let rates = AbstractBucket::rates(handle);
        let ours = handle.reserve(&item("x", *weight, None), *max_delay).unwrap();
        let due = list.decide(rates, *weight, now, *max_delay);
        prop_assert_eq!(nameless(ours), due, "{} of {} at {}", weight, rates, now);
        for handle in handles {
            let longest = AbstractBucket::rates(handle).longest().interval_micros();
            prop_assert_eq!(handle.count().unwrap(), list.used(longest, now));
        }
    }
    Ok(())
}

fn opened(all: impl IntoIterator<Item = Rates>) -> (Vec<SqliteBucket>, ManualClock) {
    let clock = ManualClock::new();
    let store = SqliteStore::builder_in_memory().clock(clock.clone()).build().unwrap();
    (all.into_iter().map(|rates| store.bucket("key", rates)).collect(), clock)
}

fn calls(later: u64, heaviest: u64) -> impl Strategy<Value = Vec<Call>> {
    let patience = prop_oneof![
        2 => Just(Duration::ZERO),
        2 => (0..20_u64).prop_map(us),
        1 => Just(Duration::MAX)
    ];
    let later = prop_oneof![3 => Just(0), 3 => 0..3_u64, 1 => 0..=later];
    vec((any::<usize>(), later, 0..=heaviest, patience), 1..80)
}

/// So many rates, none of which is idle: `n` units in `n * n + n * longer` microseconds.
fn many(count: u64, longer: u64) -> Rates {
    rates((1..=count).map(|n| (n, n * n + n * longer)))
}

#[test]
fn a_place_of_a_looser_handle_is_not_taken_where_the_own_rates_have_no_room() {
    let (handles, clock) = opened([rates([(5, 10)]), rates([(1, 10)])]);
    let [loose, tight] = &handles[..] else { unreachable!("two were opened") };
    let reserved = |handle: &SqliteBucket, weight| match handle
        .reserve(&item("x", weight, None), Duration::MAX)
        .unwrap()
    {
        Decision::Granted(grant) => grant,
        Decision::Denied(denial) => panic!("{denial:?}"),
    };
    reserved(loose, 5);
    let [left, _, _] = [2, 2, 3].map(|weight| reserved(loose, weight));
    assert!(loose.cancel(&left).unwrap());
    clock.set(at(10));
    // Two of the five at 10 are free: room for the one handle, and four too many for the other.
    assert_eq!((loose.available().unwrap(), tight.available().unwrap()), (2, 0));
    assert_eq!(reserved(tight, 1).at, at(30));
    assert_eq!(reserved(loose, 2).at, at(10));
}

/// Calls and cancels; each grant must have room by the rates of its own handle.
fn play_with_places(handles: &[SqliteBucket], clock: &ManualClock, calls: &[Call]) -> Check {
    let (mut held, mut now): (Vec<Grant>, u64) = (Vec::new(), 1_000);
    for (turn, (handle, later, weight, max_delay)) in calls.iter().enumerate() {
        now += later;
        clock.set(at(now));
        let handle = &handles[handle % handles.len()];
        if turn % 3 == 2 && !held.is_empty() {
            let index = (turn * 7) % held.len();
            if handle.cancel(&held[index]).unwrap() {
                held.remove(index);
            }
        }
        let item = item("x", *weight, None);
        let (waiting, available) = (handle.waiting(&item).unwrap(), handle.available().unwrap());
        prop_assert_eq!(waiting == Some(Duration::ZERO), *weight <= available || *weight == 0);
        let Decision::Granted(grant) = handle.reserve(&item, *max_delay).unwrap() else { continue };
        held.push(grant);
        for rate in AbstractBucket::rates(handle).iter() {
            let is_inside = |held: &&Grant| {
                held.at <= grant.at
                    && held.at.as_micros() + rate.interval_micros() > grant.at.as_micros()
            };
            let inside: u64 = held.iter().filter(is_inside).map(|held| held.weight).sum();
            prop_assert!(
                *weight == 0 || inside <= rate.limit(),
                "{} by {} at {}",
                inside,
                rate,
                grant.at
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn whatever_places_others_leave_each_handle_is_granted_what_its_own_rates_allow(
        first in histories::rates(),
        second in histories::rates(),
        calls in calls(40, 7),
    ) {
        let (handles, clock) = opened([first, second]);
        play_with_places(&handles, &clock, &calls)?;
    }

    #[test]
    fn two_handles_decide_by_their_own_rates_over_all_that_was_granted(
        first in histories::rates(),
        second in histories::rates(),
        calls in calls(40, 7),
    ) {
        let (handles, clock) = opened([first, second]);
        play(&handles, &clock, &calls)?;
    }

    #[test]
    fn more_intervals_than_cursors_are_kept_for_change_no_decision(calls in calls(900, 24)) {
        // Squares, and what lies between them: 24 rates in each handle, 72 intervals.
        let (handles, clock) = opened([many(24, 0), many(24, 1), many(24, 2)]);
        play(&handles, &clock, &calls)?;
    }
}
