//! A place in line that is given back if its caller goes away.

use crate::factory::BucketFactory;
use crate::pure::{Grant, RateItem};

/// A grant whose caller still waits for its instant. Dropped before it is used, it is cancelled.
pub(super) struct Reserved<'a> {
    factory: &'a dyn BucketFactory,
    item: &'a RateItem<'a>,
    grant: Grant,
    is_used: bool,
}

impl<'a> Reserved<'a> {
    pub(super) fn new(
        factory: &'a dyn BucketFactory,
        item: &'a RateItem<'a>,
        grant: Grant,
    ) -> Reserved<'a> {
        Reserved { factory, item, grant, is_used: false }
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
            self.factory.cancel_later(self.item, self.grant);
        }
    }
}
