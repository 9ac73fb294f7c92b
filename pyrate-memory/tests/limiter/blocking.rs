//! A bucket of one's own that may block: async callers reach it off the worker, and dropped ones give back their place.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pyrate_memory::{
    AbstractBucket, BucketError, Decision, Grant, InMemoryBucket, Limiter, ManualClock, RateItem,
    Rates, Timestamp,
};
use tokio::runtime::{Builder, Runtime};

use crate::desk::{Call, count, ms, per, poll, until};

/// What a test sees and does of a blocking bucket.
#[derive(Default)]
struct Probe {
    reserved_by: Mutex<Vec<ThreadId>>,
    cancelled_by: Mutex<Vec<ThreadId>>,
    /// Held by a test to keep the bucket from answering.
    gate: Mutex<()>,
    entered: AtomicUsize,
    /// So many calls of cancel panic first.
    panics: AtomicUsize,
}

struct BlockingBucket {
    inner: InMemoryBucket,
    probe: Arc<Probe>,
}

impl AbstractBucket for BlockingBucket {
    fn rates(&self) -> &Rates {
        self.inner.rates()
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.inner.now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.probe.entered.fetch_add(1, Ordering::SeqCst);
        let _open = self.probe.gate.lock().unwrap();
        self.probe.reserved_by.lock().unwrap().push(thread::current().id());
        self.inner.reserve(item, max_delay)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.inner.waiting(item)
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        self.probe.cancelled_by.lock().unwrap().push(thread::current().id());
        let panics = self.probe.panics.load(Ordering::SeqCst);
        self.probe.panics.store(panics.saturating_sub(1), Ordering::SeqCst);
        assert!(panics == 0, "this panic is part of the test");
        self.inner.cancel(grant)
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.inner.flush()
    }

    fn count(&self) -> Result<u64, BucketError> {
        self.inner.count()
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.inner.peek(index)
    }
}

/// A limiter over a blocking bucket of 1 per 100 ms that is full at 0.
pub(crate) struct Blocking {
    pub(crate) limiter: Limiter,
    clock: ManualClock,
    probe: Arc<Probe>,
}

impl Blocking {
    pub(crate) fn full() -> Blocking {
        let (clock, probe) = (ManualClock::new(), Arc::new(Probe::default()));
        let inner = InMemoryBucket::with_clock(per(1, ms(100)), clock.clone());
        let bucket = BlockingBucket { inner, probe: Arc::clone(&probe) };
        let limiter = Limiter::builder(bucket).sleeper(clock.sleeper()).build();
        let _used = limiter.try_acquire("first").unwrap();
        Blocking { limiter, clock, probe }
    }

    /// A call that sleeps in line, polled by this thread inside `runtime`.
    fn waiting(&self, runtime: &Runtime) -> Call<'_> {
        let (mut call, asleep): (Call<'_>, _) =
            (Box::pin(self.limiter.acquire_async("task")), self.clock.sleepers());
        let _inside = runtime.enter();
        while self.clock.sleepers() == asleep {
            assert!(poll(&mut call).is_pending());
            thread::yield_now();
        }
        call
    }

    fn assert_cancelled_elsewhere(&self) {
        until(|| count(&self.limiter) == 1);
        let cancelled_by = self.probe.cancelled_by.lock().unwrap().clone();
        assert_eq!(cancelled_by.len(), 1);
        assert!(!cancelled_by.contains(&thread::current().id()));
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
}

#[tokio::test]
async fn a_task_reaches_a_blocking_bucket_off_its_worker() {
    let blocking = Blocking::full();
    blocking.clock.advance(ms(100));
    blocking.limiter.acquire_async("task").await.unwrap();
    let reserved_by = blocking.probe.reserved_by.lock().unwrap().clone();
    assert_eq!(reserved_by[0], thread::current().id());
    assert_ne!(reserved_by[1], thread::current().id());
}

#[test]
fn a_thread_reaches_a_blocking_bucket_in_place() {
    let blocking = Blocking::full();
    blocking.clock.advance(ms(100));
    let _unit = blocking.limiter.acquire("thread").unwrap();
    assert_eq!(*blocking.probe.reserved_by.lock().unwrap(), [thread::current().id(); 2]);
}

#[test]
fn a_call_dropped_inside_its_runtime_gives_its_place_back_on_another_thread() {
    let (blocking, runtime) = (Blocking::full(), runtime());
    let call = blocking.waiting(&runtime);
    assert_eq!(count(&blocking.limiter), 2);
    let _inside = runtime.enter();
    drop(call);
    blocking.assert_cancelled_elsewhere();
}

#[test]
fn a_call_dropped_on_a_plain_thread_gives_its_place_back_on_another_thread() {
    let (blocking, runtime) = (Blocking::full(), runtime());
    drop(blocking.waiting(&runtime));
    blocking.assert_cancelled_elsewhere();
}

#[test]
fn a_call_dropped_after_its_runtime_was_shut_down_gives_its_place_back() {
    let (blocking, runtime) = (Blocking::full(), runtime());
    let call = blocking.waiting(&runtime);
    drop(runtime);
    drop(call);
    blocking.assert_cancelled_elsewhere();
}

#[test]
fn a_task_that_its_runtime_takes_down_gives_its_place_back() {
    let (blocking, runtime) = (Blocking::full(), runtime());
    let limiter = blocking.limiter.clone();
    runtime.spawn(async move { limiter.acquire_async("task").await });
    until(|| blocking.clock.sleepers() == 1);
    drop(runtime);
    blocking.assert_cancelled_elsewhere();
}

#[test]
fn a_reservation_that_completes_after_its_call_was_dropped_is_cancelled() {
    let (blocking, runtime) = (Blocking::full(), runtime());
    let gate = blocking.probe.gate.lock().unwrap();
    let mut call: Call<'_> = Box::pin(blocking.limiter.acquire_async("task"));
    {
        let _inside = runtime.enter();
        assert!(poll(&mut call).is_pending());
    }
    until(|| blocking.probe.entered.load(Ordering::SeqCst) == 2);
    drop(call);
    assert_eq!(blocking.probe.cancelled_by.lock().unwrap().len(), 0);
    drop(gate);
    until(|| blocking.probe.cancelled_by.lock().unwrap().len() == 1);
    blocking.assert_cancelled_elsewhere();
}

#[test]
fn a_cancel_that_panics_does_not_keep_later_ones_from_being_made() {
    let (blocking, runtime) = (Blocking::full(), runtime());
    let calls =
        [blocking.waiting(&runtime), blocking.waiting(&runtime), blocking.waiting(&runtime)];
    assert_eq!(count(&blocking.limiter), 4);
    blocking.probe.panics.store(1, Ordering::SeqCst);
    drop(calls);
    until(|| blocking.probe.cancelled_by.lock().unwrap().len() == 3);
    // The place whose cancel panicked is lost for its window, no more.
    until(|| count(&blocking.limiter) == 2);
}
