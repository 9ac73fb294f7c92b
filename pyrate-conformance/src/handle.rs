//! A bucket called by a plain thread, through whichever door is under test.

use std::sync::LazyLock;
use std::time::Duration;

use pyrate_core::{AnyBucket, BucketError, Decision, Grant, Outcome, RateItem, Rates, Timestamp};
use tokio::runtime::Runtime;

use crate::subject::Door;

/// A bucket and the door through which it is called.
#[derive(Clone, Debug)]
pub struct Handle {
    bucket: AnyBucket,
    door: Door,
}

/// One runtime for all checks of a process: starting one for each call would take longer than the checks.
static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
});

/// Awaits `future` from a plain thread.
pub(crate) fn awaited<T, E: From<BucketError>>(
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match &*RUNTIME {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => Err(BucketError::new(Outcome::NotRecorded, error.to_string()).into()),
    }
}

impl Handle {
    pub(crate) fn new(bucket: AnyBucket, door: Door) -> Handle {
        Handle { bucket, door }
    }

    /// The bucket, with both its doors.
    #[must_use]
    pub fn bucket(&self) -> &AnyBucket {
        &self.bucket
    }

    pub(crate) fn door(&self) -> Door {
        self.door
    }

    pub(crate) fn rates(&self) -> &Rates {
        self.bucket.rates()
    }

    pub(crate) fn now(&self) -> Result<Timestamp, BucketError> {
        match self.door {
            Door::Sync => self.bucket.now(),
            Door::Async => awaited(self.bucket.now_async()),
        }
    }

    pub(crate) fn reserve(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        match self.door {
            Door::Sync => self.bucket.reserve(item, max_delay),
            Door::Async => awaited(self.bucket.reserve_async(item, max_delay)),
        }
    }

    pub(crate) fn put(&self, item: &RateItem<'_>) -> Result<Decision, BucketError> {
        match self.door {
            Door::Sync => self.bucket.put(item),
            Door::Async => awaited(self.bucket.put_async(item)),
        }
    }

    pub(crate) fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        match self.door {
            Door::Sync => self.bucket.waiting(item),
            Door::Async => awaited(self.bucket.waiting_async(item)),
        }
    }

    pub(crate) fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        match self.door {
            Door::Sync => self.bucket.cancel(grant),
            Door::Async => awaited(self.bucket.cancel_async(grant)),
        }
    }

    pub(crate) fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        match self.door {
            Door::Sync => self.bucket.leak(now),
            Door::Async => awaited(self.bucket.leak_async(now)),
        }
    }

    pub(crate) fn flush(&self) -> Result<(), BucketError> {
        match self.door {
            Door::Sync => self.bucket.flush(),
            Door::Async => awaited(self.bucket.flush_async()),
        }
    }

    pub(crate) fn count(&self) -> Result<u64, BucketError> {
        match self.door {
            Door::Sync => self.bucket.count(),
            Door::Async => awaited(self.bucket.count_async()),
        }
    }

    pub(crate) fn available(&self) -> Result<u64, BucketError> {
        match self.door {
            Door::Sync => self.bucket.available(),
            Door::Async => awaited(self.bucket.available_async()),
        }
    }

    pub(crate) fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        match self.door {
            Door::Sync => self.bucket.peek(index),
            Door::Async => awaited(self.bucket.peek_async(index)),
        }
    }
}
