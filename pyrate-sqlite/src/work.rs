//! What a bucket's calls do within a transaction, once for both doors.

use std::sync::Arc;
use std::time::Duration;

use pyrate_core::{Decision, Grant, RateItem, Rates, Timestamp};

use crate::desk::Work;
use crate::key::BucketKey;
use crate::log::Leaked;

/// How many marks one transaction drops: others get their turn in between.
pub(crate) const LEAK_MOST: u64 = 4096;

/// A bucket as a handle sees it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) key: Arc<BucketKey>,
    pub(crate) rates: Rates,
}

impl View {
    pub(crate) fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> impl Work<Decision> {
        let (View { key, rates }, item) = (self.clone(), item.clone().into_owned());
        move |transaction| {
            let now = transaction.now(item.timestamp)?;
            Ok(transaction.log(&key)?.reserve(&rates, &item, now, max_delay)?)
        }
    }

    pub(crate) fn waiting(&self, item: &RateItem<'_>) -> impl Work<Option<Duration>> {
        let (View { key, rates }, weight, stamp) = (self.clone(), item.weight, item.timestamp);
        move |transaction| {
            let now = transaction.now(stamp)?;
            Ok(transaction.log(&key)?.waiting(&rates, weight, now)?)
        }
    }

    pub(crate) fn cancel(&self, grant: Grant) -> impl Work<bool> {
        let key = Arc::clone(&self.key);
        move |transaction| {
            let now = transaction.now(None)?;
            Ok(transaction.log(&key)?.cancel(&grant, now)?)
        }
    }

    /// One step of a leak.
    pub(crate) fn leak(&self, stamp: Option<Timestamp>) -> impl Work<Leaked> {
        let key = Arc::clone(&self.key);
        move |transaction| {
            let now = transaction.now(stamp)?;
            Ok(transaction.log(&key)?.leak(now, LEAK_MOST)?)
        }
    }

    pub(crate) fn flush(&self) -> impl Work<()> {
        let key = Arc::clone(&self.key);
        move |transaction| Ok(transaction.log(&key)?.flush()?)
    }

    pub(crate) fn count(&self) -> impl Work<u64> {
        let View { key, rates } = self.clone();
        move |transaction| {
            let now = transaction.now(None)?;
            Ok(transaction.log(&key)?.count(&rates, now)?)
        }
    }

    pub(crate) fn available(&self) -> impl Work<u64> {
        let View { key, rates } = self.clone();
        move |transaction| {
            let now = transaction.now(None)?;
            Ok(transaction.log(&key)?.available(&rates, now)?)
        }
    }

    pub(crate) fn peek(&self, index: u64) -> impl Work<Option<RateItem<'static>>> {
        let View { key, rates } = self.clone();
        move |transaction| {
            let now = transaction.now(None)?;
            Ok(transaction.log(&key)?.peek(&rates, index, now)?)
        }
    }
}
