//! What every test here has at hand: limiters on clocks that are moved by hand, and futures polled by hand.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_memory::{
    AcquireError, BucketError, Clock, Grant, InMemoryBucket, Limiter, ManualClock, Rate, Rates,
    Timestamp,
};

/// A call that waits.
pub(crate) type Call<'a> = Pin<Box<dyn Future<Output = Result<Grant, AcquireError>> + Send + 'a>>;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

pub(crate) const fn at_ms(millis: u64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

pub(crate) fn per(limit: u64, interval: Duration) -> Rates {
    Rate::new(limit, interval).unwrap().into()
}

/// A limiter whose callers wait for a clock in the test's hands.
pub(crate) fn on_manual(rates: impl Into<Rates>) -> (Limiter, ManualClock) {
    let clock = ManualClock::new();
    let bucket = InMemoryBucket::with_clock(rates, clock.clone());
    (Limiter::builder(bucket).sleeper(clock.sleeper()).build(), clock)
}

/// A limiter of `limit` per 100 ms that is full at 0.
pub(crate) fn full(limit: u64) -> (Limiter, ManualClock) {
    let (limiter, clock) = on_manual(per(limit, ms(100)));
    let _used = limiter.try_acquire(("first", limit)).unwrap();
    (limiter, clock)
}

/// Tokio's time, which moves by itself to the next timer while it is paused.
pub(crate) struct TokioClock(tokio::time::Instant);

impl TokioClock {
    pub(crate) fn start() -> TokioClock {
        TokioClock(tokio::time::Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Result<Timestamp, BucketError> {
        Ok(Timestamp::from_micros(u64::try_from(self.0.elapsed().as_micros()).unwrap()))
    }
}

/// A limiter on tokio's time, with the default sleeper.
pub(crate) fn on_tokio(rates: impl Into<Rates>) -> Limiter {
    Limiter::new(InMemoryBucket::with_clock(rates, TokioClock::start()))
}

/// A call of `acquire_async` that has taken its place in line.
pub(crate) fn waiting<'a>(limiter: &'a Limiter, name: &'a str, weight: u64) -> Call<'a> {
    let mut call: Call<'a> = Box::pin(limiter.acquire_async((name, weight)));
    assert!(poll(&mut call).is_pending(), "{name} should have to wait");
    call
}

pub(crate) fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// What `future` is ready with.
pub(crate) fn ready<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> F::Output {
    match poll(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("this future should be ready"),
    }
}

/// Lets other threads run until `holds`; gives up after half a minute, which only a hang takes.
pub(crate) fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "this should have come about");
        thread::yield_now();
    }
}

/// Units in the limiter's only bucket.
pub(crate) fn count(limiter: &Limiter) -> u64 {
    limiter.buckets()[0].count().unwrap()
}

/// The most instants in any half-open window of length `interval`.
pub(crate) fn fullest(instants: &[Timestamp], interval: Duration) -> usize {
    let inside = |end: &Timestamp| {
        let counts = |at: &&Timestamp| *at <= end && end.saturating_since(**at) < interval;
        instants.iter().filter(counts).count()
    };
    instants.iter().map(inside).max().unwrap_or(0)
}
