//! A bucket for each name, in one store.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pyrate_core::{
    AbstractBucket, AnyBucket, AsyncBucket, BucketError, BucketFactory, Decision, Grant, RateItem,
    Rates,
};

use crate::bucket::SqliteBucket;
use crate::desk::{Effect, Work};
use crate::key::Keys;
use crate::store::SqliteStore;
use crate::sweep::{self, Pace, Step, Stretch};

/// Limits each name by itself: a bucket a name, whose key is the name, made when it is first used.
///
/// Every bucket of the store's table counts as one of its names: [`flush`](BucketFactory::flush) and the leaker's sweeps go
/// over all of them. Give it a [table](crate::SqliteStoreBuilder::table) of its own where other buckets shall be left alone.
///
/// Names vanish from the file by themselves, once all they were granted has left the longest window of their handles: a
/// limiter's background leaker looks for them each time twice the longest interval of these rates has passed, or a second
/// if that is longer.
///
/// ```
/// use pyrate_sqlite::{Limiter, Rate, SqliteStore};
///
/// let store = SqliteStore::open(":memory:")?;
/// let limiter = Limiter::with_factory(store.keyed(Rate::per_minute(1)));
/// limiter.try_acquire("user-7")?;
/// limiter.try_acquire("user-8")?;
/// assert!(limiter.try_acquire("user-7").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct KeyedSqlite {
    store: SqliteStore,
    rates: Rates,
    /// When to sweep next; `None` where nothing was asked for since this was made, or since a sweep left no name.
    next_sweep: Mutex<Option<Instant>>,
}

impl KeyedSqlite {
    pub(crate) fn new(store: SqliteStore, rates: Rates) -> KeyedSqlite {
        KeyedSqlite { store, rates, next_sweep: Mutex::default() }
    }

    fn bucket(&self, name: &str) -> SqliteBucket {
        self.store.bucket(name, self.rates.clone())
    }

    /// Notes that there may be something to sweep.
    fn note(&self) {
        self.next_sweep().get_or_insert_with(|| self.due_from_now());
    }

    fn due_from_now(&self) -> Instant {
        let (now, interval) = (Instant::now(), self.rates.longest().interval().saturating_mul(2));
        // What no clock can reach is looked at now and then.
        now.checked_add(interval.max(SHORTEST)).unwrap_or(now + UNREACHABLE)
    }

    fn next_sweep(&self) -> MutexGuard<'_, Option<Instant>> {
        self.next_sweep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes step after step over all names, and adds up what they came to.
    fn walk<W: Work<Step>>(
        &self,
        effect: Effect,
        step: fn(Arc<Keys>, Stretch) -> W,
    ) -> Result<Walked, BucketError> {
        let mut walked = Walked::default();
        loop {
            let step = step(Arc::clone(self.store.keys()), walked.next.clone());
            if walked.is_over(self.store.desk().call(effect, step))? {
                return Ok(walked);
            }
        }
    }

    async fn walk_async<W: Work<Step>>(
        &self,
        step: fn(Arc<Keys>, Stretch) -> W,
    ) -> Result<Walked, BucketError> {
        let mut walked = Walked::default();
        loop {
            let step = step(Arc::clone(self.store.keys()), walked.next.clone());
            if walked.is_over(self.store.desk().change_async(step).await)? {
                return Ok(walked);
            }
        }
    }
}

/// When to sweep again where the intervals are shorter, or longer than a clock reaches.
const SHORTEST: Duration = Duration::from_secs(1);
const UNREACHABLE: Duration = Duration::from_hours(24 * 30);

/// What a walk over all names has come to so far.
#[derive(Default)]
struct Walked {
    next: Stretch,
    units: u64,
    kept: u64,
    keys: Vec<String>,
    /// What was said of the first bucket that can't be visited.
    failure: Option<BucketError>,
}

impl Walked {
    /// Adds what a step came to; answers whether it was the last one.
    ///
    /// A damaged bucket keeps no other from being visited: from there they are visited one by one, and it is passed.
    fn is_over(&mut self, step: Result<Step, BucketError>) -> Result<bool, BucketError> {
        match (step, self.next.pace) {
            (Ok(step), _) => return Ok(self.add(step)),
            (Err(error), pace) if error.is_retryable() || pace == Pace::Past => return Err(error),
            (Err(_), Pace::Many) => self.next.pace = Pace::One,
            (Err(error), _) => {
                self.next.pace = Pace::Past;
                self.failure.get_or_insert(error);
            }
        }
        Ok(false)
    }

    fn add(&mut self, step: Step) -> bool {
        if self.next.pace == Pace::Past {
            self.next.pace = Pace::Many;
        }
        self.next.after = step.last;
        self.units = self.units.saturating_add(step.units);
        self.kept += step.kept;
        self.keys.extend(step.keys);
        step.is_last
    }

    /// The units of all steps, where every bucket could be visited.
    fn ended(self) -> Result<u64, BucketError> {
        self.failure.map_or(Ok(self.units), Err)
    }
}

#[async_trait]
impl BucketFactory for KeyedSqlite {
    fn get(&self, item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError> {
        self.note();
        Ok(Cow::Owned(self.bucket(&item.name).into()))
    }

    /// All names that are stored, whoever used them. None where the store fails.
    fn buckets(&self) -> Vec<AnyBucket> {
        let names = self.walk(Effect::Look, sweep::list).unwrap_or_default().keys;
        names.into_iter().map(|name| self.bucket(&name).into()).collect()
    }

    /// Whether there was such a name. `false` also where the store fails: then it may still be there.
    fn dispose(&self, name: &str) -> bool {
        let dispose = sweep::dispose(self.store.keys(), name);
        self.store.desk().call(Effect::Change, dispose).unwrap_or(false)
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.note();
        self.bucket(&item.name).reserve(item, max_delay)
    }

    fn cancel(&self, item: &RateItem<'_>, grant: &Grant) -> Result<bool, BucketError> {
        self.bucket(&item.name).cancel(grant)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.bucket(&item.name).waiting(item)
    }

    fn leak(&self) -> Result<u64, BucketError> {
        self.walk(Effect::Change, sweep::sweep)?.ended()
    }

    fn next_leak(&self) -> Option<Duration> {
        self.next_sweep().map(|due| due.saturating_duration_since(Instant::now()))
    }

    fn leak_due(&self) {
        // Taken out first: what is granted while it sweeps notes itself anew.
        if self.next_sweep().take_if(|due| *due <= Instant::now()).is_some() {
            let swept = self.walk(Effect::Change, sweep::sweep);
            if swept.is_ok_and(|swept| swept.kept == 0 && swept.failure.is_none()) {
                return;
            }
            self.note();
        }
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.walk(Effect::Change, sweep::flush)?.ended().map(drop)
    }

    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        self.note();
        self.bucket(&item.name).reserve_async(item, max_delay).await
    }

    async fn cancel_async(&self, item: &RateItem<'_>, grant: &Grant) -> Result<bool, BucketError> {
        self.bucket(&item.name).cancel_async(grant).await
    }

    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.bucket(&item.name).waiting_async(item).await
    }

    async fn leak_async(&self) -> Result<u64, BucketError> {
        self.walk_async(sweep::sweep).await?.ended()
    }

    async fn flush_async(&self) -> Result<(), BucketError> {
        self.walk_async(sweep::flush).await?.ended().map(drop)
    }
}

impl fmt::Debug for KeyedSqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedSqlite")
            .field("rates", &self.rates.to_string())
            .finish_non_exhaustive()
    }
}
