//! The limiter: what callers use.
//!
//! Here it asks. How callers wait stands in `waiting`, the decorators in `wrap`, what runs in the background in `leaker`.

mod builder;
mod error;
mod leaker;
mod patience;
mod reserved;
mod waiting;
mod wrap;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use builder::LimiterBuilder;
pub use error::AcquireError;

use leaker::Leaker;

use crate::bucket::AnyBucket;
use crate::error::BucketError;
use crate::factory::{BucketFactory, SingleBucketFactory};
use crate::pure::{Decision, Denial, Grant, RateItem, Request};
use crate::sleeper::Sleeper;

/// Holds callers to the rates of its buckets: they are refused, or wait in line.
///
/// One limiter serves threads and tasks at once. Clones are the same limiter, and cheap. It holds no lock while
/// anybody waits.
///
/// ```no_run
/// # fn limiter() -> pyrate_core::Limiter { unimplemented!() }
/// let limiter = limiter(); // Limiter::new(bucket)
/// match limiter.try_acquire("user-7") {
///     Ok(_) => println!("go"),
///     Err(refusal) => println!("{refusal}"), // bucket for `user-7` is full: 5/2s allows no more for 1.2s
/// }
/// limiter.acquire(("user-7", 3))?; // waits until 3 units fit
/// # Ok::<(), pyrate_core::AcquireError>(())
/// ```
#[derive(Clone)]
pub struct Limiter {
    inner: Arc<Inner>,
}

struct Inner {
    factory: Box<dyn BucketFactory>,
    sleeper: Box<dyn Sleeper>,
    max_delay: Option<Duration>,
    leaker: Leaker,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.leaker.stop();
    }
}

impl Limiter {
    /// A limiter over one bucket, which all names share. Waiting callers wait as long as it takes.
    pub fn new(bucket: impl Into<AnyBucket>) -> Limiter {
        Limiter::builder(bucket).build()
    }

    /// A limiter over one bucket, which all names share, with settings.
    pub fn builder(bucket: impl Into<AnyBucket>) -> LimiterBuilder {
        Limiter::builder_with_factory(SingleBucketFactory::new(bucket))
    }

    /// A limiter over the buckets of `factory`, whose waiting callers wait as long as it takes.
    pub fn with_factory(factory: impl BucketFactory) -> Limiter {
        Limiter::builder_with_factory(factory).build()
    }

    /// A limiter over the buckets of `factory`, with settings.
    pub fn builder_with_factory(factory: impl BucketFactory) -> LimiterBuilder {
        LimiterBuilder::new(Box::new(factory))
    }

    /// Takes the units now or not at all. Never waits, and ignores `max_delay`.
    ///
    /// # Errors
    ///
    /// [`AcquireError::BucketFull`] says which rate is in the way and for how long; [`AcquireError::TooHeavy`] that
    /// the weight can never fit; [`AcquireError::Bucket`] that the bucket failed.
    pub fn try_acquire<'a>(&self, request: impl Into<Request<'a>>) -> Result<Grant, AcquireError> {
        let item = self.inner.factory.wrap_item(&request.into());
        let decision = self.inner.factory.reserve(&item, Duration::ZERO);
        self.wake_leaker();
        match decision {
            Ok(Decision::Granted(grant)) => Ok(grant.copied()),
            Ok(Decision::Denied(denial)) => Err(refused(&item, denial)),
            Err(failure) => Err(failure.into()),
        }
    }

    /// [`try_acquire`](Limiter::try_acquire) for tasks: never waits for its turn, only for the store's answer.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Limiter::try_acquire).
    pub fn try_acquire_async<'a>(
        &self,
        request: impl Into<Request<'a>>,
    ) -> impl Future<Output = Result<Grant, AcquireError>> + Send {
        let item = self.inner.factory.wrap_item(&request.into());
        async move {
            let decision = self.inner.factory.reserve_async(&item, Duration::ZERO).await;
            self.wake_leaker();
            match decision? {
                Decision::Granted(grant) => Ok(grant),
                Decision::Denied(denial) => Err(refused(&item, denial)),
            }
        }
    }

    /// The buckets that this process holds, possibly none.
    ///
    /// It may block where the buckets' store does, as a file that another process writes: a task leaves it to a blocking thread.
    #[must_use]
    pub fn buckets(&self) -> Vec<AnyBucket> {
        self.inner.factory.buckets()
    }

    /// Drops the bucket of `name`, with all it holds; those who wait already still go.
    ///
    /// `false` if there is none, or this limiter's buckets can't be dropped. It may block, as
    /// [`buckets`](Limiter::buckets) may.
    pub fn dispose(&self, name: &str) -> bool {
        self.inner.factory.dispose(name)
    }

    /// Empties every bucket; those who wait already still go.
    ///
    /// # Errors
    ///
    /// [`BucketError`] of the first bucket that failed, after all others were emptied.
    pub fn flush(&self) -> Result<(), BucketError> {
        self.inner.factory.flush()
    }

    /// [`flush`](Limiter::flush) for tasks.
    ///
    /// # Errors
    ///
    /// As [`flush`](Limiter::flush).
    pub async fn flush_async(&self) -> Result<(), BucketError> {
        self.inner.factory.flush_async().await
    }
}

/// The error of a call that doesn't wait.
#[cold]
fn refused(item: &RateItem<'_>, denial: Denial) -> AcquireError {
    let (name, weight, rate) = (item.name.to_string(), item.weight, denial.rate);
    match denial.retry_after {
        Some(retry_after) => AcquireError::BucketFull { name, weight, rate, retry_after },
        None => AcquireError::TooHeavy { name, weight, rate },
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("max_delay", &self.inner.max_delay).finish_non_exhaustive()
    }
}
