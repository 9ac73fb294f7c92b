//! Several hosts' worth of callers on one bucket in memory, in thousands of seeded schedules.

#![cfg(test)]

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use pyrate_conformance::simulation::{Tally, clean};
use pyrate_memory::{
    AbstractBucket, AnyBucket, BucketError, BucketFactory, Decision, Grant, InMemoryBucket,
    KeyedMemory, ManualClock, RateItem, Rates, Timestamp,
};

fn seeds(normal: u64) -> Range<u64> {
    let is_long = std::env::var_os("PYRATE_LONG").is_some();
    0..if is_long { normal * 100 } else { normal }
}

fn say(Tally { waited, left, places, vanished, .. }: Tally) {
    println!("{waited} waited, {left} left, {places} took their places, {vanished} vanished");
}

#[test]
fn thousands_of_schedules_are_served_in_order_and_lose_nothing() {
    say(clean(seeds(5_000), |rates: Rates, clock: ManualClock| {
        let bucket = Arc::new(InMemoryBucket::with_clock(rates, clock));
        move || Arc::clone(&bucket)
    }));
}

#[test]
fn thousands_of_schedules_on_a_name_of_many_are_so_too() {
    say(clean(seeds(2_000), |rates: Rates, clock: ManualClock| {
        let keyed = KeyedMemory::builder(rates.clone()).clock(clock).build();
        let keyed = Arc::new(keyed);
        move || Name { keyed: Arc::clone(&keyed), rates: rates.clone() }
    }));
}

/// One name of a [`KeyedMemory`], by the views that it gives.
struct Name {
    keyed: Arc<KeyedMemory>,
    rates: Rates,
}

impl Name {
    fn view(&self) -> Result<AnyBucket, BucketError> {
        Ok(self.keyed.get(&RateItem::new("", 1))?.into_owned())
    }
}

impl AbstractBucket for Name {
    fn rates(&self) -> &Rates {
        &self.rates
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.view()?.now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.keyed.reserve(item, max_delay)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.view()?.waiting(item)
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        self.view()?.cancel(grant)
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        self.view()?.leak(now)
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.view()?.flush()
    }

    fn count(&self) -> Result<u64, BucketError> {
        self.view()?.count()
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.view()?.peek(index)
    }
}
