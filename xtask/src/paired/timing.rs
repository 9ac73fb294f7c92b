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
        (Instant::now(), calls_until(&is_over, call))
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|number| scope.spawn(move || one(number))).collect();
        barrier.wait();
        thread::sleep(window);
        is_over.store(true, Ordering::Relaxed);
        let end = Instant::now();
        let threads: Vec<(Instant, u64)> = running.into_iter().map(joined).collect();
        pace(end, &threads)
    })
}

fn calls_until<T>(is_over: &AtomicBool, mut call: impl FnMut() -> T) -> u64 {
    let mut calls = 0;
    loop {
        black_box(call());
        // A call that was under way when time was up returned after the end, and has no place before it.
        if is_over.load(Ordering::Relaxed) {
            return calls;
        }
        calls += 1;
    }
}

// From the first one's start: who says when to end may be the last to be woken up.
#[expect(clippy::cast_precision_loss, reason = "calls of a fraction of a second fit a float")]
fn pace(end: Instant, threads: &[(Instant, u64)]) -> f64 {
    let start = threads.iter().map(|(start, _)| *start).min().unwrap_or(end);
    let calls: u64 = threads.iter().map(|(_, calls)| calls).sum();
    end.saturating_duration_since(start).as_secs_f64() * 1e9 / calls as f64
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
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
    fn a_call_that_was_under_way_when_time_was_up_does_not_count() {
        let (is_over, mut calls) = (AtomicBool::new(false), 0);
        let counted = calls_until(&is_over, || {
            calls += 1;
            is_over.store(calls == 5, Ordering::Relaxed);
        });
        assert_eq!(counted, 4);
    }

    #[test]
    fn a_pace_is_the_time_from_the_first_start_over_all_calls() {
        let start = Instant::now();
        let [late, end] = [3, 8].map(|micros| start + Duration::from_micros(micros));
        assert!((pace(end, &[(late, 1), (start, 3)]) - 2_000.0).abs() < 1e-9);
        assert!(pace(end, &[(start, 0)]).is_infinite());
    }
}
