//! Threads that use the same new name at once share one limit.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pyrate_memory::{
    BucketFactory, Decision, InMemoryBucket, KeyedFactory, KeyedMemory, ManualClock, RateItem,
};

use crate::desk::{ms, per};

const THREADS: usize = 8;
const LIMIT: u64 = 10;
const ROUNDS: usize = 2_000;

/// What all threads together were granted in each round, and how many names were held then.
fn rounds(ask: impl Fn(usize) -> usize + Sync, held: impl Fn() -> usize + Sync) -> Vec<[usize; 2]> {
    let (barrier, granted) = (Barrier::new(THREADS), AtomicUsize::new(0));
    let run = || {
        let mut rounds = Vec::new();
        for round in 0..ROUNDS {
            barrier.wait();
            granted.fetch_add(ask(round), Ordering::SeqCst);
            if barrier.wait().is_leader() {
                rounds.push([granted.swap(0, Ordering::SeqCst), held()]);
            }
        }
        rounds
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Two units too many for the limit, asked for by each thread.
fn asks(factory: &impl BucketFactory, round: usize) -> usize {
    let name = format!("name-{round}");
    let put = || factory.reserve(&RateItem::new(name.as_str(), 1), Duration::ZERO);
    (0..LIMIT + 2).filter(|_| put().is_ok_and(|decision| decision.is_granted())).count()
}

fn memory() -> KeyedMemory {
    KeyedMemory::builder(per(LIMIT, ms(100))).clock(ManualClock::new()).build()
}

fn factory() -> KeyedFactory {
    let clock = ManualClock::new();
    KeyedFactory::new(move |_| {
        Ok(InMemoryBucket::with_clock(per(LIMIT, ms(100)), clock.clone()).into())
    })
}

/// Forgets all names and says how many there were. Nothing may panic here: the other threads would wait for ever.
fn emptied(factory: &impl BucketFactory) -> usize {
    let held = factory.buckets().len();
    let is_empty = factory.flush().is_ok() && factory.leak().is_ok();
    if is_empty && factory.buckets().is_empty() { held } else { 1_000_000 }
}

#[test]
fn threads_that_use_a_new_name_at_once_are_granted_its_limit_by_a_keyed_memory() {
    let memory = memory();
    let held = || memory.names() * 10 + emptied(&memory);
    for round in rounds(|round| asks(&memory, round), held) {
        assert_eq!(round, [10, 11]);
    }
}

#[test]
fn threads_that_use_a_new_name_at_once_are_granted_its_limit_by_a_keyed_factory() {
    let factory = factory();
    for round in rounds(|round| asks(&factory, round), || emptied(&factory)) {
        assert_eq!(round, [10, 1]);
    }
}

/// The handles are got before the name is held; some of them wait.
#[test]
fn threads_that_use_a_new_name_by_handles_stand_in_one_line() {
    let memory = memory();
    let ask = |round| {
        let item = RateItem::new(format!("name-{round}"), LIMIT);
        let handle = memory.get(&item).unwrap().into_owned();
        match handle.reserve(&item, ms(300)).unwrap() {
            // Each of the four windows once: 1, 10, 100 and 1000.
            Decision::Granted(grant) => {
                10_usize.pow(u32::try_from(grant.delay.as_millis() / 100).unwrap())
            }
            Decision::Denied(_) => 0,
        }
    };
    for round in rounds(ask, || emptied(&memory)) {
        assert_eq!(round, [1_111, 1]);
    }
}
