//! A bucket beside a sliding log, given the same calls; every answer of theirs is compared.

use std::collections::HashSet;
use std::fmt::{Debug, Write};
use std::time::Duration;

use proptest::test_runner::TestCaseError;
use pyrate_redis::{
    AbstractBucket, Decision, Grant, ManualClock, RateItem, Rates, SlidingLog, Timestamp,
    TimestampError,
};

use crate::Make;

/// What is called; grants are counted from the latest one back.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Reserve {
        name: &'static str,
        weight: u64,
        max_delay: Duration,
    },
    Cancel {
        grant: usize,
    },
    /// Cancels one of those who still wait.
    Leave {
        waiting: usize,
    },
    Leak,
    Flush,
    Look,
}

pub(crate) type Check = Result<(), TestCaseError>;

pub(crate) struct Pair {
    log: SlidingLog,
    bucket: Box<dyn AbstractBucket>,
    clock: ManualClock,
    /// Of the log, and of the bucket: alike but for their numbers.
    grants: Vec<Grant>,
    found: Vec<Grant>,
    ids: HashSet<u64>,
    calls: String,
}

impl Pair {
    pub(crate) fn new(make: Make, rates: &Rates) -> Pair {
        let clock = ManualClock::new();
        Pair {
            log: SlidingLog::new(rates.clone()),
            bucket: make(rates.clone(), clock.clone()),
            clock,
            grants: Vec::new(),
            found: Vec::new(),
            ids: HashSet::new(),
            calls: format!("{rates}\n"),
        }
    }

    pub(crate) fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Makes one call on both sides and compares its answer, then all that can be seen.
    pub(crate) fn call(&mut self, now: Timestamp, call: &Call) -> Check {
        self.clock.set(now);
        let _ = writeln!(self.calls, "{now} {call:?}");
        match *call {
            Call::Reserve { name, weight, max_delay } => {
                self.reserve(&RateItem::new(name, weight), now, max_delay)?;
            }
            Call::Cancel { grant } => self.cancel(grant, now)?,
            Call::Leave { waiting } => {
                let line = self.line(now);
                if let Some(index) =
                    line.len().checked_sub(1).map(|last| last - waiting % line.len())
                {
                    self.cancel(self.grants.len() - 1 - line[index], now)?;
                }
            }
            Call::Leak => self.leak(now)?,
            Call::Flush => {
                self.log.flush();
                self.bucket.flush().unwrap();
            }
            Call::Look => {}
        }
        self.look(now)
    }

    fn reserve(&mut self, item: &RateItem<'_>, now: Timestamp, max_delay: Duration) -> Check {
        let due = self.log.reserve(item, now, max_delay);
        let found = self.bucket.reserve(item, max_delay);
        let shown = found.as_ref().map(|found| numberless(*found)).map_err(ToString::to_string);
        self.same("reserve", &due.map(numberless).map_err(text), &shown)?;
        if let (Ok(Decision::Granted(due)), Ok(Decision::Granted(found))) = (due, found) {
            let is_new = found.delay.is_zero() || self.ids.insert(found.id());
            self.same("a number that is never used again", &true, &is_new)?;
            self.grants.push(due);
            self.found.push(found);
        }
        Ok(())
    }

    fn cancel(&mut self, back: usize, now: Timestamp) -> Check {
        let Some(last) = self.grants.len().checked_sub(1) else { return Ok(()) };
        let index = last - back % self.grants.len();
        let (due, found) = (self.grants[index], self.found[index]);
        let due = self.log.cancel(&due, now).map_err(text);
        let found = self.bucket.cancel(&found).map_err(|error| error.to_string());
        self.same("cancel", &due, &found)
    }

    /// When units are dropped is each side's own business, but after a leak none are left to drop, and one that dropped some
    /// has seen its instant.
    fn leak(&mut self, now: Timestamp) -> Check {
        let found = self.bucket.leak(None);
        self.same("leak", &(now <= Timestamp::MAX), &found.is_ok())?;
        if found.is_ok_and(|units| units > 0) {
            self.log.leak(now).unwrap();
            self.log = self.log.clone().with_seen(self.log.seen().max(now));
        }
        if now <= Timestamp::MAX {
            self.same("a second leak", &0, &self.bucket.leak(None).unwrap())?;
        }
        Ok(())
    }

    fn look(&mut self, now: Timestamp) -> Check {
        let (log, bucket) = (&self.log, &self.bucket);
        let error = |error: pyrate_redis::BucketError| error.to_string();
        self.same("count", &log.count(now).map_err(text), &bucket.count().map_err(error))?;
        let due = log.available(now).map_err(text);
        self.same("available", &due, &bucket.available().map_err(error))?;
        for weight in [1, 2, log.rates().shortest().limit()] {
            let item = RateItem::new("", weight);
            let due = log.waiting(&item, now).map_err(text);
            self.same("waiting", &due, &bucket.waiting(&item).map_err(error))?;
        }
        let count = log.count(now).unwrap_or(0);
        for index in (0..count.min(12)).chain([count / 2, count.saturating_sub(1), count]) {
            let due = log.peek(index, now).map_err(text);
            self.same("peek", &due, &bucket.peek(index).map_err(error))?;
        }
        Ok(())
    }

    /// The grants that are not due yet.
    fn line(&self, now: Timestamp) -> Vec<usize> {
        let now = now.max(self.log.seen());
        (0..self.grants.len()).filter(|index| self.grants[*index].at > now).collect()
    }

    fn same<T: Debug + PartialEq>(&self, what: &str, due: &T, found: &T) -> Check {
        if due == found {
            return Ok(());
        }
        let calls = &self.calls;
        Err(TestCaseError::fail(format!("{calls}{what}:\n  due:   {due:?}\n  found: {found:?}")))
    }
}

/// A decision without the number under which it may be cancelled.
pub(crate) fn numberless(decision: Decision) -> Decision {
    match decision {
        Decision::Granted(grant) => Decision::Granted(grant.with_id(0)),
        denied @ Decision::Denied(_) => denied,
    }
}

fn text(error: TimestampError) -> String {
    pyrate_redis::BucketError::from(error).to_string()
}
