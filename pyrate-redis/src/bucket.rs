//! The bucket: a handle on what the server holds under one key.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pyrate_core::{
    AbstractBucket, AnyBucket, AsyncBucket, BucketError, Decision, Denial, Grant, RateItem, Rates,
    Timestamp, TimestampError,
};

use crate::block_on::block_on;
use crate::error::RedisError;
use crate::script::{Answer, MAX_NUMBER, Moment, Request, Target};
use crate::store::RedisStore;

/// An exact bucket on a Redis server, for threads and tasks of any number of processes and hosts; made by
/// [`RedisStore::bucket`].
///
/// Each call is one round trip, and takes place at the server's own time: clocks of hosts need not agree. Clones are the
/// same bucket.
///
/// It outlives its handles. Its keys vanish by themselves, within a second after its longest window has
/// passed since the last grant.
#[derive(Clone)]
pub struct RedisBucket {
    store: RedisStore,
    key: Arc<str>,
    target: Arc<Target>,
}

impl RedisBucket {
    pub(crate) fn new(store: RedisStore, key: Arc<str>, target: Target) -> RedisBucket {
        RedisBucket { store, key, target: Arc::new(target) }
    }

    /// The key that it was opened by.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    async fn call(&self, request: Request) -> Result<Answer, RedisError> {
        self.store.driver().call(request).await
    }

    /// When a call takes place: at its stamp, else by the injected clock, else when the server decides it.
    fn moment(&self, stamp: Option<Timestamp>) -> Result<Moment, BucketError> {
        let told = match (stamp, self.store.injected_clock()) {
            (Some(stamp), _) => stamp,
            (None, Some(clock)) => clock.now()?,
            (None, None) => return Ok(Moment::Server),
        };
        if told > Timestamp::MAX {
            return Err(TimestampError(told).into());
        }
        Ok(Moment::Told(told))
    }

    /// Whether a weight is above a limit, whatever was granted: the server needn't be asked.
    fn never_fits(&self, weight: u64) -> bool {
        weight > self.rates().shortest().limit()
    }

    fn rates(&self) -> &Rates {
        self.target.plan.rates()
    }
}

#[async_trait]
impl AsyncBucket for RedisBucket {
    fn rates(&self) -> &Rates {
        self.rates()
    }

    async fn now_async(&self) -> Result<Timestamp, BucketError> {
        match self.store.injected_clock() {
            Some(clock) => clock.now(),
            // Of the server that holds this bucket: in a cluster, each has a clock of its own.
            None => Ok(self.call(self.target.now()).await?.time()?),
        }
    }

    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        let moment = self.moment(item.timestamp)?;
        if self.never_fits(item.weight) {
            let rate = self.rates().shortest();
            return Ok(Decision::Denied(Denial { rate, retry_after: None }));
        }
        let name = (self.store.keeps_names() && *item.name != *self.key).then_some(&*item.name);
        let request = self.target.reserve(name, item.weight, max_delay, moment);
        let answer = self.call(request).await?;
        Ok(answer.decision(self.rates(), item.weight)?)
    }

    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        let moment = self.moment(item.timestamp)?;
        if self.never_fits(item.weight) {
            return Ok(None);
        }
        let answer = self.call(self.target.waiting(item.weight, moment)).await?;
        Ok(match answer.decision(self.rates(), item.weight)? {
            Decision::Denied(denial) => denial.retry_after,
            Decision::Granted(grant) => Some(grant.delay),
        })
    }

    async fn cancel_async(&self, grant: &Grant) -> Result<bool, BucketError> {
        if grant.at > Timestamp::MAX || grant.id() > MAX_NUMBER {
            return Ok(false);
        }
        let answer = self.call(self.target.cancel(grant, self.moment(None)?)).await?;
        Ok(answer.number()? == 1)
    }

    async fn leak_async(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        Ok(self.call(self.target.leak(self.moment(now)?)).await?.number()?)
    }

    async fn flush_async(&self) -> Result<(), BucketError> {
        self.call(self.target.flush()).await?.number()?;
        Ok(())
    }

    async fn count_async(&self) -> Result<u64, BucketError> {
        Ok(self.call(self.target.count(self.moment(None)?)).await?.number()?)
    }

    async fn available_async(&self) -> Result<u64, BucketError> {
        Ok(self.call(self.target.available(self.moment(None)?)).await?.number()?)
    }

    async fn peek_async(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        let moment = self.moment(None)?;
        if index > MAX_NUMBER {
            return Ok(None);
        }
        let unit = self.call(self.target.peek(index, moment)).await?.unit()?;
        Ok(unit.map(|(at, name)| {
            let name = name.unwrap_or_else(|| String::from(&*self.key));
            RateItem { timestamp: Some(at), ..RateItem::new(name, 1) }
        }))
    }

    async fn cancel_later_async(&self, grant: Grant) {
        self.cancel_later(grant);
    }
}

impl AbstractBucket for RedisBucket {
    fn rates(&self) -> &Rates {
        self.rates()
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        block_on(self.now_async())
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        block_on(self.reserve_async(item, max_delay))
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        block_on(self.waiting_async(item))
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        block_on(self.cancel_async(grant))
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        block_on(self.leak_async(now))
    }

    fn flush(&self) -> Result<(), BucketError> {
        block_on(self.flush_async())
    }

    fn count(&self) -> Result<u64, BucketError> {
        block_on(self.count_async())
    }

    fn available(&self) -> Result<u64, BucketError> {
        block_on(self.available_async())
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        block_on(self.peek_async(index))
    }

    /// Hands it to the store's own thread, which tries again while the server can't be asked: until the grant is due, for half a
    /// minute at most.
    fn cancel_later(&self, grant: Grant) {
        if grant.at <= Timestamp::MAX {
            // Where an injected clock fails, the place is given back as of the last change.
            let moment = self.moment(None).unwrap_or(Moment::Told(Timestamp::ZERO));
            self.store.driver().give_back(self.target.cancel(&grant, moment), grant.delay);
        }
    }

    fn into_any(self) -> AnyBucket {
        AnyBucket::dual(self)
    }
}

impl fmt::Debug for RedisBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBucket")
            .field("key", &self.key)
            .field("rates", &self.rates().to_string())
            .finish_non_exhaustive()
    }
}
