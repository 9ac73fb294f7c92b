//! Errands: cancellations that must not block whoever causes them.
//!
//! One thread per bucket at most, which ends when nothing is left to cancel.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::runtime::Handle;

use super::AnyBucket;
use crate::pure::Grant;

/// A grant to cancel, and the runtime in which its caller lived.
type Errand = (Grant, Option<Handle>);

/// The errands of one bucket.
#[derive(Debug, Default)]
pub(super) struct Errands(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    queue: VecDeque<Errand>,
    is_running: bool,
}

impl Errands {
    /// Hands over `grant`, to be cancelled at `bucket` by a thread of its own.
    pub(super) fn hand_over(&self, bucket: &AnyBucket, grant: Grant) {
        let mut open = self.lock();
        open.queue.push_back((grant, Handle::try_current().ok()));
        if open.is_running {
            return;
        }
        let runner = bucket.clone();
        let started =
            thread::Builder::new().name("pyrate-cancel".into()).spawn(move || run(&runner));
        // Where no thread can be had, the errand stays for the next one.
        open.is_running = started.is_ok();
    }

    fn next(&self) -> Option<Errand> {
        let mut open = self.lock();
        let next = open.queue.pop_front();
        open.is_running = next.is_some();
        next
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(bucket: &AnyBucket) {
    while let Some((grant, runtime)) = bucket.errands().next() {
        let _inside = runtime.as_ref().map(Handle::enter);
        // A bucket that panics here must not keep the other places from being given back.
        let _ = catch_unwind(AssertUnwindSafe(|| bucket.cancel_in_place(grant)));
    }
}
