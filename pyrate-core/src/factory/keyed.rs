//! A bucket for each name, made when the name is first used.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{BucketFactory, leak_all, leak_all_async};
use crate::bucket::AnyBucket;
use crate::error::BucketError;
use crate::pure::RateItem;

/// Gives each name a bucket of its own, made by a closure when the name is first used.
///
/// A name never has two buckets at once: they are made and dropped under the map's lock. [`leak`](BucketFactory::leak)
/// drops the buckets that are empty and that nobody holds: keep the factory in an
/// `Arc` to call it. Buckets with async methods only stay until they are disposed. A failure to make a bucket goes to the caller; the next one
/// tries again.
///
/// ```
/// use pyrate_core::{AnyBucket, BucketError, KeyedFactory, Limiter};
///
/// fn limiter_of(make: impl Fn(&str) -> Result<AnyBucket, BucketError> + Send + Sync + 'static) -> Limiter {
///     Limiter::with_factory(KeyedFactory::new(make))
/// }
/// ```
pub struct KeyedFactory {
    make: Box<Make>,
    buckets: Mutex<HashMap<Box<str>, AnyBucket>>,
}

type Make = dyn Fn(&str) -> Result<AnyBucket, BucketError> + Send + Sync;

impl KeyedFactory {
    /// A factory that calls `make` with each name that has no bucket yet.
    ///
    /// `make` runs under the factory's lock: it must not use the factory.
    pub fn new(
        make: impl Fn(&str) -> Result<AnyBucket, BucketError> + Send + Sync + 'static,
    ) -> KeyedFactory {
        KeyedFactory { make: Box::new(make), buckets: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, AnyBucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the buckets that hold nothing and that nobody holds.
    fn sweep(&self) {
        // Under the lock no clone can be made, so a bucket held by the map alone stays so until it is dropped.
        self.lock().retain(|_, bucket| !bucket.is_unshared() || bucket.count().ok() != Some(0));
    }
}

#[async_trait]
impl BucketFactory for KeyedFactory {
    fn get(&self, item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError> {
        let mut buckets = self.lock();
        if let Some(bucket) = buckets.get(&*item.name) {
            return Ok(Cow::Owned(bucket.clone()));
        }
        let bucket = (self.make)(&item.name)?;
        buckets.insert(item.name.as_ref().into(), bucket.clone());
        Ok(Cow::Owned(bucket))
    }

    fn buckets(&self) -> Vec<AnyBucket> {
        self.lock().values().cloned().collect()
    }

    fn dispose(&self, name: &str) -> bool {
        self.lock().remove(name).is_some()
    }

    fn leak(&self) -> Result<u64, BucketError> {
        // The list is gone before the sweep: whoever is in it counts as held.
        let removed = leak_all(&self.buckets());
        self.sweep();
        removed
    }

    async fn leak_async(&self) -> Result<u64, BucketError> {
        let removed = leak_all_async(&self.buckets()).await;
        self.sweep();
        removed
    }
}

impl fmt::Debug for KeyedFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedFactory").field("buckets", &self.lock().len()).finish_non_exhaustive()
    }
}
