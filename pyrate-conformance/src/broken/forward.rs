//! Methods that a wrapper hands on to the bucket in its field `inner`.

macro_rules! forward {
    (@now) => {
        fn now(&self) -> Result<pyrate_core::Timestamp, pyrate_core::BucketError> {
            self.inner.now()
        }
    };
    (@rates) => {
        fn rates(&self) -> &pyrate_core::Rates {
            self.inner.rates()
        }
    };
    (@waiting) => {
        fn waiting(
            &self,
            item: &pyrate_core::RateItem<'_>,
        ) -> Result<Option<std::time::Duration>, pyrate_core::BucketError> {
            self.inner.waiting(item)
        }
    };
    (@cancel) => {
        fn cancel(&self, grant: &pyrate_core::Grant) -> Result<bool, pyrate_core::BucketError> {
            self.inner.cancel(grant)
        }
    };
    (@leak) => {
        fn leak(
            &self,
            now: Option<pyrate_core::Timestamp>,
        ) -> Result<u64, pyrate_core::BucketError> {
            self.inner.leak(now)
        }
    };
    (@flush) => {
        fn flush(&self) -> Result<(), pyrate_core::BucketError> {
            self.inner.flush()
        }
    };
    (@count) => {
        fn count(&self) -> Result<u64, pyrate_core::BucketError> {
            self.inner.count()
        }
    };
    (@available) => {
        fn available(&self) -> Result<u64, pyrate_core::BucketError> {
            self.inner.available()
        }
    };
    (@peek) => {
        fn peek(
            &self,
            index: u64,
        ) -> Result<Option<pyrate_core::RateItem<'static>>, pyrate_core::BucketError> {
            self.inner.peek(index)
        }
    };
    (@may_block) => {
        fn may_block(&self) -> bool {
            self.inner.may_block()
        }
    };
    ($($method:ident)*) => {
        $($crate::broken::forward::forward!(@$method);)*
    };
}

pub(super) use forward;
