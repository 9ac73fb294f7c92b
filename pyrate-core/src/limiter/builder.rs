//! Settings of a limiter.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::leaker::Leaker;
use super::{Inner, Limiter};
use crate::factory::BucketFactory;
use crate::sleeper::{Sleeper, TokioSleeper};

/// A limiter in the making; made by [`Limiter::builder`] and [`Limiter::builder_with_factory`].
#[must_use = "a builder does nothing until it is built"]
pub struct LimiterBuilder {
    factory: Box<dyn BucketFactory>,
    sleeper: Box<dyn Sleeper>,
    max_delay: Option<Duration>,
    leaker: Leaker,
}

impl LimiterBuilder {
    pub(super) fn new(factory: Box<dyn BucketFactory>) -> LimiterBuilder {
        let (sleeper, leaker) = (Box::new(TokioSleeper), Leaker::resting());
        LimiterBuilder { factory, sleeper, max_delay: None, leaker }
    }

    /// The longest that waiting calls wait if their request doesn't say, in whole microseconds. Default: for ever.
    ///
    /// Zero makes waiting calls refuse at once.
    pub fn max_delay(self, max_delay: Duration) -> LimiterBuilder {
        LimiterBuilder { max_delay: Some(max_delay), ..self }
    }

    /// How callers wait. Default: [`TokioSleeper`].
    pub fn sleeper(self, sleeper: impl Sleeper) -> LimiterBuilder {
        LimiterBuilder { sleeper: Box::new(sleeper), ..self }
    }

    /// Runs no background leaker.
    ///
    /// Without this, a thread leaks each bucket once in its
    /// [`leak_interval`](BucketFactory::leak_interval). It starts with the first call that leaves something to leak, and
    /// ends when nothing is left, or with the limiter. No decision depends on leaking: without it, memory that
    /// expired grants took is kept until others arrive, and so are the idle buckets of a
    /// [`KeyedFactory`](crate::KeyedFactory), until somebody calls [`leak`](BucketFactory::leak).
    pub fn without_leaker(self) -> LimiterBuilder {
        LimiterBuilder { leaker: Leaker::off(), ..self }
    }

    /// The limiter.
    #[must_use]
    pub fn build(self) -> Limiter {
        let LimiterBuilder { factory, sleeper, max_delay, leaker } = self;
        Limiter { inner: Arc::new(Inner { factory, sleeper, max_delay, leaker }) }
    }
}

impl fmt::Debug for LimiterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimiterBuilder").field("max_delay", &self.max_delay).finish_non_exhaustive()
    }
}
