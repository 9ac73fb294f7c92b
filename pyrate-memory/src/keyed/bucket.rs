//! One name among many, seen as a bucket of its own.

use std::sync::Arc;
use std::time::Duration;

use pyrate_core::{AbstractBucket, BucketError, Decision, Grant, RateItem, Rates, Timestamp};
use smol_str::SmolStr;

use super::names::Names;
use super::plan::Plan;
use super::slot::Slot;

/// A view of one name in a `KeyedMemory`. It holds nothing itself, and doesn't keep the name from being forgotten.
pub(super) struct NamedBucket {
    names: Arc<Names>,
    name: SmolStr,
    plan: Arc<Plan>,
}

impl NamedBucket {
    pub(super) fn new(names: Arc<Names>, name: SmolStr, plan: Arc<Plan>) -> NamedBucket {
        NamedBucket { names, name, plan }
    }

    /// `item` under the name of this bucket.
    fn named<'a>(&'a self, item: &RateItem<'_>) -> RateItem<'a> {
        RateItem { timestamp: item.timestamp, ..RateItem::new(self.name.as_str(), item.weight) }
    }
}

impl AbstractBucket for NamedBucket {
    fn rates(&self) -> &Rates {
        &self.plan.rates
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.names.now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.names.reserve(&self.named(item), max_delay)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.names.waiting(&self.named(item))
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        self.names.cancel(&self.name, grant)
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        Ok(self.names.change(&self.name, now, Slot::leak)?.transpose()?.unwrap_or(0))
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.names.change(&self.name, None, |slot, _| slot.flush()).map(drop)
    }

    fn count(&self) -> Result<u64, BucketError> {
        Ok(self.names.look(&self.name, None, Slot::count)?.transpose()?.unwrap_or(0))
    }

    fn available(&self) -> Result<u64, BucketError> {
        if let Some(available) = self.names.look(&self.name, None, Slot::available)? {
            return Ok(available?);
        }
        let has_place = self.waiting(&RateItem::new("", 1))? == Some(Duration::ZERO);
        Ok(if has_place { self.plan.lowest_limit } else { 0 })
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        let unit = self.names.look(&self.name, None, |slot, now| slot.peek(index, now))?;
        Ok(unit.transpose()?.flatten())
    }

    fn may_block(&self) -> bool {
        false
    }
}
