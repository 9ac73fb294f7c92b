//! A bucket as simple as can be: a list of instants, one rate, and no waiting in line.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pyrate_memory::{
    AbstractBucket, BucketError, Clock, Decision, Denial, Grant, Limiter, ManualClock, Outcome,
    Rate, RateItem, Rates, Sleeper, Timestamp,
};

use crate::desk::ms;

/// Refuses every delay.
pub(crate) struct NaiveBucket {
    rates: Rates,
    clock: ManualClock,
    units: Mutex<Vec<Timestamp>>,
    fails: Arc<AtomicBool>,
    may_block: bool,
}

/// A limiter over a naive bucket of 1 per 100 ms that is full at 0, and what moves and breaks it.
pub(crate) struct Desk {
    pub(crate) limiter: Limiter,
    pub(crate) clock: ManualClock,
    pub(crate) fails: Arc<AtomicBool>,
}

impl Desk {
    pub(crate) fn full(may_block: bool) -> Desk {
        Desk::full_with(may_block, ManualClock::sleeper)
    }

    /// The same, whose callers wait by the sleeper that is made of the clock.
    pub(crate) fn full_with<S: Sleeper>(
        may_block: bool,
        sleeper: impl FnOnce(&ManualClock) -> S,
    ) -> Desk {
        let (clock, fails) = (ManualClock::new(), Arc::new(AtomicBool::new(false)));
        let rates = Rates::from(Rate::new(1, ms(100)).unwrap());
        let units = Mutex::new(vec![Timestamp::ZERO]);
        let (own, failing) = (clock.clone(), Arc::clone(&fails));
        let bucket = NaiveBucket { rates, clock: own, units, fails: failing, may_block };
        let limiter = Limiter::builder(bucket).sleeper(sleeper(&clock)).build();
        Desk { limiter, clock, fails }
    }

    pub(crate) fn breaks(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }
}

impl NaiveBucket {
    fn wait(&self, units: &[Timestamp], weight: u64, now: Timestamp) -> Option<Duration> {
        let rate = self.rates[0];
        let free = usize::try_from(rate.limit().checked_sub(weight)?).unwrap();
        let blocking = units.iter().rev().nth(free);
        let wait = |at: &Timestamp| rate.interval().saturating_sub(now.saturating_since(*at));
        Some(blocking.map_or(Duration::ZERO, wait))
    }

    fn check(&self) -> Result<(), BucketError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(BucketError::new(Outcome::NotRecorded, "the list is on fire"));
        }
        Ok(())
    }
}

impl AbstractBucket for NaiveBucket {
    fn rates(&self) -> &Rates {
        &self.rates
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.clock.now()
    }

    fn reserve(&self, item: &RateItem<'_>, _max_delay: Duration) -> Result<Decision, BucketError> {
        self.check()?;
        let mut units = self.units.lock().unwrap();
        let now = self.clock.now_for(item)?;
        let retry_after = self.wait(&units, item.weight, now);
        if retry_after != Some(Duration::ZERO) {
            return Ok(Decision::Denied(Denial { rate: self.rates[0], retry_after }));
        }
        units.extend((0..item.weight).map(|_| now));
        Ok(Decision::Granted(Grant::new(now, Duration::ZERO, item.weight)))
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        Ok(self.wait(&self.units.lock().unwrap(), item.weight, self.clock.now_for(item)?))
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.units.lock().unwrap().clear();
        Ok(())
    }

    fn count(&self) -> Result<u64, BucketError> {
        let now = self.now()?;
        let counts = |at: &&Timestamp| now.saturating_since(**at) < self.rates[0].interval();
        Ok(u64::try_from(self.units.lock().unwrap().iter().filter(counts).count()).unwrap())
    }

    fn peek(&self, _index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        Ok(None)
    }

    fn may_block(&self) -> bool {
        self.may_block
    }
}
