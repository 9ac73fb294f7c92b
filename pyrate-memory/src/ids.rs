//! Numbers of reservations, unique in this process: a grant of one bucket can't cancel a place in another, nor one from
//! before a name was forgotten a place of those who came after.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that was never given out before.
pub(crate) fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
