//! A `KeyedFactory` one of whose buckets does something else while it is asked whether it is empty.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pyrate_memory::{
    AbstractBucket, AnyBucket, BucketError, BucketFactory, Decision, InMemoryBucket, KeyedFactory,
    ManualClock, RateItem, Rates, Timestamp,
};

use crate::desk::{ms, per};

const LIMIT: u64 = 2;
const WINDOW: Duration = ms(10);

/// What may happen to the name, each at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Somebody gets the bucket and holds it.
    Get,
    Put,
    /// Whoever got it last puts.
    PutByHolder,
    /// Whoever got it first lets go.
    Release,
    Dispose,
    Sweep,
    /// A sweep during which the rest of what happens meanwhile takes place.
    SweepAround,
    Pass,
}

impl Deed {
    pub(crate) const ALL: [Deed; 8] = [
        Deed::Get,
        Deed::Put,
        Deed::PutByHolder,
        Deed::Release,
        Deed::Dispose,
        Deed::Sweep,
        Deed::SweepAround,
        Deed::Pass,
    ];
}

/// By which way the factory is made to sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Leak,
    LeakAsync,
    LeakDue,
}

/// Runs on the only thread of a test, so that the lock is never waited for.
pub(crate) struct World {
    factory: KeyedFactory,
    clock: ManualClock,
    way: Way,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What will take place the next time the bucket is asked for its count.
    meanwhile: VecDeque<Deed>,
    holders: Vec<AnyBucket>,
    /// When units were granted, since the name was disposed of.
    grants: Vec<Timestamp>,
    faults: Vec<String>,
}

impl World {
    /// The name is known, and holds nothing any more.
    pub(crate) fn new(way: Way) -> Arc<World> {
        Arc::new_cyclic(|world: &Weak<World>| {
            let (clock, world) = (ManualClock::new(), world.clone());
            let of_bucket = clock.clone();
            let make = move |_: &str| {
                let inner = InMemoryBucket::with_clock(per(LIMIT, WINDOW), of_bucket.clone());
                Ok(Hooked { inner, world: world.clone(), may_block: way != Way::LeakAsync }.into())
            };
            let factory = KeyedFactory::new(make);
            drop(factory.get(&item()).unwrap());
            World { factory, clock, way, state: Mutex::default() }
        })
    }

    /// `before`, then a sweep with `meanwhile` inside it, then `after`; says what went wrong.
    pub(crate) fn play(&self, before: &[Deed], meanwhile: &[Deed], after: &[Deed]) -> Vec<String> {
        self.deeds(before);
        self.state().meanwhile = meanwhile.iter().copied().collect();
        self.sweep();
        self.state().meanwhile.clear();
        self.deeds(after);
        self.deeds(&[Deed::Get, Deed::Put, Deed::Put, Deed::Put]);
        std::mem::take(&mut self.state().faults)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.try_lock().expect("one thread only, and no lock held while a bucket is asked")
    }

    fn deeds(&self, deeds: &[Deed]) {
        for deed in deeds {
            self.deed(*deed);
        }
    }

    fn deed(&self, deed: Deed) {
        match deed {
            Deed::Get => self.get(),
            Deed::Put => self.put(),
            Deed::PutByHolder => self.put_by_holder(),
            Deed::Release => self.release(),
            Deed::Dispose => self.dispose(),
            Deed::Sweep => self.sweep_alone(),
            Deed::SweepAround => self.sweep(),
            Deed::Pass => self.clock.advance(WINDOW),
        }
    }

    fn get(&self) {
        let bucket = self.factory.get(&item()).unwrap().into_owned();
        let mut state = self.state();
        if state.holders.iter().any(|held| !held.is_same(&bucket)) {
            state.faults.push("two buckets at once".into());
        }
        state.holders.push(bucket);
    }

    fn put(&self) {
        let decision = self.factory.reserve(&item(), Duration::ZERO).unwrap();
        self.note(decision);
    }

    fn put_by_holder(&self) {
        let holder = self.state().holders.last().cloned();
        if let Some(holder) = holder {
            self.note(holder.put(&item()).unwrap());
        }
    }

    fn note(&self, decision: Decision) {
        let Decision::Granted(grant) = decision else { return };
        let mut state = self.state();
        state.grants.push(grant.at);
        let in_window = |at: &&Timestamp| grant.at.saturating_since(**at) < WINDOW;
        if state.grants.iter().filter(in_window).count() as u64 > LIMIT {
            state.faults.push("more than the limit was granted".into());
        }
    }

    fn release(&self) {
        let mut state = self.state();
        let released = (!state.holders.is_empty()).then(|| state.holders.remove(0));
        drop(state);
        drop(released);
    }

    /// Holders from before have nothing to do with what comes after it.
    fn dispose(&self) {
        if self.factory.dispose("name") {
            let mut state = self.state();
            let holders = std::mem::take(&mut state.holders);
            state.grants.clear();
            drop(state);
            drop(holders);
        }
    }

    /// A sweep during which nothing happens.
    fn sweep_alone(&self) {
        let meanwhile = std::mem::take(&mut self.state().meanwhile);
        self.sweep();
        self.state().meanwhile = meanwhile;
    }

    fn sweep(&self) {
        match self.way {
            Way::Leak => assert!(self.factory.leak().is_ok()),
            Way::LeakDue => self.factory.leak_due(),
            Way::LeakAsync => {
                let mut leak = self.factory.leak_async();
                let leaked = leak.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(matches!(leaked, Poll::Ready(Ok(_))));
            }
        }
    }

    fn meanwhile(&self) {
        while let Some(deed) = { self.state().meanwhile.pop_front() } {
            self.deed(deed);
        }
    }
}

fn item() -> RateItem<'static> {
    RateItem::new("name", 1)
}

struct Hooked {
    inner: InMemoryBucket,
    world: Weak<World>,
    may_block: bool,
}

impl AbstractBucket for Hooked {
    fn rates(&self) -> &Rates {
        self.inner.rates()
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.inner.now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.inner.reserve(item, max_delay)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.inner.waiting(item)
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.inner.flush()
    }

    /// The answer is as old as it can be when it arrives.
    fn count(&self) -> Result<u64, BucketError> {
        let count = self.inner.count();
        if let Some(world) = self.world.upgrade() {
            world.meanwhile();
        }
        count
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.inner.peek(index)
    }

    fn may_block(&self) -> bool {
        self.may_block
    }
}
