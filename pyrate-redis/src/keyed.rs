//! A bucket for each of many names.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pyrate_core::{AnyBucket, AsyncBucket, BucketError, BucketFactory, Decision, Grant, RateItem};

use crate::block_on::block_on;
use crate::error::RedisError;
use crate::script::Plan;
use crate::store::RedisStore;

/// A limit for each name: the bucket of an item is the one whose key is the item's name. Made by [`RedisStore::keyed`].
///
/// ```no_run
/// use pyrate_redis::{Limiter, Rate, RedisStore};
///
/// let store = RedisStore::connect("redis://localhost")?;
/// let limiter = Limiter::with_factory(store.keyed(Rate::per_minute(100)));
/// limiter.try_acquire("user-7")?; // 100 a minute for each user, on all hosts together
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Nothing is held in this process, and names that are not used vanish from the server by themselves. So buckets can't be
/// listed, and need no leaking. A limiter's [`flush`](pyrate_core::Limiter::flush) fails with [`RedisError::Unlisted`] and its
/// [`dispose`](pyrate_core::Limiter::dispose) is always `false`: the units stay. To forget those of one name, flush its bucket:
/// `store.bucket(name, rates).flush()`.
#[derive(Clone, Debug)]
pub struct KeyedRedis {
    store: RedisStore,
    plan: Arc<Plan>,
}

impl KeyedRedis {
    pub(crate) fn new(store: RedisStore, plan: Plan) -> KeyedRedis {
        KeyedRedis { store, plan: Arc::new(plan) }
    }
}

#[async_trait]
impl BucketFactory for KeyedRedis {
    fn get(&self, item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError> {
        Ok(Cow::Owned(self.store.view(&item.name, &self.plan).into()))
    }

    fn buckets(&self) -> Vec<AnyBucket> {
        Vec::new()
    }

    /// Never: the server drops what has expired.
    fn leak_interval(&self, _bucket: &AnyBucket) -> Duration {
        Duration::MAX
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        block_on(self.reserve_async(item, max_delay))
    }

    fn cancel(&self, item: &RateItem<'_>, grant: &Grant) -> Result<bool, BucketError> {
        block_on(self.cancel_async(item, grant))
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        block_on(self.waiting_async(item))
    }

    fn next_leak(&self) -> Option<Duration> {
        None
    }

    fn flush(&self) -> Result<(), BucketError> {
        Err(RedisError::Unlisted.into())
    }

    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        self.store.view(&item.name, &self.plan).reserve_async(item, max_delay).await
    }

    async fn cancel_async(&self, item: &RateItem<'_>, grant: &Grant) -> Result<bool, BucketError> {
        self.store.view(&item.name, &self.plan).cancel_async(grant).await
    }

    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.store.view(&item.name, &self.plan).waiting_async(item).await
    }

    async fn flush_async(&self) -> Result<(), BucketError> {
        Err(RedisError::Unlisted.into())
    }
}
