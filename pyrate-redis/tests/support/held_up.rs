//! For how long the machine lets nobody run, which is no call's fault.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(2);

/// How late a sleeper wakes on any machine.
const USUAL: Duration = Duration::from_millis(1);

/// Watches until it is dropped.
pub(crate) struct HeldUp {
    micros: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl HeldUp {
    pub(crate) fn watch() -> HeldUp {
        let watch = HeldUp { micros: Arc::default(), is_over: Arc::default() };
        let (micros, is_over) = (Arc::clone(&watch.micros), Arc::clone(&watch.is_over));
        thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                let start = Instant::now();
                thread::sleep(NAP);
                let late = start.elapsed().saturating_sub(NAP + USUAL);
                micros.fetch_add(u64::try_from(late.as_micros()).unwrap(), Ordering::Relaxed);
            }
        });
        watch
    }

    /// What `work` answers, and how long it took beyond what the machine held up.
    pub(crate) fn timed<T>(&self, work: impl FnOnce() -> T) -> (T, Duration) {
        let (start, before) = (Instant::now(), self.micros.load(Ordering::Relaxed));
        let answer = work();
        let took = start.elapsed();
        // So that a sleeper who is late now has said so.
        thread::sleep(NAP);
        let held_up = self.micros.load(Ordering::Relaxed) - before;
        (answer, took.saturating_sub(Duration::from_micros(held_up)))
    }
}

impl Drop for HeldUp {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}
