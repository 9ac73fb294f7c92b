//! A host: a limiter over its handle on the shared bucket, and a wire between the two that remembers what was said.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyrate_core::{
    AbstractBucket, AnyBucket, BucketError, Decision, Grant, Limiter, ManualClock, RateItem, Rates,
    Timestamp,
};

/// A host that is up.
pub(super) struct Host {
    pub(super) limiter: Limiter,
    pub(super) wire: Arc<Wire>,
}

/// A handle on the bucket, called in place: there is no thread but one, so a seed repeats to the last detail.
pub(super) struct Wire {
    bucket: Box<dyn Handle>,
    said: Mutex<Said>,
    /// Whether the host is gone: nothing more comes from it.
    is_cut: AtomicBool,
    /// Whether cancels are sent twice, as they are where the first answer was lost.
    is_lossy: AtomicBool,
}

/// What went over a wire since it was last asked.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) decisions: Vec<Result<Decision, BucketError>>,
    pub(super) cancels: Vec<Result<bool, BucketError>>,
}

/// Any bucket behind one pointer.
trait Handle: Send + Sync {
    fn bucket(&self) -> &dyn AbstractBucket;
}

impl<B: AbstractBucket> Handle for B {
    fn bucket(&self) -> &dyn AbstractBucket {
        self
    }
}

impl Host {
    pub(super) fn up(bucket: impl AbstractBucket, clock: &ManualClock) -> Host {
        let (is_cut, is_lossy) = (AtomicBool::new(false), AtomicBool::new(false));
        let bucket = Box::new(bucket);
        let wire = Arc::new(Wire { bucket, said: Mutex::default(), is_cut, is_lossy });
        let limiter = Limiter::builder(AnyBucket::sync(Arc::clone(&wire)));
        Host { limiter: limiter.sleeper(clock.sleeper()).without_leaker().build(), wire }
    }
}

impl Wire {
    /// Nothing more comes from this host.
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Ordering::Relaxed);
    }

    /// Sends each cancel twice from here on, or once.
    pub(super) fn send_twice(&self, is_lossy: bool) {
        self.is_lossy.store(is_lossy, Ordering::Relaxed);
    }

    /// What was said since the last time.
    pub(super) fn said(&self) -> Said {
        std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, note: impl FnOnce(&mut Said)) {
        note(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn bucket(&self) -> &dyn AbstractBucket {
        self.bucket.bucket()
    }
}

impl AbstractBucket for Wire {
    fn rates(&self) -> &Rates {
        self.bucket().rates()
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.bucket().now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        let decision = self.bucket().reserve(item, max_delay);
        self.note(|said| said.decisions.push(decision.clone()));
        decision
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.bucket().waiting(item)
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        let cancelled = self.bucket().cancel(grant);
        self.note(|said| said.cancels.push(cancelled.clone()));
        cancelled
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        self.bucket().leak(now)
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.bucket().flush()
    }

    fn count(&self) -> Result<u64, BucketError> {
        self.bucket().count()
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.bucket().peek(index)
    }

    fn cancel_later(&self, grant: Grant) {
        if self.is_cut.load(Ordering::Relaxed) {
            return;
        }
        let times = if self.is_lossy.load(Ordering::Relaxed) { 2 } else { 1 };
        for _ in 0..times {
            let _ = self.cancel(&grant);
        }
    }

    fn may_block(&self) -> bool {
        false
    }
}
