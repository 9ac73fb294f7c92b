//! The ideas of pyrate, an exact rate limiter: rates, the cumulative log, buckets, clocks and the limiter.
//!
//! Most users depend on a backend crate, such as `pyrate-memory`, which re-exports what they need from here. Authors of
//! a bucket of their own depend on this one: they implement [`AbstractBucket`] or [`AsyncBucket`].
//!
//! What it holds, exactly: at most `limit` units in *any* half-open window of length `interval`, for every [`Rate`] of
//! a bucket at once, whatever the weights. [`SlidingLog`] is that promise as arithmetic; a [`Limiter`] is what callers
//! use; a [`BucketFactory`] decides which bucket an item belongs to; a [`Clock`] tells the time and a [`Sleeper`] lets
//! it pass.
//!
//! What it does not do: it needs std, and for async waiting tokio; it doesn't run on wasm.
//!
//! # Features
//!
//! - `serde`: rates are read from and written to configuration files, as the text that they print: `500/hour;1000/day`.
//!   What [`Rates::with_tolerance`] made may not read back: store the rates and the tolerance instead.
//!
#![doc = include_str!("../docs/mutants.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod block_on;
mod bucket;
mod clock;
mod error;
mod factory;
mod limiter;
mod pure;
mod race;
mod sleeper;

pub use bucket::{AbstractBucket, AnyBucket, AsyncBucket};
pub use clock::{Clock, ManualClock, MonotonicClock, SystemClock};
pub use error::{BucketError, DoorError, Outcome};
pub use factory::{BucketFactory, KeyedFactory, SingleBucketFactory};
pub use limiter::{AcquireError, Limiter, LimiterBuilder};
pub use pure::{
    Decision, Denial, Grant, Rate, RateError, RateItem, Rates, Request, SlidingLog, Timestamp,
    TimestampError, validate_rate_list,
};
pub use sleeper::{Sleeper, TokioSleeper};
