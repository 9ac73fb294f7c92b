//! A `Limiter` over many names beside one bucket for each: who goes at once, who waits, until when, and who is refused.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq};
use pyrate_memory::{
    AbstractBucket, AcquireError, BucketFactory, Decision, Denial, Grant, InMemoryBucket,
    KeyedFactory, KeyedMemory, Limiter, ManualClock, Rates, Request, Timestamp,
};

use crate::desk::{Check, try_all};
use crate::history::{Deed, History, NAMES, Stamp, Step, forwards};
use crate::pair::item;

const STEPS: usize = 40;

#[test]
fn a_limiter_over_a_keyed_memory_decides_as_one_bucket_a_name_does() {
    try_all(1_500, 100_000, &forwards(STEPS), |history| {
        LimiterPair::of(&history, |clock, rates_of| {
            Arc::new(KeyedMemory::builder_with_rates(rates_of).clock(clock).build())
        })
        .play()
    });
}

#[test]
fn a_limiter_over_a_keyed_factory_decides_as_one_bucket_a_name_does() {
    try_all(1_500, 100_000, &forwards(STEPS), |history| {
        LimiterPair::of(&history, |clock, rates_of| {
            let bucket = move |name: &str| {
                Ok(InMemoryBucket::with_clock(rates_of(name), clock.clone()).into())
            };
            Arc::new(KeyedFactory::new(bucket))
        })
        .play()
    });
}

type RatesOf = Box<dyn Fn(&str) -> Rates + Send + Sync>;
type Call = Pin<Box<dyn Future<Output = Result<Grant, AcquireError>> + Send>>;

struct LimiterPair<'a> {
    history: &'a History,
    factory: Arc<dyn BucketFactory>,
    limiter: Limiter,
    buckets: Vec<InMemoryBucket>,
    clock: ManualClock,
    before: u64,
    now: u64,
    grants: Vec<(usize, Grant)>,
    /// Those who wait, and when they wake.
    line: BTreeMap<usize, (Call, usize, Grant, u64)>,
    calls: usize,
}

impl<'a> LimiterPair<'a> {
    fn of(
        history: &'a History,
        factory: impl Fn(ManualClock, RatesOf) -> Arc<dyn BucketFactory>,
    ) -> LimiterPair<'a> {
        let (clock, kinds) = (ManualClock::new(), history.kinds.clone());
        let rates_of = move |name: &str| {
            let index = NAMES.iter().position(|known| *known == name);
            kinds[index.unwrap() % 2].clone()
        };
        let factory = factory(clock.clone(), Box::new(rates_of));
        let builder = Limiter::builder_with_factory(Arc::clone(&factory)).without_leaker();
        let bucket =
            |name| InMemoryBucket::with_clock(history.rates_of(name).clone(), clock.clone());
        LimiterPair {
            limiter: builder.sleeper(clock.sleeper()).build(),
            buckets: (0..NAMES.len()).map(bucket).collect(),
            history,
            factory,
            clock,
            before: 0,
            now: 0,
            grants: Vec::new(),
            line: BTreeMap::new(),
            calls: 0,
        }
    }

    fn play(mut self) -> Check {
        self.history.steps.iter().try_for_each(|step| self.step(step))?;
        (0..NAMES.len()).try_for_each(|name| self.count(name))
    }

    fn step(&mut self, step: &Step) -> Check {
        let (name, rates) = (step.name, self.history.rates_of(step.name));
        let of_name: Vec<Grant> =
            self.grants.iter().filter(|it| it.0 == name).map(|it| it.1).collect();
        self.move_to(step.gap.to(self.now, rates, &of_name))?;
        // An idle bucket that is dropped forgets a stamp from the future: so there are none here.
        let stamp = match step.stamp {
            Stamp::Ahead(_) => None,
            other => other.instant(self.before, self.now, rates),
        };
        match step.deed {
            Deed::Reserve(weight, patience) => {
                self.acquire(name, weight.units(rates), stamp, patience.max_delay(rates))
            }
            Deed::Burst(units) => (0..units).try_for_each(|_| self.burst(name)),
            Deed::Cancel(back) => self.leave(back),
            Deed::Crowd(_) | Deed::Leak | Deed::LeakAll => self.leak(),
            Deed::Flush | Deed::Look(_) => self.count(name),
        }
    }

    /// Those whose instant has come go, and nobody else does.
    fn move_to(&mut self, now: u64) -> Check {
        (self.before, self.now) = (self.now, now);
        self.clock.set(Timestamp::from_micros(now));
        let mut went = Vec::new();
        for (number, (call, _, grant, wakes_at)) in &mut self.line {
            match poll(call) {
                Poll::Ready(Ok(ours)) => {
                    prop_assert!(now >= *wakes_at);
                    prop_assert_eq!((ours.at, ours.weight), (grant.at, grant.weight));
                    went.push(*number);
                }
                Poll::Ready(Err(failure)) => return Err(TestCaseError::fail(failure.to_string())),
                Poll::Pending => prop_assert!(now < *wakes_at),
            }
        }
        self.line.retain(|number, _| !went.contains(number));
        Ok(())
    }

    fn burst(&mut self, name: usize) -> Check {
        self.move_to(self.now + 1)?;
        self.acquire(name, 1, None, Duration::ZERO)
    }

    fn acquire(
        &mut self,
        name: usize,
        weight: u64,
        stamp: Option<Timestamp>,
        max_delay: Duration,
    ) -> Check {
        let item = item(name, weight, stamp);
        let theirs = self.buckets[name].reserve(&item, max_delay).unwrap();
        let mut call = self.call(name, weight, stamp, max_delay);
        match (poll(&mut call), theirs) {
            (Poll::Ready(Ok(ours)), Decision::Granted(grant)) => {
                prop_assert_eq!(ours, grant);
            }
            (Poll::Pending, Decision::Granted(grant)) => {
                prop_assert!(!grant.delay.is_zero());
                let wakes_at = self.now + u64::try_from(grant.delay.as_micros()).unwrap();
                self.calls += 1;
                self.line.insert(self.calls, (call, name, grant, wakes_at));
            }
            (Poll::Ready(Err(refused)), Decision::Denied(denial)) => same(&refused, denial)?,
            (ours, theirs) => prop_assert!(false, "{:?}, but {:?}", ours, theirs),
        }
        if let Decision::Granted(grant) = theirs {
            self.grants.push((name, grant));
        }
        Ok(())
    }

    /// By the sync door where nobody has to wait.
    fn call(
        &self,
        name: usize,
        weight: u64,
        stamp: Option<Timestamp>,
        max_delay: Duration,
    ) -> Call {
        let request = Request::new(NAMES[name]).weight(weight).max_delay(max_delay);
        let request = match stamp {
            Some(stamp) => request.timestamp(stamp),
            None => request,
        };
        if max_delay.is_zero() && weight % 2 == 1 {
            return Box::pin(std::future::ready(self.limiter.try_acquire(request)));
        }
        let limiter = self.limiter.clone();
        if max_delay.is_zero() {
            return Box::pin(async move { limiter.try_acquire_async(request).await });
        }
        Box::pin(async move { limiter.acquire_async(request).await })
    }

    fn leave(&mut self, back: u8) -> Check {
        let number = self.line.keys().rev().nth(usize::from(back)).copied();
        if let Some((call, name, grant, _)) = number.and_then(|it| self.line.remove(&it)) {
            drop(call);
            self.buckets[name].cancel(&grant).unwrap();
            return self.count(name);
        }
        Ok(())
    }

    fn leak(&self) -> Check {
        self.factory.leak().unwrap();
        let counting = self.buckets.iter().filter(|bucket| bucket.count().unwrap() > 0).count();
        prop_assert!(self.limiter.buckets().len() >= counting);
        Ok(())
    }

    fn count(&self, name: usize) -> Check {
        let bucket = self.factory.get(&item(name, 1, None)).unwrap().into_owned();
        prop_assert_eq!(bucket.count().unwrap(), self.buckets[name].count().unwrap());
        Ok(())
    }
}

fn poll(call: &mut Call) -> Poll<Result<Grant, AcquireError>> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// A refusal says what the bucket's denial says.
fn same(refused: &AcquireError, denial: Denial) -> Check {
    let retry_after = match refused {
        AcquireError::DelayExceeded { actual_delay, .. } => Some(*actual_delay),
        other => other.retry_after(),
    };
    prop_assert_eq!((refused.rate(), retry_after), (Some(denial.rate), denial.retry_after));
    Ok(())
}
