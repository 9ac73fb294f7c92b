//! A bucket of any kind, and its sync door.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::errands::{Errands, await_here};
use super::leaking::LeakTime;
use super::line::Line;
use super::{AbstractBucket, AsyncBucket};
use crate::error::{BucketError, DoorError};
use crate::pure::{Decision, Grant, RateItem, Rates, Timestamp};

/// A bucket of any kind behind one type: what a [`Limiter`](crate::Limiter) and a
/// [`BucketFactory`](crate::BucketFactory) hold. Clones are the same bucket.
///
/// Every method of the two traits can be called, whichever of them the bucket has: the async methods of a sync bucket
/// run in place if it never blocks, else on a blocking thread of tokio; the sync methods of an async bucket fail with
/// [`DoorError::AsyncOnly`].
///
/// ```
/// use pyrate_core::{AbstractBucket, AnyBucket};
///
/// fn hold(bucket: impl AbstractBucket) -> AnyBucket {
///     bucket.into() // for an async bucket: AnyBucket::asynchronous(bucket)
/// }
/// ```
#[derive(Clone)]
pub struct AnyBucket {
    inner: Arc<Inner>,
}

struct Inner {
    doors: Doors,
    may_block: bool,
    /// Only buckets that refuse delays ever need a line.
    line: OnceLock<Line>,
    errands: Errands,
    leak_time: LeakTime,
}

enum Doors {
    Sync(Box<dyn AbstractBucket>),
    Async(Box<dyn AsyncBucket>),
    Dual(Arc<dyn AbstractBucket>, Arc<dyn AsyncBucket>),
}

/// How an async call reaches the bucket.
pub(super) enum AsyncDoor<'a> {
    InPlace(&'a dyn AbstractBucket),
    Await(&'a dyn AsyncBucket),
    OnThread,
}

impl AnyBucket {
    /// Holds a bucket that has only sync methods.
    pub fn sync(bucket: impl AbstractBucket) -> AnyBucket {
        let may_block = bucket.may_block();
        AnyBucket::of(Doors::Sync(Box::new(bucket)), may_block)
    }

    /// Holds a bucket that has only async methods.
    pub fn asynchronous(bucket: impl AsyncBucket) -> AnyBucket {
        AnyBucket::of(Doors::Async(Box::new(bucket)), true)
    }

    /// Holds a bucket that has both.
    pub fn dual<B: AbstractBucket + AsyncBucket>(bucket: B) -> AnyBucket {
        let (may_block, bucket) = (bucket.may_block(), Arc::new(bucket));
        AnyBucket::of(
            Doors::Dual(Arc::clone(&bucket) as Arc<dyn AbstractBucket>, bucket),
            may_block,
        )
    }

    fn of(doors: Doors, may_block: bool) -> AnyBucket {
        let (line, errands, leak_time) = (OnceLock::new(), Errands::default(), LeakTime::default());
        AnyBucket { inner: Arc::new(Inner { doors, may_block, line, errands, leak_time }) }
    }

    /// The rates it holds.
    #[must_use]
    pub fn rates(&self) -> &Rates {
        match &self.inner.doors {
            Doors::Sync(bucket) => bucket.rates(),
            Doors::Async(bucket) => bucket.rates(),
            Doors::Dual(bucket, _) => AbstractBucket::rates(bucket),
        }
    }

    /// Whether a sync call may block.
    #[must_use]
    pub fn may_block(&self) -> bool {
        self.inner.may_block
    }

    /// Whether `other` is a clone of this one.
    #[must_use]
    pub fn is_same(&self, other: &AnyBucket) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// How many clones there are, this one included.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.inner)
    }

    /// See [`AbstractBucket::now`].
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the clock fails, or the bucket has no sync methods.
    pub fn now(&self) -> Result<Timestamp, BucketError> {
        self.sync_door()?.now()
    }

    /// See [`AbstractBucket::reserve`].
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails, or the bucket has no sync methods.
    #[inline]
    pub fn reserve(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        self.sync_door()?.reserve(item, max_delay)
    }

    /// See [`AbstractBucket::put`].
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve`].
    pub fn put(&self, item: &RateItem<'_>) -> Result<Decision, BucketError> {
        self.sync_door()?.put(item)
    }

    /// See [`AbstractBucket::waiting`].
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve`].
    pub fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.sync_door()?.waiting(item)
    }

    /// See [`AbstractBucket::cancel`].
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve`].
    pub fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        self.sync_door()?.cancel(grant)
    }

    /// See [`AbstractBucket::leak`].
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve`].
    pub fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        self.sync_door()?.leak(now)
    }

    /// See [`AbstractBucket::flush`].
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve`].
    pub fn flush(&self) -> Result<(), BucketError> {
        self.sync_door()?.flush()
    }

    /// See [`AbstractBucket::count`].
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve`].
    pub fn count(&self) -> Result<u64, BucketError> {
        self.sync_door()?.count()
    }

    /// See [`AbstractBucket::available`].
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve`].
    pub fn available(&self) -> Result<u64, BucketError> {
        self.sync_door()?.available()
    }

    /// See [`AbstractBucket::peek`].
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve`].
    pub fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.sync_door()?.peek(index)
    }

    /// Gives back the place of a waiting caller who is gone. Never blocks, needs no runtime.
    pub fn cancel_later(&self, grant: Grant) {
        if self.inner.may_block {
            self.inner.errands.hand_over(self, grant);
        } else {
            // Called while a future is dropped: a panic from here could end the process.
            let _ = catch_unwind(AssertUnwindSafe(|| self.cancel_in_place(grant)));
        }
    }

    pub(super) fn cancel_in_place(&self, grant: Grant) {
        match &self.inner.doors {
            Doors::Sync(bucket) => bucket.cancel_later(grant),
            Doors::Async(bucket) => await_here(bucket.cancel_later_async(grant)),
            Doors::Dual(bucket, _) => bucket.cancel_later(grant),
        }
    }

    pub(super) fn errands(&self) -> &Errands {
        &self.inner.errands
    }

    pub(super) fn leak_time(&self) -> &LeakTime {
        &self.inner.leak_time
    }

    /// The line of those who ask again because this bucket refuses to let them wait.
    pub(crate) fn line(&self) -> &Line {
        self.inner.line.get_or_init(Line::new)
    }

    /// Whether somebody stands in that line.
    pub(crate) fn has_line(&self) -> bool {
        self.inner.line.get().is_some_and(Line::is_occupied)
    }

    #[inline]
    pub(super) fn sync_door(&self) -> Result<&dyn AbstractBucket, BucketError> {
        match &self.inner.doors {
            Doors::Sync(bucket) => Ok(&**bucket),
            Doors::Dual(bucket, _) => Ok(&**bucket),
            Doors::Async(_) => Err(DoorError::AsyncOnly.into()),
        }
    }

    pub(super) fn async_door(&self) -> AsyncDoor<'_> {
        match &self.inner.doors {
            Doors::Sync(bucket) if !self.inner.may_block => AsyncDoor::InPlace(&**bucket),
            Doors::Sync(_) => AsyncDoor::OnThread,
            Doors::Async(bucket) => AsyncDoor::Await(&**bucket),
            Doors::Dual(_, bucket) => AsyncDoor::Await(&**bucket),
        }
    }
}

impl<B: AbstractBucket> From<B> for AnyBucket {
    fn from(bucket: B) -> AnyBucket {
        bucket.into_any()
    }
}

impl fmt::Debug for AnyBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyBucket")
            .field("rates", &self.rates().to_string())
            .finish_non_exhaustive()
    }
}
