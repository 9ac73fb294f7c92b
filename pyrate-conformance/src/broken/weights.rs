//! Faults about weights, and about what a denial leaves.

use std::time::Duration;

use pyrate_core::{AbstractBucket, BucketError, Decision, Denial, RateItem};

use super::forward::forward;
use crate::ledger::{Habits, Spot};
use crate::store::MemoryBucket;

/// Whatever the weight, one unit is charged.
#[derive(Clone, Debug)]
pub struct ChargedAsOne<B> {
    inner: B,
}

impl<B: AbstractBucket> ChargedAsOne<B> {
    /// Puts the fault on `inner`.
    pub fn new(inner: B) -> ChargedAsOne<B> {
        ChargedAsOne { inner }
    }
}

impl<B: AbstractBucket> AbstractBucket for ChargedAsOne<B> {
    forward! { now rates waiting cancel leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let never_fits = self.inner.waiting(item)?.is_none();
        let charged = if never_fits { item.weight } else { item.weight.min(1) };
        let decision = self.inner.reserve(&with_weight(item, charged), max_delay)?;
        Ok(of_weight(decision, item.weight))
    }
}

/// What doesn't fit as a whole is granted in part.
#[derive(Clone, Debug)]
pub struct PartOfWeight<B> {
    inner: B,
}

impl<B: AbstractBucket> PartOfWeight<B> {
    /// Puts the fault on `inner`.
    pub fn new(inner: B) -> PartOfWeight<B> {
        PartOfWeight { inner }
    }
}

impl<B: AbstractBucket> AbstractBucket for PartOfWeight<B> {
    forward! { now rates waiting cancel leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let decision = self.inner.reserve(item, max_delay)?;
        let part = self.inner.available()?.min(item.weight);
        if decision.is_granted() || part == 0 {
            return Ok(decision);
        }
        self.inner.put(&with_weight(item, part))
    }
}

/// Asks `count < L` where it should ask `count + w <= L`.
#[derive(Clone, Copy, Debug)]
pub struct CountBelowLimit;

impl Habits for CountBelowLimit {
    fn room(limit: u64, weight: u64) -> Option<u64> {
        limit.checked_sub(weight).map(|_| limit - 1)
    }
}

/// A weight above the limit is granted to who comes to an empty bucket, lest it starve.
#[derive(Clone, Debug)]
pub struct HeavyWhenEmpty<B> {
    inner: B,
}

impl<B: AbstractBucket> HeavyWhenEmpty<B> {
    /// Puts the fault on `inner`.
    pub fn new(inner: B) -> HeavyWhenEmpty<B> {
        HeavyWhenEmpty { inner }
    }
}

impl<B: AbstractBucket> AbstractBucket for HeavyWhenEmpty<B> {
    forward! { now rates waiting cancel leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let decision = self.inner.reserve(item, max_delay)?;
        if decision.is_granted() || self.inner.count()? > 0 {
            return Ok(decision);
        }
        let all = with_weight(item, self.inner.available()?);
        Ok(of_weight(self.inner.put(&all)?, item.weight))
    }
}

/// A weight above the limit is told to come again, and again.
#[derive(Clone, Debug)]
pub struct HeavyWaitsForEver<B> {
    inner: B,
}

impl<B: AbstractBucket> HeavyWaitsForEver<B> {
    /// Puts the fault on `inner`.
    pub fn new(inner: B) -> HeavyWaitsForEver<B> {
        HeavyWaitsForEver { inner }
    }
}

impl<B: AbstractBucket> AbstractBucket for HeavyWaitsForEver<B> {
    forward! { now rates cancel leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        Ok(match self.inner.reserve(item, max_delay)? {
            Decision::Denied(Denial { rate, retry_after: None }) => {
                Decision::Denied(Denial { rate, retry_after: Some(rate.interval()) })
            }
            other => other,
        })
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        let for_ever = self.inner.rates().longest().interval();
        Ok(self.inner.waiting(item)?.or(Some(for_ever)))
    }
}

/// Weights pass through a `u32`.
#[derive(Clone, Debug)]
pub struct NarrowWeight<B> {
    inner: B,
}

impl<B: AbstractBucket> NarrowWeight<B> {
    /// Puts the fault on `inner`.
    pub fn new(inner: B) -> NarrowWeight<B> {
        NarrowWeight { inner }
    }
}

impl<B: AbstractBucket> AbstractBucket for NarrowWeight<B> {
    forward! { now rates waiting cancel leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let narrow = with_weight(item, item.weight & u64::from(u32::MAX));
        Ok(of_weight(self.inner.reserve(&narrow, max_delay)?, item.weight))
    }
}

/// Weights pass through an `i64`: above its greatest they are below zero, and fit.
#[derive(Clone, Copy, Debug)]
pub struct SignedWeight;

impl Habits for SignedWeight {
    fn room(limit: u64, weight: u64) -> Option<u64> {
        limit.cast_signed().checked_sub(weight.cast_signed())?.try_into().ok()
    }
}

/// The limit less the weight wraps around: what is above the limit has all the room there is.
#[derive(Clone, Copy, Debug)]
pub struct WrappingWeight;

impl Habits for WrappingWeight {
    fn room(limit: u64, weight: u64) -> Option<u64> {
        Some(limit.wrapping_sub(weight))
    }
}

/// What is denied counts all the same.
#[derive(Debug)]
pub struct DenialsRecorded {
    inner: MemoryBucket,
}

impl DenialsRecorded {
    /// Puts the fault on `inner`.
    #[must_use]
    pub fn new(inner: MemoryBucket) -> DenialsRecorded {
        DenialsRecorded { inner }
    }
}

impl AbstractBucket for DenialsRecorded {
    forward! { now rates waiting cancel leak flush count peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let decision = self.inner.reserve(item, max_delay)?;
        let reading = item.timestamp.map_or_else(|| self.inner.now(), Ok)?;
        if let Decision::Denied(Denial { rate, retry_after: Some(_) }) = decision {
            self.inner.with_ledger(|ledger| {
                let at = ledger.present(reading)?;
                ledger.record(self.rates(), item, Spot { at, rate, is_place: false }, at);
                Ok::<(), BucketError>(())
            })?;
        }
        Ok(decision)
    }
}

fn with_weight<'a>(item: &'a RateItem<'_>, weight: u64) -> RateItem<'a> {
    RateItem { timestamp: item.timestamp, ..RateItem::new(&*item.name, weight) }
}

/// The same decision, as if it were about `weight`.
fn of_weight(decision: Decision, weight: u64) -> Decision {
    match decision {
        Decision::Granted(mut grant) => {
            grant.weight = weight;
            Decision::Granted(grant)
        }
        denied @ Decision::Denied(_) => denied,
    }
}
