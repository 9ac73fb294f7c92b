//! The lock and the atomics of the models, under the names that the library's files call them by.
//!
//! Each lock is noted in the history, with the log that it found.

use pyrate_core::SlidingLog;

pub(crate) use loom::sync::MutexGuard;
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};

use crate::history;

pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl Mutex<SlidingLog> {
    pub(crate) fn new(log: SlidingLog) -> Mutex<SlidingLog> {
        Mutex(loom::sync::Mutex::new(log))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, SlidingLog> {
        let log = self.0.lock().unwrap();
        history::lock(&log);
        log
    }
}
