//! A bucket for each name, made when the name is first used, and the schedule by which they are leaked.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::{BucketFactory, removed};
use crate::bucket::AnyBucket;
use crate::error::BucketError;
use crate::pure::RateItem;

/// Gives each name a bucket of its own, made by a closure when the name is first used.
///
/// A name never has two buckets at once: they are made and dropped under the map's lock. A bucket that is empty and that
/// nobody holds is dropped when the factory leaks; the limiter's background leaker sees to that. A failure to make a
/// bucket goes to the caller; the next one tries again.
///
/// A name whose bucket was dropped begins anew. A clock that runs back, behind what the dropped bucket had granted, could
/// then admit it again: give the buckets a clock that doesn't, such as [`MonotonicClock`](crate::MonotonicClock).
///
/// Each bucket is a value of its own, of a few hundred bytes at least. For a million names in memory there is
/// `KeyedMemory` of `pyrate-memory`.
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
    buckets: Mutex<Buckets>,
}

/// When to look at a bucket again whose interval no clock can reach.
const UNREACHABLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

type Make = dyn Fn(&str) -> Result<AnyBucket, BucketError> + Send + Sync;

/// The buckets by name, and the names by when they are to be leaked.
#[derive(Default)]
struct Buckets {
    kept: HashMap<Arc<str>, Kept>,
    due: BTreeMap<Due, Arc<str>>,
    made: u64,
}

/// When a bucket is to be leaked, and its number among all that were made.
type Due = (Instant, u64);

struct Kept {
    bucket: AnyBucket,
    /// How often it was handed out: who saw this number twice knows that nobody came in between.
    handed_out: u64,
    due: Due,
}

/// A bucket as it was when it was listed.
struct Listed {
    name: Arc<str>,
    bucket: AnyBucket,
    handed_out: u64,
    /// Nobody held it, so nobody has put anything into it since unless it was handed out.
    was_unheld: bool,
}

impl Kept {
    fn hand_out(&mut self) -> AnyBucket {
        self.handed_out = self.handed_out.wrapping_add(1);
        self.bucket.clone()
    }

    fn listed(&self, name: &Arc<str>) -> Listed {
        let was_unheld = self.bucket.holders() == 1;
        let (bucket, handed_out) = (self.bucket.clone(), self.handed_out);
        Listed { name: Arc::clone(name), bucket, handed_out, was_unheld }
    }

    /// Whether it is the bucket that was listed, and nobody was given it since.
    fn is_as(&self, listed: &Listed) -> bool {
        self.handed_out == listed.handed_out && self.bucket.is_same(&listed.bucket)
    }
}

impl Buckets {
    fn insert(&mut self, name: &str, bucket: AnyBucket, due: Instant) -> AnyBucket {
        self.made += 1;
        let (name, due) = (Arc::from(name), (due, self.made));
        self.due.insert(due, Arc::clone(&name));
        let mut kept = Kept { bucket, handed_out: 0, due };
        let handed_out = kept.hand_out();
        self.kept.insert(name, kept);
        handed_out
    }

    fn remove(&mut self, name: &str) -> Option<AnyBucket> {
        let Kept { bucket, due, .. } = self.kept.remove(name)?;
        self.due.remove(&due);
        if self.kept.len() < self.kept.capacity() / 4 {
            self.kept.shrink_to_fit();
        }
        Some(bucket)
    }

    /// Takes the next bucket that is due by `now` out of the schedule; it stays where it is.
    fn pop_due(&mut self, now: Instant) -> Option<Listed> {
        let first = self.due.first_entry().filter(|first| first.key().0 <= now)?;
        let name = first.remove();
        self.kept.get(&name).map(|kept| kept.listed(&name))
    }

    /// Puts a bucket back into the schedule, unless it is gone by now.
    fn schedule(&mut self, listed: &Listed, due: Instant) {
        let Some(kept) = self.kept.get_mut(&listed.name) else { return };
        if kept.bucket.is_same(&listed.bucket) {
            self.due.remove(&kept.due);
            kept.due.0 = due;
            self.due.insert(kept.due, Arc::clone(&listed.name));
        }
    }

    /// Takes away a bucket that was found empty, if nobody was given it since and nobody holds it.
    fn take_idle(&mut self, listed: &Listed) -> Option<AnyBucket> {
        // The map holds one clone, the list another. Under the lock no more can be had from the map.
        let is_idle =
            |kept: &Kept| listed.was_unheld && kept.is_as(listed) && listed.bucket.holders() == 2;
        let is_idle = self.kept.get(&listed.name).is_some_and(is_idle);
        is_idle.then(|| self.remove(&listed.name)).flatten()
    }
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

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list(&self) -> Vec<Listed> {
        self.lock().kept.iter().map(|(name, kept)| kept.listed(name)).collect()
    }

    fn due_after(&self, bucket: &AnyBucket) -> Instant {
        let now = Instant::now();
        // What no clock can reach is looked at now and then.
        now.checked_add(self.leak_interval(bucket)).unwrap_or(now + UNREACHABLE)
    }

    /// Drops `listed`, which was found empty, if it is idle.
    fn drop_if_idle(&self, listed: &Listed) {
        // The lock is free again before the bucket is dropped, which is its author's code.
        let _idle = self.lock().take_idle(listed);
    }
}

#[async_trait]
impl BucketFactory for KeyedFactory {
    fn get(&self, item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError> {
        let mut buckets = self.lock();
        if let Some(kept) = buckets.kept.get_mut(&*item.name) {
            return Ok(Cow::Owned(kept.hand_out()));
        }
        let bucket = (self.make)(&item.name)?;
        let due = self.due_after(&bucket);
        Ok(Cow::Owned(buckets.insert(&item.name, bucket, due)))
    }

    fn buckets(&self) -> Vec<AnyBucket> {
        self.lock().kept.values_mut().map(Kept::hand_out).collect()
    }

    fn dispose(&self, name: &str) -> bool {
        // As in `drop_if_idle`, not under the lock.
        let disposed = self.lock().remove(name);
        disposed.is_some()
    }

    fn leak(&self) -> Result<u64, BucketError> {
        let leak = |listed: Listed| {
            let removed = listed.bucket.leak(None);
            if listed.bucket.is_empty_here() {
                self.drop_if_idle(&listed);
            }
            removed
        };
        removed(self.list().into_iter().map(leak).collect())
    }

    async fn leak_async(&self) -> Result<u64, BucketError> {
        let mut leaks = Vec::new();
        for listed in self.list() {
            leaks.push(listed.bucket.leak_async(None).await);
            if listed.bucket.count_async().await.ok() == Some(0) {
                self.drop_if_idle(&listed);
            }
        }
        removed(leaks)
    }

    fn next_leak(&self) -> Option<Duration> {
        let (due, _) = *self.lock().due.first_key_value()?.0;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Leaks what is due, bucket by bucket and without the lock, since a store may block; drops what is idle.
    fn leak_due(&self) {
        let now = Instant::now();
        loop {
            let Some(listed) = self.lock().pop_due(now) else { return };
            listed.bucket.leak_in_background();
            let due = self.due_after(&listed.bucket);
            self.lock().schedule(&listed, due);
            if listed.bucket.is_empty_here() {
                self.drop_if_idle(&listed);
            }
        }
    }
}

impl fmt::Debug for KeyedFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedFactory")
            .field("buckets", &self.lock().kept.len())
            .finish_non_exhaustive()
    }
}
