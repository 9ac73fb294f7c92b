//! A place in line that is given back if its caller goes away.

use crate::bucket::AnyBucket;
use crate::pure::Grant;

/// A grant whose caller still waits for its instant. Dropped before it is used, it is cancelled.
///
/// It is cancelled at the bucket that granted it: asking the factory again could find another one by then.
pub(super) struct Reserved<'a> {
    bucket: &'a AnyBucket,
    grant: Grant,
    is_used: bool,
}

impl<'a> Reserved<'a> {
    pub(super) fn new(bucket: &'a AnyBucket, grant: Grant) -> Reserved<'a> {
        Reserved { bucket, grant, is_used: false }
    }

    /// The instant has come: the grant is the caller's.
    pub(super) fn used(mut self) -> Grant {
        self.is_used = true;
        self.grant
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.is_used {
            self.bucket.cancel_later(self.grant);
        }
    }
}
