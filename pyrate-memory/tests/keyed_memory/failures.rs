//! Closures that panic or use the limiter themselves, and clocks that fail: nothing is lost, nothing hangs.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pyrate_memory::{
    AbstractBucket, AcquireError, BucketError, BucketFactory, Clock, InMemoryBucket, KeyedFactory,
    KeyedMemory, Limiter, ManualClock, Outcome, RateItem, Timestamp,
};

use crate::desk::{in_time, ms, per};

/// Panics without a message while it is set.
#[derive(Clone, Default)]
struct Fault(Arc<AtomicBool>);

impl Fault {
    fn set(&self, is_set: bool) {
        self.0.store(is_set, Ordering::SeqCst);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn strike(&self, name: &str) {
        if name == "bad" && self.is_set() {
            panic::resume_unwind(Box::new("on purpose"));
        }
    }
}

fn survives(limiter: &Limiter, fault: &Fault) {
    let try_acquire = |name| {
        let call = AssertUnwindSafe(|| limiter.try_acquire(name).is_ok());
        panic::catch_unwind(call).ok()
    };
    assert_eq!(try_acquire("good"), Some(true));
    fault.set(true);
    for _ in 0..3 {
        assert_eq!(try_acquire("bad"), None);
        assert_eq!(try_acquire("good"), Some(false));
        assert_eq!(limiter.buckets().len(), 1);
    }
    assert_eq!(try_acquire("other"), Some(true));
    fault.set(false);
    assert_eq!((try_acquire("bad"), try_acquire("bad")), (Some(true), Some(false)));
    assert_eq!(limiter.buckets().len(), 3);
}

#[test]
fn a_closure_of_rates_that_panics_loses_nothing() {
    let fault = Fault::default();
    let striking = fault.clone();
    let rates = move |name: &str| {
        striking.strike(name);
        per(1, ms(100))
    };
    let memory = KeyedMemory::builder_with_rates(rates).clock(ManualClock::new()).build();
    survives(&Limiter::with_factory(memory), &fault);
}

#[test]
fn a_closure_of_buckets_that_panics_loses_nothing() {
    let (fault, clock) = (Fault::default(), ManualClock::new());
    let striking = fault.clone();
    let factory = KeyedFactory::new(move |name| {
        striking.strike(name);
        Ok(InMemoryBucket::with_clock(per(1, ms(100)), clock.clone()).into())
    });
    survives(&Limiter::with_factory(factory), &fault);
}

/// Each name asks for the one it begins with: all of them but the last may lie in one shard.
#[test]
fn a_closure_of_rates_may_use_the_limiter_itself() {
    let itself: Arc<OnceLock<Limiter>> = Arc::default();
    let inner = Arc::clone(&itself);
    let memory = KeyedMemory::builder_with_rates(move |name| {
        let limiter = inner.get().unwrap();
        if let Some(shorter) = name.get(1..) {
            assert!(limiter.try_acquire(shorter.to_owned()).is_ok());
            limiter.dispose(shorter);
            assert!(limiter.buckets().len() < 200);
            limiter.flush().unwrap();
        }
        per(1, ms(100))
    });
    let memory = memory.clock(ManualClock::new()).max_names(1).build();
    let limiter = itself.get_or_init(|| Limiter::with_factory(memory)).clone();
    assert!(in_time(move || limiter.try_acquire("n".repeat(100)).is_ok()));
}

/// The name that its closure has used is not made a second time.
#[test]
fn a_closure_that_uses_its_own_name_does_not_double_the_limit() {
    let (itself, is_inside) = (Arc::new(OnceLock::<Limiter>::new()), Fault::default());
    let (inner, inside) = (Arc::clone(&itself), is_inside.clone());
    let memory = KeyedMemory::builder_with_rates(move |name| {
        if !inside.is_set() {
            inside.set(true);
            assert!(inner.get().unwrap().try_acquire(name.to_owned()).is_ok());
        }
        per(1, ms(100))
    });
    let memory = memory.clock(ManualClock::new()).build();
    let limiter = itself.get_or_init(|| Limiter::with_factory(memory)).clone();
    assert!(!in_time(move || limiter.try_acquire("a").is_ok()));
    assert!(is_inside.is_set());
}

/// A clock that fails while it is told to.
struct Failing(Fault, ManualClock);

impl Clock for Failing {
    fn now(&self) -> Result<Timestamp, BucketError> {
        if self.0.is_set() {
            return Err(BucketError::new(Outcome::NotRecorded, "no time"));
        }
        self.1.now()
    }
}

#[test]
fn a_clock_that_fails_is_a_typed_error_and_nothing_is_recorded() {
    let (fault, clock) = (Fault::default(), ManualClock::new());
    let failing = Failing(fault.clone(), clock.clone());
    let memory = Arc::new(KeyedMemory::builder(per(2, ms(100))).clock(failing).build());
    let limiter = Limiter::builder_with_factory(Arc::clone(&memory)).without_leaker().build();
    limiter.try_acquire("held").unwrap();
    fault.set(true);
    for name in ["held", "new"] {
        for failure in [limiter.try_acquire(name), limiter.acquire(name)] {
            let failure = failure.unwrap_err();
            assert!(matches!(failure, AcquireError::Bucket(_)), "{failure}");
            assert!(failure.to_string().ends_with("no time"), "{failure}");
        }
        fails_at_all_doors(&memory, name);
    }
    assert_eq!(memory.names(), 1);
    fault.set(false);
    assert_eq!(memory.buckets()[0].count().unwrap(), 1);
    assert!(limiter.try_acquire(("new", 2)).is_ok() && limiter.try_acquire("held").is_ok());
    clock.advance(ms(100));
    assert_eq!(memory.leak().unwrap(), 4);
}

fn fails_at_all_doors(memory: &KeyedMemory, name: &str) {
    let item = RateItem::new(name, 1);
    let bucket = memory.get(&item).unwrap().into_owned();
    assert!(bucket.now().is_err() && bucket.put(&item).is_err() && bucket.waiting(&item).is_err());
    assert!(bucket.count().is_err() && bucket.available().is_err() && bucket.peek(0).is_err());
    assert!(bucket.leak(None).is_err() && memory.leak().is_err() && memory.waiting(&item).is_err());
}

/// As in a bucket of its own, whose stamped items need no clock.
#[test]
fn a_stamped_item_needs_no_clock() {
    let fault = Fault::default();
    fault.set(true);
    let memory = KeyedMemory::builder(per(1, ms(100)));
    let memory = memory.clock(Failing(fault.clone(), ManualClock::new())).build();
    let alone = InMemoryBucket::with_clock(per(1, ms(100)), Failing(fault, ManualClock::new()));
    for millis in [0, 50, 100] {
        let timestamp = Some(Timestamp::from_micros(millis * 1_000));
        let item = RateItem { timestamp, ..RateItem::new("a", 1) };
        let ours = memory.reserve(&item, Duration::ZERO).unwrap();
        assert_eq!(ours, alone.put(&item).unwrap());
    }
}

/// It dropped every name, and granted without end from then on.
#[test]
fn a_clock_that_shows_too_much_for_once_forgets_no_name() {
    let clock = ManualClock::new();
    let memory = KeyedMemory::builder(per(1, ms(60_000))).clock(clock.clone()).build();
    let put = || memory.reserve(&RateItem::new("name", 1), Duration::ZERO);
    clock.set(Timestamp::from_micros(1_000_000_000));
    assert!(put().unwrap().is_granted());
    clock.set(Timestamp::from_micros(u64::MAX));
    assert!(put().is_err() && memory.leak().is_err());
    memory.leak_due();
    assert_eq!(memory.names(), 1);
    clock.set(Timestamp::from_micros(1_001_000_000));
    assert!(put().unwrap().is_denied());
}
