//! Leaking a bucket in the background: when it is due, and that nothing it does harms the others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::AnyBucket;
use super::errands::await_here;

/// When a bucket is to be leaked next; `None` until it holds something.
#[derive(Debug, Default)]
pub(super) struct LeakTime(Mutex<Option<Instant>>);

impl LeakTime {
    fn due(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AnyBucket {
    /// How long until it is to be leaked, if that is done each `interval`; `None` if it holds nothing, or never is.
    pub(crate) fn next_leak(&self, interval: Duration) -> Option<Duration> {
        let now = Instant::now();
        // An interval that no clock can reach never ends.
        let from_now = now.checked_add(interval).filter(|_| interval < Duration::MAX)?;
        let due = *self.leak_time().due();
        if due.is_none() && self.is_at_rest() {
            return None;
        }
        let due = due.unwrap_or(from_now);
        *self.leak_time().due() = Some(due);
        Some(due.saturating_duration_since(now))
    }

    /// Whether it holds nothing, as far as can be told without blocking.
    fn is_at_rest(&self) -> bool {
        let is_empty = || !self.may_block() && self.count().ok() == Some(0);
        catch_unwind(AssertUnwindSafe(is_empty)).unwrap_or(false)
    }

    /// Leaks it through whichever door it has. Nobody hears of a failure or a panic: an interval later it is tried
    /// again.
    pub(crate) fn leak_in_background(&self) {
        *self.leak_time().due() = None;
        let leak = || {
            if self.sync_door().is_ok() {
                let _ = self.leak(None);
            } else {
                await_here(async { drop(self.leak_async(None).await) });
            }
        };
        let _ = catch_unwind(AssertUnwindSafe(leak));
    }

    /// Whether it holds nothing, asked through whichever door it has; `false` if that can't be had.
    pub(crate) fn is_empty_here(&self) -> bool {
        let mut count = None;
        let ask = || {
            if self.sync_door().is_ok() {
                count = self.count().ok();
            } else {
                await_here(async { count = self.count_async().await.ok() });
            }
        };
        catch_unwind(AssertUnwindSafe(ask)).is_ok() && count == Some(0)
    }
}
