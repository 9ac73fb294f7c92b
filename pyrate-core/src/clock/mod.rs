//! Clocks: where a bucket's instants come from.
//!
//! A clock only tells the time. Waiting for an instant is the business of a `Sleeper`.

mod manual;
mod monotonic;
mod system;

use std::sync::Arc;

pub use manual::ManualClock;
pub use monotonic::MonotonicClock;
pub use system::SystemClock;

use crate::error::BucketError;
use crate::pure::{RateItem, Timestamp};

/// Tells the time to buckets.
///
/// Every bucket compares instants of its one clock only. A clock may run backwards: a bucket's time then stands still
/// until the clock has caught up.
///
/// ```
/// use pyrate_core::{BucketError, Clock, Timestamp};
///
/// /// Days are too short for some limits: here each one lasts ten.
/// struct SlowClock<C>(C);
///
/// impl<C: Clock> Clock for SlowClock<C> {
///     fn now(&self) -> Result<Timestamp, BucketError> {
///         Ok(Timestamp::from_micros(self.0.now()?.as_micros() / 10))
///     }
/// }
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the time can't be told. The call that asked then fails, having recorded nothing: no other
    /// time base steps in.
    fn now(&self) -> Result<Timestamp, BucketError>;

    /// The instant at which `item` is to be decided: its stamp, else the present.
    ///
    /// # Errors
    ///
    /// As [`Clock::now`]; a stamped item needs no reading.
    #[inline]
    fn now_for(&self, item: &RateItem<'_>) -> Result<Timestamp, BucketError> {
        item.timestamp.map_or_else(|| self.now(), Ok)
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Result<Timestamp, BucketError> {
        (**self).now()
    }
}

impl<C: Clock + ?Sized> Clock for Box<C> {
    fn now(&self) -> Result<Timestamp, BucketError> {
        (**self).now()
    }
}
