//! Errands: cancellations that must not block whoever causes them.
//!
//! One thread per bucket at most, which ends when nothing is left to cancel.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::AnyBucket;
use crate::pure::Grant;

/// The errands of one bucket.
#[derive(Debug, Default)]
pub(super) struct Errands(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    queue: VecDeque<Grant>,
    is_running: bool,
}

impl Errands {
    /// Hands over `grant`, to be cancelled at `bucket` by a thread of its own.
    pub(super) fn hand_over(&self, bucket: &AnyBucket, grant: Grant) {
        let mut open = self.lock();
        open.queue.push_back(grant);
        if open.is_running {
            return;
        }
        let runner = bucket.clone();
        let started =
            thread::Builder::new().name("pyrate-cancel".into()).spawn(move || run(&runner));
        // Where no thread can be had, the errand stays for the next one.
        open.is_running = started.is_ok();
    }

    fn next(&self) -> Option<Grant> {
        let mut open = self.lock();
        let next = open.queue.pop_front();
        open.is_running = next.is_some();
        next
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long one errand of an async bucket may keep the next one waiting.
const LONGEST_ERRAND: Duration = Duration::from_secs(10);

/// Awaits `errand` in a runtime that nobody else needs to drive.
pub(super) fn await_here(errand: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    if let Ok(runtime) = runtime {
        let _ = runtime.block_on(async { tokio::time::timeout(LONGEST_ERRAND, errand).await });
    }
}

fn run(bucket: &AnyBucket) {
    while let Some(grant) = bucket.errands().next() {
        // A bucket that panics here must not keep the other places from being given back.
        let _ = catch_unwind(AssertUnwindSafe(|| bucket.cancel_in_place(grant)));
    }
}
