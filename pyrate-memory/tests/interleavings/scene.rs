//! The scene of a model: a bucket, a clock in the model's hands, and actors who call the bucket.

use std::sync::Arc;
use std::time::Duration;

use loom::thread::{self, JoinHandle};
use pyrate_core::{AbstractBucket, BucketError, Clock, Decision, Grant, Rate, Timestamp};

use crate::bucket::InMemoryBucket;
use crate::history::{self, Deed, Moment};
use crate::sync::{AtomicU64, Ordering};
use crate::verdict::{self, Tally};

/// One unit in ten microseconds.
pub(crate) fn one_in_ten() -> Rate {
    rate_of(1)
}

/// `limit` units in ten microseconds.
pub(crate) fn rate_of(limit: u64) -> Rate {
    Rate::new(limit, Duration::from_micros(10)).unwrap()
}

pub(crate) fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// A clock that orders nothing: a reading is any that was not yet overtaken to the reader's knowledge.
#[derive(Clone)]
struct Hands(Arc<AtomicU64>);

impl Clock for Hands {
    fn now(&self) -> Result<Timestamp, BucketError> {
        let now = at(self.0.load(Ordering::Relaxed));
        history::read(now);
        Ok(now)
    }
}

/// Clones are the same scene.
#[derive(Clone)]
pub(crate) struct Scene {
    bucket: Arc<InMemoryBucket>,
    clock: Hands,
}

impl Scene {
    fn new(rate: Rate, start: u64) -> Scene {
        history::begin(at(start));
        let clock = Hands(Arc::new(AtomicU64::new(start)));
        Scene { bucket: Arc::new(InMemoryBucket::with_clock(rate, clock.clone())), clock }
    }

    pub(crate) fn set_clock(&self, micros: u64) {
        history::set(at(micros));
        self.clock.0.store(micros, Ordering::Relaxed);
    }

    /// Asks for a unit, now or not at all; answers whether it was granted.
    pub(crate) fn put(&self) -> bool {
        self.reserve(0).is_granted()
    }

    fn reserve(&self, max_delay: u64) -> Decision {
        let max_delay = Duration::from_micros(max_delay);
        let reserve = || self.bucket.reserve(&verdict::unit(), max_delay).unwrap();
        history::call(reserve, |decision| Deed::Reserve { max_delay, decision: *decision })
    }

    /// Stands in line for a unit, with much patience.
    pub(crate) fn line_up(&self) -> Grant {
        match self.reserve(1_000) {
            Decision::Granted(grant) => grant,
            Decision::Denied(denial) => panic!("the line is short: {denial:?}"),
        }
    }

    pub(crate) fn cancel(&self, grant: Grant) -> bool {
        let cancel = || self.bucket.cancel(&grant).unwrap();
        history::call(cancel, |is_cancelled| Deed::Cancel { grant, is_cancelled: *is_cancelled })
    }

    pub(crate) fn flush(&self) {
        history::call(|| self.bucket.flush().unwrap(), |()| Deed::Flush);
    }

    /// Leaks by the clock, or as of `stamp`.
    pub(crate) fn leak(&self, stamp: Option<u64>) {
        history::call(|| self.bucket.leak(stamp.map(at)).unwrap(), |_| Deed::Leak);
    }

    /// Looks at the log under the lock.
    pub(crate) fn count(&self) -> u64 {
        history::call(|| self.bucket.count().unwrap(), |units| Deed::Count(*units))
    }

    /// Lets `act` run beside the others.
    pub(crate) fn spawn<T: 'static>(&self, act: impl FnOnce(&Scene) -> T + 'static) -> Actor<T> {
        let (scene, known) = (self.clone(), history::known());
        Actor(thread::spawn(move || {
            history::learn(known);
            let answer = act(&scene);
            (answer, history::known())
        }))
    }

    fn end(self) {
        // What the last change left is found by one more lock.
        self.count();
        verdict::judge(&history::take(), self.bucket.rates());
    }
}

pub(crate) struct Actor<T>(JoinHandle<(T, Moment)>);

impl<T> Actor<T> {
    /// Waits for its end. What it did happened before whatever the caller does next.
    pub(crate) fn join(self) -> T {
        let (answer, known) = self.0.join().unwrap();
        history::learn(known);
        answer
    }
}

/// Plays `model` in every interleaving: with two switches away from a thread that could go on, and with
/// `long_bound` of them where `PYRATE_LONG` is set (`None`: with any number).
pub(crate) fn explore(
    rate: Rate,
    start: u64,
    long_bound: Option<usize>,
    model: impl Fn(&Scene) + Send + Sync + 'static,
) -> Tally {
    let is_long = std::env::var_os("PYRATE_LONG").is_some();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = if is_long { long_bound } else { Some(2) };
    verdict::begin();
    builder.check(move || {
        let scene = Scene::new(rate, start);
        model(&scene);
        scene.end();
    });
    verdict::tally()
}
