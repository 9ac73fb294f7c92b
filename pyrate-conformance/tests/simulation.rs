//! The simulation finds what it is made to find: faults are planted, and a right bucket passes.

#![cfg(test)]

use std::time::Duration;

use pyrate_conformance::broken::{
    CancelledStays, GivenBackTwice, LastInFirstOut, LightPassesHeavy,
};
use pyrate_conformance::pyrate_core::{
    AbstractBucket, BucketError, Decision, Grant, ManualClock, RateItem, Rates, Timestamp,
};
use pyrate_conformance::simulation::{clean, first_finding, play};
use pyrate_conformance::{MemoryBucket, MemoryStore};

/// Within so many schedules a fault must be found.
const SOON: u64 = 500;

fn right(rates: Rates, clock: ManualClock) -> impl FnMut() -> MemoryBucket {
    let store = MemoryStore::new(clock);
    move || store.bucket("key", rates.clone())
}

/// What the first schedule that finds something says.
fn found<B: AbstractBucket, F: FnMut() -> B>(open: impl Fn(Rates, ManualClock) -> F) -> String {
    let finding = first_finding(0..SOON, open).expect("a planted fault is found");
    println!("{finding}");
    finding.what.clone()
}

/// Wraps each handle on a right bucket.
fn wrapped<B>(wrap: fn(MemoryBucket) -> B) -> impl Fn(Rates, ManualClock) -> Box<dyn FnMut() -> B>
where
    B: 'static,
{
    move |rates, clock| {
        let mut open = right(rates, clock);
        Box::new(move || wrap(open()))
    }
}

#[test]
fn a_right_bucket_is_clean_and_everything_happens_to_it() {
    let tally = clean(0..SOON, right);
    // One seed that is played alone shows what it shows, and not everything.
    if std::env::var_os("PYRATE_SEED").is_some() {
        return;
    }
    for (what, times) in [
        ("at once", tally.at_once),
        ("waited", tally.waited),
        ("denied", tally.denied),
        ("left", tally.left),
        ("took a place", tally.places),
        ("vanished", tally.vanished),
    ] {
        assert!(times > SOON / 5, "{what}: {times}");
    }
}

#[test]
fn waiters_who_go_last_in_first_out_are_found() {
    let what = found(|rates, clock| {
        let store = MemoryStore::<LastInFirstOut>::with_habits(clock);
        move || store.bucket("key", rates.clone())
    });
    assert!(what.starts_with("order") || what.starts_with("capacity"), "{what}");
}

#[test]
fn light_callers_who_pass_heavy_ones_are_found() {
    let open = |rates: Rates, clock| {
        let store = MemoryStore::<LightPassesHeavy>::with_habits(clock);
        move || store.bucket("key", rates.clone())
    };
    let named = |seed| play(seed, open).is_err_and(|found| found.what.starts_with("order"));
    assert!((0..SOON).any(named));
}

#[test]
fn a_cancel_that_gives_back_twice_is_found() {
    let what = found(wrapped(|bucket| Twice(GivenBackTwice::new(bucket))));
    assert!(!what.starts_with("leaving"), "it is found by what comes of it: {what}");
}

#[test]
fn a_cancel_that_is_sent_twice_and_believed_twice_is_found() {
    let what = found(wrapped(GivenBackTwice::new));
    assert!(what.starts_with("leaving"), "{what}");
}

#[test]
fn a_cancel_that_gives_nothing_back_is_found() {
    found(wrapped(CancelledStays::new));
}

#[test]
fn a_seed_repeats_to_the_last_detail() {
    let story = |seed| {
        let open = wrapped(CancelledStays::new);
        play(seed, open).err().map(|finding| finding.to_string())
    };
    let seed = (0..SOON).find(|seed| story(*seed).is_some()).unwrap();
    assert_eq!(story(seed), story(seed));
}

#[test]
fn a_finding_names_the_seed_and_the_tests_that_play_it_alone() {
    let finding = first_finding(0..SOON, wrapped(CancelledStays::new)).unwrap();
    let (told, tests) = (finding.to_string(), module_path!());
    let command = format!("PYRATE_SEED={} cargo test --all-features --test {tests}", finding.seed);
    assert!(told.ends_with(&command), "{told}");
}

/// Each cancel gives back twice, and says nothing of it.
struct Twice(GivenBackTwice);

impl AbstractBucket for Twice {
    fn rates(&self) -> &Rates {
        self.0.rates()
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.0.now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.0.reserve(item, max_delay)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.0.waiting(item)
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        let is_cancelled = self.0.cancel(grant)?;
        self.0.cancel(grant)?;
        Ok(is_cancelled)
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        self.0.leak(now)
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.0.flush()
    }

    fn count(&self) -> Result<u64, BucketError> {
        self.0.count()
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.0.peek(index)
    }
}
