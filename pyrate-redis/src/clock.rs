//! The server's clock.

use std::sync::Arc;

use pyrate_core::{BucketError, Clock, Rate, Timestamp};

use crate::block_on::block_on;
use crate::key::redis_key;
use crate::script::{Plan, Target};
use crate::store::RedisStore;

/// The time of a Redis server, microseconds since 1970; made by [`RedisStore::clock`].
///
/// Each reading is a round trip. Buckets of the store don't need it: they read the same time within their own call. It
/// lets other buckets, and other programs, go by one clock. Of a cluster, it is the time of one server, always the same one
/// until slots move.
#[derive(Clone, Debug)]
pub struct RedisClock {
    store: RedisStore,
    /// What is asked for the time, of a bucket that nobody uses.
    target: Arc<Target>,
}

impl RedisClock {
    pub(crate) fn new(store: RedisStore) -> RedisClock {
        let plan = Arc::new(Plan::new(Rate::per_second(1).into(), false));
        let key = redis_key(store.prefix(), "clock");
        RedisClock { store, target: Arc::new(Target { key, plan, window: None }) }
    }

    /// As [`Clock::now`], for async code.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the server can't be asked.
    pub async fn now_async(&self) -> Result<Timestamp, BucketError> {
        Ok(self.store.driver().call(self.target.now()).await?.time()?)
    }
}

impl Clock for RedisClock {
    fn now(&self) -> Result<Timestamp, BucketError> {
        block_on(self.now_async())
    }
}
