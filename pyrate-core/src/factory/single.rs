//! One bucket for everything.

use std::borrow::Cow;
use std::time::Duration;

use super::BucketFactory;
use crate::bucket::AnyBucket;
use crate::error::BucketError;
use crate::pure::{Decision, RateItem};

/// Sends every item to one bucket, whatever its name: what [`Limiter::new`](crate::Limiter::new) uses.
#[derive(Clone, Debug)]
pub struct SingleBucketFactory {
    bucket: AnyBucket,
}

impl SingleBucketFactory {
    /// A factory that holds `bucket` only.
    #[must_use]
    pub fn new(bucket: impl Into<AnyBucket>) -> SingleBucketFactory {
        SingleBucketFactory { bucket: bucket.into() }
    }
}

impl BucketFactory for SingleBucketFactory {
    #[inline]
    fn get(&self, _item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError> {
        Ok(Cow::Borrowed(&self.bucket))
    }

    /// Overridden for speed: every call passes here.
    #[inline]
    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.bucket.reserve(item, max_delay)
    }

    fn buckets(&self) -> Vec<AnyBucket> {
        vec![self.bucket.clone()]
    }
}
