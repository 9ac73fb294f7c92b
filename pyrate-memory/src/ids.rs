//! Numbers of reservations: each log has a range of its own, so that a grant of one can't cancel a place in another.

use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// How many reservations a bucket numbers before it could meet the range of a later one.
pub(crate) const PER_BUCKET: u64 = 1 << 32;

/// The same for one name among many, whose logs come and go.
pub(crate) const PER_NAME: u64 = 1 << 24;

/// The first of `count` numbers.
pub(crate) fn first_of(count: u64) -> u64 {
    NEXT.fetch_add(count, Ordering::Relaxed)
}
