//! The server's clock.

use pyrate_core::{BucketError, Clock, Timestamp};

use crate::block_on::block_on;
use crate::key::redis_key;
use crate::script::Request;
use crate::store::RedisStore;

/// The time of a Redis server, microseconds since 1970; made by [`RedisStore::clock`].
///
/// Each reading is a round trip. Buckets of the store don't need it: they read the same time within their own call. It
/// lets other buckets, and other programs, go by one clock. Of a cluster, it is the time of one server, always the same one
/// until slots move.
#[derive(Clone, Debug)]
pub struct RedisClock {
    store: RedisStore,
}

impl RedisClock {
    pub(crate) fn new(store: RedisStore) -> RedisClock {
        RedisClock { store }
    }

    /// As [`Clock::now`], for async code.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the server can't be asked.
    pub async fn now_async(&self) -> Result<Timestamp, BucketError> {
        let request = Request::now(redis_key(self.store.prefix(), "clock"));
        Ok(self.store.driver().call(request, None).await?.time()?)
    }
}

impl Clock for RedisClock {
    fn now(&self) -> Result<Timestamp, BucketError> {
        block_on(self.now_async())
    }
}
