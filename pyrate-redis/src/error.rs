//! What can go wrong between a bucket and its server.

use std::time::Duration;

use pyrate_core::{BucketError, Outcome};

/// A failure of the server, of the way to it, or of what is stored there.
///
/// A bucket's calls fail with a [`BucketError`] that has this one as its source:
///
/// ```
/// use std::error::Error;
/// use pyrate_redis::{BucketError, RedisError};
///
/// let failure = BucketError::from(RedisError::WrongType);
/// let source = failure.source().and_then(<dyn Error>::downcast_ref::<RedisError>);
/// assert!(matches!(source, Some(RedisError::WrongType)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// There is no connection; nothing was sent.
    #[error("the server can't be reached: {0}")]
    Unreachable(String),
    /// Next to none of its time was left when it could have been sent: calls before it were not answered, or connections
    /// did not last. Nothing was sent.
    #[error("the call was not sent: next to nothing is left of its {0:?}")]
    NotSent(Duration),
    /// The server didn't answer in time. It may have got the call, and may still execute it.
    #[error("the server did not answer within {0:?}")]
    TimedOut(Duration),
    /// The connection broke while the call was on its way; it is not sent again.
    #[error("the connection was lost before the answer came: {0}")]
    ConnectionLost(String),
    /// The server wants another user or password.
    #[error("the server refuses the credentials: {0}")]
    Authentication(String),
    /// The key is in use for something else.
    #[error("the bucket's key holds a value of another type")]
    WrongType,
    /// The key is in use for something else, or its value was damaged.
    #[error("the bucket's key holds a value that is not a bucket: {0}")]
    Corrupt(String),
    /// The bucket was written by another release of this crate.
    #[error("the bucket is stored in format {found}, this release knows format {known}")]
    OtherVersion {
        /// The version of the stored bucket.
        found: u8,
        /// The version that is read and written here.
        known: u8,
    },
    /// The server is a replica, which takes no changes.
    #[error("the server is a read-only replica: {0}")]
    ReadOnly(String),
    /// The server has just started and reads its data.
    #[error("the server is loading its data: {0}")]
    Loading(String),
    /// The server has reached its memory limit and may not forget anything for it.
    #[error("the server is out of memory: {0}")]
    OutOfMemory(String),
    /// The cluster is down, or is moving the bucket to another server, for longer than the call may take.
    #[error("the cluster has no answer: {0}")]
    Cluster(String),
    /// The server refused the call for another reason, which it says.
    #[error("the server refuses the call: {0}")]
    Refused(String),
    /// The server's answer isn't one of the script's.
    #[error("the server's answer makes no sense: {0}")]
    Answer(String),
    /// An address or a setting that can't be used.
    #[error("the store can't be opened like this: {0}")]
    Settings(String),
    /// The buckets of a keyed store can't be listed, so they can't be flushed together.
    #[error("a keyed store does not list its buckets: flush each of them by its name")]
    Unlisted,
    /// The store's own thread could not be started, or has ended.
    #[error("the store's thread is not running: {0}")]
    Stopped(String),
}

impl RedisError {
    /// Whether the failed call may have been recorded.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        use RedisError as E;
        match self {
            E::TimedOut(_) | E::ConnectionLost(_) | E::Answer(_) | E::Stopped(_) => {
                Outcome::Unknown
            }
            _ => Outcome::NotRecorded,
        }
    }

    /// Whether the same call would meet the same failure again, unless somebody mends what is wrong.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        use RedisError as E;
        matches!(
            self,
            E::Authentication(_)
                | E::WrongType
                | E::Corrupt(_)
                | E::OtherVersion { .. }
                | E::Settings(_)
                | E::Unlisted
                | E::Stopped(_)
        )
    }
}

impl From<RedisError> for BucketError {
    fn from(failure: RedisError) -> BucketError {
        let (outcome, is_permanent) = (failure.outcome(), failure.is_permanent());
        let error = BucketError::new(outcome, failure);
        if is_permanent { error.permanent() } else { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_surely_not_recorded_and_may_pass_is_worth_a_retry() {
        let retryable = |error: RedisError| BucketError::from(error).is_retryable();
        assert!(retryable(RedisError::Unreachable(String::new())));
        assert!(retryable(RedisError::NotSent(Duration::ZERO)));
        assert!(retryable(RedisError::OutOfMemory(String::new())));
        assert!(retryable(RedisError::Cluster(String::new())));
        assert!(!retryable(RedisError::TimedOut(Duration::ZERO)));
        assert!(!retryable(RedisError::ConnectionLost(String::new())));
        assert!(!retryable(RedisError::WrongType));
    }
}
