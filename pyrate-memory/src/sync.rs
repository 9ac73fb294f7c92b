//! The lock and the atomics on which the threads of an `InMemoryBucket` meet.
//!
//! Named in one place, so that `tests/interleavings` can put in theirs. `keyed` isn't played there and names its own.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use parking_lot::{Mutex, MutexGuard};
