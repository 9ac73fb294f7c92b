//! The list of the broken buckets: what is wrong with each, which check names it, and how to make one.

use pyrate_core::{AbstractBucket, Rates};

use super::doors::{DoorsDriftApart, Polled};
use super::line::{CancelledStays, GivenBackTwice, LastInFirstOut, LightPassesHeavy};
use super::stores::{
    CachedByHandle, CutKeys, ErrorDenied, ErrorGranted, LockReleased, SplicedNames,
};
use super::time::{FutureIgnored, LossyTime, OutOfOrder, Overwriting, WaitOffByOne, WrappingAge};
use super::weights::{
    ChargedAsOne, CountBelowLimit, DenialsRecorded, HeavyWaitsForEver, HeavyWhenEmpty,
    NarrowWeight, PartOfWeight, SignedWeight, WrappingWeight,
};
use super::windows::{
    ClosedWindow, LeakByShortest, LeakOneTickEarly, NeverShrinks, OneByOne, OneRateOnly,
    ShrinksByShortest,
};
use crate::ledger::{Habits, Right};
use crate::store::{MemoryBucket, MemoryStore};
use crate::subject::{Door, Subject};

/// A bucket with a fault.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Broken {
    /// The number of its fault; variants of one fault share it. A right bucket has 0.
    pub number: u8,
    /// What is wrong with it.
    pub fault: &'static str,
    /// The check that must be among those that fail; empty for a right bucket.
    pub named_by: &'static str,
    /// What it can do, as the [`capabilities`](crate::capabilities) are called: checks that need more are not run on it.
    pub capabilities: &'static [&'static str],
    /// How to make it.
    pub subject: fn() -> Subject,
}

const EVERYTHING: &[&str] =
    &["names", "keys", "shared", "reopening", "faults", "footprint", "reservations"];
const WITHOUT_DELAYS: &[&str] = &["names", "keys", "shared", "reopening", "faults", "footprint"];

/// Buckets of the same make without a fault: nothing may kill them.
pub const RIGHT: &[Broken] = &[
    case(0, "none, sync door", "", listed::<Right>),
    case(0, "none, async door", "", || listed::<Right>().through(Door::Async)),
];

/// All broken buckets, variant by variant.
pub const ALL: &[Broken] = &[
    case(1, "closed window", "boundary_instant", listed::<ClosedWindow>),
    case(2, "wait one tick too short", "wait_exactness", || wrapped(WaitOffByOne::too_short)),
    case(2, "wait one tick too long", "wait_exactness", || wrapped(WaitOffByOne::too_long)),
    case(3, "only the first rate", "window_never_exceeded", || split(OneRateOnly::first)),
    case(4, "only the longest rate", "window_never_exceeded", || split(OneRateOnly::longest)),
    refuses_delays(case(5, "rates charged one by one", "multi_rate_rollback", || {
        split(OneByOne::new)
    })),
    case(6, "weight charged as 1", "weight_equals_units", || wrapped(ChargedAsOne::new)),
    case(7, "partial weight granted", "atomic_weighted_put", || wrapped(PartOfWeight::new)),
    case(8, "count < L for count + w <= L", "atomic_weighted_put", listed::<CountBelowLimit>),
    case(9, "w > L granted when empty", "weight_edges", || wrapped(HeavyWhenEmpty::new)),
    case(9, "w > L waits for ever", "weight_edges", || wrapped(HeavyWaitsForEver::new)),
    case(10, "weight through u32", "weight_edges", || wrapped(NarrowWeight::new)),
    case(10, "weight through i64", "weight_edges", listed::<SignedWeight>),
    case(10, "limit less weight wraps", "weight_edges", listed::<WrappingWeight>),
    case(11, "timestamps through f32", "tick_precision", || wrapped(LossyTime::through_float)),
    case(11, "timestamps of 14 digits", "tick_precision", || wrapped(LossyTime::through_text)),
    case(12, "lock released before insert", "threads_no_over_admission", || {
        wrapped(LockReleased::new)
    }),
    refuses_delays(case(13, "count cached per handle", "handles_no_over_admission", || {
        wrapped(CachedByHandle::new)
    })),
    case(14, "leak by the shortest interval", "leak_exactness", listed::<LeakByShortest>),
    case(15, "leak one tick early", "leak_is_invisible", listed::<LeakOneTickEarly>),
    case(16, "denials recorded", "refusal_leaves_no_trace", || wrapped(DenialsRecorded::new)),
    case(17, "storage never shrinks", "footprint", listed::<NeverShrinks>),
    case(17, "shrinks by the shortest interval", "footprint", listed::<ShrinksByShortest>),
    refuses_delays(case(18, "append out of order", "clock_regression", listed::<OutOfOrder>)),
    refuses_delays(case(19, "now - last wraps", "stale_stamp", listed::<WrappingAge>)),
    refuses_delays(case(
        20,
        "future grants ignored",
        "future_item_counts",
        listed::<FutureIgnored>,
    )),
    case(21, "one tick's grants overwrite", "admit_exact_limit", listed::<Overwriting>),
    case(22, "keys cut at a separator", "bucket_isolation", || {
        opened(|store, key, rates| CutKeys::new(store).bucket(key, rates))
    }),
    case(22, "key and name in one text", "bucket_isolation", || {
        opened(|store: &MemoryStore, key, rates| SplicedNames::new(store.bucket(key, rates), key))
    }),
    case(23, "waiters last in, first out", "fifo_order", listed::<LastInFirstOut>),
    case(23, "light passes heavy", "fifo_order", listed::<LightPassesHeavy>),
    case(24, "a cancelled grant stays", "cancellation_safety", || wrapped(CancelledStays::new)),
    case(24, "given back twice", "cancellation_safety", || wrapped(GivenBackTwice::new)),
    case(25, "store error as granted", "store_error_propagates", || wrapped(ErrorGranted::new)),
    case(25, "store error as denied", "store_error_propagates", || wrapped(ErrorDenied::new)),
    only_itself(case(26, "async door forgot the weight", "sync_async_parity", || {
        Subject::dual(|rates, clock| {
            DoorsDriftApart::new(MemoryStore::new(clock).bucket("key", rates))
        })
    })),
    case(27, "callers poll", "bounded_backend_calls", || wrapped(Polled::new)),
];

const fn case(
    number: u8,
    fault: &'static str,
    named_by: &'static str,
    subject: fn() -> Subject,
) -> Broken {
    Broken { number, fault, named_by, capabilities: EVERYTHING, subject }
}

const fn refuses_delays(broken: Broken) -> Broken {
    Broken { capabilities: WITHOUT_DELAYS, ..broken }
}

/// There is no store of it, and nothing else that a check may ask for.
const fn only_itself(broken: Broken) -> Broken {
    Broken { capabilities: &[], ..broken }
}

// ---- How they are made --------------------------------------------------------------------------------------------

/// The store itself, its lists kept in the manner of `H`.
fn listed<H: Habits>() -> Subject {
    opened(|store: &MemoryStore<H>, key, rates| store.bucket(key, rates))
}

/// Handles on a right store, each wrapped.
fn wrapped<B: AbstractBucket>(wrap: fn(MemoryBucket) -> B) -> Subject {
    opened(move |store, key, rates| wrap(store.bucket(key, rates)))
}

/// Buckets of a right store that hold parts of the rates.
fn split<B: AbstractBucket>(wrap: fn(Rates, &dyn Fn(Rates) -> MemoryBucket) -> B) -> Subject {
    opened(move |store, key, rates| {
        wrap(rates, &|rates: Rates| store.bucket(&format!("{key} {rates}"), rates))
    })
}

/// Whatever `open` makes of a store, by key, with all that a check may ask for.
fn opened<H: Habits, B: AbstractBucket>(
    open: impl Fn(&MemoryStore<H>, &str, Rates) -> B + Copy + Send + Sync + 'static,
) -> Subject {
    let in_store = move |store: &MemoryStore<H>, rates| open(store, "key", rates);
    Subject::new(move |rates, clock| in_store(&MemoryStore::with_habits(clock), rates))
        .store(move |clock| {
            let store = MemoryStore::with_habits(clock);
            move |key: &str, rates| open(&store, key, rates)
        })
        .faults(move |rates, clock| {
            let store = MemoryStore::with_habits(clock);
            (in_store(&store, rates), move |outcome| store.fail(outcome))
        })
        .footprint(move |rates, clock| {
            let store = MemoryStore::with_habits(clock);
            (in_store(&store, rates), move || store.footprint())
        })
}
