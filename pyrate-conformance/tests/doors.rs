//! Buckets of either door, of both, and one that refuses every delay prove themselves, each over a sliding log.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pyrate_core::{
    AbstractBucket, AsyncBucket, BucketError, Clock, Decision, Grant, MonotonicClock, RateItem,
    Rates, SlidingLog, Timestamp,
};

pyrate_conformance::conformance! {
    name: async_only,
    asynchronous: |rates, clock| AsyncOnly(Desk::new(rates, clock)),
    capabilities: [reservations, names],
}

pyrate_conformance::conformance! {
    name: async_only_on_its_own_time,
    asynchronous_own_time: |rates| AsyncOnly(Desk::new(rates, MonotonicClock::new())),
    capabilities: [reservations, names],
}

pyrate_conformance::conformance! {
    name: dual,
    dual: |rates, clock| Dual(Desk::new(rates, clock)),
    capabilities: [reservations, names],
}

pyrate_conformance::conformance! {
    name: retry_only,
    sync: |rates, clock| RetryOnly(Desk::new(rates, clock)),
    capabilities: [names],
}

pyrate_conformance::conformance! {
    name: blocking_without_names,
    sync: |rates, clock| Nameless(Desk::without_names(rates, clock)),
    capabilities: [reservations],
}

/// A log behind a lock, and what all the buckets here do with it.
struct Desk {
    rates: Rates,
    clock: Box<dyn Clock>,
    log: Mutex<SlidingLog>,
}

impl Desk {
    fn new(rates: Rates, clock: impl Clock) -> Desk {
        let log = Mutex::new(SlidingLog::new(rates.clone()));
        Desk { rates, clock: Box::new(clock), log }
    }

    fn without_names(rates: Rates, clock: impl Clock) -> Desk {
        let log = Mutex::new(SlidingLog::new(rates.clone()).without_names());
        Desk { rates, clock: Box::new(clock), log }
    }

    fn log(&self) -> MutexGuard<'_, SlidingLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let mut log = self.log();
        Ok(log.reserve(item, self.clock.now_for(item)?, max_delay)?)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        let log = self.log();
        Ok(log.waiting(item, self.clock.now_for(item)?)?)
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        let mut log = self.log();
        Ok(log.cancel(grant, self.clock.now()?)?)
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        let mut log = self.log();
        Ok(log.leak(now.map_or_else(|| self.clock.now(), Ok)?)?)
    }

    fn count(&self) -> Result<u64, BucketError> {
        let log = self.log();
        Ok(log.count(self.clock.now()?)?)
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        let log = self.log();
        Ok(log.peek(index, self.clock.now()?)?)
    }
}

struct AsyncOnly(Desk);
struct Dual(Desk);
struct Nameless(Desk);
struct RetryOnly(Desk);

macro_rules! sync_door {
    ($bucket:ident, may_block: $may_block:literal) => {
        impl AbstractBucket for $bucket {
            sync_door! { may_block: $may_block }

            fn reserve(
                &self,
                item: &RateItem<'_>,
                max_delay: Duration,
            ) -> Result<Decision, BucketError> {
                self.0.reserve(item, max_delay)
            }

            fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
                self.0.cancel(grant)
            }
        }
    };
    (may_block: $may_block:literal) => {
        fn rates(&self) -> &Rates {
            &self.0.rates
        }

        fn now(&self) -> Result<Timestamp, BucketError> {
            self.0.clock.now()
        }

        fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
            self.0.waiting(item)
        }

        fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
            self.0.leak(now)
        }

        fn flush(&self) -> Result<(), BucketError> {
            self.0.log().flush();
            Ok(())
        }

        fn count(&self) -> Result<u64, BucketError> {
            self.0.count()
        }

        fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
            self.0.peek(index)
        }

        fn may_block(&self) -> bool {
            $may_block
        }
    };
}

macro_rules! async_door {
    ($bucket:ident) => {
        #[async_trait]
        impl AsyncBucket for $bucket {
            fn rates(&self) -> &Rates {
                &self.0.rates
            }

            async fn now_async(&self) -> Result<Timestamp, BucketError> {
                self.0.clock.now()
            }

            async fn reserve_async(
                &self,
                item: &RateItem<'_>,
                max_delay: Duration,
            ) -> Result<Decision, BucketError> {
                self.0.reserve(item, max_delay)
            }

            async fn waiting_async(
                &self,
                item: &RateItem<'_>,
            ) -> Result<Option<Duration>, BucketError> {
                self.0.waiting(item)
            }

            async fn cancel_async(&self, grant: &Grant) -> Result<bool, BucketError> {
                self.0.cancel(grant)
            }

            async fn leak_async(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
                self.0.leak(now)
            }

            async fn flush_async(&self) -> Result<(), BucketError> {
                self.0.log().flush();
                Ok(())
            }

            async fn count_async(&self) -> Result<u64, BucketError> {
                self.0.count()
            }

            async fn peek_async(
                &self,
                index: u64,
            ) -> Result<Option<RateItem<'static>>, BucketError> {
                self.0.peek(index)
            }
        }
    };
}

sync_door! { Dual, may_block: false }
async_door! { Dual }
async_door! { AsyncOnly }
sync_door! { Nameless, may_block: true }

impl AbstractBucket for RetryOnly {
    sync_door! { may_block: false }

    fn reserve(&self, item: &RateItem<'_>, _: Duration) -> Result<Decision, BucketError> {
        self.0.reserve(item, Duration::ZERO)
    }
}
