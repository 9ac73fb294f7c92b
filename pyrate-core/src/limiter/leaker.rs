//! The leaker: one background thread a limiter, for as long as there is something to leak.
//!
//! It sleeps until the next bucket is due, for a second at most, and ends when nothing is held or the limiter is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Inner, Limiter};

/// No thread runs; the next call starts one if there is something to leak.
const RESTING: u8 = 0;
const RUNNING: u8 = 1;
/// None ever runs.
const OFF: u8 = 2;

/// How long a thread with nothing left to leak stays: short windows would make every other call start one.
const LINGER: Duration = Duration::from_millis(100);

/// When to try again after the factory itself panicked.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// After a round it rests this many times as long as the round took, so that it takes a third of a processor at most.
const REST_FACTOR: u32 = 2;
const SHORTEST_REST: Duration = Duration::from_millis(5);

/// It rests no longer than this: a round of more than a twentieth of a second is thought to have waited for a store rather
/// than computed.
const LONGEST_REST: Duration = Duration::from_millis(100);

/// It looks this often at least: what comes after it fell asleep may be due earlier than all that it knew of.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Where nothing needs a leaker, the factory is asked at each call for so many calls: a bucket that is added soon is not
/// missed.
const CALLS_THAT_ASK: u32 = 64;

/// From then on it is asked again this many times as long after as its answer took, so that asking takes a hundredth of
/// the callers' time at most.
const PAUSE_FACTOR: u64 = 100;

/// A limiter's leaker.
#[derive(Debug)]
pub(super) struct Leaker {
    state: AtomicU8,
    /// Also the right to start and to end the thread.
    thread: Mutex<Option<JoinHandle<()>>>,
    /// How often the factory was asked in vain.
    asked: AtomicU32,
    /// When to ask it again, in nanoseconds since this was made.
    ask_at: AtomicU64,
    made: Instant,
}

impl Leaker {
    pub(super) fn resting() -> Leaker {
        Leaker::of(RESTING)
    }

    pub(super) fn off() -> Leaker {
        Leaker::of(OFF)
    }

    fn of(state: u8) -> Leaker {
        Leaker {
            state: AtomicU8::new(state),
            thread: Mutex::default(),
            asked: AtomicU32::new(0),
            ask_at: AtomicU64::new(0),
            made: Instant::now(),
        }
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nanoseconds since this was made.
    fn elapsed(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn start(&self, limiter: Weak<Inner>) {
        let mut thread = self.thread();
        if self.state.load(Ordering::SeqCst) == RESTING {
            let start = thread::Builder::new().name("pyrate-leaker".into());
            // Where no thread can be had, the next call tries again.
            if let Ok(started) = start.spawn(|| run(limiter)) {
                *thread = Some(started);
                self.state.store(RUNNING, Ordering::SeqCst);
            }
        }
    }

    /// Ends the thread, which is asleep: while it leaks it holds the limiter, so that nobody else could drop it.
    pub(super) fn stop(&self) {
        let Some(thread) = self.thread().take() else { return };
        // Also if this is that thread, because its hold on the limiter was the last one: it is about to fall asleep.
        thread.thread().unpark();
        if thread.thread().id() != thread::current().id() {
            let _ = thread.join();
        }
    }
}

impl Limiter {
    /// Sees to it that what this call left behind is leaked one day.
    #[inline]
    pub(super) fn wake_leaker(&self) {
        if self.inner.leaker.state.load(Ordering::Relaxed) == RESTING {
            self.start_leaker();
        }
    }

    #[cold]
    fn start_leaker(&self) {
        let leaker = &self.inner.leaker;
        let asked_at = leaker.elapsed();
        if asked_at < leaker.ask_at.load(Ordering::Relaxed) {
            return;
        }
        if self.inner.next_leak().is_some() {
            leaker.asked.store(0, Ordering::Relaxed);
            return leaker.start(Arc::downgrade(&self.inner));
        }
        if leaker.asked.fetch_add(1, Ordering::Relaxed) >= CALLS_THAT_ASK {
            leaker.asked.store(CALLS_THAT_ASK, Ordering::Relaxed);
            let now = leaker.elapsed();
            let pause = (now - asked_at).saturating_mul(PAUSE_FACTOR);
            leaker.ask_at.store(now.saturating_add(pause), Ordering::Relaxed);
        }
    }
}

impl Inner {
    /// What the factory says, which is its author's code: a panic must reach neither a caller nor the leaker's end.
    fn next_leak(&self) -> Option<Duration> {
        let next = catch_unwind(AssertUnwindSafe(|| self.factory.next_leak()));
        next.unwrap_or(Some(AFTER_PANIC))
    }

    /// Leaks what is due and answers how long to rest; `None` if there is nothing to leak.
    fn leak_round(&self) -> Option<Duration> {
        let start = Instant::now();
        let _ = catch_unwind(AssertUnwindSafe(|| self.factory.leak_due()));
        let next = self.next_leak()?;
        let rest = start.elapsed().saturating_mul(REST_FACTOR).clamp(SHORTEST_REST, LONGEST_REST);
        Some(next.clamp(rest, LONGEST_SLEEP))
    }

    /// Gives up the right to run, unless something came in the meantime; answers whether the thread has to end.
    fn end_unless_needed(&self) -> bool {
        let leaker = &self.leaker;
        leaker.state.store(RESTING, Ordering::SeqCst);
        let is_needed = self.next_leak().is_some();
        let mut thread = leaker.thread();
        // Another one may have been started by now, whose handle stands there instead.
        if leaker.state.load(Ordering::SeqCst) == RUNNING {
            return true;
        }
        if is_needed {
            leaker.state.store(RUNNING, Ordering::SeqCst);
        } else {
            *thread = None;
        }
        !is_needed
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a thread owns what it works with")]
fn run(limiter: Weak<Inner>) {
    let mut has_lingered = false;
    // The limiter is held during a round only: who drops it in between ends this thread.
    while let Some(inner) = limiter.upgrade() {
        let rest = inner.leak_round();
        if rest.is_none() && has_lingered && inner.end_unless_needed() {
            return;
        }
        drop(inner);
        has_lingered = rest.is_none();
        thread::park_timeout(rest.unwrap_or(LINGER));
    }
}
