//! The wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Clock;
use crate::error::{BucketError, Outcome};
use crate::pure::Timestamp;

/// Microseconds since 1970 by the operating system's wall clock: comparable between processes and across restarts.
///
/// It may be stepped. Set back, it makes buckets stand still until it has caught up; set forward, it lets grants leave
/// their windows too early. Where one process is all there is, [`MonotonicClock`](crate::MonotonicClock) is safer.
///
/// ```
/// use pyrate_core::{Clock, SystemClock};
///
/// assert!(SystemClock::new().now()?.as_micros() > 1_700_000_000_000_000);
/// # Ok::<(), pyrate_core::BucketError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The wall clock.
    #[must_use]
    pub const fn new() -> SystemClock {
        SystemClock
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Result<Timestamp, BucketError> {
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|before| BucketError::new(Outcome::NotRecorded, before))?;
        Ok(Timestamp::from_micros(u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX)))
    }
}
