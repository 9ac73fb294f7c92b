//! Several handles with different rates on one bucket, beside the formula over everything that any of them was granted.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pyrate_redis::{
    AbstractBucket, Decision, ManualClock, Rate, RateItem, Rates, RedisBucket, Timestamp,
};

use crate::pair::Check;
use crate::{START, for_all, store_on};

/// Which handle, how much later, how heavy, how patient.
type Call = (usize, u64, u64, Duration);

/// All grants, the oldest first.
#[derive(Default)]
struct Told {
    grants: Vec<(u64, u64)>,
}

impl Told {
    fn total(&self) -> u64 {
        self.grants.iter().map(|(_, weight)| weight).sum()
    }

    /// The earliest instant for `weight` by `rates`, and which of them sets it; `None` if it is above a limit.
    fn earliest(&self, rates: &Rates, weight: u64, now: u64) -> Option<(u64, Rate)> {
        if rates.iter().any(|rate| weight > rate.limit()) {
            return None;
        }
        let last = self.grants.last().map_or(0, |(at, _)| *at);
        let (mut at, mut binding) = (now.max(last), None);
        for rate in rates.iter() {
            let interval = u64::try_from(rate.interval().as_micros()).unwrap();
            let need = (self.total() + weight).saturating_sub(rate.limit());
            let mut sum = 0;
            let blocker = self.grants.iter().find(|(_, weight)| {
                sum += weight;
                sum >= need
            });
            let term = blocker.filter(|_| need > 0).map_or(0, |(at, _)| at + interval);
            if term > at || (term == at && binding.is_none()) {
                (at, binding) = (term, Some(*rate));
            }
        }
        Some((at, binding.unwrap_or(rates.shortest())))
    }

    fn inside(&self, interval: Duration, now: u64) -> u64 {
        let interval = u64::try_from(interval.as_micros()).unwrap();
        self.grants.iter().filter(|(at, _)| at + interval > now).map(|(_, weight)| weight).sum()
    }
}

fn play(handles: &[RedisBucket], clock: &ManualClock, calls: &[Call]) -> Check {
    let (mut told, mut now) = (Told::default(), START);
    for (handle, later, weight, max_delay) in calls {
        now += later;
        clock.set(Timestamp::from_micros(now));
        let handle = &handles[handle % handles.len()];
        let rates = AbstractBucket::rates(handle);
        let item = RateItem::new("x", *weight);
        let due = told.earliest(rates, *weight, now);
        let wait = due.map(|(at, _)| Duration::from_micros(at - now));
        prop_assert_eq!(handle.waiting(&item).unwrap(), wait);
        prop_assert_eq!(handle.count().unwrap(), told.inside(rates.longest().interval(), now));
        let available = handle.available().unwrap();
        let fits = |weight| told.earliest(rates, weight, now).is_some_and(|(at, _)| at == now);
        prop_assert!(available == 0 || fits(available));
        prop_assert!(!fits(available + 1));
        match (handle.reserve(&item, *max_delay).unwrap(), due) {
            (Decision::Granted(grant), Some((at, _))) => {
                prop_assert_eq!((grant.at.as_micros(), grant.delay), (at, wait.unwrap()));
                prop_assert!(grant.delay <= *max_delay);
                told.grants.push((at, *weight));
            }
            (Decision::Denied(denial), due) => {
                prop_assert_eq!(denial.retry_after, wait);
                prop_assert!(wait.is_none_or(|wait| wait > *max_delay));
                prop_assert_eq!(denial.rate, due.map_or(rates.shortest(), |(_, rate)| rate));
            }
            (granted, None) => prop_assert!(false, "{:?}", granted),
        }
    }
    Ok(())
}

fn rates() -> impl Strategy<Value = Rates> {
    vec((1..=9_u64, 1..=30_u64), 1..=3).prop_map(|pairs| {
        let rate = |(limit, micros)| Rate::new(limit, Duration::from_micros(micros)).unwrap();
        let all: Vec<Rate> = pairs.into_iter().map(rate).collect();
        Rates::new(all.clone()).unwrap_or(all[0].into())
    })
}

#[test]
fn each_handle_waits_and_is_denied_exactly_by_its_own_rates() {
    let patience = prop_oneof![
        3 => Just(Duration::ZERO),
        2 => (0..20_u64).prop_map(Duration::from_micros),
        1 => Just(Duration::MAX)
    ];
    let later = prop_oneof![3 => Just(0), 4 => 0..3_u64, 1 => 0..=60_u64];
    let calls = vec((any::<usize>(), later, 1..=6_u64, patience), 1..150);
    for_all(150, (vec(rates(), 2..=3), calls), |(all, calls)| {
        let clock = ManualClock::new();
        clock.set(Timestamp::from_micros(START));
        let store = store_on(clock.clone());
        let handles: Vec<_> = all.into_iter().map(|rates| store.bucket("key", rates)).collect();
        play(&handles, &clock, &calls)
    });
}
