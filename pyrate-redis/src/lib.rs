//! An exact rate limiter on Redis: one limit for many hosts, by the server's time, in one round trip.
//!
//! "500 an hour and 1000 a day" then holds for all processes on all hosts together: *any* hour holds at most 500 units and
//! any day at most 1000, whatever their clocks show. Callers who may wait stand in one line and go in order of arrival at
//! the server.
//!
//! ```no_run
//! use pyrate_redis::{Limiter, Rates, RedisStore};
//!
//! let store = RedisStore::connect("redis://localhost")?;
//! let rates: Rates = "500/hour;1000/day".parse()?;
//! let limiter = Limiter::new(store.bucket("github", rates));
//!
//! limiter.try_acquire("fetch")?; // one unit, now or not at all
//! limiter.acquire(("fetch", 20))?; // 20 units, waiting for room if need be
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In async code, [`Limiter::try_acquire_async`] and [`Limiter::acquire_async`] do the same; a future that is dropped
//! while it waits gives its place back. Units that were granted at once stay charged, also if the answer meets nobody. The store speaks to the server on a thread of its own, so it doesn't matter in which
//! runtime a task runs, or whether there is one.
//!
//! # When the server fails
//!
//! Every call ends within the command timeout. What failed is a [`RedisError`], the source of the [`BucketError`], whose
//! [`outcome`](BucketError::outcome) says whether units may have been recorded. A call whose answer was lost is *never*
//! sent again by itself: it may have been granted. Once the server is back, the next call works.
//!
//! # More than one server
//!
//! `redis-cluster://host:7000` is a cluster; `?node=host:7001` names a further server to begin with. A bucket is on one of its
//! servers. While its slot moves to another one, calls follow it. What can't be answered before more of it has moved is asked again
//! within the timeout, and then fails as [`RedisError::Cluster`], which records nothing; so does a call while the cluster is
//! down. A server that is away holds up its own buckets only.
//!
//! `redis-sentinel://host:26379/0?sentinelServiceName=name` is a master that sentinels watch over, and whoever takes over.
//!
//! Replicas hear of grants after the callers do. One that takes over has forgotten what it had not heard of, and grants that
//! much again: at most the units that were acknowledged and not replicated, which is what the last moments brought, or all
//! since it was cut off; a master with `min-replicas-to-write` refuses calls before that grows. A cluster's own
//! `CLUSTER FAILOVER` loses nothing; after `SENTINEL FAILOVER` the old master may go on granting for seconds, until the
//! sentinels turn it into a replica, and all of that is lost. The new server's time counts from then on: where it is ahead of
//! the old one's, windows end earlier by so much; where it is behind, they end later.
//!
//! # What it needs
//!
//! Redis 5 or later, or Valkey: one server, a replicated one, or a cluster. A user with limited rights needs `+eval +evalsha
//! +time +@string +@list +@sortedset +del +exists +unlink +pexpire +pttl`, on `~pyrate:*` or what else the prefix is; in a
//! cluster `+cluster|slots +asking` as well, and for a [check](RedisStore::check) `+info +config|get`.
//!
//! A bucket is a string, 14 bytes an instant at which something was granted, whatever the weights, and a few keys beside it
//! while somebody waits or names differ; all in one hash slot. They vanish by themselves within a second after the longest
//! window has passed since the last grant. The server must not evict them before that: its policy must be `noeviction`, which
//! is the default, since all others evict keys that have an end. It keeps what it keeps: a server that is restarted without
//! persistence, or a replica that takes over before it heard of a grant, has forgotten it.
//! [`RedisStore::check`] says what of this holds on a server, and what mends it.
//!
//! # Features
//!
//! - `serde`: rates are read from and written to configuration files, as the text that they print: `500/hour;1000/day`.
//!   What [`Rates::with_tolerance`] made may not read back: store the rates and the tolerance instead.
//! - `tls`: `rediss://` addresses, by rustls with ring. They trust whom the system trusts, or the certificates of the file that
//!   `SSL_CERT_FILE` names; a store [made from a client](RedisStore::from_client) trusts whom the client does.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod block_on;
mod bucket;
mod builder;
mod check;
mod clock;
mod driver;
mod error;
mod key;
mod keyed;
mod script;
mod store;
mod windows;

pub use bucket::RedisBucket;
pub use builder::RedisStoreBuilder;
pub use check::{Aspect, CheckedServer, RedisCheck, Weakness};
pub use clock::RedisClock;
pub use error::RedisError;
/// The client's crate, for [`RedisStore::from_client`]; use this one, so that versions agree.
pub use fred;
pub use keyed::KeyedRedis;
pub use pyrate_core::{
    AbstractBucket, AcquireError, AnyBucket, AsyncBucket, BucketError, BucketFactory, Clock,
    Decision, Denial, DoorError, Grant, KeyedFactory, Limiter, LimiterBuilder, ManualClock,
    MonotonicClock, Outcome, Rate, RateError, RateItem, Rates, Request, SingleBucketFactory,
    Sleeper, SlidingLog, SystemClock, Timestamp, TimestampError, TokioSleeper, validate_rate_list,
};
pub use store::RedisStore;
