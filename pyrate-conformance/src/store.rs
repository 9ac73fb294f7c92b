//! A right store in memory: buckets by key that outlive their handles, and a switch that makes it fail.
//!
//! For tests of what stands above buckets, and as the ground on which the broken stores are built.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyrate_core::{
    AbstractBucket, BucketError, Clock, Decision, Grant, Outcome, RateItem, Rates, Timestamp,
};

use crate::ledger::{Habits, Ledger, Right};

/// A store of buckets in this process's memory. Clones are the same store.
///
/// A bucket is opened by its key as often as one likes, also with other rates: each handle decides by its own ones over
/// all that was granted, for as long as the longest window that any handle had. Buckets outlive their handles.
///
/// `H` is for the [broken](crate::broken) buckets; the store of [`MemoryStore::new`] is right.
///
/// ```
/// use pyrate_conformance::MemoryStore;
/// use pyrate_core::{AbstractBucket, ManualClock, Rate, RateItem};
///
/// let store = MemoryStore::new(ManualClock::new());
/// let (first, second) = (store.bucket("a", Rate::per_second(2)), store.bucket("a", Rate::per_hour(3)));
/// assert!(first.put(&RateItem::new("", 2))?.is_granted());
/// assert_eq!(second.available()?, 1);
/// # Ok::<(), pyrate_core::BucketError>(())
/// ```
pub struct MemoryStore<H = Right> {
    inner: Arc<Inner<H>>,
}

struct Inner<H> {
    clock: Arc<dyn Clock>,
    ledgers: Mutex<HashMap<String, Ledger<H>>>,
    failing: Mutex<Option<Outcome>>,
}

impl MemoryStore {
    /// An empty store on `clock`, which is read under the store's lock.
    #[must_use]
    pub fn new(clock: impl Clock) -> MemoryStore {
        MemoryStore::with_habits(clock)
    }
}

impl<H: Habits> MemoryStore<H> {
    /// An empty store that keeps its lists in the manner of `H`.
    #[must_use]
    pub fn with_habits(clock: impl Clock) -> MemoryStore<H> {
        let (ledgers, failing) = (Mutex::default(), Mutex::default());
        MemoryStore { inner: Arc::new(Inner { clock: Arc::new(clock), ledgers, failing }) }
    }

    /// A handle on the bucket of `key`, new or held elsewhere already, with these rates.
    #[must_use]
    pub fn bucket(&self, key: &str, rates: impl Into<Rates>) -> MemoryBucket<H> {
        let (store, key, rates) = (self.clone(), key.to_owned(), rates.into());
        let bucket = MemoryBucket { store, key, rates };
        bucket.with_ledger(|ledger| ledger.keep_for(&bucket.rates));
        bucket
    }

    /// Makes every call but `now` fail from here on, or work again with `None`. What fails with [`Outcome::Unknown`] is
    /// done, and its answer lost.
    pub fn fail(&self, outcome: Option<Outcome>) {
        *self.inner.failing.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }

    /// How many entries all buckets together store.
    #[must_use]
    pub fn footprint(&self) -> u64 {
        let ledgers = self.inner.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        ledgers.values().map(|ledger| ledger.entries().len() as u64).sum()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.inner.clock)
    }

    fn failing(&self) -> Option<BucketError> {
        let outcome = *self.inner.failing.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.map(|outcome| BucketError::new(outcome, "the store was told to fail"))
    }
}

/// A handle on a bucket of a [`MemoryStore`].
pub struct MemoryBucket<H = Right> {
    store: MemoryStore<H>,
    key: String,
    rates: Rates,
}

impl<H: Habits> MemoryBucket<H> {
    /// The store that it belongs to.
    #[must_use]
    pub fn store(&self) -> &MemoryStore<H> {
        &self.store
    }

    /// Lends the bucket's ledger, locked.
    pub(crate) fn with_ledger<T>(&self, work: impl FnOnce(&mut Ledger<H>) -> T) -> T {
        let mut ledgers = self.store.inner.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        work(ledgers.entry(self.key.clone()).or_default())
    }

    /// One call of the store: fails as the store was told to.
    fn call<T, E: Into<BucketError>>(
        &self,
        stamp: Option<Timestamp>,
        work: impl FnOnce(&mut Ledger<H>, Timestamp) -> Result<T, E>,
    ) -> Result<T, BucketError> {
        let failing = self.store.failing();
        if let Some(error) = &failing
            && error.outcome() == Outcome::NotRecorded
        {
            return Err(error.clone());
        }
        let answer = self.with_ledger(|ledger| {
            let now = stamp.map_or_else(|| self.now(), Ok)?;
            work(ledger, now).map_err(Into::into)
        });
        failing.map_or(answer, Err)
    }
}

impl<H: Habits> AbstractBucket for MemoryBucket<H> {
    fn rates(&self) -> &Rates {
        &self.rates
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.store.inner.clock.now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.call(item.timestamp, |ledger, now| ledger.reserve(&self.rates, item, now, max_delay))
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.call(item.timestamp, |ledger, now| ledger.waiting(&self.rates, item.weight, now))
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        self.call(None, |ledger, now| ledger.cancel(grant, now))
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        self.call(now, |ledger, now| ledger.leak(&self.rates, now))
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.call(None, |ledger, _| {
            ledger.flush();
            Ok::<(), BucketError>(())
        })
    }

    fn count(&self) -> Result<u64, BucketError> {
        self.call(None, |ledger, now| ledger.count(&self.rates, now))
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.call(None, |ledger, now| ledger.peek(&self.rates, index, now))
    }

    fn may_block(&self) -> bool {
        false
    }
}

impl<H> Clone for MemoryStore<H> {
    fn clone(&self) -> MemoryStore<H> {
        MemoryStore { inner: Arc::clone(&self.inner) }
    }
}

impl<H> fmt::Debug for MemoryStore<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl<H> fmt::Debug for MemoryBucket<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBucket").field("key", &self.key).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::histories;
    use crate::histories::Mix;
    use crate::random::for_all;
    use crate::{Subject, Verdict};

    #[test]
    fn whatever_is_called_it_answers_as_the_oracle_does() -> Verdict {
        let subject = Subject::new(|rates, clock| MemoryStore::new(clock).bucket("key", rates));
        for_all(1_000, histories(Mix::ALL, 60), |history| {
            let course = history.play(&subject, &|rig, event| {
                rig.holds(event.agrees(), &event.expected, &event.found)
            });
            course?.audit()
        })
    }
}
