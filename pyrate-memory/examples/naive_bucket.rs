//! A bucket of one's own from scratch: a list of instants behind a lock.
//!
//! It refuses every delay, so its waiting callers ask again, in order of arrival, and are still served exactly. What it
//! costs: memory for every unit ever granted, and time in proportion to the units of a window. A bucket over `SlidingLog` costs neither.

// An example prints: that is its job.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyrate_memory::{
    AbstractBucket, BucketError, Clock, Decision, Denial, Grant, Limiter, MonotonicClock, Rate,
    RateItem, Rates, Timestamp,
};

/// One unit of one name.
type Unit = (Timestamp, String);

struct NaiveBucket {
    rates: Rates,
    clock: MonotonicClock,
    /// Every unit ever granted, oldest first.
    units: Mutex<Vec<Unit>>,
}

impl NaiveBucket {
    fn new(rates: impl Into<Rates>) -> NaiveBucket {
        NaiveBucket { rates: rates.into(), clock: MonotonicClock::new(), units: Mutex::default() }
    }

    fn units(&self) -> MutexGuard<'_, Vec<Unit>> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long until `rate` has room for `weight` more; `None`: never.
    fn wait(units: &[Unit], rate: Rate, weight: u64, now: Timestamp) -> Option<Duration> {
        let free = usize::try_from(rate.limit().checked_sub(weight)?).ok()?;
        // The newest unit that must have left the window.
        let Some((at, _)) = units.iter().rev().nth(free) else {
            return Some(Duration::ZERO);
        };
        Some(rate.interval().saturating_sub(now.saturating_since(*at)))
    }

    fn longest_wait(
        &self,
        units: &[Unit],
        weight: u64,
        now: Timestamp,
    ) -> (Rate, Option<Duration>) {
        let waits = self.rates.iter().map(|rate| (*rate, Self::wait(units, *rate, weight, now)));
        let longer = |first: (Rate, Option<Duration>), second: (Rate, Option<Duration>)| {
            let is_longer = first.1.is_some() && (second.1.is_none() || second.1 > first.1);
            if is_longer { second } else { first }
        };
        waits.reduce(longer).unwrap_or((self.rates.shortest(), None))
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
        let mut units = self.units();
        let now = self.clock.now_for(item)?;
        if item.weight == 0 {
            return Ok(Decision::Granted(Grant::new(now, Duration::ZERO, 0)));
        }
        match self.longest_wait(&units, item.weight, now) {
            (_, Some(Duration::ZERO)) => {
                units.extend((0..item.weight).map(|_| (now, item.name.to_string())));
                Ok(Decision::Granted(Grant::new(now, Duration::ZERO, item.weight)))
            }
            (rate, retry_after) => Ok(Decision::Denied(Denial { rate, retry_after })),
        }
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        let (units, now) = (self.units(), self.clock.now_for(item)?);
        match item.weight {
            0 => Ok(Some(Duration::ZERO)),
            weight => Ok(self.longest_wait(&units, weight, now).1),
        }
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.units().clear();
        Ok(())
    }

    fn count(&self) -> Result<u64, BucketError> {
        let (units, now) = (self.units(), self.now()?);
        let window = self.rates.longest().interval();
        let inside = units.iter().rev().take_while(|(at, _)| now.saturating_since(*at) < window);
        Ok(inside.count() as u64)
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        let shown = if index < self.count()? { usize::try_from(index).ok() } else { None };
        let units = self.units();
        let unit = shown.and_then(|index| units.iter().rev().nth(index));
        Ok(unit
            .map(|(at, name)| RateItem { timestamp: Some(*at), ..RateItem::new(name.clone(), 1) }))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let rates: Rates = "2/200ms;3/500ms".parse()?;
    println!("{rates}, kept by a bucket that refuses every delay:");
    let limiter = Limiter::new(NaiveBucket::new(rates));
    let start = Instant::now();
    for caller in 1..=7 {
        limiter.acquire("user-7")?;
        println!("  call {caller} went after {:4} ms", start.elapsed().as_millis());
    }
    println!(
        "  refused: {}",
        limiter.try_acquire(("user-7", 3)).map_or_else(|e| e.to_string(), |_| String::new())
    );
    Ok(())
}
