//! The conformance suite of pyrate: any bucket proves that it is exact.
//!
//! You wrote a bucket: it implements [`AbstractBucket`](pyrate_core::AbstractBucket), or `AsyncBucket`, or both. This
//! crate turns it into a list of tests, one for each promise and door, and says of each failure what was promised, the
//! shortest history that breaks it, what was expected and what was found.
//!
//! # Certify your bucket in ten lines
//!
//! In its crate, with `pyrate-conformance` as a dev-dependency, `tests/conformance.rs`:
//!
//! ```
//! # mod my_crate {
//! #     use std::sync::{Mutex, MutexGuard, PoisonError};
//! #     use std::time::Duration;
//! #     use pyrate_core::*;
//! #     pub struct MyBucket { rates: Rates, clock: ManualClock, log: Mutex<SlidingLog> }
//! #     impl MyBucket {
//! #         pub fn new(rates: Rates, clock: ManualClock) -> MyBucket {
//! #             MyBucket { log: Mutex::new(SlidingLog::new(rates.clone())), rates, clock }
//! #         }
//! #         fn log(&self) -> MutexGuard<'_, SlidingLog> {
//! #             self.log.lock().unwrap_or_else(PoisonError::into_inner)
//! #         }
//! #     }
//! #     impl AbstractBucket for MyBucket {
//! #         fn rates(&self) -> &Rates { &self.rates }
//! #         fn now(&self) -> Result<Timestamp, BucketError> { self.clock.now() }
//! #         fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
//! #             let mut log = self.log();
//! #             Ok(log.reserve(item, self.clock.now_for(item)?, max_delay)?)
//! #         }
//! #         fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
//! #             Ok(self.log().waiting(item, self.clock.now_for(item)?)?)
//! #         }
//! #         fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
//! #             Ok(self.log().cancel(grant, self.now()?)?)
//! #         }
//! #         fn flush(&self) -> Result<(), BucketError> { Ok(self.log().flush()) }
//! #         fn count(&self) -> Result<u64, BucketError> { Ok(self.log().count(self.now()?)?) }
//! #         fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
//! #             Ok(self.log().peek(index, self.now()?)?)
//! #         }
//! #     }
//! # }
//! use my_crate::MyBucket;
//!
//! pyrate_conformance::conformance! {
//!     name: mine,
//!     sync: |rates, clock| MyBucket::new(rates, clock),
//!     capabilities: [reservations, names],
//! }
//! # fn main() {}
//! ```
//!
//! `cargo test` then runs `mine::sync::admit_exact_limit` and its like. [`conformance!`] says how a bucket with async
//! methods, with both kinds, or on its store's own time is proved, and what a store adds: keys, handles, reopening,
//! failures. [`capabilities`] lists what a bucket may be without. [`checks`] are plain functions too, to be called on a
//! [`Subject`] of your own making.
//!
//! The bucket must read the clock that the closure is given, inside its atomic step. One tick is a microsecond.
//!
//! # How to read a failure
//!
//! This bucket counts a unit one tick too long:
//!
//! ```text
//! check `boundary_instant` failed
//!   it proves: a unit granted at `t` counts one tick before `t + interval` and no longer at `t + interval`, for every rate
//!   bucket:    1/1us, through its sync door
//!
//!         clock (us)  call                                          answer
//!   1700000000000000  now                                           Timestamp(1700000000000000)
//!   1700000000000000  put 1 of "a"                                  granted at 1700000000000000us
//!   1700000000000000  now                                           Timestamp(1700000000000000)
//!   1700000000000000  count                                         1
//!   1700000000000000  put 1 of "a"                                  denied by 1/1us for 2µs
//!   1700000000000001  count                                         1
//!
//!   expected:  count: 0
//!   found:     1
//! ```
//!
//! First the promise, then the bucket: its rates, and the door through which it was called. Then the history, the oldest
//! call first, each with what the clock showed and what the bucket answered; at last, what a right bucket answers to the
//! last call, and what this one did.
//!
//! Histories that are random are shrunk before they are shown. `PROPTEST_CASES` sets how many there are,
//! `PROPTEST_RNG_SEED` repeats a run.
//!
//! # How strong it is
//!
//! The suite proves itself on 27 kinds of broken buckets, each of which must fail the check that names its fault, and
//! on right ones, which must fail none; see [`kill_matrix`]. The [`Oracle`] that answers are compared with is a plain list
//! searched by trial; it shares nothing with [`SlidingLog`](pyrate_core::SlidingLog).
//!
//! [`audit`] is for grants of your own, from wherever they come. [`simulation`] plays several hosts on your bucket, seed by
//! seed; [`overload`] brings thousands of callers upon it.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod audit;
pub mod broken;
pub mod capabilities;
pub mod checks;
mod course;
mod crowd;
mod dice;
mod failure;
mod handle;
pub mod histories;
pub mod kill_matrix;
mod ledger;
mod macros;
mod oracle;
pub mod overload;
mod random;
mod registry;
mod rig;
pub mod simulation;
mod situations;
mod store;
mod subject;
mod view;

pub use audit::{Finding, audit, fullest};
pub use dice::Dice;
pub use failure::{Failure, Step, Verdict};
pub use handle::Handle;
pub use oracle::{Oracle, Shown};
pub use pyrate_core;
pub use rig::Rig;
pub use store::{MemoryBucket, MemoryStore};
pub use subject::{Door, Probe, Store, Subject, Switch};

/// Runs `check` on `subject`, as a test does.
///
/// # Panics
///
/// If it fails; the message is the [`Failure`].
#[expect(clippy::panic, reason = "that is how a test fails")]
pub fn prove(check: fn(&Subject) -> Verdict, subject: &Subject) {
    if let Err(failure) = check(subject) {
        panic!("{failure}");
    }
}
