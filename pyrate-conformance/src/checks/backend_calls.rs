//! How often a limiter's callers call the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pyrate_core::{
    AbstractBucket, AcquireError, AnyBucket, AsyncBucket, BucketError, Decision, Grant, Limiter,
    ManualClock, Outcome, Rate, RateItem, Rates, Timestamp,
};

use crate::failure::Verdict;
use crate::handle::awaited;
use crate::subject::{Door, Subject};

/// Callers of one limiter, of which all but the first wait.
const CALLERS: usize = 6;

/// Whoever calls so often asks again and again: it is let go with an error.
const MOST_CALLS: usize = 200;

/// So long the next caller waits for those before to fall asleep. Whoever comes too early changes the order, which is not
/// judged.
const ASLEEP_WITHIN: Duration = Duration::from_millis(20);

/// Those who still wait then wait for an instant that never comes.
const SERVED_WITHIN: Duration = Duration::from_secs(5);

pub(crate) fn bounded_backend_calls(subject: &Subject) -> Verdict {
    let rig = subject.rig(Rate::per_second(1));
    let Some(clock) = rig.clock() else { return Ok(()) };
    let counted = Counted { bucket: rig.handle().bucket().clone(), calls: Arc::default() };
    let calls = Arc::clone(&counted.calls);
    let limiter = Limiter::builder(counted).sleeper(clock.sleeper()).without_leaker().build();
    let answers = serve_all(&limiter, clock, subject.door());
    let failed = answers.iter().find_map(|answer| answer.as_ref().err());
    let calls = calls.load(Ordering::SeqCst);
    let (most, text) = (2 * CALLERS, format!("at most {} calls for {CALLERS} grants", 2 * CALLERS));
    rig.holds(calls <= most, &text, &calls)?;
    rig.holds(failed.is_none(), "a grant for each caller, in its turn", &failed)
}

/// Callers come one after another, each when those before sleep; then time goes on until all are served.
fn serve_all(
    limiter: &Limiter,
    clock: &ManualClock,
    door: Door,
) -> Vec<Result<Grant, AcquireError>> {
    let started = Instant::now();
    thread::scope(|scope| {
        let mut callers = Vec::new();
        for _ in 0..CALLERS {
            let came = Instant::now();
            callers.push(scope.spawn(|| match door {
                Door::Sync => limiter.acquire("a"),
                Door::Async => awaited(limiter.acquire_async("a")),
            }));
            while finished(&callers) + clock.sleepers() < callers.len()
                && came.elapsed() < ASLEEP_WITHIN
            {
                thread::yield_now();
            }
        }
        while finished(&callers) < CALLERS {
            clock.advance(Duration::from_secs(1));
            if started.elapsed() > SERVED_WITHIN {
                // Nobody sleeps through the end of time.
                clock.set(Timestamp::MAX);
            }
            thread::sleep(Duration::from_micros(50));
        }
        callers.into_iter().filter_map(|caller| caller.join().ok()).collect()
    })
}

fn finished<T>(callers: &[ScopedJoinHandle<'_, T>]) -> usize {
    callers.iter().filter(|caller| caller.is_finished()).count()
}

/// A bucket whose calls are counted.
#[derive(Clone)]
struct Counted {
    bucket: AnyBucket,
    calls: Arc<AtomicUsize>,
}

impl Counted {
    fn called(&self) -> Result<&AnyBucket, BucketError> {
        if self.calls.fetch_add(1, Ordering::SeqCst) > MOST_CALLS {
            return Err(BucketError::new(Outcome::NotRecorded, "called again and again"));
        }
        Ok(&self.bucket)
    }
}

impl AbstractBucket for Counted {
    fn rates(&self) -> &Rates {
        self.bucket.rates()
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.called()?.now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.called()?.reserve(item, max_delay)
    }

    fn put(&self, item: &RateItem<'_>) -> Result<Decision, BucketError> {
        self.called()?.put(item)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.called()?.waiting(item)
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        self.called()?.cancel(grant)
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        self.called()?.leak(now)
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.called()?.flush()
    }

    fn count(&self) -> Result<u64, BucketError> {
        self.called()?.count()
    }

    fn available(&self) -> Result<u64, BucketError> {
        self.called()?.available()
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.called()?.peek(index)
    }

    fn may_block(&self) -> bool {
        self.bucket.may_block()
    }

    fn into_any(self) -> AnyBucket {
        AnyBucket::dual(self)
    }
}

#[async_trait]
impl AsyncBucket for Counted {
    fn rates(&self) -> &Rates {
        self.bucket.rates()
    }

    async fn now_async(&self) -> Result<Timestamp, BucketError> {
        self.called()?.now_async().await
    }

    async fn reserve_async(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        self.called()?.reserve_async(item, max_delay).await
    }

    async fn put_async(&self, item: &RateItem<'_>) -> Result<Decision, BucketError> {
        self.called()?.put_async(item).await
    }

    async fn waiting_async(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.called()?.waiting_async(item).await
    }

    async fn cancel_async(&self, grant: &Grant) -> Result<bool, BucketError> {
        self.called()?.cancel_async(grant).await
    }

    async fn leak_async(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        self.called()?.leak_async(now).await
    }

    async fn flush_async(&self) -> Result<(), BucketError> {
        self.called()?.flush_async().await
    }

    async fn count_async(&self) -> Result<u64, BucketError> {
        self.called()?.count_async().await
    }

    async fn available_async(&self) -> Result<u64, BucketError> {
        self.called()?.available_async().await
    }

    async fn peek_async(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.called()?.peek_async(index).await
    }
}
