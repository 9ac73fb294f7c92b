//! Buckets that must fail: each has one fault, which the check that names it must find.
//!
//! [`ALL`] lists them. Some wrap any right bucket, some wrap one of [`MemoryStore`](crate::MemoryStore), and some are that
//! store's list with another [habit](Habits). What each of them dies of is told by the
//! [kill matrix](crate::kill_matrix).

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
