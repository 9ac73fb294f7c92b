//! Buckets that must fail: each has one fault, which the check that names it must find.
//!
//! [`ALL`] lists them. About a third are wrappers around any right bucket; the others are the list of
//! [`MemoryStore`](crate::MemoryStore) with another [habit](Habits), or stand above that store. What each of them dies of
//! is told by the [kill matrix](crate::matrix).

mod all;
mod doors;
mod forward;
mod line;
mod stores;
mod time;
mod weights;
mod windows;

pub use all::{ALL, Broken, RIGHT};
pub use doors::{DoorsDriftApart, Polled};
pub use line::{CancelledStays, GivenBackTwice, LastInFirstOut, LightPassesHeavy};
pub use stores::{CachedByHandle, CutKeys, ErrorDenied, ErrorGranted, LockReleased, SplicedNames};
pub use time::{FutureIgnored, LossyTime, OutOfOrder, Overwriting, WaitOffByOne, WrappingAge};
pub use weights::{
    ChargedAsOne, CountBelowLimit, DenialsRecorded, HeavyWaitsForEver, HeavyWhenEmpty,
    NarrowWeight, PartOfWeight, SignedWeight, WrappingWeight,
};
pub use windows::{
    ClosedWindow, LeakByShortest, LeakOneTickEarly, NeverShrinks, OneByOne, OneRateOnly,
    ShrinksByShortest,
};

pub use crate::ledger::{Entry, Habits, Ledger, Right, Spot};
