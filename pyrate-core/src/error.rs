//! What can go wrong in a bucket, apart from its answer being no.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::pure::{RateError, TimestampError};

/// What a failed call did to the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing was recorded.
    NotRecorded,
    /// The call may have been recorded: its answer was lost.
    Unknown,
}

/// A bucket failed: nothing is said about its limit.
///
/// ```
/// use pyrate_core::{BucketError, Outcome};
///
/// let error = BucketError::new(Outcome::NotRecorded, "the disk is full");
/// assert!(error.is_retryable());
/// assert_eq!(error.to_string(), "the bucket failed and recorded nothing: the disk is full");
/// ```
#[derive(Clone, Debug)]
pub struct BucketError {
    outcome: Outcome,
    is_permanent: bool,
    source: Arc<dyn Error + Send + Sync>,
}

impl BucketError {
    /// A failure with this outcome, caused by `source`.
    pub fn new(outcome: Outcome, source: impl Into<Box<dyn Error + Send + Sync>>) -> BucketError {
        BucketError { outcome, is_permanent: false, source: Arc::from(source.into()) }
    }

    /// The same failure, marked as one that the same call would meet again.
    #[must_use]
    pub fn permanent(self) -> BucketError {
        BucketError { is_permanent: true, ..self }
    }

    /// Whether the failed call may have been recorded.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether the same call may succeed later without being charged twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.outcome == Outcome::NotRecorded && !self.is_permanent
    }
}

impl fmt::Display for BucketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match self.outcome {
            Outcome::NotRecorded => "recorded nothing",
            Outcome::Unknown => "may have recorded the item",
        };
        write!(f, "the bucket failed and {outcome}: {}", self.source)
    }
}

impl Error for BucketError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

impl From<RateError> for BucketError {
    fn from(refusal: RateError) -> BucketError {
        BucketError::new(Outcome::NotRecorded, refusal).permanent()
    }
}

impl From<TimestampError> for BucketError {
    fn from(refusal: TimestampError) -> BucketError {
        BucketError::new(Outcome::NotRecorded, refusal).permanent()
    }
}

/// A call came through a door at which it can't be served; nothing was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DoorError {
    /// A sync call to a bucket that has only async methods.
    #[error("this bucket serves async callers only: call the `_async` method")]
    AsyncOnly,
    /// An async call to a bucket that may block, where no tokio runtime could lend a thread.
    #[error(
        "this bucket may block, which needs a tokio runtime: call it inside one, or the sync method"
    )]
    NoRuntime,
    /// An async caller would have to wait, and there is no timer.
    #[error(
        "waiting needs a tokio runtime with time enabled: call inside one, or set another sleeper"
    )]
    NoTimer,
}

impl From<DoorError> for BucketError {
    fn from(refusal: DoorError) -> BucketError {
        BucketError::new(Outcome::NotRecorded, refusal).permanent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_passing_failure_that_recorded_nothing_is_worth_a_retry() {
        assert!(BucketError::new(Outcome::NotRecorded, "busy").is_retryable());
        assert!(!BucketError::new(Outcome::NotRecorded, "corrupt").permanent().is_retryable());
        assert!(!BucketError::new(Outcome::Unknown, "lost").is_retryable());
        assert!(!BucketError::from(RateError::NoRates).is_retryable());
    }

    #[test]
    fn the_source_is_kept_and_can_be_told_apart() {
        let error = BucketError::from(DoorError::AsyncOnly);
        let source = error.source().and_then(<dyn Error>::downcast_ref::<DoorError>);
        assert_eq!(source, Some(&DoorError::AsyncOnly));
        assert_eq!(
            BucketError::new(Outcome::Unknown, "connection cut").to_string(),
            "the bucket failed and may have recorded the item: connection cut"
        );
    }
}
