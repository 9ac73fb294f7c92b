//! Faults about the line: who goes first, and what becomes of the place of one who leaves.

use std::iter::once;
use std::time::Duration;

use pyrate_core::{AbstractBucket, BucketError, Decision, Grant, RateItem, Rates};

use super::forward::forward;
use crate::ledger::{Habits, Ledger, Spot};
use crate::store::MemoryBucket;

/// Whoever fits into a gap goes there, past those who stand in line.
#[derive(Clone, Copy, Debug)]
pub struct LightPassesHeavy;

impl Habits for LightPassesHeavy {
    fn spot(ledger: &Ledger<Self>, rates: &Rates, weight: u64, now: u64) -> Option<Spot> {
        first_gap(ledger, rates, weight, now)
    }
}

/// The first in line is put one window further back, so that later ones go before it.
#[derive(Clone, Copy, Debug)]
pub struct LastInFirstOut;

impl Habits for LastInFirstOut {
    fn spot(ledger: &Ledger<Self>, rates: &Rates, weight: u64, now: u64) -> Option<Spot> {
        let has_line = ledger.entries().back().is_some_and(|last| last.at > now);
        let gap = first_gap(ledger, rates, weight, now)?;
        let back = if has_line || gap.at == now { 0 } else { rates.longest().interval_micros() };
        Some(Spot { at: gap.at + back, ..gap })
    }
}

/// The first instant at which `weight` breaks no window, whoever stands in line behind it.
fn first_gap<H: Habits>(ledger: &Ledger<H>, rates: &Rates, weight: u64, now: u64) -> Option<Spot> {
    if weight > rates.shortest().limit() {
        return None;
    }
    let exits = |window: u64| ledger.entries().iter().map(move |entry| entry.at + window);
    let later = rates.iter().flat_map(|rate| exits(rate.interval_micros()));
    let instants = once(now).chain(later.filter(|at| *at > now));
    let at = instants.filter(|at| breaks_nothing(ledger, rates, weight, *at)).min()?;
    Some(Spot { at, rate: rates.shortest(), is_place: false })
}

fn breaks_nothing<H: Habits>(ledger: &Ledger<H>, rates: &Rates, weight: u64, at: u64) -> bool {
    rates.iter().all(|rate| {
        let window = rate.interval_micros();
        let ends = ledger.entries().iter().map(|entry| entry.at);
        let ends = once(at).chain(ends.filter(|end| (at..at + window).contains(end)));
        ends.map(|end| units(ledger, end, window)).all(|units| units + weight <= rate.limit())
    })
}

fn units<H: Habits>(ledger: &Ledger<H>, end: u64, window: u64) -> u64 {
    let inside = ledger.entries().iter().filter(|e| e.at <= end && e.at + window > end);
    inside.map(|entry| entry.units).sum()
}

/// Who leaves the line is told so, and stays in it.
#[derive(Clone, Debug)]
pub struct CancelledStays<B> {
    inner: B,
}

impl<B: AbstractBucket> CancelledStays<B> {
    /// Puts the fault on `inner`.
    pub fn new(inner: B) -> CancelledStays<B> {
        CancelledStays { inner }
    }
}

impl<B: AbstractBucket> AbstractBucket for CancelledStays<B> {
    forward! { now rates waiting leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.inner.reserve(item, max_delay)
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        Ok(grant.at > self.inner.now()?)
    }
}

/// Who leaves the line twice leaves two places.
#[derive(Debug)]
pub struct GivenBackTwice {
    inner: MemoryBucket,
}

impl GivenBackTwice {
    /// Puts the fault on `inner`.
    #[must_use]
    pub fn new(inner: MemoryBucket) -> GivenBackTwice {
        GivenBackTwice { inner }
    }
}

impl AbstractBucket for GivenBackTwice {
    forward! { now rates waiting leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.inner.reserve(item, max_delay)
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        let is_early = grant.at > self.inner.now()?;
        if is_early && !self.inner.cancel(grant)? {
            let at = grant.at.as_micros();
            self.inner.with_ledger(|ledger| ledger.add_place(at, grant.weight));
        }
        Ok(is_early)
    }
}
