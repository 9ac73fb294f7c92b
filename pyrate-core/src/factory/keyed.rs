//! A bucket for each name, made when the name is first used.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{BucketFactory, leak_all, leak_all_async, leak_all_due, next_leak_of};
use crate::bucket::AnyBucket;
use crate::error::BucketError;
use crate::pure::RateItem;

/// Gives each name a bucket of its own, made by a closure when the name is first used.
///
/// A name never has two buckets at once: they are made and dropped under the map's lock. A bucket that is empty and that
/// nobody holds is dropped when the factory leaks; the limiter's background leaker sees to that. A failure to make a
/// bucket goes to the caller; the next one tries again.
///
/// Each bucket is a value of its own, of a few hundred bytes at least. For a million names in memory there is `KeyedMemory` of
/// `pyrate-memory`.
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
    buckets: Mutex<HashMap<Arc<str>, Kept>>,
}

type Make = dyn Fn(&str) -> Result<AnyBucket, BucketError> + Send + Sync;

struct Kept {
    bucket: AnyBucket,
    /// How often it was handed out: who saw this number twice knows that nobody came in between.
    handed_out: u64,
}

impl Kept {
    fn hand_out(&mut self) -> AnyBucket {
        self.handed_out = self.handed_out.wrapping_add(1);
        self.bucket.clone()
    }
}

/// A bucket that nobody held when it was looked at.
struct Idle {
    name: Arc<str>,
    bucket: AnyBucket,
    handed_out: u64,
}

impl KeyedFactory {
    /// A factory that calls `make` with each name that has no bucket yet.
    ///
    /// `make` runs under the factory's lock: it must not use the factory.
    pub fn new(
        make: impl Fn(&str) -> Result<AnyBucket, BucketError> + Send + Sync + 'static,
    ) -> KeyedFactory {
        KeyedFactory { make: Box::new(make), buckets: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Kept>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The buckets that nobody holds.
    fn idle(&self) -> Vec<Idle> {
        let buckets = self.lock();
        let idle = buckets.iter().filter(|(_, kept)| kept.bucket.is_unshared());
        // Listed before anything is cloned: a clone counts as held.
        idle.map(|(name, kept)| Idle {
            name: Arc::clone(name),
            bucket: kept.bucket.clone(),
            handed_out: kept.handed_out,
        })
        .collect()
    }

    /// Drops those of the `empty` buckets that still nobody holds, and that nobody was given since they were listed.
    fn drop_idle(&self, empty: Vec<Idle>) {
        let mut dropped = Vec::new();
        let mut buckets = self.lock();
        for Idle { name, bucket, handed_out } in empty {
            // The name may have been disposed of and got another bucket, which was handed out as often.
            let is_as_listed =
                |kept: &Kept| kept.handed_out == handed_out && kept.bucket.is_same(&bucket);
            if !buckets.get(&name).is_some_and(is_as_listed) {
                dropped.push(bucket);
                continue;
            }
            drop(bucket);
            // Under the lock no clone can be made, so a bucket held by the map alone stays so until it is dropped.
            if buckets.get(&name).is_some_and(|kept| kept.bucket.is_unshared()) {
                dropped.extend(buckets.remove(&name).map(|kept| kept.bucket));
            }
        }
        if buckets.len() < buckets.capacity() / 4 {
            buckets.shrink_to_fit();
        }
        // Dropping a bucket is its author's code, which runs without the lock.
        drop(buckets);
    }

    /// Drops the buckets that hold nothing and that nobody holds. They are asked without the lock: a store may block.
    fn sweep(&self) {
        let empty = self.idle().into_iter().filter(|idle| idle.bucket.is_empty_here());
        let empty = empty.collect();
        self.drop_idle(empty);
    }
}

#[async_trait]
impl BucketFactory for KeyedFactory {
    fn get(&self, item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError> {
        let mut buckets = self.lock();
        if let Some(kept) = buckets.get_mut(&*item.name) {
            return Ok(Cow::Owned(kept.hand_out()));
        }
        let bucket = (self.make)(&item.name)?;
        let mut kept = Kept { bucket, handed_out: 0 };
        let handed_out = kept.hand_out();
        buckets.insert(item.name.as_ref().into(), kept);
        Ok(Cow::Owned(handed_out))
    }

    fn buckets(&self) -> Vec<AnyBucket> {
        self.lock().values_mut().map(Kept::hand_out).collect()
    }

    fn dispose(&self, name: &str) -> bool {
        // The lock is free again before the bucket is dropped, which is the author's code.
        let disposed = self.lock().remove(name);
        disposed.is_some()
    }

    fn leak(&self) -> Result<u64, BucketError> {
        // The list is gone before the sweep: whoever is in it counts as held.
        let removed = leak_all(&self.buckets());
        self.sweep();
        removed
    }

    async fn leak_async(&self) -> Result<u64, BucketError> {
        let removed = leak_all_async(&self.buckets()).await;
        let mut empty = Vec::new();
        for idle in self.idle() {
            if idle.bucket.count_async().await.ok() == Some(0) {
                empty.push(idle);
            }
        }
        self.drop_idle(empty);
        removed
    }

    /// Also for buckets that hold nothing, as long as there are any: they are to be dropped.
    fn next_leak(&self) -> Option<Duration> {
        let buckets = self.buckets();
        next_leak_of(self, &buckets)
            .or_else(|| buckets.iter().map(|bucket| self.leak_interval(bucket)).min())
    }

    fn leak_due(&self) {
        leak_all_due(self);
        self.sweep();
    }
}

impl fmt::Debug for KeyedFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedFactory").field("buckets", &self.lock().len()).finish_non_exhaustive()
    }
}
