//! Faults about stores: locks, handles, keys and failures.

use std::thread;
use std::time::Duration;

use pyrate_core::{AbstractBucket, BucketError, Decision, Denial, Grant, RateItem, Rates};

use super::forward::forward;
use crate::ledger::Spot;
use crate::store::{MemoryBucket, MemoryStore};

/// Looks under the lock and writes under the lock, but lets go of it in between.
#[derive(Debug)]
pub struct LockReleased {
    inner: MemoryBucket,
}

impl LockReleased {
    /// Puts the fault on `inner`.
    #[must_use]
    pub fn new(inner: MemoryBucket) -> LockReleased {
        LockReleased { inner }
    }
}

impl AbstractBucket for LockReleased {
    forward! { now rates waiting cancel leak flush count peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let reading = item.timestamp.map_or_else(|| self.inner.now(), Ok)?;
        let found = self.inner.with_ledger(|ledger| {
            let now = ledger.present(reading)?;
            Ok::<_, BucketError>((now, ledger.decide(self.rates(), item.weight, now, max_delay)))
        });
        match found? {
            (now, Ok(spot)) if item.weight > 0 => {
                thread::yield_now();
                let record =
                    |spot| self.inner.with_ledger(|l| l.record(self.rates(), item, spot, now));
                Ok(Decision::Granted(record(spot)))
            }
            _ => self.inner.reserve(item, max_delay),
        }
    }
}

/// Decides by what was in the store when the handle was opened, and by what went through the handle since. Refuses every
/// delay.
#[derive(Debug)]
pub struct CachedByHandle {
    /// Alone in a store of its own.
    inner: MemoryBucket,
    shared: MemoryBucket,
}

impl CachedByHandle {
    /// A handle that reads the store now.
    #[must_use]
    pub fn new(shared: MemoryBucket) -> CachedByHandle {
        let store = MemoryStore::new(shared.store().clock());
        let inner = store.bucket("", shared.rates().clone());
        let opened = shared.with_ledger(|ledger| ledger.clone());
        inner.with_ledger(|ledger| *ledger = opened);
        CachedByHandle { inner, shared }
    }
}

impl AbstractBucket for CachedByHandle {
    forward! { now rates waiting leak count peek may_block }

    fn reserve(&self, item: &RateItem<'_>, _: Duration) -> Result<Decision, BucketError> {
        let decision = self.inner.put(item)?;
        if let Decision::Granted(grant) = decision
            && grant.weight > 0
        {
            let (at, rate) = (grant.at.as_micros(), self.rates().shortest());
            let spot = Spot { at, rate, is_place: false };
            self.shared.with_ledger(|ledger| ledger.record(self.rates(), item, spot, at));
        }
        Ok(decision)
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.inner.flush().and_then(|()| self.shared.flush())
    }
}

/// A store that ends a key where its own separators stand.
#[derive(Clone, Debug)]
pub struct CutKeys {
    store: MemoryStore,
}

impl CutKeys {
    /// The same store as `store`, but for its keys.
    #[must_use]
    pub fn new(store: &MemoryStore) -> CutKeys {
        CutKeys { store: store.clone() }
    }

    /// The bucket of what is left of `key`.
    #[must_use]
    pub fn bucket(&self, key: &str, rates: impl Into<Rates>) -> MemoryBucket {
        let (cut, _) = key.split_once([':', '\0']).unwrap_or((key, ""));
        self.store.bucket(cut, rates)
    }
}

/// Writes key and name into one text, and takes for the key what stands before the first colon.
#[derive(Debug)]
pub struct SplicedNames {
    inner: MemoryBucket,
    key: String,
}

impl SplicedNames {
    /// Puts the fault on `inner`, the bucket of `key`.
    #[must_use]
    pub fn new(inner: MemoryBucket, key: &str) -> SplicedNames {
        SplicedNames { inner, key: key.to_owned() }
    }
}

impl AbstractBucket for SplicedNames {
    forward! { now rates waiting cancel leak flush count peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let text = format!("{}:{}", self.key, item.name);
        let (key, name) = text.split_once(':').unwrap_or((&text, ""));
        let item = RateItem { timestamp: item.timestamp, ..RateItem::new(name, item.weight) };
        self.inner.store().bucket(key, self.rates().clone()).reserve(&item, max_delay)
    }
}

/// Who can't reach the store may go.
#[derive(Clone, Debug)]
pub struct ErrorGranted<B> {
    inner: B,
}

impl<B: AbstractBucket> ErrorGranted<B> {
    /// Puts the fault on `inner`.
    pub fn new(inner: B) -> ErrorGranted<B> {
        ErrorGranted { inner }
    }
}

impl<B: AbstractBucket> AbstractBucket for ErrorGranted<B> {
    forward! { now rates waiting cancel leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let now = self.inner.now()?;
        let free = Decision::Granted(Grant::new(now, Duration::ZERO, item.weight));
        Ok(self.inner.reserve(item, max_delay).unwrap_or(free))
    }
}

/// Who can't reach the store may not go.
#[derive(Clone, Debug)]
pub struct ErrorDenied<B> {
    inner: B,
}

impl<B: AbstractBucket> ErrorDenied<B> {
    /// Puts the fault on `inner`.
    pub fn new(inner: B) -> ErrorDenied<B> {
        ErrorDenied { inner }
    }
}

impl<B: AbstractBucket> AbstractBucket for ErrorDenied<B> {
    forward! { now rates waiting cancel leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let rate = self.rates().shortest();
        let denied = Decision::Denied(Denial { rate, retry_after: Some(rate.interval()) });
        Ok(self.inner.reserve(item, max_delay).unwrap_or(denied))
    }
}
