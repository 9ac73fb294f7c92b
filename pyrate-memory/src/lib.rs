//! An exact rate limiter in memory: several rates at once, weighted items, waiting in line.
//!
//! "500 an hour and 1000 a day" then means what it says: *any* hour holds at most 500 units and any day at most 1000,
//! not twice that around the edge of a window. Callers who may wait stand in line and go in order of arrival.
//!
//! ```
//! use pyrate_memory::{InMemoryBucket, Limiter, Rates};
//!
//! let rates: Rates = "500/hour;1000/day".parse()?;
//! let limiter = Limiter::new(InMemoryBucket::new(rates));
//!
//! limiter.try_acquire("user-7")?; // one unit, now or not at all
//! limiter.acquire(("user-7", 20))?; // 20 units, waiting for room if need be
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In async code, [`Limiter::try_acquire_async`] and [`Limiter::acquire_async`] do the same; a future that is dropped
//! while it waits gives its place back.
//!
//! This crate limits one process. It needs std, and tokio for waiting in async code.
//!
//! # Features
//!
//! - `serde`: rates are read from and written to configuration files, as the text that they print: `500/hour;1000/day`.
//!   What [`Rates::with_tolerance`] made may not read back: store the rates and the tolerance instead.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bucket;
mod clock;
mod glance;
mod ids;
mod keyed;
mod sync;

pub use bucket::InMemoryBucket;
pub use keyed::{KeyedMemory, KeyedMemoryBuilder};
pub use pyrate_core::{
    AbstractBucket, AcquireError, AnyBucket, AsyncBucket, BucketError, BucketFactory, Clock,
    Decision, Denial, DoorError, Grant, KeyedFactory, Limiter, LimiterBuilder, ManualClock,
    MonotonicClock, Outcome, Rate, RateError, RateItem, Rates, Request, SingleBucketFactory,
    Sleeper, SlidingLog, SystemClock, Timestamp, TimestampError, TokioSleeper, validate_rate_list,
};

/// Compiles and runs what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
