//! Get, use, release, dispose and sweep in every order: never two buckets for one name at once.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use pyrate_memory::{
    AbstractBucket, AnyBucket, BucketFactory, Decision, InMemoryBucket, KeyedMemory, ManualClock,
    RateItem, Timestamp,
};

use crate::desk::{ms, per};
use crate::interleaved::{Deed, Way, World};

/// Every sequence of up to `most` of `deeds`.
fn sequences<T: Copy>(deeds: &[T], most: usize) -> Vec<Vec<T>> {
    let (mut all, mut last) = (vec![Vec::new()], vec![Vec::new()]);
    for _ in 0..most {
        let longer = |shorter: &Vec<T>| {
            let shorter = shorter.clone();
            deeds.iter().map(move |deed| [&shorter[..], &[*deed]].concat())
        };
        last = last.iter().flat_map(longer).collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// Whatever happens before a factory asks a bucket whether it is empty, meanwhile, and after.
fn interleave(way: Way, before: usize, meanwhile: usize, after: usize) {
    let [before, meanwhile, after] =
        [before, meanwhile, after].map(|most| sequences(&Deed::ALL, most));
    for before in &before {
        for meanwhile in &meanwhile {
            for after in &after {
                let faults = World::new(way).play(before, meanwhile, after);
                assert!(faults.is_empty(), "{before:?}, {meanwhile:?}, {after:?}: {faults:?}");
            }
        }
    }
}

#[test]
fn a_name_never_has_two_buckets_in_whatever_order_a_factory_is_used_while_it_sweeps() {
    let is_long = env::var_os("PYRATE_LONG").is_some();
    for way in [Way::Leak, Way::LeakAsync, Way::LeakDue] {
        interleave(way, 1, 2, 1);
        interleave(way, 0, 3, 1);
        interleave(way, 2, 1, 0);
        if is_long {
            interleave(way, 2, 3, 1);
        }
    }
}

/// The new bucket had been handed out as often as the old one, and was dropped in its place with all it held.
#[test]
fn a_name_disposed_of_while_its_old_bucket_is_asked_keeps_its_new_one() {
    let faults = World::new(Way::Leak).play(&[], &[Deed::Dispose, Deed::Put, Deed::Put], &[]);
    assert!(faults.is_empty(), "{faults:?}");
}

/// What may happen to a name of a `KeyedMemory`; its handles are views, which need no releasing.
#[derive(Clone, Copy, Debug)]
enum Step {
    Get,
    Put,
    PutByHandle,
    Wait,
    Dispose,
    Leak,
    Pass,
}

const STEPS: [Step; 7] =
    [Step::Get, Step::Put, Step::PutByHandle, Step::Wait, Step::Dispose, Step::Leak, Step::Pass];

struct Beside {
    memory: Arc<KeyedMemory>,
    bucket: InMemoryBucket,
    handle: AnyBucket,
    clock: ManualClock,
}

impl Beside {
    fn new() -> Beside {
        let clock = ManualClock::new();
        let memory = KeyedMemory::builder(per(2, ms(10))).clock(clock.clone()).build();
        let handle = memory.get(&item()).unwrap().into_owned();
        Beside { memory: Arc::new(memory), bucket: bucket(&clock), handle, clock }
    }

    /// The grants or denials of both sides.
    fn step(&mut self, step: Step) -> Option<[(Option<Timestamp>, bool); 2]> {
        let ours = match step {
            Step::Get => self.memory.get(&item()).map(|handle| self.handle = handle.into_owned()),
            Step::Leak => self.memory.leak().map(drop),
            Step::Pass => {
                self.clock.advance(ms(10));
                Ok(())
            }
            Step::Dispose => {
                self.memory.dispose("name");
                self.bucket = bucket(&self.clock);
                Ok(())
            }
            Step::Put => {
                return Some(self.both(
                    |beside| beside.memory.reserve(&item(), Duration::ZERO).unwrap(),
                    Duration::ZERO,
                ));
            }
            Step::PutByHandle => {
                return Some(
                    self.both(|beside| beside.handle.put(&item()).unwrap(), Duration::ZERO),
                );
            }
            Step::Wait => {
                return Some(self.both(
                    |beside| beside.memory.reserve(&item(), Duration::MAX).unwrap(),
                    Duration::MAX,
                ));
            }
        };
        ours.unwrap();
        None
    }

    fn both(
        &self,
        ours: impl Fn(&Beside) -> Decision,
        max_delay: Duration,
    ) -> [(Option<Timestamp>, bool); 2] {
        let theirs = self.bucket.reserve(&item(), max_delay).unwrap();
        [ours(self), theirs].map(|decision| match decision {
            Decision::Granted(grant) => (Some(grant.at), grant.delay.is_zero()),
            Decision::Denied(_) => (None, false),
        })
    }
}

fn bucket(clock: &ManualClock) -> InMemoryBucket {
    InMemoryBucket::with_clock(per(2, ms(10)), clock.clone())
}

fn item() -> RateItem<'static> {
    RateItem::new("name", 1)
}

#[test]
fn a_name_of_a_keyed_memory_is_one_bucket_in_whatever_order_it_is_used_and_forgotten() {
    for steps in sequences(&STEPS, 5) {
        let mut beside = Beside::new();
        for step in steps.iter().chain(&[Step::Put, Step::PutByHandle, Step::Put]) {
            if let Some([ours, theirs]) = beside.step(*step) {
                assert_eq!(ours, theirs, "{step:?} in {steps:?}");
            }
        }
        assert_eq!(beside.handle.count().unwrap(), beside.bucket.count().unwrap(), "{steps:?}");
        assert_eq!(beside.memory.names(), usize::from(beside.bucket.count().unwrap() > 0));
    }
}
