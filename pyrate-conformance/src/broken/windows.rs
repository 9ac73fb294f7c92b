//! Faults about windows and rates: which of them count, and what is forgotten too early or too late.

use std::time::Duration;

use pyrate_core::{AbstractBucket, BucketError, Decision, Rate, RateItem, Rates};

use super::forward::forward;
use crate::ledger::Habits;

/// A unit still counts at exactly its instant plus the interval.
#[derive(Clone, Copy, Debug)]
pub struct ClosedWindow;

impl Habits for ClosedWindow {
    fn window(rate: Rate) -> u64 {
        rate.interval_micros() + 1
    }
}

/// Says that it holds all rates, over a bucket that holds one of them.
#[derive(Clone, Debug)]
pub struct OneRateOnly<B> {
    inner: B,
    rates: Rates,
}

impl<B: AbstractBucket> OneRateOnly<B> {
    /// Holds the first rate, that of the shortest interval.
    pub fn first(rates: Rates, make: &dyn Fn(Rates) -> B) -> OneRateOnly<B> {
        OneRateOnly { inner: make(rates.shortest().into()), rates }
    }

    /// Holds the rate of the longest interval.
    pub fn longest(rates: Rates, make: &dyn Fn(Rates) -> B) -> OneRateOnly<B> {
        OneRateOnly { inner: make(rates.longest().into()), rates }
    }
}

impl<B: AbstractBucket> AbstractBucket for OneRateOnly<B> {
    forward! { now waiting cancel leak flush count available peek may_block }

    fn rates(&self) -> &Rates {
        &self.rates
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.inner.reserve(item, max_delay)
    }
}

/// A bucket for each rate, charged one after the other: those before the one that denies stay charged. Refuses every
/// delay.
#[derive(Clone, Debug)]
pub struct OneByOne<B> {
    /// That of the longest rate.
    inner: B,
    shorter: Vec<B>,
    rates: Rates,
}

impl<B: AbstractBucket> OneByOne<B> {
    /// Makes a bucket for each rate.
    pub fn new(rates: Rates, make: &dyn Fn(Rates) -> B) -> OneByOne<B> {
        let shorter = rates.iter().take(rates.len() - 1);
        let shorter = shorter.map(|rate| make((*rate).into())).collect();
        OneByOne { inner: make(rates.longest().into()), shorter, rates }
    }

    fn buckets(&self) -> impl Iterator<Item = &B> {
        self.shorter.iter().chain([&self.inner])
    }
}

impl<B: AbstractBucket> AbstractBucket for OneByOne<B> {
    forward! { now leak count peek may_block }

    fn rates(&self) -> &Rates {
        &self.rates
    }

    fn reserve(&self, item: &RateItem<'_>, _: Duration) -> Result<Decision, BucketError> {
        for bucket in &self.shorter {
            let decision = bucket.put(item)?;
            if decision.is_denied() {
                return Ok(decision);
            }
        }
        self.inner.put(item)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        let mut longest = Some(Duration::ZERO);
        for bucket in self.buckets() {
            longest = longest.zip(bucket.waiting(item)?).map(|(one, other)| one.max(other));
        }
        Ok(longest)
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.buckets().try_for_each(AbstractBucket::flush)
    }
}

/// A leak removes what has left the shortest window, but not the longest.
#[derive(Clone, Copy, Debug)]
pub struct LeakByShortest;

impl Habits for LeakByShortest {
    fn is_leaked(at: u64, rates: &Rates, _kept: u64, now: u64) -> bool {
        at + rates.shortest().interval_micros() <= now
    }
}

/// A leak removes what leaves the longest window with the next tick.
#[derive(Clone, Copy, Debug)]
pub struct LeakOneTickEarly;

impl Habits for LeakOneTickEarly {
    fn is_leaked(at: u64, _rates: &Rates, kept: u64, now: u64) -> bool {
        at + kept <= now + 1
    }
}

/// Nothing that was ever granted is dropped.
#[derive(Clone, Copy, Debug)]
pub struct NeverShrinks;

impl Habits for NeverShrinks {
    fn is_gone(_at: u64, _rates: &Rates, _kept: u64, _now: u64) -> bool {
        false
    }
}

/// What has left the shortest window is dropped as others arrive.
#[derive(Clone, Copy, Debug)]
pub struct ShrinksByShortest;

impl Habits for ShrinksByShortest {
    fn is_gone(at: u64, rates: &Rates, _kept: u64, now: u64) -> bool {
        at + rates.shortest().interval_micros() <= now
    }
}
