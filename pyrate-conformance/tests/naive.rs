//! A bucket from scratch proves itself: a plain list of units, searched again for each answer, with reservations and cancels.

use std::iter::once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyrate_core::{
    AbstractBucket, BucketError, Clock, Decision, Denial, Grant, ManualClock, Rate, RateItem,
    Rates, Timestamp, TimestampError,
};

pyrate_conformance::conformance! {
    name: naive,
    sync: |rates, clock| NaiveBucket::new(rates, clock),
    capabilities: [reservations, names],
}

struct NaiveBucket {
    rates: Rates,
    clock: ManualClock,
    list: Mutex<List>,
}

/// Grants of the longest window and later ones, by instant, then by arrival.
#[derive(Default)]
struct List {
    units: Vec<Units>,
    seen: u64,
}

struct Units {
    at: u64,
    weight: u64,
    /// `None`: whoever reserved it is gone.
    name: Option<String>,
    id: u64,
}

/// No two lists give out the same number.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl NaiveBucket {
    fn new(rates: Rates, clock: ManualClock) -> NaiveBucket {
        NaiveBucket { rates, clock, list: Mutex::default() }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn present(&self, list: &List, stamp: Option<Timestamp>) -> Result<u64, BucketError> {
        let reading = stamp.map_or_else(|| self.clock.now(), Ok)?;
        if reading > Timestamp::MAX {
            return Err(TimestampError(reading).into());
        }
        Ok(reading.as_micros().max(list.seen))
    }

    /// A free place, else the first instant behind all others; with the rate that sets it.
    fn spot(&self, list: &List, weight: u64, now: u64) -> Option<(u64, Rate, bool)> {
        let shortest = self.rates.shortest();
        if weight > shortest.limit() {
            return None;
        }
        if let Some(at) = list.place(weight, now) {
            return Some((at, shortest, true));
        }
        let terms = self.rates.iter().map(|rate| (list.term(*rate, weight), *rate));
        let start = list.units.last().map_or(now, |last| last.at.max(now));
        let at = terms.clone().map(|(term, _)| term).chain(once(start)).max()?;
        let setting = terms.into_iter().find(|(term, _)| *term == at);
        Some((at, setting.map_or(shortest, |(_, rate)| rate), false))
    }

    fn longest(&self) -> u64 {
        self.rates.longest().interval_micros()
    }

    fn can_hold(&self, list: &List, weight: u64, at: u64, now: u64) -> bool {
        let live = list.units.iter().filter(|units| units.at + self.longest() > now);
        let live: u64 = live.map(|units| units.weight).sum();
        at <= Timestamp::MAX.as_micros() && live + weight <= Timestamp::MAX.as_micros()
    }
}

impl List {
    /// The first instant from `now` on at which those who left leave enough.
    fn place(&self, weight: u64, now: u64) -> Option<u64> {
        let is_free = |units: &&Units| units.name.is_none() && units.at >= now;
        let free_at = |at: u64| {
            let free = self.units.iter().filter(is_free).filter(|units| units.at == at);
            free.map(|units| units.weight).sum::<u64>()
        };
        let instants = self.units.iter().filter(is_free).map(|units| units.at);
        instants.into_iter().find(|at| free_at(*at) >= weight)
    }

    /// When few enough of the units are left in the window for `weight` more.
    fn term(&self, rate: Rate, weight: u64) -> u64 {
        let mut newer = 0;
        for units in self.units.iter().rev() {
            newer += units.weight;
            if newer > rate.limit() - weight {
                return units.at + rate.interval_micros();
            }
        }
        0
    }

    fn take_place(&mut self, at: u64, mut weight: u64) {
        for units in self.units.iter_mut().filter(|units| units.name.is_none() && units.at == at) {
            let taken = weight.min(units.weight);
            units.weight -= taken;
            weight -= taken;
        }
        self.units.retain(|units| units.weight > 0);
    }

    fn add(&mut self, units: Units) {
        let index = self.units.partition_point(|earlier| earlier.at <= units.at);
        self.units.insert(index, units);
    }

    /// Nobody stands behind the last ones: what is free there needn't be kept.
    fn trim_tail(&mut self) {
        let mut last = None;
        while let Some(at) = self.units.last().map(|units| units.at).filter(|at| last != Some(*at))
        {
            self.units.retain(|units| units.at != at || units.name.is_some());
            last = Some(at);
        }
    }
}

impl AbstractBucket for NaiveBucket {
    fn rates(&self) -> &Rates {
        &self.rates
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.clock.now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let mut list = self.list();
        let now = self.present(&list, item.timestamp)?;
        let grant = |at: u64| {
            let delay = Duration::from_micros(at - now);
            Grant::new(Timestamp::from_micros(at), delay, item.weight)
        };
        if item.weight == 0 {
            return Ok(Decision::Granted(grant(now)));
        }
        let Some((at, rate, is_place)) = self.spot(&list, item.weight, now) else {
            let rate = self.rates.shortest();
            return Ok(Decision::Denied(Denial { rate, retry_after: None }));
        };
        let delay = Duration::from_micros(at - now);
        if delay > max_delay || !(is_place || self.can_hold(&list, item.weight, at, now)) {
            return Ok(Decision::Denied(Denial { rate, retry_after: Some(delay) }));
        }
        list.seen = now;
        list.units.retain(|units| units.at + self.longest() > now);
        if is_place {
            list.take_place(at, item.weight);
        }
        let id = if at > now { NEXT_ID.fetch_add(1, Ordering::Relaxed) } else { 0 };
        list.add(Units { at, weight: item.weight, name: Some(item.name.to_string()), id });
        Ok(Decision::Granted(grant(at).with_id(id)))
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        let list = self.list();
        let now = self.present(&list, item.timestamp)?;
        match item.weight {
            0 => Ok(Some(Duration::ZERO)),
            weight => {
                let spot = self.spot(&list, weight, now);
                Ok(spot.map(|(at, ..)| Duration::from_micros(at - now)))
            }
        }
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        let mut list = self.list();
        let (now, at) = (self.present(&list, None)?, grant.at.as_micros());
        let is_it = |units: &&mut Units| (units.at, units.id) == (at, grant.id());
        let held = list.units.iter_mut().find(is_it).filter(|_| at > now);
        if held.and_then(|units| units.name.take()).is_none() {
            return Ok(false);
        }
        list.seen = now;
        list.trim_tail();
        Ok(true)
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.list().units.clear();
        Ok(())
    }

    fn count(&self) -> Result<u64, BucketError> {
        let list = self.list();
        let now = self.present(&list, None)?;
        let held = list.units.iter().filter(|units| units.name.is_some());
        Ok(held.filter(|units| units.at + self.longest() > now).map(|units| units.weight).sum())
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        let list = self.list();
        let (now, mut newer) = (self.present(&list, None)?, index);
        for units in list.units.iter().rev().filter(|units| units.at + self.longest() > now) {
            let Some(name) = &units.name else { continue };
            let Some(rest) = newer.checked_sub(units.weight) else {
                let timestamp = Some(Timestamp::from_micros(units.at));
                return Ok(Some(RateItem { timestamp, ..RateItem::new(name.clone(), 1) }));
            };
            newer = rest;
        }
        Ok(None)
    }

    fn may_block(&self) -> bool {
        false
    }
}
