//! The leaker: one background thread a limiter, for as long as there is something to leak.
//!
//! It sleeps until the next bucket is due, and ends when nothing is held or the limiter is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

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

/// Even where everything is due at once, it rests in between.
const SHORTEST_REST: Duration = Duration::from_millis(1);

/// A limiter's leaker.
#[derive(Debug)]
pub(super) struct Leaker {
    state: AtomicU8,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Leaker {
    pub(super) fn resting() -> Leaker {
        Leaker { state: AtomicU8::new(RESTING), thread: Mutex::default() }
    }

    pub(super) fn off() -> Leaker {
        Leaker { state: AtomicU8::new(OFF), thread: Mutex::default() }
    }

    /// Claims the right to run; one thread at a time has it.
    fn claim(&self) -> bool {
        self.state.compare_exchange(RESTING, RUNNING, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, limiter: Weak<Inner>) {
        let started = thread::Builder::new().name("pyrate-leaker".into()).spawn(|| run(limiter));
        match started {
            Ok(thread) => *self.thread() = Some(thread),
            // Where no thread can be had, the next call tries again.
            Err(_) => self.state.store(RESTING, Ordering::SeqCst),
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
        if self.inner.next_leak().is_some() && leaker.claim() {
            leaker.start(Arc::downgrade(&self.inner));
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
        let _ = catch_unwind(AssertUnwindSafe(|| self.factory.leak_due()));
        self.next_leak().map(|next| next.max(SHORTEST_REST))
    }

    /// Gives up the right to run, unless a call came in the meantime.
    fn may_end(&self) -> bool {
        // Before anybody can start another thread, whose handle would be taken instead.
        let thread = self.leaker.thread().take();
        self.leaker.state.store(RESTING, Ordering::SeqCst);
        if self.next_leak().is_none() || !self.leaker.claim() {
            return true;
        }
        *self.leaker.thread() = thread;
        false
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a thread owns what it works with")]
fn run(limiter: Weak<Inner>) {
    let mut has_lingered = false;
    // The limiter is held during a round only: who drops it in between ends this thread.
    while let Some(inner) = limiter.upgrade() {
        let rest = inner.leak_round();
        if rest.is_none() && has_lingered && inner.may_end() {
            return;
        }
        drop(inner);
        has_lingered = rest.is_none();
        thread::park_timeout(rest.unwrap_or(LINGER));
    }
}
