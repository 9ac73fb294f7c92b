//! The async door of a bucket of any kind.

use std::panic::resume_unwind;
use std::time::Duration;

use tokio::runtime::Handle;

use super::AnyBucket;
use super::any::AsyncDoor;
use crate::error::{BucketError, DoorError};
use crate::pure::{Decision, Grant, RateItem, Timestamp};

impl AnyBucket {
    /// See [`AbstractBucket::now`](crate::AbstractBucket::now).
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the clock fails, or no tokio runtime can lend a thread to a bucket that may block.
    pub async fn now_async(&self) -> Result<Timestamp, BucketError> {
        match self.async_door() {
            AsyncDoor::InPlace(bucket) => bucket.now(),
            AsyncDoor::Await(bucket) => bucket.now_async().await,
            AsyncDoor::OnThread => self.on_thread(AnyBucket::now).await,
        }
    }

    /// See [`AbstractBucket::reserve`](crate::AbstractBucket::reserve).
    ///
    /// If the future is dropped before it is ready, what is granted after that is cancelled.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the store fails, or no tokio runtime can lend a thread to a bucket that may block.
    pub async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        match self.async_door() {
            AsyncDoor::InPlace(bucket) => bucket.reserve(item, max_delay),
            AsyncDoor::Await(bucket) => bucket.reserve_async(item, max_delay).await,
            AsyncDoor::OnThread => {
                let item = item.clone().into_owned();
                let reserve = move |bucket: &AnyBucket| {
                    let decision = bucket.reserve(&item, max_delay)?;
                    Ok(Handover { bucket: bucket.clone(), decision, is_taken: false })
                };
                Ok(self.on_thread(reserve).await?.taken())
            }
        }
    }

    /// See [`AbstractBucket::put`](crate::AbstractBucket::put).
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve_async`].
    pub async fn put_async(&self, item: &RateItem<'_>) -> Result<Decision, BucketError> {
        match self.async_door() {
            AsyncDoor::InPlace(bucket) => bucket.put(item),
            AsyncDoor::Await(bucket) => bucket.put_async(item).await,
            AsyncDoor::OnThread => {
                let item = item.clone().into_owned();
                self.on_thread(move |bucket| bucket.put(&item)).await
            }
        }
    }

    /// See [`AbstractBucket::waiting`](crate::AbstractBucket::waiting).
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve_async`].
    pub async fn waiting_async(
        &self,
        item: &RateItem<'_>,
    ) -> Result<Option<Duration>, BucketError> {
        match self.async_door() {
            AsyncDoor::InPlace(bucket) => bucket.waiting(item),
            AsyncDoor::Await(bucket) => bucket.waiting_async(item).await,
            AsyncDoor::OnThread => {
                let item = item.clone().into_owned();
                self.on_thread(move |bucket| bucket.waiting(&item)).await
            }
        }
    }

    /// See [`AbstractBucket::cancel`](crate::AbstractBucket::cancel).
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve_async`].
    pub async fn cancel_async(&self, grant: &Grant) -> Result<bool, BucketError> {
        let grant = *grant;
        match self.async_door() {
            AsyncDoor::InPlace(bucket) => bucket.cancel(&grant),
            AsyncDoor::Await(bucket) => bucket.cancel_async(&grant).await,
            AsyncDoor::OnThread => self.on_thread(move |bucket| bucket.cancel(&grant)).await,
        }
    }

    /// See [`AbstractBucket::leak`](crate::AbstractBucket::leak).
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve_async`].
    pub async fn leak_async(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        match self.async_door() {
            AsyncDoor::InPlace(bucket) => bucket.leak(now),
            AsyncDoor::Await(bucket) => bucket.leak_async(now).await,
            AsyncDoor::OnThread => self.on_thread(move |bucket| bucket.leak(now)).await,
        }
    }

    /// See [`AbstractBucket::flush`](crate::AbstractBucket::flush).
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve_async`].
    pub async fn flush_async(&self) -> Result<(), BucketError> {
        match self.async_door() {
            AsyncDoor::InPlace(bucket) => bucket.flush(),
            AsyncDoor::Await(bucket) => bucket.flush_async().await,
            AsyncDoor::OnThread => self.on_thread(AnyBucket::flush).await,
        }
    }

    /// See [`AbstractBucket::count`](crate::AbstractBucket::count).
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve_async`].
    pub async fn count_async(&self) -> Result<u64, BucketError> {
        match self.async_door() {
            AsyncDoor::InPlace(bucket) => bucket.count(),
            AsyncDoor::Await(bucket) => bucket.count_async().await,
            AsyncDoor::OnThread => self.on_thread(AnyBucket::count).await,
        }
    }

    /// See [`AbstractBucket::available`](crate::AbstractBucket::available).
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve_async`].
    pub async fn available_async(&self) -> Result<u64, BucketError> {
        match self.async_door() {
            AsyncDoor::InPlace(bucket) => bucket.available(),
            AsyncDoor::Await(bucket) => bucket.available_async().await,
            AsyncDoor::OnThread => self.on_thread(AnyBucket::available).await,
        }
    }

    /// See [`AbstractBucket::peek`](crate::AbstractBucket::peek).
    ///
    /// # Errors
    ///
    /// As [`AnyBucket::reserve_async`].
    pub async fn peek_async(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        match self.async_door() {
            AsyncDoor::InPlace(bucket) => bucket.peek(index),
            AsyncDoor::Await(bucket) => bucket.peek_async(index).await,
            AsyncDoor::OnThread => self.on_thread(move |bucket| bucket.peek(index)).await,
        }
    }

    /// Makes a blocking call on a thread that the caller's runtime lends.
    async fn on_thread<T: Send + 'static>(
        &self,
        call: impl FnOnce(&AnyBucket) -> Result<T, BucketError> + Send + 'static,
    ) -> Result<T, BucketError> {
        let runtime = Handle::try_current().map_err(|_| DoorError::NoRuntime)?;
        let bucket = self.clone();
        match runtime.spawn_blocking(move || call(&bucket)).await {
            Ok(answer) => answer,
            // A panic reaches its caller, as it would through the sync door.
            Err(failed) if failed.is_panic() => resume_unwind(failed.into_panic()),
            // The runtime was shut down before the call began.
            Err(_) => Err(DoorError::NoRuntime.into()),
        }
    }
}

/// A decision on its way from a blocking thread to its caller. A place in line that nobody takes is given back.
struct Handover {
    bucket: AnyBucket,
    decision: Decision,
    is_taken: bool,
}

impl Handover {
    fn taken(mut self) -> Decision {
        self.is_taken = true;
        self.decision
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        if let Decision::Granted(grant) = self.decision
            && !self.is_taken
            && !grant.delay.is_zero()
        {
            self.bucket.cancel_later(grant);
        }
    }
}
