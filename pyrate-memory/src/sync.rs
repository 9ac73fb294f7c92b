//! The lock and the atomics on which a bucket's threads meet.
//!
//! Named in one place, so that `tests/interleavings` can put in theirs.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use parking_lot::{Mutex, MutexGuard};
