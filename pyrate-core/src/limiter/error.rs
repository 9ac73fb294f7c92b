//! Why a caller was not let through.

use std::time::Duration;

use crate::error::BucketError;
use crate::pure::Rate;

/// Why a caller was not let through: nothing was taken on its behalf, unless a failed bucket says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// There is no room now.
    #[error("bucket for `{name}` is full: {rate} allows no more for {retry_after:?}")]
    BucketFull {
        /// The name that was asked for.
        name: String,
        /// The units that were asked for.
        weight: u64,
        /// The rate that is in the way.
        rate: Rate,
        /// How long until they fit, if nothing else is granted.
        retry_after: Duration,
    },
    /// Waiting for room would take longer than the caller may wait.
    #[error(
        "`{name}` would have to wait {actual_delay:?} for {rate}, longer than its max_delay of {max_delay:?}: allow more or try later"
    )]
    DelayExceeded {
        /// The name that was asked for.
        name: String,
        /// The units that were asked for.
        weight: u64,
        /// The rate that is in the way.
        rate: Rate,
        /// The longest that the caller may wait.
        max_delay: Duration,
        /// How long it would have had to wait, as far as is known: at least this long.
        actual_delay: Duration,
    },
    /// The weight is above the limit, so it can never fit.
    #[error("`{name}` asks for {weight} at once, which {rate} never allows: split it")]
    TooHeavy {
        /// The name that was asked for.
        name: String,
        /// The units that were asked for.
        weight: u64,
        /// The rate with the shortest interval whose limit is lower.
        rate: Rate,
    },
    /// The bucket failed: nothing is said about the limit.
    #[error(transparent)]
    Bucket(#[from] BucketError),
}

impl AcquireError {
    /// The name that was asked for; `None` if the bucket failed.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            AcquireError::BucketFull { name, .. }
            | AcquireError::DelayExceeded { name, .. }
            | AcquireError::TooHeavy { name, .. } => Some(name),
            AcquireError::Bucket(_) => None,
        }
    }

    /// The units that were asked for; `None` if the bucket failed.
    #[must_use]
    pub fn weight(&self) -> Option<u64> {
        match self {
            AcquireError::BucketFull { weight, .. }
            | AcquireError::DelayExceeded { weight, .. }
            | AcquireError::TooHeavy { weight, .. } => Some(*weight),
            AcquireError::Bucket(_) => None,
        }
    }

    /// The rate that is in the way; `None` if the bucket failed.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        match self {
            AcquireError::BucketFull { rate, .. }
            | AcquireError::DelayExceeded { rate, .. }
            | AcquireError::TooHeavy { rate, .. } => Some(*rate),
            AcquireError::Bucket(_) => None,
        }
    }

    /// How long after it was made the same request would have fitted, as far as is known; `None` if it never fits, or the bucket failed.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            AcquireError::BucketFull { retry_after, .. } => Some(*retry_after),
            AcquireError::DelayExceeded { actual_delay, .. } => Some(*actual_delay),
            AcquireError::TooHeavy { .. } | AcquireError::Bucket(_) => None,
        }
    }

    /// Whether the limit is the reason, rather than a failure.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        !matches!(self, AcquireError::Bucket(_))
    }
}
