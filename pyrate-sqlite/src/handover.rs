//! A decision on its way to an async caller, who may be gone by now.

use pyrate_core::{AbstractBucket, Decision};

use crate::bucket::SqliteBucket;

/// A decision that was committed. A place in line that nobody takes is given back.
pub(crate) struct Handover {
    bucket: SqliteBucket,
    decision: Decision,
    is_taken: bool,
}

impl Handover {
    pub(crate) fn new(bucket: SqliteBucket, decision: Decision) -> Handover {
        Handover { bucket, decision, is_taken: false }
    }

    /// The decision, in its caller's hands.
    pub(crate) fn taken(mut self) -> Decision {
        self.is_taken = true;
        self.decision
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        if let Decision::Granted(grant) = self.decision
            && !self.is_taken
            && !grant.delay.is_zero()
        {
            self.bucket.cancel_later(grant);
        }
    }
}
