//! Settings of a limiter.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Inner, Limiter};
use crate::factory::BucketFactory;
use crate::sleeper::{Sleeper, TokioSleeper};

/// A limiter in the making; made by [`Limiter::builder`] and [`Limiter::builder_with_factory`].
#[must_use = "a builder does nothing until it is built"]
pub struct LimiterBuilder {
    factory: Box<dyn BucketFactory>,
    sleeper: Box<dyn Sleeper>,
    max_delay: Option<Duration>,
}

impl LimiterBuilder {
    pub(super) fn new(factory: Box<dyn BucketFactory>) -> LimiterBuilder {
        LimiterBuilder { factory, sleeper: Box::new(TokioSleeper), max_delay: None }
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

    /// Runs no background leaker. Today no limiter does: this only says that one isn't wanted later either.
    ///
    /// No decision depends on leaking; without it, memory that expired grants took is kept until others arrive.
    pub fn without_leaker(self) -> LimiterBuilder {
        self
    }

    /// The limiter.
    #[must_use]
    pub fn build(self) -> Limiter {
        let LimiterBuilder { factory, sleeper, max_delay } = self;
        Limiter { inner: Arc::new(Inner { factory, sleeper, max_delay }) }
    }
}

impl fmt::Debug for LimiterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimiterBuilder").field("max_delay", &self.max_delay).finish_non_exhaustive()
    }
}
