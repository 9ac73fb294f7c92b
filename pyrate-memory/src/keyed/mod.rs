//! A limit for each name, for a million names: one exact log each, packed in a few words.

mod bucket;
mod builder;
mod expiry;
mod names;
mod packed;
mod plan;
mod shard;
mod slot;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pyrate_core::{AnyBucket, BucketError, BucketFactory, Decision, Grant, RateItem, Rates};
use smol_str::SmolStr;

pub use builder::KeyedMemoryBuilder;

use bucket::NamedBucket;
use names::Names;
use plan::Plan;

/// Limits each name by itself, exactly and at any number of rates, in this process's memory.
///
/// A name of up to 23 bytes takes less than 200, itself included, as long as it holds up to four grants and nobody
/// waits; it takes none once all it was granted has left its longest window: names then vanish by themselves. A limiter's
/// background leaker sees to that, at most a quarter of a window late, or a second; where none runs, names that have
/// expired make room before more memory is taken.
///
/// Names are spread over 64 locks. A call that doesn't wait takes one of them, and allocates nothing for a name that repeats.
///
/// Any number of names is held unless [`max_names`](KeyedMemoryBuilder::max_names) sets a cap.
///
/// ```
/// use pyrate_memory::{KeyedMemory, Limiter, Rate};
///
/// let limiter = Limiter::with_factory(KeyedMemory::new(Rate::per_minute(1)));
/// limiter.try_acquire("user-7")?;
/// limiter.try_acquire("user-8")?;
/// assert!(limiter.try_acquire("user-7").is_err());
/// # Ok::<(), pyrate_memory::AcquireError>(())
/// ```
pub struct KeyedMemory {
    names: Arc<Names>,
}

impl KeyedMemory {
    /// The same rates for every name, on the process's [`MonotonicClock`](crate::MonotonicClock).
    #[must_use]
    pub fn new(rates: impl Into<Rates>) -> KeyedMemory {
        KeyedMemory::builder(rates).build()
    }

    /// Asks `rates` for the rates of each name that isn't held. They stay with the name until it vanishes.
    ///
    /// ```
    /// use pyrate_memory::{KeyedMemory, Limiter, Rate, Rates};
    ///
    /// let (paying, others) = (Rates::from(Rate::per_minute(100)), Rates::from(Rate::per_minute(1)));
    /// let memory = KeyedMemory::with_rates(move |name| {
    ///     // A clone shares the list; a list made anew for each name would take memory for each.
    ///     if name.starts_with("paying-") { paying.clone() } else { others.clone() }
    /// });
    /// let limiter = Limiter::with_factory(memory);
    /// limiter.try_acquire(("paying-1", 100))?;
    /// limiter.try_acquire("user-7")?;
    /// assert!(limiter.try_acquire("user-7").is_err());
    /// # Ok::<(), pyrate_memory::AcquireError>(())
    /// ```
    #[must_use]
    pub fn with_rates(rates: impl Fn(&str) -> Rates + Send + Sync + 'static) -> KeyedMemory {
        KeyedMemory::builder_with_rates(rates).build()
    }

    /// The same rates for every name, with settings.
    pub fn builder(rates: impl Into<Rates>) -> KeyedMemoryBuilder {
        KeyedMemoryBuilder::all(rates.into())
    }

    /// Rates for each name, with settings.
    pub fn builder_with_rates(
        rates: impl Fn(&str) -> Rates + Send + Sync + 'static,
    ) -> KeyedMemoryBuilder {
        KeyedMemoryBuilder::each(Box::new(rates))
    }

    /// How many names are held at the moment.
    #[must_use]
    pub fn names(&self) -> usize {
        self.names.held()
    }

    fn bucket(&self, name: SmolStr, plan: Arc<Plan>) -> AnyBucket {
        NamedBucket::new(Arc::clone(&self.names), name, plan).into()
    }
}

#[async_trait]
impl BucketFactory for KeyedMemory {
    /// A view of the name: it holds nothing itself, and doesn't keep the name from vanishing.
    fn get(&self, item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError> {
        Ok(Cow::Owned(self.bucket(SmolStr::new(&item.name), self.names.plan(&item.name))))
    }

    fn buckets(&self) -> Vec<AnyBucket> {
        self.names.list().into_iter().map(|(name, plan)| self.bucket(name, plan)).collect()
    }

    fn dispose(&self, name: &str) -> bool {
        self.names.forget(name)
    }

    #[inline]
    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.names.reserve(item, max_delay)
    }

    fn cancel(&self, item: &RateItem<'_>, grant: &Grant) -> Result<bool, BucketError> {
        self.names.cancel(&item.name, grant)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.names.waiting(item)
    }

    fn leak(&self) -> Result<u64, BucketError> {
        self.names.leak()
    }

    fn next_leak(&self) -> Option<Duration> {
        let now = self.names.now();
        // Without a clock nothing can be forgotten; it may come back.
        now.map_or(Some(Duration::from_secs(1)), |now| self.names.next_sweep(now))
    }

    fn leak_due(&self) {
        let _ = self.names.sweep_due();
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.names.flush();
        Ok(())
    }

    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        self.reserve(item, max_delay)
    }

    async fn cancel_async(&self, item: &RateItem<'_>, grant: &Grant) -> Result<bool, BucketError> {
        self.cancel(item, grant)
    }

    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.waiting(item)
    }

    async fn leak_async(&self) -> Result<u64, BucketError> {
        self.leak()
    }

    async fn flush_async(&self) -> Result<(), BucketError> {
        self.flush()
    }
}

impl fmt::Debug for KeyedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedMemory").field("names", &self.names()).finish_non_exhaustive()
    }
}
