//! Timing: a call repeated by one thread, or by many at once.

use std::hint::black_box;
use std::panic::resume_unwind;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

/// The time of `iterations` calls.
pub fn timed<T>(iterations: u64, mut call: impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..iterations {
        black_box(call());
    }
    start.elapsed()
}

/// Nanoseconds from one call to the next while so many threads call without a pause.
///
/// Not the time of a number of calls: with more threads than cores, most of it would be the time that
/// the last ones take to be woken up.
pub(super) fn pace_of<T, C: FnMut() -> T>(
    threads: u64,
    window: Duration,
    caller: &(impl Fn(u64) -> C + Sync),
) -> f64 {
    let (is_over, barrier) = (AtomicBool::new(false), Barrier::new(size(threads) + 1));
    let one = |number| {
        let call = caller(number);
        barrier.wait();
        calls_until(&is_over, call)
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|number| scope.spawn(move || one(number))).collect();
        barrier.wait();
        let start = Instant::now();
        thread::sleep(window);
        is_over.store(true, Ordering::Relaxed);
        let took = start.elapsed();
        pace(took, running.into_iter().map(joined).sum())
    })
}

fn calls_until<T>(is_over: &AtomicBool, mut call: impl FnMut() -> T) -> u64 {
    let mut calls = 0;
    while !is_over.load(Ordering::Relaxed) {
        black_box(call());
        calls += 1;
    }
    calls
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

#[expect(clippy::cast_precision_loss, reason = "calls of a fraction of a second fit a float")]
fn pace(took: Duration, calls: u64) -> f64 {
    took.as_secs_f64() * 1e9 / calls as f64
}

fn size(threads: u64) -> usize {
    usize::try_from(threads).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_timed() {
        let mut calls = 0;
        let _ = timed(23, || calls += 1);
        assert_eq!(calls, 23);
    }

    #[test]
    fn the_pace_of_sleepers_is_their_sleep_shared_by_all() {
        let nap = || thread::sleep(Duration::from_millis(4));
        let pace = pace_of(4, Duration::from_millis(60), &|_| nap);
        assert!(pace > 0.8e6, "{pace}");
    }

    #[test]
    fn a_pace_is_time_over_calls() {
        assert!((pace(Duration::from_micros(3), 2) - 1_500.0).abs() < 1e-9);
        assert!(pace(Duration::from_micros(3), 0).is_infinite());
    }
}
