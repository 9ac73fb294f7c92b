//! Where the clock runs back and stamps come from the past, no window of any rate holds more than its limit.

use std::time::Duration;

use proptest::prop_assert;
use pyrate_memory::{
    BucketFactory, Decision, Grant, KeyedMemory, ManualClock, Rate, Rates, Timestamp,
};

use crate::desk::{Check, per, try_all, us};
use crate::history::{Deed, History, NAMES, Step, back_and_forth};
use crate::pair::item;

const STEPS: usize = 40;

#[test]
fn no_window_of_a_name_holds_more_than_its_limit_though_the_clock_runs_back() {
    try_all(5_000, 500_000, &back_and_forth(STEPS), |history| Ledger::of(&history).play());
}

/// A `KeyedMemory` and all that it granted.
struct Ledger<'a> {
    history: &'a History,
    memory: KeyedMemory,
    clock: ManualClock,
    now: u64,
    grants: Vec<Vec<Grant>>,
    crowds: u64,
}

impl<'a> Ledger<'a> {
    fn of(history: &'a History) -> Ledger<'a> {
        let (clock, kinds) = (ManualClock::new(), history.kinds.clone());
        let memory = KeyedMemory::builder_with_rates(move |name| {
            let known = NAMES.iter().position(|known| *known == name);
            known.map_or_else(|| per(1, us(7)), |index| kinds[index % 2].clone())
        });
        let memory = memory.clock(clock.clone()).build();
        let grants = vec![Vec::new(); NAMES.len()];
        Ledger { history, memory, clock, now: 1_000, grants, crowds: 0 }
    }

    fn play(mut self) -> Check {
        self.history.steps.iter().for_each(|step| self.step(step));
        for (name, grants) in self.grants.iter().enumerate() {
            for rate in self.history.rates_of(name).iter() {
                let fullest = fullest(grants, *rate);
                prop_assert!(fullest <= u128::from(rate.limit()), "{name}: {fullest} in {rate}");
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) {
        let (name, rates) = (step.name, self.history.rates_of(step.name));
        let before = self.now;
        self.move_to(step.gap.to(self.now, rates, &self.grants[name]));
        let stamp = step.stamp.instant(before, self.now, rates);
        match step.deed {
            Deed::Reserve(weight, patience) => {
                self.reserve(name, weight.units(rates), stamp, patience.max_delay(rates));
            }
            Deed::Burst(units) => self.burst(name, units),
            Deed::Crowd(names) => self.crowd(names, stamp),
            Deed::Cancel(back) => self.cancel(name, back),
            Deed::LeakAll => assert!(self.memory.leak().is_ok()),
            Deed::Leak | Deed::Flush => self.leak(name, stamp),
            Deed::Look(_) => self.look(name, rates),
        }
    }

    fn move_to(&mut self, now: u64) {
        self.now = now;
        self.clock.set(Timestamp::from_micros(now));
    }

    fn reserve(&mut self, name: usize, weight: u64, stamp: Option<Timestamp>, delay: Duration) {
        let decision = self.memory.reserve(&item(name, weight, stamp), delay).unwrap();
        if let Decision::Granted(grant) = decision {
            self.grants[name].push(grant);
        }
    }

    fn burst(&mut self, name: usize, units: u8) {
        for _ in 0..units {
            self.move_to(self.now + 1);
            self.reserve(name, 1, None, Duration::ZERO);
        }
    }

    fn crowd(&mut self, names: u8, stamp: Option<Timestamp>) {
        self.crowds += 1;
        for number in 0..names {
            let mut item = item(0, 1, stamp);
            item.name = format!("crowd-{}-{number}", self.crowds).into();
            let _ = self.memory.reserve(&item, Duration::ZERO).unwrap();
        }
    }

    /// Who cancelled in time did not use his grant.
    fn cancel(&mut self, name: usize, back: u8) {
        if let Some(index) = self.grants[name].len().checked_sub(1 + usize::from(back))
            && self.memory.cancel(&item(name, 1, None), &self.grants[name][index]).unwrap()
        {
            self.grants[name].remove(index);
        }
    }

    fn leak(&self, name: usize, stamp: Option<Timestamp>) {
        let bucket = self.memory.get(&item(name, 1, None)).unwrap().into_owned();
        bucket.leak(stamp).unwrap();
    }

    fn look(&self, name: usize, rates: &Rates) {
        let bucket = self.memory.get(&item(name, 1, None)).unwrap().into_owned();
        assert!(bucket.available().unwrap() <= rates.shortest().limit());
    }
}

/// The most units in any window of `rate`, counted one by one.
fn fullest(grants: &[Grant], rate: Rate) -> u128 {
    let inside = |end: Timestamp| {
        let counts = |it: &&Grant| it.at <= end && end.saturating_since(it.at) < rate.interval();
        grants.iter().filter(counts).map(|it| u128::from(it.weight)).sum()
    };
    grants.iter().map(|it| inside(it.at)).max().unwrap_or(0)
}
