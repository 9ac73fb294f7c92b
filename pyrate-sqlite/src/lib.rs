//! An exact rate limiter in a SQLite file: it survives restarts and is shared by processes.
//!
//! "500 an hour and 1000 a day" then means what it says, for all processes on this machine together and across their
//! restarts: *any* hour holds at most 500 units and any day at most 1000. Callers who may wait stand in one line, in order
//! of arrival, whichever process they are in.
//!
//! ```
//! use pyrate_sqlite::{Limiter, Rates, SqliteStore};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("limits.db");
//! let store = SqliteStore::open(&path)?;
//! let rates: Rates = "500/hour;1000/day".parse()?;
//! let limiter = Limiter::new(store.bucket("api.example.com", rates));
//!
//! limiter.try_acquire("user-7")?; // one unit, now or not at all
//! limiter.acquire(("user-7", 20))?; // 20 units, waiting for room if need be
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In async code, [`Limiter::try_acquire_async`] and [`Limiter::acquire_async`] do the same and never block their worker;
//! a future that is dropped while it waits gives its place back.
//!
//! # What it holds, and what not
//!
//! Nothing that was answered is lost when a process is killed. What a power cut takes away depends on
//! [`Synchronous`]. The file must be on a disk of this machine: the locks of network file systems are not to be relied
//! on. The wall clock must not be set back or ahead while limits matter: set back, buckets stand still until it has
//! caught up; set ahead, grants leave their windows too early.
//!
//! A call that finds the file locked by another process for longer than the
//! [busy timeout](SqliteStoreBuilder::busy_timeout) fails with [`SqliteError::Busy`], having recorded nothing.
//!
//! # What it needs
//!
//! SQLite is compiled in, by [`rusqlite`] 0.42, so building needs a C compiler for the target, and SQLite need not be
//! installed. Cargo lets only one version of `libsqlite3-sys` into a tree, here 0.40: another crate that links SQLite must be content with that one, or
//! the tree doesn't resolve. Use the `rusqlite` that is re-exported here, with which connections fit.
//!
//! # Features
//!
//! - `serde`: rates are read from and written to configuration files, as the text that they print: `500/hour;1000/day`.
//!   What [`Rates::with_tolerance`] made may not read back: store the rates and the tolerance instead.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bucket;
mod builder;
mod clock;
mod desk;
mod error;
mod handover;
mod key;
mod keyed;
mod log;
mod number;
mod rows;
mod schema;
mod statements;
mod store;
mod sweep;
mod synchronous;
mod transaction;
mod trouble;
mod waiting;
mod work;

pub use bucket::SqliteBucket;
pub use builder::SqliteStoreBuilder;
pub use clock::SqliteClock;
pub use error::SqliteError;
pub use keyed::KeyedSqlite;
pub use pyrate_core::{
    AbstractBucket, AcquireError, AnyBucket, AsyncBucket, BucketError, BucketFactory, Clock,
    Decision, Denial, DoorError, Grant, KeyedFactory, Limiter, LimiterBuilder, ManualClock,
    MonotonicClock, Outcome, Rate, RateError, RateItem, Rates, Request, SingleBucketFactory,
    Sleeper, SlidingLog, SystemClock, Timestamp, TimestampError, TokioSleeper, validate_rate_list,
};
/// The connection's crate, for [`SqliteStore::from_connection`]; use this one, so that versions agree.
pub use rusqlite;
pub use store::SqliteStore;
pub use synchronous::Synchronous;
