//! A handle on one bucket of a store, for threads and tasks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pyrate_core::{
    AbstractBucket, AnyBucket, AsyncBucket, BucketError, Decision, Grant, RateItem, Rates,
    Timestamp,
};

use crate::desk::{Desk, Effect, Wanted};
use crate::handover::Handover;
use crate::store::SqliteStore;
use crate::work::View;

/// One bucket in a [`SqliteStore`], with the rates of this handle. Clones are the same handle.
///
/// Every call is one transaction, shared with the calls that wait beside it. Its cost depends neither on weights nor, but
/// for its logarithm, on how much is stored. Threads call it in place, and block while the file is written or another
/// process writes it; tasks never block: the store's own thread works for them, in whatever runtime they are, or in none.
///
/// ```
/// use pyrate_sqlite::{AbstractBucket, Rate, RateItem, SqliteStore};
///
/// let store = SqliteStore::open(":memory:")?;
/// let bucket = store.bucket("downloads", Rate::per_second(3));
/// assert!(bucket.put(&RateItem::new("user-7", 2))?.is_granted());
/// assert!(bucket.put(&RateItem::new("user-7", 2))?.is_denied());
/// assert_eq!((bucket.count()?, bucket.available()?), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteBucket {
    store: SqliteStore,
    view: View,
}

impl SqliteBucket {
    pub(crate) fn new(store: SqliteStore, key: &str, rates: Rates) -> SqliteBucket {
        let view = View { key: store.keys().of(key, &rates), rates };
        SqliteBucket { store, view }
    }

    /// Its key in the store.
    #[must_use]
    pub fn key(&self) -> &str {
        self.view.key.as_str()
    }

    fn desk(&self) -> &Arc<Desk> {
        self.store.desk()
    }
}

impl AbstractBucket for SqliteBucket {
    fn rates(&self) -> &Rates {
        &self.view.rates
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.store.clock().now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.desk().call(Effect::Change, self.view.reserve(item, max_delay))
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.desk().call(Effect::Look, self.view.waiting(item))
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        self.desk().call(Effect::Change, self.view.cancel(*grant))
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        let mut removed = 0;
        loop {
            let leaked = self.desk().call(Effect::Change, self.view.leak(now))?;
            removed += leaked.units;
            if !leaked.is_partial {
                return Ok(removed);
            }
        }
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.desk().call(Effect::Change, self.view.flush())
    }

    fn count(&self) -> Result<u64, BucketError> {
        self.desk().call(Effect::Look, self.view.count())
    }

    fn available(&self) -> Result<u64, BucketError> {
        self.desk().call(Effect::Look, self.view.available())
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.desk().call(Effect::Look, self.view.peek(index))
    }

    fn cancel_later(&self, grant: Grant) {
        self.desk().leave(Effect::Change, self.view.cancel(grant));
    }

    fn into_any(self) -> AnyBucket {
        AnyBucket::dual(self)
    }
}

#[async_trait]
impl AsyncBucket for SqliteBucket {
    fn rates(&self) -> &Rates {
        &self.view.rates
    }

    async fn now_async(&self) -> Result<Timestamp, BucketError> {
        self.store.clock().now()
    }

    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        let bucket = self.clone();
        let hand_over = move |decision| Handover::new(bucket, decision);
        let work = self.view.reserve(item, max_delay);
        let reserving = self.desk().call_async(Effect::Change, Wanted::ByCaller, work, hand_over);
        Ok(reserving.await?.taken())
    }

    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.desk().look_async(self.view.waiting(item)).await
    }

    async fn cancel_async(&self, grant: &Grant) -> Result<bool, BucketError> {
        self.desk().change_async(self.view.cancel(*grant)).await
    }

    async fn leak_async(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        let mut removed = 0;
        loop {
            let leaked = self.desk().change_async(self.view.leak(now)).await?;
            removed += leaked.units;
            if !leaked.is_partial {
                return Ok(removed);
            }
        }
    }

    async fn flush_async(&self) -> Result<(), BucketError> {
        self.desk().change_async(self.view.flush()).await
    }

    async fn count_async(&self) -> Result<u64, BucketError> {
        self.desk().look_async(self.view.count()).await
    }

    async fn available_async(&self) -> Result<u64, BucketError> {
        self.desk().look_async(self.view.available()).await
    }

    async fn peek_async(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.desk().look_async(self.view.peek(index)).await
    }

    async fn cancel_later_async(&self, grant: Grant) {
        self.cancel_later(grant);
    }
}

impl fmt::Debug for SqliteBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteBucket")
            .field("key", &self.key())
            .field("rates", &self.view.rates.to_string())
            .finish_non_exhaustive()
    }
}
